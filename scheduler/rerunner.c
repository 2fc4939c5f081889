/* SPDX-License-Identifier: Apache-2.0 */
/* rerunner.c - see rerunner.h */
#include "scheduler/rerunner.h"

#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "scheduler/human.h"
#include "scheduler/request_body.h"

enum { SAID_MOST = 2000, PIECE = 4096 };

void rerunner_init(struct rerunner *r, const char *folder)
{
    *r = (struct rerunner){
        .folder = folder, .child = OFFSPRING_NONE, .said = {.most = SAID_MOST}, .status = -1};
}

void rerunner_release(struct rerunner *r)
{
    offspring_close(&r->child);
    tail_release(&r->said);
}

void rerunner_wait_for(const struct rerunner *r, struct pollfd fd[RERUNNER_FDS])
{
    fd[0] = (struct pollfd){.fd = r->child.out, .events = POLLIN};
    fd[1] = (struct pollfd){.fd = r->child.errors, .events = POLLIN};
    fd[2] = (struct pollfd){.fd = r->child.end, .events = POLLIN};
}

/* Its output is the summary that a person at a terminal gets; the page shows the same from the ledger. */
void rerunner_turn(struct rerunner *r)
{
    char piece[PIECE];
    ssize_t n = 0;
    while (offspring_read(&r->child.out, piece, sizeof piece) > 0) {
    }
    while ((n = offspring_read(&r->child.errors, piece, sizeof piece)) > 0) {
        tail_add(&r->said, piece, (size_t)n);
        (void)file_write_all(STDERR_FILENO, piece, (size_t)n);
    }
    (void)offspring_take_end(&r->child, &r->status);
}

json_t *rerunner_to_json(void *rerunner)
{
    struct rerunner *r = rerunner;
    if (!r->was_started) {
        return NULL;
    }
    json_t *all = json_pack("{s:s, s:b, s:o}", "doing", "rerun", "running", r->child.pid != 0,
                            "said", human_json(tail_text(&r->said)));
    if (r->status >= 0) {
        (void)json_object_set_new(all, "exit", json_integer(r->status));
    }
    return all;
}

static int start(struct rerunner *r, const char *shards, struct error *err)
{
    const char *words[] = {"rerun", r->folder, shards == NULL ? NULL : "--shard", shards, NULL};
    if (r->child.pid != 0) {
        return error_set(err, ERROR_INPUT, "a rerun is under way");
    }
    offspring_close(&r->child);
    tail_clear(&r->said);
    r->status = -1;
    r->was_started = true;
    return offspring_start(&r->child, words, err);
}

static void answer_rerun(void *context, const struct server_request *request,
                         struct server_answer *answer)
{
    struct rerunner *r = context;
    struct error err = {0};
    json_t *body = request_body(request, answer);
    const char *shards = NULL;
    if (body == NULL || !request_shards(body, &shards, answer)) {
        json_decref(body);
        return;
    }
    if (start(r, shards, &err) != 0) {
        server_refuse_error(answer, 409, &err);
    } else {
        server_answer_json(answer, 202, rerunner_to_json(r));
    }
    json_decref(body);
}

const struct server_route rerunner_routes[] = {
    {SERVER_POST, "/api/v1/rerun", GATE_CONTROL, answer_rerun},
    {.path = NULL},
};
