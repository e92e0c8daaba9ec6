#!/bin/sh
# Arrows by include lines: which folder and room sees which, and who owns which library.
# Usage: check_arrows.sh SOURCE_FOLDER
set -eu
cd "$1"

# Rooms of runtime/ see what runtime/CMakeLists.txt gives them in DEPS, and what those see.
find runtime operators topology connectors stages -name '*.[ch]' -o -name '*.cc' | sort |
    xargs grep -nE '^[ \t]*#[ \t]*include' /dev/null |
    awk -v table=runtime/CMakeLists.txt '
function complain(text) { printf "%s:%s: %s\n", file, line, text; bad = 1 }
function sees(from, to,    i, n, list) {
    if (from == to) return 1
    n = split(deps[from], list, " ")
    for (i = 1; i <= n; i++) if (sees(list[i], to)) return 1
    return 0
}
# own(NAME PATTERN, FOLDERS PATTERN): a header and the folders that may include it.
function own(header, folders) { owned[++owners] = header; owner[owners] = folders }
BEGIN {
    while ((getline row < table) > 0) {
        if (row !~ /^mr_room\(mr_[a-z]+ runtime\//) continue
        n = split(row, word, /[ ()]+/)
        room = word[2]; sub(/^mr_/, "", room)
        mode = ""
        for (i = 4; i <= n; i++) {
            if (word[i] ~ /^[A-Z_]+$/) { mode = word[i]; continue }
            if (mode == "DEPS") { sub(/^mr_/, "", word[i]); deps[room] = deps[room] " " word[i] }
        }
    }
    own("msgpack.*", "^runtime/(row|plan|flow)/"); own("rocksdb/.*", "^runtime/state/")
    own("ev\\.h", "^(runtime/flow|stages)/"); own("simdjson.*", "^runtime/row/")
    own("pcre2\\.h", "^runtime/text/"); own("unicode/.*", "^runtime/(text|html)/")
    own("cld2/.*", "^runtime/text/"); own("libstemmer.*", "^runtime/text/")
    own("xxhash\\.h", "^runtime/(base|text)/"); own("lz4.*", "^runtime/log/")
    own("gumbo\\.h", "^runtime/html/"); own("openssl/.*", "^runtime/")
    own("(zlib|zstd.*|csv)\\.h", "^connectors/files/"); own("libfyaml\\.h", "^topology/")
    own("librdkafka/.*", "^connectors/kafka/"); own("curl/.*", "^connectors/serving/")
    own("poppler.*", "^connectors/"); own("sqlite3\\.h", "^connectors/")
    own("libpq.*", "^connectors/"); own("my(sql|ariadb).*", "^connectors/")
    own("microhttpd\\.h", "^stages/"); own("check\\.h", "^tests/")
}
{
    split($0, part, ":"); file = part[1]; line = part[2]
    folder = file; sub(/\/.*/, "", folder)
    place = file; sub(/\/[^\/]*$/, "", place)
    name = $0; sub(/^[^"<]*["<]/, "", name); sub(/[">].*/, "", name)
    if ($0 ~ /include[ \t]*</) {
        for (i = 1; i <= owners; i++) {
            if (name !~ "^(" owned[i] ")$") continue
            if (file !~ owner[i]) complain("<" name "> belongs to " owner[i])
            if (file ~ /\.h$/ && file !~ /(private|inside)\.h$/)
                complain("<" name "> may not appear in a header that others include")
        }
        next
    }
    target = name; sub(/\/.*/, "", target)
    if (name !~ /\//) complain("include \"" name "\" by its path from the root of the project")
    else if (target == "tests") complain("nothing outside tests/ may include " name)
    else if (folder == "stages") next
    else if (target == "runtime") {
        if (folder != "runtime") next
        split(file, from, "/"); split(name, to, "/")
        if (!sees(from[2], to[2]))
            complain("runtime/" from[2] " may not see " name " (DEPS in runtime/CMakeLists.txt)")
    } else if (folder != target) complain(folder "/ may not see " target "/")
    else if (folder == "topology") next
    else {
        split(file, from, "/"); split(name, to, "/")
        if (from[2] != to[2]) complain(place " may not see " target "/" to[2])
    }
}
END { exit bad }'
