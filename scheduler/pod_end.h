/* SPDX-License-Identifier: Apache-2.0 */
/* pod_end.h - how workers' pods ended, in the words of Kubernetes, with the last lines they wrote:
 * what a lost lease is recorded with. */
#ifndef SCHEDULER_POD_END_H
#define SCHEDULER_POD_END_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/json.h"
#include "k8s/k8s.h"

/* One line of a failed pod: "pod demo-w0-3-x7k2p on node n1: OOMKilled (exit status 137)". Its
 * disruption, the kubelet's reason and what its container ended with, as far as they are told. */
void pod_end_describe(const json_t *pod, struct buffer *out);

/* True if its container was killed because it needed more memory than its limit. Where only the
 * compute program in it was, its session tells. */
bool pod_end_is_oom(const json_t *pod);

/* The name of the node it was on, "" before it was scheduled; borrowed. */
const char *pod_end_node(const json_t *pod);

struct pod_end {
    char *name; /* of the pod, which is the worker's name */
    char *why;
    char *log;   /* last lines, or NULL where there are none any more */
    bool is_oom; /* it needed more memory than its limit */
};

/* Finds the failed pods of Jobs, and those that it is asked for, and reads their logs; without
 * waiting. */
struct pod_ends;

struct pod_ends *pod_ends_create(struct k8s *k, struct error *err);
void pod_ends_destroy(struct pod_ends *e); /* before the client is closed; NULL is allowed */

/* Looks for failed pods of that Job which are not known yet. False, and nothing was begun, while
 * another look is under way. */
bool pod_ends_look(struct pod_ends *e, const char *job);

/* Asks for the one pod of that name, which goes or is not heard any more, until it is seen to have
 * ended, to be deleted, or to be gone; for a few seconds. Only then it is told. False if it was
 * told before. */
bool pod_ends_ask(struct pod_ends *e, const char *name);

/* True while a look, or the reading of a log, is under way. */
bool pod_ends_busy(const struct pod_ends *e);

/* The next one that is wholly known; false if there is none. Borrowed until the next call. */
bool pod_ends_next(struct pod_ends *e, struct pod_end *end);

/* A Job is gone: its pods are forgotten. */
void pod_ends_forget(struct pod_ends *e, const char *job);

#endif
