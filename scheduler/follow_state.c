/* SPDX-License-Identifier: Apache-2.0 */
/* follow_state.c - what a scheduler's state and a pod say; see follow.h */
#include <stdio.h>
#include <string.h>

#include "scheduler/command.h"
#include "scheduler/follow.h"

static size_t count(const json_t *object, const char *key)
{
    json_int_t n = json_integer_value(json_object_get(object, key));
    return n > 0 ? (size_t)n : 0;
}

/* A launch that was refused, or is done, stays so, and so does trouble that is not tried again; a
 * signal is the pod's end, and comes back. */
static bool is_final(int status)
{
    return status == EXIT_COMPLETE || status == EXIT_USAGE || status == EXIT_INCOMPLETE ||
           status == EXIT_TROUBLE;
}

static void read_child(const json_t *child, struct follow_state *out)
{
    const json_t *status = json_object_get(child, "exit");
    out->exit_status = (int)json_integer_value(status);
    out->is_over =
        json_is_integer(status) && json_is_false(json_object_get(child, "running")) &&
        !json_is_integer(json_object_get(child, "retry_in_s")) && is_final(out->exit_status);
}

const char *follow_last_line(const char *said, size_t *size)
{
    static const char name[] = "picobarn: ";
    const char *line = said == NULL ? "the launch was refused" : said;
    bool is_ours = false;
    for (const char *at = said; at != NULL && *at != '\0'; at = strchr(at, '\n')) {
        at += *at == '\n' ? 1 : 0;
        bool begins = strncmp(at, name, sizeof name - 1) == 0;
        if (begins || (!is_ours && *at != '\0' && *at != '\n')) {
            line = begins ? at + sizeof name - 1 : at;
        }
        is_ours = is_ours || begins;
    }
    *size = strcspn(line, "\n");
    return line;
}

/* One that ended in trouble is started again: that it waits, and what it said. */
static void read_trouble(const json_t *child, struct follow_state *out)
{
    size_t size = 0;
    const char *line = follow_last_line(json_text(child, "said"), &size);
    if (json_is_integer(json_object_get(child, "retry_in_s"))) {
        (void)snprintf(out->waiting, sizeof out->waiting,
                       "the scheduler ended in trouble and starts again: %.*s", (int)size,
                       line);
    }
}

/* Files are inspected before there are shards; a file of a run that is at shards may still wait. */
static void read_progress(const json_t *progress, struct progress_numbers *out)
{
    const json_t *files = json_object_get(progress, "files");
    const json_t *shards = json_object_get(progress, "shards");
    bool is_inspecting =
        count(files, "waiting") + count(files, "running") > 0 || count(shards, "total") == 0;
    const json_t *jobs = is_inspecting ? files : shards;
    *out = (struct progress_numbers){
        .phase = is_inspecting ? LEASE_INSPECT : LEASE_SHARD,
        .n_done = count(jobs, "done"),
        .n_failed = count(jobs, "failed") + (is_inspecting ? 0 : count(files, "failed")),
        .n_all = count(jobs, "total"),
        .n_events = count(progress, "events"),
        .n_workers = count(jobs, "running"),
    };
}

void follow_read_state(const json_t *state, struct follow_state *out)
{
    const json_t *progress = json_object_get(state, "progress");
    const json_t *pods = json_object_get(state, "pods");
    *out = (struct follow_state){.has_numbers = json_is_object(progress)};
    read_child(json_object_get(state, "child"), out);
    read_progress(progress, &out->numbers);
    (void)snprintf(out->waiting, sizeof out->waiting, "%s", json_text(pods, "waiting"));
    read_trouble(json_object_get(state, "child"), out);
}
