/* SPDX-License-Identifier: Apache-2.0 */
/* failure.c - see failure.h */
#include "scheduler/failure.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"

/* Where the failure of each job stands; SIZE_MAX: the job is well. */
struct search {
    struct failures *f;
    size_t *of_file;  /* [n_files] */
    size_t *of_shard; /* [n_shards] */
    const struct run *r;
};

const struct run_file *failure_file(const struct run *r, const struct failure *failure)
{
    return &r->file[failure->what == LEASE_SHARD ? r->shard[failure->index].file
                                                 : failure->index];
}

static bool is_word(char c)
{
    return isalnum((unsigned char)c) != 0 || c == '_';
}

char *failure_cause(const char *reason, const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL || slash[1] == '\0' ? path : slash + 1;
    size_t path_size = strlen(path);
    size_t name_size = strlen(name);
    struct buffer out = {0};
    for (const char *at = reason; *at != '\0';) {
        bool starts = at == reason || !is_word(at[-1]);
        if (path_size > 0 && strncmp(at, path, path_size) == 0) {
            buffer_printf(&out, "...");
            at += path_size;
        } else if (name_size > 0 && starts && strncmp(at, name, name_size) == 0) {
            buffer_printf(&out, "...");
            at += name_size;
        } else if (starts && isdigit((unsigned char)*at) != 0) {
            buffer_printf(&out, "N");
            at += strspn(at, "0123456789");
        } else {
            buffer_raw(&out, at++, 1);
        }
    }
    const char *text = buffer_string(&out);
    char *cause = text == NULL ? NULL : strdup(text);
    buffer_release(&out);
    return cause;
}

static int append(struct failures *f, enum lease_kind what, size_t index, const struct job *job,
                  size_t *slot)
{
    *slot = SIZE_MAX;
    if (job->state != JOB_FAILED && !job->conflict) {
        return 0;
    }
    struct failure *grown = realloc(f->failure, (f->n + 1) * sizeof *grown);
    if (grown == NULL) {
        return -1;
    }
    f->failure = grown;
    *slot = f->n++;
    f->failure[*slot] = (struct failure){.conflict = job->state != JOB_FAILED,
                                         .what = what,
                                         .index = index,
                                         .n_tries = job->n_leases};
    return 0;
}

static int list_failed(struct search *s, struct error *err)
{
    const struct run *r = s->r;
    s->of_file = calloc(r->n_files + 1, sizeof *s->of_file);
    s->of_shard = calloc(r->n_shards + 1, sizeof *s->of_shard);
    int rc = s->of_file == NULL || s->of_shard == NULL ? -1 : 0;
    for (size_t i = 0; rc == 0 && i < r->n_files; i++) {
        rc = append(s->f, LEASE_INSPECT, i, &r->file[i].job, &s->of_file[i]);
    }
    for (size_t i = 0; rc == 0 && i < r->n_shards; i++) {
        rc = append(s->f, LEASE_SHARD, i, &r->shard[i].job, &s->of_shard[i]);
    }
    return rc == 0 ? 0 : error_no_memory(err, "the failures");
}

static int set_text(char **to, const char *text)
{
    free(*to);
    *to = strdup(text);
    return *to == NULL ? -1 : 0;
}

/* The latest event of its kind is the one that counts. */
static int visit_event(void *context, const struct ledger_event *event, struct error *err)
{
    struct search *s = context;
    bool is_shard = event->kind == LEASE_SHARD;
    size_t i =
        is_shard ? run_find_shard(s->r, event->subject) : run_find_file(s->r, event->subject);
    size_t slot = i == SIZE_MAX ? SIZE_MAX : is_shard ? s->of_shard[i] : s->of_file[i];
    if (slot == SIZE_MAX) {
        return 0;
    }
    struct failure *f = &s->f->failure[slot];
    bool bad =
        event->what == JOB_LOST || event->what == JOB_BROKE || event->what == JOB_REJECTED;
    if (f->conflict ? event->what != JOB_CONFLICT : !bad) {
        return 0;
    }
    f->kind = event->error;
    f->signal = event->signal;
    return set_text(&f->reason, event->detail) == 0 && set_text(&f->log, event->log) == 0 &&
                   set_text(&f->worker, event->worker) == 0
               ? 0
               : error_no_memory(err, "the failures");
}

/* Also where its event is not there. */
static int complete_text(char **text, const char *otherwise)
{
    return *text == NULL || **text == '\0' ? set_text(text, otherwise) : 0;
}

/* Every failure has all its texts. */
static int complete_texts(struct failures *f, const struct run *r, struct error *err)
{
    for (size_t i = 0; i < f->n; i++) {
        struct failure *one = &f->failure[i];
        if (complete_text(&one->reason, "no reason was recorded") == 0 &&
            complete_text(&one->log, "") == 0 && complete_text(&one->worker, "") == 0) {
            one->cause = failure_cause(one->reason, failure_file(r, one)->path);
        }
        if (one->cause == NULL) {
            return error_no_memory(err, "the failures");
        }
    }
    return 0;
}

static int compare_causes(const struct failure *a, const struct failure *b)
{
    if (a->conflict != b->conflict) {
        return a->conflict ? 1 : -1;
    }
    if (a->what != b->what) {
        return a->what < b->what ? -1 : 1;
    }
    return a->kind != b->kind ? (a->kind < b->kind ? -1 : 1) : strcmp(a->cause, b->cause);
}

static int compare_failures(const void *a, const void *b)
{
    const struct failure *f = a;
    const struct failure *g = b;
    int order = compare_causes(f, g);
    return order != 0 ? order : (f->index > g->index) - (f->index < g->index);
}

/* Conflicts stand behind all failures already, and stay there: first is the tie-break. */
static int compare_groups(const void *a, const void *b)
{
    const struct failure_group *f = a;
    const struct failure_group *g = b;
    size_t n = f->stop - f->first;
    size_t m = g->stop - g->first;
    return n != m ? (n < m) - (n > m) : (f->first > g->first) - (f->first < g->first);
}

static int make_groups(struct failures *f, struct error *err)
{
    f->group = calloc(f->n + 1, sizeof *f->group);
    if (f->group == NULL) {
        return error_no_memory(err, "the failures");
    }
    if (f->n > 0) {
        qsort(f->failure, f->n, sizeof *f->failure, compare_failures);
    }
    size_t n_failed = 0; /* groups of failures, before those of conflicts */
    for (size_t i = 0; i < f->n; i++) {
        if (i == 0 || compare_causes(&f->failure[i - 1], &f->failure[i]) != 0) {
            f->group[f->n_groups++].first = i;
        }
        f->group[f->n_groups - 1].stop = i + 1;
        n_failed = f->failure[i].conflict ? n_failed : f->n_groups;
    }
    if (n_failed > 0) {
        qsort(f->group, n_failed, sizeof *f->group, compare_groups);
    }
    return 0;
}

int failures_find(struct failures *f, const struct run *r, struct error *err)
{
    *f = (struct failures){.n = 0};
    struct search s = {.f = f, .r = r};
    int rc = list_failed(&s, err);
    if (rc == 0 && f->n > 0) {
        rc = ledger_each_event(r->ledger, 0, visit_event, &s, err);
    }
    rc = rc == 0 ? complete_texts(f, r, err) : rc;
    rc = rc == 0 ? make_groups(f, err) : rc;
    free(s.of_file);
    free(s.of_shard);
    if (rc != 0) {
        failures_release(f);
    }
    return rc;
}

void failures_release(struct failures *f)
{
    for (size_t i = 0; i < f->n; i++) {
        free(f->failure[i].reason);
        free(f->failure[i].log);
        free(f->failure[i].worker);
        free(f->failure[i].cause);
    }
    free(f->failure);
    free(f->group);
    *f = (struct failures){.n = 0};
}
