/* The files that a source would find now, by the names that ids are made of: for looking from
 * outside. */
#include "connectors/files/files_private.h"

struct mr_error *mr_files__paths(const void *given, const char *base_dir,
                                 void (*fn)(void *arg, struct mr_str path), void *arg)
{
    struct files_walk *walk = NULL;
    struct files_found found;
    bool more = true;
    MR_TRY(mr_files__walk_open(given, base_dir, NULL, &walk));
    struct mr_error *e = NULL;
    while (!e && more) {
        e = mr_files__walk_next(walk, &found, &more);
        if (!e && more && !found.missing)
            fn(arg, found.id);
    }
    mr_files__walk_close(walk);
    return e;
}
