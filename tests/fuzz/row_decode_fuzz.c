/* Fuzz target: any bytes as a row. What decodes encodes to the same bytes and stands all calls. */
#include "runtime/row/json.h"
#include "runtime/row/row.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void use_fields(const struct mr_row *row, struct mr_buf *out)
{
    for (uint32_t i = 0; i < row->count; i++) {
        struct mr_value v = row->fields[i].value, item;
        out->len = 0;
        mr_row_partition_key(v, out);
        enum mr_type type = mr_value_type(v);
        if (type & MR_NUMBER)
            (void)mr_value_real(v);
        if (type == MR_LIST || type == MR_MAP) {
            struct mr_walk w;
            uint64_t count = 0;
            mr_walk_begin(&w, v);
            while (mr_walk_next(&w, &item))
                count++;
            mr_assert(count == (uint64_t)mr_value_count(v) << (type == MR_MAP));
        }
    }
}

/* Edits on a copy: what comes out must again be a row. */
static void edit(const struct mr_row *row, struct mr_buf *out)
{
    struct mr_row copy, again;
    mr_row_copy(&copy, row);
    mr_row_put_text(&copy, 0, MR_STR("new"));
    mr_row_drop_field(&copy, 1);
    mr_row_rename_field(&copy, 2, 1);
    if (row->count)
        mr_row_drop_named(&copy, row->fields[row->count / 2].name);
    out->len = 0;
    mr_row_encode(&copy, out);
    mr_assert(out->len == mr_row_encoded_size(&copy));
    mr_assert(!mr_row_decode(&again, row->names, row->arena, &row->head, out->ptr, out->len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct mr_names *names;
    static struct mr_arena *arena;
    if (!names) {
        names = mr_names_create();
        mr_names_add(names, MR_STR("a"));
        mr_names_add(names, MR_STR("b"));
        mr_names_add(names, MR_STR("text"));
        arena = mr_arena_create(0);
    }
    struct mr_head head = {0};
    struct mr_row row;
    struct mr_buf out = {0};
    if (size >= MR_HEAD_BYTES && mr_head_decode(data, &head)) {
        uint8_t same[MR_HEAD_BYTES];
        mr_head_encode(&head, same);
        mr_assert(memcmp(same, data, MR_HEAD_BYTES - 4) == 0);
    }
    struct mr_error *e = mr_row_decode(&row, names, arena, &head, data, size);
    if (!e) {
        mr_row_encode(&row, &out);
        mr_assert(out.len == size && memcmp(out.ptr, data, size) == 0);
        out.len = 0;
        mr_json_write_value((struct mr_value){data, (uint32_t)size}, &out);
        mr_assert(mr_utf8_valid(mr_buf_str(&out)));
        use_fields(&row, &out);
        edit(&row, &out);
    }
    mr_error_free(e);
    mr_buf_finish(&out);
    mr_arena_reset(arena);
    return 0;
}
