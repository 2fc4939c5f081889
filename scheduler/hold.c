/* SPDX-License-Identifier: Apache-2.0 */
/* hold.c - see hold.h */
#include "scheduler/hold.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

static const char name[] = "pause";

bool hold_is_set(const char *folder)
{
    char *path = file_join(folder, name);
    bool is_set = path != NULL && access(path, F_OK) == 0;
    free(path);
    return is_set;
}

int hold_set(const char *folder, struct error *err)
{
    static const char text[] =
        "As long as this file is here the run's scheduler gives out no work.\n";
    char *path = file_join(folder, name);
    int rc = path == NULL ? error_no_memory(err, "a path")
                          : file_write(path, 0644, text, sizeof text - 1, err);
    free(path);
    return rc;
}

int hold_clear(const char *folder, struct error *err)
{
    char *path = file_join(folder, name);
    if (path == NULL) {
        return error_no_memory(err, "a path");
    }
    int rc = unlink(path) == 0 || errno == ENOENT
                 ? 0
                 : error_set(err, ERROR_SYSTEM, "%s: %s", path, strerrordesc_np(errno));
    free(path);
    return rc;
}
