/* SPDX-License-Identifier: Apache-2.0 */
/* reader.h - from a file to the columns that an analysis asks for, whatever the format.
 *
 * A format (HDF5 so far) knows how its columns are stored; a reader has chosen, for one analysis
 * and its settings, which of them to read. Files are hostile: every size, type and count is
 * checked before it is believed, and what is refused names file, column, rows and reason. Runs
 * only in the compute program, under resource limits. A reader belongs to one thread; rows are
 * read through its lanes (lane.h), of which each thread may have one. */
#ifndef WORKER_READER_H
#define WORKER_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analysis/analysis.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/json.h"

/* What to read and how it is called in the file. All borrowed for as long as the reader is open,
 * but for the weight's name, which it copies. */
struct reader_request {
    const struct analysis *analysis;
    const struct settings *settings;
    const char *weight;  /* name of the column of generator weights, or NULL for none */
    const json_t *names; /* {"Muon_px": "muons/px"}: columns with other names, or NULL */
    const json_t
        *units; /* {"energy": "MeV", "length": "mm"}: what the files do not say, or NULL */
};

/* What a file is known by. The digest (XXH3-128) is of the layout and the chunk table of the
 * columns that are read. */
struct reader_identity {
    uint64_t size_bytes;
    int64_t mtime_ns;
    char digest[DIGEST_XXH128_HEX];
};

/* Whether both are of the same file, unchanged. */
bool reader_identity_equal(const struct reader_identity *a, const struct reader_identity *b);

/* Called now and then by what takes long, on the caller's thread, with the rows done so far; false
 * asks to stop. A NULL function is never called. */
struct reader_progress {
    bool (*go_on)(void *context, uint64_t rows_done);
    void *context;
};

enum { READER_BLOCK_BYTES = 2 << 20 };

struct reader;
struct lane;

/* Opens the file, finds every column that is wanted, checks types, lengths, units and layout.
 * NULL with ERROR_INPUT (the file: "FILE: column Muon_pt: ...") or ERROR_SYSTEM (it cannot be
 * reached now). The caller calls reader_close, which ends all lanes. */
struct reader *reader_open(const char *path, const struct reader_request *request,
                           struct error *err);
void reader_close(struct reader *r);

uint64_t reader_rows(const struct reader *r);

/* As it was when the file was opened; borrowed until close. */
const struct reader_identity *reader_identity(const struct reader *r);

/* The counters in use ("nMuon"), in the order of their first need; NULL from index n on. */
const char *reader_counter(const struct reader *r, size_t index);

/* Rows in a chunk of the column whose chunks shards and threads follow: the counter, else the first
 * one; all rows if it has no chunks. */
uint64_t reader_chunk_rows(const struct reader *r);

/* The lane of that index, which the reader keeps until it is closed: made when it is first asked
 * for, at row 0. NULL without memory (ERROR_SYSTEM). Not while other lanes are at work. */
struct lane *reader_lane(struct reader *r, size_t index, struct error *err);

/* How many events are to be read at once, by a shard and by inspection: as many as have some
 * READER_BLOCK_BYTES in all columns together, so that a block stays in the second cache. */
uint64_t reader_block_rows(const struct reader *r);

/* What inspection finds, as JSON that the caller owns:
 * {"format": "hdf5", "rows": N, "size": bytes, "mtime_ns": T, "digest": 32 hex (XXH3-128 of
 *  the layout and the chunk table: of every wanted column its name, type, filters, and each
 *  chunk's place and size), "generator": text or null (the root attribute, where our generator
 *  wrote the file), "columns": [{"name", "in_file", "type", "unit", "bytes", "chunk_rows",
 *  "filters": [...]}], "alternatives": {"muon momentum": "Muon_pt Muon_eta Muon_phi"},
 *  "boundaries": rows at which chunks of the counter (else of the first column) begin, at most
 *  4096 of them, evenly thinned, "starts": {"counters": ["nMuon"], "rows": [...],
 *  "objects": [[...], ...]}} - the starts at most 1024, evenly spread, from reading the
 * counters whole and checking that they add up to the lengths of their columns. progress may be
 * NULL. Reads through lane 0. Fails as lane_read does, and (ERROR_SYSTEM) if go_on said so. */
json_t *reader_inspect(struct reader *r, const struct reader_progress *progress,
                       struct error *err);

/* Size, modification time and layout digest again, to compare with what inspection found. Fails
 * (ERROR_INPUT) if the file changed since it was opened. */
int reader_check_unchanged(struct reader *r, struct error *err);

#endif
