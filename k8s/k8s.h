/* SPDX-License-Identifier: Apache-2.0 */
/* k8s.h - a client of one Kubernetes API server: requests that wait and requests that do not,
 * lists, watches, and objects that are made exactly once.
 *
 * Connections are kept. Nothing here waits except k8s_wait, k8s_call, k8s_ensure_now and
 * k8s_list. All callbacks come from k8s_turn or one of these, in the thread that calls it; a client
 * belongs to one thread. Callbacks may start further requests and stop watches; they may neither
 * wait nor close the client.
 *
 * Errors: ERROR_INPUT for what a person has to mend (a bad kubeconfig, 400, 401 after fresh
 * credentials, 403, 404, 409 of somebody else's object, 422), with the server's own message and
 * what to do; ERROR_SYSTEM for what may pass (no connection, time over, 429, 5xx); ERROR_PEER for
 * an answer that is none of Kubernetes's. */
#ifndef K8S_K8S_H
#define K8S_K8S_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/json.h"

struct k8s;

struct k8s_options {
    /* Path; NULL: $KUBECONFIG (a list with colons between is merged), else in a pod its service
     * account, else ~/.kube/config. */
    const char *kubeconfig;
    const char *context;    /* NULL: the current one */
    const char *namespace;  /* NULL: the context's, in a pod its own, else "default" */
    const char *user_agent; /* NULL: "picobarn/VERSION" */
};

/* Reads the configuration; no request is made, no exec plugin is run. */
struct k8s *k8s_open(const struct k8s_options *options, struct error *err);

/* Drops what is under way without calling back. NULL is allowed. */
void k8s_close(struct k8s *k);

const char *k8s_namespace(const struct k8s *k); /* borrowed, like the next */
const char *k8s_server(const struct k8s *k);    /* "https://host:6443" */

/* What there is of resources here; the table with paths is in k8s_resource.c. */
enum k8s_resource {
    K8S_CONFIG_MAPS,
    K8S_SECRETS,
    K8S_SERVICES,
    K8S_PODS,
    K8S_EVENTS,
    K8S_PERSISTENT_VOLUME_CLAIMS,
    K8S_STATEFUL_SETS,
    K8S_JOBS,
    K8S_NAMESPACES, /* of the cluster, in no namespace */
    K8S_RESOURCES
};

/* By "Job", as an object's kind says it; K8S_RESOURCES for one that is not known. */
enum k8s_resource k8s_resource_of_kind(const char *kind);
const char *k8s_resource_kind(enum k8s_resource resource);

enum k8s_method { K8S_GET, K8S_POST, K8S_PATCH, K8S_DELETE };

/* One request; all borrowed until k8s_send or k8s_call returns. */
struct k8s_request {
    enum k8s_method method;
    enum k8s_resource resource;
    const char *namespace;    /* NULL: the client's */
    const char *name;         /* NULL: the collection; "NAME:PORT" of a proxy */
    const char *subresource;  /* "log", "proxy/api/v1/status"; NULL: none */
    const char *query;        /* "limit=5&labelSelector=a%3Db", escaped (k8s_escape); NULL */
    const json_t *body;       /* JSON, or NULL */
    const void *raw;          /* or raw bytes, for a proxy */
    size_t raw_size;          /* how many */
    const char *content_type; /* NULL: JSON; of a PATCH application/merge-patch+json */
    const char *header;       /* one more, "X-Picobarn-Token: ..."; NULL: none */
    uint32_t timeout_ms;      /* over all tries; 0: 30 s */
    size_t size_limit;        /* of the answer: more is ERROR_PEER; 0: 64 MiB, none with take */

    /* The bytes of a status of 2xx as they come, instead of answer.body; first with size 0, when
     * the status is known. Returning false ends the request, without an error. NULL: they are
     * collected. */
    bool (*take)(void *context, const void *data, size_t size);
    void *context; /* of take and of done */
};

struct k8s_answer {
    int status;       /* HTTP status; 0: no whole answer came */
    bool in_doubt;    /* none came, or one of 5xx: it may have been acted on all the same */
    json_t *body;     /* parsed, if the answer was JSON; borrowed */
    struct bytes raw; /* the bytes as they came, of what was not taken */
    char content_type[80];
    uint32_t retry_after_s; /* 0: not said */
    char reason[64];        /* of a Status: "AlreadyExists", "Expired"; "" */
    struct error error;     /* ERROR_NONE for 2xx */
};

/* Starts a request; done is called once, unless the client is closed before; the answer is valid
 * during the call. GET is tried again by itself after 429, 5xx, and a connection that broke; others
 * only where the server surely did not act (429; no connection was made). There are at most 10
 * tries within timeout_ms, none of them earlier than Retry-After says, and none any more when for
 * 3 s no connection could be made. After a 401 credentials are made anew, once. */
int k8s_send(struct k8s *k, const struct k8s_request *request,
             void (*done)(void *context, const struct k8s_answer *answer), struct error *err);

/* The same, waiting: 0 and *body (the caller's; NULL for what was no JSON; body may be NULL), or -1.
 * status may be NULL; *status is set either way (0: no answer). */
int k8s_call(struct k8s *k, const struct k8s_request *request, json_t **body, int *status,
             struct error *err);

/* Moves what can be moved, without waiting. Fails only for want of memory. */
int k8s_turn(struct k8s *k, struct error *err);

/* The same, waiting at most so long for something to move, or for fd to be readable (-1: none). */
int k8s_wait(struct k8s *k, int fd, uint32_t timeout_ms, struct error *err);

/* Makes an object exactly once, whatever happens to the connection: POST; after "exists already",
 * or an answer that never came, what is there is looked at. It is ours, and taken (adopted), if
 * its labels hold all of this object's labels and its annotation K8S_HASH is this one's; else
 * ERROR_INPUT that names it and says what differs. done gets the object as the server has it. The
 * object's "kind" says where it goes. */
#define K8S_HASH "picobarn/spec-hash"
int k8s_ensure(struct k8s *k, const json_t *object,
               void (*done)(void *context, const struct k8s_answer *answer, bool created),
               void *context, struct error *err);

/* Waiting. created may be NULL; made too, and is the caller's. dry_run: the server only checks. */
int k8s_ensure_now(struct k8s *k, const json_t *object, bool dry_run, json_t **made,
                   bool *created, struct error *err);

/* Waiting, at most timeout_ms (0: 30 s). One object: 1 with *object (the caller's), 0 with NULL if
 * there is none of that name, -1. */
int k8s_find(struct k8s *k, enum k8s_resource resource, const char *name, uint32_t timeout_ms,
             json_t **object, struct error *err);

/* The same: asks for the end of one, whose own come after it. What is not there fails. */
int k8s_delete(struct k8s *k, enum k8s_resource resource, const char *name, uint32_t timeout_ms,
               struct error *err);

/* metadata.KEY, and the label KEY, of an object, borrowed: "" if there is none. */
const char *k8s_metadata(const json_t *object, const char *key);
const char *k8s_label(const json_t *object, const char *key);

/* The condition of that type if it stands at that status ("True", "False"), borrowed, or NULL. */
const json_t *k8s_condition(const json_t *object, const char *type, const char *status);

/* All objects of a collection, page by page (limit=500): one array of items, the caller's. A token
 * that expired between pages starts again. selectors may be NULL, and are
 * unescaped. The items have no kind: the API gives none in lists. */
json_t *k8s_list(struct k8s *k, enum k8s_resource resource, const char *label_selector,
                 const char *field_selector, struct error *err);

/* A mirror of a collection: lists, then watches, for ever. Callbacks as objects come; after a
 * relist what is gone is told too, so that whoever applies the calls has the server's state. The
 * objects are without their managedFields. */
struct k8s_watch_calls {
    void (*changed)(void *context, const json_t *object); /* new or different */
    void (*gone)(void *context, const json_t *object);    /* as it was last */
    void (*synced)(void *context); /* after each whole list; NULL allowed */
    void *context;
};

struct k8s_watch;
struct k8s_watch *k8s_watch_start(struct k8s *k, enum k8s_resource resource,
                                  const char *label_selector, const char *field_selector,
                                  const struct k8s_watch_calls *calls, struct error *err);
void k8s_watch_stop(struct k8s_watch *w); /* NULL is allowed */

/* Since when the mirror may be out of date: 0 if it is not, else clock_now_ms() of the last word.
 * The reason, or "", into why. */
uint64_t k8s_watch_stale_since_ms(const struct k8s_watch *w, char *why, size_t size);

/* What an API server takes in a query: everything but letters, digits and -._~ as %XX; to be
 * freed. NULL without memory. */
char *k8s_escape(const char *text);

struct k8s_range {
    uint32_t first;
    uint32_t last; /* both of them in it */
};

/* completedIndexes and failedIndexes of a Job, "1,3-5,7", as a set: increasing, no two ranges
 * overlap or touch. */
struct k8s_indexes {
    size_t n_ranges;
    struct k8s_range *range;
};

/* ERROR_PEER for what is none of a Job of n indexes: numbers or ranges that do not increase, reach
 * n, or have leading zeros or other characters. NULL or "" is the empty set. release is safe on
 * a zeroed one. */
int k8s_indexes_decode(struct k8s_indexes *set, const char *text, uint32_t n,
                       struct error *err);

/* Appends the set as the Job controller writes it: a range for three or more in a row. */
void k8s_indexes_encode(const struct k8s_indexes *set, struct buffer *out);
bool k8s_indexes_has(const struct k8s_indexes *set, uint32_t index);
uint32_t k8s_indexes_count(const struct k8s_indexes *set);
void k8s_indexes_release(struct k8s_indexes *set);

#endif
