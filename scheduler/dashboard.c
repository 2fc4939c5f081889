/* SPDX-License-Identifier: Apache-2.0 */
/* dashboard.c - the document as a whole; dashboard_parts.c has its lists. See dashboard.h */
#include "scheduler/dashboard.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/json_patch.h"
#include "scheduler/failure_json.h"
#include "scheduler/figure.h"
#include "scheduler/hold.h"
#include "scheduler/human.h"
#include "scheduler/plot.h"
#include "scheduler/result.h"

enum { JOBS_SHOWN = 20 };

/* ---- what does not change ---- */

static json_t *figures_to_json(const struct analysis *a)
{
    json_t *list = json_array();
    for (size_t i = 0; i < a->n_figures; i++) {
        const struct figure *f = &a->figure[i];
        (void)json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:b}", "hist", f->hist,
                                                    "label", f->label, "unit", f->unit, "log_y",
                                                    f->log_y ? 1 : 0));
    }
    return list;
}

static json_t *channels_to_json(const struct analysis *a)
{
    json_t *list = json_array();
    for (size_t i = 0; i < a->n_channels; i++) {
        (void)json_array_append_new(list, json_string(a->channel[i]));
    }
    return list;
}

static json_t *formats_to_json(void)
{
    json_t *list = json_array();
    for (int f = PLOT_SVG; f < PLOT_FORMATS; f++) {
        if (plot_can_render((enum plot_format)f)) {
            (void)json_array_append_new(list,
                                        json_string(plot_format_name((enum plot_format)f)));
        }
    }
    return list;
}

static json_t *name_of(const struct run *r)
{
    struct buffer text = {0};
    look_name(r, &text);
    const char *name = buffer_string(&text);
    json_t *value = human_json(name == NULL ? "" : name);
    buffer_release(&text);
    return value;
}

static json_t *fixed_to_json(const struct look *l)
{
    const struct run *r = l->run;
    const struct analysis *a = r->dataset->analysis;
    return json_pack("{s:{s:o, s:o, s:s, s:s, s:s, s:i, s:o}, s:o, s:o, s:o, s:o}", "run",
                     "name", name_of(r), "folder", human_json(r->folder), "id", r->id,
                     "program", PICOBARN_VERSION, "analysis", a->name, "version",
                     (int)a->version, "parameters", settings_to_json(&r->dataset->settings),
                     "figures", figures_to_json(a), "channels", channels_to_json(a), "formats",
                     formats_to_json(), "cutflow_steps", dashboard_cutflow_steps(l));
}

/* ---- what does ---- */

/* Of the sums: result.json is written a moment later, and until then may be that of an earlier try. */
static json_t *sha256_of(const struct look *l)
{
    struct error none = {0};
    struct buffer text = {0};
    char hex[DIGEST_SHA256_HEX];
    int rc = result_text(l->run, &l->merge, &text, hex, &none);
    buffer_release(&text);
    return rc == 0 ? json_string(hex) : NULL;
}

static const struct {
    const char *state;
    const char *says;
} states[] = {
    {"complete", "Complete"},
    {"running", "Running"},
    {"held", "Paused by a person"},
    {"paused", "Paused: the ledger cannot be written"},
    {"stopped", "No scheduler works on it: the same launch goes on"},
    {"incomplete", "Incomplete: something failed"},
};

static size_t state_of(const struct look *l, const struct live *live, bool has_scheduler)
{
    struct run_tally shards = run_tally_shards(l->run);
    struct run_tally files = run_tally_files(l->run);
    size_t open = shards.n[JOB_WAITING] + shards.n[JOB_RUNNING] + files.n[JOB_WAITING] +
                  files.n[JOB_RUNNING];
    if (look_complete(l)) {
        return 0;
    }
    if (has_scheduler) {
        return live != NULL && live->paused[0] != '\0' ? 3
               : hold_is_set(l->run->folder)           ? 2
                                                       : 1;
    }
    return open > 0 ? 4 : 5;
}

static json_t *significance_of(const struct look *l)
{
    static const struct figure_request first = {.log_y = -1};
    struct error none = {0};
    struct figure_numbers n = {0};
    if (figure_count(l->run, &l->merge, &first, &n, &none) != 0 || !n.has_window ||
        !isfinite(n.significance_observed) || !isfinite(n.significance_expected)) {
        return NULL;
    }
    return json_pack("{s:f, s:f, s:f, s:f, s:f}", "observed", n.significance_observed,
                     "expected", n.significance_expected, "events", n.observed, "background",
                     n.background, "signal", n.signal);
}

/* Looking for them reads all events: done only when their number, or the number of attempts that
 * ended badly, is another. */
static int update_failures(struct dashboard *d, struct error *err)
{
    const struct run *r = d->look.run;
    size_t n = run_tally_files(r).n[JOB_FAILED] + run_tally_shards(r).n[JOB_FAILED];
    for (size_t i = 0; i < r->n_shards; i++) {
        n += r->shard[i].job.conflict;
    }
    if (d->failures != NULL && n == d->n_failed &&
        (n == 0 || d->failures_seen == d->history.n_bad)) {
        return 0;
    }
    struct failures f;
    if (failures_find(&f, r, err) != 0) {
        return -1;
    }
    json_decref(d->failures);
    d->failures =
        json_pack("{s:o, s:o}", "failures", failures_to_json(r, &f, false, JOBS_SHOWN),
                  "conflicts", failures_to_json(r, &f, true, JOBS_SHOWN));
    d->n_failed = n;
    d->failures_seen = d->history.n_bad;
    failures_release(&f);
    return 0;
}

static void put(json_t *object, const char *key, json_t *value)
{
    if (value != NULL) {
        (void)json_object_set_new(object, key, value);
    }
}

/* The run's identity, with its result's once it is complete; this is found once while nothing
 * changes. */
static json_t *identity(const struct dashboard *d, bool is_complete)
{
    json_t *run = json_copy(json_object_get(d->fixed, "run"));
    const json_t *before = json_object_get(json_object_get(d->document, "run"), "sha256");
    const json_t *sequence = json_object_get(d->document, "sequence"); /* of before */
    bool is_same =
        before != NULL && (uint64_t)json_integer_value(sequence) == d->look.run->seen;
    if (is_complete) {
        put(run, "sha256", is_same ? json_copy(json_to_walk(before)) : sha256_of(&d->look));
    }
    return run;
}

static json_t *describe(const struct dashboard *d, struct error *err)
{
    const struct look *l = &d->look;
    bool has_scheduler = look_has_scheduler(l->run);
    json_t *status = look_status_to_json(l, has_scheduler, err);
    if (status == NULL) {
        return NULL;
    }
    struct live *live = has_scheduler ? live_read(l->run) : NULL;
    size_t state = state_of(l, live, has_scheduler);
    json_t *all = json_copy(d->fixed); /* what is in it is shared, and stays */
    (void)json_object_update(all, d->failures);
    put(all, "sequence", json_integer((json_int_t)l->run->seen));
    put(all, "state", json_string(states[state].state));
    put(all, "says", json_string(states[state].says));
    put(all, "run", identity(d, state == 0));
    json_drop_nulls(status);
    put(all, "status", status);
    put(all, "time", dashboard_time(d, live, clock_unix_ms()));
    put(all, "bytes", dashboard_bytes(l));
    put(all, "counts",
        json_pack("{s:I, s:I}", "retries", (json_int_t)d->history.n_retries, "failed",
                  (json_int_t)d->n_failed));
    put(all, "tail", has_scheduler ? dashboard_tail(d, live) : json_array());
    put(all, "workers", dashboard_workers(live));
    put(all, "n_workers", json_integer(live == NULL ? 0 : (json_int_t)live->n_workers));
    put(all, "cutflow", dashboard_cutflow(l));
    put(all, "significance", significance_of(l));
    live_destroy(live);
    return all;
}

/* What was found of a run that is there no more. */
static void forget(struct dashboard *d)
{
    json_decref(d->fixed);
    json_decref(d->failures);
    json_decref(d->document);
    d->fixed = NULL;
    d->failures = NULL;
    d->document = NULL;
    history_release(&d->history);
}

/* The ledger may be a new one next time, so all of it is read again then. */
static json_t *describe_trouble(struct dashboard *d, const struct error *why)
{
    forget(d);
    look_close(&d->look);
    return json_pack("{s:I, s:s, s:o}", "sequence", (json_int_t)0, "state", "none", "says",
                     human_json(why->text));
}

static int read_run(struct dashboard *d, const char *folder, struct error *err)
{
    struct look *l = &d->look;
    const struct run *before = l->run;
    if ((before == NULL ? look_open(l, folder, err) : look_refresh(l, err)) != 0) {
        return -1;
    }
    if (l->run != before) {
        forget(d);
    }
    if (history_update(&d->history, l->run, err) != 0 || update_failures(d, err) != 0) {
        return -1;
    }
    d->fixed = d->fixed == NULL ? fixed_to_json(l) : d->fixed;
    return 0;
}

int dashboard_update(struct dashboard *d, const char *folder, struct error *err)
{
    struct error why = {0};
    json_t *document =
        read_run(d, folder, &why) == 0 ? describe(d, &why) : describe_trouble(d, &why);
    if (document == NULL) {
        return error_no_memory(err, "the page");
    }
    json_decref(d->document);
    d->document = document;
    return 0;
}

void dashboard_release(struct dashboard *d)
{
    forget(d);
    look_close(&d->look);
    *d = (struct dashboard){.document = NULL};
}

uint64_t dashboard_sequence(const struct dashboard *d)
{
    return d->look.run == NULL ? 0 : d->look.run->seen;
}
