/* Sidecars: for each sealed segment a sorted table of id prefixes with their row numbers. */
#include "runtime/log/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/base/file.h"

#define IDS_MAGIC 0x44494d4cu /* "LMID" as bytes */
enum { IDS_VERSION = 1, IDS_HEAD = 32, IDS_ENTRY = 12, CHUNK = 4096 };

/* In memory while sorting; in the file all prefixes come first, then all deltas. */
struct entry {
    uint64_t prefix;
    uint32_t delta; /* n - first n of the segment */
};

uint64_t mr_log__id_prefix(const struct mr_id *id)
{
    return mr_log__get64(id->b);
}

/* By prefix, byte for byte from the lowest one; entries of one prefix keep their order, which is
 * that of n. Prefixes are hashes, and a segment is sealed in the path of a commit: this takes a
 * fifth of what comparing takes. */
static void sort_entries(struct entry *entries, size_t count)
{
    struct entry *from = entries, *to = mr_alloc(count * sizeof(*to)), *other = to;
    for (int shift = 0; shift < 64; shift += 8) {
        size_t at[256] = {0}, sum = 0;
        for (size_t i = 0; i < count; i++)
            at[from[i].prefix >> shift & 255]++;
        for (int k = 0; k < 256; k++) {
            size_t some = at[k];
            at[k] = sum;
            sum += some;
        }
        for (size_t i = 0; i < count; i++)
            to[at[from[i].prefix >> shift & 255]++] = from[i];
        struct entry *swap = from;
        from = to;
        to = swap;
    }
    mr_assert(from == entries); /* an even number of bytes */
    free(other);
}

/* Entry i's field as file bytes; CRC and writing both go through here, chunk by chunk. */
static size_t encode(const struct entry *entries, size_t from, size_t count, bool deltas,
                     uint8_t *out)
{
    for (size_t i = 0; i < count; i++) {
        if (deltas)
            mr_log__put32(out + i * 4, entries[from + i].delta);
        else
            mr_log__put64(out + i * 8, entries[from + i].prefix);
    }
    return count * (deltas ? 4 : 8);
}

static bool write_entries(int fd, const char *path, const struct entry *entries, size_t count,
                          uint32_t *crc)
{
    uint8_t bytes[CHUNK * 8];
    uint64_t offset = IDS_HEAD;
    for (int deltas = 0; deltas < 2; deltas++) {
        for (size_t i = 0; i < count; i += CHUNK) {
            size_t some = count - i < CHUNK ? count - i : CHUNK;
            size_t len = encode(entries, i, some, deltas, bytes);
            struct mr_error *e = mr_file_write_at(fd, path, bytes, len, offset);
            if (e) {
                mr_error_free(e);
                return false;
            }
            *crc = mr_crc32c(*crc, bytes, len);
            offset += len;
        }
    }
    return true;
}

/* The name appears only when the table is whole; its checksum guards against lost blocks. */
static bool write_table(const char *dir, uint64_t base, uint64_t first_n, struct entry *entries,
                        size_t count)
{
    uint8_t head[IDS_HEAD] = {0};
    uint32_t crc = 0;
    char *path = mr_log__path(dir, base, ".ids"), *part = mr_log__path(dir, base, ".ids.part");
    sort_entries(entries, count);
    int fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    bool ok = fd >= 0 && write_entries(fd, part, entries, count, &crc);
    mr_log__put32(head, IDS_MAGIC);
    mr_log__put32(head + 4, IDS_VERSION);
    mr_log__put64(head + 8, count);
    mr_log__put64(head + 16, first_n);
    mr_log__put32(head + 24, crc);
    ok = ok && pwrite(fd, head, IDS_HEAD, 0) == IDS_HEAD;
    if (fd >= 0)
        close(fd);
    ok = ok && rename(part, path) == 0;
    if (!ok)
        unlink(part);
    free(part);
    free(path);
    return ok;
}

static struct entry *load_notes(const char *path, uint64_t rows)
{
    struct stat st;
    struct entry *entries = NULL;
    uint8_t bytes[CHUNK * 8];
    uint64_t done = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd >= 0 && fstat(fd, &st) == 0 && (uint64_t)st.st_size == rows * 8) {
        entries = mr_alloc(rows * sizeof(*entries));
        while (done < rows) {
            size_t some = rows - done < CHUNK ? (size_t)(rows - done) : CHUNK;
            if (pread(fd, bytes, some * 8, (off_t)(done * 8)) != (ssize_t)(some * 8))
                break;
            for (size_t i = 0; i < some; i++, done++)
                entries[done] = (struct entry){mr_log__get64(bytes + i * 8), (uint32_t)done};
        }
    }
    if (fd >= 0)
        close(fd);
    if (done < rows) {
        free(entries);
        entries = NULL;
    }
    return entries;
}

bool mr_log__ids_from_notes(const char *dir, uint64_t base, uint64_t first_n, uint64_t rows)
{
    char *path = mr_log__path(dir, base, ".idw");
    struct entry *entries = rows && rows <= UINT32_MAX ? load_notes(path, rows) : NULL;
    bool ok = entries && write_table(dir, base, first_n, entries, (size_t)rows);
    unlink(path);
    free(path);
    free(entries);
    return ok;
}

struct mr_error *mr_log__ids_from_segment(const char *dir, uint64_t base, uint64_t end)
{
    struct mr_log_reader *r = mr_log__reader_scan(dir, base, end);
    struct entry *entries = NULL;
    size_t count = 0, cap = 0;
    uint64_t first_n = 0;
    uint32_t rows;
    struct mr_error *e;
    while (!(e = mr_log_reader_next(r, &rows)) && rows) {
        struct mr_head head;
        struct mr_str map;
        bool found;
        while (!(e = mr_log_reader_row(r, &head, &map, &found)) && found) {
            if (count == cap)
                entries = mr_realloc(entries, (cap = cap ? cap * 2 : 1024) * sizeof(*entries));
            first_n = count ? first_n : head.n;
            entries[count++] =
                (struct entry){mr_log__id_prefix(&head.id), (uint32_t)(head.n - first_n)};
        }
        if (e)
            break;
    }
    if (!e && count)
        write_table(dir, base, first_n, entries, count);
    mr_log_reader_close(r);
    free(entries);
    return e;
}

/* A file as it is, without copying it; NULL when it is missing or empty. */
static const uint8_t *map_file(const char *path, size_t *len)
{
    struct stat st;
    void *at = MAP_FAILED;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd >= 0 && fstat(fd, &st) == 0 && st.st_size > 0 && (uint64_t)st.st_size <= UINT32_MAX)
        at = mmap(NULL, *len = (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
    if (fd >= 0)
        close(fd);
    return at == MAP_FAILED ? NULL : at;
}

static bool table_whole(const uint8_t *bytes, size_t len, uint64_t *count)
{
    if (len < IDS_HEAD || mr_log__get32(bytes) != IDS_MAGIC ||
        mr_log__get32(bytes + 4) != IDS_VERSION)
        return false;
    *count = mr_log__get64(bytes + 8);
    size_t body = len - IDS_HEAD;
    return *count == body / IDS_ENTRY && body % IDS_ENTRY == 0 &&
           mr_crc32c(0, bytes + IDS_HEAD, body) == mr_log__get32(bytes + 24);
}

static void find_in_table(const uint8_t *bytes, uint64_t count, uint64_t prefix,
                          bool (*fn)(void *arg, uint64_t n), void *arg)
{
    const uint8_t *prefixes = bytes + IDS_HEAD, *deltas = prefixes + count * 8;
    uint64_t first_n = mr_log__get64(bytes + 16), low = 0;
    for (uint64_t high = count; low < high;) {
        uint64_t middle = low + (high - low) / 2;
        if (mr_log__get64(prefixes + middle * 8) < prefix)
            low = middle + 1;
        else
            high = middle;
    }
    while (low < count && mr_log__get64(prefixes + low * 8) == prefix &&
           fn(arg, first_n + mr_log__get32(deltas + low * 4)))
        low++;
}

void mr_log__ids_find(const char *dir, uint64_t base, uint64_t prefix,
                      bool (*fn)(void *arg, uint64_t n), void *arg, bool *usable)
{
    uint64_t count = 0;
    size_t len = 0;
    char *path = mr_log__path(dir, base, ".ids");
    const uint8_t *bytes = map_file(path, &len);
    free(path);
    *usable = bytes && table_whole(bytes, len, &count);
    if (*usable)
        find_in_table(bytes, count, prefix, fn, arg);
    if (bytes)
        munmap((void *)(uintptr_t)bytes, len);
}

void mr_log__notes_find(const char *dir, uint64_t base, uint64_t first_n, uint64_t rows,
                        uint64_t prefix, bool (*fn)(void *arg, uint64_t n), void *arg, bool *usable)
{
    size_t len = 0;
    char *path = mr_log__path(dir, base, ".idw");
    const uint8_t *bytes = map_file(path, &len);
    free(path);
    *usable = bytes && len / 8 >= rows;
    for (uint64_t i = 0; *usable && i < rows; i++)
        if (mr_log__get64(bytes + i * 8) == prefix && !fn(arg, first_n + i))
            break;
    if (bytes)
        munmap((void *)(uintptr_t)bytes, len);
}
