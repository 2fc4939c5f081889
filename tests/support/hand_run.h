/* SPDX-License-Identifier: Apache-2.0 */
/* hand_run.h - a run of run_launch in a fresh folder, whose workers' work is done by hand: no process,
 * no socket, and nobody looks into its data file.
 *
 *     hand_place_open; hand_launch; hand_inspect; hand_compute for each shard; run_close;
 *     hand_place_close */
#ifndef TESTS_SUPPORT_HAND_RUN_H
#define TESTS_SUPPORT_HAND_RUN_H

#include "base/file.h"
#include "scheduler/run.h"
#include "tests/support/check.h"

enum { HAND_ROWS = 1000, HAND_SHARDS = 5 };

static const char hand_text[] = "analysis: dimuon\n"
                                "shards: {target_events: 200}\n"
                                "parameters: {muons_exactly: \"2\"}\n"
                                "samples:\n"
                                "  - name: muons\n"
                                "    kind: data\n"
                                "    luminosity_pb: 12\n"
                                "    files: [muons*.h5]\n";

struct hand_place {
    char folder[64];
    char run_file[256];
    char data[256];
    char run_folder[256];
};

static inline void hand_write(const char *path, const char *text)
{
    struct error err = {0};
    check_ok(file_write(path, 0644, text, strlen(text), &err), &err);
}

static inline void hand_place_open(struct hand_place *p)
{
    char *folder = check_make_folder();
    (void)snprintf(p->folder, sizeof p->folder, "%s", folder);
    free(folder);
    (void)snprintf(p->run_file, sizeof p->run_file, "%s/run.yaml", p->folder);
    (void)snprintf(p->data, sizeof p->data, "%s/muons.h5", p->folder);
    (void)snprintf(p->run_folder, sizeof p->run_folder, "%s/the.run", p->folder);
    hand_write(p->run_file, hand_text);
    hand_write(p->data, "nobody looks into it here");
}

static inline void hand_place_close(struct hand_place *p)
{
    check_remove_folder(strdup(p->folder));
}

static inline struct run *hand_launch(const struct hand_place *p, bool accept_changes)
{
    struct error err = {0};
    struct run *r = run_launch(&(struct run_request){.folder = p->run_folder,
                                                     .run_file = p->run_file,
                                                     .accept_changes = accept_changes},
                               &err);
    check_ok(r == NULL ? -1 : 0, &err);
    return r;
}

/* What a worker that inspects would have brought. */
static inline void hand_inspect(struct run *r)
{
    char text[96];
    struct error err = {0};
    (void)snprintf(text, sizeof text, "{\"rows\": %d, \"digest\": \"%032d\"}", HAND_ROWS, 7);
    for (size_t i = 0; i < r->n_files; i++) {
        struct ledger_file row = {.id = r->file[i].id,
                                  .sample = r->file[i].sample,
                                  .size = r->file[i].size,
                                  .mtime_ns = r->file[i].mtime_ns,
                                  .path = r->file[i].path,
                                  .inspection = text};
        struct ledger_event event = {
            .kind = LEASE_INSPECT, .subject = r->file[i].id, .what = JOB_ACCEPTED};
        check_ok(ledger_update_file(r->ledger, &row, &err), &err);
        check_ok(ledger_add_event(r->ledger, &event, &err), &err);
    }
    check_ok(run_reload(r, &err), &err);
    check_ok(run_plan(r, &err), &err);
}

/* Something that happened to a shard at that time. */
static inline void hand_note(struct run *r, size_t shard, enum job_event what, int64_t time_ms)
{
    struct error err = {0};
    struct ledger_event event = {.kind = LEASE_SHARD,
                                 .subject = r->shard[shard].id,
                                 .what = what,
                                 .time_ms = time_ms,
                                 .epoch = what == JOB_LEASED ? run_next_epoch(r)
                                                             : r->shard[shard].job.epoch,
                                 .worker = "hand",
                                 .error = what == JOB_REJECTED ? ERROR_INPUT : ERROR_NONE,
                                 .detail = what == JOB_REJECTED ? "no column Muon_pt" : ""};
    check_ok(ledger_add_event(r->ledger, &event, &err), &err);
    check_ok(run_refresh(r, &err), &err);
}

/* What a worker that computes would have brought: n_fills entries in its first histogram. */
static inline void hand_bring(struct run *r, size_t shard, size_t n_fills, int64_t time_ms)
{
    struct error err = {0};
    struct partial p = {0};
    struct buffer payload = {0};
    const struct dataset *d = r->dataset;
    partial_init(&p, false);
    check_ok(d->analysis->book(&d->settings, &p, &err), &err);
    p.n_events = r->shard[shard].stop - r->shard[shard].first;
    for (size_t i = 0; i < n_fills; i++) {
        hist_fill(&p.hist[0].hist, 91 + (double)i, 1);
        partial_pass(&p, 0, 1);
    }
    partial_encode(&p, &payload);
    struct ledger_partial row = {.shard = r->shard[shard].id,
                                 .worker = "hand",
                                 .payload = payload.data,
                                 .size = payload.size};
    digest_xxh128(payload.data, payload.size, row.digest);
    check_ok(ledger_begin(r->ledger, &err), &err);
    check_ok(ledger_add_partial(r->ledger, &row, &err), &err);
    hand_note(r, shard, JOB_ACCEPTED, time_ms);
    check_ok(ledger_commit(r->ledger, &err), &err);
    buffer_release(&payload);
    partial_release(&p);
}

static inline void hand_compute(struct run *r, size_t shard)
{
    hand_bring(r, shard, shard + 1, 0);
}

#endif
