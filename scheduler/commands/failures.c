/* SPDX-License-Identifier: Apache-2.0 */
/* failures.c - picobarn failures: what failed, why, and the command that tries again. */
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/size.h"
#include "scheduler/commands/commands.h"
#include "scheduler/failure_json.h"
#include "scheduler/human.h"
#include "scheduler/look.h"
#include "scheduler/print.h"
#include "scheduler/table.h"
#include "worker/order.h"

enum { SHOWN_MAX = 5, LOG_LINES_MAX = 12 };

/* The command that takes a mended run file. */
static void put_launch(const struct run *r, struct buffer *out)
{
    json_t *pods = look_pods(r);
    buffer_printf(out, "picobarn launch RUN.yaml ");
    if (pods == NULL) {
        buffer_printf(out, "--run-dir ");
        human_word(out, r->folder);
    } else {
        buffer_printf(out, "--on k8s --namespace %s --name %s", json_text(pods, "namespace"),
                      json_text(pods, "name"));
    }
    buffer_printf(out, " --accept-changes");
    json_decref(pods);
}

static int print_as_json(const struct run *r, const struct failures *f, struct error *err)
{
    json_t *all = json_pack("{s:o, s:o}", "failures", failures_to_json(r, f, false, SIZE_MAX),
                            "conflicts", failures_to_json(r, f, true, SIZE_MAX));
    if (all == NULL) {
        return error_no_memory(err, "the failures");
    }
    int rc = print_json(all, err);
    json_decref(all);
    return rc;
}

static void write_jobs(const struct run *r, const struct failures *f,
                       const struct failure_group *group, struct buffer *out)
{
    struct table t = {.align = "lrr", .whole = isatty(STDOUT_FILENO) != 1};
    for (size_t i = group->first; i < group->stop && i < group->first + SHOWN_MAX; i++) {
        const struct failure *one = &f->failure[i];
        table_add(&t, "%s", failure_file(r, one)->path);
        if (one->what == LEASE_SHARD) {
            const struct run_shard *s = &r->shard[one->index];
            table_add(&t, "rows %llu-%llu", (unsigned long long)s->first,
                      (unsigned long long)s->stop);
            table_add(&t, "shard %llu", (unsigned long long)s->id);
        } else {
            table_add(&t, "its inspection");
            table_add(&t, "%s", "");
        }
    }
    table_write(&t, 4, out);
    table_release(&t);
    if (group->stop - group->first > SHOWN_MAX) {
        buffer_printf(out, "    and ");
        human_count(out, group->stop - group->first - SHOWN_MAX);
        buffer_printf(out, " more\n");
    }
}

/* The last lines of what the program wrote. */
static void write_log(const char *log, struct buffer *out)
{
    size_t size = strlen(log);
    while (size > 0 && log[size - 1] == '\n') {
        size--;
    }
    const char *start = log + size;
    for (size_t lines = 0; start > log; start--) {
        lines += start[-1] == '\n';
        if (lines == LOG_LINES_MAX) {
            break;
        }
    }
    while (start < log + size) {
        const char *end = memchr(start, '\n', (size_t)(log + size - start));
        end = end == NULL ? log + size : end;
        char line[1024] = "";
        size_t length = (size_t)(end - start);
        memcpy(line, start, length < sizeof line ? length : sizeof line - 1);
        buffer_printf(out, "    | ");
        human_text(out, line);
        buffer_printf(out, "\n");
        start = end + 1;
    }
}

/* Is it about what the run file says of columns, units and parameters? No hint helps where the
 * file itself is damaged. */
static bool is_of_run_file(const struct failure *f)
{
    static const char *const word[] = {"column", "unit", "parameter"};
    bool found = false;
    for (size_t i = 0; !found && i < ARRAY_LENGTH(word); i++) {
        found = strstr(f->reason, word[i]) != NULL;
    }
    return found && f->kind == ERROR_INPUT && strstr(f->reason, "damaged") == NULL &&
           strstr(f->reason, "never written") == NULL;
}

static void write_group(const struct run *r, const struct failures *f, size_t number,
                        struct buffer *out)
{
    const struct failure_group *group = &f->group[number];
    const struct failure *first = &f->failure[group->first];
    size_t n = group->stop - group->first;
    const char *what = first->what == LEASE_SHARD ? "shard" : "file";
    buffer_printf(out, "[%zu] ", number + 1);
    human_count(out, n);
    buffer_printf(out, " %s%s%s (%s)\n    ", what, n == 1 ? "" : "s",
                  first->conflict ? ", computed twice with different results" : "",
                  error_kind_name(first->kind));
    human_text(out, first->reason);
    buffer_printf(out, "\n\n");
    write_jobs(r, f, group, out);
    write_log(first->log, out);
    buffer_printf(out, "\n    look into the first:\n      ");
    failure_put_order(r, out);
    buffer_printf(out, "\n      ");
    failure_put_by_hand(r, first, out);
    if (!first->conflict) {
        buffer_printf(out, "\n    mended? run again all that failed%s:\n      ",
                      first->what == LEASE_SHARD ? ", or one" : "");
        failure_put_rerun(r, NULL, out);
        if (first->what == LEASE_SHARD) {
            buffer_printf(out, "\n      ");
            failure_put_rerun(r, first, out);
        }
    }
    if (!first->conflict && is_of_run_file(first)) {
        buffer_printf(out, "\n    or mend the run file and:\n      ");
        put_launch(r, out);
    }
    buffer_printf(out, "\n\n");
}

static int print_as_text(const struct run *r, const struct failures *f, struct error *err)
{
    struct buffer out = {0};
    struct run_tally files = run_tally_files(r);
    struct run_tally shards = run_tally_shards(r);
    if (f->n == 0) {
        buffer_printf(&out, "nothing failed\n");
    } else {
        human_count(&out, files.n[JOB_FAILED]);
        buffer_printf(&out, " of ");
        human_count(&out, r->n_files);
        buffer_printf(&out, " files and ");
        human_count(&out, shards.n[JOB_FAILED]);
        buffer_printf(&out, " of ");
        human_count(&out, r->n_shards);
        buffer_printf(&out, " shards failed\n\n");
    }
    for (size_t g = 0; g < f->n_groups; g++) {
        write_group(r, f, g, &out);
    }
    int rc = print_text(&out, err);
    buffer_release(&out);
    return rc;
}

/* What the workers of this run are told to do, for a worker by hand. */
static int write_order(const struct run *r, const char *path, struct error *err)
{
    const struct dataset *d = r->dataset;
    struct buffer text = {0};
    json_t *order = order_to_json(d->analysis, &d->settings, d->names, d->units);
    int rc = order == NULL ? error_no_memory(err, "the order")
                           : json_write_canonical(order, &text, err);
    buffer_printf(&text, "\n");
    if (rc == 0) {
        rc = strcmp(path, "-") == 0 ? print_text(&text, err)
                                    : file_write(path, 0644, text.data, text.size, err);
    }
    json_decref(order);
    buffer_release(&text);
    return rc;
}

static int run(const struct invocation *invocation, struct error *err)
{
    const char *order = invocation_option(invocation, "order");
    struct failures f = {.n = 0};
    struct look l;
    if (look_open(&l, invocation_operand(invocation, 0), err) != 0) {
        return -1;
    }
    int rc = order == NULL ? failures_find(&f, l.run, err) : write_order(l.run, order, err);
    if (rc == 0 && order == NULL) {
        rc = invocation_wants_json(invocation) ? print_as_json(l.run, &f, err)
                                               : print_as_text(l.run, &f, err);
    }
    int status = rc != 0 ? -1 : order == NULL ? (int)look_status(&l) : EXIT_COMPLETE;
    failures_release(&f);
    look_close(&l);
    return status;
}

static const struct command_option options[] = {
    {"order", 0, "FILE.json",
     "write there what workers of this run are told to do, and nothing else (- is standard "
     "output): for picobarn-worker by hand",
     COMMAND_OPTION_FILE},
    COMMAND_OPTION_OUTPUT,
    {0},
};

static const struct command_example examples[] = {
    {"picobarn failures higgs4l.run", "what failed, by cause, and what to type"},
    {0},
};

const struct command command_failures = {
    .name = "failures",
    .group = COMMAND_LOOK,
    .summary = "show what failed, why, and how to run it again",
    .operands = "DIR",
    .min_operands = 1,
    .max_operands = 1,
    .description = "Groups the failed shards and inspections of a run by their cause. Each "
                   "group names the "
                   "first files and rows, shows the last lines of the program that failed, and "
                   "the commands "
                   "that do one shard by hand and that run again what failed.",
    .options = options,
    .examples = examples,
    .reach = COMMAND_RELAYED,
    .run = run,
};
