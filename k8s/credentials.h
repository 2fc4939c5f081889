/* SPDX-License-Identifier: Apache-2.0 */
/* credentials.h - who we are to the API server, kept fresh: token files that are replaced, programs
 * that make tokens which expire.
 *
 * A token's or certificate's file is read again for every request, so that a rotation is met at
 * once. A program is run when there is nothing yet, when what it gave expires, and after a 401. */
#ifndef K8S_CREDENTIALS_H
#define K8S_CREDENTIALS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"
#include "k8s/kubeconfig.h"

struct credentials;

/* config is borrowed for the life of it. Nothing is read or run yet. */
struct credentials *credentials_create(const struct kubeconfig *config, struct error *err);
void credentials_destroy(struct credentials *c); /* ends a running program; NULL is allowed */

enum credentials_state {
    CREDENTIALS_READY,
    CREDENTIALS_WAIT, /* a program runs: ask again when credentials_fds can be read */
    CREDENTIALS_FAILED
};

/* What a request needs; borrowed until the next credentials_get. */
struct identity {
    uint64_t generation;       /* another number for other credentials */
    const char *authorization; /* "Authorization: Bearer ...", or NULL */
    struct bytes certificate;  /* PEM, or empty */
    struct bytes key;
};

enum credentials_state credentials_get(struct credentials *c, struct identity *out,
                                       struct error *err);

/* The server refused that generation (401). True if another try makes sense: *wait_ms later. */
bool credentials_refused(struct credentials *c, uint64_t generation, uint32_t *wait_ms);

/* At most 2 descriptors to poll while it waits, and until when; the number. */
size_t credentials_fds(const struct credentials *c, int fd[2], uint64_t *until_ms);

#endif
