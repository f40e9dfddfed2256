#!/bin/sh
# Turns migrations, in the order given, into a C table: embed.sh TABLE OUT.c 0001_first.sql 0002_next.sql ...
# The number before the first "_" of the name is the version; it must count 1, 2, 3 ... without gaps.
set -eu
table=$1
out=$2
shift 2
{
	echo '/* Made from the migrations by embed.sh. */'
	echo '#include "sql/migrate.h"'
	echo
	echo "extern const struct migrate_table $table;"
	echo
	echo 'static const char *const sql[] = {'
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
	echo "const struct migrate_table $table = {sql, $n};"
} >"$out"
