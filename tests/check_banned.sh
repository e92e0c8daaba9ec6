#!/bin/sh
# Calls and words that the project does not use; comments and texts in quotes do not count as calls.
# Usage: check_banned.sh SOURCE_FOLDER
set -eu
cd "$1"

find runtime operators topology connectors stages tests -name '*.[ch]' -o -name '*.cc' | sort |
    xargs awk '
function ban(call, places, remedy) { calls[++count] = call; where[count] = places; say[count] = remedy }
function complain(text) { printf "%s:%d: %s\n", FILENAME, FNR, text; bad = 1 }
BEGIN {
    all = "."; ours = "^(runtime|operators|topology|connectors|stages)/"
    ban("(strcpy|strcat|stpcpy|sprintf|vsprintf|gets)", all, "use struct mr_buf")
    ban("(strtok|asctime|ctime|localtime|gmtime|strerror)", all, "not safe in threads; use the _r form")
    ban("(atoi|atol|atoll|atof)", all, "use mr_str_to_int or mr_str_to_real")
    ban("(setjmp|longjmp|sigsetjmp|siglongjmp|alloca)", all, "return a struct mr_error")
    ban("(tmpnam|mktemp|tempnam)", all, "use mkstemp or mkdtemp")
    ban("(rand|srand|random|srandom|drand48|lrand48)", ours, "random choices are H(seed, row id)")
    ban("assert", all, "use mr_assert, which release builds keep")
    ban("(system|popen)", ours, "no shell: use posix_spawn")
    ban("(sleep|usleep|nanosleep|clock_nanosleep)", "^tests/", "wait for a condition with a deadline")
    ban("setlocale", ours, "results may not depend on the locale")
}
FNR == 1 { in_comment = 0 }
{
    if ($0 ~ /(^|[^A-Za-z])(TODO|FIXME|XXX)([^A-Za-z]|$)/) complain("an open end: finish it or write NEEDSWORK with the question")
    gsub(/\\./, "")
    gsub(/"[^"]*"/, "\"\"")
    code = ""
    rest = $0
    while (rest != "") {
        if (in_comment) {
            at = index(rest, "*/")
            if (!at) break
            in_comment = 0
            rest = substr(rest, at + 2)
        } else {
            at = index(rest, "/*")
            if (!at) { code = code rest; break }
            code = code substr(rest, 1, at - 1) " "
            in_comment = 1
            rest = substr(rest, at + 2)
        }
    }
    sub(/\/\/.*/, "", code)
    for (i = 1; i <= count; i++) {
        if (FILENAME ~ where[i] && match(code, "(^|[^A-Za-z0-9_.>])" calls[i] "[ \t]*\\(")) {
            call = substr(code, RSTART, RLENGTH)
            gsub(/[^A-Za-z0-9_]/, "", call)
            complain(call ": " say[i])
        }
    }
}
END { exit bad }'
