/* SPDX-License-Identifier: Apache-2.0 */
/* k8s_list.h - pages of lists, as k8s_list and watches ask for and read them. */
#ifndef K8S_K8S_LIST_H
#define K8S_K8S_LIST_H

#include "base/bytes.h"
#include "base/error.h"
#include "base/json.h"

/* Appends the query for one page; what is NULL is not said. */
int k8s_list_query(struct buffer *out, const char *label_selector, const char *field_selector,
                   const char *continue_token, struct error *err);

/* *items (NULL: none) and *token ("": the last page) are borrowed from body. ERROR_PEER for what is no
 * list. */
int k8s_list_page(const json_t *body, json_t **items, const char **token, struct error *err);

#endif
