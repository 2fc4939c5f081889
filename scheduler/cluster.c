/* SPDX-License-Identifier: Apache-2.0 */
/* cluster.c - see cluster.h */
#include "scheduler/cluster.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/signals.h"
#include "base/size.h"
#include "scheduler/cluster_apply.h"
#include "scheduler/cluster_results.h"
#include "scheduler/cluster_wait.h"
#include "scheduler/command.h"
#include "scheduler/dataset.h"
#include "scheduler/fleet.h"
#include "scheduler/follow.h"
#include "scheduler/print.h"
#include "scheduler/run_changes.h"

enum { RUN_FILE_LIMIT = 1000000 };

/* One launch, from its run file to the objects. */
struct launching {
    const struct cluster_launch *what;
    struct buffer text;
    struct dataset *dataset;
    char name[MANIFEST_NAME_MOST + 1];
    char *folder;  /* for the results */
    struct k8s *k; /* NULL of a dry run without a cluster */
    struct cluster_secrets secrets;
    struct manifest_run run;
    struct cluster_objects objects;
    struct cluster_made made;
};

/* Letters, digits and dashes of a text, small, no dash twice or at an end. */
static void make_label(const char *text, size_t length, char out[MANIFEST_NAME_MOST + 1])
{
    size_t n = 0;
    for (size_t i = 0; i < length && n < MANIFEST_NAME_MOST; i++) {
        char c = text[i];
        if (c >= 'A' && c <= 'Z') {
            out[n++] = (char)(c | 0x20);
        } else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
            out[n++] = c;
        } else if (n > 0 && out[n - 1] != '-') {
            out[n++] = '-';
        }
    }
    while (n > 0 && out[n - 1] == '-') {
        n--;
    }
    out[n] = '\0';
}

/* What was said, or the run file's name: "Higgs 4l.yaml" is the run "higgs-4l". */
static int choose_name(struct launching *l, struct error *err)
{
    const char *said = l->what->name;
    if (said != NULL) {
        (void)snprintf(l->name, sizeof l->name, "%s", said);
        return manifest_check_name(said, err);
    }
    const char *slash = strrchr(l->what->run_file, '/');
    const char *base = slash == NULL ? l->what->run_file : slash + 1;
    const char *dot = strrchr(base, '.');
    make_label(base, dot == NULL || dot == base ? strlen(base) : (size_t)(dot - base), l->name);
    return manifest_check_name(l->name, err) == 0
               ? 0
               : error_prefix(err, "the run file's name cannot be a run's: say --name");
}

static int read_run_file(struct launching *l, struct error *err)
{
    const char *path = l->what->run_file;
    if (file_read(path, RUN_FILE_LIMIT, &l->text, err) != 0 ||
        buffer_string(&l->text) == NULL ||
        (l->dataset = dataset_parse(path, l->text.data, l->text.size, err)) == NULL) {
        return -1;
    }
    if (l->dataset->placement == NULL) {
        return error_set(err, ERROR_INPUT,
                         "%s: has no section kubernetes, which says at least the image: see "
                         "USING.md",
                         path);
    }
    return manifest_check_placement(l->dataset->placement, err) == 0
               ? choose_name(l, err)
               : error_prefix(err, "%s", path);
}

static int connect_cluster(struct launching *l, struct error *err)
{
    const char *namespace =
        l->what->namespace != NULL ? l->what->namespace : l->dataset->placement->namespace;
    struct k8s_options options = {
        .kubeconfig = l->what->kubeconfig, .context = l->what->context, .namespace = namespace};
    bool only_shows = l->what->dry_run && l->what->as_yaml;
    l->k = only_shows ? NULL : k8s_open(&options, err);
    l->run = (struct manifest_run){.name = l->name,
                                   .namespace = l->k != NULL        ? k8s_namespace(l->k)
                                                : namespace == NULL ? "default"
                                                                    : namespace,
                                   .run_id = l->secrets.run_id,
                                   .placement = l->dataset->placement};
    return l->k == NULL && !only_shows ? -1 : 0;
}

/* The run file that the cluster has, if the run is there, says the same: what differs would only
 * be refused by the scheduler, after it was disturbed. */
static int compare_run_file(const struct launching *l, struct error *err)
{
    char config[MANIFEST_NAME_MOST + sizeof "-run"];
    (void)snprintf(config, sizeof config, "%s-run", l->name);
    json_t *object = NULL;
    int found = k8s_find(l->k, K8S_CONFIG_MAPS, config, 0, &object, err);
    if (found <= 0) {
        return found;
    }
    const char *text = json_text(json_object_get(object, "data"), "run.yaml");
    struct dataset *was = dataset_parse(l->what->run_file, text, strlen(text), NULL);
    json_t *specification = was == NULL ? NULL : dataset_specification(was);
    int rc = specification == NULL
                 ? 0
                 : run_compare_specification(specification, l->dataset, "--name", err);
    json_decref(specification);
    dataset_destroy(was);
    json_decref(object);
    return rc == 0 ? 0 : error_prefix(err, "run %s in namespace %s", l->name, l->run.namespace);
}

static int choose_folder(struct launching *l, struct error *err)
{
    char folder[MANIFEST_NAME_MOST + sizeof ".run"];
    (void)snprintf(folder, sizeof folder, "%s.run", l->name);
    l->folder = strdup(l->what->results != NULL ? l->what->results : folder);
    return l->folder == NULL ? error_no_memory(err, "a path")
                             : cluster_results_check(l->folder, err);
}

static int prepare(struct launching *l, struct error *err)
{
    if (read_run_file(l, err) != 0 || choose_folder(l, err) != 0 ||
        connect_cluster(l, err) != 0 ||
        cluster_secrets_find(&l->secrets, l->k, l->name, err) != 0) {
        return -1;
    }
    if (!l->secrets.is_new && !l->what->accept_changes && compare_run_file(l, err) != 0) {
        return -1;
    }
    return cluster_objects_init(&l->objects, &l->run, &l->secrets, (const char *)l->text.data,
                                l->what->accept_changes, err);
}

/* The first Job too, as the scheduler will make it if there are files enough. */
static int print_objects(const struct launching *l, struct error *err)
{
    const struct placement *p = l->dataset->placement;
    struct fleet_need need = {.n_files = p->max_pods,
                              .max_pods = p->max_pods,
                              .shards_per_index = p->shards_per_index};
    struct fleet_job next;
    (void)fleet_next(NULL, 0, &need, &next);
    struct manifest_job first = {.n_indexes = next.n_indexes,
                                 .parallelism = next.parallelism,
                                 .shards_per_index = next.shards_per_index};
    json_t *job = manifest_job(&l->run, &first, err);
    const json_t *all[CLUSTER_OBJECTS + 1];
    struct buffer out = {0};
    for (size_t i = 0; i < CLUSTER_OBJECTS; i++) {
        all[i] = l->objects.object[i];
    }
    all[CLUSTER_OBJECTS] = job;
    int rc = job == NULL ? -1 : manifest_write_yaml(all, ARRAY_LENGTH(all), false, &out, err);
    rc = rc == 0 ? print_text(&out, err) : rc;
    buffer_release(&out);
    json_decref(job);
    return rc;
}

static int try_objects(const struct launching *l, struct error *err)
{
    struct buffer out = {0};
    int rc = cluster_apply_dry(l->k, &l->objects, err);
    if (rc == 0) {
        buffer_printf(&out, "namespace %s of %s would take the run %s; nothing was made\n",
                      l->run.namespace, k8s_server(l->k), l->name);
        rc = print_text(&out, err);
    }
    buffer_release(&out);
    return rc;
}

static void say_waiting(void *context, const char *text)
{
    (void)context;
    log_line("launch", "waiting: %s", text);
}

/* How the run is called from now on. */
static int print_name(const struct launching *l, struct error *err)
{
    struct buffer out = {0};
    buffer_printf(&out, "run       k8s:%s/%s\n", l->run.namespace, l->name);
    int rc = out.failed ? error_no_memory(err, "a line") : print_now(out.data, out.size, err);
    buffer_release(&out);
    return rc;
}

/* What can be done with a run that is left alone. */
static int print_left(const struct launching *l, struct error *err)
{
    struct buffer out = {0};
    const char *in = l->run.namespace;
    buffer_printf(&out,
                  "watch     picobarn watch k8s:%s/%s\nremove    picobarn clean k8s:%s/%s\n",
                  in, l->name, in, l->name);
    int rc = print_text(&out, err);
    buffer_release(&out);
    return rc;
}

/* Makes the run and waits for its scheduler: 1 when it answers, 0 when the user has seen enough. */
static int start(struct launching *l, struct error *err)
{
    if (cluster_apply(l->k, &l->objects, &l->made, err) != 0 || print_name(l, err) != 0) {
        return -1;
    }
    sigset_t before;
    int signals = signals_open(&before, err);
    int rc = signals < 0 ? -1 : cluster_wait(l->k, l->name, signals, say_waiting, NULL, err);
    signals_close(signals, &before);
    return rc;
}

static int ask_state(struct remote *r, struct follow_state *now, struct error *err)
{
    json_t *state = NULL;
    int rc = remote_ask(r, "api/v1/state", NULL, &state, NULL, err);
    if (rc == 0) {
        follow_read_state(state, now);
    }
    json_decref(state);
    return rc;
}

/* A run that ended incomplete goes on; one that is at work, or complete, is left alone. */
static int go_on(struct remote *r, struct error *err)
{
    json_t *nothing = json_object();
    struct follow_state now = {.is_over = false};
    int rc = ask_state(r, &now, err);
    if (rc == 0 && now.is_over && now.exit_status != EXIT_COMPLETE) {
        rc = remote_ask(r, "api/v1/launch", nothing, NULL, NULL, err);
    }
    json_decref(nothing);
    return rc;
}

/* What of its results there is, and where it is now. */
static int bring_results(const struct launching *l, struct remote *r, struct error *err)
{
    struct buffer out = {0};
    int rc = cluster_results_fetch(r, l->folder, &out, err);
    rc = rc == 0 ? print_text(&out, err) : rc;
    buffer_release(&out);
    return rc;
}

/* Is there a result, of all of the run or of what could be computed? Who only left it has none. */
static bool has_result(struct remote *r, int status)
{
    struct follow_state now = {.is_over = false};
    struct error ignored = {0};
    return status == EXIT_COMPLETE ||
           (status == EXIT_INCOMPLETE && ask_state(r, &now, &ignored) == 0 && now.is_over);
}

/* To its end. What this call made is taken back if the run was refused for good. */
static int attend(struct launching *l, struct remote *r, struct error *err)
{
    int status = l->made.created[CLUSTER_SCHEDULER] ? 0 : go_on(r, err);
    status = status == 0 ? follow(r, err) : status;
    if (status < 0 && err->kind == ERROR_INPUT) {
        cluster_take_back(l->k, &l->objects, &l->made);
    }
    return has_result(r, status) && bring_results(l, r, err) != 0 ? -1 : status;
}

/* What may pass leaves the run as it is, to go on with. */
static int say_left(const struct launching *l, struct error *err)
{
    bool any = false;
    for (size_t i = 0; i < CLUSTER_OBJECTS; i++) {
        any = any || l->made.created[i];
    }
    struct error why = *err;
    return !any ? -1
                : error_set(err, why.kind,
                            "%.800s; what was made stays: launch again, or remove it with "
                            "picobarn clean k8s:%s/%s",
                            why.text, l->run.namespace, l->name);
}

static int launch(struct launching *l, struct error *err)
{
    int status = start(l, err);
    if (status < 0 && err->kind == ERROR_INPUT) {
        cluster_take_back(l->k, &l->objects, &l->made);
    }
    if (status < 0) {
        return err->kind == ERROR_INPUT ? -1 : say_left(l, err);
    }
    if (status == 0 || l->what->detach) {
        return print_left(l, err) == 0 ? EXIT_INCOMPLETE : -1;
    }
    struct remote *r = remote_open_with(l->k, l->name, err);
    status = r == NULL ? -1 : attend(l, r, err);
    remote_close(r);
    return status;
}

int cluster_launch(const struct cluster_launch *what, struct error *err)
{
    struct launching l = {.what = what};
    int status = prepare(&l, err);
    if (status == 0 && what->dry_run) {
        status = what->as_yaml ? print_objects(&l, err) : try_objects(&l, err);
    } else if (status == 0) {
        status = launch(&l, err);
    }
    cluster_objects_release(&l.objects);
    free(l.folder);
    k8s_close(l.k);
    dataset_destroy(l.dataset);
    buffer_release(&l.text);
    return status;
}
