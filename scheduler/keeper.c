/* SPDX-License-Identifier: Apache-2.0 */
/* keeper.c - see keeper.h */
#include "scheduler/keeper.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "scheduler/command.h"
#include "scheduler/human.h"
#include "scheduler/offspring.h"
#include "scheduler/tail.h"

enum { OUTCOME_SIZE = 64 << 10, SAID_SIZE = 16 << 10, CHUNK_SIZE = 16 << 10 };
enum { STEADY_MS = 60000, SIGNALLED = 128, WORDS_MOST = 64 };

struct keeper {
    struct keeper_options options;
    struct offspring child;
    bool is_rerun;    /* what the child, or the last one, does */
    bool is_stopping; /* no further one */
    bool has_ended;   /* one did; status is its */
    int status;
    uint64_t n_starts;
    unsigned n_troubles; /* in a row */
    uint64_t started_ms;
    uint32_t wait_ms;    /* before the child at hand was started */
    uint64_t restart_ms; /* when the next one is; 0: none is */
    struct tail outcome;
    struct tail said;
};

uint32_t keeper_wait_after(int status, uint32_t wait_ms, uint64_t ran_ms)
{
    if (status != EXIT_TROUBLE && status <= SIGNALLED) {
        return 0;
    }
    if (wait_ms == 0 || ran_ms >= STEADY_MS) {
        return KEEPER_FIRST_WAIT_MS;
    }
    return wait_ms >= KEEPER_LONGEST_WAIT_MS / 2 ? KEEPER_LONGEST_WAIT_MS : 2 * wait_ms;
}

unsigned keeper_count_trouble(int status, unsigned n, uint64_t ran_ms)
{
    return status == EXIT_TROUBLE ? (ran_ms >= STEADY_MS ? 1 : n + 1)
           : status > SIGNALLED   ? n
                                  : 0;
}

/* ---- starting ---- */

static void end_with(struct keeper *k, int status)
{
    uint64_t now = clock_now_ms();
    k->status = status;
    k->has_ended = true;
    k->n_troubles = keeper_count_trouble(status, k->n_troubles, now - k->started_ms);
    k->wait_ms = keeper_wait_after(status, k->wait_ms, now - k->started_ms);
    bool is_final = k->wait_ms == 0 || k->n_troubles >= KEEPER_TROUBLES_MOST;
    k->restart_ms = is_final || k->is_stopping ? 0 : now + k->wait_ms;
    if (k->restart_ms != 0) {
        log_line("keeper", "%s ended with status %d: again in %u s",
                 k->is_rerun ? "rerun" : "launch", status, (unsigned)(k->wait_ms / 1000));
    } else {
        log_line("keeper", "%s ended with status %d", k->is_rerun ? "rerun" : "launch", status);
    }
}

static void start(struct keeper *k, const char *const *words, bool is_rerun)
{
    struct error err = {0};
    tail_clear(&k->outcome);
    tail_clear(&k->said);
    k->is_rerun = is_rerun;
    k->restart_ms = 0;
    k->started_ms = clock_now_ms();
    k->n_starts++;
    offspring_close(&k->child); /* whose pipes a process of its own may still hold open */
    if (offspring_start(&k->child, words, &err) != 0) {
        log_line("keeper", "%s", err.text);
        tail_add(&k->said, err.text, strlen(err.text));
        end_with(k, EXIT_TROUBLE);
    }
}

struct keeper *keeper_open(const struct keeper_options *options, struct error *err)
{
    struct keeper *k = calloc(1, sizeof *k);
    if (k == NULL) {
        (void)error_no_memory(err, "a keeper");
        return NULL;
    }
    k->options = *options;
    k->child = (struct offspring)OFFSPRING_NONE;
    k->outcome.most = OUTCOME_SIZE;
    k->said.most = SAID_SIZE;
    start(k, options->launch, false);
    return k;
}

void keeper_close(struct keeper *k)
{
    if (k != NULL) {
        offspring_close(&k->child);
        tail_release(&k->outcome);
        tail_release(&k->said);
        free(k);
    }
}

static int check_idle(const struct keeper *k, struct error *err)
{
    if (k->is_stopping) {
        return error_set(err, ERROR_INPUT,
                         "the scheduler is being stopped: try again when it "
                         "is back");
    }
    if (k->child.pid != 0) {
        return error_set(err, ERROR_INPUT,
                         "%s is at work: wait until it has ended (picobarn watch)",
                         k->is_rerun ? "a rerun" : "the launch");
    }
    return 0;
}

int keeper_launch(struct keeper *k, struct error *err)
{
    if (check_idle(k, err) != 0) {
        return -1;
    }
    k->wait_ms = 0;
    k->n_troubles = 0;
    start(k, k->options.launch, false);
    return 0;
}

int keeper_rerun(struct keeper *k, const char *shards, struct error *err)
{
    const char *words[WORDS_MOST + 3] = {NULL};
    size_t n = 0;
    if (check_idle(k, err) != 0) {
        return -1;
    }
    if (k->restart_ms != 0) {
        return error_set(err, ERROR_INPUT,
                         "the launch ended in trouble, and is tried again by "
                         "itself: wait until it has ended (picobarn watch)");
    }
    for (; n < WORDS_MOST && k->options.rerun[n] != NULL; n++) {
        words[n] = k->options.rerun[n];
    }
    if (shards != NULL) {
        words[n++] = "--shard";
        words[n++] = shards;
    }
    k->wait_ms = 0;
    k->n_troubles = 0;
    start(k, words, true);
    return 0;
}

/* ---- turns ---- */

/* All that is there of a pipe, at most a few chunks, so that nobody else waits for long. */
static void drain(int *pipe, struct tail *into, bool is_passed_on)
{
    char chunk[CHUNK_SIZE];
    ssize_t n = 0;
    for (int i = 0; i < 8 && (n = offspring_read(pipe, chunk, sizeof chunk)) > 0; i++) {
        tail_add(into, chunk, (size_t)n);
        if (is_passed_on) {
            (void)file_write_all(STDERR_FILENO, chunk, (size_t)n);
        }
    }
}

void keeper_turn(struct keeper *k)
{
    int status = 0;
    bool has_ended = offspring_take_end(&k->child, &status);
    drain(&k->child.out, &k->outcome, false); /* what an ended one wrote is all there */
    drain(&k->child.errors, &k->said, true);
    if (has_ended) {
        end_with(k, status);
    }
    if (k->restart_ms != 0 && clock_now_ms() >= k->restart_ms) {
        start(k, k->options.launch, false);
    }
}

void keeper_wait_for(const struct keeper *k, struct pollfd fd[KEEPER_FDS])
{
    fd[0] = (struct pollfd){.fd = k->child.end, .events = POLLIN};
    fd[1] = (struct pollfd){.fd = k->child.out, .events = POLLIN};
    fd[2] = (struct pollfd){.fd = k->child.errors, .events = POLLIN};
}

int keeper_timeout_ms(const struct keeper *k)
{
    uint64_t now = clock_now_ms();
    return k->restart_ms == 0 ? -1 : k->restart_ms <= now ? 0 : (int)(k->restart_ms - now);
}

void keeper_stop(struct keeper *k)
{
    k->is_stopping = true;
    k->restart_ms = 0;
    if (k->child.pid != 0) {
        (void)kill(k->child.pid, SIGTERM);
    }
}

bool keeper_has_child(const struct keeper *k)
{
    return k->child.pid != 0;
}

json_t *keeper_to_json(struct keeper *k)
{
    uint64_t now = clock_now_ms();
    json_int_t left_s =
        k->restart_ms > now ? (json_int_t)((k->restart_ms - now + 999) / 1000) : 0;
    return json_pack(
        "{s:s, s:b, s:I, s:o, s:o, s:o, s:o}", "doing", k->is_rerun ? "rerun" : "launch",
        "running", k->child.pid != 0, "starts", (json_int_t)k->n_starts, "exit",
        k->has_ended && k->child.pid == 0 ? json_integer(k->status) : json_null(), "retry_in_s",
        k->restart_ms != 0 ? json_integer(left_s) : json_null(), "outcome",
        human_json(tail_text(&k->outcome)), "said", human_json(tail_text(&k->said)));
}
