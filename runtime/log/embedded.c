/* The embedded back end: a task's lanes in, its partitions out, and the commit that joins them. */
#include "runtime/log/inside.h"

#include <inttypes.h>
#include <stdlib.h>

enum {
    RECORD_VERSION = 1,
    RECORD_HEAD = 24, /* version, inputs, outputs, reserved: u32 each; fence u64 */
    MARK_BYTES = 24,
    EDGE_BYTES = 16,                /* topic hash u64, partition u32, count u32 */
    FRAMES_TOTAL = 4 * 1024 * 1024, /* raw frames of all outputs of a task together */
    FRAME_LEAST = 32 * 1024,
};

static const char record_key[] = "cembedded"; /* MR_SPACE_COMMIT and a name */

struct lane {
    struct mr_log_reader *reader;
    uint32_t in, lane;
    bool held;
    bool beyond; /* the next row lies behind the limit */
    uint64_t limit;
    struct mr_mark committed;
};

/* An output's partition. Opened when it holds rows or gets its first one. */
struct port {
    struct mr_log_writer *writer;
    uint32_t out, partition;
    struct mr_mark committed;
};

struct embedded {
    struct mr_log base;
    char *topics, *task;
    struct mr_log_spec spec; /* its pointers are this handle's own copies */
    struct mr_log_in *ins;
    struct mr_log_out *outs;
    struct lane *lanes;
    struct port *ports;
    uint32_t lane_count, port_count, *first_port; /* first_port[out] */
    uint32_t turn;                                /* the lane to ask first */
    struct lane *loaded;
    uint64_t fence;
    size_t pending;
    struct mr_buf pack, unpack; /* shared by all writers, and by all readers */
    struct mr_buf record;
    uint64_t bytes_in, bytes_out, syncs;
    enum mr_code broken;
};

static struct embedded *self(struct mr_log *log)
{
    return (struct embedded *)log;
}

static struct mr_error *fail(struct embedded *l, struct mr_error *e)
{
    if (e)
        l->broken = mr_error_code(e);
    return e;
}

static struct mr_error *still_whole(const struct embedded *l)
{
    return l->broken ? mr_error(l->broken, "task \"%s\" failed before", l->task) : NULL;
}

/* ---- the commit record: fence, then each input and output with its marks ---- */

static void put_mark(uint8_t *at, const struct mr_mark *m)
{
    mr_log__put64(at, m->pos);
    mr_log__put64(at + 8, m->n);
    mr_log__put64(at + 16, m->hash);
}

static struct mr_mark get_mark(const uint8_t *at)
{
    return (struct mr_mark){mr_log__get64(at), mr_log__get64(at + 8), mr_log__get64(at + 16)};
}

static void put_edge(uint8_t *at, struct mr_str topic, uint32_t partition, uint32_t count)
{
    mr_log__put64(at, mr_hash64(topic.ptr, topic.len, 0));
    mr_log__put32(at + 8, partition);
    mr_log__put32(at + 12, count);
}

static size_t record_size(const struct embedded *l)
{
    return RECORD_HEAD + (size_t)EDGE_BYTES * (l->spec.in_count + l->spec.out_count) +
           (size_t)MARK_BYTES * (l->lane_count + l->port_count);
}

/* The record but for its marks: what must be equal for state and plan to belong together. */
static uint8_t *begin_record(struct embedded *l)
{
    l->record.len = 0;
    mr_buf_reserve(&l->record, record_size(l));
    l->record.len = record_size(l);
    uint8_t *at = (uint8_t *)l->record.ptr;
    memset(at, 0, RECORD_HEAD);
    mr_log__put32(at, RECORD_VERSION);
    mr_log__put32(at + 4, l->spec.in_count);
    mr_log__put32(at + 8, l->spec.out_count);
    mr_log__put64(at + 16, l->fence);
    at += RECORD_HEAD;
    for (uint32_t i = 0; i < l->spec.in_count; i++, at += EDGE_BYTES)
        put_edge(at, l->ins[i].topic, l->ins[i].partition, l->ins[i].lanes);
    for (uint32_t i = 0; i < l->spec.out_count; i++, at += EDGE_BYTES)
        put_edge(at, l->outs[i].topic, 0, l->outs[i].partitions);
    return at;
}

static void put_record(struct embedded *l)
{
    uint8_t *at = begin_record(l);
    for (uint32_t i = 0; i < l->lane_count; i++, at += MARK_BYTES) {
        struct mr_mark m = mr_log_reader_mark(l->lanes[i].reader);
        put_mark(at, &m);
    }
    for (uint32_t i = 0; i < l->port_count; i++, at += MARK_BYTES) {
        const struct port *p = &l->ports[i];
        struct mr_mark m = p->writer ? mr_log_writer_end(p->writer) : p->committed;
        put_mark(at, &m);
    }
    mr_store_put(l->spec.store, mr_str_of(record_key), mr_buf_str(&l->record));
}

static struct mr_error *read_record(struct embedded *l)
{
    struct mr_buf b = {0};
    struct mr_error *e = NULL;
    bool found;
    MR_TRY(mr_store_get(l->spec.store, mr_str_of(record_key), &b, &found));
    const uint8_t *stored = (const uint8_t *)b.ptr;
    size_t size = record_size(l), edges = EDGE_BYTES * (l->spec.in_count + l->spec.out_count);
    if (!found) {
        mr_buf_finish(&b);
        return NULL;
    }
    if (b.len >= 4 && mr_log__get32(stored) != RECORD_VERSION)
        e = mr_error(MR_STORE_VERSION,
                     "commit record of \"%s\" has format %u, this program reads %d", l->task,
                     (unsigned)mr_log__get32(stored), RECORD_VERSION);
    else if (b.len < RECORD_HEAD)
        e = mr_error(MR_STORE_FAILED, "commit record of \"%s\" has %zu bytes", l->task, b.len);
    else if (begin_record(l),
             b.len != size || memcmp(stored + 4, l->record.ptr + 4, 8) != 0 ||
                 memcmp(stored + RECORD_HEAD, l->record.ptr + RECORD_HEAD, edges) != 0)
        e = mr_error(MR_PLAN_INVALID, "the state of \"%s\" belongs to other inputs or outputs",
                     l->task);
    if (!e) {
        l->fence = mr_log__get64(stored + 16);
        const uint8_t *at = stored + RECORD_HEAD + edges;
        for (uint32_t i = 0; i < l->lane_count; i++, at += MARK_BYTES)
            l->lanes[i].committed = get_mark(at);
        for (uint32_t i = 0; i < l->port_count; i++, at += MARK_BYTES)
            l->ports[i].committed = get_mark(at);
    }
    mr_buf_finish(&b);
    return e;
}

/* ---- rows in ---- */

static bool at_limit(const struct lane *lane)
{
    return lane->beyond || mr_log_reader_mark(lane->reader).n >= lane->limit;
}

static struct mr_error *embedded_next(struct mr_log *log, bool *any)
{
    struct embedded *l = self(log);
    *any = false;
    MR_TRY(still_whole(l));
    if (l->loaded && mr_log__reader_left(l->loaded->reader) && !at_limit(l->loaded)) {
        *any = true;
        return NULL;
    }
    if (l->loaded && mr_log__reader_left(l->loaded->reader))
        mr_log__reader_put_down(l->loaded->reader);
    l->loaded = NULL;
    for (uint32_t i = 0; i < l->lane_count; i++) {
        struct lane *lane = &l->lanes[(l->turn + i) % l->lane_count];
        uint32_t rows;
        if (lane->held || at_limit(lane))
            continue;
        MR_TRY(fail(l, mr_log_reader_next(lane->reader, &rows)));
        if (!rows)
            continue;
        l->turn = (l->turn + i + 1) % l->lane_count;
        l->loaded = lane;
        l->bytes_in += mr_log__reader_frame_bytes(lane->reader);
        *any = true;
        return NULL;
    }
    return NULL;
}

static struct mr_error *embedded_row(struct mr_log *log, struct mr_log_row *out, bool *found)
{
    struct embedded *l = self(log);
    *found = false;
    if (!l->loaded)
        return still_whole(l);
    out->in = l->loaded->in;
    out->lane = l->loaded->lane;
    out->time_ms = mr_log_reader_time(l->loaded->reader);
    if (at_limit(l->loaded))
        return still_whole(l);
    MR_TRY(fail(l, mr_log_reader_row(l->loaded->reader, &out->head, &out->map, found)));
    if (*found && out->head.n > l->loaded->limit) {
        /* A trimmed log began behind the limit. */
        mr_log_reader_back(l->loaded->reader);
        l->loaded->beyond = true;
        *found = false;
    }
    return NULL;
}

static struct lane *find_lane(const struct embedded *l, uint32_t in, uint32_t lane)
{
    for (uint32_t i = 0; i < l->lane_count; i++)
        if (l->lanes[i].in == in && l->lanes[i].lane == lane)
            return &l->lanes[i];
    return NULL;
}

static void embedded_limit(struct mr_log *log, uint32_t in, uint32_t number, uint64_t n)
{
    struct lane *lane = find_lane(self(log), in, number);
    mr_assert(lane);
    lane->limit = n;
    lane->beyond = false;
}

static uint64_t embedded_taken(const struct mr_log *log, uint32_t in, uint32_t number,
                               bool *limited)
{
    const struct lane *lane = find_lane((const struct embedded *)log, in, number);
    mr_assert(lane);
    *limited = at_limit(lane);
    return mr_log_reader_mark(lane->reader).n;
}

static void embedded_hold(struct mr_log *log, uint32_t in, uint32_t lane, bool hold)
{
    struct lane *found = find_lane(self(log), in, lane);
    if (found)
        found->held = hold;
}

static void embedded_back(struct mr_log *log)
{
    mr_log_reader_back(self(log)->loaded->reader);
}

/* ---- rows out ---- */

static size_t frame_bytes(const struct embedded *l)
{
    if (l->spec.frame_bytes || l->port_count == 0)
        return l->spec.frame_bytes;
    size_t share = FRAMES_TOTAL / l->port_count;
    if (share >= MR_FRAME_DEFAULT)
        return MR_FRAME_DEFAULT;
    return share < FRAME_LEAST ? FRAME_LEAST : share;
}

static struct mr_error *open_port(struct embedded *l, struct port *p)
{
    struct mr_log_place place = {l->topics, l->outs[p->out].topic, p->partition, l->spec.lane};
    struct mr_log_writer_options o = {
        .codec = l->spec.codec,
        .frame_bytes = frame_bytes(l),
        .segment_bytes = l->spec.segment_bytes,
        .lane_label = l->spec.lane_label,
        .fence = l->fence,
        .bells = l->spec.bells,
        .bell = l->spec.bell,
        .no_sync = l->spec.no_sync,
    };
    MR_TRY(mr_log_writer_open(&place, p->committed, &o, &p->writer));
    mr_log__writer_scratch(p->writer, &l->pack);
    return NULL;
}

static struct mr_error *embedded_append(struct mr_log *log, uint32_t out, uint32_t partition,
                                        struct mr_head *head, const void *map, size_t len)
{
    struct embedded *l = self(log);
    MR_TRY(still_whole(l));
    mr_assert(out < l->spec.out_count && partition < l->outs[out].partitions);
    struct port *p = &l->ports[l->first_port[out] + partition];
    if (!p->writer)
        MR_TRY(fail(l, open_port(l, p)));
    struct mr_error *e = mr_log_writer_append(p->writer, head, map, len);
    if (e)
        return mr_error_code(e) == MR_ROW_TOO_LARGE ? mr_error_row(e) : fail(l, e);
    l->pending += MR_FRAME_ROW_HEAD + len;
    return NULL;
}

static bool embedded_full(struct mr_log *log)
{
    const struct embedded *l = self(log);
    for (uint32_t i = 0; i < l->port_count; i++) {
        const struct port *p = &l->ports[i];
        uint64_t bound = l->outs[p->out].bound_bytes;
        if (bound && p->writer && mr_log_writer_unread(p->writer) > bound)
            return true;
    }
    return false;
}

static size_t embedded_pending(const struct mr_log *log)
{
    return ((const struct embedded *)log)->pending;
}

/* ---- commit ---- */

static bool port_dirty(const struct port *p)
{
    return p->writer && mr_log_writer_dirty(p->writer);
}

/* With several outputs all disks begin before the first is waited for. */
static struct mr_error *sync_outputs(struct embedded *l, uint32_t *dirty)
{
    *dirty = 0;
    for (uint32_t i = 0; i < l->port_count; i++)
        *dirty += port_dirty(&l->ports[i]);
    for (uint32_t i = 0; i<l->port_count && * dirty> 1; i++)
        if (port_dirty(&l->ports[i]))
            MR_TRY(mr_log__writer_start(l->ports[i].writer));
    for (uint32_t i = 0; i < l->port_count; i++)
        if (port_dirty(&l->ports[i]))
            MR_TRY(mr_log_writer_sync(l->ports[i].writer));
    l->syncs += *dirty;
    return NULL;
}

static bool mark_eq(struct mr_mark a, struct mr_mark b)
{
    return a.pos == b.pos && a.n == b.n && a.hash == b.hash;
}

static bool inputs_moved(const struct embedded *l)
{
    for (uint32_t i = 0; i < l->lane_count; i++)
        if (!mark_eq(mr_log_reader_mark(l->lanes[i].reader), l->lanes[i].committed))
            return true;
    return false;
}

static void publish(struct embedded *l)
{
    for (uint32_t i = 0; i < l->port_count; i++) {
        struct port *p = &l->ports[i];
        if (!port_dirty(p))
            continue;
        mr_log_writer_publish(p->writer);
        p->committed = mr_log_writer_end(p->writer);
    }
    for (uint32_t i = 0; i < l->lane_count; i++) {
        struct lane *lane = &l->lanes[i];
        struct mr_mark m = mr_log_reader_mark(lane->reader);
        if (mark_eq(m, lane->committed))
            continue;
        lane->committed = m;
        mr_log_reader_commit(lane->reader, m);
    }
}

static struct mr_error *embedded_commit(struct mr_log *log)
{
    struct embedded *l = self(log);
    uint32_t dirty;
    MR_TRY(still_whole(l));
    MR_TRY(fail(l, sync_outputs(l, &dirty)));
    if (!dirty && !inputs_moved(l) && mr_store_pending_entries(l->spec.store) == 0)
        return NULL;
    put_record(l);
    MR_TRY(fail(l, mr_store_commit(l->spec.store)));
    l->syncs++;
    publish(l);
    l->bytes_out += l->pending;
    l->pending = 0;
    return NULL;
}

/* ---- open and close ---- */

static void embedded_close(struct mr_log *log)
{
    struct embedded *l = self(log);
    for (uint32_t i = 0; i < l->lane_count; i++)
        mr_log_reader_close(l->lanes[i].reader);
    for (uint32_t i = 0; i < l->port_count; i++)
        mr_log_writer_close(l->ports[i].writer);
    for (uint32_t i = 0; i < l->spec.in_count; i++)
        free((char *)l->ins[i].topic.ptr);
    for (uint32_t i = 0; i < l->spec.out_count; i++)
        free((char *)l->outs[i].topic.ptr);
    mr_buf_finish(&l->pack);
    mr_buf_finish(&l->unpack);
    mr_buf_finish(&l->record);
    free(l->first_port);
    free(l->lanes);
    free(l->ports);
    free(l->ins);
    free(l->outs);
    free(l->topics);
    free(l->task);
    free(l);
}

static const struct mr_log_ops embedded_ops = {
    .next = embedded_next,
    .row = embedded_row,
    .back = embedded_back,
    .append = embedded_append,
    .full = embedded_full,
    .pending = embedded_pending,
    .commit = embedded_commit,
    .hold = embedded_hold,
    .limit = embedded_limit,
    .taken = embedded_taken,
    .close = embedded_close,
};

static struct mr_str copy_str(struct mr_str s)
{
    char *ptr = mr_alloc(s.len + 1);
    if (s.len)
        memcpy(ptr, s.ptr, s.len);
    ptr[s.len] = 0;
    return mr_str_span(ptr, s.len);
}

static void lay_out_inputs(struct embedded *l, const struct mr_log_spec *spec)
{
    l->ins = mr_zalloc(spec->in_count * sizeof(*l->ins));
    for (uint32_t i = 0; i < spec->in_count; i++) {
        l->ins[i] = spec->ins[i];
        l->ins[i].topic = copy_str(spec->ins[i].topic);
        l->lane_count += spec->ins[i].lanes;
    }
    l->lanes = mr_zalloc(l->lane_count * sizeof(*l->lanes));
    struct lane *lane = l->lanes;
    for (uint32_t i = 0; i < spec->in_count; i++)
        for (uint32_t k = 0; k < spec->ins[i].lanes; k++, lane++)
            *lane = (struct lane){.in = i, .lane = k, .limit = UINT64_MAX};
}

static void lay_out_outputs(struct embedded *l, const struct mr_log_spec *spec)
{
    l->outs = mr_zalloc(spec->out_count * sizeof(*l->outs));
    l->first_port = mr_zalloc(spec->out_count * sizeof(*l->first_port));
    for (uint32_t i = 0; i < spec->out_count; i++) {
        l->outs[i] = spec->outs[i];
        l->outs[i].topic = copy_str(spec->outs[i].topic);
        l->first_port[i] = l->port_count;
        l->port_count += spec->outs[i].partitions;
    }
    l->ports = mr_zalloc(l->port_count * sizeof(*l->ports));
    struct port *port = l->ports;
    for (uint32_t i = 0; i < spec->out_count; i++)
        for (uint32_t k = 0; k < spec->outs[i].partitions; k++, port++)
            *port = (struct port){.out = i, .partition = k};
}

static struct embedded *create(const struct mr_log_spec *spec)
{
    struct embedded *l = mr_zalloc(sizeof(*l));
    l->base.ops = &embedded_ops;
    l->spec = *spec;
    l->topics = mr_strdup(spec->topics);
    l->task = (char *)copy_str(spec->task).ptr;
    lay_out_inputs(l, spec);
    lay_out_outputs(l, spec);
    l->spec.topics = l->topics;
    l->spec.ins = l->ins;
    l->spec.outs = l->outs;
    return l;
}

static struct mr_error *open_lane(struct embedded *l, struct lane *lane)
{
    const struct mr_log_in *in = &l->ins[lane->in];
    struct mr_log_place place = {l->topics, in->topic, in->partition, lane->lane};
    MR_TRY(
        mr_log_reader_open(&place, l->spec.reader, l->spec.bell, lane->committed, &lane->reader));
    mr_log_reader_bells(lane->reader, l->spec.bells);
    mr_log__reader_scratch(lane->reader, &l->unpack);
    bool begun = lane->committed.pos > 0 || lane->committed.n > 0;
    if (l->spec.whole && !begun && mr_log_reader_mark(lane->reader).pos > 0)
        return mr_error(
            MR_LOG_TRIMMED,
            "task \"%s\" has not begun to read \"%.*s\", whose first rows are no longer "
            "kept",
            l->task, MR_FMT(in->topic));
    return NULL;
}

static struct mr_error *recover(struct embedded *l)
{
    MR_TRY(read_record(l));
    for (uint32_t i = 0; i < l->lane_count; i++)
        MR_TRY(open_lane(l, &l->lanes[i]));
    /* The new fence is decided before any output is opened with it: a process that dies between the
     * two leaves a number that nobody uses again. */
    l->fence++;
    put_record(l);
    MR_TRY(mr_store_commit(l->spec.store));
    l->syncs++;
    /* What holds rows is opened now, so that a decided end which was not yet published is. */
    for (uint32_t i = 0; i < l->port_count; i++)
        if (l->ports[i].committed.n)
            MR_TRY(open_port(l, &l->ports[i]));
    return NULL;
}

struct mr_error *mr_log_open_embedded(const struct mr_log_spec *spec, struct mr_log **out)
{
    mr_assert(spec->reader != 0);
    if (mr_store_pending_entries(spec->store))
        return mr_error(MR_BUG, "the state of \"%.*s\" was changed before its log was open",
                        MR_FMT(spec->task));
    struct embedded *l = create(spec);
    struct mr_error *e = recover(l);
    if (e) {
        e = mr_error_wrap(e, "opening the log of \"%s\"", l->task);
        embedded_close(&l->base);
        return e;
    }
    *out = &l->base;
    return NULL;
}

void mr_log_embedded_figures(const struct mr_log *log, struct mr_log_figures *out)
{
    const struct embedded *l = (const struct embedded *)log;
    *out = (struct mr_log_figures){
        .bytes_in = l->bytes_in, .bytes_out = l->bytes_out + l->pending, .syncs = l->syncs};
    for (uint32_t i = 0; i < l->lane_count; i++) {
        out->lag_bytes += mr_log_reader_lag_bytes(l->lanes[i].reader);
        out->repeats += mr_log_reader_repeats(l->lanes[i].reader);
    }
}
