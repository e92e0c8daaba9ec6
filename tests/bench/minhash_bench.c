/* Times MinHash signatures over documents of 1 KB without a repeated n-gram, the costly case.
 *
 * Usage: minhash_bench [documents]. Figures are for people; no test depends on them. */
#include "runtime/base/clock.h"
#include "runtime/text/minhash.h"

#include <stdio.h>

enum { DOCUMENT_BYTES = 1024, DOCUMENTS = 64 };

static void fill(char *text, uint64_t *state)
{
    for (int i = 0; i < DOCUMENT_BYTES; i++) {
        *state = *state * 6364136223846793005u + 1442695040888963407u;
        unsigned letter = (unsigned)(*state >> 40) % 32;
        text[i] = letter < 26 ? (char)('a' + letter) : ' ';
    }
}

int main(int argc, char **argv)
{
    static char texts[DOCUMENTS][DOCUMENT_BYTES];
    uint64_t state = 1;
    int64_t count = 20000;
    if (argc > 1 && (!mr_str_to_int(mr_str_of(argv[1]), &count) || count < 1))
        return 2;
    for (int i = 0; i < DOCUMENTS; i++)
        fill(texts[i], &state);
    struct mr_arena *arena = mr_arena_create(0), *scratch = mr_arena_create(1 << 20);
    static const char *const names[] = {"datasketch-1", "datasketch-2"};
    for (int kind = 0; kind < 2; kind++) {
        struct mr_minhash *m = mr_minhash_create(arena, (enum mr_minhash_kind)kind, 128);
        uint32_t signature[128];
        uint64_t start = mr_cpu_ns();
        for (int64_t i = 0; i < count; i++) {
            struct mr_str text = mr_str_span(texts[i % DOCUMENTS], DOCUMENT_BYTES);
            mr_minhash_text(m, text, 5, scratch, signature);
            mr_arena_reset(scratch);
        }
        double seconds = (double)(mr_cpu_ns() - start) / 1e9;
        printf("%s, 128 permutations: %.0f documents per second of CPU\n", names[kind], (double)count / seconds);
    }
    mr_arena_destroy(arena);
    mr_arena_destroy(scratch);
    return 0;
}
