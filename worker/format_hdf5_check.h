/* SPDX-License-Identifier: Apache-2.0 */
/* format_hdf5_check.h - what an HDF5 file must be like before a number of it is read. Private to
 * format_hdf5*.c, the files that include HDF5. */
#ifndef WORKER_FORMAT_HDF5_CHECK_H
#define WORKER_FORMAT_HDF5_CHECK_H

#include <hdf5.h>
#include <stdint.h>

#include "worker/format.h"

/* Sets ERROR_INPUT - ERROR_SYSTEM where the system failed to read, or memory ran out - with the
 * text, that the file is damaged, and the innermost thing that HDF5 complained of. Returns -1. */
int hdf5_fail(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Texts from a file go into messages, JSON and logs: what is not printable ASCII becomes '?'. */
void hdf5_make_printable(char *text);

/* format_hdf5_link.c: follows the links from the root to the place, soft ones inside the file
 * too, into path[FORMAT_PATH_SIZE] that holds only hard ones; "" if nothing is there. */
int hdf5_resolve(hid_t file, const char *where, char path[FORMAT_PATH_SIZE], struct error *err);

/* format_hdf5_type.c: the type's part of the description, and the type to read it as, which the
 * caller closes. */
int hdf5_check_type(hid_t dataset, struct format_column *out, hid_t *memory_type,
                    struct error *err);

/* format_hdf5_check.c: fill in what the description says of filters and chunks, and of rows. In
 * this order, the type between them: layouts that lead to other files are refused before HDF5 is
 * asked how long they are. */
int hdf5_check_layout(hid_t dataset, struct format_column *out, struct error *err);
int hdf5_check_space(hid_t space, struct format_column *out, struct error *err);

/* Fills in extents and stored bytes; everything must have been written, lie within the file, and
 * not expand to more than it can. */
int hdf5_check_storage(hid_t dataset, hid_t space, uint64_t file_bytes,
                       struct format_column *out, struct error *err);

#endif
