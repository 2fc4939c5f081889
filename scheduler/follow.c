/* SPDX-License-Identifier: Apache-2.0 */
/* follow.c - see follow.h */
#include "scheduler/follow.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/signals.h"
#include "scheduler/print.h"
#include "scheduler/scheduler_pod.h"

enum {
    EVERY_MS = 1000,
    LOST_AFTER_MS = 10000,
    REFUSED_MOST_MS = 30000,
    PODS_EVERY_MS = 4000,
    REASON_SIZE = 600,
};

struct follower {
    struct remote *remote;
    struct progress *progress;
    int signals;
    uint64_t heard_ms;   /* when the scheduler last answered; at first: when we began */
    uint64_t pods_ms;    /* when we last asked why it does not */
    uint64_t refused_ms; /* since we are refused; 0: we are not */
    bool was_heard;
    char why[REASON_SIZE]; /* its pod does not run */
    struct follow_state state;
    json_t *last; /* state as it came */
};

/* One line in the place of the bar's words. */
static void show_note(struct follower *f, const char *note)
{
    struct progress_numbers numbers = f->state.numbers;
    numbers.note = note;
    progress_update(f->progress, &numbers);
}

static void show_state(struct follower *f)
{
    if (f->state.waiting[0] != '\0' && f->state.numbers.n_workers == 0) {
        char text[sizeof f->state.waiting + 16];
        (void)snprintf(text, sizeof text, "waiting: %s", f->state.waiting);
        show_note(f, text);
    } else if (!f->state.has_numbers) {
        show_note(f, "the scheduler starts");
    } else {
        progress_update(f->progress, &f->state.numbers);
    }
}

/* Why its pod does not run, as far as the cluster says, and we may ask. */
static void look_at_pod(struct follower *f)
{
    struct scheduler_pod pod;
    struct error ignored = {0};
    f->pods_ms = clock_now_ms();
    f->why[0] = '\0';
    if (scheduler_pod_look(remote_k8s(f->remote), remote_name(f->remote), &pod, &ignored) ==
        0) {
        const char *why = pod.why.size == 0 ? "" : buffer_string(&pod.why);
        (void)snprintf(f->why, sizeof f->why, "%s", why == NULL ? "" : why);
        scheduler_pod_release(&pod);
    }
}

/* Nothing was heard: a pod that starts, or a connection that is lost. */
static void show_silence(struct follower *f)
{
    uint64_t now = clock_now_ms();
    char text[REASON_SIZE + 64];
    if (now - f->pods_ms >= PODS_EVERY_MS) {
        look_at_pod(f);
    }
    if (f->why[0] != '\0') {
        (void)snprintf(text, sizeof text, "the scheduler's pod waits: %s", f->why);
        show_note(f, text);
    } else if (!f->was_heard) {
        show_note(f, "the scheduler's pod starts");
    } else if (now - f->heard_ms >= LOST_AFTER_MS) {
        show_note(f, "connection lost, the run goes on; trying again");
    }
}

/* Before the scheduler was heard: its pod may wait for something, and says so sooner. */
static bool is_kept_waiting(struct follower *f)
{
    if (clock_now_ms() - f->pods_ms >= PODS_EVERY_MS) {
        look_at_pod(f);
    }
    if (f->why[0] != '\0') {
        show_silence(f);
    }
    return f->why[0] != '\0';
}

/* An API server that has just started knows of no rights yet, and refuses everybody for a moment: it
 * is believed at once only before the run was seen. Later it is no reason to take the run back. */
static int take_refusal(struct follower *f, struct error *err)
{
    uint64_t now = clock_now_ms();
    f->refused_ms = f->refused_ms == 0 ? now : f->refused_ms;
    if (!f->was_heard) {
        return -1;
    }
    if (now - f->refused_ms >= REFUSED_MOST_MS) {
        err->kind = ERROR_SYSTEM;
        return -1;
    }
    return 0;
}

/* Asks once. -1 only for what trying again does not mend. */
static int poll_state(struct follower *f, struct error *err)
{
    json_t *state = NULL;
    if (!f->was_heard && is_kept_waiting(f)) {
        return 0;
    }
    if (remote_ask(f->remote, "api/v1/state", NULL, &state, NULL, err) != 0) {
        if (err->kind != ERROR_INPUT) {
            f->refused_ms = 0;
        } else if (take_refusal(f, err) != 0) {
            return -1;
        }
        *err = (struct error){.kind = ERROR_NONE};
        show_silence(f);
        return 0;
    }
    json_decref(f->last);
    f->last = state;
    f->heard_ms = clock_now_ms();
    f->was_heard = true;
    f->refused_ms = 0;
    follow_read_state(state, &f->state);
    show_state(f);
    return 0;
}

/* What the child printed, and what it ended with. */
static int end(const struct follower *f, struct error *err)
{
    const json_t *child = json_object_get(f->last, "child");
    const char *outcome = json_string_value(json_object_get(child, "outcome"));
    const char *said = json_string_value(json_object_get(child, "said"));
    if (f->state.exit_status == EXIT_USAGE || f->state.exit_status == EXIT_TROUBLE) {
        size_t size = 0;
        const char *line = follow_last_line(said, &size);
        return error_set(err, f->state.exit_status == EXIT_USAGE ? ERROR_INPUT : ERROR_SYSTEM,
                         "%.*s", (int)size, line);
    }
    if (outcome != NULL && print_now(outcome, strlen(outcome), err) != 0) {
        return -1;
    }
    return f->state.exit_status;
}

static int leave(const struct follower *f)
{
    char text[512];
    int size = snprintf(text, sizeof text,
                        "The run goes on in the cluster. Come back with:\n"
                        "    picobarn watch k8s:%s/%s\n",
                        remote_namespace(f->remote), remote_name(f->remote));
    print_aside(text, (size_t)size);
    return EXIT_INCOMPLETE;
}

/* Waits until then: 0, or 1 if somebody asks to stop meanwhile. */
static int wait_until(const struct follower *f, uint64_t next_ms, struct error *err)
{
    struct k8s *k = remote_k8s(f->remote);
    for (uint64_t now = clock_now_ms(); now < next_ms; now = clock_now_ms()) {
        if (k8s_wait(k, f->signals, (uint32_t)(next_ms - now), err) != 0) {
            return -1;
        }
        if (signals_take(f->signals)) {
            return 1;
        }
    }
    return 0;
}

/* Until it is over or somebody asks to stop: 1 then. */
static int go_on(struct follower *f, struct error *err)
{
    int rc = 0;
    while (rc == 0) {
        uint64_t next_ms = clock_now_ms() + EVERY_MS;
        rc = poll_state(f, err);
        if (rc == 0 && f->state.is_over) {
            return 0;
        }
        rc = rc == 0 ? wait_until(f, next_ms, err) : rc;
    }
    return rc;
}

int follow(struct remote *r, struct error *err)
{
    sigset_t before;
    struct follower f = {.remote = r, .heard_ms = clock_now_ms()};
    f.signals = signals_open(&before, err);
    if (f.signals < 0) {
        return -1;
    }
    f.progress = progress_open();
    int rc = go_on(&f, err);
    progress_close(f.progress);
    signals_close(f.signals, &before);
    int status = rc < 0 ? -1 : rc > 0 ? leave(&f) : end(&f, err);
    json_decref(f.last);
    return status;
}
