/* SPDX-License-Identifier: Apache-2.0 */
/* test_kubeconfig.c - claims about k8s/kubeconfig.h */
#include "k8s/kubeconfig.h"

#include <unistd.h>

#include "base/file.h"
#include "tests/support/check.h"

static int decode(struct kubeconfig *out, const char *text, const char *context,
                  struct error *err)
{
    const struct kubeconfig_text one = {"K", "/folder", text, strlen(text)};
    return kubeconfig_decode(out, &one, 1, context, err);
}

static const char whole[] = "apiVersion: v1\n"
                            "kind: Config\n"
                            "preferences: {}\n"
                            "current-context: second\n"
                            "clusters:\n"
                            "- name: c1\n"
                            "  cluster: {server: 'https://one:6443'}\n"
                            "- name: c2\n"
                            "  cluster:\n"
                            "    server: https://two.example/prefix/\n"
                            "    certificate-authority-data: QUJD\n"
                            "    certificate-authority: ca.crt\n"
                            "    tls-server-name: inner\n"
                            "    proxy-url: socks5://localhost:1080\n"
                            "    insecure-skip-tls-verify: true\n"
                            "    extensions: [{name: x, extension: {a: b}}]\n"
                            "users:\n"
                            "- name: u1\n"
                            "  user:\n"
                            "    token: abc\n"
                            "- name: u2\n"
                            "  user:\n"
                            "    client-certificate-data: REVG\n"
                            "    client-key: keys/key.pem\n"
                            "    tokenFile: /var/token\n"
                            "    username: me\n"
                            "    password: 'secret'\n"
                            "    exec:\n"
                            "      apiVersion: client.authentication.k8s.io/v1beta1\n"
                            "      command: bin/plugin\n"
                            "      args: [get-token, --name, 'a b; $(c) \"d\"']\n"
                            "      env: [{name: PROFILE, value: x=y}]\n"
                            "      installHint: get it from example.org\n"
                            "      provideClusterInfo: true\n"
                            "      interactiveMode: Never\n"
                            "contexts:\n"
                            "- name: first\n"
                            "  context: {cluster: c1, user: u1}\n"
                            "- name: second\n"
                            "  context: {cluster: c2, user: u2, namespace: lab}\n"
                            "- name: third\n"
                            "  context: {cluster: c1}\n";

static void the_current_context_is_read_whole(void **state)
{
    (void)state;
    struct error err = {0};
    struct kubeconfig k = {0};
    check_ok(decode(&k, whole, NULL, &err), &err);
    assert_string_equal(k.context, "second");
    assert_string_equal(k.namespace, "lab");
    assert_string_equal(k.server, "https://two.example/prefix");
    assert_string_equal(k.server_name, "inner");
    assert_string_equal(k.proxy, "socks5://localhost:1080");
    assert_true(k.insecure);
    assert_int_equal(k.authority.size, 3);
    assert_memory_equal(k.authority.data, "ABC", 3);
    assert_string_equal(k.authority_path, "/folder/ca.crt");
    assert_memory_equal(k.certificate.data, "DEF", 3);
    assert_string_equal(k.key_path, "/folder/keys/key.pem");
    assert_string_equal(k.token_path, "/var/token");
    assert_string_equal(k.username, "me");
    assert_string_equal(k.password, "secret");
    assert_string_equal(k.exec.command, "/folder/bin/plugin");
    assert_int_equal(k.exec.n_arguments, 3);
    assert_string_equal(k.exec.argument[2], "a b; $(c) \"d\"");
    assert_int_equal(k.exec.n_variables, 1);
    assert_string_equal(k.exec.variable[0], "PROFILE=x=y");
    assert_string_equal(k.exec.install_hint, "get it from example.org");
    assert_true(k.exec.provide_cluster_info);
    assert_int_equal(k.exec.interactive, INTERACTIVE_NEVER);
    kubeconfig_release(&k);
}

static void another_context_may_be_asked_for(void **state)
{
    (void)state;
    struct error err = {0};
    struct kubeconfig k = {0};
    check_ok(decode(&k, whole, "first", &err), &err);
    assert_string_equal(k.server, "https://one:6443");
    assert_string_equal(k.token, "abc");
    assert_null(k.namespace);
    assert_null(k.exec.command);
    kubeconfig_release(&k);
    check_ok(decode(&k, whole, "third", &err), &err);
    assert_null(k.token);
    kubeconfig_release(&k);
    assert_int_equal(decode(&k, whole, "fourth", &err), -1);
    assert_string_equal(err.text,
                        "K: no 'fourth' among its contexts: mend it, or use another context");
}

#define CONTEXT "current-context: x\ncontexts: [{name: x, context: {cluster: c, user: u}}]\n"
#define CLUSTER "clusters: [{name: c, cluster: {server: 'https://h'}}]\n"
#define EXEC    "{command: p, apiVersion: client.authentication.k8s.io/v1"

static const struct {
    const char *text;
    const char *why;
} wrong_cases[] = {
    {"", "K: line 1: there is nothing in it"},
    {"[1, 2]", "K: has no current-context"},
    {"clusters: []\n", "K: has no current-context"},
    {"current-context: ''\n", "K: has no current-context"},
    {"current-context: [x]\n", "K: has no current-context"},
    {"current-context: x\n", "K: no 'x' among its contexts"},
    {"current-context: x\ncontexts: 7\n", "K: no 'x' among its contexts"},
    {"current-context: x\ncontexts: [7, {name: [x]}]\n", "K: no 'x' among its contexts"},
    {"current-context: x\ncontexts: [{name: x}]\n", "K: context 'x' has no cluster"},
    {CONTEXT, "K: no 'c' among its clusters"},
    {CONTEXT "clusters: [{name: c, cluster: {}}]\n", "has no server"},
    {CONTEXT "clusters: [{name: c, cluster: {server: [a]}}]\n",
     "line 3: server is to be a text"},
    {CONTEXT CLUSTER, "K: no 'u' among its users"},
    {CONTEXT "clusters: [{name: c, cluster: {server: h, insecure-skip-tls-verify: maybe}}]\n",
     "neither true nor false"},
    {CONTEXT "clusters: [{name: c, cluster: {server: h, certificate-authority-data: '%%'}}]\n",
     "certificate-authority-data is no base64"},
    {CONTEXT CLUSTER "users: [{name: u, user: {client-key-data: 'SECRET!'}}]\n",
     "K: line 4: client-key-data is no base64"},
    {CONTEXT CLUSTER "users: [{name: u, user: {client-key-data: QUJD}}]\n", "go together"},
    {CONTEXT CLUSTER "users: [{name: u, user: {client-certificate: a}}]\n", "go together"},
    {CONTEXT CLUSTER "users: [{name: u, user: {auth-provider: {name: gcp}}}]\n", "1.26"},
    {CONTEXT CLUSTER "users: [{name: u, user: {exec: 7}}]\n", "exec is to be a map"},
    {CONTEXT CLUSTER "users: [{name: u, user: {exec: {command: p}}}]\n", "apiVersion is ''"},
    {CONTEXT CLUSTER "users: [{name: u, user: {exec: {command: p, apiVersion: "
                     "client.authentication.k8s.io/v1alpha1}}}]\n",
     "v1alpha1"},
    {CONTEXT CLUSTER "users: [{name: u, user: {exec: {apiVersion: "
                     "client.authentication.k8s.io/v1}}}]\n",
     "exec has no command"},
    {CONTEXT CLUSTER "users: [{name: u, user: {exec: " EXEC ", args: p}}}]\n",
     "args is to be a list"},
    {CONTEXT CLUSTER "users: [{name: u, user: {exec: " EXEC ", args: [[a]]}}}]\n", "args has"},
    {CONTEXT CLUSTER "users: [{name: u, user: {exec: " EXEC ", env: [{name: A}]}}}]\n",
     "env has"},
    {CONTEXT CLUSTER "users: [{name: u, user: {exec: " EXEC
                     ", env: [{name: A=B, value: c}]}}}]\n",
     "env has"},
    {CONTEXT CLUSTER "users: [{name: u, user: {exec: " EXEC ", interactiveMode: always}}}]\n",
     "interactiveMode is Never"},
};

static void wrong_ones_are_refused_with_the_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(wrong_cases); i++) {
        struct error err = {0};
        struct kubeconfig k = {.insecure = true};
        check_that(decode(&k, wrong_cases[i].text, NULL, &err) == -1, wrong_cases[i].text);
        assert_int_equal(err.kind, ERROR_INPUT);
        check_contains(err.text, wrong_cases[i].why);
        check_contains(err.text, "K: ");
        assert_null(strstr(err.text, "SECRET"));
        assert_true(k.insecure);
    }
}

static void any_cut_of_one_is_read_or_refused(void **state)
{
    (void)state;
    for (size_t size = 0; size < sizeof whole; size++) {
        struct error err = {0};
        struct kubeconfig k = {0};
        char *exact = malloc(size + 1);
        assert_non_null(exact);
        memcpy(exact, whole, size);
        exact = realloc(exact, size == 0 ? 1 : size);
        const struct kubeconfig_text one = {"K", "/", exact, size};
        if (kubeconfig_decode(&k, &one, 1, NULL, &err) != 0) {
            assert_int_equal(err.kind, ERROR_INPUT);
        }
        kubeconfig_release(&k);
        free(exact);
    }
}

/* The path of a new file in the folder; to be freed. */
static char *put(const char *folder, const char *name, const char *text)
{
    struct error err = {0};
    char *path = file_join(folder, name);
    check_ok(file_write(path, 0600, text, strlen(text), &err), &err);
    return path;
}

static void of_several_files_the_first_counts(void **state)
{
    (void)state;
    struct error err = {0};
    struct kubeconfig k = {0};
    char *folder = check_make_folder();
    char *a = put(folder, "a", "users: [{name: u, user: {tokenFile: t}}]\nclusters: []\n");
    char *b = put(folder, "b",
                  CONTEXT "clusters: [{name: c, cluster: {server: 'https://b', "
                          "certificate-authority: ca}}]\n"
                          "users: [{name: u, user: {token: b}}]\n");
    char *c = put(folder, "c", "current-context: y\n" CLUSTER);
    char *ca = put(folder, "ca", "PEM");
    struct buffer list = {0};
    buffer_printf(&list, "%s:missing::%s:%s", a, b, c);
    check_ok(kubeconfig_read(&k, buffer_string(&list), NULL, &err), &err);
    assert_string_equal(k.context, "x");
    assert_string_equal(k.server, "https://b");
    assert_null(k.token);
    char *token = file_join(folder, "t");
    assert_string_equal(k.token_path, token);
    assert_int_equal(k.authority.size, 3);
    kubeconfig_release(&k);
    assert_int_equal(unlink(ca), 0);
    assert_int_equal(kubeconfig_read(&k, b, NULL, &err), -1);
    check_begins(err.text, "the kubeconfig's certificate-authority: ");
    check_contains(err.text, ca);
    free(a);
    free(b);
    free(c);
    free(ca);
    free(token);
    buffer_release(&list);
    check_remove_folder(folder);
}

static void files_that_are_not_there_are_named(void **state)
{
    (void)state;
    struct error err = {0};
    struct kubeconfig k = {0};
    assert_int_equal(kubeconfig_read(&k, "nowhere/config", NULL, &err), -1);
    assert_int_equal(err.kind, ERROR_INPUT);
    check_contains(err.text, "nowhere/config");
    assert_int_equal(kubeconfig_read(&k, "nowhere/a:nowhere/b", NULL, &err), -1);
    check_contains(err.text, "nowhere/a:nowhere/b");
}

static void a_pod_has_its_service_account(void **state)
{
    (void)state;
    struct error err = {0};
    struct kubeconfig k = {0};
    char *folder = check_make_folder();
    char *token = put(folder, "token", "abc");
    assert_int_equal(kubeconfig_read_pod(&k, "10.96.0.1", "443", folder, &err), -1);
    check_begins(err.text, "the pod's service account: ");
    free(put(folder, "ca.crt", "PEM"));
    free(put(folder, "namespace", "lab\n"));
    check_ok(kubeconfig_read_pod(&k, "10.96.0.1", "443", folder, &err), &err);
    assert_string_equal(k.server, "https://10.96.0.1:443");
    assert_string_equal(k.namespace, "lab");
    assert_string_equal(k.token_path, token);
    assert_int_equal(k.authority.size, 3);
    kubeconfig_release(&k);
    check_ok(kubeconfig_read_pod(&k, "fd00::1", "443", folder, &err), &err);
    assert_string_equal(k.server, "https://[fd00::1]:443");
    kubeconfig_release(&k);
    free(token);
    check_remove_folder(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_current_context_is_read_whole),
        cmocka_unit_test(another_context_may_be_asked_for),
        cmocka_unit_test(wrong_ones_are_refused_with_the_place),
        cmocka_unit_test(any_cut_of_one_is_read_or_refused),
        cmocka_unit_test(of_several_files_the_first_counts),
        cmocka_unit_test(files_that_are_not_there_are_named),
        cmocka_unit_test(a_pod_has_its_service_account),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
