#!/usr/bin/env bash
# Runs a script of this folder with node; its packages are installed once, in the versions of the lock file.
# Usage: tests/editor/run.sh SCRIPT [ARGUMENT...]; the script's first argument is the folder of packages.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${MR_EDITOR_CACHE:-$here/../../build/editor}
mkdir -p "$cache"
cache=$(cd "$cache" && pwd)

install() {
    exec 9>"$cache/lock"
    flock 9 # tests run beside each other
    cmp -s "$here/package-lock.json" "$cache/installed" && return
    command -v npm >/dev/null || { echo "editor tests: npm is missing (tests/packages.txt)" >&2; exit 1; }
    cp "$here/package.json" "$here/package-lock.json" "$cache/"
    (cd "$cache" && npm ci --no-audit --no-fund --ignore-scripts --loglevel=error >&2 </dev/null)
    cp "$here/package-lock.json" "$cache/installed"
}

command -v node >/dev/null || { echo "editor tests: node is missing (tests/packages.txt)" >&2; exit 1; }
cmp -s "$here/package-lock.json" "$cache/installed" || install
script=$1
shift
exec node "$here/$script" "$cache/node_modules" "$@"
