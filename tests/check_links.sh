#!/bin/sh
# The link graph: no room uses a symbol of a room that it must not see, whatever its includes say.
# Usage: check_links.sh ROOMS_FILE
# A line of ROOMS_FILE: name, comma, its libraries or objects with semicolons, comma, rooms seen.
set -eu
tab=$(mktemp "${TMPDIR:-/tmp}/millrace-links.XXXXXX")
trap 'rm -f "$tab"' EXIT

while IFS=, read -r room files seen; do
    echo "room $room $(echo "$seen" | tr ';' ' ')"
    for file in $(echo "$files" | tr ';' ' '); do
        nm -g "$file" 2>/dev/null |
            awk -v room="$room" 'NF < 2 { next }
                                 $(NF - 1) ~ /^[TDBRVWSGC]$/ { print "has", room, $NF }
                                 $(NF - 1) == "U" { print "uses", room, $NF }'
    done
done <"$1" >"$tab"

awk '
$1 == "room" { rooms++; for (i = 3; i <= NF; i++) deps[$2] = deps[$2] " " $i }
$1 == "has" && $3 ~ /^mr_/ { owner[$3] = $2; symbols++ }
$1 == "uses" { uses[$2 " " $3] = 1 }
function sees(from, to,    i, n, list) {
    if (from == to) return 1
    n = split(deps[from], list, " ")
    for (i = 1; i <= n; i++) if (sees(list[i], to)) return 1
    return 0
}
END {
    for (use in uses) {
        split(use, part, " ")
        if (part[2] in owner && !sees(part[1], owner[part[2]])) {
            printf "%s uses %s of %s, which it must not see\n", part[1], part[2], owner[part[2]]
            bad = 1
        }
    }
    printf "%d rooms, %d symbols\n", rooms, symbols
    exit bad || symbols == 0
}' "$tab"
