/* SPDX-License-Identifier: Apache-2.0 */
/* exec_plugin.h - the program of a kubeconfig that makes credentials (client.authentication.k8s.io,
 * v1 and v1beta1): started without a shell, heard without waiting, for at most 60 s. */
#ifndef K8S_EXEC_PLUGIN_H
#define K8S_EXEC_PLUGIN_H

#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"
#include "k8s/kubeconfig.h"

/* What it gave: a token, or a certificate with its key, or both. */
struct exec_credential {
    char *token;               /* or NULL */
    struct buffer certificate; /* PEM, or empty */
    struct buffer key;
    int64_t expires_unix_ms; /* 0: it does not say */
};

void exec_credential_release(struct exec_credential *credential); /* safe on a zeroed one */

/* Reads an ExecCredential of this apiVersion. No secret stands in the error. */
int exec_credential_decode(struct exec_credential *out, const void *data, size_t size,
                           const char *api_version, struct error *err);

struct exec_plugin; /* one that runs */

/* config is borrowed until exec_plugin_stop. The error names the program and, where it is missing, its
 * installHint. */
struct exec_plugin *exec_plugin_start(const struct kubeconfig *config, struct error *err);

enum exec_plugin_state { EXEC_PLUGIN_RUNS, EXEC_PLUGIN_DONE, EXEC_PLUGIN_FAILED };

/* Hears it without waiting; now_ms is clock_now_ms(). *out is filled when it is DONE. */
enum exec_plugin_state exec_plugin_turn(struct exec_plugin *p, uint64_t now_ms,
                                        struct exec_credential *out, struct error *err);

/* What to poll for reading meanwhile: at most 2 descriptors; their number. */
size_t exec_plugin_fds(const struct exec_plugin *p, int fd[2]);

/* When it is killed, on clock_now_ms(). */
uint64_t exec_plugin_deadline_ms(const struct exec_plugin *p);

void exec_plugin_stop(struct exec_plugin *p); /* kills it if it still runs; NULL is allowed */

#endif
