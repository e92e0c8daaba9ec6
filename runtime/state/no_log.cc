/* A text log for RocksDB that keeps nothing. The packaged library writes one into each store, and a
 * second line on a full disk fails an assertion: the process dies of SIGABRT in the middle of
 * whatever row it has, which then is taken for the row's fault. What went wrong comes back as an
 * error anyway. The C interface can make no logger, hence this file. */
#include <rocksdb/c.h>
#include <rocksdb/env.h>

#include <memory>

/* As the library itself declares it, behind its C interface. */
struct rocksdb_logger_t {
    std::shared_ptr<rocksdb::Logger> rep;
};

namespace {

class NoLog : public rocksdb::Logger {
public:
    using rocksdb::Logger::Logv;
    void Logv(const char *, va_list) override {}
};

} // namespace

extern "C" rocksdb_logger_t *mr_store__no_log(void);

extern "C" rocksdb_logger_t *mr_store__no_log(void)
{
    static rocksdb_logger_t *const log = new rocksdb_logger_t{std::make_shared<NoLog>()};
    return log;
}
