/* SPDX-License-Identifier: Apache-2.0 */
/* kubeconfig.c - see kubeconfig.h
 *
 * From the trees of base/yaml.h to one struct. Unknown fields are passed over, as the format grows;
 * what is known and wrong is refused with file and line. Which files there are is
 * kubeconfig_read.c's. */
#include "k8s/kubeconfig.h"

#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/file.h"
#include "base/size.h"
#include "base/yaml.h"

/* The parsed texts. */
struct sources {
    size_t n;
    const struct kubeconfig_text *text;
    struct yaml *root[KUBECONFIG_FILES];
};

/* A map of a kubeconfig, and the text that it stands in. */
struct entry {
    const struct yaml *map;
    const struct kubeconfig_text *text;
};

static int refuse(const struct entry *entry, const struct yaml *node, const char *why,
                  struct error *err)
{
    return error_set(err, ERROR_INPUT, "%s: line %zu: %s", entry->text->path, node->line, why);
}

/* The same of a key's value. */
static int refuse_key(const struct entry *entry, const struct yaml *node, const char *key,
                      const char *why, struct error *err)
{
    return error_set(err, ERROR_INPUT, "%s: line %zu: %s %s", entry->text->path, node->line,
                     key, why);
}

/* The value of a key that is set: NULL for null and for an empty text too. */
static const struct yaml *find_set(const struct yaml *map, const char *key)
{
    const struct yaml *node = yaml_find(map, key);
    bool unset = node == NULL || yaml_is_null(node) ||
                 (node->kind == YAML_SCALAR && node->text[0] == '\0');
    return unset ? NULL : node;
}

static int get_text(const struct entry *entry, const char *key, char **out, struct error *err)
{
    const struct yaml *node = find_set(entry->map, key);
    if (node == NULL) {
        return 0;
    }
    if (node->kind != YAML_SCALAR) {
        return refuse_key(entry, node, key, "is to be a text", err);
    }
    *out = strdup(node->text);
    return *out == NULL ? error_no_memory(err, "a kubeconfig") : 0;
}

static int get_bool(const struct entry *entry, const char *key, bool *out, struct error *err)
{
    const struct yaml *node = find_set(entry->map, key);
    if (node == NULL) {
        return 0;
    }
    return yaml_bool(node, out, err) == 0 ? 0
                                          : error_prefix(err, "%s: %s", entry->text->path, key);
}

/* A path, seen from the kubeconfig's folder. */
static int get_path(const struct entry *entry, const char *key, char **out, struct error *err)
{
    char *path = NULL;
    if (get_text(entry, key, &path, err) != 0) {
        return -1;
    }
    if (path != NULL) {
        *out = file_join(entry->text->folder, path);
        free(path);
        return *out == NULL ? error_no_memory(err, "a kubeconfig") : 0;
    }
    return 0;
}

/* The bytes of KEY-data, which counts before the path of KEY. */
static int get_data(const struct entry *entry, const char *key, struct buffer *out,
                    struct error *err)
{
    const struct yaml *node = find_set(entry->map, key);
    if (node == NULL) {
        return 0;
    }
    if (node->kind != YAML_SCALAR || base64_decode(node->text, out, err) != 0) {
        return refuse_key(entry, node, key, "is no base64 text", err);
    }
    return 0;
}

/* The item of a list that is called name, or NULL. */
static const struct yaml *find_named(const struct yaml *list, const char *name)
{
    for (size_t i = 0; list != NULL && list->kind == YAML_LIST && i < list->n; i++) {
        const struct yaml *own = find_set(list->item[i], "name");
        if (own != NULL && own->kind == YAML_SCALAR && strcmp(own->text, name) == 0) {
            return list->item[i];
        }
    }
    return NULL;
}

/* The map under `field` in the item of `kind:` (clusters, users, contexts) that is called name.
 * The first of several counts. */
static int find_entry(const struct sources *s, const char *kind, const char *field,
                      const char *name, struct entry *out, struct error *err)
{
    for (size_t i = 0; i < s->n; i++) {
        const struct yaml *item = find_named(yaml_find(s->root[i], kind), name);
        if (item != NULL) {
            *out = (struct entry){yaml_find(item, field), &s->text[i]};
            return 0;
        }
    }
    error_set(err, ERROR_INPUT, "%s: no '%s' among its %s: mend it, or use another context",
              s->text[0].path, name, kind);
    return -1;
}

static int read_cluster(struct kubeconfig *out, const struct entry *cluster, struct error *err)
{
    if (get_text(cluster, "server", &out->server, err) != 0 ||
        get_text(cluster, "proxy-url", &out->proxy, err) != 0 ||
        get_text(cluster, "tls-server-name", &out->server_name, err) != 0 ||
        get_bool(cluster, "insecure-skip-tls-verify", &out->insecure, err) != 0 ||
        get_data(cluster, "certificate-authority-data", &out->authority, err) != 0 ||
        get_path(cluster, "certificate-authority", &out->authority_path, err) != 0) {
        return -1;
    }
    if (out->server == NULL) {
        return error_set(
            err, ERROR_INPUT,
            "%s: the cluster of context '%s' has no server: mend it, or get a kubeconfig "
            "anew from your provider",
            cluster->text->path, out->context);
    }
    size_t n = strlen(out->server);
    while (n > 0 && out->server[n - 1] == '/') {
        out->server[--n] = '\0';
    }
    return 0;
}

/* The list's items become *n new texts of *out. to_text makes one of them, NULL if it cannot. */
static int get_list(const struct entry *entry, const char *key,
                    char *(*to_text)(const struct yaml *item), char ***out, size_t *n,
                    struct error *err)
{
    const struct yaml *list = find_set(entry->map, key);
    if (list == NULL) {
        return 0;
    }
    if (list->kind != YAML_LIST) {
        return refuse_key(entry, list, key, "is to be a list", err);
    }
    *out = calloc(list->n + 1, sizeof **out);
    for (size_t i = 0; *out != NULL && i < list->n; i++) {
        (*out)[i] = to_text(list->item[i]);
        if ((*out)[i] == NULL) {
            return refuse_key(entry, list->item[i], key, "has an item that is none", err);
        }
        *n = i + 1;
    }
    return *out == NULL ? error_no_memory(err, "a kubeconfig") : 0;
}

static char *argument_text(const struct yaml *item)
{
    return item->kind == YAML_SCALAR ? strdup(item->text) : NULL;
}

/* {name: N, value: V} as "N=V". */
static char *variable_text(const struct yaml *item)
{
    const struct yaml *name = yaml_find(item, "name");
    const struct yaml *value = yaml_find(item, "value");
    bool good = name != NULL && name->kind == YAML_SCALAR && name->text[0] != '\0' &&
                strchr(name->text, '=') == NULL && value != NULL && value->kind == YAML_SCALAR;
    if (!good) {
        return NULL;
    }
    struct buffer text = {0};
    buffer_printf(&text, "%s=%s", name->text, value->text);
    char *copy = buffer_string(&text) == NULL ? NULL : strdup(buffer_string(&text));
    buffer_release(&text);
    return copy;
}

static int read_interactive(const struct entry *exec, enum kubeconfig_interactive *out,
                            struct error *err)
{
    static const char *const names[] = {[INTERACTIVE_NEVER] = "Never",
                                        [INTERACTIVE_IF_AVAILABLE] = "IfAvailable",
                                        [INTERACTIVE_ALWAYS] = "Always"};
    const struct yaml *node = find_set(exec->map, "interactiveMode");
    *out = INTERACTIVE_IF_AVAILABLE;
    if (node == NULL) {
        return 0; /* as v1beta1 has it; v1 asks for the field, we need not */
    }
    for (size_t i = 0; node->kind == YAML_SCALAR && i < ARRAY_LENGTH(names); i++) {
        if (strcmp(node->text, names[i]) == 0) {
            *out = (enum kubeconfig_interactive)i;
            return 0;
        }
    }
    return refuse(exec, node, "interactiveMode is Never, IfAvailable or Always", err);
}

/* A command with a slash is a path, seen from the kubeconfig; a bare name is looked for in PATH. */
static int read_command(const struct entry *exec, char **out, struct error *err)
{
    const struct yaml *node = find_set(exec->map, "command");
    if (node == NULL || node->kind != YAML_SCALAR) {
        return refuse(exec, exec->map, "exec has no command", err);
    }
    bool bare = strchr(node->text, '/') == NULL;
    return bare ? get_text(exec, "command", out, err) : get_path(exec, "command", out, err);
}

static int read_exec(struct kubeconfig_exec *out, const struct entry *exec, struct error *err)
{
    if (exec->map->kind != YAML_MAP) {
        return refuse(exec, exec->map, "exec is to be a map", err);
    }
    if (get_text(exec, "apiVersion", &out->api_version, err) != 0 ||
        get_text(exec, "installHint", &out->install_hint, err) != 0 ||
        get_bool(exec, "provideClusterInfo", &out->provide_cluster_info, err) != 0 ||
        get_list(exec, "args", argument_text, &out->argument, &out->n_arguments, err) != 0 ||
        get_list(exec, "env", variable_text, &out->variable, &out->n_variables, err) != 0 ||
        read_interactive(exec, &out->interactive, err) != 0) {
        return -1;
    }
    const char *version = out->api_version == NULL ? "" : out->api_version;
    if (strcmp(version, "client.authentication.k8s.io/v1") != 0 &&
        strcmp(version, "client.authentication.k8s.io/v1beta1") != 0) {
        return error_set(err, ERROR_INPUT,
                         "%s: line %zu: exec's apiVersion is '%s', not "
                         "client.authentication.k8s.io/v1 or v1beta1: renew the kubeconfig "
                         "with your provider's tool",
                         exec->text->path, exec->map->line, version);
    }
    return read_command(exec, &out->command, err);
}

static int read_user(struct kubeconfig *out, const struct entry *user, struct error *err)
{
    if (get_data(user, "client-certificate-data", &out->certificate, err) != 0 ||
        get_path(user, "client-certificate", &out->certificate_path, err) != 0 ||
        get_data(user, "client-key-data", &out->key, err) != 0 ||
        get_path(user, "client-key", &out->key_path, err) != 0 ||
        get_text(user, "token", &out->token, err) != 0 ||
        get_path(user, "tokenFile", &out->token_path, err) != 0 ||
        get_text(user, "username", &out->username, err) != 0 ||
        get_text(user, "password", &out->password, err) != 0) {
        return -1;
    }
    const struct yaml *provider = find_set(user->map, "auth-provider");
    if (provider != NULL) {
        return refuse(user, provider,
                      "auth-provider is gone from Kubernetes since 1.26: renew the kubeconfig "
                      "with your provider's tool, which writes exec instead",
                      err);
    }
    bool has_certificate = out->certificate.size > 0 || out->certificate_path != NULL;
    bool has_key = out->key.size > 0 || out->key_path != NULL;
    if (has_certificate != has_key) {
        return refuse(user, user->map,
                      "client-certificate and client-key go together: give both", err);
    }
    const struct entry exec = {find_set(user->map, "exec"), user->text};
    return exec.map == NULL ? 0 : read_exec(&out->exec, &exec, err);
}

static int current_context(const struct sources *s, const char *asked, char **out,
                           struct error *err)
{
    for (size_t i = 0; asked == NULL && i < s->n; i++) {
        const struct yaml *node = find_set(s->root[i], "current-context");
        asked = node != NULL && node->kind == YAML_SCALAR ? node->text : NULL;
    }
    if (asked == NULL) {
        error_set(err, ERROR_INPUT,
                  "%s: has no current-context: name one, or set it with "
                  "`kubectl config use-context`",
                  s->text[0].path);
        return -1;
    }
    *out = strdup(asked);
    return *out == NULL ? error_no_memory(err, "a kubeconfig") : 0;
}

static int read_context(struct kubeconfig *out, const struct sources *s, struct error *err)
{
    struct entry context = {0};
    struct entry cluster = {0};
    struct entry user = {0};
    if (find_entry(s, "contexts", "context", out->context, &context, err) != 0) {
        return -1;
    }
    const struct yaml *cluster_name = find_set(context.map, "cluster");
    const struct yaml *user_name = find_set(context.map, "user");
    if (cluster_name == NULL || cluster_name->kind != YAML_SCALAR) {
        error_set(err, ERROR_INPUT, "%s: context '%s' has no cluster", context.text->path,
                  out->context);
        return -1;
    }
    if (get_text(&context, "namespace", &out->namespace, err) != 0 ||
        find_entry(s, "clusters", "cluster", cluster_name->text, &cluster, err) != 0 ||
        read_cluster(out, &cluster, err) != 0) {
        return -1;
    }
    if (user_name == NULL || user_name->kind != YAML_SCALAR) {
        return 0; /* a server that asks nobody who he is, behind a proxy say */
    }
    if (find_entry(s, "users", "user", user_name->text, &user, err) != 0) {
        return -1;
    }
    return user.map == NULL ? 0 : read_user(out, &user, err);
}

int kubeconfig_decode(struct kubeconfig *out, const struct kubeconfig_text *text, size_t n,
                      const char *context, struct error *err)
{
    struct sources s = {.text = text};
    struct kubeconfig made = {0};
    int rc = 0;
    if (n == 0 || n > KUBECONFIG_FILES) {
        rc = error_set(err, ERROR_INPUT, "%zu kubeconfigs, not 1 to %d", n, KUBECONFIG_FILES);
    }
    for (size_t i = 0; rc == 0 && i < n; i++) {
        s.root[i] = yaml_parse(text[i].data, text[i].size, err);
        rc = s.root[i] == NULL ? error_prefix(err, "%s", text[i].path) : 0;
        s.n += rc == 0 ? 1 : 0;
    }
    rc = rc == 0 ? current_context(&s, context, &made.context, err) : rc;
    rc = rc == 0 ? read_context(&made, &s, err) : rc;
    for (size_t i = 0; i < s.n; i++) {
        yaml_destroy(s.root[i]);
    }
    if (rc != 0) {
        kubeconfig_release(&made);
        return -1;
    }
    *out = made;
    return 0;
}
