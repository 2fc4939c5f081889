/* SPDX-License-Identifier: Apache-2.0 */
/* ledger.c - opening, transactions and texts; the rows are in ledger_rows.c. See ledger.h */
#include "scheduler/ledger.h"

#include <errno.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/size.h"
#include "scheduler/ledger_sql.h"

enum { APPLICATION_ID = 0x7062726e }; /* "pbrn", in the file's header */
enum { BUSY_TIMEOUT_MS = 10000 };

static const char schema[] =
    "PRAGMA application_id = 1885500014;"
    "PRAGMA user_version = 1;"
    "CREATE TABLE text (key TEXT PRIMARY KEY, value TEXT NOT NULL, seal BLOB NOT NULL);"
    "CREATE TABLE file (id INTEGER PRIMARY KEY, sample INTEGER NOT NULL, size INTEGER NOT NULL,"
    " mtime_ns INTEGER NOT NULL, luminosity_pb REAL NOT NULL, path TEXT NOT NULL,"
    " inspection TEXT, seal BLOB NOT NULL);"
    "CREATE TABLE shard (id INTEGER PRIMARY KEY AUTOINCREMENT, file INTEGER NOT NULL,"
    " first INTEGER NOT NULL, stop INTEGER NOT NULL, seal BLOB NOT NULL);"
    "CREATE INDEX shard_file ON shard (file);"
    "CREATE TABLE event (seq INTEGER PRIMARY KEY AUTOINCREMENT, time_ms INTEGER NOT NULL,"
    " kind INTEGER NOT NULL, subject INTEGER NOT NULL, what INTEGER NOT NULL,"
    " epoch INTEGER NOT NULL, worker TEXT NOT NULL, error INTEGER NOT NULL,"
    " signal INTEGER NOT NULL, detail TEXT NOT NULL, log TEXT NOT NULL, seal BLOB NOT NULL);"
    "CREATE TABLE partial (seq INTEGER PRIMARY KEY AUTOINCREMENT, shard INTEGER NOT NULL "
    "UNIQUE,"
    " epoch INTEGER NOT NULL, cpu_us INTEGER NOT NULL, worker TEXT NOT NULL,"
    " digest BLOB NOT NULL, payload BLOB NOT NULL, seal BLOB NOT NULL);";

static const char *const sql[SQL_STATEMENTS] = {
    [SQL_BEGIN_WRITE] = "BEGIN IMMEDIATE",
    [SQL_BEGIN_READ] = "BEGIN",
    [SQL_COMMIT] = "COMMIT",
    [SQL_ROLLBACK] = "ROLLBACK",
    [SQL_SET] = "INSERT OR REPLACE INTO text (key, value, seal) VALUES (?1, ?2, ?3)",
    [SQL_GET] = "SELECT value, seal FROM text WHERE key = ?1",
    [SQL_ADD_FILE] =
        "INSERT INTO file (sample, size, mtime_ns, luminosity_pb, path, inspection,"
        " seal) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    [SQL_UPDATE_FILE] =
        "UPDATE file SET sample = ?1, size = ?2, mtime_ns = ?3,"
        " luminosity_pb = ?4, path = ?5, inspection = ?6, seal = ?7 WHERE id = ?8",
    [SQL_ADD_SHARD] = "INSERT INTO shard (file, first, stop, seal) VALUES (?1, ?2, ?3, ?4)",
    [SQL_ADD_EVENT] = "INSERT INTO event (time_ms, kind, subject, what, epoch, worker, error,"
                      " signal, detail, log, seal)"
                      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    [SQL_ADD_PARTIAL] =
        "INSERT INTO partial (shard, epoch, cpu_us, worker, digest, payload, seal)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    [SQL_DROP_PARTIAL] = "DELETE FROM partial WHERE shard = ?1",
    [SQL_DROP_PARTIALS] = "DELETE FROM partial WHERE shard IN"
                          " (SELECT id FROM shard WHERE file = ?1)",
    [SQL_DROP_SHARDS] = "DELETE FROM shard WHERE file = ?1",
    [SQL_FIND_PARTIAL] = "SELECT shard, epoch, cpu_us, worker, digest, seal FROM partial"
                         " WHERE shard = ?1",
    [SQL_EACH_FILE] = "SELECT sample, size, mtime_ns, luminosity_pb, path, inspection, seal, id"
                      " FROM file ORDER BY id",
    [SQL_EACH_SHARD] = "SELECT file, first, stop, seal, id FROM shard ORDER BY id",
    [SQL_EACH_EVENT] =
        "SELECT time_ms, kind, subject, what, epoch, worker, error, signal, detail,"
        " log, seal, seq FROM event WHERE seq > ?1 ORDER BY seq",
    [SQL_EACH_PARTIAL] = "SELECT shard, epoch, cpu_us, worker, digest, payload, seal, seq"
                         " FROM partial WHERE seq > ?1 ORDER BY seq",
    [SQL_SEQUENCE] = "SELECT coalesce(max(seq), 0) FROM event",
};

int ledger_fail(struct ledger *l, const char *doing, struct error *err)
{
    /* The lowest byte of an extended code says which it is. */
    int code = l->db == NULL ? SQLITE_NOMEM : sqlite3_errcode(l->db) & 0xff;
    /* Our statements fit our tables: a plain error is that of a file whose tables are no more
     * what they were. */
    bool damaged = code == SQLITE_CORRUPT || code == SQLITE_NOTADB || code == SQLITE_ERROR;
    return error_set(err, damaged ? ERROR_PEER : ERROR_SYSTEM, "ledger %s: %s: %s%s", l->path,
                     doing, l->db == NULL ? "no memory" : sqlite3_errmsg(l->db),
                     damaged ? " (the ledger is damaged: put back a copy of the run folder)"
                             : "");
}

int ledger_run(struct ledger *l, enum ledger_statement which, struct error *err)
{
    sqlite3_stmt *s = l->statement[which];
    int code = sqlite3_step(s);
    int rc = code == SQLITE_DONE || code == SQLITE_ROW ? 0 : ledger_fail(l, "writing", err);
    (void)sqlite3_reset(s);
    return rc;
}

/* SQLite's WAL is a shared memory mapping, which no network file system gives to two hosts. */
static int check_file_system(const char *path, struct error *err)
{
    static const struct {
        long magic;
        const char *name;
    } refused[] = {
        {NFS_SUPER_MAGIC, "NFS"}, {SMB_SUPER_MAGIC, "SMB"}, {0xff534d42, "CIFS"},
        {0xfe534d42, "SMB2"},     {AFS_SUPER_MAGIC, "AFS"}, {CODA_SUPER_MAGIC, "Coda"},
        {0x0bd00bd0, "Lustre"},   {0x00c36400, "CephFS"},   {0x47504653, "GPFS"},
        {0x19830326, "BeeGFS"},   {0x65735546, "FUSE"},     {0x01021997, "9P"}};
    char *folder = strdup(path);
    char *slash = folder == NULL ? NULL : strrchr(folder, '/');
    if (slash != NULL) {
        *slash = '\0';
    }
    struct statfs fs;
    int rc = statfs(slash == NULL ? "." : slash == folder ? "/" : folder, &fs);
    free(folder);
    for (size_t i = 0; rc == 0 && i < ARRAY_LENGTH(refused); i++) {
        if ((uint32_t)fs.f_type == (uint32_t)refused[i].magic) {
            return error_set(err, ERROR_INPUT,
                             "%s is on a network file system (%s), where a ledger is not safe: "
                             "choose a run folder on a local disk with --run-dir",
                             path, refused[i].name);
        }
    }
    return 0;
}

static int check_existence(const char *path, enum ledger_mode mode, struct error *err)
{
    struct stat st;
    bool there = stat(path, &st) == 0;
    if (there && mode == LEDGER_CREATE) {
        return error_set(err, ERROR_INPUT, "ledger %s: is there already", path);
    }
    if (!there && mode != LEDGER_CREATE) {
        return error_set(err, ERROR_INPUT, "ledger %s: %s", path, strerrordesc_np(errno));
    }
    return check_file_system(path, err); /* a reader shares the WAL's memory too */
}

/* One number that a query answers. */
static int ask(struct ledger *l, const char *query, int64_t *value, struct error *err)
{
    sqlite3_stmt *s = NULL;
    int rc = -1;
    if (sqlite3_prepare_v2(l->db, query, -1, &s, NULL) == SQLITE_OK &&
        sqlite3_step(s) == SQLITE_ROW) {
        *value = sqlite3_column_int64(s, 0);
        rc = 0;
    } else {
        (void)ledger_fail(l, "opening", err);
    }
    (void)sqlite3_finalize(s);
    return rc;
}

static int check_schema(struct ledger *l, struct error *err)
{
    int64_t application = 0;
    int64_t version = 0;
    if (ask(l, "PRAGMA application_id", &application, err) != 0 ||
        ask(l, "PRAGMA user_version", &version, err) != 0) {
        return -1;
    }
    if (application != APPLICATION_ID) {
        return error_set(err, ERROR_PEER, "ledger %s: this is no picobarn ledger", l->path);
    }
    /* SQLite takes a header of a later format for one that it may only read. */
    if (sqlite3_db_readonly(l->db, "main") == 1 && access(l->path, W_OK) == 0) {
        return error_set(err, ERROR_PEER,
                         "ledger %s: its header is damaged: put back a copy of the run folder",
                         l->path);
    }
    if (version != LEDGER_SCHEMA) {
        return error_set(err, ERROR_PEER,
                         "ledger %s: schema %lld, this program knows %d: use the program that "
                         "made it",
                         l->path, (long long)version, LEDGER_SCHEMA);
    }
    return 0;
}

/* The whole file, page by page, before anything is added to it. */
static int check_integrity(struct ledger *l, struct error *err)
{
    sqlite3_stmt *s = NULL;
    if (sqlite3_prepare_v2(l->db, "PRAGMA integrity_check(1)", -1, &s, NULL) != SQLITE_OK) {
        return ledger_fail(l, "checking", err);
    }
    int rc = 0;
    int code = sqlite3_step(s);
    const char *verdict = code == SQLITE_ROW ? (const char *)sqlite3_column_text(s, 0) : NULL;
    if (code != SQLITE_ROW) {
        rc = ledger_fail(l, "checking", err);
    } else if (verdict == NULL || strcmp(verdict, "ok") != 0) {
        rc = error_set(
            err, ERROR_PEER,
            "ledger %s: damaged (%s): put back a copy of the run folder, or start anew "
            "in another one",
            l->path, verdict == NULL ? "?" : verdict);
    }
    (void)sqlite3_finalize(s);
    return rc;
}

static int prepare(struct ledger *l, struct error *err)
{
    for (size_t i = 0; i < SQL_STATEMENTS; i++) {
        if (sqlite3_prepare_v3(l->db, sql[i], -1, SQLITE_PREPARE_PERSISTENT, &l->statement[i],
                               NULL) != SQLITE_OK) {
            return ledger_fail(l, "opening", err);
        }
    }
    return 0;
}

static int set_up(struct ledger *l, enum ledger_mode mode, struct error *err)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
                (mode == LEDGER_CREATE ? SQLITE_OPEN_CREATE : 0);
    if (sqlite3_open_v2(l->path, &l->db, flags, NULL) != SQLITE_OK ||
        sqlite3_busy_timeout(l->db, BUSY_TIMEOUT_MS) != SQLITE_OK) {
        return ledger_fail(l, "opening", err);
    }
    /* Nothing temporary in files: in a pod there is no folder for it. */
    const char *pragmas =
        mode == LEDGER_READ
            ? "PRAGMA query_only = ON; PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY"
            : "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
              "PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY";
    if (mode != LEDGER_CREATE && check_schema(l, err) != 0) {
        return -1;
    }
    if (sqlite3_exec(l->db, pragmas, NULL, NULL, NULL) != SQLITE_OK ||
        (mode == LEDGER_CREATE && sqlite3_exec(l->db, schema, NULL, NULL, NULL) != SQLITE_OK)) {
        return ledger_fail(l, "opening", err);
    }
    return mode == LEDGER_WRITE && check_integrity(l, err) != 0 ? -1 : prepare(l, err);
}

struct ledger *ledger_open(const char *path, enum ledger_mode mode, struct error *err)
{
    if (check_existence(path, mode, err) != 0) {
        return NULL;
    }
    struct ledger *l = calloc(1, sizeof *l);
    if (l == NULL || (l->path = strdup(path)) == NULL) {
        free(l);
        (void)error_no_memory(err, "the ledger");
        return NULL;
    }
    l->read_only = mode == LEDGER_READ;
    if (set_up(l, mode, err) != 0) {
        ledger_close(l);
        return NULL;
    }
    return l;
}

void ledger_close(struct ledger *l)
{
    if (l == NULL) {
        return;
    }
    for (size_t i = 0; i < SQL_STATEMENTS; i++) {
        (void)sqlite3_finalize(l->statement[i]);
    }
    (void)sqlite3_close(l->db);
    buffer_release(&l->seal);
    free(l->path);
    free(l);
}

int ledger_begin(struct ledger *l, struct error *err)
{
    if (l->n_views > 0) {
        l->n_views++;
        return 0;
    }
    if (ledger_run(l, l->read_only ? SQL_BEGIN_READ : SQL_BEGIN_WRITE, err) != 0) {
        return -1;
    }
    l->n_views = l->read_only ? 1 : 0;
    return 0;
}

int ledger_commit(struct ledger *l, struct error *err)
{
    if (ledger_run(l, SQL_COMMIT, err) != 0) {
        ledger_rollback(l);
        return -1;
    }
    return 0;
}

void ledger_rollback(struct ledger *l)
{
    if (l->n_views > 1) {
        l->n_views--;
        return;
    }
    l->n_views = 0;
    if (sqlite3_get_autocommit(l->db) == 0) {
        (void)ledger_run(l, SQL_ROLLBACK, NULL);
    }
}
