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

int keys_make(struct keys *keys, struct error *err)
{
    digest_random(keys->lease, sizeof keys->lease);
    return wire_make_keys(&keys->server, err) == 0 ? wire_make_keys(&keys->worker, err) : -1;
}

json_t *keys_to_json(const struct keys *keys)
{
    char lease[2 * DIGEST_KEY_SIZE + 1];
    digest_hex(keys->lease, sizeof keys->lease, lease);
    return json_pack("{s:s, s:s, s:s, s:s, s:s}", "server_public", keys->server.public_key,
                     "server_secret", keys->server.secret_key, "worker_public",
                     keys->worker.public_key, "worker_secret", keys->worker.secret_key, "lease",
                     lease);
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

int keys_from_json(struct keys *keys, const json_t *json, struct error *err)
{
    const char *lease = json_string_value(json_object_get(json, "lease"));
    if (take_key(json, "server_public", keys->server.public_key) != 0 ||
        take_key(json, "server_secret", keys->server.secret_key) != 0 ||
        take_key(json, "worker_public", keys->worker.public_key) != 0 ||
        take_key(json, "worker_secret", keys->worker.secret_key) != 0 || lease == NULL ||
        !digest_from_hex(lease, keys->lease, DIGEST_KEY_SIZE)) {
        return error_set(err, ERROR_INPUT, "not the keys of a run: remove it to make new ones");
    }
    return 0;
}

static int read_keys(struct keys *keys, const char *path, struct error *err)
{
    json_t *json = json_parse_file(path, KEYS_LIMIT, err);
    int rc = json == NULL ? -1 : keys_from_json(keys, json, err);
    json_decref(json);
    return rc == 0 || json == NULL ? rc : error_prefix(err, "%s", path);
}

char *keys_run_id(const char *path, struct error *err)
{
    json_t *json = json_parse_file(path, KEYS_LIMIT, err);
    const char *id = json_string_value(json_object_get(json, "run"));
    char *copy = id == NULL ? NULL : strdup(id);
    json_decref(json);
    return copy;
}

int keys_open(struct keys *keys, const struct run *r, const char *path, struct error *err)
{
    if (path != NULL) {
        return read_keys(keys, path, err);
    }
    char *own = run_path(r, "keys.json");
    if (own == NULL) {
        return error_no_memory(err, "keys");
    }
    int rc = 0;
    if (access(own, F_OK) == 0) {
        rc = read_keys(keys, own, err);
    } else {
        rc = keys_make(keys, err) == 0 ? write_secret(r, "keys.json", keys_to_json(keys), err)
                                       : -1;
    }
    free(own);
    return rc;
}

json_t *keys_invitation(const struct keys *keys, const char *run_id, const char *endpoint)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s}", "run", run_id, "endpoint", endpoint,
                     "server_key", keys->server.public_key, "public_key",
                     keys->worker.public_key, "secret_key", keys->worker.secret_key);
}

int keys_write_invitation(const struct keys *keys, const struct run *r, const char *endpoint,
                          struct error *err)
{
    return write_secret(r, "worker.json", keys_invitation(keys, r->id, endpoint), err);
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
