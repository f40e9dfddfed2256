#!/bin/sh
# Turns the migrations, in the order given, into a C table: embed.sh OUT.c 0001_first.sql 0002_next.sql ...
# The number before the first "_" of the name is the version; it must count 1, 2, 3 ... without gaps.
set -eu
out=$1
shift
{
	echo '/* Made from the migrations by embed.sh. */'
	echo '#include "store/migrate.h"'
	echo
	echo 'const char *const migrate_sql[] = {'
	n=0
	for file in "$@"; do
		n=$((n + 1))
		name=${file##*/}
		case $name in
		$(printf '%04d' "$n")_*.sql) ;;
		*) echo "embed.sh: $name is not number $n" >&2; exit 1 ;;
		esac
		printf '\t/* %s */\n' "$name"
		awk '{ gsub(/\\/, "\\\\"); gsub(/"/, "\\\""); gsub(/\t/, "\\t"); printf "\t\"%s\\n\"\n", $0 } END { print "\t," }' "$file"
	done
	echo '};'
	echo "const int migrate_n = $n;"
} >"$out"
