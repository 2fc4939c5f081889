/* SPDX-License-Identifier: Apache-2.0 */
/* cluster_objects.c - see cluster_objects.h */
#include "scheduler/cluster_objects.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/digest.h"

enum { SECRET_LIMIT = 1 << 16, ENDPOINT_SIZE = 400, OBJECT_NAME_SIZE = 64 };

static void make_token(char token[CLUSTER_TOKEN_SIZE])
{
    uint8_t random[(CLUSTER_TOKEN_SIZE - 1) / 2];
    digest_random(random, sizeof random);
    digest_hex(random, sizeof random, token);
}

static int make_secrets(struct cluster_secrets *s, struct error *err)
{
    uint8_t random[(CLUSTER_ID_SIZE - 1) / 2];
    digest_random(random, sizeof random);
    digest_hex(random, sizeof random, s->run_id);
    make_token(s->token);
    s->is_new = true;
    return keys_make(&s->keys, err);
}

/* One value of a Secret into fresh memory that the caller frees; NULL if it has none. */
static char *secret_value(const json_t *secret, const char *key)
{
    const char *coded = json_text(json_object_get(secret, "data"), key);
    struct buffer plain = {0};
    char *text = NULL;
    if (coded[0] != '\0' && base64_decode(coded, &plain, NULL) == 0 &&
        buffer_string(&plain) != NULL) {
        text = strdup(buffer_string(&plain));
    }
    buffer_release(&plain);
    return text;
}

static int take_token(const json_t *secret, char token[CLUSTER_TOKEN_SIZE])
{
    char *text = secret_value(secret, "token");
    int rc = text != NULL && strlen(text) == CLUSTER_TOKEN_SIZE - 1 ? 0 : -1;
    if (rc == 0) {
        memcpy(token, text, CLUSTER_TOKEN_SIZE);
    }
    free(text);
    return rc;
}

static int take_secrets(struct cluster_secrets *s, const json_t *secret, const char *name,
                        struct error *err)
{
    char *text = secret_value(secret, "keys.json");
    json_t *keys = text == NULL ? NULL : json_parse(text, strlen(text), SECRET_LIMIT, NULL);
    const char *id = json_text(keys, "run");
    int rc = 0;
    if (keys == NULL || strlen(id) != CLUSTER_ID_SIZE - 1 ||
        take_token(secret, s->token) != 0 || keys_from_json(&s->keys, keys, NULL) != 0) {
        rc =
            error_set(err, ERROR_INPUT,
                      "Secret %s: is there, but holds no keys of a run: use another --name, or "
                      "remove what is left of a run with picobarn clean",
                      name);
    } else {
        (void)snprintf(s->run_id, sizeof s->run_id, "%s", id);
    }
    json_decref(keys);
    free(text);
    return rc;
}

static int find_view(struct cluster_secrets *s, struct k8s *k, struct error *err)
{
    json_t *secret = NULL;
    int found = k == NULL ? 0 : k8s_find(k, K8S_SECRETS, MANIFEST_VIEW_SECRET, 0, &secret, err);
    int rc = found < 0 ? -1 : 0;
    if (found == 0) {
        make_token(s->view);
    } else if (found == 1 && take_token(secret, s->view) != 0) {
        rc = error_set(err, ERROR_INPUT,
                       "Secret %s: is there, but holds no token of picobarn, which needs the "
                       "name: delete it, or use another namespace",
                       MANIFEST_VIEW_SECRET);
    }
    json_decref(secret);
    return rc;
}

int cluster_secrets_find(struct cluster_secrets *s, struct k8s *k, const char *name,
                         struct error *err)
{
    char secret_name[OBJECT_NAME_SIZE];
    json_t *secret = NULL;
    *s = (struct cluster_secrets){.is_new = false};
    (void)snprintf(secret_name, sizeof secret_name, "%s-scheduler", name);
    int found = k == NULL ? 0 : k8s_find(k, K8S_SECRETS, secret_name, 0, &secret, err);
    int rc = found < 0   ? -1
             : found > 0 ? take_secrets(s, secret, secret_name, err)
                         : make_secrets(s, err);
    json_decref(secret);
    return rc == 0 ? find_view(s, k, err) : -1;
}

/* Text of JSON in memory that the caller frees; takes over the value. */
static char *dump(json_t *json)
{
    char *text = json == NULL ? NULL : json_dumps(json, JSON_COMPACT);
    json_decref(json);
    return text;
}

static int make_secret_objects(struct cluster_objects *o, const struct manifest_run *r,
                               const struct cluster_secrets *s, struct error *err)
{
    char endpoint[ENDPOINT_SIZE];
    (void)snprintf(endpoint, sizeof endpoint, "tcp://%s.%s.svc:%d", r->name, r->namespace,
                   MANIFEST_WIRE_PORT);
    json_t *all = keys_to_json(&s->keys);
    (void)json_object_set_new(all, "run", json_string(s->run_id));
    char *keys = dump(all);
    char *invitation = dump(keys_invitation(&s->keys, s->run_id, endpoint));
    if (keys == NULL || invitation == NULL) {
        (void)error_no_memory(err, "keys");
    } else {
        o->object[CLUSTER_VIEW] = manifest_view_secret(r, s->view, err);
        o->object[CLUSTER_SCHEDULER_SECRET] = manifest_scheduler_secret(r, keys, s->token, err);
        o->object[CLUSTER_WORKER_SECRET] = manifest_worker_secret(r, invitation, err);
    }
    free(keys);
    free(invitation);
    return o->object[CLUSTER_VIEW] != NULL && o->object[CLUSTER_SCHEDULER_SECRET] != NULL &&
                   o->object[CLUSTER_WORKER_SECRET] != NULL
               ? 0
               : -1;
}

int cluster_objects_init(struct cluster_objects *o, const struct manifest_run *r,
                         const struct cluster_secrets *s, const char *run_file,
                         bool accept_changes, struct error *err)
{
    *o = (struct cluster_objects){.object = {NULL}};
    if (make_secret_objects(o, r, s, err) != 0 ||
        (o->object[CLUSTER_CONFIG] = manifest_config(r, run_file, err)) == NULL ||
        (o->object[CLUSTER_SERVICE] = manifest_service(r, err)) == NULL ||
        (o->object[CLUSTER_SCHEDULER] = manifest_scheduler(r, run_file, accept_changes, err)) ==
            NULL) {
        cluster_objects_release(o);
        return -1;
    }
    return 0;
}

void cluster_objects_release(struct cluster_objects *o)
{
    for (size_t i = 0; i < CLUSTER_OBJECTS; i++) {
        json_decref(o->object[i]);
        o->object[i] = NULL;
    }
}
