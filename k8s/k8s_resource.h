/* SPDX-License-Identifier: Apache-2.0 */
/* k8s_resource.h - where requests go: resources, paths, queries. */
#ifndef K8S_K8S_RESOURCE_H
#define K8S_K8S_RESOURCE_H

#include "base/bytes.h"
#include "k8s/k8s.h"

/* Appends path and query of a request: "/apis/batch/v1/namespaces/n/jobs/x?limit=1". namespace_ is the
 * one that counts where the request names none. ERROR_INPUT for a name or a subresource that
 * would lead somewhere else. */
int k8s_resource_path(const struct k8s_request *request, const char *namespace_,
                      struct buffer *out, struct error *err);

/* "jobs/x in namespace n", for messages. */
void k8s_resource_describe(const struct k8s_request *request, const char *namespace_, char *out,
                           size_t size);

/* Appends "&NAME=VALUE", escaped; nothing for a value of NULL. */
void k8s_query_add(struct buffer *query, const char *name, const char *value);

#endif
