/* `millrace doctor`: whether this machine and state folder are fit for a run, with remedies. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "runtime/base/clock.h"
#include "runtime/base/file.h"
#include "stages/command/command.h"
#include "stages/supervise/home.h"
#include "stages/supervise/totals.h"

enum {
    SYNCS = 16,
    SLOW_SYNC_US = 30000,
    LOW_DISK_MB = 2000,
    LOW_NOFILE = 1024,
};

struct options {
    struct mr_str state;
    bool json;
};

static const struct mr_option option_table[] = {
    MR_OPTION_STATE(struct options),
    MR_OPTION_JSON(struct options),
    {0},
};

enum verdict { FINE, WARNING, BROKEN };

struct report {
    struct mr_json_out json;
    struct mr_buf text;
    enum verdict worst;
};

/* One finding; remedy only where it is not fine. Takes value's content. */
static void add(struct report *r, const char *check, enum verdict verdict, struct mr_buf *value,
                const char *remedy)
{
    static const char *const words[] = {"ok", "warning", "error"};
    mr_buf_printf(&r->text, "%-8s %-16s %s\n", words[verdict], check, mr_buf_text(value));
    if (verdict != FINE)
        mr_buf_printf(&r->text, "         %-16s remedy: %s\n", "", remedy);
    mr_json_begin_object(&r->json);
    mr_json_key(&r->json, "check");
    mr_json_textz(&r->json, check);
    mr_json_key(&r->json, "verdict");
    mr_json_textz(&r->json, words[verdict]);
    mr_json_key(&r->json, "value");
    mr_json_text(&r->json, mr_buf_str(value));
    if (verdict != FINE) {
        mr_json_key(&r->json, "remedy");
        mr_json_textz(&r->json, remedy);
    }
    mr_json_end_object(&r->json);
    r->worst = verdict > r->worst ? verdict : r->worst;
    value->len = 0;
}

static void check_machine(struct report *r)
{
    struct mr_buf value = {0};
    struct utsname system;
    struct rlimit files;
    long cores = sysconf(_SC_NPROCESSORS_ONLN), pages = sysconf(_SC_PHYS_PAGES);
    long page = sysconf(_SC_PAGESIZE);
    if (uname(&system) == 0) {
        mr_buf_printf(&value, "%s %s %s", system.sysname, system.release, system.machine);
        add(r, "system", FINE, &value, "");
    }
    mr_buf_printf(&value, "%ld", cores);
    add(r, "cores", cores > 0 ? FINE : WARNING, &value, "Give the machine at least one core.");
    mr_table_bytes((uint64_t)pages * (uint64_t)page, &value);
    add(r, "memory", FINE, &value, "");
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        mr_buf_printf(&value, "%llu", (unsigned long long)files.rlim_cur);
        add(r, "open files", files.rlim_cur >= LOW_NOFILE ? FINE : WARNING, &value,
            "Raise the limit: `ulimit -n 4096`, or LimitNOFILE= of the service.");
    }
    mr_buf_finish(&value);
}

static void check_space(struct report *r, const char *folder)
{
    struct statvfs disk;
    struct mr_buf value = {0};
    if (statvfs(folder, &disk) != 0)
        return;
    uint64_t bytes = (uint64_t)disk.f_bavail * disk.f_frsize;
    mr_table_bytes(bytes, &value);
    mr_buf_printf(&value, " free in \"%s\"", folder);
    add(r, "disk space", bytes / 1000000 >= LOW_DISK_MB ? FINE : WARNING, &value,
        "Free space, or give another folder with --state.");
    mr_buf_finish(&value);
}

/* The middle of several small durable writes: what each commit costs at least. */
static struct mr_error *measure_sync(const char *path, uint64_t *median_us)
{
    uint64_t times[SYNCS];
    char block[4096];
    memset(block, 'm', sizeof block);
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return mr_file_error(errno, "create", path);
    struct mr_error *e = NULL;
    for (int i = 0; i < SYNCS && !e; i++) {
        uint64_t begin = mr_now_ns();
        e = mr_file_write_at(fd, path, block, sizeof block, (uint64_t)i * sizeof block);
        if (!e)
            e = mr_file_sync(fd, path);
        times[i] = (mr_now_ns() - begin) / 1000;
    }
    close(fd);
    unlink(path);
    for (int i = 1; i < SYNCS && !e; i++)
        for (int k = i; k > 0 && times[k] < times[k - 1]; k--) {
            uint64_t t = times[k];
            times[k] = times[k - 1];
            times[k - 1] = t;
        }
    if (!e)
        *median_us = times[SYNCS / 2];
    return e;
}

static void check_sync(struct report *r, const char *folder)
{
    struct mr_buf path = {0}, value = {0};
    uint64_t us = 0;
    mr_buf_printf(&path, "%s/.doctor.%ld", folder, (long)getpid());
    struct mr_error *e = measure_sync(mr_buf_text(&path), &us);
    if (e) {
        mr_buf_addz(&value, mr_error_message(e));
        add(r, "durable write", BROKEN, &value, mr_error_remedy_text(e));
    } else {
        mr_buf_printf(&value, "%.2f ms", (double)us / 1000.0);
        add(r, "durable write", us < SLOW_SYNC_US ? FINE : WARNING, &value,
            "Put the state on a faster disk with --state: each commit waits for it.");
    }
    mr_error_free(e);
    mr_buf_finish(&path);
    mr_buf_finish(&value);
}

/* A lock held without a supervisor: stage processes of a dead one that do not end. */
static void check_pipelines(struct report *r, const char *folder, struct mr_str state)
{
    struct mr_buf value = {0};
    DIR *dir = opendir(folder);
    for (struct dirent *d; dir && (d = readdir(dir));) {
        if (d->d_name[0] == '.')
            continue;
        struct mr_home home;
        pid_t supervisor;
        mr_home_init(&home, state, mr_str_of(d->d_name));
        bool running = mr_home_running(&home, &supervisor);
        if (running)
            mr_buf_printf(&value, "\"%s\" is running (process %ld)", d->d_name, (long)supervisor);
        else
            mr_buf_printf(&value, "\"%s\" is not running", d->d_name);
        add(r, "pipeline", running && !supervisor ? WARNING : FINE, &value,
            "Its supervisor is gone but a stage is not: look for `millrace stage` and end it.");
        mr_home_finish(&home);
    }
    if (dir)
        closedir(dir);
    mr_buf_finish(&value);
}

static bool is_interesting(const char *file)
{
    static const char *const names[] = {"librocksdb", "libev.", "libfyaml", "libsimdjson",
                                        "libpcre2", "liblz4", "libzstd", "libicuuc", "libgumbo",
                                        "libcld2", "libcsv", "libz.", "libcrypto", "libc.so"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strncmp(file, names[i], strlen(names[i])) == 0)
            return true;
    return false;
}

/* The files that are mapped carry their versions in their names (behind the links). */
static void check_libraries(struct report *r)
{
    FILE *maps = fopen("/proc/self/maps", "re");
    struct mr_buf value = {0};
    char line[4096], last[4096] = "";
    while (maps && fgets(line, sizeof line, maps)) {
        line[strcspn(line, "\n")] = 0;
        const char *path = strchr(line, '/');
        if (!path || strcmp(path, last) == 0)
            continue;
        snprintf(last, sizeof last, "%s", path);
        const char *file = strrchr(path, '/') + 1;
        if (is_interesting(file))
            mr_buf_printf(&value, "%s%s", value.len ? ", " : "", file);
    }
    if (maps)
        fclose(maps);
    add(r, "libraries", FINE, &value, "");
    mr_buf_finish(&value);
}

/* Nothing is made by looking: without a state folder, the one it would be made in is measured. */
static void nearest_folder(const char *wanted, struct mr_buf *out)
{
    mr_buf_addz(out, wanted);
    while (!mr_file_exists(mr_buf_text(out))) {
        while (out->len && out->ptr[out->len - 1] == '/')
            out->len--;
        while (out->len && out->ptr[out->len - 1] != '/')
            out->len--;
        if (!out->len)
            mr_buf_addc(out, '.');
    }
}

static enum mr_exit run(const struct mr_call *call)
{
    const struct options *o = call->options;
    struct report r = {0};
    const char *wanted = o->state.len ? o->state.ptr : MR_STATE_DEFAULT;
    struct mr_buf path = {0};
    nearest_folder(wanted, &path);
    const char *folder = mr_buf_text(&path);
    mr_json_begin_array(&r.json);
    check_machine(&r);
    check_space(&r, folder);
    check_sync(&r, folder);
    check_pipelines(&r, wanted, o->state);
    check_libraries(&r);
    mr_json_end_array(&r.json);
    if (o->json)
        mr_print_json(&r.json);
    else
        mr_print(&r.text);
    mr_buf_finish(&r.json.text);
    mr_buf_finish(&r.text);
    mr_buf_finish(&path);
    return r.worst == BROKEN ? MR_EXIT_FAILED : MR_EXIT_OK;
}

const struct mr_command mr_command_doctor = {
    .name = "doctor",
    .doc = "Look whether this machine and state folder are fit for a run.",
    .options_size = sizeof(struct options),
    .options = option_table,
    .run = run,
};
