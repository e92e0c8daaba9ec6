/* Functions by name, and how they are shown. */
#include "runtime/expr/expr_private.h"

const struct function *mr_expr__function(struct mr_str name)
{
    for (const struct function *f = mr_expr__functions; f->name; f++)
        if (mr_str_is(name, f->name))
            return f;
    return NULL;
}

size_t mr_expr_function_count(void)
{
    size_t count = 0;
    while (mr_expr__functions[count].name)
        count++;
    return count;
}

struct mr_expr_function mr_expr_function(size_t i)
{
    mr_assert(i < mr_expr_function_count());
    return (struct mr_expr_function){mr_expr__functions[i].name, mr_expr__functions[i].doc,
                                     mr_expr__functions[i].example, mr_expr__functions[i].value};
}

void mr_expr__types_print(uint32_t types, struct mr_buf *out)
{
    static const struct {
        uint32_t bits;
        const char *name;
    } names[] = {{MR_NUMBER, "number"}, {MR_INT, "int"},   {MR_REAL, "real"},
                 {MR_TEXT, "text"},     {MR_BOOL, "bool"}, {MR_BYTES, "bytes"},
                 {MR_LIST, "list"},     {MR_MAP, "map"},   {MR_OTHER, "other"}};
    const char *between = "";
    if ((types & MR_ANY) == MR_ANY) {
        mr_buf_addz(out, "any");
        return;
    }
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if ((types & names[i].bits) != names[i].bits)
            continue;
        mr_buf_printf(out, "%s%s", between, names[i].name);
        between = "|";
        types &= ~names[i].bits;
    }
    if (types & MR_NULL)
        mr_buf_printf(out, "%snull", between);
}

void mr_expr_function_signature(size_t i, struct mr_buf *out)
{
    const struct function *f = &mr_expr__functions[i];
    uint32_t shown = f->max == MR_EXPR__ANY_COUNT ? f->min : f->max;
    mr_buf_printf(out, "%s(", f->name);
    for (uint32_t k = 0; k < shown; k++) {
        mr_buf_printf(out, "%s%s%s: ", k ? ", " : "", f->argument[k].name, k >= f->min ? "?" : "");
        mr_expr__types_print(f->argument[k].types & ~(uint32_t)MR_NULL, out);
    }
    mr_buf_addz(out, f->max == MR_EXPR__ANY_COUNT ? ", ...): " : "): ");
    switch (f->rule) {
    case RESULT_FIXED:
        mr_expr__types_print(f->result, out);
        break;
    case RESULT_NUMBER:
        mr_buf_addz(out, "number");
        break;
    default:
        mr_buf_addz(out, "any");
        break;
    }
}

void mr_expr_functions_print(struct mr_buf *out)
{
    mr_buf_addz(out,
                "# Functions of expressions\n\n"
                "Made from the table in `function_table.c`; `name?` may be left out. A null value "
                "makes the result null unless the sentence says otherwise.\n\n"
                "| function | what it gives | example | its value |\n"
                "| --- | --- | --- | --- |\n");
    for (size_t i = 0; i < mr_expr_function_count(); i++) {
        struct mr_buf row = {0};
        mr_buf_addz(&row, "`");
        mr_expr_function_signature(i, &row);
        mr_buf_printf(&row, "` | %s | `%s` | `%s`", mr_expr__functions[i].doc,
                      mr_expr__functions[i].example, mr_expr__functions[i].value);
        mr_buf_addz(out, "| ");
        /* A bar within a cell of a table is escaped, the ones between cells have blanks. */
        for (size_t k = 0; k < row.len; k++) {
            bool cell = row.ptr[k] == '|' && k && row.ptr[k - 1] == ' ' && row.ptr[k + 1] == ' ';
            if (row.ptr[k] == '|' && !cell)
                mr_buf_addc(out, '\\');
            mr_buf_addc(out, row.ptr[k]);
        }
        mr_buf_addz(out, " |\n");
        mr_buf_finish(&row);
    }
}
