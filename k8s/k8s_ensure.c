/* SPDX-License-Identifier: Apache-2.0 */
/* k8s_ensure.c - see k8s.h: an object that is made exactly once.
 *
 * POST. What that answers is the truth, unless it is "exists already", or the answer was lost, or
 * the server failed half way: then what is there is looked at. If nothing is there, POST again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "k8s/k8s_client.h"
#include "k8s/k8s_stream.h"

/* A field that the server does not know is refused, not dropped with a warning that nobody reads. */
#define STRICT "fieldValidation=Strict"

enum { ROUNDS = 5 }; /* of POST, and looking; each has a back-off of its own within */

struct ensure {
    struct k8s *k;
    json_t *object; /* ours */
    enum k8s_resource resource;
    bool dry_run;
    unsigned rounds;
    struct k8s_pending *pending;
    struct error lost; /* why the last POST is in doubt */
    void (*done)(void *context, const struct k8s_answer *answer, bool created);
    void *context;
};

static void release(void *context)
{
    struct ensure *e = context;
    json_decref(e->object);
    free(e);
}

static void conclude(struct ensure *e, const struct k8s_answer *answer, bool created)
{
    e->done(e->context, answer, created);
    release(e);
}

static void fail(struct ensure *e, const struct error *why)
{
    const struct k8s_answer answer = {.error = *why};
    conclude(e, &answer, false);
}

static const char *namespace_of(const struct ensure *e)
{
    const char *namespace = k8s_metadata(e->object, "namespace");
    return namespace[0] == '\0' ? NULL : namespace;
}

static const json_t *metadata_map(const json_t *object, const char *key)
{
    return json_object_get(json_object_get(object, "metadata"), key);
}

/* Whether what is there was made from this object. */
static int check_ours(const struct ensure *e, const json_t *there, struct error *err)
{
    const char *kind = k8s_resource_kind(e->resource);
    const char *name = k8s_metadata(e->object, "name");
    const json_t *labels = metadata_map(there, "labels");
    const char *key = NULL;
    json_t *wanted = NULL;
    json_t *own_labels = json_object_get(json_object_get(e->object, "metadata"), "labels");
    json_object_foreach(own_labels, key, wanted)
    {
        const char *has = json_text(labels, key);
        const char *wants = json_string_value(wanted);
        if (wants == NULL || strcmp(has, wants) != 0) {
            return error_set(err, ERROR_INPUT,
                             "%s %s is there already, and is not this one: its label %s is "
                             "'%s', not '%s'. Choose another name, or delete it",
                             kind, name, key, has, wants == NULL ? "" : wants);
        }
    }
    const char *has = json_text(metadata_map(there, "annotations"), K8S_HASH);
    const char *wants = json_text(metadata_map(e->object, "annotations"), K8S_HASH);
    if (strcmp(has, wants) != 0) {
        return error_set(err, ERROR_INPUT,
                         "%s %s is there already, made from something else: its %s is '%.16s', "
                         "not '%.16s'. Choose another name, or delete it",
                         kind, name, K8S_HASH, has, wants);
    }
    if (k8s_metadata(there, "deletionTimestamp")[0] != '\0') {
        return error_set(err, ERROR_SYSTEM, "%s %s is being deleted: try again in a moment",
                         kind, name);
    }
    return 0;
}

static int post(struct ensure *e, struct error *err);

static void hear_look(void *context, const struct k8s_answer *answer)
{
    struct ensure *e = context;
    struct error err = {0};
    if (answer->status == 404) {
        /* With a dry run, or a POST that never arrived, there is nothing. */
        if (e->rounds >= ROUNDS) {
            fail(e, &e->lost);
        } else if (post(e, &err) != 0) {
            fail(e, &err);
        }
        return;
    }
    if (answer->error.kind == ERROR_NONE && check_ours(e, answer->body, &err) != 0) {
        fail(e, &err);
        return;
    }
    conclude(e, answer, false);
}

static int look(struct ensure *e, struct error *err)
{
    const struct k8s_request request = {.method = K8S_GET,
                                        .resource = e->resource,
                                        .namespace = namespace_of(e),
                                        .name = k8s_metadata(e->object, "name")};
    const struct k8s_end end = {.done = hear_look, .dropped = release, .context = e};
    e->pending = k8s_pending_start(e->k, &request, &end, err);
    return e->pending == NULL ? -1 : 0;
}

static void hear_post(void *context, const struct k8s_answer *answer)
{
    struct ensure *e = context;
    struct error err = {0};
    bool exists = answer->status == 409 && strcmp(answer->reason, "AlreadyExists") == 0;
    if (!exists && !answer->in_doubt) {
        conclude(e, answer, answer->error.kind == ERROR_NONE);
        return;
    }
    e->lost = answer->error;
    if (look(e, &err) != 0) {
        fail(e, &err);
    }
}

static int post(struct ensure *e, struct error *err)
{
    const struct k8s_request request = {.method = K8S_POST,
                                        .resource = e->resource,
                                        .namespace = namespace_of(e),
                                        .query = e->dry_run ? STRICT "&dryRun=All" : STRICT,
                                        .body = e->object};
    const struct k8s_end end = {.done = hear_post, .dropped = release, .context = e};
    e->rounds++;
    e->pending = k8s_pending_start(e->k, &request, &end, err);
    return e->pending == NULL ? -1 : 0;
}

static struct ensure *start(struct k8s *k, const json_t *object, bool dry_run,
                            struct error *err)
{
    const char *kind = json_text(object, "kind");
    enum k8s_resource resource = k8s_resource_of_kind(kind);
    if (resource == K8S_RESOURCES || k8s_metadata(object, "name")[0] == '\0') {
        error_set(err, ERROR_INPUT, "an object of kind '%s' without a name, or unknown", kind);
        return NULL;
    }
    struct ensure *e = calloc(1, sizeof *e);
    if (e == NULL) {
        error_no_memory(err, "a request");
        return NULL;
    }
    e->k = k;
    e->object = json_deep_copy(object);
    e->resource = resource;
    e->dry_run = dry_run;
    if (post(e, err) != 0) {
        release(e);
        return NULL;
    }
    return e;
}

int k8s_ensure(struct k8s *k, const json_t *object,
               void (*done)(void *context, const struct k8s_answer *answer, bool created),
               void *context, struct error *err)
{
    struct ensure *e = start(k, object, false, err);
    if (e == NULL) {
        return -1;
    }
    e->done = done;
    e->context = context;
    return 0;
}

/* What k8s_ensure_now waits for. */
struct waiting {
    bool over;
    bool created;
    json_t *made;
    struct error error;
};

static void take_made(void *context, const struct k8s_answer *answer, bool created)
{
    struct waiting *w = context;
    w->over = true;
    w->created = created;
    w->error = answer->error;
    w->made = json_incref(answer->body);
}

int k8s_ensure_now(struct k8s *k, const json_t *object, bool dry_run, json_t **made,
                   bool *created, struct error *err)
{
    struct waiting w = {0};
    struct ensure *e = start(k, object, dry_run, err);
    if (e == NULL) {
        return -1;
    }
    e->done = take_made;
    e->context = &w;
    int rc = 0;
    while (rc == 0 && !w.over) {
        rc = k8s_wait(k, -1, UINT32_MAX, err);
    }
    if (!w.over) {
        k8s_pending_stop(e->pending); /* which frees it */
    }
    if (rc == 0 && w.error.kind != ERROR_NONE) {
        rc = error_set(err, w.error.kind, "%s", w.error.text);
    }
    if (rc == 0 && created != NULL) {
        *created = w.created;
    }
    if (rc != 0 || made == NULL) {
        json_decref(w.made);
        return rc;
    }
    *made = w.made;
    return 0;
}
