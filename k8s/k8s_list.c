/* SPDX-License-Identifier: Apache-2.0 */
/* k8s_list.c - see k8s.h: all objects of a collection, page by page. */
#include "k8s/k8s_list.h"

#include <string.h>

#include "k8s/k8s_client.h"
#include "k8s/k8s_resource.h"
#include "k8s/k8s_stream.h"

enum { RESTARTS = 5 }; /* after tokens that expired between pages */

int k8s_list_query(struct buffer *out, const char *label_selector, const char *field_selector,
                   const char *continue_token, struct error *err)
{
    k8s_query_add(out, "labelSelector", label_selector);
    k8s_query_add(out, "fieldSelector", field_selector);
    k8s_query_add(out, "limit", "500");
    k8s_query_add(out, "continue", continue_token);
    return buffer_string(out) == NULL ? error_no_memory(err, "a request") : 0;
}

int k8s_list_page(const json_t *body, json_t **items, const char **token, struct error *err)
{
    json_t *list = json_object_get(body, "items");
    /* A Go program writes an empty list as null, too. */
    if (!json_is_object(body) ||
        (list != NULL && !json_is_array(list) && !json_is_null(list))) {
        return error_set(err, ERROR_PEER, "the server's list is none");
    }
    *items = json_is_array(list) ? list : NULL;
    *token = k8s_metadata(body, "continue");
    return 0;
}

/* A list that is being fetched into all. */
struct listing {
    struct k8s *k;
    enum k8s_resource resource;
    const char *labels;
    const char *fields;
    json_t *all;
    struct buffer token;
    bool over;
    unsigned restarts;
};

static int ask(struct listing *l, json_t **body, int *status, struct error *err)
{
    struct buffer query = {0};
    const char *token = l->token.size == 0 ? NULL : buffer_string(&l->token);
    int rc = k8s_list_query(&query, l->labels, l->fields, token, err);
    if (rc == 0) {
        const struct k8s_request request = {
            .method = K8S_GET, .resource = l->resource, .query = (const char *)query.data};
        rc = k8s_call(l->k, &request, body, status, err);
    }
    buffer_release(&query);
    return rc;
}

static int add_page(struct listing *l, const json_t *body, struct error *err)
{
    json_t *items = NULL;
    const char *token = "";
    if (k8s_list_page(body, &items, &token, err) != 0) {
        return -1;
    }
    if (items != NULL) {
        (void)json_array_extend(l->all, items);
    }
    buffer_clear(&l->token);
    buffer_printf(&l->token, "%s", token);
    l->over = token[0] == '\0';
    return l->token.failed ? error_no_memory(err, "a list") : 0;
}

/* Or begins again, where the token expired. */
static int next_page(struct listing *l, struct error *err)
{
    json_t *body = NULL;
    int status = 0;
    int rc = ask(l, &body, &status, err);
    if (rc == 0) {
        rc = add_page(l, body, err);
        json_decref(body);
        return rc;
    }
    if (status == 410 && l->restarts < RESTARTS) {
        l->restarts++;
        (void)json_array_clear(l->all);
        buffer_clear(&l->token);
        return 0;
    }
    return -1;
}

json_t *k8s_list(struct k8s *k, enum k8s_resource resource, const char *label_selector,
                 const char *field_selector, struct error *err)
{
    struct listing l = {.k = k,
                        .resource = resource,
                        .labels = label_selector,
                        .fields = field_selector,
                        .all = json_array()};
    int rc = 0;
    while (rc == 0 && !l.over) {
        rc = next_page(&l, err);
    }
    buffer_release(&l.token);
    if (rc != 0) {
        json_decref(l.all);
        return NULL;
    }
    return l.all;
}
