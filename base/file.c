/* SPDX-License-Identifier: Apache-2.0 */
/* file.c - see file.h */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/size.h"

enum { READ_SIZE = 64 << 10 };
enum { NAME_TRIES = 100 };

/* What errno says, without strerror's shared buffer. */
static const char *reason(void)
{
    const char *text = strerrordesc_np(errno);
    return text == NULL ? "unknown error" : text;
}

/* Reads up to size bytes; fewer only at the end of the file. -1 with errno set. */
static ssize_t read_whole(int fd, uint8_t *out, size_t size)
{
    size_t done = 0;
    while (done < size) {
        ssize_t n = read(fd, out + done, size - done);
        if (n == 0) {
            break;
        }
        if (n < 0 && errno != EINTR) {
            return -1;
        }
        done += n < 0 ? 0 : (size_t)n;
    }
    return (ssize_t)done;
}

static int read_open(int fd, size_t limit, struct buffer *out, struct error *err)
{
    size_t before = out->size;
    uint8_t chunk[READ_SIZE];
    ssize_t n = sizeof chunk;
    while (n == sizeof chunk) {
        n = read_whole(fd, chunk, sizeof chunk);
        if (n < 0) {
            /* A folder opens, but cannot be read. */
            enum error_kind kind = errno == EISDIR ? ERROR_INPUT : ERROR_SYSTEM;
            return error_set(err, kind, "cannot be read: %s", reason());
        }
        if ((size_t)n > limit - (out->size - before)) {
            return error_set(err, ERROR_INPUT, "is larger than %zu bytes", limit);
        }
        buffer_raw(out, chunk, (size_t)n);
        if (out->failed) {
            return error_no_memory(err, "it");
        }
    }
    return 0;
}

int file_read(const char *path, size_t limit, struct buffer *out, struct error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        /* Too many open files and the like pass; a missing or forbidden file does not. */
        bool passing = errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == EIO;
        return error_set(err, passing ? ERROR_SYSTEM : ERROR_INPUT, "%s: cannot be opened: %s",
                         path, reason());
    }
    size_t before = out->size;
    int rc = read_open(fd, limit, out, err);
    (void)close(fd);
    if (rc != 0) {
        out->size = before;
        return error_prefix(err, "%s", path);
    }
    return 0;
}

int file_write_all(int fd, const void *data, size_t size)
{
    const uint8_t *at = data;
    size_t done = 0;
    while (done < size) {
        ssize_t n = write(fd, at + done, size - done);
        if (n < 0 && errno != EINTR) {
            return -1;
        }
        done += n < 0 ? 0 : (size_t)n;
    }
    return 0;
}

/* Makes a new file beside path, its name in *name (the caller frees it). O_EXCL and a name of
 * our own instead of mkstemp: the mode then obeys the user's umask. -1 with errno set. */
static int open_beside(const char *path, mode_t mode, char **name)
{
    for (int i = 0; i < NAME_TRIES; i++) {
        if (asprintf(name, "%s.%ld-%d.tmp", path, (long)getpid(), i) < 0) {
            *name = NULL;
            errno = ENOMEM;
            return -1;
        }
        int fd = open(*name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
        if (fd >= 0) {
            return fd;
        }
        free(*name);
        *name = NULL;
        if (errno != EEXIST) {
            return -1;
        }
    }
    return -1;
}

static int sync_folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    size_t n = slash == NULL ? 0 : (size_t)(slash - path) + 1;
    char *folder = n == 0 ? strdup(".") : strndup(path, n);
    int fd = folder == NULL ? -1 : open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(folder);
    if (fd < 0) {
        return -1;
    }
    int rc = fsync(fd);
    /* Some network file systems cannot sync a folder and say so. */
    rc = rc != 0 && errno == EINVAL ? 0 : rc;
    int saved = errno;
    (void)close(fd);
    errno = saved;
    return rc;
}

/* Writes the open file, syncs it if that is wanted, and closes it. -1 with errno set. */
static int fill_and_close(int fd, const void *data, size_t size, bool synced)
{
    int rc = file_write_all(fd, data, size);
    rc = rc == 0 && synced ? fsync(fd) : rc;
    int saved = errno;
    if (close(fd) != 0 && rc == 0) {
        return -1;
    }
    errno = saved;
    return rc;
}

int file_write(const char *path, mode_t mode, const void *data, size_t size, struct error *err)
{
    char *name = NULL;
    int fd = open_beside(path, mode, &name);
    if (fd < 0) {
        return error_set(err, ERROR_SYSTEM, "%s: cannot be written: %s", path, reason());
    }
    if (fill_and_close(fd, data, size, true) != 0 || rename(name, path) != 0) {
        error_set(err, ERROR_SYSTEM, "%s: cannot be written: %s", path, reason());
        (void)unlink(name);
        free(name);
        return -1;
    }
    free(name);
    if (sync_folder_of(path) != 0) {
        return error_set(err, ERROR_SYSTEM, "%s: its folder cannot be synced: %s", path,
                         reason());
    }
    return 0;
}

int file_write_unsynced(const char *path, mode_t mode, const void *data, size_t size,
                        struct error *err)
{
    char *name = NULL;
    if (asprintf(&name, "%s.tmp", path) < 0) {
        return error_no_memory(err, "a path");
    }
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, mode);
    int rc = 0;
    if (fd < 0 || fill_and_close(fd, data, size, false) != 0 || rename(name, path) != 0) {
        rc = error_set(err, ERROR_SYSTEM, "%s: cannot be written: %s", path, reason());
        if (fd >= 0) {
            (void)unlink(name);
        }
    }
    free(name);
    return rc;
}

char *file_join(const char *folder, const char *name)
{
    if (name[0] == '/') {
        return strdup(name);
    }
    size_t n = strlen(folder);
    const char *slash = n > 0 && folder[n - 1] == '/' ? "" : "/";
    char *path = NULL;
    return asprintf(&path, "%s%s%s", folder, slash, name) < 0 ? NULL : path;
}

int file_make_folder(const char *path, mode_t mode, struct error *err)
{
    if (mkdir(path, mode) == 0) {
        return 0;
    }
    int saved = errno;
    struct stat info;
    if (saved == EEXIST && stat(path, &info) == 0 && S_ISDIR(info.st_mode)) {
        return 0;
    }
    errno = saved;
    bool passing = saved == ENOSPC || saved == EDQUOT || saved == EIO || saved == ENOMEM;
    return error_set(err, passing ? ERROR_SYSTEM : ERROR_INPUT, "%s: cannot be made: %s", path,
                     saved == EEXIST ? "a file of that name is there" : reason());
}
