/* SPDX-License-Identifier: Apache-2.0 */
/* run.c - opening a run, and its state folded from the ledger; run_changes.c compares it with
 * what is there now. See run.h */
#include "scheduler/run.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/size.h"
#include "scheduler/plan.h"
#include "scheduler/run_changes.h"

enum { RUN_FILE_LIMIT = 16 << 20, SPECIFICATION_LIMIT = 64 << 20, INSPECTION_LIMIT = 64 << 20 };

char *run_path(const struct run *r, const char *name)
{
    return file_join(r->folder, name);
}

/* Keeps others from writing; the lock goes with the process, however it ends. */
static int take_lock(struct run *r, struct error *err)
{
    char *path = run_path(r, "lock");
    if (path == NULL) {
        return error_no_memory(err, "a path");
    }
    r->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int rc = 0;
    if (r->lock < 0) {
        rc = error_set(err, ERROR_SYSTEM, "%s: %s", path, strerrordesc_np(errno));
    } else if (fcntl(r->lock, F_OFD_SETLK, &whole) != 0) {
        rc = error_set(err, ERROR_INPUT,
                       "%s: another picobarn is working on this run; watch it with: "
                       "picobarn watch %s",
                       r->folder, r->folder);
    }
    free(path);
    return rc;
}

static int visit_file(void *context, const struct ledger_file *row, struct error *err)
{
    struct run *r = context;
    struct run_file *grown = realloc(r->file, (r->n_files + 1) * sizeof *grown);
    if (grown == NULL) {
        return error_no_memory(err, "the files of the run");
    }
    r->file = grown;
    struct run_file *f = &r->file[r->n_files];
    *f = (struct run_file){.id = row->id,
                           .sample = row->sample,
                           .path = strdup(row->path),
                           .size = row->size,
                           .mtime_ns = row->mtime_ns,
                           .luminosity_pb = row->luminosity_pb,
                           .job = {.state = JOB_WAITING}};
    if (f->path == NULL) {
        return error_no_memory(err, "the files of the run");
    }
    r->n_files++;
    if (row->sample >= r->dataset->n_samples) {
        return error_set(err, ERROR_PEER, "ledger: file %s of sample %llu, there are %zu",
                         f->path, (unsigned long long)row->sample, r->dataset->n_samples);
    }
    if (row->inspection != NULL) {
        f->inspection =
            json_parse(row->inspection, strlen(row->inspection), INSPECTION_LIMIT, err);
        f->rows = (uint64_t)json_integer_value(json_object_get(f->inspection, "rows"));
        return f->inspection == NULL ? -1 : 0;
    }
    return 0;
}

/* Room for one more, doubling. */
static struct run_shard *append_shard(struct run *r)
{
    if ((r->n_shards & (r->n_shards - 1)) == 0) {
        size_t room = r->n_shards == 0 ? 1 : 2 * r->n_shards;
        struct run_shard *grown = realloc(r->shard, room * sizeof *grown);
        if (grown == NULL) {
            return NULL;
        }
        r->shard = grown;
    }
    return &r->shard[r->n_shards++];
}

static int visit_shard(void *context, const struct ledger_shard *row, struct error *err)
{
    struct run *r = context;
    size_t file = run_find_file(r, row->file);
    if (file == SIZE_MAX || row->first > row->stop || row->stop > r->file[file].rows) {
        return error_set(err, ERROR_PEER,
                         "ledger: shard %llu is of no file, or beyond its rows",
                         (unsigned long long)row->id);
    }
    struct run_shard *s = append_shard(r);
    if (s == NULL) {
        return error_no_memory(err, "the shards of the run");
    }
    *s = (struct run_shard){.id = row->id,
                            .file = (uint32_t)file,
                            .first = row->first,
                            .stop = row->stop,
                            .job = {.state = JOB_WAITING}};
    return 0;
}

/* An inspection brings rows, a plan shards, a replaced file takes them away: none of these is in the
 * event itself. */
static bool makes_stale(const struct run *r, const struct ledger_event *event)
{
    bool is_shard = event->kind == LEASE_SHARD;
    uint64_t last = r->n_shards == 0 ? 0 : r->shard[r->n_shards - 1].id;
    return event->what == JOB_DROPPED || (!is_shard && event->what == JOB_ACCEPTED) ||
           (is_shard && event->subject > last);
}

static int visit_event(void *context, const struct ledger_event *event, struct error *err)
{
    (void)err;
    struct run *r = context;
    r->seen = event->seq;
    r->is_stale = r->is_stale || makes_stale(r, event);
    size_t i = event->kind == LEASE_SHARD ? run_find_shard(r, event->subject)
                                          : run_find_file(r, event->subject);
    if (i != SIZE_MAX) { /* else of a shard that was since dropped */
        struct job *job = event->kind == LEASE_SHARD ? &r->shard[i].job : &r->file[i].job;
        (void)job_apply(job, event->what, event->epoch);
    }
    return 0;
}

static void forget(struct run *r)
{
    for (size_t i = 0; i < r->n_files; i++) {
        json_decref(r->file[i].inspection);
        free(r->file[i].path);
    }
    free(r->file);
    free(r->shard);
    r->file = NULL;
    r->shard = NULL;
    r->n_files = 0;
    r->n_shards = 0;
    r->seen = 0;
}

/* The shards of a file must cover its rows without gap or overlap: then a sum over all of them
 * counts each event once. */
static int check_cover(const struct run *r, struct error *err)
{
    uint64_t *next = calloc(r->n_files + 1, sizeof *next);
    if (next == NULL) {
        return error_no_memory(err, "the shards of the run");
    }
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < r->n_shards; i++) {
        const struct run_shard *s = &r->shard[i];
        rc = s->first == next[s->file] ? 0 : -1;
        next[s->file] = s->stop;
    }
    for (size_t i = 0; rc == 0 && i < r->n_files; i++) {
        rc = next[i] == 0 || next[i] == r->file[i].rows ? 0 : -1;
    }
    free(next);
    return rc == 0
               ? 0
               : error_set(err, ERROR_PEER,
                           "ledger: the shards do not cover their files once and only once: it "
                           "is damaged");
}

/* Has this shard a partial? Its row, not the event, is what counts. */
static int visit_partial(void *context, const struct ledger_partial *partial, struct error *err)
{
    struct run *r = context;
    size_t i = run_find_shard(r, partial->shard);
    if (i == SIZE_MAX) {
        return error_set(err, ERROR_PEER,
                         "ledger: a partial of shard %llu, which is not planned",
                         (unsigned long long)partial->shard);
    }
    r->shard[i].has_partial = true;
    return 0;
}

/* Events say DONE exactly where a partial is, or the ledger is damaged. */
static int check_partials(struct run *r, struct error *err)
{
    if (ledger_each_partial(r->ledger, 0, visit_partial, r, err) != 0) {
        return -1;
    }
    for (size_t i = 0; i < r->n_shards; i++) {
        const struct run_shard *s = &r->shard[i];
        if (s->has_partial != (s->job.state == JOB_DONE)) {
            return error_set(err, ERROR_PEER,
                             "ledger: shard %llu is %s, but its partial is %s: it is damaged",
                             (unsigned long long)s->id, job_state_name(s->job.state),
                             s->has_partial ? "there" : "missing");
        }
    }
    return 0;
}

int run_reload(struct run *r, struct error *err)
{
    forget(r);
    if (ledger_begin(r->ledger, err) != 0) {
        return -1;
    }
    int rc = -1;
    if (ledger_each_file(r->ledger, visit_file, r, err) == 0 &&
        ledger_each_shard(r->ledger, visit_shard, r, err) == 0 && check_cover(r, err) == 0 &&
        ledger_each_event(r->ledger, 0, visit_event, r, err) == 0) {
        rc = r->writer ? check_partials(r, err) : 0;
    }
    ledger_rollback(r->ledger);
    r->is_stale = false;
    return rc;
}

int run_refresh(struct run *r, struct error *err)
{
    return ledger_each_event(r->ledger, r->seen, visit_event, r, err);
}

/* Counts the starts of schedulers, so that epochs never repeat. */
static int start_session(struct run *r, struct error *err)
{
    char *text = NULL;
    if (ledger_begin(r->ledger, err) != 0) {
        return -1;
    }
    int rc = ledger_get(r->ledger, "session", &text, err);
    r->session = text == NULL ? 1 : strtoull(text, NULL, 10) + 1;
    free(text);
    char next[32];
    (void)snprintf(next, sizeof next, "%llu", (unsigned long long)r->session);
    if (rc != 0 || ledger_set(r->ledger, "session", next, err) != 0) {
        ledger_rollback(r->ledger);
        return -1;
    }
    return ledger_commit(r->ledger, err);
}

static struct run *create(const char *folder, struct error *err)
{
    struct run *r = calloc(1, sizeof *r);
    char *absolute = realpath(folder, NULL);
    if (r == NULL || absolute == NULL) {
        (void)error_set(err, ERROR_INPUT, "run folder %s: %s", folder, strerrordesc_np(errno));
        free(r);
        free(absolute);
        return NULL;
    }
    r->folder = absolute;
    r->lock = -1;
    return r;
}

static int read_specification(struct run *r, struct error *err)
{
    char *text = NULL;
    if (ledger_get(r->ledger, "specification", &text, err) != 0) {
        return -1;
    }
    r->specification =
        text == NULL ? NULL : json_parse(text, strlen(text), SPECIFICATION_LIMIT, err);
    if (text == NULL) {
        (void)error_set(err, ERROR_PEER, "ledger: it does not say what is run");
    }
    free(text);
    return r->specification == NULL ? -1 : 0;
}

/* Reads the ledger's copy of the run file into r->dataset. */
static int read_dataset(struct run *r, struct error *err)
{
    char *path = NULL;
    char *text = NULL;
    int rc = -1;
    if (ledger_get(r->ledger, "run_file_path", &path, err) == 0 &&
        ledger_get(r->ledger, "run_file", &text, err) == 0 &&
        ledger_get(r->ledger, "run_id", &r->id, err) == 0) {
        if (path == NULL || text == NULL || r->id == NULL) {
            (void)error_set(err, ERROR_PEER, "ledger: it does not say what is run");
        } else {
            r->dataset = dataset_parse(path, text, strlen(text), err);
            rc = r->dataset == NULL ? -1 : read_specification(r, err);
        }
    }
    free(path);
    free(text);
    return rc;
}

/* Opens the ledger of a folder whose lock is settled, and reads it all. */
static int read_run(struct run *r, enum ledger_mode mode, struct error *err)
{
    char *ledger = run_path(r, "ledger.db");
    if (ledger == NULL) {
        return error_no_memory(err, "a path");
    }
    r->writer = mode == LEDGER_WRITE;
    r->ledger = ledger_open(ledger, mode, err);
    free(ledger);
    return r->ledger == NULL || read_dataset(r, err) != 0 ? -1 : run_reload(r, err);
}

struct run *run_open_unlocked(const char *folder, struct error *err)
{
    struct run *r = create(folder, err);
    if (r != NULL && read_run(r, LEDGER_WRITE, err) != 0) {
        run_close(r);
        return NULL;
    }
    return r;
}

struct run *run_open(const char *folder, enum ledger_mode mode, struct error *err)
{
    struct run *r = create(folder, err);
    if (r == NULL) {
        return NULL;
    }
    bool writer = mode == LEDGER_WRITE;
    if ((writer && take_lock(r, err) != 0) || read_run(r, mode, err) != 0 ||
        (writer &&
         (run_check_specification(r, r->dataset, err) != 0 || start_session(r, err) != 0))) {
        run_close(r);
        return NULL;
    }
    return r;
}

void run_close(struct run *r)
{
    if (r == NULL) {
        return;
    }
    forget(r);
    ledger_close(r->ledger);
    dataset_destroy(r->dataset);
    json_decref(r->specification);
    free(r->id);
    free(r->folder);
    if (r->lock >= 0) {
        (void)close(r->lock);
    }
    free(r);
}

/* What a new ledger starts with; in one transaction, so that a ledger has it all or is empty. */
static int record_run(struct run *r, const char *path, const char *text, struct error *err)
{
    uint8_t random[8];
    char id[2 * sizeof random + 1];
    digest_random(random, sizeof random);
    digest_hex(random, sizeof random, id);
    struct buffer specification = {0};
    json_t *json = dataset_specification(r->dataset);
    int rc = json_write_canonical(json, &specification, err);
    json_decref(json);
    if (rc != 0 || buffer_string(&specification) == NULL) {
        buffer_release(&specification);
        return -1;
    }
    char created[32];
    (void)snprintf(created, sizeof created, "%lld", (long long)clock_unix_ms());
    const char *const texts[][2] = {{"run_id", r->id == NULL ? id : r->id},
                                    {"run_file_path", path},
                                    {"run_file", text},
                                    {"specification", (const char *)specification.data},
                                    {"created_ms", created},
                                    {"program", PICOBARN_VERSION}};
    for (size_t i = 0; rc == 0 && i < ARRAY_LENGTH(texts); i++) {
        rc = ledger_set(r->ledger, texts[i][0], texts[i][1], err);
    }
    buffer_release(&specification);
    return rc;
}

static int record_inputs(struct run *r, const struct inputs *inputs, struct error *err)
{
    for (size_t i = 0; i < inputs->n; i++) {
        const struct input *in = &inputs->input[i];
        struct ledger_file file = {.sample = in->sample,
                                   .size = in->size,
                                   .mtime_ns = in->mtime_ns,
                                   .luminosity_pb = in->luminosity_pb,
                                   .path = in->path};
        if (ledger_add_file(r->ledger, &file, err) != 0) {
            return -1;
        }
    }
    return 0;
}

/* The young ledger gets its name. If its WAL is still there it could not be folded in, and the
 * file alone is not all of it; a WAL that is left of another ledger of that name is no part of
 * it. */
static int name_ledger(struct run *r, const char *young, const char *ledger, struct error *err)
{
    char *wal = run_path(r, "ledger.db.new-wal");
    char *left_wal = run_path(r, "ledger.db-wal");
    char *left_shm = run_path(r, "ledger.db-shm");
    int rc = 0;
    if (wal == NULL || left_wal == NULL || left_shm == NULL) {
        rc = error_no_memory(err, "a path");
    } else if (access(wal, F_OK) == 0) {
        rc = error_set(err, ERROR_SYSTEM, "%s: not written whole: is the disk full?", young);
    } else {
        (void)unlink(left_wal);
        (void)unlink(left_shm);
        rc = rename(young, ledger) == 0
                 ? 0
                 : error_set(err, ERROR_SYSTEM, "%s: %s", ledger, strerrordesc_np(errno));
    }
    free(wal);
    free(left_wal);
    free(left_shm);
    return rc;
}

/* A new ledger under a temporary name, which gets its own when it holds everything: a crash on
 * the way leaves no half of a run. */
static int found(struct run *r, const char *path, const char *text, struct error *err)
{
    struct inputs inputs = {0};
    char *ledger = run_path(r, "ledger.db");
    char *young = run_path(r, "ledger.db.new");
    int rc = -1;
    if (ledger == NULL || young == NULL) {
        (void)error_no_memory(err, "a path");
        goto out;
    }
    if (inputs_find(&inputs, r->dataset, err) != 0) {
        goto out;
    }
    (void)unlink(young);
    r->ledger = ledger_open(young, LEDGER_CREATE, err);
    if (r->ledger == NULL || ledger_begin(r->ledger, err) != 0) {
        goto out;
    }
    rc = record_run(r, path, text, err) == 0 ? record_inputs(r, &inputs, err) : -1;
    rc = rc == 0 ? ledger_commit(r->ledger, err) : rc;
    ledger_close(r->ledger); /* folds the WAL into the file */
    r->ledger = NULL;
    rc = rc == 0 ? name_ledger(r, young, ledger, err) : rc;
out:
    inputs_release(&inputs);
    free(ledger);
    free(young);
    return rc;
}

/* Makes a run where there is none, or compares the one that is there. path is absolute. */
static int found_or_compare(struct run *r, const char *path, const struct buffer *text,
                            bool accept_changes, struct error *err)
{
    char *ledger = run_path(r, "ledger.db");
    char *copy = run_path(r, "run.yaml");
    if (ledger == NULL || copy == NULL) {
        free(ledger);
        free(copy);
        return error_no_memory(err, "a path");
    }
    bool there = access(ledger, F_OK) == 0;
    int rc = 1;
    if (!there && !accept_changes && access(copy, F_OK) == 0) {
        rc = error_set(
            err, ERROR_INPUT,
            "run folder %s: there was a run, but its ledger.db is missing: put it back, "
            "or use another --run-dir",
            r->folder);
    } else if (there) {
        rc = run_compare(r, ledger, accept_changes, err);
    }
    bool is_new = rc == 1;
    rc = is_new ? found(r, path, (const char *)text->data, err) : rc;
    if (rc == 0 && (is_new || access(copy, F_OK) != 0)) {
        rc = file_write(copy, 0644, text->data, text->size, err);
    }
    free(ledger);
    free(copy);
    return rc;
}

/* The run file as it is now, where it says the same in other words (titles, energies): what is
 * shown follows it. The shards that are planned stay. */
static int adopt(struct run *r, const char *path, const struct buffer *text, struct error *err)
{
    char *was = NULL;
    char *copy = run_path(r, "run.yaml");
    int rc = copy == NULL ? error_no_memory(err, "a path")
                          : ledger_get(r->ledger, "run_file", &was, err);
    if (rc == 0 && (was == NULL || strcmp(was, (const char *)text->data) != 0)) {
        struct dataset *d = dataset_parse(path, text->data, text->size, err);
        rc = d == NULL ? -1 : ledger_begin(r->ledger, err);
        rc = rc == 0 ? ledger_set(r->ledger, "run_file", (const char *)text->data, err) : rc;
        rc = rc == 0 ? ledger_set(r->ledger, "run_file_path", path, err) : rc;
        rc = rc == 0 ? ledger_commit(r->ledger, err) : rc;
        rc = rc == 0 ? file_write(copy, 0644, text->data, text->size, err) : rc;
        ledger_rollback(r->ledger);
        if (d != NULL) {
            dataset_destroy(r->dataset);
            r->dataset = d;
        }
    }
    free(was);
    free(copy);
    return rc;
}

/* A folder that holds other things than a run is not taken for one. */
static int check_folder(const char *folder, struct error *err)
{
    DIR *dir = opendir(folder);
    bool is_empty = true;
    bool is_run = false;
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): a stream of its own */
    for (const struct dirent *e = NULL; dir != NULL && (e = readdir(dir)) != NULL;) {
        is_run = is_run || strcmp(e->d_name, "lock") == 0 ||
                 strcmp(e->d_name, "run.yaml") == 0 ||
                 strncmp(e->d_name, "ledger.db", strlen("ledger.db")) == 0;
        is_empty = is_empty && e->d_name[0] == '.';
    }
    if (dir != NULL) {
        (void)closedir(dir);
    }
    return is_empty || is_run
               ? 0
               : error_set(err, ERROR_INPUT,
                           "run folder %s: holds other files and no run: choose an "
                           "empty one with --run-dir",
                           folder);
}

/* All that can be said against a run before its folder is made. */
static struct dataset *read_run_file(const struct run_request *q, struct buffer *text,
                                     struct error *err)
{
    struct inputs inputs = {0};
    struct dataset *d = NULL;
    if (file_read(q->run_file, RUN_FILE_LIMIT, text, err) != 0 || buffer_string(text) == NULL ||
        (d = dataset_parse(q->run_file, text->data, text->size, err)) == NULL ||
        (q->base != NULL && dataset_set_base(d, q->base, err) != 0) ||
        check_folder(q->folder, err) != 0 || inputs_find(&inputs, d, err) != 0) {
        dataset_destroy(d);
        return NULL;
    }
    inputs_release(&inputs);
    return d;
}

struct run *run_launch(const struct run_request *q, struct error *err)
{
    struct buffer text = {0};
    struct run *r = NULL;
    struct dataset *d = read_run_file(q, &text, err);
    char *absolute = realpath(q->run_file, NULL);
    int rc = -1;
    if (d != NULL && absolute == NULL) {
        (void)error_set(err, ERROR_INPUT, "run file %s: %s", q->run_file,
                        strerrordesc_np(errno));
    } else if (d != NULL && file_make_folder(q->folder, 0755, err) == 0 &&
               (r = create(q->folder, err)) != NULL) {
        r->dataset = d;
        r->id = q->id == NULL ? NULL : strdup(q->id);
        d = NULL;
        rc = take_lock(r, err) == 0
                 ? found_or_compare(r, absolute, &text, q->accept_changes, err)
                 : -1;
    }
    dataset_destroy(d);
    run_close(r); /* and its lock: run_open takes it again */
    r = rc == 0 ? run_open(q->folder, LEDGER_WRITE, err) : NULL;
    if (r != NULL && adopt(r, absolute, &text, err) != 0) {
        run_close(r);
        r = NULL;
    }
    buffer_release(&text);
    free(absolute);
    return r;
}
