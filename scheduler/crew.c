/* SPDX-License-Identifier: Apache-2.0 */
/* crew.c - see crew.h */
#include "scheduler/crew.h"

#include <stdlib.h>
#include <string.h>

void crew_release(struct crew *c)
{
    for (size_t i = 0; i < c->n; i++) {
        free(c->member[i]);
    }
    free(c->member);
    *c = (struct crew){0};
}

struct member *crew_find(const struct crew *c, const struct wire_peer *peer)
{
    for (size_t i = 0; i < c->n; i++) {
        if (wire_peer_equal(&c->member[i]->peer, peer)) {
            return c->member[i];
        }
    }
    return NULL;
}

struct member *crew_find_name(const struct crew *c, const char *worker)
{
    for (size_t i = 0; i < c->n; i++) {
        if (strcmp(c->member[i]->hello.worker, worker) == 0) {
            return c->member[i];
        }
    }
    return NULL;
}

static struct member *find_process(const struct crew *c, const struct message_hello *hello)
{
    for (size_t i = 0; i < c->n; i++) {
        const struct message_hello *other = &c->member[i]->hello;
        if (other->pid == hello->pid && strcmp(other->worker, hello->worker) == 0 &&
            strcmp(other->host, hello->host) == 0) {
            return c->member[i];
        }
    }
    return NULL;
}

struct member *crew_admit(struct crew *c, const struct wire_peer *peer,
                          const struct message_hello *hello)
{
    struct member *m = find_process(c, hello);
    if (m == NULL) {
        struct member **grown = realloc(c->member, (c->n + 1) * sizeof(struct member *));
        if (grown == NULL) {
            return NULL;
        }
        c->member = grown;
        m = calloc(1, sizeof *m);
        if (m == NULL) {
            return NULL;
        }
        c->member[c->n++] = m;
    }
    m->peer = *peer;
    m->hello = *hello;
    m->n_wanted = 0;
    return m;
}

void crew_dismiss(struct crew *c, struct member *m)
{
    for (size_t i = 0; i < c->n; i++) {
        if (c->member[i] == m) {
            c->member[i] = c->member[--c->n];
            free(m);
            return;
        }
    }
}

struct grant *crew_find_grant(struct member *m, uint64_t epoch)
{
    for (size_t i = 0; i < m->n_grants; i++) {
        if (m->grant[i].id.epoch == epoch) {
            return &m->grant[i];
        }
    }
    return NULL;
}

void crew_drop_grant(struct member *m, struct grant *g)
{
    *g = m->grant[--m->n_grants];
}
