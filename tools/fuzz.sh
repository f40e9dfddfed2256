#!/bin/bash
# Run every fuzz target for FUZZ_SECONDS seconds, two at a time, on a copy of its corpus. Names on the command line
# choose targets. Findings and logs stay in build-fuzz/run/<target>/.
set -u
seconds=${FUZZ_SECONDS:-600}
build=build-fuzz
[ -f $build/build.ninja ] || CC=clang meson setup $build -Dfuzz=true -Dbuildtype=debugoptimized \
	-Db_sanitize=address,undefined -Db_lundef=false || exit 1
ninja -C $build || exit 1

mapfile -t targets < <(find $build/fuzz -maxdepth 1 -type f -executable -name 'fuzz_*' | sort)
if [ $# -gt 0 ]; then
	mapfile -t targets < <(printf "$build/fuzz/%s\n" "$@")
fi
[ ${#targets[@]} -gt 0 ] || { echo "no fuzz targets"; exit 1; }

one() {
	local name run corpus
	name=$(basename "$1")
	run=$build/run/$name
	corpus=fuzz/corpus/${name#fuzz_}
	rm -rf "$run" && mkdir -p "$run/corpus" "$run/findings"
	[ -d "$corpus" ] && cp -r "$corpus/." "$run/corpus/"
	UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1 "$1" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
		-print_final_stats=1 -artifact_prefix="$run/findings/" "$run/corpus" >"$run/log" 2>&1
	echo $? >"$run/status"
}

for target in "${targets[@]}"; do
	while [ "$(jobs -rp | wc -l)" -ge 2 ]; do wait -n; done
	one "$target" &
done
wait

bad=0
printf '%-24s %14s %9s %9s %8s\n' target executions exec/s corpus findings
for target in "${targets[@]}"; do
	name=$(basename "$target")
	run=$build/run/$name
	executions=$(awk '/stat::number_of_executed_units/ { print $2 }' "$run/log")
	rate=$(awk '/stat::average_exec_per_sec/ { print $2 }' "$run/log")
	findings=$(find "$run/findings" -type f | wc -l)
	# Status 0 and some executions is the only good end: a target that never ran is a finding too.
	if [ "$(cat "$run/status")" != 0 ] && [ "$findings" = 0 ]; then findings=1; fi
	bad=$((bad + findings))
	printf '%-24s %14s %9s %9s %8s\n' "$name" "${executions:-0}" "${rate:-0}" "$(find "$run/corpus" -type f | wc -l)" "$findings"
	[ "$findings" = 0 ] || echo "    see $run/log"
done
echo "${#targets[@]} targets, $seconds s each, $bad findings"
[ "$bad" = 0 ]
