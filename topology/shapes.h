/* Shapes of values as fragments of JSON Schema, for the tables of the grammar and of descriptors.
 *
 * A scalar may always hold ${NAME}; numbers and words in quotes are as good as plain ones. So
 * numbers are "integer or a text of this pattern", which keeps ranges for those written plainly. */
#ifndef MR_TOPOLOGY_SHAPES_H
#define MR_TOPOLOGY_SHAPES_H

#define SHAPE_VARIABLE_PATTERN "[$][{]"
#define SHAPE_SAID(what)       ",\"patternErrorMessage\":\"Expected " what ".\""
#define SHAPE_TEXT             "\"type\":[\"string\",\"number\",\"boolean\"]"
#define SHAPE_BOOL                                                                                 \
    "\"type\":[\"boolean\",\"string\"],\"pattern\":\"^(yes|no|true|false)$|[$][{]\"" SHAPE_SAID(   \
        "yes or no")
#define SHAPE_UINT(min, max)                                                                       \
    "\"type\":[\"integer\",\"string\"],\"minimum\":" #min ",\"maximum\":" #max                     \
    ",\"pattern\":\"^[0-9]+$|[$][{]\"" SHAPE_SAID("a whole number from " #min " to " #max)
#define SHAPE_SIZE                                                                                 \
    "\"type\":[\"integer\",\"string\"],\"minimum\":1,\"pattern\":"                                 \
    "\"^ *[0-9.]+ *([kKmMgGtT]([iI]?[bB])?|[bB])? *$|[$][{]\"" SHAPE_SAID(                         \
        "a size such as 64MB or 8 GiB")
#define SHAPE_TIME                                                                                 \
    "\"type\":\"string\",\"pattern\":\"^ *[0-9.]+ *(ms|s|sec|m|min|h|d) *$|[$][{]\"" SHAPE_SAID(   \
        "a time such as 500ms, 10s or 2h")
#define SHAPE_WORDS(words)                                                                         \
    "\"anyOf\":[{\"enum\":[" words "]},{\"type\":\"string\",\"pattern\":\"[$][{]\"}]"
#define SHAPE_ID                                                                                   \
    "\"type\":\"string\",\"pattern\":\"^[a-z][a-z0-9-]{0,62}$|[$][{]\"" SHAPE_SAID(                \
        "small letters, digits and dashes, a letter first, at most 63")
#define SHAPE_REFS "\"type\":[\"string\",\"array\"],\"minItems\":1,\"items\":{\"type\":\"string\"}"

#endif
