/* Is a half-read file still what it was? Size and time say so cheaply; where they differ, a JSON
 * Lines file may have been touched or appended to, which two samples of what was read tell from a
 * rewritten one. */
#include "connectors/files/source.h"

#include <fcntl.h>
#include <unistd.h>

enum { SAMPLE_BYTES = 4096 };

/* Hash of up to SAMPLE_BYTES bytes that end at `end`; false when they cannot be read. */
static bool sample(int fd, uint64_t begin, uint64_t end, uint64_t *hash)
{
    char bytes[SAMPLE_BYTES];
    size_t len = end - begin < sizeof bytes ? (size_t)(end - begin) : sizeof bytes;
    if (pread(fd, bytes, len, (off_t)begin) != (ssize_t)len)
        return false;
    *hash = mr_hash64(bytes, len, 0);
    return true;
}

static bool samples(int fd, uint64_t offset, uint64_t *head, uint64_t *tail)
{
    return sample(fd, 0, offset, head) &&
           sample(fd, offset > SAMPLE_BYTES ? offset - SAMPLE_BYTES : 0, offset, tail);
}

void mr_files__mark(struct mr_source *s)
{
    struct position *p = &s->pos;
    p->place = mr_files__reader_place(s->reader);
    p->head_hash = p->tail_hash = 0;
    if (mr_files__reader_seeks(s->reader))
        samples(mr_files__reader_fd(s->reader), p->place.offset, &p->head_hash, &p->tail_hash);
}

struct mr_error *mr_files__still_same(struct mr_source *s, const char *path, struct files_kind kind)
{
    const struct position *p = &s->pos;
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return mr_error_errno(MR_FILE_CHANGED, "the file cannot be opened any more");
    bool same = fstat(fd, &st) == 0 && (uint64_t)st.st_size == p->file.size &&
                mr_files__mtime(&st) == p->file.mtime_ns;
    uint64_t head, tail;
    if (!same && kind.format == FORMAT_JSONL && kind.codec == CODEC_NONE &&
        (uint64_t)st.st_size >= p->file.size)
        same = samples(fd, p->place.offset, &head, &tail) && head == p->head_hash &&
               tail == p->tail_hash;
    close(fd);
    if (same)
        return NULL;
    return mr_error(MR_FILE_CHANGED,
                    "the file changed after %llu of its records had been read; the rest of it is "
                    "left out of this run",
                    (unsigned long long)p->place.record);
}
