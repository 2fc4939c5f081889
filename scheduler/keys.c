/* SPDX-License-Identifier: Apache-2.0 */
/* keys.c - see keys.h */
#include "scheduler/keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"

enum { KEYS_LIMIT = 1 << 16 };

static int write_secret(const struct run *r, const char *name, json_t *json, struct error *err)
{
    struct buffer text = {0};
    char *path = run_path(r, name);
    int rc = path == NULL || json == NULL ? error_no_memory(err, "keys")
                                          : json_write_pretty(json, &text, err);
    buffer_u8(&text, '\n');
    rc = rc == 0 ? file_write(path, 0600, text.data, text.size, err) : rc;
    buffer_release(&text);
    free(path);
    json_decref(json);
    return rc;
}

static int make(struct keys *keys, const struct run *r, struct error *err)
{
    char lease[2 * DIGEST_KEY_SIZE + 1];
    if (wire_make_keys(&keys->server, err) != 0 || wire_make_keys(&keys->worker, err) != 0) {
        return -1;
    }
    digest_random(keys->lease, sizeof keys->lease);
    digest_hex(keys->lease, sizeof keys->lease, lease);
    return write_secret(r, "keys.json",
                        json_pack("{s:s, s:s, s:s, s:s, s:s}", "server_public",
                                  keys->server.public_key, "server_secret",
                                  keys->server.secret_key, "worker_public",
                                  keys->worker.public_key, "worker_secret",
                                  keys->worker.secret_key, "lease", lease),
                        err);
}

static int take_key(const json_t *json, const char *name, char key[WIRE_KEY_SIZE])
{
    const char *text = json_string_value(json_object_get(json, name));
    if (text == NULL || strlen(text) != WIRE_KEY_SIZE - 1) {
        return -1;
    }
    memcpy(key, text, WIRE_KEY_SIZE);
    return 0;
}

int keys_open(struct keys *keys, const struct run *r, struct error *err)
{
    char *path = run_path(r, "keys.json");
    if (path == NULL) {
        return error_no_memory(err, "keys");
    }
    if (access(path, F_OK) != 0) {
        free(path);
        return make(keys, r, err);
    }
    json_t *json = json_parse_file(path, KEYS_LIMIT, err);
    const char *lease = json_string_value(json_object_get(json, "lease"));
    int rc = json == NULL ? -1 : 0;
    if (rc == 0 && (take_key(json, "server_public", keys->server.public_key) != 0 ||
                    take_key(json, "server_secret", keys->server.secret_key) != 0 ||
                    take_key(json, "worker_public", keys->worker.public_key) != 0 ||
                    take_key(json, "worker_secret", keys->worker.secret_key) != 0 ||
                    lease == NULL || !digest_from_hex(lease, keys->lease, DIGEST_KEY_SIZE))) {
        rc = error_set(err, ERROR_INPUT,
                       "%s: not the keys of a run: remove it to make new ones", path);
    }
    json_decref(json);
    free(path);
    return rc;
}

int keys_write_invitation(const struct keys *keys, const struct run *r, const char *endpoint,
                          struct error *err)
{
    return write_secret(r, "worker.json",
                        json_pack("{s:s, s:s, s:s, s:s, s:s}", "run", r->id, "endpoint",
                                  endpoint, "server_key", keys->server.public_key, "public_key",
                                  keys->worker.public_key, "secret_key",
                                  keys->worker.secret_key),
                        err);
}

char *keys_last_endpoint(const struct run *r)
{
    char *path = run_path(r, "worker.json");
    json_t *json = path == NULL ? NULL : json_parse_file(path, KEYS_LIMIT, NULL);
    const char *endpoint = json_string_value(json_object_get(json, "endpoint"));
    char *copy = endpoint == NULL ? NULL : strdup(endpoint);
    json_decref(json);
    free(path);
    return copy;
}
