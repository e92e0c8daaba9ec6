#!/usr/bin/env bash
# Runs the tests of full counts and sizes that are too long for every day, and the benches; the last
# thing it prints is a table of what was to be shown and what was seen.
set -uo pipefail

usage() { cat <<'TEXT'
Usage: tests/long.sh [STEP...]

Builds the release program and shows, with full counts and sizes (all steps when none is named):
  kills    MILLRACE_KILLS (default 100) kills of random processes for each of fuse off|auto, scale 1|3
  replay   a replay over MILLRACE_REPLAY_ROWS (default 1000000) retained rows, its processes and
           supervisor killed MILLRACE_KILLS times: the same dataset hash, the old epoch readable
  scale    MILLRACE_CHANGES (default 60) changes of scale of working stages, with kills in between, of
           a keyed dedup by arrival, of held rows, and of fused stages: the result of scale 1
  memory   peaks of anonymous memory at 100 MB and at MILLRACE_BYTES (default 5000000000) of input,
           side by side: at most 100 MB each, and the same but for 6 MB or 15 % (the reason stands
           in tests/chaos/memory_test.c); takes about five times the input on the disk of TMPDIR
  reasons  each row that left a run of MILLRACE_WHY_ROWS (default 100000) rows explained; dead letters
           tried again, the command and the run killed MILLRACE_KILLS times; `why` in a million rows
  inputs   nothing kept, empty, bad, over the limit, 10,000 files, unreadable, a row that crashes
  speed    rows a second without a disk (on /dev/shm)
  disk     the same with durable commits, against a plain append
  latency  one row through three idle processes, against its syncs
Environment: MILLRACE_SEED (of the kills, default 1), TMPDIR (default /tmp).
Logs lie in build/log/. Exit status: 0 when all that must hold held, 1 otherwise.
TEXT
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root" || exit 1
steps=()
for step in "$@"; do
    case $step in
        scale|kills|replay|memory|reasons|inputs|speed|disk|latency) steps+=("$step") ;;
        -h|--help) usage; exit 0 ;;
        *) usage >&2; exit 2 ;;
    esac
done
[[ ${#steps[@]} -gt 0 ]] || steps=(inputs kills scale replay reasons memory speed disk latency)

build=build/release logs=build/log
bytes=${MILLRACE_BYTES:-5000000000}
folder=${TMPDIR:-/tmp}/millrace-long.$$
table=() failed=0
export LC_ALL=C.UTF-8 CK_FORK=yes
export MILLRACE=$root/$build/millrace MILLRACE_TEST=$root/$build/millrace-test MR_SOURCE=$root
export MILLRACE_CHANGES=${MILLRACE_CHANGES:-60}
export MILLRACE_KILLS=${MILLRACE_KILLS:-100} MILLRACE_SEED=${MILLRACE_SEED:-1}

# row KIND WHAT SEEN
row() { table+=("$(printf '%-5s %-58s %s' "$1" "$2" "$3")"); }

# suite NAME RUNNER LOG: runs one suite; shows its log when it fails.
suite() {
    if CK_RUN_SUITE=$1 "$build/tests/$2" >"$3" 2>&1 && ! grep -q 'Checks: 0' "$3"; then
        return 0
    fi
    echo "== $1 failed (whole log: $3)"
    tail -n 20 "$3"
    failed=$((failed + 1))
    return 1
}

step_inputs() {
    local name seen
    for name in run unreadable crash; do
        seen=$(suite "e2e.$name" test_e2e "$logs/long-$name.log" && echo holds) || seen=FAILED
        row must "inputs and ends that users have: e2e.$name" "$seen"
    done
}

step_kills() {
    local seen
    suite chaos.kill test_chaos "$logs/long-kills.log" && seen=holds || seen=FAILED
    row must "$MILLRACE_KILLS kills, each of fuse off|auto and scale 1|3" "$seen"
}

step_replay() {
    local rows=${MILLRACE_REPLAY_ROWS:-1000000} log=$logs/long-replay.log seen
    MILLRACE_REPLAY_ROWS=$rows suite chaos.replay test_chaos "$log" && seen=holds || seen=FAILED
    row must "a replay of $rows rows under kills: the same dataset" "$seen, $(grep 'kills in' "$log")"
}

step_scale() {
    local seen
    suite chaos.scale test_chaos "$logs/long-scale.log" && seen=holds || seen=FAILED
    row must "$MILLRACE_CHANGES changes of scale at work, with kills between" "$seen"
}

step_reasons() {
    local seen rows=${MILLRACE_WHY_ROWS:-100000} log=$logs/long-why.log
    MILLRACE_WHY_ROWS=$rows suite e2e.why test_e2e "$log" && seen=holds || seen=FAILED
    row must "why: stage, value, threshold of each row that left, of $rows" "$seen"
    suite chaos.retry test_chaos "$logs/long-retry.log" && seen=holds || seen=FAILED
    row must "dlq retry: each row once, $MILLRACE_KILLS kills, fuse off|auto" "$seen"
    log=$logs/long-why-bench.log
    "$build/tests/bench/why_bench" "$MILLRACE" "$folder.why" 1000000 >"$log" 2>&1 || failed=$((failed + 1))
    rm -rf "$folder.why"
    row aim "why by id in 1,000,000 rows, warm: 50 ms" "$(tail -n 1 "$log")"
}

# peaks LOG: the highest peak, and the two that differ most.
peaks() {
    awk '/^MB at most/ { on = NR + 1 }
         on && NR > on && NF >= 3 && $2 + 0 > 0 && $3 + 0 > 0 {
             most = $2 > $3 ? $2 : $3; apart = $3 > $2 ? $3 - $2 : $2 - $3
             if (most > highest) { highest = most; who = $1 }
             if (apart >= widest) { widest = apart; pair = $1 " " $2 " and " $3 } }
         END { print highest " MB (" who "), widest apart: " pair }' "$1"
}

step_memory() {
    local fuse scale log seen
    for fuse in off auto; do
        scale=1
        [[ $fuse == off ]] || scale=3
        log=$logs/long-memory-$fuse.log
        MILLRACE_FUSE=$fuse MILLRACE_SCALE=$scale MILLRACE_MEMORY_SMALL=100000000 \
            MILLRACE_MEMORY_BYTES=$bytes suite chaos.memory test_chaos "$log" && seen="holds, " || seen="FAILED, "
        row must "memory ≤ 100 MB, same for 100 and $((bytes / 1000000)) MB, fuse $fuse, scale $scale" \
            "$seen$(peaks "$log")"
        sed -n '/^MB at most/,/^[0-9]*%/p' "$log"
    done
}

# pipeline FOLDER LOG
pipeline() {
    "$build/tests/bench/pipeline_bench" "$MILLRACE" "$1" 1000000 >"$2" 2>&1 && return
    echo "== pipeline_bench failed: $(tail -n 1 "$2")"
    failed=$((failed + 1))
}

step_speed() {
    local log=$logs/long-speed.log
    pipeline "/dev/shm/millrace-long.$$" "$log"
    row aim "1 KB rows, one filter, a process each: 250 k rows/s" "$(grep '^1 filter, fuse off' "$log")"
    row aim "the same fused: 400 k rows/s" "$(grep '^1 filter, fuse auto' "$log")"
    cat "$log"
}

step_disk() {
    local log=$logs/long-disk.log
    pipeline "$folder" "$log"
    row aim "on disk, durable: 0.7 of a plain append" "$(awk '/plain append/ { print $NF; exit }' "$log")"
    cat "$log"
}

step_latency() {
    local log=$logs/long-latency.log
    if ! "$build/tests/bench/latency_bench" "$folder" 1000 >"$log" 2>&1; then
        failed=$((failed + 1))
    fi
    row aim "a row through three idle processes: 1.5 × syncs + 1 ms" "$(sed -n "1s/.*: *//p" "$log"); $(tail -n 1 "$log")"
    cat "$log"
}

mkdir -p "$logs"
if ! { cmake --preset release && cmake --build --preset release --target millrace millrace_test \
        test_chaos test_e2e pipeline_bench latency_bench why_bench; } >"$logs/long-build.log" 2>&1; then
    tail -n 40 "$logs/long-build.log"
    exit 1
fi
for step in "${steps[@]}"; do
    start=$SECONDS
    "step_$step"
    echo "$step took $((SECONDS - start)) s"
done
printf '%s\n' "${table[@]}"
[[ $failed -eq 0 ]]
