/* SPDX-License-Identifier: Apache-2.0 */
/* request_body.c - see request_body.h */
#include "scheduler/request_body.h"

#include <string.h>

enum { SHARDS_SIZE = 32 << 10 };

json_t *request_body(const struct server_request *request, struct server_answer *answer)
{
    struct error err = {0};
    if (request->body.left == 0) {
        return json_object();
    }
    json_t *body = json_parse(request->body.at, request->body.left, SERVER_BODY_MOST, &err);
    if (body == NULL || !json_is_object(body)) {
        server_refuse(answer, 400, "the body is no JSON object%s%s", body == NULL ? ": " : "",
                      body == NULL ? err.text : "");
        json_decref(body);
        return NULL;
    }
    return body;
}

bool request_shards(const json_t *body, const char **shards, struct server_answer *answer)
{
    const json_t *said = json_object_get(body, "shards");
    *shards = json_string_value(said);
    size_t digits = *shards == NULL ? 0 : strspn(*shards, "0123456789,");
    if (said != NULL &&
        (digits == 0 || digits != json_string_length(said) || digits > SHARDS_SIZE)) {
        server_refuse(answer, 400, "shards: say ids with commas between, \"3,17\"");
        return false;
    }
    return true;
}
