/* SPDX-License-Identifier: Apache-2.0 */
/* job.c - see job.h */
#include "scheduler/job.h"

/* What is not listed (JOB_NONE, zero) may not happen. */
static const enum job_state next_state[JOB_STATES][JOB_EVENTS] = {
    /* clang-format off */
    [JOB_WAITING][JOB_LEASED] = JOB_RUNNING,
    [JOB_WAITING][JOB_ACCEPTED] = JOB_DONE,    /* its lease ran out, yet it finished first */
    [JOB_WAITING][JOB_REJECTED] = JOB_FAILED,
    [JOB_RUNNING][JOB_LEASED] = JOB_RUNNING,   /* a scheduler that died left the old lease open */
    [JOB_RUNNING][JOB_ACCEPTED] = JOB_DONE,
    [JOB_RUNNING][JOB_LOST] = JOB_WAITING,
    [JOB_RUNNING][JOB_BROKE] = JOB_WAITING,
    [JOB_RUNNING][JOB_REJECTED] = JOB_FAILED,
    [JOB_FAILED][JOB_RERUN] = JOB_WAITING,
    [JOB_FAILED][JOB_ACCEPTED] = JOB_DONE,     /* late, but valid: given up too early */
    [JOB_DONE][JOB_DROPPED] = JOB_WAITING,
    [JOB_DONE][JOB_CONFLICT] = JOB_DONE,
    /* clang-format on */
};

static const char *const state_name[JOB_STATES] = {"none", "waiting", "running", "done",
                                                   "failed"};
static const char *const event_name[JOB_EVENTS] = {
    "none", "leased", "accepted", "lost", "broke", "rejected", "rerun", "dropped", "conflict"};

bool job_apply(struct job *job, enum job_event event, uint64_t epoch)
{
    if (event <= 0 || event >= JOB_EVENTS || next_state[job->state][event] == JOB_NONE) {
        return false;
    }
    job->state = next_state[job->state][event];
    if (event == JOB_LEASED) {
        job->n_leases++;
        job->epoch = epoch;
    }
    job->n_broken += event == JOB_BROKE;
    job->n_lost += event == JOB_LOST;
    if (job->state == JOB_WAITING && event != JOB_RERUN && event != JOB_DROPPED &&
        (job->n_broken >= JOB_BROKEN_MAX || job->n_lost >= JOB_LOST_MAX)) {
        job->state = JOB_FAILED;
    }
    job->conflict = job->conflict || event == JOB_CONFLICT;
    if (event == JOB_RERUN || event == JOB_DROPPED) {
        job->n_broken = 0;
        job->n_lost = 0;
    }
    return true;
}

const char *job_state_name(enum job_state state)
{
    return state < JOB_STATES ? state_name[state] : "?";
}

const char *job_event_name(enum job_event event)
{
    return event < JOB_EVENTS ? event_name[event] : "?";
}
