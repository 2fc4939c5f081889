/* SPDX-License-Identifier: Apache-2.0 */
/* remote.h - a run in a cluster, "k8s:[NAMESPACE/]NAME", reached through the API server's proxy to its
 * scheduler (keeper_api.h), with the user's own kubeconfig. Nothing here outlives a command: the
 * run does not know that somebody looks. */
#ifndef SCHEDULER_REMOTE_H
#define SCHEDULER_REMOTE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/json.h"
#include "k8s/k8s.h"
#include "scheduler/command.h"
#include "scheduler/reply.h"
#include "scheduler/server_gate.h"

enum { REMOTE_NAME_SIZE = 64 };

/* What an operand names; namespace "": the kubeconfig's. */
struct remote_name {
    char namespace[REMOTE_NAME_SIZE];
    char name[REMOTE_NAME_SIZE];
};

/* Does the operand begin with "k8s:"? NULL does not. */
bool remote_is(const char *operand);

/* ERROR_INPUT for what no run can be called. */
int remote_parse(const char *operand, struct remote_name *out, struct error *err);

struct remote;

/* Reads the kubeconfig; makes no request. */
struct remote *remote_open(const char *operand, struct error *err);

/* The same with a client that is there, which is borrowed until remote_close. */
struct remote *remote_open_with(struct k8s *k, const char *name, struct error *err);
void remote_close(struct remote *r); /* NULL is allowed */

struct k8s *remote_k8s(struct remote *r); /* borrowed, like the names */
const char *remote_name(const struct remote *r);
const char *remote_namespace(const struct remote *r);

/* The token for that right, out of the Secret that holds it, read once: GATE_VIEW picobarn-view,
 * GATE_CONTROL NAME-scheduler. Borrowed; NULL on failure. */
const char *remote_token(struct remote *r, enum gate_right right, struct error *err);

/* A request to the scheduler, "api/v1/state"; GET without a body, which is borrowed. 0 and *answer (the
 * caller's), or -1 with the scheduler's own words; *status is set either way. Both may be NULL. */
int remote_ask(struct remote *r, const char *path, const json_t *body, json_t **answer,
               int *status, struct error *err);

/* The same without waiting, for a loop that calls k8s_wait; all borrowed until it returns, but the
 * functions' context. The right says with which token. */
struct remote_request {
    const char *path;
    const char *query; /* escaped, or NULL */
    enum gate_right right;
    const json_t *body; /* or raw, as k8s_request has them; NULL and 0: GET */
    const void *raw;
    size_t raw_size;
    uint32_t timeout_ms;
    bool (*take)(void *context, const void *data, size_t size);
    void (*done)(void *context, const struct k8s_answer *answer);
    void *context;
};
int remote_send(struct remote *r, const struct remote_request *request, struct error *err);

/* What an answer refuses, in the scheduler's own words if they are its. */
void remote_explain(const struct remote *r, const struct k8s_answer *answer, struct error *out);

/* Runs a command (words ended by NULL) there; take gets what it says as it comes. Its exit status, or
 * -1. */
int remote_command(struct remote *r, const char *const *words,
                   int (*take)(void *context, enum reply_kind kind, const void *data,
                               size_t size, struct error *err),
                   void *context, struct error *err);

/* Does for an operand that remote_is what the command does for a folder: sends it with its options,
 * prints what it says, writes locally the file that it writes. An exit status, or -1. */
int remote_relay(const struct command *command, const struct invocation *invocation,
                 struct error *err);

#endif
