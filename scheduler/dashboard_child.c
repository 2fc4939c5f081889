/* SPDX-License-Identifier: Apache-2.0 */
/* dashboard_child.c - see dashboard_child.h */
#include "scheduler/dashboard_child.h"

#include <stddef.h>

int dashboard_child_start(struct offspring *child, const char *folder, const char *listen,
                          bool allow_control, struct error *err)
{
    const char *words[6] = {"serve", folder};
    size_t n = 2;
    if (listen != NULL) {
        words[n++] = "--listen";
        words[n++] = listen;
    }
    if (allow_control) {
        words[n++] = "--allow-control";
    }
    return offspring_start_beside(child, words, err);
}
