#!/bin/sh
# Shape of the files: length, functions, purpose in the first line; README of each room; no path of
# one machine.
# Usage: check_files.sh SOURCE_FOLDER
set -eu
cd "$1"
bad=0
complain() {
    echo "$1"
    bad=1
}

sources=$(find runtime operators topology connectors stages tests -name '*.[ch]' -o -name '*.cc' | sort)
for file in $sources; do
    lines=$(wc -l <"$file")
    [ "$lines" -le 800 ] || complain "$file: $lines lines; split it by concern (800 at most)"
    head -n 1 "$file" | grep -qE '^/\* [^ ]' ||
        complain "$file:1: the first line is a comment that says what the file is for"
    grep -nP '\t' "$file" /dev/null && complain "$file: indents with tabs; use 4 spaces"
done

# A function is what lies between braces in the first column; tests may hold long tables of cases.
long=$(echo "$sources" | grep -v '^tests/' | xargs awk '
    FNR == 1 { start = 0 }
    /^\{/ { start = FNR }
    /^}/ { if (start && FNR - start > 61) print FILENAME ":" start ": " FNR - start - 1 " lines"; start = 0 }')
[ -z "$long" ] || complain "$long
functions of more than 60 lines (above); split them by concern"

for folder in runtime operators topology connectors stages prompts ops-config tests \
              runtime/*/ connectors/*/; do
    folder=${folder%/}
    [ -d "$folder" ] && [ -n "$(find "$folder" -type f -name '*.*' | head -n 1)" ] || continue
    [ -s "$folder/README.md" ] || complain "$folder: has no README.md"
done

# Written so that the patterns do not match this file.
grep -rnE '(^|[^A-Za-z0-9_.])/(work|home/[a-z]+|root)/[A-Za-z]' \
    --include='*.[ch]' --include='*.cc' --include='*.sh' --include='*.txt' --include='*.md' \
    --include='*.yaml' --include='*.json' --include='*.cmake' \
    runtime operators topology connectors stages prompts ops-config tests ./*.md ./*.txt ./*.json 2>/dev/null |
    grep -vE '^tests/.*/(data|corpus|cases)/' && complain "a path of one machine (above)"
exit $bad
