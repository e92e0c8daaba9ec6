#!/bin/sh
# The checks themselves: each complains about one planted fault, and only about it.
# Usage: check_self.sh SOURCE_FOLDER
set -eu
checks=$(cd "$1/tests" && pwd)
tree=$(mktemp -d "${TMPDIR:-/tmp}/millrace-checks.XXXXXX")
trap 'rm -rf "$tree"' EXIT
bad=0
count=0

plant() {
    rm -rf "$tree"
    for folder in runtime/base runtime/row operators/d topology connectors/files connectors/web stages \
                  prompts ops-config tests/operators/d; do
        mkdir -p "$tree/$folder"
        echo "Purpose." >"$tree/$folder/README.md"
    done
    for folder in runtime operators connectors tests; do
        echo "Purpose." >"$tree/$folder/README.md"
    done
    cp "$checks/check_banned.sh" "$tree/tests/x.sh"
    {
        echo 'mr_room(mr_base runtime/base LIBS lib_xxhash)'
        echo 'mr_room(mr_row runtime/row DEPS mr_base LIBS lib_msgpack)'
    } >"$tree/runtime/CMakeLists.txt"
    printf '/* d.op - an operator. */\n#include "runtime/row/row.h"\n%s\n' \
        'const struct mr_op mr_op_d_op = {.name = "d.op"};' >"$tree/operators/d/op.c"
    echo '/* Cases of d.op. */' >"$tree/tests/operators/d/op_test.c"
}

# expect CHECK STATUS WHAT: runs one check over the tree.
expect() {
    count=$((count + 1))
    status=0
    "$checks/check_$1.sh" "$tree" >"$tree/out" 2>&1 || status=1
    if [ "$status" -ne "$2" ]; then
        echo "check_$1: $3: status $status, expected $2"
        cat "$tree/out"
        bad=1
    fi
}

# fault CHECK FILE TEXT: appends to a file of a good tree; the check must complain, and name it.
fault() {
    plant
    mkdir -p "$(dirname "$tree/$2")"
    [ -e "$tree/$2" ] || printf '/* A file. */\n' >"$tree/$2"
    printf '%s\n' "$3" >>"$tree/$2"
    expect "$1" 1 "$3 in $2"
    grep -qF "$2" "$tree/out" || { echo "check_$1: does not name $2"; bad=1; }
}

# fine CHECK FILE TEXT: the same, but nothing is wrong.
fine() {
    plant
    printf '/* A file. */\n%s\n' "$3" >"$tree/$2"
    expect "$1" 0 "$3 in $2"
}

for check in arrows banned files operators; do
    plant
    expect "$check" 0 "a good tree"
done
fault arrows runtime/row/a.c '#include "operators/d/d.h"'
fault arrows runtime/base/a.c '#include "runtime/row/row.h"'
fault arrows operators/d/a.c '#include "topology/tree.h"'
fault arrows operators/d/a.c '#include "operators/e/e.h"'
fault arrows topology/a.c '#include "connectors/files/files.h"'
fault arrows connectors/files/a.c '#include "connectors/web/web.h"'
fault arrows stages/a.c '#include "tests/support.h"'
fault arrows operators/d/a.c '#include <msgpack.h>'
fault arrows topology/a.c '# include <rocksdb/c.h>'
fault arrows runtime/row/a.h '#include <msgpack.h>'
fault arrows stages/a.c '#include "local.h"'
fine arrows runtime/row/a.c '#include <msgpack.h>'
fine arrows stages/a.c '#include "connectors/files/files.h"'
fault banned runtime/base/a.c 'void f(char *a) { strcpy(a, "x"); }'
fault banned runtime/base/a.c 'int x = /* why */ atoi (text);'
fault banned tests/a_test.c 'void f(void) { usleep(1); }'
fault banned stages/a.c 'void f(void) { system("ls"); }'
fault banned stages/a.c "/* $(echo TO)DO: later */"
fine banned runtime/base/a.c 'void f(void) { mr_assert(1); mr_strcpy(a); x.rand(); y->gets(); }'
fine banned runtime/base/a.c 'const char *s = "strcpy(a)"; /* sprintf(x) */ // gets(y)'
fault files runtime/base/a.c "$(awk 'BEGIN { for (i = 0; i < 801; i++) print "int x;" }')"
fault files runtime/base/a.c "$(printf '\tint x;')"
fault files runtime/base/a.c "$(awk 'BEGIN { print "void f(void)\n{"; while (i++ < 61) print "    x();"; print "}" }')"
fine files runtime/base/a.c "$(awk 'BEGIN { print "void f(void)\n{"; while (i++ < 60) print "    x();"; print "}" }')"
fault files ops-config/a.sh "cd /$(echo home)/somebody/x"
plant
echo 'int x;' >"$tree/runtime/base/a.c"
expect files 1 "a file without a purpose"
plant
rm "$tree/runtime/row/README.md"
echo '/* A file. */' >"$tree/runtime/row/a.c"
expect files 1 "a room without README.md"
plant
rm "$tree/tests/operators/d/op_test.c"
expect operators 1 "an operator without a test"
fault operators operators/d/other.c 'const struct mr_op mr_op_d_another = {.name = "d.another"};'
echo "$count cases"
exit $bad
