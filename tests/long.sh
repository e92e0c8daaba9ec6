#!/usr/bin/env bash
# The full counts and sizes: many kills, much input. Takes an hour or more; prints a table at the end.
set -uo pipefail

usage() { cat <<'TEXT'
Usage: tests/long.sh [STEP...]

Builds the release and runs at full size what tests/run.sh runs small. Steps, all when none is named:
  kills    MILLRACE_KILLS (default 100) kills for each of fuse off|auto and scale 1|3
  memory   peak memory of the stages at 100 MB and at MILLRACE_MEMORY_BYTES (default 5 GB) of input
  bench    every program of tests/bench
Needs about three times the largest input as free disk under ${TMPDIR:-/tmp}.
Logs lie in build/log/. Exit status: 0 when all holds.
TEXT
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root" || exit 1
steps=()
for step in "$@"; do
    case $step in
        kills|memory|bench) steps+=("$step") ;;
        -h|--help) usage; exit 0 ;;
        *) usage >&2; exit 2 ;;
    esac
done
[[ ${#steps[@]} -gt 0 ]] || steps=(kills memory bench)

export LC_ALL=C.UTF-8 CK_FORK=yes
export MILLRACE=$root/build/release/millrace MILLRACE_TEST=$root/build/release/millrace-test
export MR_SOURCE=$root
logs=build/log
chaos=build/release/tests/test_chaos
failed=0
table=()
mkdir -p "$logs"

# note WHAT RESULT SECONDS: a line of the table.
note() {
    table+=("$(printf '%-44s %-8s %6s s' "$1" "$2" "$3")")
    printf '%s\n' "${table[-1]}"
}

# suite NAME WHAT LOG: one suite of the chaos tests, without ctest's limit of time.
suite() {
    local start=$SECONDS result=holds
    if ! CK_RUN_SUITE=$1 CK_TIMEOUT_MULTIPLIER=10 "$chaos" >"$logs/$3.log" 2>&1; then
        result=FAILED failed=1
        tail -n 20 "$logs/$3.log"
    fi
    note "$2" "$result" $((SECONDS - start))
}

run_kills() {
    export MILLRACE_KILLS=${MILLRACE_KILLS:-100}
    suite chaos.kill "$MILLRACE_KILLS kills, fuse off and auto, scale 1 and 3" long-kills
}

run_memory() {
    local largest=${MILLRACE_MEMORY_BYTES:-5000000000} bytes
    for bytes in 100000000 "$largest"; do
        MILLRACE_MEMORY_BYTES=$bytes suite chaos.memory "memory at $bytes bytes" "long-memory-$bytes"
        grep -h 'MB at most' "$logs/long-memory-$bytes.log"
    done
}

run_bench() {
    local program start
    if ! cmake --build --preset release --target bench_targets >"$logs/long-bench.log" 2>&1; then
        tail -n 20 "$logs/long-bench.log"
        failed=1
        return
    fi
    while read -r program; do
        start=$SECONDS
        echo "== $(basename "$program")"
        "$program" || failed=1
        note "$(basename "$program")" ran $((SECONDS - start))
    done < <(find build/release/tests/bench -maxdepth 1 -name '*_bench' -type f | sort)
}

if ! ops-config/setup.sh ops-config/packages.txt tests/packages.txt; then exit 1; fi
if ! { cmake --preset release && cmake --build --preset release \
           --target millrace millrace_test test_chaos; } >"$logs/long-build.log" 2>&1; then
    tail -n 40 "$logs/long-build.log"
    echo "long: the build failed; the whole log is $logs/long-build.log"
    exit 1
fi
for step in "${steps[@]}"; do
    "run_$step"
done
printf '\n%s\n' "${table[@]}"
exit $failed
