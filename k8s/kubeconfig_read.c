/* SPDX-License-Identifier: Apache-2.0 */
/* kubeconfig_read.c - see kubeconfig.h: where kubeconfigs are, and what a pod has instead. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "k8s/kubeconfig.h"

/* The files of a list, read. */
struct files {
    size_t n;
    struct buffer content[KUBECONFIG_FILES];
    char *path[KUBECONFIG_FILES];
    char *folder[KUBECONFIG_FILES];
};

static void wipe(struct buffer *secret)
{
    if (secret->data != NULL) {
        explicit_bzero(secret->data, secret->room);
    }
    buffer_release(secret);
}

static void free_secret(char *text)
{
    if (text != NULL) {
        explicit_bzero(text, strlen(text));
    }
    free(text);
}

static void release_exec(struct kubeconfig_exec *exec)
{
    for (size_t i = 0; i < exec->n_arguments; i++) {
        free(exec->argument[i]);
    }
    for (size_t i = 0; i < exec->n_variables; i++) {
        free_secret(exec->variable[i]);
    }
    free(exec->argument);
    free(exec->variable);
    free(exec->command);
    free(exec->api_version);
    free(exec->install_hint);
}

void kubeconfig_release(struct kubeconfig *config)
{
    free(config->context);
    free(config->namespace);
    free(config->server);
    free(config->proxy);
    free(config->server_name);
    free(config->authority_path);
    free(config->certificate_path);
    free(config->key_path);
    free(config->token_path);
    free(config->username);
    free_secret(config->token);
    free_secret(config->password);
    buffer_release(&config->authority);
    buffer_release(&config->certificate);
    wipe(&config->key);
    release_exec(&config->exec);
    *config = (struct kubeconfig){0};
}

static void release_files(struct files *files)
{
    for (size_t i = 0; i < KUBECONFIG_FILES; i++) {
        wipe(&files->content[i]);
        free(files->path[i]);
        free(files->folder[i]);
    }
}

static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL) {
        return strdup(".");
    }
    return slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}

/* Takes the next path of the list, of size bytes. A missing file is passed over if it may be. */
static int add_file(struct files *files, const char *path, size_t size, bool may_miss,
                    struct error *err)
{
    if (files->n == KUBECONFIG_FILES) {
        return error_set(err, ERROR_INPUT, "more than %d kubeconfigs", KUBECONFIG_FILES);
    }
    size_t i = files->n;
    free(files->path[i]);
    files->path[i] = strndup(path, size);
    if (files->path[i] == NULL) {
        return error_no_memory(err, "a kubeconfig");
    }
    if (may_miss && access(files->path[i], F_OK) != 0) {
        return 0;
    }
    files->folder[i] = folder_of(files->path[i]);
    if (files->folder[i] == NULL) {
        return error_no_memory(err, "a kubeconfig");
    }
    struct buffer content = {0};
    int rc = file_read(files->path[i], KUBECONFIG_SIZE_LIMIT, &content, err);
    files->content[i] = content; /* released with the rest, either way */
    if (rc != 0) {
        error_prefix(err, "kubeconfig");
        return -1;
    }
    files->n++;
    return 0;
}

static int add_files(struct files *files, const char *paths, struct error *err)
{
    bool several = strchr(paths, ':') != NULL;
    for (const char *at = paths; *at != '\0';) {
        size_t size = strcspn(at, ":");
        if (size > 0 && add_file(files, at, size, several, err) != 0) {
            return -1;
        }
        at += size + (at[size] == ':' ? 1 : 0);
    }
    if (files->n == 0) {
        return error_set(err, ERROR_INPUT, "%s: none of these kubeconfigs is there", paths);
    }
    return 0;
}

static int decode_files(struct kubeconfig *out, const struct files *files, const char *context,
                        struct error *err)
{
    struct kubeconfig_text text[KUBECONFIG_FILES];
    for (size_t i = 0; i < files->n; i++) {
        text[i] = (struct kubeconfig_text){files->path[i], files->folder[i],
                                           files->content[i].data, files->content[i].size};
    }
    return kubeconfig_decode(out, text, files->n, context, err);
}

static int read_authority(struct kubeconfig *config, struct error *err)
{
    bool wanted = config->authority.size == 0 && config->authority_path != NULL;
    if (!wanted) {
        return 0;
    }
    return file_read(config->authority_path, KUBECONFIG_SIZE_LIMIT, &config->authority, err) ==
                   0
               ? 0
               : error_prefix(err, "the kubeconfig's certificate-authority");
}

int kubeconfig_read(struct kubeconfig *out, const char *paths, const char *context,
                    struct error *err)
{
    struct files files = {0};
    struct kubeconfig made = {0};
    int rc = add_files(&files, paths, err);
    rc = rc == 0 ? decode_files(&made, &files, context, err) : rc;
    rc = rc == 0 ? read_authority(&made, err) : rc;
    release_files(&files);
    if (rc != 0) {
        kubeconfig_release(&made);
        return -1;
    }
    *out = made;
    return 0;
}

/* The pod's own namespace, which stands in a file. */
static char *pod_namespace(const char *folder, struct error *err)
{
    struct buffer text = {0};
    char *path = file_join(folder, "namespace");
    char *namespace = NULL;
    if (path == NULL) {
        error_no_memory(err, "a path");
    } else if (file_read(path, 256, &text, err) == 0) {
        size_t n = 0;
        while (n < text.size && text.data[n] > ' ') {
            n++;
        }
        namespace = strndup((const char *)text.data, n);
    }
    free(path);
    buffer_release(&text);
    return namespace;
}

int kubeconfig_read_pod(struct kubeconfig *out, const char *host, const char *port,
                        const char *folder, struct error *err)
{
    struct kubeconfig made = {0};
    bool bare_ipv6 = strchr(host, ':') != NULL && host[0] != '[';
    int n = asprintf(&made.server, bare_ipv6 ? "https://[%s]:%s" : "https://%s:%s", host, port);
    made.server = n < 0 ? NULL : made.server;
    made.context = strdup("");
    made.token_path = file_join(folder, "token");
    made.authority_path = file_join(folder, "ca.crt");
    int rc = 0;
    if (made.server == NULL || made.context == NULL || made.token_path == NULL ||
        made.authority_path == NULL) {
        rc = error_no_memory(err, "a service account");
    }
    if (rc == 0) {
        made.namespace = pod_namespace(folder, err);
        rc = made.namespace == NULL ? -1 : read_authority(&made, err);
    }
    if (rc != 0) {
        kubeconfig_release(&made);
        return error_prefix(err, "the pod's service account");
    }
    *out = made;
    return 0;
}

/* NOLINTBEGIN(concurrency-mt-unsafe): the environment is written by nobody */
int kubeconfig_find(struct kubeconfig *out, const char *context, struct error *err)
{
    const char *paths = getenv("KUBECONFIG");
    if (paths != NULL && paths[0] != '\0') {
        return kubeconfig_read(out, paths, context, err);
    }
    const char *host = getenv("KUBERNETES_SERVICE_HOST");
    const char *port = getenv("KUBERNETES_SERVICE_PORT");
    if (host != NULL && port != NULL && access(KUBECONFIG_POD_FOLDER "/token", F_OK) == 0) {
        return kubeconfig_read_pod(out, host, port, KUBECONFIG_POD_FOLDER, err);
    }
    const char *home = getenv("HOME");
    char *path = home == NULL ? NULL : file_join(home, ".kube/config");
    if (path == NULL || access(path, R_OK) != 0) {
        free(path);
        return error_set(
            err, ERROR_INPUT,
            "no kubeconfig: neither KUBECONFIG nor ~/.kube/config is there, and "
            "this is no pod with a service account's token: get one from the cluster's "
            "administrator or your provider");
    }
    int rc = kubeconfig_read(out, path, context, err);
    free(path);
    return rc;
}
/* NOLINTEND(concurrency-mt-unsafe) */
