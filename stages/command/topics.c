/* `millrace topics ls|stat|cat`: looks into the topics of a pipeline as a passive reader, which
 * holds back neither writers nor retention; works while it runs and afterwards. */
#include "runtime/log/partition.h"
#include "runtime/row/json.h"
#include "stages/command/command.h"
#include "stages/look/topic_ref.h"
#include "stages/supervise/home.h"
#include "stages/supervise/totals.h"

struct options {
    struct mr_str state, partition;
    uint64_t from, limit;
    bool json, head, hash;
};

/* A pipeline opened for looking. */
struct view {
    const struct options *o;
    struct mr_browse browse;
    const struct mr_plan *plan; /* of the epoch meant */
    uint64_t rows_left;
    struct mr_buf text;
};

static void close_view(struct view *v)
{
    if (v->plan)
        mr_browse_close(&v->browse);
    mr_buf_finish(&v->text);
}

static struct mr_log_place place_of(const struct view *v, const struct mr_plan_topic *topic,
                                    uint32_t partition, uint32_t lane)
{
    return (struct mr_log_place){v->browse.topics.ptr, topic->name, partition, lane};
}

/* A lane that nobody has written yet is empty, not an error. */
static struct mr_log_stat stat_of(const struct view *v, const struct mr_plan_topic *topic,
                                  uint32_t partition, uint32_t lane)
{
    struct mr_log_place place = place_of(v, topic, partition, lane);
    struct mr_log_stat stat = {.slowest_reader_pos = UINT64_MAX};
    mr_error_free(mr_log_stat(&place, &stat));
    return stat;
}

static struct mr_log_stat sum_of(const struct view *v, const struct mr_plan_topic *topic)
{
    struct mr_log_stat sum = {0};
    for (uint32_t p = 0; p < topic->partitions; p++)
        for (uint32_t l = 0; l < topic->lanes; l++) {
            struct mr_log_stat one = stat_of(v, topic, p, l);
            sum.rows += one.rows;
            sum.bytes_on_disk += one.bytes_on_disk;
            sum.segments += one.segments;
            if (one.readers > sum.readers)
                sum.readers = one.readers;
        }
    return sum;
}

static void add_uint(struct mr_json_out *j, const char *name, uint64_t value)
{
    mr_json_key(j, name);
    mr_json_uint(j, value);
}

static void list_json(const struct view *v, struct mr_json_out *j)
{
    mr_json_begin_array(j);
    for (size_t i = 0; i < v->plan->topic_count; i++) {
        const struct mr_plan_topic *topic = &v->plan->topics[i];
        struct mr_log_stat sum = sum_of(v, topic);
        mr_json_begin_object(j);
        mr_json_key(j, "topic");
        mr_json_text(j, topic->name);
        mr_json_key(j, "stage");
        mr_json_text(j, v->plan->stages[topic->stage].id);
        add_uint(j, "partitions", topic->partitions);
        add_uint(j, "lanes", topic->lanes);
        add_uint(j, "rows", sum.rows);
        add_uint(j, "bytes_on_disk", sum.bytes_on_disk);
        mr_json_key(j, "record");
        mr_json_bool(j, topic->record);
        mr_json_end_object(j);
    }
    mr_json_end_array(j);
}

static void list_text(const struct view *v, struct mr_buf *out)
{
    mr_buf_printf(out, "%-44s %10s %6s %14s %12s\n", "topic", "partitions", "lanes",
                  "rows and ends", "disk");
    for (size_t i = 0; i < v->plan->topic_count; i++) {
        const struct mr_plan_topic *topic = &v->plan->topics[i];
        struct mr_log_stat sum = sum_of(v, topic);
        struct mr_buf rows = {0}, bytes = {0};
        mr_table_count(sum.rows, &rows);
        mr_table_bytes(sum.bytes_on_disk, &bytes);
        mr_buf_printf(out, "%-44.*s %10u %6u %14s %12s\n", MR_FMT(topic->name), topic->partitions,
                      topic->lanes, mr_buf_text(&rows), mr_buf_text(&bytes));
        mr_buf_finish(&rows);
        mr_buf_finish(&bytes);
    }
}

static enum mr_exit run_list(const struct mr_call *call)
{
    struct view v = {0};
    struct mr_str wanted = call->arg_count ? call->args[0] : (struct mr_str){0};
    uint32_t epoch;
    v.o = call->options;
    struct mr_error *e =
        mr_topic_open_pipeline(&v.browse, v.o->state, wanted, call->arena, &epoch);
    v.plan = e ? NULL : v.browse.plan;
    if (!e && v.o->json) {
        struct mr_json_out j = {0};
        list_json(&v, &j);
        mr_print_json(&j);
        mr_buf_finish(&j.text);
    } else if (!e) {
        list_text(&v, &v.text);
        mr_print(&v.text);
    }
    close_view(&v);
    return e ? mr_fail(e) : MR_EXIT_OK;
}

static struct mr_error *open_topic(struct view *v, const struct mr_call *call,
                                   const struct mr_plan_topic **out)
{
    int topic;
    v->o = call->options;
    MR_TRY(mr_topic_open(&v->browse, v->o->state, call->args[0], call->arena, &topic));
    v->plan = v->browse.plan;
    *out = &v->plan->topics[topic];
    return NULL;
}

static struct mr_error *chosen_partitions(const struct options *o, const struct mr_plan_topic *topic,
                                          uint32_t *first, uint32_t *end)
{
    uint64_t one;
    *first = 0;
    *end = topic->partitions;
    if (!o->partition.len)
        return NULL;
    if (!mr_str_to_uint(o->partition, &one) || one >= topic->partitions)
        return mr_error(MR_USAGE, "\"%.*s\" has partitions 0 to %u, not \"%.*s\"",
                        MR_FMT(topic->name), topic->partitions - 1, MR_FMT(o->partition));
    *first = (uint32_t)one;
    *end = *first + 1;
    return NULL;
}

static void stat_lane(struct view *v, const struct mr_plan_topic *topic, uint32_t p, uint32_t l,
                      struct mr_json_out *j)
{
    struct mr_log_stat stat = stat_of(v, topic, p, l);
    bool read = stat.slowest_reader_pos != UINT64_MAX;
    uint64_t unread = read && stat.end_pos > stat.slowest_reader_pos
                          ? stat.end_pos - stat.slowest_reader_pos
                          : 0;
    if (!v->o->json) {
        mr_buf_printf(&v->text, "%9u %5u %12llu %12llu %14llu %8llu %7u %14llu\n", p, l,
                      (unsigned long long)stat.rows, (unsigned long long)stat.first_n,
                      (unsigned long long)stat.bytes_on_disk, (unsigned long long)stat.segments,
                      stat.readers, (unsigned long long)unread);
        return;
    }
    mr_json_begin_object(j);
    add_uint(j, "partition", p);
    add_uint(j, "lane", l);
    add_uint(j, "rows", stat.rows);
    add_uint(j, "first_n", stat.first_n);
    add_uint(j, "bytes_on_disk", stat.bytes_on_disk);
    add_uint(j, "start_pos", stat.start_pos);
    add_uint(j, "end_pos", stat.end_pos);
    add_uint(j, "segments", stat.segments);
    add_uint(j, "readers", stat.readers);
    add_uint(j, "unread_bytes", unread);
    mr_json_end_object(j);
}

static struct mr_error *add_content(void *arg, const struct mr_browse_row *row, bool *stop)
{
    (void)stop;
    mr_content_add(arg, &row->head.id, row->map);
    return NULL;
}

/* Of the whole topic, whatever its partitions: equal where two topics hold the same rows. */
static enum mr_exit print_hash(struct view *v, const struct mr_plan_topic *topic)
{
    struct mr_content sum = {0};
    struct mr_json_out j = {0};
    char hex[MR_ID_HEX_LEN + 1];
    struct mr_error *e =
        mr_browse_topic(&v->browse, (int)(topic - v->plan->topics), add_content, &sum);
    mr_content_hex(&sum, hex);
    if (!e && v->o->json) {
        mr_json_begin_object(&j);
        mr_json_key(&j, "topic");
        mr_json_text(&j, topic->name);
        mr_json_key(&j, "content");
        mr_json_textz(&j, hex);
        mr_json_end_object(&j);
        mr_print_json(&j);
    } else if (!e) {
        mr_buf_printf(&j.text, "%.*s  content %s\n", MR_FMT(topic->name), hex);
        mr_print(&j.text);
    }
    mr_buf_finish(&j.text);
    return e ? mr_fail(e) : MR_EXIT_OK;
}

static enum mr_exit run_stat(const struct mr_call *call)
{
    struct view v = {0};
    const struct mr_plan_topic *topic = NULL;
    uint32_t first = 0, end = 0;
    struct mr_json_out j = {0};
    struct mr_error *e = open_topic(&v, call, &topic);
    if (!e)
        e = chosen_partitions(v.o, topic, &first, &end);
    if (!e && v.o->hash) {
        enum mr_exit code = print_hash(&v, topic);
        close_view(&v);
        return code;
    }
    if (!e && !v.o->json)
        mr_buf_printf(&v.text, "%9s %5s %12s %12s %14s %8s %7s %14s\n", "partition", "lane", "rows",
                      "first n", "bytes", "segments", "readers", "unread bytes");
    mr_json_begin_array(&j);
    for (uint32_t p = first; !e && p < end; p++)
        for (uint32_t l = 0; l < topic->lanes; l++)
            stat_lane(&v, topic, p, l, &j);
    mr_json_end_array(&j);
    if (!e && v.o->json)
        mr_print_json(&j);
    else if (!e)
        mr_print(&v.text);
    mr_buf_finish(&j.text);
    close_view(&v);
    return e ? mr_fail(e) : MR_EXIT_OK;
}

static void add_text(struct mr_buf *out, const char *name, const char *hex)
{
    mr_buf_printf(out, "\"%s\":\"%s\",", name, hex);
}

/* {"id":…,"n":…,"lane":…,"row":{…}} */
static void add_row(struct view *v, const struct mr_head *head, struct mr_str map)
{
    struct mr_value value = {(const uint8_t *)map.ptr, (uint32_t)map.len};
    char hex[MR_ID_HEX_LEN + 1];
    if (v->o->head) {
        mr_id_hex(&head->id, hex);
        mr_buf_addc(&v->text, '{');
        add_text(&v->text, "id", hex);
        mr_id_hex(&head->parent, hex);
        add_text(&v->text, "parent", hex);
        mr_buf_printf(&v->text, "\"n\":%llu,\"lane\":%u,\"run\":%u,", (unsigned long long)head->n,
                      head->lane, head->run);
        mr_buf_printf(&v->text, "\"place\":[%u,%u,%u,%u,%u],\"row\":", head->place.source,
                      head->place.file, head->place.record, head->place.sub[0], head->place.sub[1]);
    }
    mr_json_write_value(value, &v->text);
    mr_buf_addz(&v->text, v->o->head ? "}\n" : "\n");
    if (v->text.len > 65536) {
        mr_print(&v->text);
        v->text.len = 0;
    }
}

static struct mr_error *cat_frame(struct view *v, struct mr_log_reader *reader)
{
    for (bool found = true; v->rows_left;) {
        struct mr_head head;
        struct mr_str map;
        MR_TRY(mr_log_reader_row(reader, &head, &map, &found));
        if (!found)
            break;
        if (head.kind != MR_KIND_ROW || head.n < v->o->from)
            continue;
        add_row(v, &head, map);
        v->rows_left--;
    }
    return NULL;
}

static struct mr_error *cat_lane(struct view *v, const struct mr_log_place *place)
{
    struct mr_log_stat stat = {0};
    struct mr_error *e = mr_log_stat(place, &stat);
    if (e || v->o->from >= stat.first_n + stat.rows) {
        mr_error_free(e); /* nobody has written it yet, or not that far */
        return NULL;
    }
    struct mr_log_reader *reader = NULL;
    e = mr_log_reader_open(place, 0, MR_BELL_NONE, (struct mr_mark){0}, &reader);
    if (!e && v->o->from > stat.first_n)
        e = mr_log_reader_seek(reader, v->o->from);
    for (uint32_t rows = 1; !e && rows && v->rows_left;) {
        e = mr_log_reader_next(reader, &rows);
        if (!e && rows)
            e = cat_frame(v, reader);
    }
    mr_log_reader_close(reader);
    return e;
}

static enum mr_exit run_cat(const struct mr_call *call)
{
    struct view v = {0};
    const struct mr_plan_topic *topic = NULL;
    uint32_t first = 0, end = 0;
    struct mr_error *e = open_topic(&v, call, &topic);
    if (!e)
        e = chosen_partitions(v.o, topic, &first, &end);
    if (!e)
        v.rows_left = v.o->limit ? v.o->limit : UINT64_MAX;
    for (uint32_t p = first; !e && p < end; p++)
        for (uint32_t l = 0; l < topic->lanes && !e && v.rows_left; l++) {
            struct mr_log_place place = place_of(&v, topic, p, l);
            e = cat_lane(&v, &place);
        }
    mr_print(&v.text);
    close_view(&v);
    return e ? mr_fail(e) : MR_EXIT_OK;
}

static const struct mr_option list_options[] = {
    MR_OPTION_STATE(struct options),
    MR_OPTION_JSON(struct options),
    {0},
};

#define PARTITION_OPTION                                                                 \
    {.name = "partition", MR_OPTION(struct options, partition), .value = "P",            \
     .doc = "Only this partition."}

static const struct mr_option stat_options[] = {
    PARTITION_OPTION,
    {.name = "hash", MR_OPTION(struct options, hash),
     .doc = "Print the content hash of the whole topic, as `dataset show` does of a sink."},
    MR_OPTION_STATE(struct options),
    MR_OPTION_JSON(struct options),
    {0},
};

static const struct mr_option cat_options[] = {
    PARTITION_OPTION,
    {.name = "from", MR_OPTION(struct options, from), .value = "N",
     .doc = "Begin at the N-th row of each lane."},
    {.name = "limit", .letter = 'n', MR_OPTION(struct options, limit), .value = "N",
     .least = 1, .doc = "Print at most N rows."},
    {.name = "head", MR_OPTION(struct options, head),
     .doc = "Print id, lineage and place around each row."},
    MR_OPTION_STATE(struct options),
    MR_OPTION_JSON(struct options),
    {0},
};

static const struct mr_command list_command = {
    .name = "ls",
    .arguments = "[PIPELINE|TOPOLOGY][@EPOCH]",
    .max_args = 1,
    .doc = "List the topics of a pipeline with rows and size.",
    .notes = "Each lane's end marker of a run counts as a row.",
    .options_size = sizeof(struct options),
    .options = list_options,
    .run = run_list,
};

static const struct mr_command stat_command = {
    .name = "stat",
    .arguments = "TOPIC",
    .min_args = 1,
    .max_args = 1,
    .doc = "Show the partitions and lanes of a topic.",
    .notes = "The end marker of a run counts as a row.",
    .options_size = sizeof(struct options),
    .options = stat_options,
    .run = run_stat,
};

static const struct mr_command cat_command = {
    .name = "cat",
    .arguments = "TOPIC",
    .min_args = 1,
    .max_args = 1,
    .doc = "Print a topic's rows as JSON lines.",
    .notes = "TOPIC is the whole name, or STAGE, or STAGE.OUTPUT; with several pipelines in the state\n"
             "folder, PIPELINE. stands before it. @EPOCH behind it names another epoch than the\n"
             "current one.",
    .options_size = sizeof(struct options),
    .options = cat_options,
    .run = run_cat,
};

extern const struct mr_command mr_command_topics_diff; /* diff.c */
static const struct mr_command *const subs[] = {&list_command, &stat_command, &cat_command,
                                                &mr_command_topics_diff, NULL};

const struct mr_command mr_command_topics = {
    .name = "topics",
    .doc = "Look into the topics between stages.",
    .subs = subs,
};
