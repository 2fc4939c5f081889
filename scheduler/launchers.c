/* SPDX-License-Identifier: Apache-2.0 */
/* launchers.c - the table of launchers, and the one that starts nothing; see launcher.h */
#include "scheduler/launcher.h"

#include <stdlib.h>
#include <string.h>

const struct launcher_kind *const launchers[] = {&launcher_local, &launcher_none,
                                                 &launcher_jobs, NULL};

const struct launcher_kind *launcher_find(const char *name, struct error *err)
{
    struct error list = {0};
    (void)error_set(&list, ERROR_INPUT, "--on %.40s: there are:", name);
    for (size_t i = 0; launchers[i] != NULL; i++) {
        if (strcmp(launchers[i]->name, name) == 0) {
            return launchers[i];
        }
        (void)error_set(&list, ERROR_INPUT, "%s %s", list.text, launchers[i]->name);
    }
    (void)error_set(err, ERROR_INPUT, "%s", list.text);
    return NULL;
}

/* Workers are started by hand and join by worker.json: there is nothing to keep. */
static struct launcher *none_open(const struct run *r, const struct launcher_options *options,
                                  struct error *err)
{
    (void)r;
    (void)options;
    void *nothing = calloc(1, 1); /* only to be told from a failure */
    if (nothing == NULL) {
        (void)error_no_memory(err, "a launcher");
    }
    return nothing;
}

static int none_look(struct launcher *l, struct launcher_gone *gone, struct error *err)
{
    (void)l;
    (void)err;
    *gone = (struct launcher_gone){.name = NULL};
    return 0;
}

static void none_close(struct launcher *l, bool is_over)
{
    (void)is_over;
    free(l);
}

const struct launcher_kind launcher_none = {
    .name = "none",
    .summary = "workers are started by hand: picobarn-worker run --connect DIR/worker.json",
    .open = none_open,
    .look = none_look,
    .close = none_close,
};
