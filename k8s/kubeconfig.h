/* SPDX-License-Identifier: Apache-2.0 */
/* kubeconfig.h - what one context of a kubeconfig, or a pod's service account, says: where the API
 * server is, whom to believe, and where credentials come from. */
#ifndef K8S_KUBECONFIG_H
#define K8S_KUBECONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"
#include "base/error.h"

enum kubeconfig_interactive { INTERACTIVE_NEVER, INTERACTIVE_IF_AVAILABLE, INTERACTIVE_ALWAYS };

/* A program that makes credentials (users: exec). */
struct kubeconfig_exec {
    char *command;      /* a path, or a name to look for in PATH; NULL: there is none */
    char *api_version;  /* "client.authentication.k8s.io/v1" or ".../v1beta1" */
    char *install_hint; /* or NULL */
    bool provide_cluster_info;
    enum kubeconfig_interactive interactive;
    size_t n_arguments;
    char **argument;
    size_t n_variables;
    char **variable; /* "NAME=value" */
};

/* Texts are owned; NULL where nothing is said. Paths are absolute, or relative to this process' folder
 * where the kubeconfig's own path is. */
struct kubeconfig {
    char *context; /* "" in a pod */
    char *namespace;
    char *server; /* without a slash at its end */
    char *proxy;
    char *server_name;
    bool insecure;
    struct buffer authority; /* PEM, or empty: then the file */
    char *authority_path;
    struct buffer certificate; /* PEM, likewise */
    char *certificate_path;
    struct buffer key;
    char *key_path;
    char *token;
    char *token_path; /* counts before token */
    char *username;
    char *password;
    struct kubeconfig_exec exec;
};

/* A kubeconfig's text and the folder that its relative paths count from. */
struct kubeconfig_text {
    const char *path; /* for messages */
    const char *folder;
    const void *data;
    size_t size;
};

enum { KUBECONFIG_FILES = 32, KUBECONFIG_SIZE_LIMIT = 4 << 20 };

/* Fills *out from n texts, the first of which counts where two name the same. context NULL: the
 * current one. No file is opened. ERROR_INPUT names file and line; no secret is ever in a text. */
int kubeconfig_decode(struct kubeconfig *out, const struct kubeconfig_text *text, size_t n,
                      const char *context, struct error *err);

/* The same from files: paths with colons between, of which some may be missing if there are
 * several. The certificate authority's file is read too. */
int kubeconfig_read(struct kubeconfig *out, const char *paths, const char *context,
                    struct error *err);

/* The service account of a pod, in the folder where Kubernetes mounts it. */
#define KUBECONFIG_POD_FOLDER "/var/run/secrets/kubernetes.io/serviceaccount"
int kubeconfig_read_pod(struct kubeconfig *out, const char *host, const char *port,
                        const char *folder, struct error *err);

/* As k8s_options.kubeconfig says for NULL. */
int kubeconfig_find(struct kubeconfig *out, const char *context, struct error *err);

void kubeconfig_release(struct kubeconfig *config); /* safe on a zeroed one */

#endif
