/* SPDX-License-Identifier: Apache-2.0 */
/* api_client.c - k8s_client_try NAMESPACE [IMAGE]: a conversation of k8s/k8s.h with a real API server,
 * the one of KUBECONFIG. One line a claim; exit status 1 at the first that does not hold.
 *
 * The namespace is there already and ends as it began. IMAGE has a busybox, for a pod whose log is
 * read and that answers through the proxy; without it these two are left out. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "k8s/k8s.h"

enum { OBJECTS = 620 }; /* more than a page */
enum { PATIENCE_MS = 60000 };

/* What a watch has told. */
struct seen {
    unsigned n_changed;
    unsigned n_gone;
    unsigned n_synced;
};

struct
try {
    struct k8s *k;
    const char *image;
    struct seen seen;
    unsigned n_made; /* of objects sent side by side */
    struct buffer taken;
};

static void claim(bool holds, const char *what, const struct error *err)
{
    (void)printf("%s %s%s%s\n", holds ? "ok" : "FAILED", what,
                 err->kind == ERROR_NONE ? "" : ": ", err->text);
    if (!holds) {
        exit(1); /* NOLINT(concurrency-mt-unsafe): one thread */
    }
}

static json_t *config_map(const char *name, const char *label, const char *hash,
                          const char *value)
{
    return json_pack("{s:s, s:s, s:{s:s, s:{s:s}, s:{s:s}}, s:{s:s}}", "apiVersion", "v1",
                     "kind", "ConfigMap", "metadata", "name", name, "labels", "try", label,
                     "annotations", K8S_HASH, hash, "data", "key", value);
}

static json_t *get(struct try *t, enum k8s_resource resource, const char *name, int *status,
                   struct error *err)
{
    const struct k8s_request request = {.method = K8S_GET, .resource = resource, .name = name};
    json_t *body = NULL;
    (void)k8s_call(t->k, &request, &body, status, err);
    return body;
}

static int delete (struct try *t, enum k8s_resource resource, const char *name,
                   struct error *err)
{
    const struct k8s_request request = {.method = K8S_DELETE,
                                        .resource = resource,
                                        .name = name,
                                        .query = "propagationPolicy=Background&"
                                                 "gracePeriodSeconds=0"};
    return k8s_call(t->k, &request, NULL, NULL, err);
}

static void try_dry_run(struct try *t)
{
    struct error err = {0};
    bool created = false;
    int status = 0;
    json_t *object = config_map("one", "a", "h1", "v");
    int rc = k8s_ensure_now(t->k, object, true, NULL, &created, &err);
    claim(rc == 0 && created, "a dry run is accepted", &err);
    json_t *body = get(t, K8S_CONFIG_MAPS, "one", &status, &err);
    claim(status == 404 && body == NULL && err.kind == ERROR_INPUT, "and makes nothing", &err);
    json_decref(object);
}

static void try_ensure(struct try *t)
{
    struct error err = {0};
    struct error label = {0};
    struct error hash = {0};
    bool created = false;
    json_t *made = NULL;
    json_t *same = config_map("one", "a", "h1", "v");
    json_t *other = config_map("one", "b", "h1", "v");
    json_t *changed = config_map("one", "a", "h2", "w");
    int rc = k8s_ensure_now(t->k, same, false, &made, &created, &err);
    claim(rc == 0 && created && made != NULL, "an object is made", &err);
    json_decref(made);
    rc = k8s_ensure_now(t->k, same, false, NULL, &created, &err);
    claim(rc == 0 && !created, "the same once more is taken as it is", &err);
    rc = k8s_ensure_now(t->k, other, false, NULL, NULL, &label);
    claim(rc != 0 && label.kind == ERROR_INPUT, "one with another label is refused", &label);
    rc = k8s_ensure_now(t->k, changed, false, NULL, NULL, &hash);
    claim(rc != 0 && hash.kind == ERROR_INPUT, "one with another hash is refused", &hash);
    json_decref(same);
    json_decref(other);
    json_decref(changed);
}

static void try_refusals(struct try *t)
{
    struct error err = {0};
    int status = 0;
    json_t *job = json_pack("{s:s, s:s, s:{s:s}, s:{s:i}}", "apiVersion", "batch/v1", "kind",
                            "Job", "metadata", "name", "wrong", "spec", "parallelism", -1);
    int rc = k8s_ensure_now(t->k, job, false, NULL, NULL, &err);
    claim(rc != 0 && err.kind == ERROR_INPUT && strstr(err.text, "422") != NULL,
          "an invalid Job is refused in the server's words", &err);
    json_decref(job);
    const struct k8s_request bad = {
        .method = K8S_GET, .resource = K8S_PODS, .query = "limit=1&continue=nonsense"};
    struct error token = {0};
    rc = k8s_call(t->k, &bad, NULL, &status, &token);
    claim(rc != 0 && (status == 400 || status == 410), "a bad page is refused", &token);
}

static void try_patch(struct try *t)
{
    struct error err = {0};
    json_t *patch = json_pack("{s:{s:s}}", "data", "key", "patched");
    json_t *body = NULL;
    const struct k8s_request request = {
        .method = K8S_PATCH, .resource = K8S_CONFIG_MAPS, .name = "one", .body = patch};
    int rc = k8s_call(t->k, &request, &body, NULL, &err);
    const char *value =
        json_string_value(json_object_get(json_object_get(body, "data"), "key"));
    claim(rc == 0 && value != NULL && strcmp(value, "patched") == 0, "a patch is applied",
          &err);
    json_decref(body);
    json_decref(patch);
}

static void count_changed(void *context, const json_t *object)
{
    (void)object;
    ((struct seen *)context)->n_changed++;
}

static void count_gone(void *context, const json_t *object)
{
    (void)object;
    ((struct seen *)context)->n_gone++;
}

static void count_synced(void *context)
{
    ((struct seen *)context)->n_synced++;
}

static void count_made(void *context, const struct k8s_answer *answer, bool created)
{
    ((struct try *)context)->n_made += created && answer->status == 201 ? 1 : 0;
}

/* Turns until *count has reached the number. */
static bool wait_for(struct try *t, const unsigned *count, unsigned number, struct error *err)
{
    uint64_t until = clock_now_ms() + PATIENCE_MS;
    while (*count < number && clock_now_ms() < until && k8s_wait(t->k, -1, 1000, err) == 0) {
    }
    return *count >= number;
}

static void make_many(struct try *t, struct error *err)
{
    for (int i = 0; i < OBJECTS; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "many-%04d", i);
        json_t *object = config_map(name, "many", "h", "v");
        claim(k8s_ensure(t->k, object, count_made, t, err) == 0, name, err);
        json_decref(object);
    }
}

static void delete_many(struct try *t, struct error *err)
{
    const struct k8s_request request = {
        .method = K8S_DELETE, .resource = K8S_CONFIG_MAPS, .query = "labelSelector=try%3Dmany"};
    claim(k8s_call(t->k, &request, NULL, NULL, err) == 0, "a collection is deleted", err);
}

static void try_watch(struct try *t)
{
    struct error err = {0};
    char why[ERROR_TEXT_SIZE];
    const struct k8s_watch_calls calls = {count_changed, count_gone, count_synced, &t->seen};
    struct k8s_watch *w =
        k8s_watch_start(t->k, K8S_CONFIG_MAPS, "try=many", NULL, &calls, &err);
    claim(w != NULL && wait_for(t, &t->seen.n_synced, 1, &err), "a watch has its list", &err);
    claim(t->seen.n_changed == 0, "of nothing yet", &err);
    make_many(t, &err);
    claim(wait_for(t, &t->n_made, OBJECTS, &err), "many objects are made side by side", &err);
    claim(wait_for(t, &t->seen.n_changed, OBJECTS, &err), "the watch tells each", &err);
    claim(k8s_watch_stale_since_ms(w, why, sizeof why) == 0, "and is up to date", &err);
    json_t *all = k8s_list(t->k, K8S_CONFIG_MAPS, "try=many", NULL, &err);
    claim(json_array_size(all) == OBJECTS, "a list of two pages has each", &err);
    json_decref(all);
    struct seen second = {0};
    const struct k8s_watch_calls calls_2 = {count_changed, count_gone, count_synced, &second};
    struct k8s_watch *w2 =
        k8s_watch_start(t->k, K8S_CONFIG_MAPS, "try=many", NULL, &calls_2, &err);
    claim(wait_for(t, &second.n_synced, 1, &err) && second.n_changed == OBJECTS,
          "a later watch begins with a list of two pages", &err);
    delete_many(t, &err);
    claim(wait_for(t, &t->seen.n_gone, OBJECTS, &err), "the watch tells that each is gone",
          &err);
    claim(t->seen.n_changed == OBJECTS && t->seen.n_gone == OBJECTS, "once", &err);
    k8s_watch_stop(w);
    k8s_watch_stop(w2);
}

static bool take(void *context, const void *data, size_t size)
{
    buffer_raw(context, data, size);
    return true;
}

/* Asks for text at a pod's subresource until part stands in what came. */
static bool ask_until(struct try *t, const char *name, const char *subresource,
                      const char *part, struct error *err)
{
    uint64_t until = clock_now_ms() + PATIENCE_MS;
    bool found = false;
    while (!found && clock_now_ms() < until) {
        const struct k8s_request request = {.method = K8S_GET,
                                            .resource = K8S_PODS,
                                            .name = name,
                                            .subresource = subresource,
                                            .take = take,
                                            .context = &t->taken};
        *err = (struct error){0};
        buffer_clear(&t->taken);
        (void)k8s_call(t->k, &request, NULL, NULL, err);
        found = t->taken.size > 0 && strstr(buffer_string(&t->taken), part) != NULL;
        (void)k8s_wait(t->k, -1, 300, NULL);
    }
    return found;
}

static void try_pod(struct try *t)
{
    struct error err = {0};
    json_t *pod = json_pack(
        "{s:s, s:s, s:{s:s}, s:{s:s, s:b, s:[{s:s, s:s, s:s, s:[s, s, s, s]}]}}", "apiVersion",
        "v1", "kind", "Pod", "metadata", "name", "answers", "spec", "restartPolicy", "Never",
        "automountServiceAccountToken", 0, "containers", "name", "c", "image", t->image,
        "imagePullPolicy", "Never", "command", "/bin/busybox", "sh", "-c",
        "/bin/busybox mkdir -p /tmp/www; echo hello of the page >/tmp/www/page; "
        "echo hello of the log; exec /bin/busybox httpd -f -p 8080 -h /tmp/www");
    int rc = k8s_ensure_now(t->k, pod, false, NULL, NULL, &err);
    claim(rc == 0, "a pod is made", &err);
    claim(ask_until(t, "answers", "log", "hello of the log", &err), "its log is read", &err);
    claim(ask_until(t, "answers:8080", "proxy/page", "hello of the page", &err),
          "it answers through the proxy", &err);
    struct error missing = {0};
    const struct k8s_request nothing = {.method = K8S_GET,
                                        .resource = K8S_PODS,
                                        .name = "answers:8080",
                                        .subresource = "proxy/nothing"};
    rc = k8s_call(t->k, &nothing, NULL, NULL, &missing);
    claim(rc != 0 && missing.kind == ERROR_INPUT, "what it has not is said", &missing);
    claim(delete (t, K8S_PODS, "answers", &err) == 0, "the pod is deleted", &err);
    json_decref(pod);
}

static void try_delete(struct try *t)
{
    struct error err = {0};
    int status = 0;
    claim(delete (t, K8S_CONFIG_MAPS, "one", &err) == 0, "an object is deleted", &err);
    json_t *body = get(t, K8S_CONFIG_MAPS, "one", &status, &err);
    claim(status == 404 && body == NULL, "and is gone", &err);
}

int main(int argc, char **argv)
{
    if (argc < 2 || argc > 3) {
        (void)fprintf(stderr, "usage: k8s_client_try NAMESPACE [IMAGE]\n");
        return 2;
    }
    struct error err = {0};
    const struct k8s_options options = {.namespace = argv[1]};
    struct try t = {.k = k8s_open(&options, &err), .image = argc == 3 ? argv[2] : NULL};
    claim(t.k != NULL, "the kubeconfig is read", &err);
    (void)printf("server %s, namespace %s\n", k8s_server(t.k), k8s_namespace(t.k));
    try_dry_run(&t);
    try_ensure(&t);
    try_refusals(&t);
    try_patch(&t);
    try_watch(&t);
    try_delete(&t);
    if (t.image != NULL) {
        try_pod(&t);
    }
    buffer_release(&t.taken);
    k8s_close(t.k);
    return 0;
}
