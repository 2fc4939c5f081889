/* SPDX-License-Identifier: Apache-2.0 */
/* kernel.c [EVENTS] [ROUNDS] - how fast the dimuon spectrum is filled from columns in memory by one
 * thread: the scalar code in float64 that says what is right, and the kernel at each level that the
 * processor has. Prints millions of events a CPU-second, the best of the rounds, which are interleaved.
 * Exit status 1 unless all give the same bytes. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "analysis/dimuon.h"
#include "analysis/pairs.h"
#include "base/size.h"
#include "tests/support/muon_pairs.h"

enum {
    N_NEEDS = CHARGE + 1,
    N_REALS = PHI + 1,
    SLICE = 512,
    ROUNDS_MAX = 1000,
    WAYS_MAX = LEVELS + 2
};

struct sample {
    const char *name;
    size_t n_events;
    float *value[N_REALS];
    int32_t *charge;
    uint32_t *offset;
};

/* A way to fill the histograms; level NULL is the scalar code. */
struct way {
    const char *name;
    const struct pairs_simd *level;
    double best_s;
};

static size_t one_pair(size_t event)
{
    (void)event;
    return 1;
}

static size_t up_to_two_pairs(size_t event)
{
    return event % 3;
}

static void put(struct sample *s, uint32_t at, const struct muon *m)
{
    s->value[PT][at] = m->pt;
    s->value[ETA][at] = m->eta;
    s->value[PHI][at] = m->phi;
    s->charge[at] = m->charge;
}

static void sample_fill(struct sample *s, size_t (*n_pairs)(size_t event))
{
    struct muon_dice dice = {.state = 20120704};
    uint32_t at = 0;
    for (size_t e = 0; e < s->n_events; e++) {
        for (size_t k = 0; k < n_pairs(e); k++) {
            struct muon pair[2];
            muon_pair_spectrum(&dice, pair);
            put(s, at++, &pair[0]);
            put(s, at++, &pair[1]);
        }
        s->offset[e + 1] = at;
    }
}

/* -1 without memory; sample_release is for that, too. */
static int sample_init(struct sample *s, size_t (*n_pairs)(size_t event))
{
    s->charge = calloc(4 * s->n_events, sizeof *s->charge);
    s->offset = calloc(s->n_events + 1, sizeof *s->offset);
    bool there = s->charge != NULL && s->offset != NULL;
    for (size_t c = 0; c < N_REALS; c++) {
        s->value[c] = calloc(4 * s->n_events, sizeof *s->value[c]);
        there = there && s->value[c] != NULL;
    }
    if (!there) {
        return -1;
    }
    sample_fill(s, n_pairs);
    return 0;
}

static void sample_release(struct sample *s)
{
    for (size_t c = 0; c < N_REALS; c++) {
        free(s->value[c]);
    }
    free(s->charge);
    free(s->offset);
}

static double cpu_s(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int fill(const struct sample *s, const struct settings *settings,
                const struct pairs_simd *level, struct partial *out)
{
    struct column column[N_NEEDS] = {{0}};
    for (size_t c = 0; c < N_REALS; c++) {
        column[c] = (struct column){.f32 = s->value[c], .offset = s->offset};
    }
    column[CHARGE] = (struct column){.i32 = s->charge, .offset = s->offset};
    const struct batch batch = {.n_events = s->n_events, .column = column};
    void *state = NULL;
    if (level != NULL && dimuon_kernel_create(settings, level, &state, NULL) != 0) {
        return -1;
    }
    for (size_t first = 0; first < s->n_events; first += SLICE) {
        size_t stop = size_min(first + SLICE, s->n_events);
        if (level == NULL) {
            analysis_dimuon.process(&batch, first, stop, settings, UINT32_MAX, out);
        } else {
            dimuon_kernel.process(state, &batch, first, stop, UINT32_MAX, out);
        }
    }
    if (level != NULL) {
        dimuon_kernel.finish(state, out);
        dimuon_kernel.destroy(state);
    }
    return 0;
}

/* Fills *out and keeps the way's best time. */
static int run(const struct sample *s, const struct settings *settings, struct way *way,
               struct partial *out)
{
    partial_init(out, false);
    if (analysis_dimuon.book(settings, out, NULL) != 0) {
        return -1;
    }
    double start = cpu_s();
    int rc = fill(s, settings, way->level, out);
    double taken = cpu_s() - start;
    way->best_s = way->best_s == 0 || taken < way->best_s ? taken : way->best_s;
    return rc;
}

/* All ways once, each compared with the first. */
static int round_of(const struct sample *s, const struct settings *settings, struct way *way)
{
    struct partial truth;
    int rc = run(s, settings, &way[0], &truth);
    for (size_t w = 1; rc == 0 && way[w].name != NULL; w++) {
        struct partial out;
        rc = run(s, settings, &way[w], &out);
        if (rc == 0 && !partial_equal(&out, &truth)) {
            (void)printf("%s, %s: NOT the same bytes\n", s->name, way[w].name);
            rc = -1;
        }
        partial_release(&out);
    }
    partial_release(&truth);
    return rc;
}

static int compare(const struct sample *s, const struct settings *settings, size_t n_rounds)
{
    const struct pairs_simd *level[LEVELS + 1];
    struct way way[WAYS_MAX] = {{.name = "scalar"}};
    pairs_levels(level);
    for (size_t i = 0; level[i] != NULL; i++) {
        way[i + 1] = (struct way){.name = level[i]->name, .level = level[i]};
    }
    int rc = 0;
    for (size_t round = 0; rc == 0 && round < n_rounds; round++) {
        rc = round_of(s, settings, way);
    }
    for (size_t w = 0; rc == 0 && way[w].name != NULL; w++) {
        (void)printf("%-24s %-8s %8.1f Mevents/CPU-s  x%.1f\n", s->name, way[w].name,
                     (double)s->n_events / way[w].best_s / 1e6, way[0].best_s / way[w].best_s);
    }
    return rc;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        size_t (*n_pairs)(size_t event);
    } samples[] = {{"two muons an event", one_pair},
                   {"0, 2, 4 muons an event", up_to_two_pairs}};
    size_t n_events = argc > 1 ? strtoul(argv[1], NULL, 10) : 4000000;
    size_t n_rounds = argc > 2 ? strtoul(argv[2], NULL, 10) : 5;
    if (n_events < 1 || n_events > 1U << 28 || n_rounds < 1 || n_rounds > ROUNDS_MAX) {
        (void)fprintf(stderr, "usage: benchmark_kernel [EVENTS] [ROUNDS]\n");
        return 2;
    }
    struct settings settings;
    int rc = settings_init(&settings, analysis_dimuon.parameter, analysis_dimuon.n_parameters,
                           NULL, NULL);
    for (size_t i = 0; rc == 0 && i < ARRAY_LENGTH(samples); i++) {
        struct sample s = {.name = samples[i].name, .n_events = n_events};
        rc = sample_init(&s, samples[i].n_pairs);
        if (rc == 0) {
            rc = compare(&s, &settings, n_rounds);
        }
        sample_release(&s);
    }
    settings_release(&settings);
    return rc == 0 ? 0 : 1;
}
