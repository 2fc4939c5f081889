/* SPDX-License-Identifier: Apache-2.0 */
/* live_read.c - a run's live.json, for those who look on; see live.h */
#include <stdlib.h>

#include "base/file.h"
#include "scheduler/live.h"
#include "scheduler/look.h"

struct live *live_read(const struct run *r)
{
    struct buffer text = {0};
    char *path = look_has_scheduler(r) ? run_path(r, "live.json") : NULL;
    struct live *l = path == NULL ? NULL : calloc(1, sizeof *l);
    if (l != NULL && (file_read(path, LIVE_SIZE_LIMIT, &text, NULL) != 0 ||
                      live_decode(l, text.data, text.size, NULL) != 0)) {
        free(l);
        l = NULL;
    }
    buffer_release(&text);
    free(path);
    return l;
}

void live_destroy(struct live *l)
{
    if (l != NULL) {
        live_release(l);
        free(l);
    }
}
