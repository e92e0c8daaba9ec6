/* How RocksDB is set up: small, because many stores live in one process of at most 100 MB. */
#include "runtime/state/store_private.h"

#include <pthread.h>

#define KIB                  ((size_t)1024)
#define MIB                  (1024 * KIB)
#define DEFAULT_WRITE_BUFFER (2 * MIB) /* 8 stores under load: some 70 MB in all */
#define DEFAULT_CACHE        (4 * MIB)
#define OPEN_FILES           256 /* of a state of 13 GB; most stores have ten */
#define TABLE_BYTES          (32 * MIB)
#define TORN_TAIL_ONLY       0 /* kTolerateCorruptedTailRecords: other damage of the log is an error */

/* One cache and one set of background threads for all stores of the process; both live as long
 * as it does. */
static pthread_mutex_t shared_lock = PTHREAD_MUTEX_INITIALIZER;
static rocksdb_cache_t *shared_cache;
static rocksdb_env_t *shared_env;

static void share(const struct mr_store_options *options)
{
    pthread_mutex_lock(&shared_lock);
    if (!shared_cache) {
        size_t cache = options && options->cache_bytes ? options->cache_bytes : DEFAULT_CACHE;
        mr_store__memory(options ? options->memory_bytes : 0); /* before there are threads */
        shared_cache = rocksdb_cache_create_lru(cache);
        shared_env = rocksdb_create_default_env();
        rocksdb_env_set_background_threads(shared_env, 1);
        rocksdb_env_set_high_priority_background_threads(shared_env, 1);
    }
    pthread_mutex_unlock(&shared_lock);
}

static void set_tables(rocksdb_options_t *o)
{
    rocksdb_block_based_table_options_t *t = rocksdb_block_based_options_create();
    rocksdb_block_based_options_set_block_cache(t, shared_cache);
    rocksdb_block_based_options_set_block_size(t, 8 * KIB);
    rocksdb_block_based_options_set_filter_policy(t, rocksdb_filterpolicy_create_bloom_full(10));
    /* Filters and indexes in small parts: a whole one of a table (half a megabyte) is larger than a
     * shard of a small cache, and would be read again at every look. */
    rocksdb_block_based_options_set_index_type(t, rocksdb_block_based_table_index_type_two_level_index_search);
    rocksdb_block_based_options_set_partition_filters(t, 1);
    rocksdb_block_based_options_set_metadata_block_size(t, 4 * KIB);
    rocksdb_block_based_options_set_pin_top_level_index_and_filter(t, 1);
    /* Index and filter blocks count against the cache, so memory does not grow with the state. */
    rocksdb_block_based_options_set_cache_index_and_filter_blocks(t, 1);
    rocksdb_block_based_options_set_pin_l0_filter_and_index_blocks_in_cache(t, 1);
    rocksdb_block_based_options_set_format_version(t, 5);
    rocksdb_options_set_block_based_table_factory(o, t);
    rocksdb_block_based_options_destroy(t);
}

static void set_buffers(rocksdb_options_t *o, size_t write_buffer)
{
    rocksdb_options_set_write_buffer_size(o, write_buffer);
    rocksdb_options_set_max_write_buffer_number(o, 2);
    rocksdb_options_set_arena_block_size(o, write_buffer / 32); /* one is taken by an idle store, too */
    /* Deep levels have larger files, so that a state of many gigabytes has fewer of them than may be
     * open: opening a table for each look costs far more than the look. Not much larger: a compaction
     * keeps filter and index of the table it writes in memory, 3 MB for 100 MB of small entries. */
    rocksdb_options_set_target_file_size_base(o, TABLE_BYTES);
    rocksdb_options_set_target_file_size_multiplier(o, 3);
    rocksdb_options_set_max_bytes_for_level_base(o, 32 * write_buffer);
    rocksdb_options_set_max_total_wal_size(o, 4 * write_buffer);
    rocksdb_options_set_max_background_jobs(o, 2);
    rocksdb_options_set_max_open_files(o, OPEN_FILES);
    /* In one shard: in the usual 64 each would have room for one or two tables, and any that meet in
     * one would be opened and closed by turns. */
    rocksdb_options_set_table_cache_numshardbits(o, 0);
    rocksdb_options_set_max_file_opening_threads(o, 1);
    rocksdb_options_compaction_readahead_size(o, 256 * KIB);
}

static void set_logs(rocksdb_options_t *o)
{
    rocksdb_options_set_info_log(o, mr_store__no_log());
    rocksdb_options_set_stats_dump_period_sec(o, 0);
    rocksdb_options_set_stats_persist_period_sec(o, 0);
    rocksdb_options_set_max_manifest_file_size(o, MIB);
    rocksdb_options_set_manifest_preallocation_size(o, 64 * KIB);
}

rocksdb_options_t *mr_store__options(const struct mr_store_options *options)
{
    size_t write_buffer =
        options && options->write_buffer_bytes ? options->write_buffer_bytes : DEFAULT_WRITE_BUFFER;
    share(options);
    rocksdb_options_t *o = rocksdb_options_create();
    rocksdb_options_set_env(o, shared_env);
    rocksdb_options_set_create_if_missing(o, 1);
    rocksdb_options_set_paranoid_checks(o, 1);
    rocksdb_options_set_wal_recovery_mode(o, TORN_TAIL_ONLY);
    rocksdb_options_set_compression(o, rocksdb_lz4_compression);
    rocksdb_options_set_min_level_to_compress(o, 2); /* what is young is soon written again */
    set_buffers(o, write_buffer);
    set_tables(o);
    set_logs(o);
    return o;
}
