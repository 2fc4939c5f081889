/* SPDX-License-Identifier: Apache-2.0 */
/* dataset.h - the run file: which analysis over which samples. Read from YAML (dataset.c), checked
 * against a schema with errors that name line and field; nothing here opens a data file. */
#ifndef SCHEDULER_DATASET_H
#define SCHEDULER_DATASET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analysis/analysis.h"
#include "base/error.h"
#include "base/json.h"
#include "k8s/placement.h"

/* A pattern of files; relative ones count from the run file's folder. */
struct file_pattern {
    char *pattern;        /* with * ? [...] as in glob(7) */
    double luminosity_pb; /* of the files that match, each; 0: the sample says it */
    size_t line;
};

struct sample {
    char *name;           /* unique in the dataset */
    bool simulation;      /* else data */
    int era;              /* a label, e.g. the year; 0 if the run file gives none */
    uint32_t channels;    /* bits of the analysis's channels that it fills; all unless said */
    char *process;        /* simulation: what legend and stack group by; else NULL */
    double luminosity_pb; /* data: pb^-1 of the whole sample; 0 unknown */
    double cross_section_pb; /* simulation, pb; 0 unknown: it is shown unscaled */
    double scale;            /* 1 unless said */
    double generated;        /* generated_events or sum_of_weights; 0: not said */
    char *weight;            /* column of generator weights, or NULL for none */
    size_t n_patterns;
    struct file_pattern *pattern;
};

struct era {
    int name;
    double energy_tev; /* 0 unknown */
    double
        luminosity_pb; /* what simulation is scaled to where no data fill a channel; 0 none */
};

/* A layer of the stack, lowest first. */
struct process {
    char *name;
    char *title;
    bool signal; /* the significance counts it as signal */
};

struct dataset {
    char *path;   /* of the run file, as given; for messages */
    char *folder; /* of the run file, absolute: where relative patterns start */
    const struct analysis *analysis;
    struct settings settings;
    json_t *names;          /* columns: {"Muon_px": "muons/px"}, or NULL */
    json_t *units;          /* units: {"energy": "GeV", "length": "cm"}, or NULL */
    uint64_t target_events; /* per shard */
    size_t n_samples;
    struct sample *sample;
    size_t n_eras;
    struct era *era;
    size_t n_processes; /* those listed, or without a list those that samples name */
    struct process *process;
    struct placement *placement; /* kubernetes: with its defaults; NULL without the section */
};

/* Parses and checks a run file's text. path is for messages ("RUN.yaml:12: samples[2].era: ...")
 * and for dataset.folder. NULL with ERROR_INPUT; the caller calls dataset_destroy. */
struct dataset *dataset_parse(const char *path, const void *text, size_t size,
                              struct error *err);
void dataset_destroy(struct dataset *d);

/* Relative patterns start there, in place of the run file's folder. ERROR_INPUT unless the path is
 * absolute. */
int dataset_set_base(struct dataset *d, const char *folder, struct error *err);

/* What the numbers depend on, as JSON that the caller owns: analysis, version, all parameters,
 * names, units, samples with patterns. Layout of shards, titles, eras' energies and placement are left out:
 * two run files with equal specifications give equal results over equal files. */
json_t *dataset_specification(const struct dataset *d);

/* NULL if there is none. */
const struct era *dataset_era(const struct dataset *d, int name);

#endif
