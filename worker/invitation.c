/* SPDX-License-Identifier: Apache-2.0 */
/* invitation.c - see invitation.h */
#include "worker/invitation.h"

#include <stdio.h>

#include "base/json.h"

struct wire *invitation_join(const char *path, char run[MESSAGE_NAME_SIZE], struct error *err)
{
    json_t *json = json_parse_file(path, 1 << 16, err);
    const char *endpoint = NULL;
    const char *server = NULL;
    const char *public_key = NULL;
    const char *secret_key = NULL;
    const char *id = NULL;
    struct wire *wire = NULL;
    if (json == NULL && err->kind == ERROR_PEER) {
        err->kind = ERROR_INPUT; /* no peer's words, but a file that somebody gave */
    }
    if (json != NULL && json_unpack(json, "{s:s, s:s, s:s, s:s, s:s}", "endpoint", &endpoint,
                                    "server_key", &server, "public_key", &public_key,
                                    "secret_key", &secret_key, "run", &id) != 0) {
        (void)error_set(
            err, ERROR_INPUT,
            "%s: needs endpoint, server_key, public_key, secret_key and run: use the "
            "worker.json of the run folder",
            path);
    } else if (json != NULL) {
        struct wire_keys keys = {{0}, {0}};
        (void)snprintf(keys.public_key, sizeof keys.public_key, "%s", public_key);
        (void)snprintf(keys.secret_key, sizeof keys.secret_key, "%s", secret_key);
        (void)snprintf(run, MESSAGE_NAME_SIZE, "%s", id);
        wire = wire_connect(endpoint, server, &keys, MESSAGE_SIZE_LIMIT, err);
    }
    json_decref(json);
    return wire;
}
