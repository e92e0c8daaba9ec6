/* rows.top_k - keep the rows with the greatest or least numbers of the whole set. */
#include "runtime/op/op.h"

struct params {
    int64_t k;
    int keep;
};
enum { BY, RANK };
enum { LARGEST, SMALLEST }; /* order of the choices */
enum { BELOW_TOP };

static const struct mr_param param_table[] = {
    {MR_FIELD(struct params, k), .min = "1", .unit = "rows", .doc = "Rows kept of each set."},
    {MR_FIELD(struct params, keep), .def = "largest", .choices = "largest|smallest",
     .doc = "Which end of the order is kept."},
    {0}};
static const struct mr_key key_table[] = {
    [BY] = {.name = "input_key", .access = MR_READ, .types = MR_NUMBER,
            .doc = "Number that rows are ranked by; of equal ones the first rows win."},
    [RANK] = {.name = "rank_key", .access = MR_WRITE, .types = MR_INT, .optional = true,
              .doc = "Rank of the row, from 1."},
    {0}};
static const struct mr_outcome outcome_table[] = {
    [BELOW_TOP] = {"below_top", MR_DROP, "The row's rank is beyond `k`."}, {0}};

static const struct mr_str rank_key = MR_STR_INIT("rank");

/* Eight bytes whose order is that of the numbers: sign bit set for positives, all bits turned for
 * negatives; turned once more to put the largest first. */
static void sort_key(double number, bool largest_first, uint8_t out[8])
{
    uint64_t bits;
    number += 0.0; /* -0 is 0 */
    memcpy(&bits, &number, sizeof bits);
    bits = bits >> 63 ? ~bits : bits | (uint64_t)1 << 63;
    if (largest_first)
        bits = ~bits;
    for (int i = 0; i < 8; i++)
        out[i] = (uint8_t)(bits >> (56 - 8 * i));
}

static struct mr_error *process(struct mr_ctx *ctx, struct mr_row *row)
{
    const struct params *p = mr_params(ctx);
    uint8_t key[8];
    sort_key(mr_row_real(row, BY), p->keep == LARGEST, key);
    return mr_hold(ctx, row, mr_str_span((const char *)key, sizeof key));
}

/* Rows come back best first; how many have come is state, since a commit may fall in between. */
static struct mr_error *settle(struct mr_ctx *ctx, struct mr_row *row)
{
    const struct params *p = mr_params(ctx);
    struct mr_str stored;
    bool found;
    int64_t rank = 0;
    MR_TRY(mr_state_get(ctx, rank_key, &stored, &found));
    if (found && stored.len == sizeof rank)
        memcpy(&rank, stored.ptr, sizeof rank);
    rank++;
    mr_state_put(ctx, rank_key, mr_str_span((const char *)&rank, sizeof rank));
    if (rank > p->k)
        return mr_row_leave_measured(row, BELOW_TOP, (double)rank, (double)p->k);
    mr_row_set_int(row, RANK, rank);
    return NULL;
}

static struct mr_error *finish(struct mr_ctx *ctx, bool *done)
{
    mr_state_del(ctx, rank_key); /* the next set counts from one */
    *done = true;
    return NULL;
}

static const struct mr_example example_table[] = {
    {.set = "k=2", .keys = "input_key=score",
     .in = "{\"score\":1}\n{\"score\":-3.5}\n{\"score\":7}",
     .out = "{\"score\":7}\n{\"score\":1}\n{\"score\":-3.5,\"_outcome\":\"below_top\"}"},
    {0}};
const struct mr_op mr_op_rows_top_k = {
    .name = "rows.top_k", .category = MR_CAT_SHAPE, .scope = MR_WHOLE_SET,
    .doc = "Keeps the k rows with the greatest or least number of the whole set.",
    .notes = "Numbers are compared as doubles. Rows go on best first; a sink that keeps the order of "
             "the input undoes that, so bind `rank_key` where the rank matters.",
    .params_size = sizeof(struct params), .params = param_table, .keys = key_table,
    .outcomes = outcome_table, .examples = example_table, .process = process, .settle = settle,
    .finish = finish,
};
