/* Runs gumbo within bounds of memory and depth; a page beyond them is read as plain text.
 *
 * The parser's work per tag grows with the depth of open elements and it has no limits of its own,
 * so a few megabytes of open tags would run for hours. Its allocator callback is where bounds can
 * be seen: it counts bytes and, now and then, walks up from the node made last. Beyond a bound it
 * sets stop_on_first_error, which the parser looks at after every token, and turns the parser's
 * input into zero bytes, each of which is such an error. The brackets stay, for the parser asserts
 * that the tag in its hands begins with one. */
#include "runtime/html/html_private.h"

#define DEPTH_MAX         600
#define DEPTH_CHECK_NODES 256
#define MEMORY_PER_BYTE   32 /* real pages take 8 to 18 */
#define MEMORY_BASE       ((size_t)8 << 20)
#define MEMORY_MAX        ((size_t)56 << 20)
#define IDLE_ALLOCATIONS                                                                           \
    50000                 /* without a node: thousands of attributes, or of end tags in a row */
#define SLAB_CELLS    256 /* of the first slab; each further one doubles */
#define SMALL_STEP    16
#define SMALL_CLASSES 32

struct cell {
    size_t class;
};

/* Classes 0..31 hold up to 16 * (class + 1) bytes, the rest powers of two above 512. */
static size_t class_of(size_t size, size_t *rounded)
{
    if (size <= SMALL_STEP * SMALL_CLASSES) {
        size_t c = size ? (size - 1) / SMALL_STEP : 0;
        *rounded = (c + 1) * SMALL_STEP;
        return c;
    }
    size_t c = SMALL_CLASSES, bytes = (size_t)SMALL_STEP * SMALL_CLASSES * 2;
    while (bytes < size) {
        bytes *= 2;
        c++;
    }
    *rounded = bytes;
    return c;
}

/* Nodes lie in slabs of their own, so that a pointer can be told to be one. (A text of the size of
 * a node lies there too; what would be its parent is not a pointer into a slab.) */
static size_t node_stride(void)
{
    size_t rounded;
    class_of(sizeof(GumboNode), &rounded);
    return sizeof(struct cell) + rounded;
}

static bool is_node(const struct html_parse *p, const GumboNode *n)
{
    size_t stride = node_stride();
    for (size_t i = 0; i < p->slab_count; i++) {
        uintptr_t at = (uintptr_t)n - (uintptr_t)p->slabs[i].start;
        if (at < p->slabs[i].bytes)
            return at % stride == sizeof(struct cell);
    }
    return false;
}

static bool too_deep(const struct html_parse *p)
{
    for (size_t i = 0; i < 4; i++) {
        size_t depth = 0;
        const GumboNode *n = p->recent[i];
        for (; depth <= DEPTH_MAX && is_node(p, n); n = n->parent)
            depth++;
        if (depth > DEPTH_MAX)
            return true;
    }
    return false;
}

static struct cell *new_node_cell(struct html_parse *p)
{
    size_t stride = node_stride();
    if (p->slab_left == 0) {
        size_t cells = (size_t)SLAB_CELLS << p->slab_count;
        struct html_slab *slab = &p->slabs[p->slab_count++];
        slab->bytes = cells * stride;
        slab->start = mr_arena_alloc(p->arena, slab->bytes);
        p->slab_left = cells;
    }
    const struct html_slab *slab = &p->slabs[p->slab_count - 1];
    return (struct cell *)(slab->start + slab->bytes - p->slab_left-- * stride);
}

static void stop(struct html_parse *p)
{
    if (p->stopped || p->flattened)
        return;
    p->stopped = true;
    p->options.stop_on_first_error = true;
    for (size_t i = 0; i < p->input_len; i++) {
        if (p->input[i] != '<' && p->input[i] != '>' && p->input[i] != '/')
            p->input[i] = 0;
    }
}

static void *parser_alloc(void *user, size_t size)
{
    struct html_parse *p = user;
    size_t rounded, class = class_of(size, &rounded);
    bool node = class == class_of(sizeof(GumboNode), &rounded);
    class_of(size, &rounded);
    struct cell *cell = p->free_lists[class];
    if (cell) {
        memcpy(&p->free_lists[class], cell + 1, sizeof(void *));
    } else {
        cell = node ? new_node_cell(p) : mr_arena_alloc(p->arena, sizeof *cell + rounded);
        p->allocated += sizeof *cell + rounded;
    }
    cell->class = class;
    if (size == sizeof(GumboNode)) {
        /* Looked at before the new one is filled in. */
        if (p->node_count % DEPTH_CHECK_NODES == 0 && too_deep(p))
            stop(p);
        p->idle = 0;
        GumboNode *fresh = (GumboNode *)(cell + 1);
        fresh->parent = NULL;
        p->recent[p->node_count++ % 4] = fresh;
    }
    if (p->allocated > p->limit || ++p->idle > IDLE_ALLOCATIONS)
        stop(p);
    return cell + 1;
}

static void parser_free(void *user, void *ptr)
{
    struct html_parse *p = user;
    if (!ptr)
        return;
    struct cell *cell = (struct cell *)ptr - 1;
    memcpy(ptr, &p->free_lists[cell->class], sizeof(void *));
    p->free_lists[cell->class] = cell;
}

static void run(struct html_parse *p)
{
    p->options = kGumboDefaultOptions;
    p->options.allocator = parser_alloc;
    p->options.deallocator = parser_free;
    p->options.userdata = p;
    p->options.max_errors = 0;
    p->output = gumbo_parse_with_options(&p->options, p->input, p->input_len);
}

static void set_input(struct html_parse *p, struct mr_str utf8)
{
    p->input = mr_arena_alloc(p->arena, utf8.len + 1);
    if (utf8.len)
        memcpy(p->input, utf8.ptr, utf8.len);
    p->input[utf8.len] = 0;
    p->input_len = utf8.len;
}

void html_parse_page(struct html_parse *p, struct mr_str utf8, struct mr_arena *scratch)
{
    *p = (struct html_parse){.arena = scratch};
    p->limit = MEMORY_BASE + utf8.len * MEMORY_PER_BYTE;
    if (p->limit > MEMORY_MAX)
        p->limit = MEMORY_MAX;
    set_input(p, utf8);
    run(p);
    if (!p->stopped)
        return;
    /* The tree so far is not destroyed (that recurses); its memory goes with the arena. */
    mr_arena_reset(scratch);
    struct mr_buf flat = {0};
    html_flatten(utf8, &flat);
    *p = (struct html_parse){.arena = scratch, .limit = SIZE_MAX, .flattened = true};
    set_input(p, mr_buf_str(&flat));
    mr_buf_finish(&flat);
    run(p);
}
