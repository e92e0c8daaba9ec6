/* Finds the tokens of a JSON text and checks UTF-8: the only file that knows simdjson.
 *
 * Only the first pass of simdjson is used (vectorised, chosen for the processor at run time). Its
 * second passes convert numbers and stop at the first value nobody asked for, while a row needs
 * spelling, exact integers and complete validation, so json_read.c walks the tokens itself. */
#include <simdjson.h>

#include "runtime/row/json_scan.h"

namespace
{
constexpr size_t first_capacity = 64 * 1024;
/* A huge text must not keep its index (four bytes per byte of text) for the rest of the run. */
constexpr size_t kept_capacity = 1024 * 1024;
} // namespace

struct mr_json__scanner {
    std::unique_ptr<simdjson::internal::dom_parser_implementation> parser;
    size_t capacity = 0;
};

struct mr_json__scanner *mr_json__scanner_create(void)
{
    auto *s = new (std::nothrow) mr_json__scanner;
    if (!s)
        return nullptr;
    const simdjson::implementation *impl = simdjson::get_active_implementation();
    if (impl->create_dom_parser_implementation(first_capacity, 1, s->parser)) {
        delete s;
        return nullptr;
    }
    s->capacity = first_capacity;
    return s;
}

void mr_json__scanner_destroy(struct mr_json__scanner *s)
{
    delete s;
}

static bool resize(struct mr_json__scanner *s, size_t len)
{
    size_t wanted = s->capacity;
    if (len > s->capacity)
        wanted = len < kept_capacity / 2 ? len * 2 : len;
    else if (s->capacity > kept_capacity && len < kept_capacity)
        wanted = kept_capacity;
    if (wanted == s->capacity)
        return true;
    if (s->parser->set_capacity(wanted))
        return false;
    s->capacity = wanted;
    return true;
}

enum mr_json__scanned mr_json__scan(struct mr_json__scanner *s, const uint8_t *text, size_t len,
                                    const uint32_t **tokens, size_t *count)
{
    if (len == 0)
        return MR_JSON__EMPTY;
    if (!resize(s, len))
        return MR_JSON__NO_MEMORY;
    switch (s->parser->stage1(text, len, simdjson::stage1_mode::regular)) {
    case simdjson::SUCCESS:
        *tokens = s->parser->structural_indexes.get();
        *count = s->parser->n_structural_indexes;
        return MR_JSON__SCANNED;
    case simdjson::EMPTY:
        return MR_JSON__EMPTY;
    case simdjson::UTF8_ERROR:
        return MR_JSON__UTF8;
    case simdjson::UNESCAPED_CHARS:
        return MR_JSON__CONTROL;
    case simdjson::UNCLOSED_STRING:
        return MR_JSON__UNCLOSED;
    default:
        return MR_JSON__REFUSED;
    }
}

bool mr_row__utf8_valid(const uint8_t *text, size_t len)
{
    return len == 0 || simdjson::validate_utf8(reinterpret_cast<const char *>(text), len);
}
