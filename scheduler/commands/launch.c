/* SPDX-License-Identifier: Apache-2.0 */
/* launch.c - picobarn launch: from a run file to the plot, or from where it stopped. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "scheduler/cluster.h"
#include "scheduler/commands/commands.h"
#include "scheduler/dashboard_child.h"
#include "scheduler/inputs.h"
#include "scheduler/keys.h"
#include "scheduler/print.h"
#include "scheduler/run.h"
#include "scheduler/walk.h"

enum { RUN_FILE_LIMIT = 16 << 20, PAGE_PATIENCE_MS = 5000 };

/* higgs4l.yaml runs in ./higgs4l.run; to be freed. */
static char *default_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    const char *dot = strrchr(name, '.');
    size_t length = dot == NULL || dot == name ? strlen(name) : (size_t)(dot - name);
    size_t size = length + sizeof ".run";
    char *folder = malloc(size);
    if (folder != NULL) {
        (void)snprintf(folder, size, "%.*s.run", (int)length, name);
    }
    return folder;
}

/* --dry-run: what would be read, without a run folder. */
static int show_plan(const char *path, struct error *err)
{
    struct buffer text = {0};
    struct buffer out = {0};
    struct inputs inputs = {0};
    struct dataset *d = NULL;
    int rc = -1;
    if (file_read(path, RUN_FILE_LIMIT, &text, err) == 0 &&
        (d = dataset_parse(path, text.data, text.size, err)) != NULL &&
        inputs_find(&inputs, d, err) == 0) {
        uint64_t bytes = 0;
        for (size_t i = 0; i < inputs.n; i++) {
            bytes += inputs.input[i].size;
        }
        buffer_printf(&out, "analysis  %s version %u\nsamples   %zu\nfiles     %zu, %.1f MB\n",
                      d->analysis->name, d->analysis->version, d->n_samples, inputs.n,
                      (double)bytes / 1e6);
        buffer_printf(&out, "shards    about %llu events each, planned after inspection\n",
                      (unsigned long long)d->target_events);
        rc = print_text(&out, err);
    }
    buffer_release(&text);
    buffer_release(&out);
    inputs_release(&inputs);
    dataset_destroy(d);
    return rc;
}

/* --on k8s */
static int run_in_cluster(const struct invocation *invocation, struct error *err)
{
    const char *output = invocation_option(invocation, "output");
    struct cluster_launch what = {.run_file = invocation_operand(invocation, 0),
                                  .name = invocation_option(invocation, "name"),
                                  .kubeconfig = invocation_option(invocation, "kubeconfig"),
                                  .context = invocation_option(invocation, "context"),
                                  .namespace = invocation_option(invocation, "namespace"),
                                  .results = invocation_option(invocation, "run-dir"),
                                  .accept_changes =
                                      invocation_flag(invocation, "accept-changes"),
                                  .detach = invocation_flag(invocation, "detach"),
                                  .dry_run = invocation_flag(invocation, "dry-run"),
                                  .as_yaml = output != NULL && strcmp(output, "yaml") == 0};
    if (what.as_yaml && !what.dry_run) {
        return error_set(err, ERROR_INPUT, "-o yaml shows what would be made: with --dry-run");
    }
    return cluster_launch(&what, err);
}

/* The walk, with a page beside it if that is wanted. A page that cannot be had is no reason not to
 * run; one that there is tells its viewers how the run ended, for which it has to be closed. */
static int walk_with_page(struct run *r, const struct walk_options *options,
                          const struct invocation *invocation, struct error *err)
{
    struct offspring page = OFFSPRING_NONE;
    struct error bad = {0};
    if (invocation_flag(invocation, "dashboard") &&
        dashboard_child_start(&page, r->folder,
                              invocation_option(invocation, "dashboard-listen"),
                              invocation_flag(invocation, "allow-control"), &bad) != 0) {
        log_line("page", "there is none: %s", bad.text);
    }
    int status = walk(r, options, err);
    run_close(r);
    offspring_end(&page, PAGE_PATIENCE_MS);
    return status;
}

static int run(const struct invocation *invocation, struct error *err)
{
    const char *path = invocation_operand(invocation, 0);
    const char *on = invocation_option(invocation, "on");
    if (on != NULL && strcmp(on, "k8s") == 0) {
        return run_in_cluster(invocation, err);
    }
    if (invocation_flag(invocation, "dry-run")) {
        return show_plan(path, err);
    }
    struct walk_options options_of_walk;
    if (walk_read_options(&options_of_walk, invocation, err) != 0) {
        return -1;
    }
    const char *said = invocation_option(invocation, "run-dir");
    struct error bad = {0};
    char *id = options_of_walk.dispatch.keys == NULL
                   ? NULL
                   : keys_run_id(options_of_walk.dispatch.keys, &bad);
    if (bad.kind != ERROR_NONE) {
        *err = bad;
        return -1;
    }
    char *folder = said == NULL ? default_folder(path) : strdup(said);
    if (folder == NULL) {
        free(id);
        return error_no_memory(err, "a path");
    }
    struct run_request request = {.folder = folder,
                                  .run_file = path,
                                  .base = invocation_option(invocation, "base"),
                                  .id = id,
                                  .accept_changes =
                                      invocation_flag(invocation, "accept-changes")};
    struct run *r = run_launch(&request, err);
    int status = r == NULL ? -1 : walk_with_page(r, &options_of_walk, invocation, err);
    free(folder);
    free(id);
    return status;
}

static const struct command_option options[] = {
    {"run-dir", 0, "DIR", "folder of the run (default: the run file's name with .run, here)"},
    WALK_OPTIONS,
    {"dashboard", 0, NULL,
     "serve the run's page as long as it goes on, and print the link to it"},
    {"dashboard-listen", 0, "ADDRESS:PORT", "where it listens (default: as picobarn serve)"},
    {"allow-control", 0, NULL, "let that page pause the run and resume it"},
    {"base", 0, "DIR", "where relative patterns start (default: the run file's folder)"},
    {"dry-run", 0, NULL, "check the run file and its files, and run nothing"},
    {"accept-changes", 0, NULL,
     "go on although the run file or a file changed: what was computed from the old is "
     "dropped"},
    {"namespace", 0, "NAME",
     "with --on k8s: where (default: the run file's, the kubeconfig's)"},
    {"context", 0, "NAME", "with --on k8s: of the kubeconfig (default: the current one)"},
    {"kubeconfig", 0, "FILE", "with --on k8s (default: KUBECONFIG, or ~/.kube/config)"},
    {"detach", 0, NULL, "with --on k8s: do not wait for the end; picobarn watch comes back"},
    {"output", 'o', "yaml|text", "with --on k8s --dry-run: print the objects as YAML"},
    {0},
};

static const struct command_example examples[] = {
    {"picobarn launch higgs4l.yaml", "run on this machine; again, to go on after a crash"},
    {"picobarn launch higgs4l.yaml --dashboard", "watch it in a browser, too"},
    {"picobarn launch higgs4l.yaml --on none --listen tcp://0.0.0.0:5555",
     "wait for workers that are started elsewhere"},
    {"picobarn launch higgs4l.yaml --on k8s", "run in a cluster; again, to come back to it"},
    {"picobarn launch higgs4l.yaml --on k8s --dry-run -o yaml", "see what would be made there"},
    {0},
};

const struct command command_launch = {
    .name = "launch",
    .group = COMMAND_RUN,
    .summary = "run an analysis over all its samples, to the plot",
    .operands = "RUN.yaml",
    .min_operands = 1,
    .max_operands = 1,
    .description = "Inspects the files of the run file, splits them into shards, computes "
                   "these on workers "
                   "and ends with result.json, its SHA-256 and the plot in the run folder.\n\n"
                   "On a run folder that is there it goes on: only what is missing is "
                   "computed. It refuses "
                   "when the run file, a parameter, the analysis or a file has changed since.",
    .options = options,
    .examples = examples,
    .run = run,
};
