/* Regular expressions by PCRE2: compiled once, with the JIT where there is one, matched within
 * limits. */
#include "runtime/text/pattern.h"

#include <stdlib.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

enum {
    MATCH_STEPS_MAX = 1000000,
    MATCH_HEAP_KIB = 16 << 10,
    MATCH_DEPTH_MAX = 1000,
    JIT_STACK_BYTES = 512 << 10,
    PATTERN_BYTES_MAX = 64 << 10,
};

struct mr_pattern {
    pcre2_code *code;
    uint32_t groups;
};

struct mr_pattern_run {
    pcre2_match_data *data;
    pcre2_match_context *context;
    pcre2_jit_stack *stack;
};

static void code_free(void *code)
{
    pcre2_code_free(code);
}

struct mr_error *mr_pattern_compile(struct mr_str text, struct mr_arena *arena,
                                    struct mr_pattern **out, size_t *at)
{
    int number = 0;
    PCRE2_SIZE offset = 0;
    pcre2_compile_context *context = pcre2_compile_context_create(NULL);
    mr_assert(context != NULL);
    pcre2_set_max_pattern_length(context, PATTERN_BYTES_MAX);
    pcre2_set_parens_nest_limit(context, 100);
    /* \C would cut code points in two. */
    pcre2_code *code =
        pcre2_compile((PCRE2_SPTR)(text.ptr ? text.ptr : ""), text.len,
                      PCRE2_UTF | PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C, &number, &offset, context);
    pcre2_compile_context_free(context);
    uint32_t groups = 0;
    if (code)
        pcre2_pattern_info(code, PCRE2_INFO_CAPTURECOUNT, &groups);
    if (!code || groups > MR_PATTERN_GROUPS_MAX) {
        PCRE2_UCHAR message[200] = "more than 32 groups";
        if (!code)
            pcre2_get_error_message(number, message, sizeof message);
        pcre2_code_free(code);
        if (at)
            *at = offset < text.len ? offset : text.len;
        return mr_error(MR_EXPR_PATTERN, "the regular expression \"%.*s\" is not well formed: %s",
                        (int)(text.len < 200 ? text.len : 200), text.ptr ? text.ptr : "", message);
    }
    pcre2_jit_compile(code, PCRE2_JIT_COMPLETE); /* without it the interpreter does the same */
    *out = mr_arena_alloc(arena, sizeof **out);
    **out = (struct mr_pattern){.code = code, .groups = groups};
    mr_arena_on_reset(arena, code_free, code);
    return NULL;
}

uint32_t mr_pattern_groups(const struct mr_pattern *pattern)
{
    return pattern->groups;
}

struct mr_pattern_run *mr_pattern_run_create(void)
{
    struct mr_pattern_run *run = mr_alloc(sizeof *run);
    run->data = pcre2_match_data_create(MR_PATTERN_GROUPS_MAX + 1, NULL);
    run->context = pcre2_match_context_create(NULL);
    run->stack = pcre2_jit_stack_create(32 << 10, JIT_STACK_BYTES, NULL);
    mr_assert(run->data && run->context);
    pcre2_set_match_limit(run->context, MATCH_STEPS_MAX);
    pcre2_set_depth_limit(run->context, MATCH_DEPTH_MAX);
    pcre2_set_heap_limit(run->context, MATCH_HEAP_KIB);
    if (run->stack)
        pcre2_jit_stack_assign(run->context, NULL, run->stack);
    return run;
}

void mr_pattern_run_destroy(struct mr_pattern_run *run)
{
    if (!run)
        return;
    pcre2_match_data_free(run->data);
    pcre2_match_context_free(run->context);
    pcre2_jit_stack_free(run->stack);
    free(run);
}

enum mr_match mr_pattern_find(const struct mr_pattern *pattern, struct mr_pattern_run *run,
                              struct mr_str text, uint32_t group, struct mr_str *found)
{
    int rc = pcre2_match(pattern->code, (PCRE2_SPTR)(text.ptr ? text.ptr : ""), text.len, 0,
                         PCRE2_NO_UTF_CHECK, run->data, run->context);
    if (rc == PCRE2_ERROR_NOMATCH)
        return MR_MATCH_NO;
    if (rc < 0)
        return MR_MATCH_GAVE_UP;
    if (found) {
        const PCRE2_SIZE *ends = pcre2_get_ovector_pointer(run->data);
        *found = (struct mr_str){0};
        if ((int)group < rc && ends[2 * group] != PCRE2_UNSET)
            *found = mr_str_span(text.ptr + ends[2 * group], ends[2 * group + 1] - ends[2 * group]);
    }
    return MR_MATCH_YES;
}
