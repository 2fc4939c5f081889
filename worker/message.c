/* SPDX-License-Identifier: Apache-2.0 */
/* message.c - see message.h
 *
 * Layout: u32 magic, u8 version, u8 type, then the fields of the struct in its order; numbers
 * little-endian, texts and payloads behind a u32 length, an enum as u8. A lease's name is u8
 * kind, u64 subject, u64 epoch, 16 bytes of seal. Whoever sends is not trusted: lengths have
 * limits, and a decoder takes a message whole or not at all. */
#include "worker/message.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"

enum { MESSAGE_MAGIC = 0x736d6270 }; /* "pbms" */

/* The longest texts that are taken, without their zero. What a person or a library wrote freely
 * is cut to that when it is sent; nothing else comes near. */
enum {
    ORDER_LIMIT = 16 << 20,
    PATH_LIMIT = 8192, /* an address may be longer than a path */
    WEIGHT_LIMIT = 511,
    LOG_LIMIT = 64 << 10,
    REASON_LIMIT = ERROR_TEXT_SIZE - 1,
};

static void put_head(enum message_type type, struct buffer *out)
{
    buffer_u32(out, MESSAGE_MAGIC);
    buffer_u8(out, MESSAGE_VERSION);
    buffer_u8(out, (uint8_t)type);
}

static void put_text(const char *text, struct buffer *out)
{
    buffer_text(out, text == NULL ? "" : text);
}

/* The beginning of a text that may be too long. */
static void put_start(const char *text, size_t limit, struct buffer *out)
{
    const char *given = text == NULL ? "" : text;
    buffer_block(out, given, size_min(strlen(given), limit));
}

/* The end of one, where the last words count. */
static void put_end(const char *text, size_t limit, struct buffer *out)
{
    const char *given = text == NULL ? "" : text;
    size_t size = strlen(given);
    size_t kept = size_min(size, limit);
    buffer_block(out, given + (size - kept), kept);
}

static void put_id(const struct lease_id *id, struct buffer *out)
{
    buffer_u8(out, (uint8_t)id->kind);
    buffer_u64(out, id->subject);
    buffer_u64(out, id->epoch);
    buffer_raw(out, id->seal, sizeof id->seal);
}

static void take_raw(void *to, size_t size, struct bytes *in)
{
    const void *from = bytes_raw(in, size);
    if (from != NULL) {
        memcpy(to, from, size);
    }
}

static void take_id(struct lease_id *id, struct bytes *in)
{
    unsigned kind = bytes_u8(in);
    id->subject = bytes_u64(in);
    id->epoch = bytes_u64(in);
    take_raw(id->seal, sizeof id->seal, in);
    if (kind != LEASE_INSPECT && kind != LEASE_SHARD) {
        in->failed = true;
        return;
    }
    id->kind = (enum lease_kind)kind;
}

/* A message is over: nothing may be missing, and nothing follow. */
static int finish(const struct bytes *in, const char *what, struct error *err)
{
    if (in->failed) {
        return error_set(err, ERROR_PEER, "message %s: cut short, too long or out of range",
                         what);
    }
    if (in->left != 0) {
        return error_set(err, ERROR_PEER, "message %s: %zu bytes behind it", what, in->left);
    }
    return 0;
}

int message_type(struct bytes *in, enum message_type *type, struct error *err)
{
    uint32_t magic = bytes_u32(in);
    unsigned version = bytes_u8(in);
    unsigned found = bytes_u8(in);
    if (in->failed || magic != MESSAGE_MAGIC) {
        return error_set(err, ERROR_PEER, "no message of ours");
    }
    if (version != MESSAGE_VERSION) {
        return error_set(err, ERROR_PEER, "message of version %u, not %d", version,
                         MESSAGE_VERSION);
    }
    if (found == 0 || found >= MESSAGE_TYPES) {
        return error_set(err, ERROR_PEER, "message of unknown type %u", found);
    }
    if ((found == MESSAGE_WHO || found == MESSAGE_END) && in->left != 0) {
        return error_set(err, ERROR_PEER, "message of type %u: %zu bytes behind it", found,
                         in->left);
    }
    *type = (enum message_type)found;
    return 0;
}

void message_hello_encode(const struct message_hello *m, struct buffer *out)
{
    put_head(MESSAGE_HELLO, out);
    buffer_text(out, m->run);
    buffer_text(out, m->worker);
    buffer_text(out, m->host);
    buffer_text(out, m->program);
    buffer_u32(out, m->pid);
    buffer_u32(out, m->threads);
}

int message_hello_decode(struct message_hello *m, struct bytes *in, struct error *err)
{
    bytes_text(in, m->run, sizeof m->run);
    bytes_text(in, m->worker, sizeof m->worker);
    bytes_text(in, m->host, sizeof m->host);
    bytes_text(in, m->program, sizeof m->program);
    m->pid = bytes_u32(in);
    m->threads = bytes_u32(in);
    if (finish(in, "hello", err) != 0) {
        *m = (struct message_hello){.pid = 0};
        return -1;
    }
    return 0;
}

void message_welcome_encode(const struct message_welcome *m, struct buffer *out)
{
    put_head(MESSAGE_WELCOME, out);
    put_text(m->order, out);
    buffer_u32(out, m->heartbeat_ms);
    buffer_u32(out, m->silence_ms);
}

int message_welcome_decode(struct message_welcome *m, struct bytes *in, struct error *err)
{
    *m = (struct message_welcome){.order = NULL};
    m->order = bytes_text_copy(in, ORDER_LIMIT);
    m->heartbeat_ms = bytes_u32(in);
    m->silence_ms = bytes_u32(in);
    if (finish(in, "welcome", err) != 0) {
        message_welcome_release(m);
        return -1;
    }
    return 0;
}

void message_welcome_release(struct message_welcome *m)
{
    free(m->order);
    *m = (struct message_welcome){.order = NULL};
}

void message_lease_encode(const struct message_lease *m, struct buffer *out)
{
    put_head(MESSAGE_LEASE, out);
    put_id(&m->id, out);
    put_text(m->path, out);
    put_text(m->weight, out);
    buffer_u32(out, m->channels);
    buffer_u64(out, m->first);
    buffer_u64(out, m->stop);
    buffer_u32(out, m->n_counters);
    buffer_u32(out, m->n_starts);
    for (size_t i = 0; i < m->n_starts; i++) {
        buffer_u64(out, m->start_row[i]);
    }
    for (size_t i = 0; i < (size_t)m->n_starts * m->n_counters; i++) {
        buffer_u64(out, m->objects[i]);
    }
    buffer_u64(out, m->size);
    buffer_i64(out, m->mtime_ns);
    buffer_text(out, m->digest);
}

static void take_starts(struct message_lease *m, struct bytes *in)
{
    uint32_t n_counters = bytes_u32(in);
    uint32_t n_starts = bytes_u32(in);
    if (n_counters > MESSAGE_COUNTERS_MAX || n_starts > MESSAGE_STARTS_MAX) {
        in->failed = true;
        return;
    }
    m->n_counters = (uint16_t)n_counters;
    m->n_starts = (uint16_t)n_starts;
    for (size_t i = 0; i < m->n_starts; i++) {
        m->start_row[i] = bytes_u64(in);
        bool rises = i == 0
                         ? m->start_row[0] <= m->first
                         : m->start_row[i] > m->start_row[i - 1] && m->start_row[i] < m->stop;
        in->failed = in->failed || !rises;
    }
    for (size_t i = 0; i < (size_t)m->n_starts * m->n_counters; i++) {
        m->objects[i] = bytes_u64(in);
    }
}

/* Empty, or as digest_hex writes it. */
static void take_digest(char digest[DIGEST_XXH128_HEX], struct bytes *in)
{
    bytes_text(in, digest, DIGEST_XXH128_HEX);
    size_t size = strlen(digest);
    if (strspn(digest, "0123456789abcdef") != size ||
        (size != 0 && size != DIGEST_XXH128_HEX - 1)) {
        in->failed = true;
    }
}

int message_lease_decode(struct message_lease *m, struct bytes *in, struct error *err)
{
    *m = (struct message_lease){.path = NULL};
    take_id(&m->id, in);
    m->path = bytes_text_copy(in, PATH_LIMIT);
    m->weight = bytes_text_copy(in, WEIGHT_LIMIT);
    m->channels = bytes_u32(in);
    m->first = bytes_u64(in);
    m->stop = bytes_u64(in);
    take_starts(m, in);
    m->size = bytes_u64(in);
    m->mtime_ns = bytes_i64(in);
    take_digest(m->digest, in);
    if (m->first > m->stop) {
        in->failed = true;
    }
    if (finish(in, "lease", err) != 0) {
        message_lease_release(m);
        return -1;
    }
    return 0;
}

void message_lease_release(struct message_lease *m)
{
    free(m->path);
    free(m->weight);
    *m = (struct message_lease){.path = NULL};
}

void message_result_encode(const struct message_result *m, struct buffer *out)
{
    uint8_t digest[DIGEST_XXH128_SIZE];
    digest_xxh128(m->payload, m->size, digest);
    put_head(MESSAGE_RESULT, out);
    put_id(&m->id, out);
    buffer_raw(out, digest, sizeof digest);
    buffer_block(out, m->payload, m->size);
    buffer_u64(out, m->cpu_us);
}

int message_result_decode(struct message_result *m, struct bytes *in, struct error *err)
{
    *m = (struct message_result){.payload = NULL};
    take_id(&m->id, in);
    take_raw(m->digest, sizeof m->digest, in);
    m->size = bytes_u32(in);
    m->payload = bytes_raw(in, m->size);
    m->cpu_us = bytes_u64(in);
    int rc = finish(in, "result", err);
    uint8_t digest[DIGEST_XXH128_SIZE];
    if (rc == 0) {
        digest_xxh128(m->payload, m->size, digest);
        rc = memcmp(digest, m->digest, sizeof digest) == 0
                 ? 0
                 : error_set(err, ERROR_PEER, "message result: its digest does not fit");
    }
    if (rc != 0) {
        *m = (struct message_result){.payload = NULL};
    }
    return rc;
}

void message_failure_encode(const struct message_failure *m, struct buffer *out)
{
    put_head(MESSAGE_FAILURE, out);
    put_id(&m->id, out);
    buffer_u8(out, (uint8_t)m->kind);
    buffer_u32(out, (uint32_t)m->signal);
    put_start(m->text, REASON_LIMIT, out);
    put_end(m->log, LOG_LIMIT, out);
}

int message_failure_decode(struct message_failure *m, struct bytes *in, struct error *err)
{
    *m = (struct message_failure){.text = NULL};
    take_id(&m->id, in);
    unsigned kind = bytes_u8(in);
    m->signal = (int32_t)bytes_u32(in);
    m->text = bytes_text_copy(in, REASON_LIMIT);
    m->log = bytes_text_copy(in, LOG_LIMIT);
    if (kind == ERROR_NONE || kind >= ERROR_KINDS) {
        in->failed = true;
    }
    if (finish(in, "failure", err) != 0) {
        message_failure_release(m);
        return -1;
    }
    m->kind = (enum error_kind)kind;
    return 0;
}

void message_failure_release(struct message_failure *m)
{
    free(m->text);
    free(m->log);
    *m = (struct message_failure){.text = NULL};
}

void message_ack_encode(const struct message_ack *m, struct buffer *out)
{
    put_head(MESSAGE_ACK, out);
    put_id(&m->id, out);
    buffer_u8(out, (uint8_t)m->verdict);
}

int message_ack_decode(struct message_ack *m, struct bytes *in, struct error *err)
{
    struct message_ack found = {.verdict = ACK_ACCEPTED};
    take_id(&found.id, in);
    unsigned verdict = bytes_u8(in);
    if (verdict == 0 || verdict >= ACK_VERDICTS) {
        in->failed = true;
    }
    *m = (struct message_ack){.id = {.subject = 0}};
    if (finish(in, "ack", err) != 0) {
        return -1;
    }
    *m = found;
    m->verdict = (enum ack_verdict)verdict;
    return 0;
}

void message_heartbeat_encode(const struct message_heartbeat *m, struct buffer *out)
{
    put_head(MESSAGE_HEARTBEAT, out);
    buffer_u32(out, m->n);
    for (uint32_t i = 0; i < m->n; i++) {
        buffer_u64(out, m->lease[i].epoch);
        buffer_u64(out, m->lease[i].events);
    }
}

int message_heartbeat_decode(struct message_heartbeat *m, struct bytes *in, struct error *err)
{
    *m = (struct message_heartbeat){.n = 0};
    uint32_t n = bytes_u32(in);
    if (n > MESSAGE_LEASES_MAX) {
        in->failed = true;
    }
    for (uint32_t i = 0; !in->failed && i < n; i++) {
        m->lease[i].epoch = bytes_u64(in);
        m->lease[i].events = bytes_u64(in);
    }
    if (finish(in, "heartbeat", err) != 0) {
        *m = (struct message_heartbeat){.n = 0};
        return -1;
    }
    m->n = n;
    return 0;
}

void message_want_encode(uint32_t n_leases, struct buffer *out)
{
    put_head(MESSAGE_WANT, out);
    buffer_u32(out, n_leases);
}

int message_want_decode(uint32_t *n_leases, struct bytes *in, struct error *err)
{
    uint32_t n = bytes_u32(in);
    if (n > MESSAGE_LEASES_MAX) {
        in->failed = true;
    }
    *n_leases = 0;
    if (finish(in, "want", err) != 0) {
        return -1;
    }
    *n_leases = n;
    return 0;
}

void message_refuse_encode(const char *reason, struct buffer *out)
{
    put_head(MESSAGE_REFUSE, out);
    put_start(reason, REASON_LIMIT, out);
}

int message_refuse_decode(char reason[ERROR_TEXT_SIZE], struct bytes *in, struct error *err)
{
    bytes_text(in, reason, ERROR_TEXT_SIZE);
    if (finish(in, "refuse", err) != 0) {
        reason[0] = '\0';
        return -1;
    }
    return 0;
}

void message_bare_encode(enum message_type type, struct buffer *out)
{
    put_head(type, out);
}
