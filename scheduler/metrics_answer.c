/* SPDX-License-Identifier: Apache-2.0 */
/* metrics_answer.c - GET /metrics; see metrics.h */
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "base/clock.h"
#include "scheduler/human.h"
#include "scheduler/metrics.h"

/* "higgs4l" of "runs/higgs4l.run", to be freed. */
static char *name_of_folder(const char *folder)
{
    const char *slash = strrchr(folder, '/');
    const char *name = slash == NULL || slash[1] == '\0' ? folder : slash + 1;
    size_t size = strlen(name);
    if (size > 4 && strcmp(name + size - 4, ".run") == 0) {
        size -= 4;
    }
    return strndup(name, size);
}

static void look_at_disk(const char *folder, struct metrics_place *place)
{
    struct statvfs info;
    if (statvfs(folder, &info) == 0) {
        place->free_bytes = (uint64_t)info.f_bavail * info.f_frsize;
        place->size_bytes = (uint64_t)info.f_blocks * info.f_frsize;
    }
}

static void write_all(const struct look *look, const char *name, struct buffer *out)
{
    json_t *run = human_json(name); /* as UTF-8 */
    struct live *live = live_read(look->run);
    struct metrics_place place = {.run = json_string_value(run),
                                  .now_ms = clock_unix_ms(),
                                  .has_scheduler = look_has_scheduler(look->run)};
    look_at_disk(look->run->folder, &place);
    metrics_write(look, live, &place, out);
    live_destroy(live);
    json_decref(run);
}

void metrics_answer(const struct look *look, const char *name, struct server_answer *answer)
{
    answer->type = "text/plain; version=0.0.4; charset=utf-8";
    if (look->run == NULL) {
        return;
    }
    char *folder = name_of_folder(look->run->folder);
    if (folder == NULL) {
        server_refuse(answer, 500, "no memory");
        return;
    }
    write_all(look, name == NULL ? folder : name, &answer->body);
    free(folder);
}
