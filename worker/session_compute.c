/* SPDX-License-Identifier: Apache-2.0 */
/* session_compute.c - a session's care of its compute program: starts it, feeds it leases, takes
 * its answers, and answers for it when it dies; see session_state.h */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "worker/session_state.h"

enum { BAD_STARTS_MAX = 12 }; /* deaths in a row without a single answer between */

/* The lease that the compute program is at: the first fed one without an answer. */
struct held *session_current(struct session *s)
{
    for (size_t i = 0; i < s->n_held; i++) {
        if (s->held[i].fed && !session_answered(&s->held[i])) {
            return &s->held[i];
        }
    }
    return NULL;
}

/* So many deaths in a row are not the fault of what is read. */
static void count_bad_start(struct session *s)
{
    s->n_bad_starts++;
    if (s->n_bad_starts >= BAD_STARTS_MAX) {
        log_line("worker", "the compute program dies each time: giving up");
        s->end = SESSION_TROUBLE;
    }
}

static void start_child(struct session *s)
{
    char threads[32];
    char memory[32];
    (void)snprintf(threads, sizeof threads, "%zu", s->n_threads);
    (void)snprintf(memory, sizeof memory, "%llu", (unsigned long long)s->options->memory_bytes);
    char program[] = "picobarn-worker";
    char command[] = "compute";
    char *const argv[] = {program, command, threads, memory, NULL};
    struct error err = {0};
    if (child_start(&s->child, argv, &err) != 0) {
        log_line("worker", "%s", err.text);
        count_bad_start(s);
    } else if (frames_write(s->child.input, &s->welcome, &err) != 0) {
        log_line("worker", "%s", err.text); /* it died, which is noticed when it is heard */
    }
    s->moved_ms = clock_now_ms();
}

/* Feeds what is not yet fed. A pipe that breaks here is noticed as the child's death. */
void session_feed_child(struct session *s)
{
    if (s->welcome.size == 0 || s->n_held == 0) {
        return;
    }
    for (size_t i = 0; i < s->n_held; i++) {
        struct held *held = &s->held[i];
        if (held->fed || session_answered(held)) {
            continue;
        }
        if (s->child.pid == 0) {
            start_child(s);
        }
        if (s->child.pid == 0) {
            return; /* the next turn tries again */
        }
        if (session_current(s) == NULL) {
            s->moved_ms = clock_now_ms();
        }
        held->fed = frames_write(s->child.input, &held->lease, NULL) == 0;
    }
}

static void fail_lease(struct session *s, struct held *held, int signal, const char *text)
{
    char log[CHILD_LOG_SIZE + 1];
    child_log_text(&s->child, log, sizeof log);
    char reason[ERROR_TEXT_SIZE];
    (void)snprintf(reason, sizeof reason, "%s", text);
    struct message_failure failure = {
        .id = held->id, .kind = ERROR_SYSTEM, .signal = signal, .text = reason, .log = log};
    buffer_clear(&held->answer);
    message_failure_encode(&failure, &held->answer);
    session_send_answer(s, held);
}

/* The compute program is gone: the lease it was at failed, the others are fed to the next one. */
void session_bury_child(struct session *s, int kill_first, const char *why)
{
    int status = 0;
    int signal = child_reap(&s->child, kill_first, &status);
    struct held *at = session_current(s);
    char text[256];
    if (why != NULL) {
        (void)snprintf(text, sizeof text, "%s", why);
    } else if (s->child.killed) {
        (void)snprintf(text, sizeof text,
                       "the compute program closed its output and went on: it was killed");
    } else if (signal != 0) {
        /* The kernel says no more when memory ends. */
        (void)snprintf(text, sizeof text, "the compute program was ended by signal %d (%s)%s",
                       signal, sigdescr_np(signal) == NULL ? "?" : sigdescr_np(signal),
                       signal == SIGKILL ? ", perhaps for want of memory" : "");
    } else {
        (void)snprintf(text, sizeof text, "the compute program ended by itself with status %d",
                       status);
    }
    log_line("worker", "%s", text);
    if (at != NULL) {
        fail_lease(s, at, signal, text);
    }
    for (size_t i = 0; i < s->n_held; i++) {
        s->held[i].fed = s->held[i].fed && session_answered(&s->held[i]);
    }
    count_bad_start(s);
}

/* One message of the compute program. */
static int take_answer(struct session *s, struct bytes *message, struct error *err)
{
    struct bytes whole = *message;
    enum message_type type = MESSAGE_TYPES;
    if (message_type(message, &type, err) != 0) {
        return -1;
    }
    s->moved_ms = clock_now_ms();
    if (type == MESSAGE_HEARTBEAT) {
        struct message_heartbeat beat;
        struct held *held = NULL;
        if (message_heartbeat_decode(&beat, message, err) != 0) {
            return -1;
        }
        if (beat.n == 1 && (held = session_find_held(s, beat.lease[0].epoch)) != NULL) {
            held->events = beat.lease[0].events;
        }
        return 0;
    }
    struct held *held = session_current(s);
    if (held == NULL || (type != MESSAGE_RESULT && type != MESSAGE_FAILURE)) {
        return error_set(err, ERROR_PEER, "the compute program said something unasked");
    }
    s->n_bad_starts = 0;
    buffer_clear(&held->answer);
    buffer_raw(&held->answer, whole.at, whole.left);
    session_send_answer(s, held);
    return 0;
}

void session_hear_child(struct session *s)
{
    struct error err = {0};
    child_listen(&s->child);
    int rc = frames_read(&s->child.frames, s->child.output, &err);
    struct bytes message;
    int taken = 1;
    while (rc == 1 && taken == 1 && s->end < 0) {
        taken = frames_take(&s->child.frames, &message, &err);
        if (taken < 0 || (taken == 1 && take_answer(s, &message, &err) != 0)) {
            rc = -1;
        }
    }
    if (rc != 1) {
        session_bury_child(s, rc < 0, rc < 0 ? err.text : NULL);
    }
}
