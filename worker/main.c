/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - the worker program: `run` joins a run, `compute` is what run starts, `inspect` and
 * `shard` do one file or shard by hand. */
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/size.h"
#include "worker/byhand.h"
#include "worker/compute.h"
#include "worker/session.h"

enum { EXIT_BAD_INPUT = 65, EXIT_PASSING = 75, EXIT_BAD_USAGE = 64 };
enum { KEPT_BYTES = 64 << 20 };

static const char usage[] =
    "usage: picobarn-worker COMMAND [OPTION]...\n"
    "\n"
    "  run --connect FILE    join a run: FILE is the worker.json of its run folder\n"
    "      --threads N       compute with N threads (default: the processors it may use)\n"
    "      --memory MIB      address space of the compute program (default 8192; 0: no limit)\n"
    "      --name NAME       how the run's records call this worker (default: random)\n"
    "      --host HOST       the same of where it runs (default: the host's name)\n"
    "      --patience S      give up after S seconds without a scheduler (default 600)\n"
    "      --shards N        end after N shards (default: when there are no more)\n"
    "      --spread S        begin at a random moment within S seconds (default 0)\n"
    "  inspect FILE...       print what a file holds for an analysis, one JSON line each\n"
    "  shard FILE --rows A-B compute one shard by hand and print its cutflow\n"
    "      --order FILE      analysis, parameters, names and units as JSON (default: "
    "--analysis)\n"
    "      --analysis NAME   an analysis with its default parameters (default higgs4l)\n"
    "      --weight COLUMN   generator weights\n"
    "      --channels BITS   fill only these channels (default: all)\n"
    "      --show digest     print only the digest of the partial\n"
    "      --threads N\n"
    "  version               print the version\n"
    "\n"
    "Exit status: 0 all that was computed is acknowledged; 64 bad usage; 65 bad input;\n"
    "75 passing trouble, try again; 143 asked to stop.\n";

struct word {
    const char *name;
    const char *value;
};

/* Takes --name VALUE pairs apart; other words become operands. -1 if an option is unknown or has
 * no value. */
static int take_options(int argc, char *const argv[], struct word *option, size_t n_options,
                        const char **operand)
{
    int n = 0;
    for (int i = 2; i < argc; i++) {
        size_t k = 0;
        while (k < n_options && strcmp(argv[i], option[k].name) != 0) {
            k++;
        }
        if (k < n_options && i + 1 < argc) {
            option[k].value = argv[++i];
        } else if (argv[i][0] == '-' && argv[i][1] != '\0') {
            (void)fprintf(stderr, "picobarn-worker: option %s: %s\n", argv[i],
                          k < n_options ? "needs a value" : "unknown");
            return -1;
        } else {
            operand[n++] = argv[i];
        }
    }
    return n;
}

/* A whole number from text, or `otherwise` for NULL; -1 as long long if it is none. */
static long long number(const char *text, long long otherwise)
{
    char *end = NULL;
    long long value = text == NULL ? otherwise : strtoll(text, &end, 10);
    return text != NULL && (end == text || *end != '\0' || value < 0) ? -1 : value;
}

static int report(const struct error *err)
{
    (void)fprintf(stderr, "picobarn-worker: %s\n", err->text);
    return err->kind == ERROR_INPUT ? EXIT_BAD_INPUT : EXIT_PASSING;
}

static int run(int argc, char *const argv[], const char **operand)
{
    struct word option[] = {{"--connect", NULL}, {"--threads", NULL},  {"--memory", NULL},
                            {"--name", NULL},    {"--patience", NULL}, {"--parent", NULL},
                            {"--host", NULL},    {"--shards", NULL},   {"--spread", NULL}};
    int n = take_options(argc, argv, option, ARRAY_LENGTH(option), operand);
    long long threads = number(option[1].value, 0);
    long long memory = number(option[2].value, 8192);
    long long patience = number(option[4].value, 600);
    long long shards = number(option[7].value, 0);
    long long spread = number(option[8].value, 0);
    if (n != 0 || option[0].value == NULL || threads < 0 || threads > 1024 || memory < 0 ||
        memory > 1 << 24 || patience < 1 || patience > 1 << 20 || shards < 0 || spread < 0 ||
        spread > 3600) {
        (void)fputs(usage, stderr);
        return EXIT_BAD_USAGE;
    }
    /* A launcher on this machine gives its process id: the worker ends with it. */
    if (option[5].value != NULL && (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 ||
                                    getppid() != (pid_t)number(option[5].value, 0))) {
        return EXIT_PASSING;
    }
    /* Threads of the compute program that wait for work shall sleep: with several workers on one
     * machine, spinning ones cost seven times the processor time of small shards. */
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
    (void)setenv("OMP_WAIT_POLICY", "passive", 0);
    struct session_options options = {.connect = option[0].value,
                                      .name = option[3].value,
                                      .host = option[6].value,
                                      .n_threads = (size_t)threads,
                                      .memory_bytes = (uint64_t)memory << 20,
                                      .patience_s = (uint32_t)patience,
                                      .n_shards = (uint64_t)shards,
                                      .spread_s = (uint32_t)spread};
    struct error err = {0};
    int end = session_run(&options, &err);
    return end < 0 ? report(&err) : end;
}

/* picobarn-worker compute THREADS MEMORY_BYTES: only for session.c */
static int compute(int argc, char *const argv[], const char **operand)
{
    (void)operand;
    long long threads = argc == 4 ? number(argv[2], 0) : -1;
    long long memory = argc == 4 ? number(argv[3], 0) : -1;
    if (threads < 1 || memory < 0) {
        (void)fputs(usage, stderr);
        return EXIT_BAD_USAGE;
    }
    /* Partials come and go with each shard: the heap keeps their memory instead of faulting it in
     * again. NOLINTBEGIN(concurrency-mt-unsafe): one thread */
    (void)mallopt(M_MMAP_THRESHOLD, KEPT_BYTES);
    (void)mallopt(M_TRIM_THRESHOLD, KEPT_BYTES); /* NOLINTEND(concurrency-mt-unsafe) */
    struct compute_options options = {.n_threads = (size_t)threads,
                                      .memory_bytes = (uint64_t)memory};
    struct error err = {0};
    return compute_run(&options, &err) == 0 ? EXIT_SUCCESS : report(&err);
}

static int inspect(int argc, char *const argv[], const char **operand)
{
    struct word option[] = {{"--order", NULL}, {"--analysis", NULL}, {"--weight", NULL}};
    int n = take_options(argc, argv, option, ARRAY_LENGTH(option), operand);
    if (n < 1) {
        (void)fputs(usage, stderr);
        return EXIT_BAD_USAGE;
    }
    struct byhand what = {
        .order = option[0].value, .analysis = option[1].value, .weight = option[2].value};
    struct error err = {0};
    if (byhand_enter(&err) != 0) {
        return report(&err);
    }
    int status = EXIT_SUCCESS;
    for (int i = 0; i < n; i++) {
        what.path = operand[i];
        if (byhand_inspect(&what, &err) != 0) {
            status = report(&err);
        }
    }
    return status;
}

static int shard(int argc, char *const argv[], const char **operand)
{
    struct word option[] = {{"--order", NULL}, {"--analysis", NULL}, {"--weight", NULL},
                            {"--rows", NULL},  {"--threads", NULL},  {"--channels", NULL},
                            {"--show", NULL}};
    int n = take_options(argc, argv, option, ARRAY_LENGTH(option), operand);
    long long threads = number(option[4].value, 1);
    long long channels = number(option[5].value, UINT32_MAX);
    bool shows_digest = option[6].value != NULL && strcmp(option[6].value, "digest") == 0;
    if (n != 1 || option[3].value == NULL || threads < 1 || threads > 1024 || channels < 0 ||
        channels > UINT32_MAX || (option[6].value != NULL && !shows_digest)) {
        (void)fputs(usage, stderr);
        return EXIT_BAD_USAGE;
    }
    struct byhand what = {.path = operand[0],
                          .order = option[0].value,
                          .analysis = option[1].value,
                          .weight = option[2].value,
                          .rows = option[3].value,
                          .channels = (uint32_t)channels,
                          .shows_digest = shows_digest,
                          .n_threads = (size_t)threads};
    struct error err = {0};
    return byhand_enter(&err) == 0 && byhand_shard(&what, &err) == 0 ? EXIT_SUCCESS
                                                                     : report(&err);
}

static int version(int argc, char *const argv[], const char **operand)
{
    (void)argc;
    (void)argv;
    (void)operand;
    return puts("picobarn-worker " PICOBARN_VERSION) < 0 ? EXIT_PASSING : EXIT_SUCCESS;
}

static int help(int argc, char *const argv[], const char **operand)
{
    (void)argc;
    (void)argv;
    (void)operand;
    return fputs(usage, stdout) < 0 ? EXIT_PASSING : EXIT_SUCCESS;
}

static const struct {
    const char *name;
    int (*run)(int argc, char *const argv[], const char **operand);
} commands[] = {{"run", run},     {"compute", compute}, {"inspect", inspect},
                {"shard", shard}, {"version", version}, {"--version", version},
                {"--help", help}, {"help", help}};

int main(int argc, char *argv[])
{
    const char **operand = calloc((size_t)argc + 1, sizeof *operand);
    for (size_t i = 0; operand != NULL && argc >= 2 && i < ARRAY_LENGTH(commands); i++) {
        if (strcmp(argv[1], commands[i].name) == 0) {
            int status = commands[i].run(argc, argv, operand);
            free(operand);
            return fflush(stdout) == 0 ? status : EXIT_PASSING;
        }
    }
    free(operand);
    (void)fputs(usage, stderr);
    return EXIT_BAD_USAGE;
}
