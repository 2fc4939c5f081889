/* SPDX-License-Identifier: Apache-2.0 */
/* page_api.h - the page of a run and what it reads, over HTTP: the routes for server.h.
 *
 *     GET  /, /page/NAME      view      the page's files
 *     GET  /healthz           anyone    ok
 *     GET  /metrics           metrics   for Prometheus (metrics.h)
 *     GET  /api/v1/rights     view      {"control": true}: what the viewer may do
 *     GET  /api/v1/page       view      the document of dashboard.h
 *     GET  /api/v1/events     view      the same as server-sent events (feed.h)
 *     GET  /api/v1/plot.EXT   view      ?histogram=&channel=&scale=log: svg, png, pdf, or json: as
 *                                       `picobarn plot`
 *     GET  /api/v1/files/NAME view      result.json, run.json, run.yaml, plot.svg, .png, .pdf
 *     POST /api/v1/pause      control   no leases are given until
 *     POST /api/v1/resume     control
 *
 * What tells of a run carries the ledger's sequence number in a header. The caller's loop calls
 * page_api_turn; nothing is read while nobody looks. */
#ifndef SCHEDULER_PAGE_API_H
#define SCHEDULER_PAGE_API_H

#include "scheduler/dashboard.h"
#include "scheduler/feed.h"
#include "scheduler/picture.h"
#include "scheduler/server.h"

/* The context of the routes; zeroed but for the first five. */
struct page_api {
    const char *folder;    /* borrowed */
    const char *name;      /* of the run, or NULL; borrowed */
    struct server *server; /* borrowed; set once it is open */
    json_t *(*tell_child)(
        void *context); /* what is started for viewers, for the document; or NULL */
    void *child;
    struct dashboard dashboard;
    struct feed feed;
    struct pictures pictures;
    uint64_t due_ms;  /* when it may be read again */
    uint64_t beat_ms; /* when viewers get a sign of life again */
    uint64_t told_ms; /* when they were told something new */
};

extern const struct server_route page_api_routes[];

/* Those of the page itself, for other tables of routes; none uses its context. */
void page_api_answer_index(void *context, const struct server_request *request,
                           struct server_answer *answer);
void page_api_answer_file(void *context, const struct server_request *request,
                          struct server_answer *answer);
void page_api_answer_rights(void *context, const struct server_request *request,
                            struct server_answer *answer);
void page_api_answer_health(void *context, const struct server_request *request,
                            struct server_answer *answer);

/* In how many milliseconds at most page_api_turn is to be called; -1: not for its sake. */
int page_api_timeout_ms(const struct page_api *api);
void page_api_turn(struct page_api *api);

/* Looks now. When (clock_now_ms) viewers were told the latest of a run on which nobody works any more; 0:
 * one does, or nobody looks. */
uint64_t page_api_ended_ms(struct page_api *api);

/* When the server is closed. */
void page_api_release(struct page_api *api);

#endif
