/* SPDX-License-Identifier: Apache-2.0 */
/* generate.c - see generate.h */
#include "data-samples/generate.h"

#include <math.h>
#include <stdio.h>

#include "data-samples/detector.h"
#include "data-samples/nanoaod.h"
#include "data-samples/portable.h"
#include "data-samples/rng.h"
#include "data-samples/writer.h"

enum { EVENTS_PER_LUMI = 500 };

int generate_file_name(const struct options *o, const struct sample *sample, int part,
                       struct file_name *out, struct error *err)
{
    int n = snprintf(out->path, sizeof out->path, "%s/%s_%02d.h5", o->directory, sample->stem,
                     part);
    if (n < 0 || (size_t)n >= sizeof out->path) {
        return error_set(err, ERROR_INPUT, "%.100s...: path too long", o->directory);
    }
    (void)snprintf(out->generator, sizeof out->generator, "picobarn-samples %s, seed %llu",
                   GENERATE_VERSION, (unsigned long long)o->seed);
    return 0;
}

static int save(const struct options *o, const struct sample *sample, int part,
                const struct writer *w, struct error *err)
{
    struct file_name name;
    if (generate_file_name(o, sample, part, &name, err) != 0) {
        return -1;
    }
    return writer_save(w, name.path, o->layout, name.generator, err);
}

static void make_event(enum process_id process, const struct conditions *c, struct rng *rng,
                       struct truth *truth, struct measured *measured)
{
    truth_init(truth);
    processes_table[process].generate(c, rng, truth);
    detector_measure(truth, rng, measured);
}

/* Weights as a generator beyond leading order gives them: of both signs, spread about a typical
 * value that is no power of two, a few of them very small. */
static float draw_weight(struct rng *rng, double rarity)
{
    double w = 31.7 * rarity * portable_exp(0.35 * rng_gauss(rng));
    if (rng_chance(rng, 0.01)) {
        w *= portable_pow(10, -4 * rng_uniform(rng));
    }
    if (rng_chance(rng, 0.08)) {
        w = -w;
    }
    return (float)ldexp(floor(ldexp(w, WEIGHT_BITS) + 0.5), -WEIGHT_BITS);
}

/* Events [first, stop) of a simulated sample; only those with two measured leptons are kept. */
static int simulate(const struct options *o, const struct task *task, struct writer *w,
                    struct outcome *out, struct error *err)
{
    const struct sample *sample = task->sample[0];
    struct conditions c = samples_conditions(o, sample->era, true);
    uint64_t key = rng_name("simulation") ^ rng_name(sample->stem);
    uint64_t n_files = (uint64_t)sample->n_files;
    uint64_t first = sample->generated * (uint64_t)task->part / n_files;
    uint64_t stop = sample->generated * ((uint64_t)task->part + 1) / n_files;
    for (uint64_t i = first; i < stop; i++) {
        struct rng rng;
        struct truth truth;
        struct measured measured;
        rng_init(&rng, o->seed, key, i);
        make_event(sample->process, &c, &rng, &truth, &measured);
        struct event_id id = {.run = 1, .event = i + 1};
        id.lumi = (uint32_t)(1 + i / EVENTS_PER_LUMI);
        id.weight = sample->weighted ? draw_weight(&rng, truth.weight) : 1;
        out->weight_sum += (int64_t)ldexp((double)id.weight, WEIGHT_BITS);
        if (measured.n[FLAVOUR_MUON] + measured.n[FLAVOUR_ELECTRON] >= 2 &&
            writer_add(w, &id, &measured, err) != 0) {
            return -1;
        }
    }
    return 0;
}

/* How many events of each process a slice of data holds, and how many were made so far. */
struct mixture {
    uint64_t key[PROCESSES];
    uint64_t left[PROCESSES];
    uint64_t made[PROCESSES];
    uint64_t total;
};

static struct mixture mixture_of(const struct options *o, const struct conditions *c,
                                 const struct period *period, int slice)
{
    struct mixture m = {.total = 0};
    for (int p = 0; p < PROCESSES; p++) {
        const struct process *process = &processes_table[p];
        double expected = process_cross_section((enum process_id)p, c) * process->scale *
                          period->luminosity_pb / period->slices;
        struct rng rng;
        m.key[p] = rng_name("data") ^ rng_name(process->name) ^ rng_name(period->name);
        rng_init(&rng, o->seed, ~m.key[p], (uint64_t)slice);
        m.left[p] = rng_poisson(&rng, expected);
        m.total += m.left[p];
    }
    return m;
}

/* The process of the next event: what is left, in random order. */
static enum process_id mixture_next(struct mixture *m, struct rng *order)
{
    uint64_t left = 0;
    for (int p = 0; p < PROCESSES; p++) {
        left += m->left[p];
    }
    uint64_t at = (uint64_t)(rng_uniform(order) * (double)left);
    int p = 0;
    while (p < PROCESSES - 1 && at >= m->left[p]) {
        at -= m->left[p];
        p++;
    }
    m->left[p]--;
    m->made[p]++;
    return (enum process_id)p;
}

static struct event_id identify(const struct period *period, int slice, uint64_t i,
                                uint64_t total)
{
    uint64_t runs = period->runs_per_slice;
    uint64_t run = i * runs / total;
    uint64_t in_run = i - run * total / runs;
    struct event_id id = {.event = ((uint64_t)slice << 32) + i + 1, .weight = 1};
    id.run = period->first_run + (uint32_t)(31 * ((uint64_t)slice * runs + run));
    id.lumi = (uint32_t)(1 + in_run / EVENTS_PER_LUMI);
    return id;
}

/* Adds the event to each stream that is wanted and whose two leptons it has. */
static int record(const struct task *task, const struct event_id *id, const struct measured *m,
                  struct writer *w[STREAMS], struct error *err)
{
    static const enum flavour needs[STREAMS] = {FLAVOUR_MUON, FLAVOUR_ELECTRON};
    for (int s = 0; s < STREAMS; s++) {
        bool kept = task->sample[s] != NULL && m->n[needs[s]] >= 2;
        if (kept && writer_add(w[s], id, m, err) != 0) {
            return -1;
        }
    }
    return 0;
}

/* One slice of data: all events of its luminosity. */
static int take_data(const struct options *o, const struct task *task,
                     struct writer *w[STREAMS], struct error *err)
{
    const struct period *period = task->period;
    struct conditions c = samples_conditions(o, task->era, false);
    struct mixture mix = mixture_of(o, &c, period, task->part);
    struct rng order;
    rng_init(&order, o->seed, rng_name("order") ^ rng_name(period->name), (uint64_t)task->part);
    for (uint64_t i = 0; i < mix.total; i++) {
        enum process_id p = mixture_next(&mix, &order);
        struct rng rng;
        struct truth truth;
        struct measured measured;
        rng_init(&rng, o->seed, mix.key[p], ((uint64_t)task->part << 40) + mix.made[p]);
        make_event(p, &c, &rng, &truth, &measured);
        struct event_id id = identify(period, task->part, i, mix.total);
        if (record(task, &id, &measured, w, err) != 0) {
            return -1;
        }
    }
    return 0;
}

static int save_all(const struct options *o, const struct task *task,
                    struct writer *const w[STREAMS], struct outcome *out, struct error *err)
{
    for (int s = 0; s < STREAMS; s++) {
        if (task->sample[s] == NULL) {
            continue;
        }
        out->rows[s] = writer_count(w[s]);
        if (save(o, task->sample[s], task->part, w[s], err) != 0) {
            return -1;
        }
    }
    return 0;
}

int generate_task(const struct options *o, const struct task *task, struct outcome *out,
                  struct error *err)
{
    if (o->nanoaod) {
        return nanoaod_generate(o, task, out, err);
    }
    struct writer *w[STREAMS] = {NULL, NULL};
    struct contents contents = {.simulation = task->period == NULL,
                                .tracking = task->era == ERA_2011};
    *out = (struct outcome){.weight_sum = 0};
    int rc = 0;
    for (int s = 0; rc == 0 && s < STREAMS; s++) {
        w[s] = writer_create(&contents, err);
        rc = w[s] == NULL ? -1 : 0;
    }
    if (rc == 0) {
        rc = contents.simulation ? simulate(o, task, w[0], out, err)
                                 : take_data(o, task, w, err);
    }
    if (rc == 0) {
        rc = save_all(o, task, w, out, err);
    }
    for (int s = 0; s < STREAMS; s++) {
        writer_destroy(w[s]);
    }
    return rc;
}
