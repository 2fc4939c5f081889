/* SPDX-License-Identifier: Apache-2.0 */
/* message.h - the lease conversation between scheduler and worker, and between a worker's session
 * and its compute program: what is said, and its bytes. No sockets here.
 *
 *     worker  HELLO ------------------------->  scheduler
 *             <------- WELCOME (the order) / REFUSE (the worker ends)
 *             WANT n ------------------------>
 *             <------- LEASE, up to n of them, as they come
 *             RESULT or FAILURE ------------->  kept and sent again until
 *             <------- ACK                      committed to the ledger
 *             HEARTBEAT <-------------------->  both ways; the worker's names its leases
 *             <------- WHO                      an unknown connection: say HELLO again
 *             <------- END                      nothing left to do
 *
 * A lease is one shard to compute or one file to inspect. Its epoch is a fencing token, new for
 * each lease and never reused in a run; its seal proves that the scheduler gave it out. The first
 * valid result wins, whatever its epoch. */
#ifndef WORKER_MESSAGE_H
#define WORKER_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/digest.h"
#include "base/error.h"

enum {
    MESSAGE_VERSION = 2,
    MESSAGE_NAME_SIZE = 128,
    MESSAGE_COUNTERS_MAX = 16,
    MESSAGE_STARTS_MAX = 32
};
enum { MESSAGE_LEASES_MAX = 64, MESSAGE_SIZE_LIMIT = 256 << 20 };

enum message_type {
    MESSAGE_HELLO = 1,
    MESSAGE_WELCOME,
    MESSAGE_REFUSE,
    MESSAGE_WANT,
    MESSAGE_LEASE,
    MESSAGE_RESULT,
    MESSAGE_FAILURE,
    MESSAGE_ACK,
    MESSAGE_HEARTBEAT,
    MESSAGE_WHO,
    MESSAGE_END,
    MESSAGE_TYPES
};

enum lease_kind { LEASE_INSPECT = 1, LEASE_SHARD = 2 };

/* Names a lease: what is worked on, and under which grant. */
struct lease_id {
    enum lease_kind kind;
    uint64_t subject; /* the ledger's id of the file or shard */
    uint64_t epoch;
    uint8_t seal[DIGEST_XXH128_SIZE]; /* the scheduler's proof that it gave this out */
};

struct message_hello {
    char run[MESSAGE_NAME_SIZE];    /* the run's id */
    char worker[MESSAGE_NAME_SIZE]; /* random, one a process; or as its launcher named it */
    char host[MESSAGE_NAME_SIZE];
    char program[MESSAGE_NAME_SIZE]; /* version */
    uint32_t pid;
    uint32_t threads;
};

struct message_welcome {
    char *order; /* JSON: analysis, version, parameters, names, units; the receiver frees it */
    uint32_t heartbeat_ms;
    uint32_t silence_ms; /* without any word from the other side for so long, it is lost */
};

/* What to do. path and weight belong to the message (message_lease_release). */
struct message_lease {
    struct lease_id id;
    char *path;
    char *weight;      /* column of generator weights; "" for none */
    uint32_t channels; /* bits of the channels to fill */
    uint16_t n_counters;
    uint16_t n_starts; /* 0: nothing is known of objects */
    uint64_t first;    /* rows [first, stop); a file to inspect has neither */
    uint64_t stop;
    /* Objects before some rows: rising, the first not behind `first`, the others before stop. */
    uint64_t start_row[MESSAGE_STARTS_MAX];
    uint64_t objects[MESSAGE_STARTS_MAX * MESSAGE_COUNTERS_MAX]; /* [n_starts][n_counters] */
    uint64_t size; /* the identity of the file when it was inspected; size 0: not known */
    int64_t mtime_ns;
    char digest[DIGEST_XXH128_HEX];
};

/* payload: a partial (partial.h), or an inspection as JSON; borrowed from the bytes decoded. */
struct message_result {
    struct lease_id id;
    uint8_t digest[DIGEST_XXH128_SIZE]; /* XXH3-128 of the payload, checked by decode */
    const void *payload;
    size_t size;
    uint64_t cpu_us; /* processor time it took */
};

struct message_failure {
    struct lease_id id;
    enum error_kind kind;
    int32_t signal; /* that ended the compute program, or 0 */
    char *text;     /* the reason; the receiver frees both */
    char *log;      /* the last lines that the compute program wrote */
};

enum ack_verdict {
    ACK_ACCEPTED = 1,
    ACK_DUPLICATE, /* identical to what is there: dropped */
    ACK_DROPPED,   /* late, and not wanted any more */
    ACK_REFUSED,   /* not leased to anybody, another run, or damaged */
    ACK_VERDICTS
};

struct message_ack {
    struct lease_id id;
    enum ack_verdict verdict;
};

struct message_heartbeat {
    uint32_t n;
    struct {
        uint64_t epoch;
        uint64_t events; /* done so far */
    } lease[MESSAGE_LEASES_MAX];
};

/* The type of a message, after which the view stands at its fields. ERROR_PEER unless version and
 * type are known. */
int message_type(struct bytes *in, enum message_type *type, struct error *err);

/* Each encode appends a whole message; each decode reads the fields behind message_type and
 * refuses (ERROR_PEER) what is cut, too long, out of range, or followed by more bytes; what it
 * gave is then empty. Release functions are safe on zeroed messages. */
void message_hello_encode(const struct message_hello *m, struct buffer *out);
int message_hello_decode(struct message_hello *m, struct bytes *in, struct error *err);
void message_welcome_encode(const struct message_welcome *m, struct buffer *out);
int message_welcome_decode(struct message_welcome *m, struct bytes *in, struct error *err);
void message_welcome_release(struct message_welcome *m);
void message_lease_encode(const struct message_lease *m, struct buffer *out);
int message_lease_decode(struct message_lease *m, struct bytes *in, struct error *err);
void message_lease_release(struct message_lease *m);
void message_result_encode(const struct message_result *m,
                           struct buffer *out); /* fills digest */
int message_result_decode(struct message_result *m, struct bytes *in, struct error *err);
void message_failure_encode(const struct message_failure *m, struct buffer *out);
int message_failure_decode(struct message_failure *m, struct bytes *in, struct error *err);
void message_failure_release(struct message_failure *m);
void message_ack_encode(const struct message_ack *m, struct buffer *out);
int message_ack_decode(struct message_ack *m, struct bytes *in, struct error *err);
void message_heartbeat_encode(const struct message_heartbeat *m, struct buffer *out);
int message_heartbeat_decode(struct message_heartbeat *m, struct bytes *in, struct error *err);

/* WANT carries a number, REFUSE a reason, WHO and END nothing. */
void message_want_encode(uint32_t n_leases, struct buffer *out);
int message_want_decode(uint32_t *n_leases, struct bytes *in, struct error *err);
void message_refuse_encode(const char *reason, struct buffer *out);
int message_refuse_decode(char reason[ERROR_TEXT_SIZE], struct bytes *in, struct error *err);
void message_bare_encode(enum message_type type, struct buffer *out);

#endif
