/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_kubeconfig.c - fuzzes k8s/kubeconfig.h and what its programs answer: what is accepted is whole. */
#include <string.h>

#include "k8s/exec_plugin.h"
#include "k8s/kubeconfig.h"
#include "tests/fuzz/fuzz.h"

static void check_accepted(const struct kubeconfig *k)
{
    FUZZ_CHECK(k->context != NULL && k->context[0] != '\0');
    FUZZ_CHECK(k->server != NULL);
    FUZZ_CHECK(k->certificate_path == NULL || k->certificate_path[0] == '/');
    FUZZ_CHECK(k->token_path == NULL || k->token_path[0] == '/');
    for (size_t i = 0; i < k->exec.n_arguments; i++) {
        FUZZ_CHECK(k->exec.argument[i] != NULL);
    }
    for (size_t i = 0; i < k->exec.n_variables; i++) {
        FUZZ_CHECK(strchr(k->exec.variable[i], '=') > k->exec.variable[i]);
    }
    FUZZ_CHECK(k->exec.command == NULL || k->exec.api_version != NULL);
}

static void try_credential(const uint8_t *data, size_t size)
{
    struct error err = {0};
    struct exec_credential made = {0};
    if (exec_credential_decode(&made, data, size, "client.authentication.k8s.io/v1", &err) !=
        0) {
        fuzz_check_refused(&err, ERROR_PEER);
    } else {
        FUZZ_CHECK(made.token != NULL || made.certificate.size > 0);
    }
    exec_credential_release(&made);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error err = {0};
    struct kubeconfig k = {0};
    const uint8_t *split = size == 0 ? NULL : memchr(data, '\x1e', size);
    size_t first = split == NULL ? size : (size_t)(split - data);
    size_t second = split == NULL ? 0 : size - first - 1;
    const struct kubeconfig_text text[] = {{"a", "/a", data, first},
                                           {"b", "/b", data + size - second, second}};
    if (kubeconfig_decode(&k, text, split == NULL ? 1 : 2, NULL, &err) != 0) {
        fuzz_check_refused(&err, ERROR_INPUT);
    } else {
        check_accepted(&k);
    }
    kubeconfig_release(&k);
    try_credential(data, size);
    return 0;
}
