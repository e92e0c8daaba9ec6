/* Processes and their memory, as the kernel's files tell. */
#include "tests/chaos/watch.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "runtime/base/str.h"

/* A small file of a process, terminated by zero; its length, 0 when the process is gone. */
static size_t read_file(pid_t pid, const char *name, char *text, size_t size)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%ld/%s", (long)pid, name);
    FILE *f = fopen(path, "re");
    size_t len = f ? fread(text, 1, size - 1, f) : 0;
    if (f)
        fclose(f);
    text[len] = 0;
    return len;
}

static pid_t parent_of(pid_t pid)
{
    char text[512];
    int parent = 0;
    read_file(pid, "stat", text, sizeof text);
    const char *end = strrchr(text, ')'); /* the name before may hold anything */
    return end && sscanf(end + 1, " %*c %d", &parent) == 1 ? parent : 0;
}

size_t watch_children(pid_t parent, pid_t *out)
{
    size_t count = 0;
    DIR *dir = opendir("/proc");
    for (struct dirent *d; dir && (d = readdir(dir)) && count < WATCH_CHILDREN;) {
        int64_t pid;
        if (mr_str_to_int(mr_str_of(d->d_name), &pid) && parent_of((pid_t)pid) == parent)
            out[count++] = (pid_t)pid;
    }
    if (dir)
        closedir(dir);
    return count;
}

/* Its group: "millrace stage PLAN GROUP …"; -1 for another process. */
static int group_of(pid_t pid)
{
    char text[4096];
    size_t len = read_file(pid, "cmdline", text, sizeof text);
    const char *at = text;
    for (int word = 0; at < text + len && word < 3; word++)
        at += strlen(at) + 1;
    uint64_t group;
    bool ours = strstr(text, "millrace") && at < text + len &&
                mr_str_to_uint(mr_str_of(at), &group) && group < WATCH_GROUPS;
    return ours ? (int)group : -1;
}

void watch_memory(struct watch_memory *w, pid_t supervisor)
{
    pid_t all[WATCH_CHILDREN];
    size_t count = watch_children(supervisor, all);
    for (size_t i = 0; i < count; i++) {
        char text[4096];
        int group = group_of(all[i]);
        read_file(all[i], "status", text, sizeof text);
        const char *line = strstr(text, "RssAnon:");
        unsigned long long kb;
        if (group >= 0 && line && sscanf(line, "RssAnon: %llu", &kb) == 1 && kb > w->peak_kb[group])
            w->peak_kb[group] = kb;
    }
}
