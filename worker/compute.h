/* SPDX-License-Identifier: Apache-2.0 */
/* compute.h - the compute program: the one that opens people's files. It reads the order and
 * leases from its standard input, computes one after the other inside the sandbox, and writes
 * results, failures and heartbeats to its standard output. It knows no network. */
#ifndef WORKER_COMPUTE_H
#define WORKER_COMPUTE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct compute_options {
    size_t n_threads;
    uint64_t memory_bytes; /* address space, 0: no limit */
};

/* Until the end of the input (0), or until the pipes break (-1). */
int compute_run(const struct compute_options *options, struct error *err);

#endif
