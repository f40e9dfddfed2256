#!/bin/sh
# tools/deps.sh <purpose>…: install the Debian packages that the purposes need and this machine lacks.
# "command:package" is installed only when no such command is on PATH. Exit 2: no rights to install.
set -eu

build="gcc libc6-dev meson ninja-build pkg-config python3
	libevent-dev libssl-dev libsodium-dev libjansson-dev libsqlite3-dev libcyaml-dev libyaml-dev libseccomp-dev
	libcurl4-openssl-dev libfido2-dev libqrencode-dev libzxcvbn-dev libsystemd-dev scdoc python3-yaml"
tests="libcmocka-dev python3-pytest python3-requests python3-authlib python3-requests-oauthlib python3-jwt
	python3-jwcrypto python3-cryptography python3-yaml python3-aiosmtpd jose:jose curl:curl openssl:openssl nginx:nginx-light haproxy:haproxy setpriv:util-linux git:git strace:strace gnome-keyring-daemon:gnome-keyring dbus-daemon:dbus-daemon secret-tool:libsecret-tools python3-jeepney
	python3-dev python3-venv python3-setuptools python3-wheel python3-cffi python3-httpx python3-starlette python3-fastapi"

packages() {
	case $1 in
	run) echo "$build curl:curl" ;; # for the calls that it prints
	install) echo "$build" ;;
	test) echo "$build $tests" ;;
	lint) echo "pmccabe python3" ;;
	docs) echo "doxygen" ;;
	gcc) echo "$build $tests" ;;
	clang) echo "$build $tests clang" ;;
	fuzz) echo "$build $tests clang libclang-rt-14-dev llvm" ;;
	bench) echo "$build python3-authlib python3-requests libjwt-dev libjose-dev librhonabwy-dev wrk nginx:nginx-light curl:curl openssl:openssl python3 procps:procps strace:strace strip:binutils
		ca-certificates node:nodejs npm:npm" ;;
	browser) echo "$build python3-requests ca-certificates node:nodejs npm:npm chromium:chromium fonts-dejavu-core curl:curl" ;;
	peers) echo "$build $tests ca-certificates go:golang-go node:nodejs npm:npm python3-venv chromium:chromium apache2:apache2 libapache2-mod-auth-openidc
		dbconfig-sqlite3 glewlwyd" ;;
	*)
		echo "usage: tools/deps.sh run|test|lint|docs|gcc|clang|fuzz|bench|peers|browser|install …" >&2
		exit 1
		;;
	esac
}

missing() {
	wanted=
	for item in "$@"; do
		case $item in
		*:*) PATH=$PATH:/usr/sbin command -v "${item%%:*}" >/dev/null || wanted="$wanted ${item#*:}" ;;
		*) wanted="$wanted $item" ;;
		esac
	done
	# One call: it prints a line per known package; awk takes those that are installed off the list.
	dpkg-query -W -f='${Status}\t${Package}\n' $wanted 2>/dev/null | awk -F'\t' -v wanted="$wanted" '
		$1 == "install ok installed" { have[$2] = 1 }
		END { n = split(wanted, w, " "); for (i = 1; i <= n; i++) if (!(w[i] in have) && !seen[w[i]]++) print w[i] }'
}

all=
for purpose in "$@"; do
	all="$all $(packages "$purpose")"
done
need=$(missing $all | tr '\n' ' ')
[ -n "$need" ] || exit 0

install="apt-get install -y --no-install-recommends $need"
echo "Missing Debian packages: $need"
if [ "$(id -u)" = 0 ]; then
	as_root="env DEBIAN_FRONTEND=noninteractive"
elif sudo -n true 2>/dev/null; then
	as_root="sudo -n env DEBIAN_FRONTEND=noninteractive"
else
	echo "No rights to install them. Run this as root, then try again:" >&2
	echo "    apt-get update && $install" >&2
	exit 2
fi

# Packages that bring a daemon (nginx) must not start it here.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
	trap '$as_root rm -f $policy' EXIT
	trap 'exit 130' INT TERM
	$as_root sh -c "printf '#!/bin/sh\nexit 101\n' >$policy && chmod 755 $policy"
fi
$as_root apt-get update
$as_root $install
