/* SPDX-License-Identifier: Apache-2.0 */
/* fake_run.h - a run with a real ledger in a fresh folder, whose dataset, files and partials are
 * the test's own: no data file and no worker is needed.
 *
 *     fake_run_open, then fill f.dataset's samples; fake_run_add_file for each file;
 *     fake_run_reload; fake_run_accept for each shard done; fake_run_close. */
#ifndef TESTS_SUPPORT_FAKE_RUN_H
#define TESTS_SUPPORT_FAKE_RUN_H

#include "base/file.h"
#include "scheduler/run.h"
#include "tests/support/check.h"

enum { FAKE_SAMPLES = 16, FAKE_ERAS = 2, FAKE_PROCESSES = 4 };

struct fake_run {
    char *folder;
    struct run run;
    struct dataset dataset;
    struct sample sample[FAKE_SAMPLES]; /* dataset.sample */
    struct era era[FAKE_ERAS];
    struct process process[FAKE_PROCESSES];
    uint64_t n_files;
};

/* A text as the structs of a dataset want it; never written to. */
static inline char *fake_text(const char *text)
{
    return (char *)(uintptr_t)text; /* NOLINT(performance-no-int-to-ptr) */
}

static inline void fake_run_open(struct fake_run *f, const struct analysis *analysis)
{
    struct error err = {.kind = ERROR_NONE};
    *f = (struct fake_run){.folder = check_make_folder()};
    char *ledger = file_join(f->folder, "ledger.db");
    f->dataset.analysis = analysis;
    f->dataset.sample = f->sample;
    f->dataset.era = f->era;
    f->dataset.process = f->process;
    check_ok(settings_init(&f->dataset.settings, analysis->parameter, analysis->n_parameters,
                           NULL, &err),
             &err);
    f->run = (struct run){.folder = f->folder,
                          .lock = -1,
                          .dataset = &f->dataset,
                          .id = fake_text("fake"),
                          .ledger = ledger_open(ledger, LEDGER_CREATE, &err)};
    check_ok(f->run.ledger == NULL ? -1 : 0, &err);
    free(ledger);
}

/* A file with these rows in that many even shards; generator NULL: of recorded data. Without
 * shards it stays without an inspection. */
static inline void fake_run_add_file(struct fake_run *f, size_t sample, uint64_t rows,
                                     size_t n_shards, const char *generator)
{
    struct error err = {.kind = ERROR_NONE};
    char path[64];
    (void)snprintf(path, sizeof path, "/data/file%llu.h5", (unsigned long long)f->n_files);
    char digest[33];
    (void)snprintf(digest, sizeof digest, "%032llx", (unsigned long long)(997 - f->n_files));
    json_t *inspection = json_pack("{s:I, s:s, s:s?, s:{s:s}}", "rows", (json_int_t)rows,
                                   "digest", digest, "generator", generator, "alternatives",
                                   "momentum", f->n_files % 2 == 0 ? "pt eta phi" : "px py pz");
    char *text = json_dumps(inspection, JSON_COMPACT);
    struct ledger_file file = {.sample = sample,
                               .size = rows * 10,
                               .path = path,
                               .inspection = n_shards == 0 ? NULL : text};
    check_ok(ledger_add_file(f->run.ledger, &file, &err), &err);
    f->n_files++;
    for (size_t i = 0; i < n_shards; i++) {
        struct ledger_shard shard = {
            .file = file.id, .first = rows * i / n_shards, .stop = rows * (i + 1) / n_shards};
        check_ok(ledger_add_shard(f->run.ledger, &shard, &err), &err);
    }
    struct ledger_event event = {
        .kind = LEASE_INSPECT, .subject = file.id, .what = JOB_ACCEPTED, .time_ms = 1};
    if (n_shards > 0) {
        check_ok(ledger_add_event(f->run.ledger, &event, &err), &err);
    }
    free(text);
    json_decref(inspection);
}

static inline void fake_run_reload(struct fake_run *f)
{
    struct error err = {.kind = ERROR_NONE};
    check_ok(run_reload(&f->run, &err), &err);
}

/* An empty partial as a shard of the sample gives it. */
static inline void fake_run_book(const struct fake_run *f, size_t sample, struct partial *p)
{
    struct error err = {.kind = ERROR_NONE};
    partial_init(p, f->sample[sample].weight != NULL);
    check_ok(f->dataset.analysis->book(&f->dataset.settings, p, &err), &err);
}

/* Puts the partial into the ledger as that of a shard (index), and folds it; its number of
 * events is made to fit. */
static inline void fake_run_accept(struct fake_run *f, size_t shard, struct partial *p)
{
    struct error err = {.kind = ERROR_NONE};
    const struct run_shard *s = &f->run.shard[shard];
    struct buffer payload = {0};
    p->n_events = s->stop - s->first;
    partial_encode(p, &payload);
    struct ledger_partial row = {.shard = s->id,
                                 .epoch = shard + 1,
                                 .cpu_us = 1000,
                                 .worker = "worker",
                                 .payload = payload.data,
                                 .size = payload.size};
    digest_xxh128(payload.data, payload.size, row.digest);
    struct ledger_event event = {.kind = LEASE_SHARD,
                                 .subject = s->id,
                                 .what = JOB_ACCEPTED,
                                 .time_ms = 2,
                                 .worker = "worker"};
    check_ok(ledger_begin(f->run.ledger, &err), &err);
    check_ok(ledger_add_partial(f->run.ledger, &row, &err), &err);
    check_ok(ledger_add_event(f->run.ledger, &event, &err), &err);
    check_ok(ledger_commit(f->run.ledger, &err), &err);
    check_ok(run_refresh(&f->run, &err), &err);
    buffer_release(&payload);
}

/* Empties the run, whose struct is not from the heap. */
static inline void fake_run_close(struct fake_run *f)
{
    ledger_close(f->run.ledger);
    for (size_t i = 0; i < f->run.n_files; i++) {
        json_decref(f->run.file[i].inspection);
        free(f->run.file[i].path);
    }
    free(f->run.file);
    free(f->run.shard);
    settings_release(&f->dataset.settings);
    check_remove_folder(f->folder);
}

#endif
