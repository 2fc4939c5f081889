/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - picobarn-samples: the command line */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "data-samples/generate.h"
#include "data-samples/pool.h"
#include "data-samples/runfile.h"
#include "data-samples/samples.h"

enum { EXIT_BAD_INPUT = 2, EXIT_TROUBLE = 4, MAX_TASKS = 256, MAX_PROCESSES = 64 };

static const uint64_t default_events = 2000000;
static const uint64_t max_events = 50000000;
static const uint64_t default_seed = 3;

static const char help_text[] =
    "Usage: picobarn-samples OUTDIR [options]\n"
    "\n"
    "Generates proton collisions with leptons, as simulation and as data, and writes them as\n"
    "HDF5 files with NanoAOD's column names, together with the run files higgs4l.yaml and\n"
    "dimuon.yaml. The same options give the same events on every machine.\n"
    "\n"
    "  --events N        about N events in all files together (default 2000000, at most\n"
    "                    50000000); ZZ and Higgs events in the data are not fewer for that\n"
    "  --seed N          another seed, another set of collisions (default 3)\n"
    "  --era ERA         2012 (default), 2011 or both\n"
    "  --layout LAYOUT   deflate (default: chunks, shuffled, compressed, with checksums),\n"
    "                    zstd or lz4 (large chunks, shuffled, compressed), chunked (chunks as\n"
    "                    they are) or contiguous\n"
    "  --nanoaod         events with jets for the analyses adl-q1 to adl-q8 in place of "
    "these:\n"
    "                    exactly N of them, one sample of data, and a run file for each query\n"
    "  --only NAME       write the files of one sample only, such as higgs2012 or\n"
    "                    doublemu2012b, and no run file\n"
    "  --jobs N          processes at a time (default: one for each processor)\n"
    "  --help            this text\n"
    "  --version         the version\n"
    "\n"
    "Exit status: 0 all files written; 2 bad usage; 4 system trouble, such as a full disk.\n";

enum option_id {
    OPTION_EVENTS = 256,
    OPTION_SEED,
    OPTION_ERA,
    OPTION_LAYOUT,
    OPTION_NANOAOD,
    OPTION_ONLY,
    OPTION_JOBS,
    OPTION_HELP,
    OPTION_VERSION
};

static const struct option long_options[] = {
    {"events", required_argument, NULL, OPTION_EVENTS},
    {"seed", required_argument, NULL, OPTION_SEED},
    {"era", required_argument, NULL, OPTION_ERA},
    {"layout", required_argument, NULL, OPTION_LAYOUT},
    {"nanoaod", no_argument, NULL, OPTION_NANOAOD},
    {"only", required_argument, NULL, OPTION_ONLY},
    {"jobs", required_argument, NULL, OPTION_JOBS},
    {"help", no_argument, NULL, OPTION_HELP},
    {"version", no_argument, NULL, OPTION_VERSION},
    {NULL, 0, NULL, 0},
};

static int parse_number(const char *option, const char *text, uint64_t least, uint64_t most,
                        uint64_t *out, struct error *err)
{
    char *end = NULL;
    errno = 0;
    uintmax_t value = strtoumax(text, &end, 10);
    bool digits = text[0] >= '0' && text[0] <= '9' && *end == '\0';
    if (!digits || errno != 0 || value < least || value > most) {
        return error_set(err, ERROR_INPUT,
                         "--%s %s: wanted a whole number from %" PRIu64 " to %" PRIu64, option,
                         text, least, most);
    }
    *out = value;
    return 0;
}

static int parse_era(const char *text, struct options *o, struct error *err)
{
    bool both = strcmp(text, "both") == 0;
    o->era[ERA_2011] = both || strcmp(text, "2011") == 0;
    o->era[ERA_2012] = both || strcmp(text, "2012") == 0;
    if (!o->era[ERA_2011] && !o->era[ERA_2012]) {
        return error_set(err, ERROR_INPUT, "--era %s: wanted 2012, 2011 or both", text);
    }
    return 0;
}

static int parse_layout(const char *text, struct options *o, struct error *err)
{
    for (int i = 0; i < LAYOUTS; i++) {
        if (strcmp(text, writer_layout[i]) == 0) {
            o->layout = (enum layout)i;
            return 0;
        }
    }
    return error_set(err, ERROR_INPUT,
                     "--layout %s: wanted deflate, zstd, lz4, chunked or contiguous", text);
}

static int parse_option(int id, const char *text, struct options *o, struct error *err)
{
    uint64_t jobs = 0;
    switch (id) {
    case OPTION_EVENTS:
        return parse_number("events", text, 1000, max_events, &o->events, err);
    case OPTION_SEED:
        return parse_number("seed", text, 0, UINT64_MAX, &o->seed, err);
    case OPTION_ERA:
        return parse_era(text, o, err);
    case OPTION_LAYOUT:
        return parse_layout(text, o, err);
    case OPTION_NANOAOD:
        o->nanoaod = true;
        return 0;
    case OPTION_ONLY:
        o->only = text;
        return 0;
    case OPTION_JOBS:
        if (parse_number("jobs", text, 1, MAX_PROCESSES, &jobs, err) != 0) {
            return -1;
        }
        o->processes = (int)jobs;
        return 0;
    default:
        return error_set(err, ERROR_INPUT, "see picobarn-samples --help");
    }
}

static int default_processes(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n < 1 ? 1 : n > MAX_PROCESSES ? MAX_PROCESSES : (int)n;
}

/* Returns 1 if there is nothing more to do (--help, --version). */
static int parse_command(int argc, char **argv, struct options *o, struct error *err)
{
    *o = (struct options){.directory = "",
                          .events = default_events,
                          .seed = default_seed,
                          .era = {[ERA_2012] = true},
                          .layout = LAYOUT_DEFLATE,
                          .processes = default_processes()};
    int id = 0;
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread */
    while ((id = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
        if (id == OPTION_HELP) {
            (void)fputs(help_text, stdout);
            return 1;
        }
        if (id == OPTION_VERSION) {
            (void)printf("picobarn-samples %s\n", GENERATE_VERSION);
            return 1;
        }
        if (parse_option(id, optarg, o, err) != 0) {
            return -1;
        }
    }
    if (argc - optind != 1 || argv[optind] == NULL || argv[optind][0] == '\0') {
        return error_set(err, ERROR_INPUT, "one output directory is wanted; see --help");
    }
    o->directory = argv[optind];
    return 0;
}

static int make_directory(const char *path, struct error *err)
{
    struct stat s;
    if (mkdir(path, 0777) == 0 ||
        (errno == EEXIST && stat(path, &s) == 0 && S_ISDIR(s.st_mode))) {
        return 0;
    }
    return error_set(err, errno == EEXIST || errno == ENOENT ? ERROR_INPUT : ERROR_SYSTEM,
                     "%s: %s", path,
                     errno == EEXIST ? "not a directory" : strerrordesc_np(errno));
}

static void add_totals(const struct samples *s, const struct task *task,
                       const struct outcome *outcome, struct total *total)
{
    for (int stream = 0; stream < STREAMS; stream++) {
        if (task->sample[stream] != NULL) {
            struct total *t = &total[task->sample[stream] - s->sample];
            t->rows += outcome->rows[stream];
            t->weight_sum += outcome->weight_sum;
        }
    }
}

static void print_totals(const struct options *o, const struct samples *s,
                         const struct total *total)
{
    uint64_t rows = 0;
    int files = 0;
    (void)printf("%-22s %-30s %5s %10s %12s\n", "files", "sample", "files", "events",
                 "generated");
    for (int i = 0; i < s->n; i++) {
        const struct sample *sample = &s->sample[i];
        if (o->only != NULL && strcmp(o->only, sample->stem) != 0) {
            continue;
        }
        char glob[48];
        (void)snprintf(glob, sizeof glob, "%s_*.h5", sample->stem);
        (void)printf("%-22s %-30s %5d %10" PRIu64, glob, sample->name, sample->n_files,
                     total[i].rows);
        if (sample->period == NULL) {
            (void)printf(" %12" PRIu64, sample->generated);
        }
        (void)printf("\n");
        rows += total[i].rows;
        files += sample->n_files;
    }
    (void)printf("%-53s %5d %10" PRIu64 "\n", "in all", files, rows);
}

static int run(const struct options *o, struct error *err)
{
    struct samples samples;
    struct task task[MAX_TASKS];
    struct outcome outcome[MAX_TASKS];
    struct total total[MAX_SAMPLES] = {{0}};
    samples_plan(o, &samples);
    int n = samples_tasks(o, &samples, task, MAX_TASKS);
    if (n == 0) {
        return error_set(err, ERROR_INPUT, "--only %s: no such sample in this era", o->only);
    }
    if (make_directory(o->directory, err) != 0 ||
        (o->only == NULL && runfile_remove(o, err) != 0) ||
        pool_run(o, task, n, outcome, err) != 0) {
        return -1;
    }
    for (int i = 0; i < n; i++) {
        add_totals(&samples, &task[i], &outcome[i], total);
    }
    print_totals(o, &samples, total);
    if (o->only != NULL) {
        (void)printf("no run file written: only one sample was asked for\n");
        return 0;
    }
    if (runfile_write(o, &samples, total, err) != 0) {
        return -1;
    }
    if (o->nanoaod) {
        (void)printf("run files: %s/adl-q1.yaml to adl-q8.yaml\n", o->directory);
    } else {
        (void)printf("run files: %s/higgs4l.yaml, %s/dimuon.yaml\n", o->directory,
                     o->directory);
    }
    return 0;
}

int main(int argc, char **argv)
{
    struct options options;
    struct error err = {.kind = ERROR_NONE};
    int rc = parse_command(argc, argv, &options, &err);
    if (rc == 0) {
        rc = run(&options, &err);
    }
    if (rc < 0) {
        (void)fprintf(stderr, "picobarn-samples: %s\n", err.text);
        return err.kind == ERROR_INPUT ? EXIT_BAD_INPUT : EXIT_TROUBLE;
    }
    if (fflush(stdout) != 0) {
        (void)fprintf(stderr, "picobarn-samples: cannot write to standard output\n");
        return EXIT_TROUBLE;
    }
    return EXIT_SUCCESS;
}
