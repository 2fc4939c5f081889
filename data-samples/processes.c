/* SPDX-License-Identifier: Apache-2.0 */
/* processes.c - see processes.h */
#include "data-samples/processes.h"

const struct era processes_era[ERAS] = {
    [ERA_2011] = {2011, 7},
    [ERA_2012] = {2012, 8},
};

/* H and ZZ: the figures of CMS Open Data record 5500. Z, quarkonia and top pairs: our own, far
 * below nature's, so that the data stay small enough to generate; 2011 over 2012 is as in the
 * record. Data and simulation are made with the same figures. */
const struct process processes_table[PROCESSES] = {
    /* clang-format off */
    [PROCESS_HIGGS]     = {"higgs",     generate_higgs,     {0.0057, 0.0065}, 1.0,   false},
    [PROCESS_ZZ_4MU]    = {"zz4mu",     generate_zz_4mu,    {0.067,  0.077},  1.386, false},
    [PROCESS_ZZ_4E]     = {"zz4e",      generate_zz_4e,     {0.067,  0.077},  1.386, false},
    [PROCESS_ZZ_2E2MU]  = {"zz2e2mu",   generate_zz_2e2mu,  {0.15,   0.18},   1.386, false},
    [PROCESS_ZJETS]     = {"zjets",     generate_zjets,     {63.0,   75.0} ,  1.12,  true},
    [PROCESS_QUARKONIA] = {"quarkonia", generate_quarkonia, {99.0,   110.0},  1.0,   true},
    [PROCESS_TTBAR]     = {"ttbar",     generate_ttbar,     {12.4,   14.0},   1.0,   true},
    /* clang-format on */
};

double process_cross_section(enum process_id id, const struct conditions *c)
{
    const struct process *p = &processes_table[id];
    return p->cross_section_pb[c->era] * (p->bulk ? c->bulk_scale : 1);
}
