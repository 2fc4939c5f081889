/* SPDX-License-Identifier: Apache-2.0 */
/* k8s.c - see k8s.h: the client's life, its turns, and waiting. */
#include "k8s/k8s.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/size.h"
#include "k8s/k8s_client.h"

static const struct k8s_timing usual_timing = {
    .retry_first_ms = 400,
    .retry_most_ms = 10000,
    .unreachable_ms = 3000,
    .watch_first_ms = 800,
    .watch_most_ms = 30000,
    .watch_good_ms = 120000,
    .watch_idle_ms = 75000, /* the API server sends bookmarks about once a minute */
    .watch_grace_ms = 30000,
    .watch_least_s = 300,
    .watch_most_s = 600,
};

uint64_t k8s_random(uint64_t limit)
{
    uint64_t value = 0;
    digest_random(&value, sizeof value);
    return value % limit; /* the bias does not matter to a time */
}

uint32_t k8s_jitter_ms(uint32_t ms)
{
    return ms / 2 + (uint32_t)k8s_random((uint64_t)ms / 2 + 1);
}

static int read_config(struct kubeconfig *config, const struct k8s_options *options,
                       struct error *err)
{
    int rc = options->kubeconfig == NULL
                 ? kubeconfig_find(config, options->context, err)
                 : kubeconfig_read(config, options->kubeconfig, options->context, err);
    if (rc == 0 && http_check_server(config->server, err) != 0) {
        rc = error_prefix(err, "kubeconfig, context '%s'", config->context);
        kubeconfig_release(config);
    }
    return rc;
}

static int fill(struct k8s *k, const struct k8s_options *options, struct error *err)
{
    const char *agent =
        options->user_agent == NULL ? "picobarn/" PICOBARN_VERSION : options->user_agent;
    const char *namespace = options->namespace != NULL    ? options->namespace
                            : k->config.namespace != NULL ? k->config.namespace
                                                          : "default";
    k->timing = usual_timing;
    k->namespace = strdup(namespace);
    if (asprintf(&k->user_agent, "User-Agent: %s", agent) < 0) {
        k->user_agent = NULL;
    }
    if (k->namespace == NULL || k->user_agent == NULL) {
        return error_no_memory(err, "the Kubernetes client");
    }
    k->credentials = credentials_create(&k->config, err);
    k->http = k->credentials == NULL ? NULL : http_open(err);
    return k->http == NULL ? -1 : 0;
}

struct k8s *k8s_open(const struct k8s_options *options, struct error *err)
{
    struct k8s *k = calloc(1, sizeof *k);
    if (k == NULL) {
        error_no_memory(err, "the Kubernetes client");
        return NULL;
    }
    if (read_config(&k->config, options, err) != 0 || fill(k, options, err) != 0) {
        k8s_close(k);
        return NULL;
    }
    return k;
}

void k8s_close(struct k8s *k)
{
    if (k == NULL) {
        return;
    }
    k8s_watches_release(k);
    k8s_pendings_release(k);
    http_close(k->http);
    credentials_destroy(k->credentials);
    kubeconfig_release(&k->config);
    free(k->namespace);
    free(k->user_agent);
    free(k);
}

const char *k8s_namespace(const struct k8s *k)
{
    return k->namespace;
}

const char *k8s_server(const struct k8s *k)
{
    return k->config.server;
}

int k8s_turn(struct k8s *k, struct error *err)
{
    assert(!k->turning); /* waiting within a callback would never end */
    k->turning = true;
    k8s_pendings_begin(k);
    int rc = http_turn(k->http, err);
    k8s_watches_turn(k);
    k8s_pendings_begin(k); /* what the callbacks asked for */
    k->turning = false;
    k8s_pendings_sweep(k);
    k8s_watches_sweep(k);
    return rc;
}

int k8s_wait(struct k8s *k, int fd, uint32_t timeout_ms, struct error *err)
{
    int fds[HTTP_FDS];
    size_t n = 0;
    uint64_t plugin_ms = UINT64_MAX;
    if (fd >= 0) {
        fds[n++] = fd;
    }
    n += credentials_fds(k->credentials, fds + n, &plugin_ms);
    uint64_t now = clock_now_ms();
    uint64_t due = size_min(k8s_pendings_due_ms(k), k8s_watches_due_ms(k));
    due = size_min(due, plugin_ms);
    uint64_t wait_ms = due <= now ? 0 : size_min(due - now, timeout_ms);
    if (http_wait(k->http, fds, n, (uint32_t)wait_ms, err) != 0) {
        return -1;
    }
    return k8s_turn(k, err);
}

/* What k8s_call waits for. */
struct call {
    bool over;
    json_t *body;
    int status;
    struct error error;
};

static void take_answer(void *context, const struct k8s_answer *answer)
{
    struct call *call = context;
    call->over = true;
    call->status = answer->status;
    call->error = answer->error;
    call->body = json_incref(answer->body);
}

int k8s_call(struct k8s *k, const struct k8s_request *request, json_t **body, int *status,
             struct error *err)
{
    struct call call = {0};
    const struct k8s_end end = {.done = take_answer, .context = &call};
    struct k8s_pending *p = k8s_pending_start(k, request, &end, err);
    int rc = p == NULL ? -1 : 0;
    while (rc == 0 && !call.over) {
        rc = k8s_wait(k, -1, UINT32_MAX, err);
    }
    if (p != NULL && !call.over) {
        k8s_pending_stop(p);
    }
    if (status != NULL) {
        *status = call.status;
    }
    if (rc == 0 && call.error.kind != ERROR_NONE) {
        rc = error_set(err, call.error.kind, "%s", call.error.text);
    }
    if (rc != 0 || body == NULL) {
        json_decref(call.body);
        return rc;
    }
    *body = call.body;
    return 0;
}

int k8s_find(struct k8s *k, enum k8s_resource resource, const char *name, uint32_t timeout_ms,
             json_t **object, struct error *err)
{
    struct k8s_request request = {
        .method = K8S_GET, .resource = resource, .name = name, .timeout_ms = timeout_ms};
    struct error bad = {0};
    int status = 0;
    *object = NULL;
    if (k8s_call(k, &request, object, &status, &bad) == 0) {
        return 1;
    }
    if (status == 404) {
        return 0;
    }
    return error_set(err, bad.kind, "%s", bad.text);
}

int k8s_delete(struct k8s *k, enum k8s_resource resource, const char *name, uint32_t timeout_ms,
               struct error *err)
{
    json_t *body = json_pack("{s:s}", "propagationPolicy", "Background");
    struct k8s_request request = {.method = K8S_DELETE,
                                  .resource = resource,
                                  .name = name,
                                  .body = body,
                                  .timeout_ms = timeout_ms};
    int rc = body == NULL ? error_no_memory(err, "a deletion")
                          : k8s_call(k, &request, NULL, NULL, err);
    json_decref(body);
    return rc;
}
