/* SPDX-License-Identifier: Apache-2.0 */
/* cluster_results.c - see cluster_results.h */
#include "scheduler/cluster_results.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/size.h"

enum { PATH_SIZE = 64, FETCH_MS = 300000, TURN_MS = 1000 };

/* A file on its way. */
struct fetching {
    struct remote *remote;
    struct buffer bytes;
    bool is_done;
    int status;
    struct error error;
};

static bool take_bytes(void *context, const void *data, size_t size)
{
    struct fetching *f = context;
    buffer_raw(&f->bytes, data, size);
    return !f->bytes.failed;
}

static void take_end(void *context, const struct k8s_answer *answer)
{
    struct fetching *f = context;
    f->is_done = true;
    f->status = answer->status;
    if (answer->error.kind != ERROR_NONE) {
        remote_explain(f->remote, answer, &f->error);
    }
}

/* 1 with the file's bytes, 0 if the run has none of that name. */
static int fetch(struct fetching *f, const char *name, struct error *err)
{
    char path[PATH_SIZE];
    (void)snprintf(path, sizeof path, "api/v1/files/%s", name);
    struct remote_request request = {.path = path,
                                     .right = GATE_VIEW,
                                     .timeout_ms = FETCH_MS,
                                     .take = take_bytes,
                                     .done = take_end,
                                     .context = f};
    if (remote_send(f->remote, &request, err) != 0) {
        return -1;
    }
    while (!f->is_done) {
        if (k8s_wait(remote_k8s(f->remote), -1, TURN_MS, err) != 0) {
            return -1;
        }
    }
    if (f->error.kind != ERROR_NONE) {
        *err = f->error;
        return f->status == 404 ? 0 : -1;
    }
    return f->bytes.failed ? error_no_memory(err, "a result") : 1;
}

/* Files of a run that are worth having here, and how their lines begin. */
static const struct wanted {
    const char *what;
    const char *name;
} wanted[] = {
    {"result", "result.json"},
    {"record", "run.json"},
    {"plot", "plot.svg"},
};

static int bring(struct remote *r, const char *folder, const struct wanted *w,
                 struct buffer *out, struct error *err)
{
    struct fetching f = {.remote = r};
    char *path = file_join(folder, w->name);
    int rc = path == NULL ? error_no_memory(err, "a path") : fetch(&f, w->name, err);
    if (rc == 1) {
        rc = file_write(path, 0644, f.bytes.data, f.bytes.size, err);
        buffer_printf(out, "%-9s %s\n", w->what, path);
    }
    buffer_release(&f.bytes);
    free(path);
    return rc;
}

int cluster_results_check(const char *folder, struct error *err)
{
    char *ledger = file_join(folder, "ledger.db");
    if (ledger == NULL) {
        return error_no_memory(err, "a path");
    }
    int rc = 0;
    if (access(ledger, F_OK) == 0) {
        rc = error_set(err, ERROR_INPUT,
                       "%s is the folder of a run on this machine: say another one for the "
                       "results with --run-dir",
                       folder);
    }
    free(ledger);
    return rc;
}

int cluster_results_fetch(struct remote *r, const char *folder, struct buffer *out,
                          struct error *err)
{
    int rc = file_make_folder(folder, 0755, err);
    for (size_t i = 0; rc == 0 && i < ARRAY_LENGTH(wanted); i++) {
        rc = bring(r, folder, &wanted[i], out, err);
    }
    return rc;
}
