/* SPDX-License-Identifier: Apache-2.0 */
/* ledger_rows.c - the rows of a ledger and their seals; see ledger.h
 *
 * A row is written and read by the same list of fields: `struct row` binds or takes them one by
 * one, and each also goes into the seal, XXH3-128 over the fields in order. */
#include <stdlib.h>
#include <string.h>

#include "scheduler/ledger.h"
#include "scheduler/ledger_sql.h"

/* The statement of a row at hand, and its next field. */
struct row {
    struct ledger *l;
    sqlite3_stmt *s;
    int next;
    bool failed;
};

static struct row row_open(struct ledger *l, enum ledger_statement which, int first)
{
    (void)sqlite3_reset(l->statement[which]);
    buffer_clear(&l->seal);
    return (struct row){.l = l, .s = l->statement[which], .next = first};
}

static void put_u64(struct row *r, uint64_t value)
{
    r->failed |= sqlite3_bind_int64(r->s, r->next++, (sqlite3_int64)value) != SQLITE_OK;
    buffer_u64(&r->l->seal, value);
}

static void put_f64(struct row *r, double value)
{
    r->failed |= sqlite3_bind_double(r->s, r->next++, value) != SQLITE_OK;
    buffer_f64(&r->l->seal, value);
}

/* The text must stay until the statement has run. */
static void put_text(struct row *r, const char *text)
{
    r->failed |= sqlite3_bind_text(r->s, r->next++, text, -1, SQLITE_STATIC) != SQLITE_OK;
    buffer_text(&r->l->seal, text == NULL ? "" : text);
}

static void put_digest(struct row *r, const uint8_t digest[DIGEST_XXH128_SIZE])
{
    r->failed |= sqlite3_bind_blob(r->s, r->next++, digest, DIGEST_XXH128_SIZE,
                                   SQLITE_TRANSIENT) != SQLITE_OK;
    buffer_raw(&r->l->seal, digest, DIGEST_XXH128_SIZE);
}

/* Not in the seal: the digest before it stands for it. */
static void put_payload(struct row *r, const void *payload, size_t size)
{
    r->failed |=
        sqlite3_bind_blob64(r->s, r->next++, payload, size, SQLITE_STATIC) != SQLITE_OK;
}

static void put_seal(struct row *r)
{
    uint8_t seal[DIGEST_XXH128_SIZE];
    digest_xxh128(r->l->seal.data, r->l->seal.size, seal);
    r->failed |= r->l->seal.failed;
    r->failed |=
        sqlite3_bind_blob(r->s, r->next++, seal, sizeof seal, SQLITE_TRANSIENT) != SQLITE_OK;
}

static int row_write(struct row *r, enum ledger_statement which, struct error *err)
{
    if (r->failed) {
        return error_no_memory(err, "a row of the ledger");
    }
    int rc = ledger_run(r->l, which, err);
    (void)sqlite3_clear_bindings(r->s);
    return rc;
}

static uint64_t take_u64(struct row *r)
{
    uint64_t value = (uint64_t)sqlite3_column_int64(r->s, r->next++);
    buffer_u64(&r->l->seal, value);
    return value;
}

static double take_f64(struct row *r)
{
    double value = sqlite3_column_double(r->s, r->next++);
    buffer_f64(&r->l->seal, value);
    return value;
}

/* NULL where the column is; the seal does not tell NULL and "" apart. */
static const char *take_text(struct row *r)
{
    const char *text = (const char *)sqlite3_column_text(r->s, r->next++);
    buffer_text(&r->l->seal, text == NULL ? "" : text);
    return text;
}

static const char *take_word(struct row *r)
{
    const char *text = take_text(r);
    return text == NULL ? "" : text;
}

static void take_digest(struct row *r, uint8_t digest[DIGEST_XXH128_SIZE])
{
    const void *blob = sqlite3_column_blob(r->s, r->next);
    if (blob == NULL || sqlite3_column_bytes(r->s, r->next++) != DIGEST_XXH128_SIZE) {
        r->failed = true;
        return;
    }
    memcpy(digest, blob, DIGEST_XXH128_SIZE);
    buffer_raw(&r->l->seal, digest, DIGEST_XXH128_SIZE);
}

/* Takes the stored seal and compares it with that of the fields taken. */
static int check_seal(struct row *r, const char *table, struct error *err)
{
    uint8_t seal[DIGEST_XXH128_SIZE];
    digest_xxh128(r->l->seal.data, r->l->seal.size, seal);
    const void *stored = sqlite3_column_blob(r->s, r->next);
    if (r->failed || r->l->seal.failed || stored == NULL ||
        sqlite3_column_bytes(r->s, r->next) != (int)sizeof seal ||
        memcmp(stored, seal, sizeof seal) != 0) {
        return error_set(
            err, ERROR_PEER,
            "ledger %s: a row of table %s is damaged (its seal does not match): put "
            "back a copy of the run folder, or start anew in another one",
            r->l->path, table);
    }
    r->next++;
    return 0;
}

/* Steps a SELECT: 1 with a row at hand, 0 at the end, -1 on an error. */
static int row_next(struct row *r, struct error *err)
{
    int code = sqlite3_step(r->s);
    r->next = 0;
    buffer_clear(&r->l->seal);
    if (code == SQLITE_ROW) {
        return 1;
    }
    return code == SQLITE_DONE ? 0 : ledger_fail(r->l, "reading", err);
}

int ledger_set(struct ledger *l, const char *key, const char *text, struct error *err)
{
    struct row r = row_open(l, SQL_SET, 1);
    put_text(&r, key);
    put_text(&r, text);
    put_seal(&r);
    return row_write(&r, SQL_SET, err);
}

int ledger_get(struct ledger *l, const char *key, char **text, struct error *err)
{
    *text = NULL;
    struct row r = row_open(l, SQL_GET, 1);
    (void)sqlite3_bind_text(r.s, 1, key, -1, SQLITE_STATIC);
    int rc = row_next(&r, err);
    if (rc == 1) {
        buffer_text(&l->seal, key);
        const char *value = take_word(&r);
        rc = check_seal(&r, "text", err);
        *text = rc == 0 ? strdup(value) : NULL;
        if (rc == 0 && *text == NULL) {
            rc = error_no_memory(err, "a text of the ledger");
        }
    }
    (void)sqlite3_reset(r.s);
    return rc;
}

static void put_file(struct row *r, const struct ledger_file *file)
{
    put_u64(r, file->sample);
    put_u64(r, file->size);
    put_u64(r, (uint64_t)file->mtime_ns);
    put_f64(r, file->luminosity_pb);
    put_text(r, file->path);
    put_text(r, file->inspection);
    put_seal(r);
}

int ledger_add_file(struct ledger *l, struct ledger_file *file, struct error *err)
{
    struct row r = row_open(l, SQL_ADD_FILE, 1);
    put_file(&r, file);
    int rc = row_write(&r, SQL_ADD_FILE, err);
    file->id = (uint64_t)sqlite3_last_insert_rowid(l->db);
    return rc;
}

int ledger_update_file(struct ledger *l, const struct ledger_file *file, struct error *err)
{
    struct row r = row_open(l, SQL_UPDATE_FILE, 1);
    put_file(&r, file);
    (void)sqlite3_bind_int64(r.s, r.next, (sqlite3_int64)file->id);
    return row_write(&r, SQL_UPDATE_FILE, err);
}

int ledger_add_shard(struct ledger *l, struct ledger_shard *shard, struct error *err)
{
    struct row r = row_open(l, SQL_ADD_SHARD, 1);
    put_u64(&r, shard->file);
    put_u64(&r, shard->first);
    put_u64(&r, shard->stop);
    put_seal(&r);
    int rc = row_write(&r, SQL_ADD_SHARD, err);
    shard->id = (uint64_t)sqlite3_last_insert_rowid(l->db);
    return rc;
}

int ledger_add_event(struct ledger *l, struct ledger_event *event, struct error *err)
{
    struct row r = row_open(l, SQL_ADD_EVENT, 1);
    put_u64(&r, (uint64_t)event->time_ms);
    put_u64(&r, (uint64_t)event->kind);
    put_u64(&r, event->subject);
    put_u64(&r, (uint64_t)event->what);
    put_u64(&r, event->epoch);
    put_text(&r, event->worker == NULL ? "" : event->worker);
    put_u64(&r, (uint64_t)event->error);
    put_u64(&r, (uint64_t)event->signal);
    put_text(&r, event->detail == NULL ? "" : event->detail);
    put_text(&r, event->log == NULL ? "" : event->log);
    put_seal(&r);
    int rc = row_write(&r, SQL_ADD_EVENT, err);
    event->seq = (uint64_t)sqlite3_last_insert_rowid(l->db);
    return rc;
}

int ledger_add_partial(struct ledger *l, struct ledger_partial *partial, struct error *err)
{
    struct row r = row_open(l, SQL_ADD_PARTIAL, 1);
    put_u64(&r, partial->shard);
    put_u64(&r, partial->epoch);
    put_u64(&r, partial->cpu_us);
    put_text(&r, partial->worker);
    put_digest(&r, partial->digest);
    put_payload(&r, partial->payload, partial->size);
    put_seal(&r);
    int rc = row_write(&r, SQL_ADD_PARTIAL, err);
    partial->seq = (uint64_t)sqlite3_last_insert_rowid(l->db);
    return rc;
}

int ledger_drop_shards(struct ledger *l, uint64_t file, struct error *err)
{
    static const enum ledger_statement steps[] = {SQL_DROP_PARTIALS, SQL_DROP_SHARDS};
    for (size_t i = 0; i < 2; i++) {
        (void)sqlite3_bind_int64(l->statement[steps[i]], 1, (sqlite3_int64)file);
        if (ledger_run(l, steps[i], err) != 0) {
            return -1;
        }
    }
    return 0;
}

int ledger_drop_partial(struct ledger *l, uint64_t shard, struct error *err)
{
    (void)sqlite3_bind_int64(l->statement[SQL_DROP_PARTIAL], 1, (sqlite3_int64)shard);
    return ledger_run(l, SQL_DROP_PARTIAL, err);
}

int ledger_find_partial(struct ledger *l, uint64_t shard, uint8_t digest[DIGEST_XXH128_SIZE],
                        struct error *err)
{
    struct row r = row_open(l, SQL_FIND_PARTIAL, 1);
    (void)sqlite3_bind_int64(r.s, 1, (sqlite3_int64)shard);
    int rc = row_next(&r, err);
    if (rc == 1) {
        (void)take_u64(&r);  /* shard */
        (void)take_u64(&r);  /* epoch */
        (void)take_u64(&r);  /* cpu_us */
        (void)take_word(&r); /* worker */
        take_digest(&r, digest);
        rc = check_seal(&r, "partial", err) == 0 ? 1 : -1;
    }
    (void)sqlite3_reset(r.s);
    return rc;
}

int ledger_each_file(struct ledger *l,
                     int (*visit)(void *context, const struct ledger_file *, struct error *),
                     void *context, struct error *err)
{
    struct row r = row_open(l, SQL_EACH_FILE, 0);
    int rc = row_next(&r, err);
    for (; rc == 1; rc = row_next(&r, err)) {
        struct ledger_file file;
        file.sample = take_u64(&r);
        file.size = take_u64(&r);
        file.mtime_ns = (int64_t)take_u64(&r);
        file.luminosity_pb = take_f64(&r);
        file.path = take_word(&r);
        file.inspection = take_text(&r);
        if (check_seal(&r, "file", err) != 0) {
            rc = -1;
            break;
        }
        file.id = take_u64(&r);
        if (visit(context, &file, err) != 0) {
            rc = -1;
            break;
        }
    }
    (void)sqlite3_reset(r.s);
    return rc;
}

int ledger_each_shard(struct ledger *l,
                      int (*visit)(void *context, const struct ledger_shard *, struct error *),
                      void *context, struct error *err)
{
    struct row r = row_open(l, SQL_EACH_SHARD, 0);
    int rc = row_next(&r, err);
    for (; rc == 1; rc = row_next(&r, err)) {
        struct ledger_shard shard;
        shard.file = take_u64(&r);
        shard.first = take_u64(&r);
        shard.stop = take_u64(&r);
        if (check_seal(&r, "shard", err) != 0) {
            rc = -1;
            break;
        }
        shard.id = take_u64(&r);
        if (visit(context, &shard, err) != 0) {
            rc = -1;
            break;
        }
    }
    (void)sqlite3_reset(r.s);
    return rc;
}

static int take_event(struct row *r, struct ledger_event *event, struct error *err)
{
    event->time_ms = (int64_t)take_u64(r);
    event->kind = (enum lease_kind)take_u64(r);
    event->subject = take_u64(r);
    event->what = (enum job_event)take_u64(r);
    event->epoch = take_u64(r);
    event->worker = take_word(r);
    event->error = (enum error_kind)take_u64(r);
    event->signal = (int32_t)take_u64(r);
    event->detail = take_word(r);
    event->log = take_word(r);
    if (check_seal(r, "event", err) != 0) {
        return -1;
    }
    event->seq = take_u64(r);
    return 0;
}

int ledger_each_event(struct ledger *l, uint64_t after,
                      int (*visit)(void *context, const struct ledger_event *, struct error *),
                      void *context, struct error *err)
{
    struct row r = row_open(l, SQL_EACH_EVENT, 0);
    (void)sqlite3_bind_int64(r.s, 1, (sqlite3_int64)after);
    int rc = row_next(&r, err);
    for (; rc == 1; rc = row_next(&r, err)) {
        struct ledger_event event;
        if (take_event(&r, &event, err) != 0 || visit(context, &event, err) != 0) {
            rc = -1;
            break;
        }
    }
    (void)sqlite3_reset(r.s);
    return rc;
}

static int take_partial(struct row *r, struct ledger_partial *partial, struct error *err)
{
    partial->shard = take_u64(r);
    partial->epoch = take_u64(r);
    partial->cpu_us = take_u64(r);
    partial->worker = take_word(r);
    take_digest(r, partial->digest);
    partial->payload = sqlite3_column_blob(r->s, r->next);
    partial->size = (size_t)sqlite3_column_bytes(r->s, r->next++);
    if (check_seal(r, "partial", err) != 0) {
        return -1;
    }
    uint8_t digest[DIGEST_XXH128_SIZE];
    digest_xxh128(partial->payload, partial->size, digest);
    if (memcmp(digest, partial->digest, sizeof digest) != 0) {
        return error_set(
            err, ERROR_PEER,
            "ledger %s: the partial of shard %llu is damaged: put back a copy of the "
            "run folder, or start anew in another one",
            r->l->path, (unsigned long long)partial->shard);
    }
    partial->seq = take_u64(r);
    return 0;
}

int ledger_each_partial(struct ledger *l, uint64_t after,
                        int (*visit)(void *context, const struct ledger_partial *,
                                     struct error *),
                        void *context, struct error *err)
{
    struct row r = row_open(l, SQL_EACH_PARTIAL, 0);
    (void)sqlite3_bind_int64(r.s, 1, (sqlite3_int64)after);
    int rc = row_next(&r, err);
    for (; rc == 1; rc = row_next(&r, err)) {
        struct ledger_partial partial;
        if (take_partial(&r, &partial, err) != 0 || visit(context, &partial, err) != 0) {
            rc = -1;
            break;
        }
    }
    (void)sqlite3_reset(r.s);
    return rc;
}

int ledger_sequence(struct ledger *l, uint64_t *seq, struct error *err)
{
    struct row r = row_open(l, SQL_SEQUENCE, 0);
    int rc = row_next(&r, err);
    *seq = rc == 1 ? take_u64(&r) : 0;
    (void)sqlite3_reset(r.s);
    return rc < 0 ? -1 : 0;
}
