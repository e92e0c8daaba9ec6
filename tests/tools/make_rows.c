/* make_rows plain|mixed SEED FIRST BYTES FILE: rows of tests/chaos/rows.h into a file, for the long
 * tests and for trying things by hand. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tests/chaos/rows.h"

static bool number(const char *text, uint64_t *out)
{
    return mr_str_to_uint(mr_str_of(text), out);
}

int main(int argc, char **argv)
{
    struct rows_shape shape;
    uint64_t first, bytes;
    if (argc != 6 || !number(argv[2], &shape.seed) || !number(argv[3], &first) ||
        !number(argv[4], &bytes)) {
        fputs("Usage: make_rows plain|mixed SEED FIRST BYTES FILE\n", stderr);
        return 2;
    }
    uint64_t seed = shape.seed;
    shape = strcmp(argv[1], "plain") == 0 ? rows_plain : rows_mixed;
    shape.seed = seed;
    uint64_t rows = rows_file(&shape, first, bytes, argv[5]);
    if (!rows && bytes) {
        perror(argv[5]);
        return 1;
    }
    printf("%" PRIu64 "\n", rows);
    return 0;
}
