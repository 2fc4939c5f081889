/* SPDX-License-Identifier: Apache-2.0 */
/* ledger_sql.h - private to the ledger's two files: the database and its prepared statements. */
#ifndef SCHEDULER_LEDGER_SQL_H
#define SCHEDULER_LEDGER_SQL_H

#include <sqlite3.h>

#include "base/bytes.h"
#include "base/error.h"

enum ledger_statement {
    SQL_BEGIN_WRITE,
    SQL_BEGIN_READ,
    SQL_COMMIT,
    SQL_ROLLBACK,
    SQL_SET,
    SQL_GET,
    SQL_ADD_FILE,
    SQL_UPDATE_FILE,
    SQL_ADD_SHARD,
    SQL_ADD_EVENT,
    SQL_ADD_PARTIAL,
    SQL_DROP_PARTIAL,
    SQL_DROP_PARTIALS,
    SQL_DROP_SHARDS,
    SQL_FIND_PARTIAL,
    SQL_EACH_FILE,
    SQL_EACH_SHARD,
    SQL_EACH_EVENT,
    SQL_EACH_PARTIAL,
    SQL_SEQUENCE,
    SQL_STATEMENTS
};

struct ledger {
    char *path;
    sqlite3 *db;
    bool read_only;
    size_t n_views; /* of a reader, one within another */
    sqlite3_stmt *statement[SQL_STATEMENTS];
    struct buffer seal; /* fields of the row at hand, for its seal */
};

/* Sets err from the database's last error: ERROR_PEER for damage, else ERROR_SYSTEM. */
int ledger_fail(struct ledger *l, const char *doing, struct error *err);

/* Steps a statement that gives no rows, and resets it. */
int ledger_run(struct ledger *l, enum ledger_statement which, struct error *err);

#endif
