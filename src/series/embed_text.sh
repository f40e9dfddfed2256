#!/bin/sh
# Turns a text file into a C array: embed_text.sh NAME IN OUT.c
set -eu
{
	printf '/* Made from %s by embed_text.sh. */\nextern const char %s[];\nconst char %s[] =\n' "${2##*/}" "$1" "$1"
	awk '{ gsub(/\\/, "\\\\"); gsub(/"/, "\\\""); gsub(/\t/, "\\t"); printf "\t\"%s\\n\"\n", $0 } END { print "\t;" }' "$2"
} >"$3"
