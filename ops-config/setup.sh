#!/usr/bin/env bash
# Installs the Debian packages of the given lists (default: what the build needs); says nothing
# when all are there. A line `PACKAGE unless COMMAND` is for machines without that command.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
lists=("$@")
[[ ${#lists[@]} -gt 0 ]] || lists=("$root/ops-config/packages.txt")

fail() {
    printf 'setup: %s\n' "$@" >&2
    exit 1
}

wanted=()
for list in "${lists[@]}"; do
    [[ -r $list ]] || fail "cannot read the list $list"
    while read -r name unless command _; do
        [[ $name ]] || continue
        [[ $unless == unless ]] && command -v "$command" >/dev/null && continue
        wanted+=("$name")
    done < <(sed -E 's/#.*//' "$list")
done

missing=()
if command -v dpkg-query >/dev/null; then
    for name in "${wanted[@]}"; do
        state=$(dpkg-query -W -f='${db:Status-Status}' "$name" 2>/dev/null || true)
        [[ $state == *installed && $state != *not-installed* ]] || missing+=("$name")
    done
else
    missing=("${wanted[@]}")
fi
[[ ${#missing[@]} -gt 0 ]] || exit 0

command -v apt-get >/dev/null ||
    fail "this is not a Debian machine; install what corresponds to:" "  ${missing[*]}"
as_root=()
if [[ $EUID -ne 0 ]]; then
    command -v sudo >/dev/null && sudo -n true 2>/dev/null ||
        fail "packages are missing; run this as root (or with sudo) once:" \
             "  apt-get install -y --no-install-recommends ${missing[*]}"
    as_root=(sudo -n)
fi

log=$(mktemp "${TMPDIR:-/tmp}/millrace-setup.XXXXXX")
trap 'rm -f "$log"' EXIT
apt() {
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 apt-get -y -q \
        -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 -o Dpkg::Use-Pty=0 "$@" \
        >>"$log" 2>&1 </dev/null
}
echo "setup: installing ${#missing[@]} packages"
if ! { apt update && apt install --no-install-recommends "${missing[@]}"; }; then
    tail -n 20 "$log" >&2
    fail "apt-get could not install: ${missing[*]}" \
         "check the network and /etc/apt/sources.list (Debian 12, bookworm), then run this again"
fi
