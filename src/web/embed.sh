#!/bin/sh
# Turns files into a table of strings: embed.sh OUT.c FILE ...
set -eu
out=$1
shift
{
	printf '/* Made by embed.sh. */\n#include "web/embed.h"\n'
	printf 'const struct embed_file embed_files[] = {\n'
	for file; do
		hash=$(sha256sum <"$file" | cut -c1-16)
		printf '\t{"%s", STR(\n' "${file##*/}"
		awk '{ gsub(/\\/, "\\\\"); gsub(/"/, "\\\""); gsub(/\t/, "\\t"); gsub(/\?/, "\\?"); printf "\t\t\"%s\\n\"\n", $0 }' "$file"
		printf '\t), "%s"},\n' "$hash"
	done
	printf '};\nconst size_t embed_n = sizeof(embed_files) / sizeof(embed_files[0]);\n'
} >"$out"
