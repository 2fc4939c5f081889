/* SPDX-License-Identifier: Apache-2.0 */
/* processes.h - what happens in the collisions, how often, and how one event of it is made. */
#ifndef SAMPLES_PROCESSES_H
#define SAMPLES_PROCESSES_H

#include "data-samples/truth.h"

enum { ERA_2011, ERA_2012, ERAS };

struct era {
    int year;
    int energy_tev;
};

extern const struct era processes_era[ERAS];

enum process_id {
    PROCESS_HIGGS,
    PROCESS_ZZ_4MU,
    PROCESS_ZZ_4E,
    PROCESS_ZZ_2E2MU,
    PROCESS_ZJETS,
    PROCESS_QUARKONIA,
    PROCESS_TTBAR,
    PROCESSES
};

struct process {
    const char *name;
    void (*generate)(const struct conditions *c, struct rng *rng, struct truth *out);
    double cross_section_pb[ERAS];
    double scale;
    bool bulk; /* its cross section follows the number of events asked for */
};

extern const struct process processes_table[PROCESSES];

/* The cross section under these conditions, pb, without the scale. */
double process_cross_section(enum process_id id, const struct conditions *c);

/* One file for each group of them; each fills *out, which truth_init() has emptied. */
void generate_higgs(const struct conditions *c, struct rng *rng, struct truth *out);
void generate_zz_4mu(const struct conditions *c, struct rng *rng, struct truth *out);
void generate_zz_4e(const struct conditions *c, struct rng *rng, struct truth *out);
void generate_zz_2e2mu(const struct conditions *c, struct rng *rng, struct truth *out);
void generate_zjets(const struct conditions *c, struct rng *rng, struct truth *out);
void generate_quarkonia(const struct conditions *c, struct rng *rng, struct truth *out);
void generate_ttbar(const struct conditions *c, struct rng *rng, struct truth *out);

#endif
