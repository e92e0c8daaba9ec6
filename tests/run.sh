#!/usr/bin/env bash
# Sets up what the tests need and runs them all; the last line is "N passed, N failed".
set -uo pipefail

usage() { cat <<'TEXT'
Usage: tests/run.sh [STEP...]

Installs missing packages (root, or sudo without a password), builds, runs every test.
Steps, in this order; all of them when none is named:
  release  optimised build, every test and the checks of the sources
  dev      address and undefined sanitizers, every test
  tsan     thread sanitizer, the tests of rooms that use threads
  fuzz     each fuzz target for MR_FUZZ_SECONDS (default 10)
Environment: MR_JOBS (default: processors, at most one per 1.5 GB of memory).
Logs lie in build/log/. Exit status: 0 when nothing failed, 1 otherwise.
TEXT
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root" || exit 1
steps=()
for step in "$@"; do
    case $step in
        release|dev|tsan|fuzz) steps+=("$step") ;;
        -h|--help) usage; exit 0 ;;
        *) usage >&2; exit 2 ;;
    esac
done
[[ ${#steps[@]} -gt 0 ]] || steps=(release dev tsan fuzz)

export LC_ALL=C.UTF-8
memory_jobs=$(awk '/^MemAvailable/ { n = int($2 / 1500000); if (n < 1) n = 1; print n }' /proc/meminfo)
jobs=$(nproc)
[[ $jobs -le $memory_jobs ]] || jobs=$memory_jobs
jobs=${MR_JOBS:-$jobs}
logs=build/log
passed=0 failed=0
began=$SECONDS

finish() {
    echo "$passed passed, $failed failed"
    [[ $failed -eq 0 ]]
    exit
}

say() { printf '%-8s %s\n' "$1" "$2"; }

# broken STEP WHAT LOG: one failure that is not a test's, with the end of its log.
broken() {
    failed=$((failed + 1))
    echo "== $1: $2 (whole log: $3)"
    tail -n 40 "$3"
}

# build STEP TARGET...: configures and builds; the log is shown only on failure.
build() {
    local step=$1 start=$SECONDS
    shift
    if ! cmake --preset "$step" >"$logs/$step-build.log" 2>&1; then
        broken "$step" "the build could not be configured" "$logs/$step-build.log"
        return 1
    fi
    if ! cmake --build --preset "$step" -j "$jobs" ${1:+--target "$@"} >>"$logs/$step-build.log" 2>&1
    then
        awk '/^FAILED:/ { show = 1 } show && shown++ < 40' "$logs/$step-build.log" \
            >"$logs/$step-build-first.log"
        broken "$step" "the build failed; its first fault" "$logs/$step-build-first.log"
        return 1
    fi
    say "$step" "built in $((SECONDS - start)) s"
}

# suites STEP [ctest arguments]: counts what ctest reports.
suites() {
    local step=$1 start=$SECONDS log=$logs/$1-tests.log line bad all prefix=()
    shift
    # The thread sanitizer cannot map its shadow under some kernels' address randomisation.
    if [[ $step == tsan ]] && setarch "$(uname -m)" -R true 2>/dev/null; then
        prefix=(setarch "$(uname -m)" -R)
    fi
    "${prefix[@]}" ctest --test-dir "build/$step" -j "$jobs" --output-on-failure \
        --no-tests=error "$@" >"$log" 2>&1
    line=$(grep -E 'tests passed, [0-9]+ tests failed out of [0-9]+' "$log" | tail -n 1)
    if [[ -z $line ]]; then
        broken "$step" "the tests did not run" "$log"
        return
    fi
    bad=$(sed -E 's/.*, ([0-9]+) tests failed.*/\1/' <<<"$line")
    all=$(sed -E 's/.*out of ([0-9]+).*/\1/' <<<"$line")
    passed=$((passed + all - bad)) failed=$((failed + bad))
    say "$step" "$((all - bad)) of $all tests passed in $((SECONDS - start)) s"
    if [[ $bad -gt 0 ]]; then
        awk '/^ *[0-9]+\/[0-9]+ Test/ { show = !/Passed/; if (show) print; next } show' "$log" |
            head -n 200
        echo "== $step: whole log in $log; one suite alone: ctest --test-dir build/$step -R NAME -V"
    fi
}

run_release() {
    build release && suites release
}

run_dev() {
    export CK_TIMEOUT_MULTIPLIER=4
    build dev && suites dev -LE checks
}

# Rooms whose sources have to do with threads are the ones worth the thread sanitizer.
run_tsan() {
    local rooms room targets=() names=()
    export CK_TIMEOUT_MULTIPLIER=8
    rooms=$(grep -rlE --include='*.c' --include='*.h' 'pthread_(create|once|mutex)|thrd_create' \
                runtime connectors stages tests/runtime tests/connectors 2>/dev/null |
            sed -E 's|^tests/||; s|/[^/]*$||' | sort -u)
    for room in $rooms; do
        compgen -G "tests/$room/*_test.c" >/dev/null || continue
        targets+=("test_${room//\//_}")
        names+=("${room//\//\\.}\\.")
    done
    if [[ ${#targets[@]} -eq 0 ]]; then
        say tsan "no room has threads"
        return
    fi
    build tsan "${targets[@]}" && suites tsan -LE checks -R "^($(IFS='|'; echo "${names[*]}"))"
}

# One target, for a while; its status lies beside its log.
fuzz_one() {
    local target=$1 name corpus seeds status=0
    name=$(basename "$target" _fuzz)
    corpus=build/fuzz/corpus/$name seeds=tests/fuzz/corpus/$name
    mkdir -p "$corpus"
    [[ -d $seeds ]] || seeds=
    "$target" -max_total_time="${MR_FUZZ_SECONDS:-10}" -timeout=20 -rss_limit_mb=2048 \
        -max_len=65536 -artifact_prefix="build/fuzz/$name-" \
        "$corpus" $seeds >"build/log/fuzz-$name.log" 2>&1 || status=$?
    echo "$status" >"build/log/fuzz-$name.status"
}

run_fuzz() {
    local start targets target name bad=0
    build fuzz fuzz_targets || return
    start=$SECONDS
    mapfile -t targets < <(find build/fuzz/tests/fuzz -maxdepth 1 -name '*_fuzz' -type f | sort)
    if [[ ${#targets[@]} -eq 0 ]]; then
        echo "no target was built" >"$logs/fuzz-none.log"
        broken fuzz "nothing to run" "$logs/fuzz-none.log"
        return
    fi
    export -f fuzz_one
    printf '%s\n' "${targets[@]}" | xargs -P "$jobs" -I '{}' bash -c 'fuzz_one {}'
    for target in "${targets[@]}"; do
        name=$(basename "$target" _fuzz)
        [[ $(cat "$logs/fuzz-$name.status" 2>/dev/null) != 0 ]] || continue
        bad=$((bad + 1))
        echo "== fuzz: $name found a fault; the input lies in build/fuzz/$name-*"
        tail -n 40 "$logs/fuzz-$name.log"
    done
    passed=$((passed + ${#targets[@]} - bad)) failed=$((failed + bad))
    say fuzz "$((${#targets[@]} - bad)) of ${#targets[@]} targets clean in $((SECONDS - start)) s"
}

mkdir -p "$logs"
if ! ops-config/setup.sh ops-config/packages.txt tests/packages.txt; then
    failed=1
    finish
fi
for step in "${steps[@]}"; do
    rm -f "$logs/$step"-*
    "run_$step"
done
say all "done in $((SECONDS - began)) s"
finish
