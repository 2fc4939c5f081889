/* SPDX-License-Identifier: Apache-2.0 */
/* sandbox.h - what the compute program gives up before it opens anybody's data.
 *
 * Files are parsed by a library that is not made for hostile ones. So the process that does it
 * can then not reach the network, start programs or processes, write files, look into or signal
 * other processes, nor take more memory than it was given; and it ends with its parent. */
#ifndef WORKER_SANDBOX_H
#define WORKER_SANDBOX_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct sandbox_limits {
    uint64_t memory_bytes; /* address space; 0: no limit */
    bool keeps_files; /* files that are open for writing can still be written: the output of
                            * a program called by hand */
};

/* For ever, for all threads. What is open stays open: pipes can be read and written, regular files
 * no longer written (errno EFBIG). *filtered: whether the kernel filters system calls; where it
 * cannot, the limits stand alone and this is no failure. Fails with ERROR_SYSTEM. Built with
 * AddressSanitizer or ThreadSanitizer, which need them, memory and new processes are not
 * limited. */
int sandbox_enter(const struct sandbox_limits *limits, bool *filtered, struct error *err);

#endif
