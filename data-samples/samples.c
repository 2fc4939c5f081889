/* SPDX-License-Identifier: Apache-2.0 */
/* samples.c - see samples.h */
#include "data-samples/samples.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "data-samples/nanoaod.h"

static const double default_events = 2e6; /* of 2012, with the cross sections as they stand */
static const double share_2011 = 0.2;     /* of that, what 2011 adds */

static const struct period periods[] = {
    {"2011", ERA_2011, 2330, 4, 160431, 5},
    {"2012B", ERA_2012, 4429, 8, 193833, 6},
    {"2012C", ERA_2012, 7152, 12, 198022, 6},
};

static const char *const stream_name[STREAMS] = {"DoubleMu", "DoubleElectron"};

/* Simulated samples; `generated` is for the default number of events. */
static const struct simulation {
    const char *title;
    const char *group;
    uint64_t generated;
    enum process_id process;
    int n_files;
    bool weighted;
} simulations[] = {
    /* clang-format off */
    {"H(125) to ZZ to 4l",     "higgs", 140000, PROCESS_HIGGS,     2, false},
    {"ZZ to 4mu",              "zz",    130000, PROCESS_ZZ_4MU,    2, false},
    {"ZZ to 4e",               "zz",    130000, PROCESS_ZZ_4E,     2, false},
    {"ZZ to 2e2mu",            "zz",    175000, PROCESS_ZZ_2E2MU,  2, false},
    {"Z/gamma* to ll + jets",  "zjets", 550000, PROCESS_ZJETS,     6, true},
    {"J/psi, Upsilon to mumu", "zjets", 100000, PROCESS_QUARKONIA, 1, false},
    {"top pairs",              "ttbar", 650000, PROCESS_TTBAR,     2, false},
    /* clang-format on */
};

enum {
    PERIODS = sizeof periods / sizeof periods[0],
    SIMULATIONS = sizeof simulations / sizeof simulations[0]
};

/* What is asked for over what the cross sections as they stand would give. */
static double size_factor(const struct options *o)
{
    double usual = (o->era[ERA_2012] ? 1 : 0) + (o->era[ERA_2011] ? share_2011 : 0);
    return fmax((double)o->events / (default_events * usual), 5e-4);
}

struct conditions samples_conditions(const struct options *o, int era, bool simulation)
{
    return (struct conditions){.era = era,
                               .energy_gev = 1000.0 * processes_era[era].energy_tev,
                               .bulk_scale = size_factor(o),
                               .simulation = simulation};
}

static void add_simulation(const struct options *o, struct samples *s, int era,
                           const struct simulation *kind)
{
    struct sample *sample = &s->sample[s->n++];
    double share = era == ERA_2011 ? share_2011 : 1;
    int year = processes_era[era].year;
    *sample = (struct sample){.era = era,
                              .process = kind->process,
                              .group = kind->group,
                              .weighted = kind->weighted,
                              .n_files = kind->n_files};
    sample->generated = (uint64_t)fmax((double)kind->generated * share * size_factor(o), 100);
    (void)snprintf(sample->name, sizeof sample->name, "%s%s", kind->title,
                   era == ERA_2011 ? " (2011)" : "");
    (void)snprintf(sample->stem, sizeof sample->stem, "%s%d",
                   processes_table[kind->process].name, year);
}

static void make_lower(char *text)
{
    for (; *text != '\0'; text++) {
        *text = (char)(tolower)((unsigned char)*text);
    }
}

static void add_stream(struct samples *s, const struct period *period, enum stream stream)
{
    struct sample *sample = &s->sample[s->n++];
    *sample = (struct sample){
        .era = period->era, .period = period, .stream = stream, .n_files = period->slices};
    (void)snprintf(sample->name, sizeof sample->name, "%s %s", stream_name[stream],
                   period->name);
    (void)snprintf(sample->stem, sizeof sample->stem, "%s%s", stream_name[stream],
                   period->name);
    make_lower(sample->stem);
}

/* One sample, as large as asked for. */
static void add_nanoaod(const struct options *o, struct samples *s)
{
    struct sample *sample = &s->sample[s->n++];
    *sample = (struct sample){.era = ERA_2012, .generated = o->events};
    sample->n_files = (int)((o->events + NANOAOD_FILE_EVENTS - 1) / NANOAOD_FILE_EVENTS);
    (void)snprintf(sample->name, sizeof sample->name, "SingleMu");
    (void)snprintf(sample->stem, sizeof sample->stem, "nanoaod");
}

void samples_plan(const struct options *o, struct samples *s)
{
    s->n = 0;
    if (o->nanoaod) {
        add_nanoaod(o, s);
        return;
    }
    for (int i = 0; i < STREAMS * PERIODS; i++) {
        const struct period *period = &periods[i % PERIODS];
        if (o->era[period->era]) {
            add_stream(s, period, (enum stream)(i / PERIODS));
        }
    }
    for (int era = ERAS - 1; era >= 0; era--) {
        for (int i = 0; o->era[era] && i < SIMULATIONS; i++) {
            add_simulation(o, s, era, &simulations[i]);
        }
    }
}

static bool is_wanted(const struct options *o, const struct sample *sample)
{
    return o->only == NULL || strcmp(o->only, sample->stem) == 0;
}

/* The sample of another stream in the same period. */
static const struct sample *find_stream(const struct samples *s, const struct period *period,
                                        enum stream stream)
{
    for (int i = 0; i < s->n; i++) {
        if (s->sample[i].period == period && s->sample[i].stream == stream) {
            return &s->sample[i];
        }
    }
    return NULL;
}

/* The tasks' first stream speaks for the others: a slice is made once and gives all. */
static bool make_task(const struct options *o, const struct samples *s, int index,
                      struct task *task)
{
    const struct sample *sample = &s->sample[index];
    *task =
        (struct task){.period = sample->period, .sample = {sample, NULL}, .era = sample->era};
    if (sample->period == NULL) {
        return is_wanted(o, sample);
    }
    if (sample->stream != STREAM_DOUBLE_MUON) {
        return false;
    }
    bool any = false;
    for (int stream = 0; stream < STREAMS; stream++) {
        const struct sample *found = find_stream(s, sample->period, (enum stream)stream);
        task->sample[stream] = found != NULL && is_wanted(o, found) ? found : NULL;
        any = any || task->sample[stream] != NULL;
    }
    return any;
}

int samples_tasks(const struct options *o, const struct samples *s, struct task *task, int room)
{
    int n = 0;
    for (int i = 0; i < s->n; i++) {
        struct task first;
        bool wanted = make_task(o, s, i, &first);
        for (int part = 0; wanted && part < s->sample[i].n_files && n < room; part++) {
            task[n] = first;
            task[n++].part = part;
        }
    }
    return n;
}
