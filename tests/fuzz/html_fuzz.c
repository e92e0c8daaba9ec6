/* Any bytes as a page, with and without boilerplate removal: never crashes, and the text is UTF-8.
 */
#include "runtime/html/html.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mr_arena *arena = mr_arena_create(0);
    for (int mode = 0; mode < 2; mode++) {
        struct mr_html_options options = {
            .main_text = mode == 0, .links = true, .replace_invalid = mode == 0};
        struct mr_html_page page;
        struct mr_error *e =
            mr_html_read(mr_str_span((const char *)data, size), &options, arena, &page);
        mr_assert(e != NULL || mr_utf8_valid(page.text));
        mr_assert(e == NULL || mr_error_is_row(e));
        mr_error_free(e);
        mr_arena_reset(arena);
    }
    mr_arena_destroy(arena);
    return 0;
}
