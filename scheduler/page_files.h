/* SPDX-License-Identifier: Apache-2.0 */
/* page_files.h - the files of the page (scheduler/page/), which the build puts into the program. */
#ifndef SCHEDULER_PAGE_FILES_H
#define SCHEDULER_PAGE_FILES_H

#include <stddef.h>

struct page_file {
    const char *name; /* "page.css" */
    const char *type; /* its Content-Type */
    const unsigned char *data;
    size_t size;
};

/* Ended by a row without name. */
extern const struct page_file page_files[];

#endif
