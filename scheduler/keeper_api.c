/* SPDX-License-Identifier: Apache-2.0 */
/* keeper_api.c - see keeper_api.h */
#include "scheduler/keeper_api.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/file.h"
#include "k8s/placement.h"
#include "scheduler/relayed.h"
#include "scheduler/request_body.h"

enum { PODS_LIMIT = 1 << 20 };

/* Reading a large ledger takes a while: it may take a tenth of the time. */
enum { LOOK_EVERY_MS = 500, LOOK_SHARE = 10 };

static void say_started(struct keeper_api *api, int rc, const struct error *err,
                        struct server_answer *answer)
{
    if (rc != 0) {
        server_refuse_error(answer, 409, err);
    } else {
        server_answer_json(answer, 202, keeper_to_json(api->keeper));
    }
}

/* ---- routes ---- */

static json_t *read_pods(const struct keeper_api *api)
{
    struct error none = {0}; /* not there is usual */
    char *path = file_join(api->folder, "pods.json");
    json_t *pods = path == NULL ? NULL : json_parse_file(path, PODS_LIMIT, &none);
    free(path);
    return pods == NULL ? json_null() : pods;
}

/* Brings progress up to date, if it is time, or a child has come or gone since: who sees that a launch
 * has ended sees what it ended with. Without a ledger there is none yet. */
static void look(struct keeper_api *api)
{
    struct error err = {0};
    uint64_t start_ms = clock_now_ms();
    bool has_child = keeper_has_child(api->keeper);
    if (start_ms < api->look_again_ms && has_child == api->had_child) {
        return;
    }
    api->had_child = has_child;
    int rc = api->look.run == NULL ? look_open(&api->look, api->folder, &err)
                                   : look_refresh(&api->look, &err);
    json_t *progress =
        rc == 0 ? look_status_to_json(&api->look, look_has_scheduler(api->look.run), &err)
                : NULL;
    if (rc != 0) {
        look_close(&api->look); /* the ledger may be a new one */
    }
    json_decref(api->progress);
    api->progress = progress;
    uint64_t end_ms = clock_now_ms();
    api->look_again_ms = end_ms + LOOK_EVERY_MS + LOOK_SHARE * (end_ms - start_ms);
}

static void answer_state(void *context, const struct server_request *request,
                         struct server_answer *answer)
{
    (void)request;
    struct keeper_api *api = context;
    look(api);
    server_answer_json(
        answer, 200,
        json_pack("{s:s, s:s?, s:o, s:o, s:o}", "version", PICOBARN_VERSION, "name", api->name,
                  "child", keeper_to_json(api->keeper), "progress",
                  api->progress == NULL ? json_null() : json_incref(api->progress), "pods",
                  read_pods(api)));
}

static void answer_command(void *context, const struct server_request *request,
                           struct server_answer *answer)
{
    struct keeper_api *api = context;
    struct error err = {0};
    json_t *body = request_body(request, answer);
    if (body == NULL) {
        return;
    }
    if (relayed_start(body, api->folder, &api->n_commands, &answer->source, &err) != 0) {
        server_refuse(answer, err.kind == ERROR_INPUT ? 400 : 503, "%s", err.text);
    } else {
        answer->type = "application/octet-stream";
    }
    json_decref(body);
}

static void answer_rerun(void *context, const struct server_request *request,
                         struct server_answer *answer)
{
    struct keeper_api *api = context;
    struct error err = {0};
    json_t *body = request_body(request, answer);
    const char *shards = NULL;
    if (body != NULL && request_shards(body, &shards, answer)) {
        say_started(api, keeper_rerun(api->keeper, shards, &err), &err, answer);
    }
    json_decref(body);
}

static void answer_launch(void *context, const struct server_request *request,
                          struct server_answer *answer)
{
    struct keeper_api *api = context;
    struct error err = {0};
    json_t *body = request_body(request, answer);
    if (body != NULL) {
        say_started(api, keeper_launch(api->keeper, &err), &err, answer);
    }
    json_decref(body);
}

static void answer_pods(void *context, const struct server_request *request,
                        struct server_answer *answer)
{
    const struct keeper_api *api = context;
    struct error err = {0};
    json_t *body = request_body(request, answer);
    if (body == NULL) {
        return;
    }
    const json_t *said = json_object_get(body, "max");
    json_int_t max = json_integer_value(said);
    json_decref(body);
    if (max < 1 || max > PLACEMENT_PODS_MOST) {
        server_refuse(answer, 400, "max: say how many pods, from 1 to %d", PLACEMENT_PODS_MOST);
        return;
    }
    char text[24];
    int size = snprintf(text, sizeof text, "%lld\n", (long long)max);
    char *path = file_join(api->folder, "max_pods");
    int rc = path == NULL ? error_no_memory(&err, "a path")
                          : file_write(path, 0644, text, (size_t)size, &err);
    free(path);
    if (rc != 0) {
        server_refuse_error(answer, 500, &err);
    } else {
        server_answer_json(answer, 200, json_pack("{s:I}", "max", max));
    }
}

const struct server_route keeper_api_routes[] = {
    {SERVER_GET, "/api/v1/state", GATE_VIEW, answer_state},
    {SERVER_POST, "/api/v1/command", GATE_VIEW, answer_command},
    {SERVER_POST, "/api/v1/rerun", GATE_CONTROL, answer_rerun},
    {SERVER_POST, "/api/v1/launch", GATE_CONTROL, answer_launch},
    {SERVER_POST, "/api/v1/pods", GATE_CONTROL, answer_pods},
    {.path = NULL},
};

void keeper_api_release(struct keeper_api *api)
{
    look_close(&api->look);
    json_decref(api->progress);
    api->progress = NULL;
}
