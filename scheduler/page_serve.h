/* SPDX-License-Identifier: Apache-2.0 */
/* page_serve.h - the page of a run folder of this machine, served until a signal comes. It only reads
 * the run, in a process of its own, and so costs its scheduler nothing.
 *
 * Address and token are kept in the folder's page.json, so that a page that is open goes on when the
 * command is given again. */
#ifndef SCHEDULER_PAGE_SERVE_H
#define SCHEDULER_PAGE_SERVE_H

#include <stdbool.h>

#include "base/error.h"
#include "scheduler/server.h"

struct page_serve_options {
    const char *folder;
    const char *listen;        /* NULL: where it was last, else 127.0.0.1:8080, else any port */
    const char *metrics_token; /* and this, as server.h has them */
    bool has_open_metrics;
    bool allow_control; /* the link lets its browser rerun, pause and resume, too */
};

/* Returns 0 after a signal. */
int page_serve(const struct page_serve_options *options, struct error *err);

/* Prints the link, again when it was used; context is not used. For server_options.note_link. */
void page_serve_print_link(void *context, const struct server *s);

#endif
