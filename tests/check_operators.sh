#!/bin/sh
# Every operator has a test of the same name and is called like its path.
# Usage: check_operators.sh SOURCE_FOLDER
set -eu
cd "$1"
bad=0
count=0
for file in operators/*/*.c; do
    [ -f "$file" ] || continue
    domain=$(basename "$(dirname "$file")")
    name=$(basename "$file" .c)
    [ "$name" != "$domain" ] || continue
    count=$((count + 1))
    test="tests/operators/$domain/${name}_test.c"
    [ -f "$test" ] || { echo "$file: has no test; write $test"; bad=1; }
    grep -q "mr_op_${domain}_${name}\b" "$file" ||
        { echo "$file: does not define mr_op_${domain}_${name}"; bad=1; }
    grep -q "\"$domain\.$name\"" "$file" ||
        { echo "$file: its descriptor is not named \"$domain.$name\""; bad=1; }
done
echo "$count operators"
[ "$count" -gt 0 ] || bad=1
exit $bad
