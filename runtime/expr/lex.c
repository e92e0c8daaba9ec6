/* The tokens of an expression. */
#include "runtime/expr/expr_private.h"

#include "runtime/text/chars.h"

static const struct {
    const char *word;
    enum token token;
} words[] = {
    {"and", T_AND},   {"or", T_OR},           {"not", T_NOT},         {"in", T_IN},
    {"is", T_IS},     {"null", T_NULL},       {"true", T_TRUE},       {"false", T_FALSE},
    {"like", T_LIKE}, {"between", T_BETWEEN}, {"matches", T_MATCHES},
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool begins_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static char peek(const struct lexer *l, size_t ahead)
{
    return l->at + ahead < l->text.len ? l->text.ptr[l->at + ahead] : 0;
}

static enum token bad(struct lexer *l, size_t end, const char *remedy, const char *fact)
{
    mr_expr__problem(l->c, MR_EXPR_SYNTAX, l->begin, end, remedy, "%s", fact);
    l->at = end;
    return T_BAD;
}

/* Letters of all scripts; a key with other signs stands in backticks. */
static enum token lex_name(struct lexer *l)
{
    const char *at = l->text.ptr + l->at, *end = l->text.ptr + l->text.len;
    while (at < end) {
        const char *next = at;
        if (!mr_char_is_word(mr_char_next(&next, end)))
            break;
        at = next;
    }
    l->at = (size_t)(at - l->text.ptr);
    l->value = mr_str_span(l->text.ptr + l->begin, l->at - l->begin);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (mr_str_is(l->value, words[i].word))
            return words[i].token;
    return T_NAME;
}

static enum token lex_number(struct lexer *l)
{
    while (is_digit(peek(l, 0)))
        l->at++;
    if (peek(l, 0) == '.' && is_digit(peek(l, 1)))
        for (l->at++; is_digit(peek(l, 0));)
            l->at++;
    if ((peek(l, 0) | 32) == 'e') {
        size_t sign = peek(l, 1) == '+' || peek(l, 1) == '-';
        if (is_digit(peek(l, 1 + sign)))
            for (l->at += 1 + sign; is_digit(peek(l, 0));)
                l->at++;
    }
    l->value = mr_str_span(l->text.ptr + l->begin, l->at - l->begin);
    if (begins_name(peek(l, 0)) || (peek(l, 0) & 0x80))
        return bad(l, l->at + 1, "A key that begins with a digit stands in backticks: `2nd`.",
                   "a number runs into a name");
    if (l->value.len > 1 && l->value.ptr[0] == '0' && is_digit(l->value.ptr[1]))
        return bad(l, l->at, "Write it without the zero.", "a number begins with a zero");
    return T_NUMBER;
}

static bool hex4(const struct lexer *l, size_t at, uint32_t *out)
{
    *out = 0;
    for (size_t i = 0; i < 4; i++) {
        char c = at + i < l->text.len ? l->text.ptr[at + i] : 0;
        uint32_t digit = is_digit(c)                          ? (uint32_t)(c - '0')
                         : (c | 32) >= 'a' && (c | 32) <= 'f' ? (uint32_t)((c | 32) - 'a' + 10)
                                                              : 16;
        if (digit > 15)
            return false;
        *out = *out << 4 | digit;
    }
    return true;
}

/* At the u of \uXXXX; moves behind it. */
static bool unicode_escape(struct lexer *l, char *to, size_t *len)
{
    uint32_t c, low;
    if (!hex4(l, l->at + 1, &c))
        return false;
    l->at += 5;
    if (c >= 0xd800 && c <= 0xdbff) {
        if (peek(l, 0) != '\\' || peek(l, 1) != 'u' || !hex4(l, l->at + 2, &low) || low < 0xdc00 ||
            low > 0xdfff)
            return false;
        l->at += 6;
        c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
    } else if (c >= 0xdc00 && c <= 0xdfff) {
        return false;
    }
    *len += mr_char_put(c, to + *len);
    return true;
}

/* At the sign after a backslash; moves behind it. */
static bool json_escape(struct lexer *l, char *to, size_t *len)
{
    static const char signs[] = "\"\\/bfnrt'", meant[] = "\"\\/\b\f\n\r\t'";
    char c = peek(l, 0);
    if (c == 'u')
        return unicode_escape(l, to, len);
    const char *found = c ? strchr(signs, c) : NULL;
    if (!found)
        return false;
    to[(*len)++] = meant[found - signs];
    l->at++;
    return true;
}

/* "..." with the escapes of JSON; '...' and `...` as they are, the quote itself doubled. */
static enum token lex_quoted(struct lexer *l, char quote)
{
    char *to = mr_arena_alloc(l->c->arena, l->text.len - l->at + 4);
    size_t len = 0;
    l->at++;
    for (;;) {
        if (l->at >= l->text.len)
            return bad(l, l->text.len, "Close it with the sign that opened it.",
                       quote == '`' ? "a key in backticks does not end" : "a text does not end");
        char c = l->text.ptr[l->at];
        if (c == quote && quote != '"' && peek(l, 1) == quote) {
            to[len++] = quote;
            l->at += 2;
        } else if (c == quote) {
            l->at++;
            break;
        } else if (c == '\\' && quote == '"') {
            size_t escape = l->at++;
            if (!json_escape(l, to, &len)) {
                l->begin = escape;
                return bad(l, escape + 2, "Write \\\\ for a backslash, or the text in '...'.",
                           "an escape is none of \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX");
            }
        } else {
            to[len++] = c;
            l->at++;
        }
    }
    l->value = mr_str_span(to, len);
    return quote == '`' ? T_KEY : T_TEXT;
}

/* Signs of two bytes first. */
static enum token lex_sign(struct lexer *l)
{
    static const struct {
        char sign[3];
        enum token token;
        const char *remedy;
    } signs[] = {
        {"==", T_EQ, NULL},
        {"!=", T_NE, NULL},
        {"<=", T_LE, NULL},
        {">=", T_GE, NULL},
        {"//", T_FLOOR, NULL},
        {"<>", T_BAD, "Write `!=`."},
        {"&&", T_BAD, "Write `and`."},
        {"||", T_BAD, "Write `or`."},
        {"**", T_BAD, "There are no powers; multiply."},
        {"=~", T_BAD, "Write `text matches 'pattern'`."},
        {"?", T_BAD, "Write if(condition, value, other)."},
        {"(", T_LPAREN, NULL},
        {")", T_RPAREN, NULL},
        {"[", T_LBRACKET, NULL},
        {"]", T_RBRACKET, NULL},
        {",", T_COMMA, NULL},
        {".", T_DOT, NULL},
        {"<", T_LT, NULL},
        {">", T_GT, NULL},
        {"+", T_PLUS, NULL},
        {"-", T_MINUS, NULL},
        {"*", T_TIMES, NULL},
        {"/", T_SLASH, NULL},
        {"%", T_PERCENT, NULL},
        {"=", T_BAD, "Write `==` to compare."},
        {"&", T_BAD, "Write `and`."},
        {"|", T_BAD, "Write `or`."},
        {"!", T_BAD, "Write `not`."},
        {"~", T_BAD, "Write `not`."},
    };
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        size_t len = strlen(signs[i].sign);
        if (peek(l, 0) != signs[i].sign[0] || (len == 2 && peek(l, 1) != signs[i].sign[1]))
            continue;
        if (signs[i].token == T_BAD)
            return bad(l, l->at + len, signs[i].remedy, "this sign is not one of expressions");
        l->at += len;
        return signs[i].token;
    }
    const char *next = l->text.ptr + l->at;
    mr_char_next(&next, l->text.ptr + l->text.len);
    return bad(l, (size_t)(next - l->text.ptr),
               "Texts stand in quotes, keys with such signs in backticks.",
               "this sign is not one of expressions");
}

void mr_expr__lex(struct lexer *l)
{
    while (l->at < l->text.len && strchr(" \t\r\n", l->text.ptr[l->at]) && l->text.ptr[l->at])
        l->at++;
    l->begin = l->at;
    l->value = (struct mr_str){0};
    if (l->at >= l->text.len) {
        l->token = T_END;
    } else {
        char c = l->text.ptr[l->at];
        const char *next = l->text.ptr + l->at;
        if (c == '"' || c == '\'' || c == '`')
            l->token = lex_quoted(l, c);
        else if (is_digit(c))
            l->token = lex_number(l);
        else if (begins_name(c) ||
                 ((c & 0x80) && mr_char_is_word(mr_char_next(&next, l->text.ptr + l->text.len))))
            l->token = lex_name(l);
        else
            l->token = lex_sign(l);
    }
    l->end = l->at;
}
