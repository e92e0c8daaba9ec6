/* Language identification through CLD2, kept behind one file. */
#include <cstdio> /* CLD2's header needs it */
#include <cstring>

#include <cld2/public/compact_lang_det.h>
#include <cld2/public/encodings.h>

extern "C" {
#include "runtime/base/buf.h"
#include "runtime/text/chars.h"
}
#include "runtime/text/language.h"

namespace
{

struct Row {
    const char *code, *label;
};
const Row table[] = {
#define MR_LANGUAGE(code, label) {code, label},
#include "runtime/text/language_table.h"
#undef MR_LANGUAGE
};

const Row *row_of(const char *code)
{
    for (const Row &row : table)
        if (std::strcmp(row.code, code) == 0)
            return &row;
    return nullptr;
}

/* CLD2 gives up at the first code point that is not fit for interchange; such ones become blanks. */
bool fit(uint32_t c)
{
    if (c < 0x20)
        return c == '\t' || c == '\n' || c == '\r';
    if ((c >= 0x7f && c < 0xa0) || (c >= 0xfdd0 && c <= 0xfdef))
        return false;
    return (c & 0xfffe) != 0xfffe;
}

void clean(mr_str text, mr_buf *out)
{
    mr_buf_reserve(out, text.len + 4);
    const char *at = text.ptr, *end = text.ptr + text.len;
    while (at < end) {
        const char *start = at;
        uint32_t c = mr_char_next(&at, end);
        bool whole = c != 0xfffd || at - start == 3;
        if (whole && fit(c))
            mr_buf_add(out, start, static_cast<size_t>(at - start));
        else
            mr_buf_addc(out, ' ');
    }
}

bool names(const Row &row, mr_str name)
{
    const mr_str prefix = MR_STR("__label__");
    if (mr_str_starts(name, prefix))
        name = mr_str_span(name.ptr + prefix.len, name.len - prefix.len);
    return mr_str_is(name, row.label) || mr_str_is(name, row.code) ||
           (name.len == 3 && std::memcmp(name.ptr, row.label, 3) == 0);
}

} // namespace

size_t mr_language_detect(mr_str text, mr_buf *scratch, mr_language out[MR_LANGUAGES_MAX],
                          bool *reliable)
{
    *reliable = false;
    scratch->len = 0;
    clean(text, scratch);
    if (!scratch->len || scratch->len > INT32_MAX)
        return 0;
    CLD2::CLDHints hints = {nullptr, nullptr, CLD2::UNKNOWN_ENCODING, CLD2::UNKNOWN_LANGUAGE};
    CLD2::Language found[3];
    int percent[3], bytes = 0, valid = 0;
    double score[3];
    CLD2::ExtDetectLanguageSummaryCheckUTF8(scratch->ptr, static_cast<int>(scratch->len), true,
                                            &hints, 0, found, percent, score, nullptr, &bytes,
                                            reliable, &valid);
    size_t count = 0;
    for (int i = 0; i < 3; i++) {
        if (found[i] == CLD2::UNKNOWN_LANGUAGE || percent[i] <= 0)
            continue;
        const Row *row = row_of(CLD2::LanguageCode(found[i]));
        if (row)
            out[count++] = mr_language{row->label, row->code, percent[i] / 100.0};
    }
    return count;
}

bool mr_language_is(const mr_language *language, mr_str name)
{
    for (const Row &row : table)
        if (std::strcmp(row.label, language->label) == 0 && names(row, name))
            return true;
    return false;
}

bool mr_language_known(mr_str name)
{
    for (const Row &row : table)
        if (names(row, name))
            return true;
    return false;
}
