/* SPDX-License-Identifier: Apache-2.0 */
/* page_api.c - see page_api.h */
#include "scheduler/page_api.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/size.h"
#include "scheduler/hold.h"
#include "scheduler/metrics.h"
#include "scheduler/page_files.h"
#include "scheduler/result.h"

/* Reading a large ledger takes a while: it may take a fifth of one processor's time. */
enum { EVERY_MS = 400, SHARE = 4, BEAT_MS = 5000 };

/* ---- the document ---- */

/* This process's own, which others that keep the processors busy do not make longer. */
static uint64_t processor_ms(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Brings all up to date, if it is time. */
static void refresh(struct page_api *api)
{
    struct error err = {0};
    uint64_t start_ms = processor_ms();
    if (clock_now_ms() < api->due_ms) {
        return;
    }
    if (dashboard_update(&api->dashboard, api->folder, &err) == 0) {
        json_t *document = api->dashboard.document;
        if (api->tell_child != NULL) {
            (void)json_object_set_new(document, "child", api->tell_child(api->child));
        }
        if (feed_publish(&api->feed, document, dashboard_sequence(&api->dashboard))) {
            server_wake(api->server);
            api->told_ms = clock_now_ms();
        }
    }
    api->due_ms = clock_now_ms() + EVERY_MS + SHARE * (processor_ms() - start_ms);
}

/* Something was done that viewers expect to see. */
static void refresh_soon(struct page_api *api)
{
    api->due_ms = 0;
}

int page_api_timeout_ms(const struct page_api *api)
{
    if (api->feed.n_viewers == 0) {
        return -1;
    }
    uint64_t now_ms = clock_now_ms();
    uint64_t next_ms = api->due_ms < api->beat_ms ? api->due_ms : api->beat_ms;
    return next_ms > now_ms ? (int)(next_ms - now_ms) : 0;
}

void page_api_turn(struct page_api *api)
{
    if (api->feed.n_viewers == 0) {
        return;
    }
    refresh(api);
    uint64_t now_ms = clock_now_ms();
    if (now_ms >= api->beat_ms) {
        api->beat_ms = now_ms + BEAT_MS;
        feed_beat(&api->feed);
        server_wake(api->server);
    }
}

uint64_t page_api_ended_ms(struct page_api *api)
{
    if (api->feed.n_viewers == 0) {
        return 0;
    }
    refresh_soon(api);
    refresh(api);
    const struct run *r = api->dashboard.look.run;
    return r == NULL || look_has_scheduler(r) ? 0 : api->told_ms;
}

void page_api_release(struct page_api *api)
{
    feed_release(&api->feed);
    pictures_release(&api->pictures);
    dashboard_release(&api->dashboard);
}

/* ---- what is asked ---- */

static void answer_page_file(const char *name, struct server_answer *answer)
{
    const struct page_file *file = page_files;
    while (file->name != NULL && strcmp(file->name, name) != 0) {
        file++;
    }
    if (file->name == NULL) {
        server_refuse(answer, 404, "the page has no such file");
        return;
    }
    answer->type = file->type;
    buffer_raw(&answer->body, file->data, file->size);
}

void page_api_answer_index(void *context, const struct server_request *request,
                           struct server_answer *answer)
{
    (void)context;
    (void)request;
    answer_page_file("index.html", answer);
}

void page_api_answer_file(void *context, const struct server_request *request,
                          struct server_answer *answer)
{
    (void)context;
    answer_page_file(request->name, answer);
}

void page_api_answer_rights(void *context, const struct server_request *request,
                            struct server_answer *answer)
{
    (void)context;
    server_answer_json(answer, 200,
                       json_pack("{s:b}", "control", request->right == GATE_CONTROL));
}

static void answer_document(void *context, const struct server_request *request,
                            struct server_answer *answer)
{
    (void)request;
    struct page_api *api = context;
    refresh(api);
    if (api->feed.document == NULL) {
        server_refuse(answer, 500, "no memory");
        return;
    }
    answer->sequence = api->feed.sequence;
    server_answer_json(answer, 200, json_incref(api->feed.document));
}

static void answer_events(void *context, const struct server_request *request,
                          struct server_answer *answer)
{
    (void)request;
    struct page_api *api = context;
    struct error err = {0};
    refresh(api);
    if (api->feed.document == NULL || feed_open(&api->feed, &answer->source, &err) != 0) {
        server_refuse(answer, 500, "no memory");
        return;
    }
    answer->type = "text/event-stream";
}

void page_api_answer_health(void *context, const struct server_request *request,
                            struct server_answer *answer)
{
    (void)context;
    (void)request;
    answer->type = "text/plain";
    buffer_printf(&answer->body, "ok\n");
}

static void answer_metrics(void *context, const struct server_request *request,
                           struct server_answer *answer)
{
    (void)request;
    struct page_api *api = context;
    refresh(api);
    answer->sequence = dashboard_sequence(&api->dashboard);
    metrics_answer(&api->dashboard.look, api->name, answer);
}

/* ---- pictures ---- */

static const struct {
    const char *name;
    enum plot_format format; /* PLOT_FORMATS: the numbers */
    const char *type;
} pictures[] = {
    {"svg", PLOT_SVG, "image/svg+xml"},
    {"png", PLOT_PNG, "image/png"},
    {"pdf", PLOT_PDF, "application/pdf"},
    {"json", PLOT_FORMATS, "application/json"},
};

/* An argument that is there and not empty, or NULL. */
static const char *said(const struct server_request *request, const char *name)
{
    const char *value = server_argument(request, name);
    return value == NULL || value[0] == '\0' ? NULL : value;
}

/* 1 or 0 as figure_request wants it, -1 for "as the analysis says", -2 for what is none of these. */
static int scale_of(const char *word)
{
    return word == NULL                  ? -1
           : strcmp(word, "log") == 0    ? 1
           : strcmp(word, "linear") == 0 ? 0
                                         : -2;
}

/* The run as the page shows it, whose moment the answer then tells; or NULL, refused. */
static const struct look *look_now(struct page_api *api, struct server_answer *answer)
{
    refresh(api);
    const struct look *l = &api->dashboard.look;
    if (l->run == NULL) {
        server_refuse(answer, 404, "the run has no ledger yet");
        return NULL;
    }
    answer->sequence = l->merge.sequence;
    return l;
}

static void answer_plot(void *context, const struct server_request *request,
                        struct server_answer *answer)
{
    struct page_api *api = context;
    struct error err = {0};
    size_t i = 0;
    while (i < ARRAY_LENGTH(pictures) && strcmp(pictures[i].name, request->name) != 0) {
        i++;
    }
    struct figure_request what = {.hist = said(request, "histogram"),
                                  .channel = said(request, "channel"),
                                  .log_y = scale_of(said(request, "scale"))};
    if (i == ARRAY_LENGTH(pictures) || what.log_y == -2) {
        server_refuse(answer, 404,
                      "say plot.svg, .png, .pdf or .json, and scale=log or linear");
        return;
    }
    const struct look *l = look_now(api, answer);
    if (l == NULL) {
        return;
    }
    const struct buffer *data =
        pictures_draw(&api->pictures, l, &what, pictures[i].format, &err);
    if (data == NULL) {
        server_refuse_error(answer, 404, &err);
        return;
    }
    answer->type = pictures[i].type;
    buffer_raw(&answer->body, data->data, data->size);
}

/* ---- files ---- */

static int write_result(const struct look *l, struct buffer *out, struct error *err)
{
    return result_text(l->run, &l->merge, out, NULL, err);
}

static int write_report(const struct look *l, struct buffer *out, struct error *err)
{
    struct buffer result = {0};
    char sha256[DIGEST_SHA256_HEX];
    int rc = result_text(l->run, &l->merge, &result, sha256, err);
    rc = rc == 0 ? result_report_text(l->run, &l->merge, sha256, out, err) : rc;
    buffer_release(&result);
    return rc;
}

/* What of the folder is given out: no keys, no ledger. Those that are written when a run ends are made
 * of the ledger, so that they are never older than what the page shows. */
static const struct {
    const char *name;
    const char *type;
    int (*write)(const struct look *l, struct buffer *out, struct error *err);
} files[] = {
    {"result.json", "application/json", write_result},
    {"run.json", "application/json", write_report},
    {"run.yaml", "application/yaml", NULL},
    {"plot.svg", "image/svg+xml", NULL},
    {"plot.png", "image/png", NULL},
    {"plot.pdf", "application/pdf", NULL},
};

/* A regular file, or -1. */
static int open_file(const char *folder, const char *name)
{
    char *path = file_join(folder, name);
    int fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct stat info;
    if (fd >= 0 && (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode))) {
        (void)close(fd);
        fd = -1;
    }
    free(path);
    return fd;
}

static void answer_run_file(void *context, const struct server_request *request,
                            struct server_answer *answer)
{
    struct page_api *api = context;
    struct error err = {0};
    size_t i = 0;
    while (i < ARRAY_LENGTH(files) && strcmp(files[i].name, request->name) != 0) {
        i++;
    }
    if (i == ARRAY_LENGTH(files)) {
        server_refuse(answer, 404, "there is no such file to be had");
        return;
    }
    answer->type = files[i].type;
    if (files[i].write != NULL) {
        const struct look *l = look_now(api, answer);
        if (l != NULL && files[i].write(l, &answer->body, &err) != 0) {
            server_refuse_error(answer, 500, &err);
        }
        return;
    }
    answer->file = open_file(api->folder, files[i].name);
    if (answer->file < 0) {
        server_refuse(answer, 404, "%s is not there (yet)", files[i].name);
    }
}

/* ---- steering ---- */

static void answer_hold(struct page_api *api, bool is_held, struct server_answer *answer)
{
    struct error err = {0};
    int rc = is_held ? hold_set(api->folder, &err) : hold_clear(api->folder, &err);
    if (rc != 0) {
        server_refuse_error(answer, 500, &err);
        return;
    }
    refresh_soon(api);
    server_answer_json(answer, 200, json_pack("{s:b}", "paused", is_held ? 1 : 0));
}

static void answer_pause(void *context, const struct server_request *request,
                         struct server_answer *answer)
{
    (void)request;
    answer_hold(context, true, answer);
}

static void answer_resume(void *context, const struct server_request *request,
                          struct server_answer *answer)
{
    (void)request;
    answer_hold(context, false, answer);
}

const struct server_route page_api_routes[] = {
    {SERVER_GET, "/", GATE_VIEW, page_api_answer_index},
    {SERVER_GET, "/page/", GATE_VIEW, page_api_answer_file},
    {SERVER_GET, "/healthz", GATE_ANYONE, page_api_answer_health},
    {SERVER_GET, "/metrics", GATE_METRICS, answer_metrics},
    {SERVER_GET, "/api/v1/rights", GATE_VIEW, page_api_answer_rights},
    {SERVER_GET, "/api/v1/page", GATE_VIEW, answer_document},
    {SERVER_GET, "/api/v1/events", GATE_VIEW, answer_events},
    {SERVER_GET, "/api/v1/plot.", GATE_VIEW, answer_plot},
    {SERVER_GET, "/api/v1/files/", GATE_VIEW, answer_run_file},
    {SERVER_POST, "/api/v1/pause", GATE_CONTROL, answer_pause},
    {SERVER_POST, "/api/v1/resume", GATE_CONTROL, answer_resume},
    {.path = NULL},
};
