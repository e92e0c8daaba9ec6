#!/usr/bin/env bash
# Sets up, builds and turns real web pages (a manual of Debian's) into a clean data set.
set -euo pipefail

usage() { cat <<'TEXT'
Usage: ops-config/quickstart.sh

Installs missing packages (root, or sudo without a password), builds build/release/millrace, fetches
a Debian package with some thousand HTML pages, and runs topology/pipelines/web-clean.yaml over them.
Running it again does only what is missing. Exit status: 0 when the data set is there.
TEXT
}

case ${1-} in
    '') ;;
    -h|--help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
esac

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
export LC_ALL=C.UTF-8
package=postgresql-doc-15
cache=.cache/quickstart
pages=$cache/pages/usr/share/doc/$package/html
result=$cache/clean.jsonl
millrace=build/release/millrace
topology=topology/pipelines/web-clean.yaml
log=$cache/quickstart.log
began=$SECONDS
mkdir -p "$cache"
: >"$log"

say() { printf 'quickstart: %s\n' "$*"; }
fail() {
    tail -n 30 "$log" >&2
    printf 'quickstart: %s\n' "$@" >&2
    exit 1
}

# Memory bounds the number of compilers at work: the largest sources need more than a gigabyte.
jobs_that_fit() {
    local memory cores
    memory=$(awk '/^MemAvailable/ { n = int($2 / 1500000); print (n > 0 ? n : 1) }' /proc/meminfo)
    cores=$(nproc)
    echo $((cores < memory ? cores : memory))
}

build() {
    local options=()
    # Without the test library the tests cannot even be configured; the program needs none of it.
    pkg-config --exists check || options=(-D MR_TESTS=OFF)
    cmake --preset release "${options[@]}" >>"$log" 2>&1 &&
        cmake --build --preset release -j "$(jobs_that_fit)" --target millrace >>"$log" 2>&1 ||
        fail "the build failed; the whole log is $log"
}

# The package is unpacked, not installed: small systems leave documentation out when they install.
fetch_pages() {
    local folder
    [[ -d $pages ]] && return
    say "fetching $package"
    folder=$(mktemp -d "$cache/fetch.XXXXXX")
    (cd "$folder" && apt-get -q download "$package" >>"$root/$log" 2>&1) ||
        { refresh_lists; (cd "$folder" && apt-get -q download "$package" >>"$root/$log" 2>&1); } ||
        fail "the package $package cannot be fetched" \
             "check the network and /etc/apt/sources.list (Debian 12), then run this again"
    dpkg -x "$folder/$package"_*.deb "$folder/pages" >>"$log" 2>&1 ||
        fail "the package $package cannot be unpacked"
    rm -rf "$cache/pages"
    mv "$folder/pages" "$cache/pages"
    rm -rf "$folder"
}

refresh_lists() {
    local as_root=()
    [[ $EUID -eq 0 ]] || as_root=(sudo -n)
    "${as_root[@]}" apt-get -q update >>"$log" 2>&1 || true
}

run_pipeline() {
    local code=0
    "$millrace" run "$topology" --set INPUT="$root/$pages/*.html" --set OUTPUT="$root/$result" \
        >>"$log" || code=$?
    return $code
}

# Exit codes of `run`: 4 some pages were rejected (the table says so), 6 the topology changed.
make_dataset() {
    local code=0
    [[ -s $result ]] || "$millrace" clean web-clean --yes >>"$log" 2>&1 || true
    run_pipeline || code=$?
    if [[ $code -eq 6 ]]; then
        say "the topology changed since the last run: starting anew"
        "$millrace" clean web-clean --yes >>"$log" 2>&1 && rm -f "$result"
        code=0
        run_pipeline || code=$?
    fi
    [[ $code -eq 0 || $code -eq 4 ]] || fail "the run ended with exit code $code"
    [[ -s $result ]] || fail "the run left no rows in $result"
}

ops-config/setup.sh || exit 1
[[ -x $millrace ]] || say "building (a minute or two)"
build
fetch_pages
say "running $topology over $(find "$pages" -name '*.html' | wc -l) pages"
make_dataset

echo
"$millrace" status web-clean
echo
echo "five of the $(wc -l <"$result") rows in $result:"
head -n 5 "$result" | sed -E 's/^(.{96}).+/\1…/'
cat <<TEXT

done in $((SECONDS - began)) s; next, try:
  $millrace plan $topology
  $millrace topics cat char-number-filter.drops --limit 3
  head -n 100 $result | $millrace try WordNumberFilter --set min_words=500 --key input_key=text --all
TEXT
