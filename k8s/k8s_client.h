/* SPDX-License-Identifier: Apache-2.0 */
/* k8s_client.h - what the parts of the client share: the client itself, and requests that are under
 * way. Nobody outside k8s/ and its tests includes this. */
#ifndef K8S_K8S_CLIENT_H
#define K8S_K8S_CLIENT_H

#include "k8s/credentials.h"
#include "k8s/http.h"
#include "k8s/k8s.h"
#include "k8s/kubeconfig.h"

/* How long things take; a test makes them shorter. */
struct k8s_timing {
    uint32_t retry_first_ms; /* doubles with every try, with jitter */
    uint32_t retry_most_ms;
    uint32_t unreachable_ms; /* without a connection for so long: no further try */
    uint32_t watch_first_ms; /* back-off of a watch, likewise */
    uint32_t watch_most_ms;
    uint32_t watch_good_ms; /* after so long a watch begins with watch_first_ms again */
    uint32_t watch_idle_ms; /* silence, of a server that sends bookmarks */
    uint32_t
        watch_grace_ms; /* silence beyond the server's own time limit, of one that does not */
    uint32_t watch_least_s; /* what the server is asked for: a random time between */
    uint32_t watch_most_s;
};

struct k8s {
    struct k8s_timing timing;
    struct kubeconfig config;
    char *namespace;
    char *user_agent; /* header line */
    struct http *http;
    struct credentials *credentials;
    struct k8s_pending *pending; /* the first of them */
    struct k8s_watch *watch;     /* likewise */
    bool turning;                /* callbacks are being called: nothing is freed */
};

/* How a request ends: done once, or dropped when the client is closed or it is stopped (may be
 * NULL). */
struct k8s_end {
    void (*done)(void *context, const struct k8s_answer *answer);
    void (*dropped)(void *context);
    void *context;
    bool once; /* a watch, which has a back-off of its own: only a 401 is tried again */
};

struct k8s_pending;

/* As k8s_send, with an end of its own; request->take gets request->context. */
struct k8s_pending *k8s_pending_start(struct k8s *k, const struct k8s_request *request,
                                      const struct k8s_end *end, struct error *err);
void k8s_pending_stop(struct k8s_pending *p);

void k8s_pendings_begin(struct k8s *k);            /* starts those whose time has come */
void k8s_pendings_sweep(struct k8s *k);            /* frees those that ended */
void k8s_pendings_release(struct k8s *k);          /* drops all */
uint64_t k8s_pendings_due_ms(const struct k8s *k); /* clock_now_ms(); UINT64_MAX: nothing */

void k8s_watches_turn(struct k8s *k);
void k8s_watches_sweep(struct k8s *k);
void k8s_watches_release(struct k8s *k);
uint64_t k8s_watches_due_ms(const struct k8s *k);

/* A random time between half of it and all of it. */
uint32_t k8s_jitter_ms(uint32_t ms);
uint64_t k8s_random(uint64_t limit); /* in [0, limit); limit > 0 */

/* What was asked. */
struct k8s_question {
    const char *task;   /* for errors: "cannot create jobs in namespace n" */
    const char *server; /* likewise */
    bool wants_object;  /* JSON, as the API server itself answers; else anything will do */
};

/* Fills *out from what came over HTTP: JSON or raw bytes, a Status, an error that says what was
 * asked and what to do. k8s_answer_release frees out->body. */
void k8s_answer_read(struct k8s_answer *out, const struct http_answer *http,
                     const struct k8s_question *question);
void k8s_answer_release(struct k8s_answer *answer);

#endif
