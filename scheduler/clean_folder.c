/* SPDX-License-Identifier: Apache-2.0 */
/* clean_folder.c - a run folder without what can be made again; see clean.h */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/size.h"
#include "scheduler/clean.h"
#include "scheduler/human.h"

/* What a run folder may hold. Anything else is somebody's own. */
static const struct {
    const char *name;
    bool is_ledger; /* stays unless asked for */
} known[] = {
    {"worker.json", false},      {"keys.json", false}, {"result.json", false},
    {"run.json", false},         {"plot.svg", false},  {"plot.png", false},
    {"plot.pdf", false},         {"pods.json", false}, {"max_pods", false},
    {"live.json", false},        {"page.json", false}, {"pause", false},
    {"live.json.tmp", false},    {"ledger.db", true},  {"ledger.db-wal", true},
    {"ledger.db-shm", true},     {"run.yaml", true},   {"ledger.db.new", true},
    {"ledger.db.new-wal", true}, {"lock", true},
};

/* Held by whoever writes; it goes with the process. -1 also where there is none. */
static int take_lock(int folder, const char *path, bool *is_held, struct error *err)
{
    int fd = openat(folder, "lock", O_RDWR | O_CLOEXEC);
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    *is_held = fd >= 0 && fcntl(fd, F_OFD_SETLK, &whole) != 0;
    if (*is_held) {
        (void)error_set(err, ERROR_INPUT,
                        "%s: a scheduler works on this run: end it first (Ctrl-C there)", path);
    }
    return fd;
}

static int remove_one(int folder, const char *name, struct buffer *out, struct error *err)
{
    if (unlinkat(folder, name, 0) == 0) {
        buffer_printf(out, "removed   %s\n", name);
        return 0;
    }
    return errno == ENOENT
               ? 0
               : error_set(err, ERROR_SYSTEM, "%s: %s", name, strerrordesc_np(errno));
}

/* "worker-17.log" */
static bool is_log(const char *name)
{
    static const char begin[] = "worker-";
    if (strncmp(name, begin, sizeof begin - 1) != 0) {
        return false;
    }
    const char *number = name + sizeof begin - 1;
    size_t digits = strspn(number, "0123456789");
    return digits > 0 && strcmp(number + digits, ".log") == 0;
}

/* Calls for each name in the folder but . and .. */
static int each_name(int folder, void (*visit)(void *context, int folder, const char *name),
                     void *context)
{
    int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *entries = fd < 0 ? NULL : fdopendir(fd);
    if (entries == NULL) {
        if (fd >= 0) {
            (void)close(fd);
        }
        return -1;
    }
    const struct dirent *entry = NULL;
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): a stream of its own */
    while ((entry = readdir(entries)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            visit(context, folder, entry->d_name);
        }
    }
    (void)closedir(entries);
    return 0;
}

static void remove_log(void *context, int folder, const char *name)
{
    (void)context;
    if (is_log(name)) {
        (void)unlinkat(folder, name, 0); /* what stays is told with the folder */
    }
}

/* The folder of the logs, unless something else is in it. */
static void remove_logs(int folder, struct buffer *out)
{
    int logs = openat(folder, "logs", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (logs < 0) {
        return;
    }
    (void)each_name(logs, remove_log, NULL);
    (void)close(logs);
    if (unlinkat(folder, "logs", AT_REMOVEDIR) == 0) {
        buffer_printf(out, "removed   logs\n");
    }
}

static void tell_left(void *context, int folder, const char *name)
{
    struct buffer *out = context;
    (void)folder;
    buffer_printf(out, "left      ");
    human_text(out, name);
    buffer_printf(out, "\n");
}

static int remove_all(int folder, bool with_ledger, struct buffer *out, struct error *err)
{
    int rc = 0;
    remove_logs(folder, out);
    for (size_t i = 0; rc == 0 && i < ARRAY_LENGTH(known); i++) {
        if (with_ledger || !known[i].is_ledger) {
            rc = remove_one(folder, known[i].name, out, err);
        }
    }
    if (rc == 0 && each_name(folder, tell_left, out) != 0) {
        rc = error_set(err, ERROR_SYSTEM, "the folder cannot be listed");
    }
    return rc;
}

int clean_folder(const char *folder, bool with_ledger, struct buffer *out, struct error *err)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return error_set(err, ERROR_INPUT, "run folder %s: %s", folder, strerrordesc_np(errno));
    }
    bool is_held = false;
    int lock = take_lock(fd, folder, &is_held, err);
    int rc = is_held ? -1 : remove_all(fd, with_ledger, out, err);
    if (rc == 0 && with_ledger && rmdir(folder) == 0) {
        buffer_printf(out, "removed   %s\n", folder);
    }
    if (lock >= 0) {
        (void)close(lock);
    }
    (void)close(fd);
    return rc;
}
