/* SPDX-License-Identifier: Apache-2.0 */
/* formats.c - see format.h */
#include "worker/format.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "worker/format_hdf5.h"

const struct format *const formats[] = {
    &format_hdf5,
    NULL,
};

/* What no second try will change; anything else (EIO, ESTALE, EMFILE, ...) may pass. */
static enum error_kind kind_of_errno(int number)
{
    static const int lasting[] = {ENOENT, ENOTDIR, EACCES, EPERM, ELOOP, ENAMETOOLONG, EISDIR};
    for (size_t i = 0; i < sizeof lasting / sizeof lasting[0]; i++) {
        if (number == lasting[i]) {
            return ERROR_INPUT;
        }
    }
    return ERROR_SYSTEM;
}

static int fail_errno(const char *path, struct error *err)
{
    int number = errno;
    const char *text = strerrordesc_np(number);
    return error_set(err, kind_of_errno(number), "%s: %s", path,
                     text == NULL ? "cannot be opened" : text);
}

static const struct format *probe_all(int fd, uint64_t size_bytes)
{
    for (size_t i = 0; formats[i] != NULL; i++) {
        if (formats[i]->probe(fd, size_bytes)) {
            return formats[i];
        }
    }
    return NULL;
}

const struct format *format_find(const char *path, struct stat *state, struct error *err)
{
    /* O_NONBLOCK: a pipe of that name must not hold us up. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        fail_errno(path, err);
        return NULL;
    }
    const struct format *found = NULL;
    if (fstat(fd, state) != 0) {
        fail_errno(path, err);
    } else if (!S_ISREG(state->st_mode)) {
        error_set(err, ERROR_INPUT, "%s: no regular file", path);
    } else {
        found = probe_all(fd, (uint64_t)state->st_size);
        if (found == NULL) {
            error_set(err, ERROR_INPUT, "%s: %s", path,
                      state->st_size == 0 ? "the file is empty"
                                          : "of no known format (HDF5 is known)");
        }
    }
    (void)close(fd);
    return found;
}

void format_type_name(const struct format_column *column, char out[FORMAT_WORD_SIZE])
{
    static const char *const name[] = {
        [FORMAT_REAL] = "float", [FORMAT_SIGNED] = "int", [FORMAT_UNSIGNED] = "uint"};
    const char *order = column->big_endian ? "be" : "";
    if (column->kind == FORMAT_BOOLEAN) {
        (void)snprintf(out, FORMAT_WORD_SIZE, "bool%s", column->size > 1 ? order : "");
        return;
    }
    (void)snprintf(out, FORMAT_WORD_SIZE, "%s%zu%s", name[column->kind], column->size * 8,
                   order);
}
