/* SPDX-License-Identifier: Apache-2.0 */
/* samples.h - which samples there are, in how many files, and what is asked of them. */
#ifndef SAMPLES_SAMPLES_H
#define SAMPLES_SAMPLES_H

#include <stdbool.h>
#include <stdint.h>

#include "data-samples/processes.h"
#include "data-samples/writer.h"

/* What the command line asks for. */
struct options {
    const char *directory;
    uint64_t events; /* about so many rows, over all files */
    uint64_t seed;
    bool nanoaod; /* events with jets for the ADL queries in place of all others */
    bool era[ERAS];
    enum layout layout;
    const char *only; /* the stem of the one sample to write; NULL for all */
    int processes;    /* how many files are written at a time */
};

enum stream { STREAM_DOUBLE_MUON, STREAM_DOUBLE_ELECTRON, STREAMS };

/* A stretch of data taking, cut into slices of the same luminosity; a slice gives one file of
 * each stream. */
struct period {
    const char *name;
    int era;
    double luminosity_pb;
    int slices;
    uint32_t first_run;
    uint32_t runs_per_slice;
};

/* One sample of the run file. */
struct sample {
    char name[64]; /* "DoubleMu 2012B" */
    char stem[32]; /* "doublemu2012b", of which the files' names are made */
    int era;
    const struct period *period; /* NULL: simulation */
    enum stream stream;          /* data only */
    enum process_id process;     /* simulation only */
    const char *group;           /* simulation only: the process of the legend */
    bool weighted;               /* simulation only: genWeight is not always 1 */
    uint64_t generated;          /* simulation only: events before the skim, in all files */
    int n_files;
};

enum { MAX_SAMPLES = 32 };

struct samples {
    struct sample sample[MAX_SAMPLES];
    int n;
};

/* The piece of work that can be done apart: one file of a simulated sample, or one slice of
 * data, which is a file of each of the two streams. */
struct task {
    const struct period *period;          /* NULL: simulation, which is sample[0] */
    const struct sample *sample[STREAMS]; /* NULL where nothing is to be written */
    int era;
    int part;
};

/* The circumstances of an era under these options. */
struct conditions samples_conditions(const struct options *o, int era, bool simulation);

/* Fills *s with all samples of the eras asked for. */
void samples_plan(const struct options *o, struct samples *s);

/* Writes the tasks that o->only leaves to task[room], and returns their number. */
int samples_tasks(const struct options *o, const struct samples *s, struct task *task,
                  int room);

#endif
