/* Replays a folder of inputs, and small mutations of them, through a fuzz target without libFuzzer. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LARGEST_INPUT ((size_t)1 << 20)
#define MUTATIONS 64 /* per input; enough to notice a rotten target, libFuzzer does the search */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Exactly as large as the input, so that the address sanitizer sees a read past its end. */
static void run(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);
    if (!copy)
        abort();
    if (size)
        memcpy(copy, data, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static void run_mutations(uint8_t *data, size_t size)
{
    uint64_t x = 0x9e3779b97f4a7c15u ^ size;
    for (int i = 0; i < MUTATIONS && size; i++) {
        x = x * 6364136223846793005u + 1442695040888963407u;
        size_t at = (size_t)(x >> 33) % size;
        uint8_t kept = data[at];
        data[at] ^= (uint8_t)(1u << (x >> 16 & 7));
        run(data, size);
        data[at] = kept;
        run(data, at);
    }
}

static int run_file(const char *folder, const char *name)
{
    static uint8_t data[LARGEST_INPUT];
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    if (!file)
        return -1;
    size_t size = fread(data, 1, sizeof data, file);
    fclose(file);
    run(data, size);
    run_mutations(data, size);
    return 0;
}

int main(int argc, char **argv)
{
    run((const uint8_t *)"", 0);
    int count = 1;
    DIR *dir = argc > 1 ? opendir(argv[1]) : NULL;
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        if (entry->d_name[0] == '.')
            continue;
        if (run_file(argv[1], entry->d_name) != 0) {
            fprintf(stderr, "cannot read %s/%s\n", argv[1], entry->d_name);
            return EXIT_FAILURE;
        }
        count++;
    }
    if (dir)
        closedir(dir);
    printf("%d inputs\n", count);
    return EXIT_SUCCESS;
}
