/* SPDX-License-Identifier: Apache-2.0 */
/* compute.c - see compute.h */
#include "worker/compute.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "worker/frames.h"
#include "worker/message.h"
#include "worker/order.h"
#include "worker/reader.h"
#include "worker/sandbox.h"
#include "worker/shard.h"

enum { HEARTBEAT_MS = 250 };

struct compute {
    const struct compute_options *options;
    struct order order;    /* its analysis is NULL until the order came */
    struct reader *reader; /* open from the lease before, or NULL */
    char *path;            /* what it is open on */
    char *weight;
    struct buffer message; /* being written */
    uint64_t epoch;        /* of the lease at hand */
    uint64_t beaten_ms;    /* last heartbeat */
};

static uint64_t cpu_time_us(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void forget_reader(struct compute *c)
{
    reader_close(c->reader);
    free(c->path);
    free(c->weight);
    c->reader = NULL;
    c->path = c->weight = NULL;
}

static struct reader_identity identity_of(const struct message_lease *lease)
{
    struct reader_identity id = {.size_bytes = lease->size, .mtime_ns = lease->mtime_ns};
    memcpy(id.digest, lease->digest, sizeof id.digest);
    return id;
}

/* Is what the reader was opened on what the lease means? A file may have been replaced. */
static bool is_expected(const struct compute *c, const struct message_lease *lease)
{
    const struct reader_identity meant = identity_of(lease);
    return c->reader == NULL || lease->size == 0 ||
           reader_identity_equal(reader_identity(c->reader), &meant);
}

/* Keeps the reader only for the same file read in the same way. */
static int forget_other_reader(struct compute *c, const struct message_lease *lease,
                               struct error *err)
{
    if (c->path != NULL && c->weight != NULL && strcmp(c->path, lease->path) == 0 &&
        strcmp(c->weight, lease->weight) == 0 && is_expected(c, lease)) {
        return 0;
    }
    forget_reader(c);
    c->path = strdup(lease->path);
    c->weight = strdup(lease->weight);
    return c->path == NULL || c->weight == NULL ? error_no_memory(err, "a path") : 0;
}

static bool beat(void *context, uint64_t rows_done)
{
    struct compute *c = context;
    uint64_t now = clock_now_ms();
    if (now - c->beaten_ms >= HEARTBEAT_MS) {
        c->beaten_ms = now;
        struct message_heartbeat heartbeat = {.n = 1};
        heartbeat.lease[0].epoch = c->epoch;
        heartbeat.lease[0].events = rows_done;
        buffer_clear(&c->message);
        message_heartbeat_encode(&heartbeat, &c->message);
        return frames_write(STDOUT_FILENO, &c->message, NULL) == 0;
    }
    return true;
}

/* An inspection does no events, but it is alive. */
static bool beat_alive(void *context, uint64_t rows_done)
{
    (void)rows_done;
    return beat(context, 0);
}

static int inspect(struct compute *c, const struct message_lease *lease, struct buffer *payload,
                   struct error *err)
{
    struct reader_request request = order_request(&c->order, lease->weight);
    struct reader *reader = reader_open(lease->path, &request, err);
    if (reader == NULL) {
        return -1;
    }
    const struct reader_progress progress = {.go_on = beat_alive, .context = c};
    json_t *found = reader_inspect(reader, &progress, err);
    reader_close(reader);
    int rc = found == NULL ? -1 : json_write_canonical(found, payload, err);
    json_decref(found);
    return rc;
}

static int compute_shard(struct compute *c, const struct message_lease *lease,
                         struct buffer *payload, struct error *err)
{
    const struct reader_identity expected = identity_of(lease);
    struct shard_task task = {
        .path = lease->path,
        .request = order_request(&c->order, lease->weight),
        .first = lease->first,
        .stop = lease->stop,
        .starts = {lease->n_starts, lease->n_counters, lease->start_row, lease->objects},
        .channels = lease->channels,
        .n_threads = c->options->n_threads,
        .expected = lease->size == 0 ? NULL : &expected};
    struct reader_progress progress = {.go_on = beat, .context = c};
    struct partial partial = {0};
    if (forget_other_reader(c, lease, err) != 0 ||
        shard_run(&task, &c->reader, &progress, &partial, err) != 0) {
        return -1;
    }
    partial_encode(&partial, payload);
    partial_release(&partial);
    return payload->failed ? error_no_memory(err, "a partial") : 0;
}

/* Does what the lease says, and answers. */
static int answer(struct compute *c, const struct message_lease *lease, struct error *err)
{
    struct buffer payload = {0};
    struct error reason = {0};
    uint64_t started_us = cpu_time_us();
    c->epoch = lease->id.epoch;
    c->beaten_ms = clock_now_ms();
    int rc = c->order.analysis == NULL
                 ? error_set(&reason, ERROR_PEER, "a lease before the order")
             : lease->id.kind == LEASE_INSPECT ? inspect(c, lease, &payload, &reason)
                                               : compute_shard(c, lease, &payload, &reason);
    buffer_clear(&c->message);
    if (rc == 0) {
        struct message_result result = {.id = lease->id,
                                        .payload = payload.data,
                                        .size = payload.size,
                                        .cpu_us = cpu_time_us() - started_us};
        message_result_encode(&result, &c->message);
    } else {
        struct message_failure failure = {
            .id = lease->id, .kind = reason.kind, .text = reason.text};
        message_failure_encode(&failure, &c->message);
    }
    buffer_release(&payload);
    return frames_write(STDOUT_FILENO, &c->message, err);
}

static int handle(struct compute *c, struct bytes *message, struct error *err)
{
    enum message_type type = MESSAGE_TYPES;
    if (message_type(message, &type, err) != 0) {
        return -1;
    }
    int rc = -1;
    if (type == MESSAGE_WELCOME) {
        struct message_welcome welcome = {0};
        rc = message_welcome_decode(&welcome, message, err);
        forget_reader(c); /* it borrows from the order */
        order_release(&c->order);
        rc = rc == 0 ? order_init(&c->order, welcome.order, err) : rc;
        message_welcome_release(&welcome);
    } else if (type == MESSAGE_LEASE) {
        struct message_lease lease = {0};
        rc = message_lease_decode(&lease, message, err);
        rc = rc == 0 ? answer(c, &lease, err) : rc;
        message_lease_release(&lease);
    } else {
        rc = error_set(err, ERROR_PEER, "the session said something of type %d", (int)type);
    }
    return rc;
}

int compute_run(const struct compute_options *options, struct error *err)
{
    struct sandbox_limits limits = {.memory_bytes = options->memory_bytes};
    bool filtered = false;
    shard_prepare();
    if (sandbox_enter(&limits, &filtered, err) != 0) {
        return -1;
    }
    struct compute c = {.options = options};
    struct frames frames = {0};
    struct bytes message;
    int rc = 1;
    while (rc == 1) {
        rc = frames_take(&frames, &message, err);
        if (rc == 1) {
            rc = handle(&c, &message, err) == 0 ? 1 : -1;
        } else if (rc == 0) {
            rc = frames_read(&frames, STDIN_FILENO, err);
        }
    }
    forget_reader(&c);
    order_release(&c.order);
    buffer_release(&c.message);
    frames_release(&frames);
    return rc;
}
