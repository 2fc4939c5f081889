/* SPDX-License-Identifier: Apache-2.0 */
/* api_orders.c - k8s_orders_try: k8s/k8s.h at a test's orders, with the API server of KUBECONFIG. It prints
 * one line of JSON for everything that happens, and ends with 0.
 *
 *     ensure NAMESPACE N             makes N Jobs, suspended, all side by side; what may pass (an
 *                                    ERROR_SYSTEM) is tried again, round by round
 *     list NAMESPACE KIND TIMES MS   lists a collection so many times, with a pause
 *     mirror NAMESPACE KIND LABELS   watches until it is killed
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "k8s/k8s.h"

enum { ROUNDS = 20, TURN_MS = 200 };

static void say(json_t *line)
{
    (void)json_dumpf(line, stdout, JSON_COMPACT);
    (void)putchar('\n');
    (void)fflush(stdout);
    json_decref(line);
}

static const char *const kinds[] = {[ERROR_NONE] = "",
                                    [ERROR_INPUT] = "input",
                                    [ERROR_SYSTEM] = "system",
                                    [ERROR_PEER] = "peer"};

static void say_error(const char *what, const struct error *err)
{
    say(json_pack("{s:s, s:s, s:s, s:I}", "event", what, "kind", kinds[err->kind], "text",
                  err->text, "ms", (json_int_t)clock_now_ms()));
}

/* One of the Jobs of ensure. */
struct wanted {
    json_t *job;
    bool done;
    unsigned *left; /* of this round */
};

static json_t *suspended_job(unsigned number)
{
    char name[32];
    (void)snprintf(name, sizeof name, "job-%05u", number);
    return json_pack(
        "{s:s, s:s, s:{s:s, s:{s:s}, s:{s:s}}, s:{s:b, s:{s:{s:s, s:[{s:s, s:s}]}}}}",
        "apiVersion", "batch/v1", "kind", "Job", "metadata", "name", name, "labels", "try",
        "orders", "annotations", K8S_HASH, name, "spec", "suspend", 1, "template", "spec",
        "restartPolicy", "Never", "containers", "name", "main", "image", "none:1");
}

static void note_made(void *context, const struct k8s_answer *answer, bool created)
{
    struct wanted *w = context;
    (*w->left)--;
    w->done = answer->error.kind != ERROR_SYSTEM;
    if (answer->error.kind == ERROR_NONE) {
        say(json_pack("{s:s, s:b}", "event", "made", "created", created));
    } else {
        say_error("failed", &answer->error);
    }
}

/* Asks for those that are not done; the number of them. */
static unsigned ensure_round(struct k8s *k, struct wanted *wanted, unsigned n,
                             struct error *err)
{
    unsigned asked = 0;
    unsigned left = 0;
    for (unsigned i = 0; i < n; i++) {
        if (!wanted[i].done) {
            wanted[i].left = &left;
            left++;
            asked++;
            (void)k8s_ensure(k, wanted[i].job, note_made, &wanted[i], err);
        }
    }
    while (left > 0 && err->kind == ERROR_NONE) {
        (void)k8s_wait(k, -1, TURN_MS, err);
    }
    return asked;
}

static void ensure(struct k8s *k, char **argument, struct error *err)
{
    unsigned n = (unsigned)strtoul(argument[0], NULL, 10);
    struct wanted *wanted = calloc(n, sizeof *wanted);
    for (unsigned i = 0; wanted != NULL && i < n; i++) {
        wanted[i].job = suspended_job(i);
    }
    unsigned rounds = 0;
    while (wanted != NULL && err->kind == ERROR_NONE && rounds < ROUNDS &&
           ensure_round(k, wanted, n, err) > 0) {
        rounds++;
    }
    say(json_pack("{s:s, s:i}", "event", "ended", "rounds", (int)rounds));
    for (unsigned i = 0; wanted != NULL && i < n; i++) {
        json_decref(wanted[i].job);
    }
    free(wanted);
}

static void list(struct k8s *k, char **argument, struct error *err)
{
    enum k8s_resource resource = k8s_resource_of_kind(argument[0]);
    unsigned times = (unsigned)strtoul(argument[1], NULL, 10);
    uint32_t pause_ms = (uint32_t)strtoul(argument[2], NULL, 10);
    for (unsigned i = 0; i < times && err->kind == ERROR_NONE; i++) {
        struct error failed = {0};
        json_t *items = k8s_list(k, resource, NULL, NULL, &failed);
        if (items == NULL) {
            say_error("failed", &failed);
        } else {
            say(json_pack("{s:s, s:i}", "event", "listed", "n", (int)json_array_size(items)));
        }
        json_decref(items);
        uint64_t until = clock_now_ms() + pause_ms;
        while (clock_now_ms() < until && err->kind == ERROR_NONE) {
            (void)k8s_wait(k, -1, (uint32_t)(until - clock_now_ms()), err);
        }
    }
}

static void say_object(const char *event, const json_t *object)
{
    json_t *line = json_pack("{s:s}", "event", event);
    (void)json_object_set(line, "metadata", json_object_get(object, "metadata"));
    if (json_object_get(object, "status") != NULL) {
        (void)json_object_set(line, "status", json_object_get(object, "status"));
    }
    say(line);
}

static void say_changed(void *context, const json_t *object)
{
    (void)context;
    say_object("changed", object);
}

static void say_gone(void *context, const json_t *object)
{
    (void)context;
    say_object("gone", object);
}

static void say_synced(void *context)
{
    (void)context;
    say(json_pack("{s:s}", "event", "synced"));
}

/* Says when the mirror becomes stale, and when it is up to date again. */
static void say_freshness(const struct k8s_watch *w, bool *stale)
{
    struct error why = {0};
    bool now = k8s_watch_stale_since_ms(w, why.text, sizeof why.text) != 0;
    if (now != *stale) {
        say_error(now ? "stale" : "fresh", &why);
        *stale = now;
    }
}

static void mirror(struct k8s *k, char **argument, struct error *err)
{
    const struct k8s_watch_calls calls = {say_changed, say_gone, say_synced, NULL};
    struct k8s_watch *w =
        k8s_watch_start(k, k8s_resource_of_kind(argument[0]), argument[1], NULL, &calls, err);
    bool stale = false;
    while (err->kind == ERROR_NONE && k8s_wait(k, -1, TURN_MS, err) == 0) {
        say_freshness(w, &stale);
    }
    k8s_watch_stop(w);
}

static const struct order {
    const char *name;
    int n_arguments;
    void (*carry_out)(struct k8s *k, char **argument, struct error *err);
} orders[] = {{"ensure", 1, ensure}, {"list", 3, list}, {"mirror", 2, mirror}};

int main(int argc, char **argv)
{
    const struct order *order = NULL;
    for (size_t i = 0; argc > 2 && i < sizeof orders / sizeof orders[0]; i++) {
        if (strcmp(argv[1], orders[i].name) == 0 && argc == 3 + orders[i].n_arguments) {
            order = &orders[i];
        }
    }
    if (order == NULL) {
        (void)fprintf(stderr, "usage: k8s_orders_try ensure|list|mirror NAMESPACE ...\n");
        return 2;
    }
    struct error err = {0};
    const struct k8s_options options = {.namespace = argv[2]};
    struct k8s *k = k8s_open(&options, &err);
    if (k != NULL) {
        order->carry_out(k, argv + 3, &err);
    }
    if (err.kind != ERROR_NONE) {
        say_error("broken", &err);
    }
    k8s_close(k);
    return err.kind == ERROR_NONE ? 0 : 1;
}
