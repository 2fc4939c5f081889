/* SPDX-License-Identifier: Apache-2.0 */
/* runfile.c - see runfile.h */
#include "data-samples/runfile.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "data-samples/generate.h"

enum { PATH_BYTES = 4096 };

struct runfile {
    const char *name; /* of the file */
    void (*print)(FILE *f, const struct options *o, const struct samples *s,
                  const struct total *total);
    int query; /* of the ADL benchmark: goes with the events of --nanoaod, without a print */
};

static void print_origin(FILE *f, const struct options *o)
{
    (void)fprintf(f, "# These events are generated, by picobarn-samples %s with seed %llu.\n",
                  GENERATE_VERSION, (unsigned long long)o->seed);
}

static void print_data(FILE *f, const struct sample *s, bool channels)
{
    (void)fprintf(f, "  - name: %s\n    kind: data\n    era: %d\n", s->name,
                  processes_era[s->era].year);
    if (channels) {
        (void)fprintf(f, "    channels: %s\n",
                      s->stream == STREAM_DOUBLE_MUON ? "[4mu, 2mu2e]" : "[4e]");
    }
    (void)fprintf(f, "    luminosity_pb: %.10g\n    files: [%s_*.h5]\n",
                  s->period->luminosity_pb, s->stem);
}

static void print_simulation(FILE *f, const struct options *o, const struct sample *s,
                             const struct total *total)
{
    struct conditions c = samples_conditions(o, s->era, true);
    (void)fprintf(f, "  - name: %s\n    kind: simulation\n    era: %d\n    process: %s\n",
                  s->name, processes_era[s->era].year, s->group);
    (void)fprintf(f, "    cross_section_pb: %.10g\n    scale: %.10g\n",
                  process_cross_section(s->process, &c), processes_table[s->process].scale);
    if (s->weighted) {
        /* Rounded once: the sum itself is exact. */
        (void)fprintf(f, "    sum_of_weights: %.17g\n    weight: genWeight\n",
                      ldexp((double)total->weight_sum, -WEIGHT_BITS));
    } else {
        (void)fprintf(f, "    generated_events: %llu\n    weight: none\n",
                      (unsigned long long)s->generated);
    }
    (void)fprintf(f, "    files: [%s_*.h5]\n", s->stem);
}

static void print_eras(FILE *f, const struct options *o)
{
    (void)fprintf(f, "eras:\n");
    for (int era = ERAS - 1; era >= 0; era--) {
        if (o->era[era]) {
            (void)fprintf(f, "  %d: {energy_tev: %d}\n", processes_era[era].year,
                          processes_era[era].energy_tev);
        }
    }
}

static void print_higgs4l(FILE *f, const struct options *o, const struct samples *s,
                          const struct total *total)
{
    (void)fprintf(
        f, "# The Higgs boson in its decay to four leptons: what to run, on which files.\n");
    print_origin(f, o);
    (void)fprintf(
        f, "analysis: higgs4l\n"
           "parameters: {}               # every cut at its default\n"
           "shards: {target_events: 2000}\n"
           "# DoubleMu and DoubleElectron are two views of the same collisions: each says\n"
           "# which channels it fills, so that no event counts twice. The files of the\n"
           "# simulation are skims: generated_events and sum_of_weights count what was\n"
           "# generated, before the skim.\n"
           "samples:\n");
    for (int i = 0; i < s->n; i++) {
        if (s->sample[i].period != NULL) {
            print_data(f, &s->sample[i], true);
        } else {
            print_simulation(f, o, &s->sample[i], &total[i]);
        }
    }
    print_eras(f, o);
    (void)fprintf(f, "processes:                   # the legend; stacked from the bottom up\n"
                     "  - {name: ttbar, title: \"top pairs\"}\n"
                     "  - {name: zjets, title: \"Z/\xce\xb3* + jets\"}\n"
                     "  - {name: zz, title: \"ZZ, Z\xce\xb3*\"}\n"
                     "  - {name: higgs, title: \"H(125)\", signal: true}\n");
}

static void print_dimuon(FILE *f, const struct options *o, const struct samples *s,
                         const struct total *total)
{
    (void)total;
    (void)fprintf(f, "# The spectrum of muon pairs, from the rho to the Z, in the data.\n");
    print_origin(f, o);
    (void)fprintf(f, "analysis: dimuon\n"
                     "parameters: {}\n"
                     "shards: {target_events: 2000}\n"
                     "samples:\n");
    for (int i = 0; i < s->n; i++) {
        const struct sample *sample = &s->sample[i];
        if (sample->period != NULL && sample->stream == STREAM_DOUBLE_MUON) {
            print_data(f, sample, false);
        }
    }
    print_eras(f, o);
}

static void print_adl(FILE *f, const struct options *o, const struct samples *s, int query)
{
    (void)fprintf(f, "# A query of the ADL benchmark over events with jets.\n");
    print_origin(f, o);
    (void)fprintf(f,
                  "analysis: adl-q%d\n"
                  "parameters: {}\n"
                  "samples:\n"
                  "  - name: %s\n    kind: data\n    era: 2012\n    files: [%s_*.h5]\n"
                  "eras:\n  2012: {energy_tev: 8}\n",
                  query, s->sample[0].name, s->sample[0].stem);
}

static const struct runfile runfiles[] = {
    {"higgs4l.yaml", print_higgs4l}, {"dimuon.yaml", print_dimuon}, {"adl-q1.yaml", .query = 1},
    {"adl-q2.yaml", .query = 2},     {"adl-q3.yaml", .query = 3},   {"adl-q4.yaml", .query = 4},
    {"adl-q5.yaml", .query = 5},     {"adl-q6.yaml", .query = 6},   {"adl-q7.yaml", .query = 7},
    {"adl-q8.yaml", .query = 8},
};

static bool goes_with(const struct runfile *r, const struct options *o)
{
    return (r->query != 0) == o->nanoaod;
}

static int write_one(const struct runfile *r, const struct options *o, const struct samples *s,
                     const struct total *total, struct error *err)
{
    char path[PATH_BYTES];
    char temporary[PATH_BYTES];
    int a = snprintf(path, sizeof path, "%s/%s", o->directory, r->name);
    int b = snprintf(temporary, sizeof temporary, "%s/%s.part", o->directory, r->name);
    if (a < 0 || b < 0 || (size_t)b >= sizeof temporary) {
        return error_set(err, ERROR_INPUT, "%.100s...: path too long", o->directory);
    }
    FILE *f = fopen(temporary, "w");
    if (f == NULL) {
        return error_set(err, ERROR_SYSTEM, "%s: %s", path, strerrordesc_np(errno));
    }
    if (r->query != 0) {
        print_adl(f, o, s, r->query);
    } else {
        r->print(f, o, s, total);
    }
    int bad = ferror(f);
    bad = fclose(f) != 0 || bad != 0;
    if (bad != 0 || rename(temporary, path) != 0) {
        error_set(err, ERROR_SYSTEM, "%s: %s", path, strerrordesc_np(errno));
        unlink(temporary);
        return -1;
    }
    return 0;
}

int runfile_write(const struct options *o, const struct samples *s, const struct total *total,
                  struct error *err)
{
    for (size_t i = 0; i < sizeof runfiles / sizeof runfiles[0]; i++) {
        if (goes_with(&runfiles[i], o) && write_one(&runfiles[i], o, s, total, err) != 0) {
            return -1;
        }
    }
    return 0;
}

int runfile_remove(const struct options *o, struct error *err)
{
    for (size_t i = 0; i < sizeof runfiles / sizeof runfiles[0]; i++) {
        char path[PATH_BYTES];
        int n = snprintf(path, sizeof path, "%s/%s", o->directory, runfiles[i].name);
        if (n < 0 || (size_t)n >= sizeof path) {
            return error_set(err, ERROR_INPUT, "%.100s...: path too long", o->directory);
        }
        if (goes_with(&runfiles[i], o) && unlink(path) != 0 && errno != ENOENT) {
            return error_set(err, ERROR_SYSTEM, "%s: %s", path, strerrordesc_np(errno));
        }
    }
    return 0;
}
