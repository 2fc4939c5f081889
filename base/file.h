/* SPDX-License-Identifier: Apache-2.0 */
/* file.h - whole files: read with a limit, replaced atomically. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stddef.h>
#include <sys/types.h>

#include "base/bytes.h"
#include "base/error.h"

/* Appends the file's bytes to out. Fails (ERROR_INPUT) if it cannot be opened or is larger than
 * limit bytes, (ERROR_SYSTEM) if reading fails; the text names the path. */
int file_read(const char *path, size_t limit, struct buffer *out, struct error *err);

/* Replaces path by size bytes: a temporary file beside it, fsync, rename, fsync of the folder. A
 * reader sees the old file or the new one, whole; after a crash too. */
int file_write(const char *path, mode_t mode, const void *data, size_t size, struct error *err);

/* The same for what is shown and made again each second: without fsync, so that a crash of the
 * machine may leave an empty file. One writer at a time: the temporary file, path + ".tmp", is the
 * one that a writer who was killed may have left. */
int file_write_unsynced(const char *path, mode_t mode, const void *data, size_t size,
                        struct error *err);

/* Writes all to the open file, pipe or terminal, waiting for room. -1 with errno set: what it is
 * that cannot be written only the caller knows. */
int file_write_all(int fd, const void *data, size_t size);

/* folder + "/" + name in fresh memory that the caller frees; an absolute name comes back as it
 * is. NULL without memory. */
char *file_join(const char *folder, const char *name);

/* Makes the folder if it is missing (its parent must exist). */
int file_make_folder(const char *path, mode_t mode, struct error *err);

#endif
