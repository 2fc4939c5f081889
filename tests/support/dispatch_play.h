/* SPDX-License-Identifier: Apache-2.0 */
/* dispatch_play.h - what the tests of scheduler/dispatch.h share: a real run over a real file,
 * with a real ledger and real sockets, and puppets that play workers by their scripts.
 *
 * The promise behind all of them: whatever workers do, and whenever the scheduler dies, each
 * shard counts once and the sum is that of a run that nobody disturbed. */
#ifndef TESTS_SUPPORT_DISPATCH_PLAY_H
#define TESTS_SUPPORT_DISPATCH_PLAY_H

#include "base/file.h"
#include "scheduler/dispatch.h"
#include "scheduler/live.h"
#include "scheduler/run.h"
#include "tests/support/muon_file.h"
#include "tests/support/puppet.h"

enum { EVENTS = MUON_FILE_EVENTS, SHARDS = 8 };

/* What all tests share: the data, the run file, and the sum that every run must end with. */
struct world {
    char *folder;
    char run_file[512];
    struct buffer truth; /* the encoded sum of all partials */
    int n_runs;
};

/* One run with its cast. */
struct play {
    struct world *world;
    char run_folder[256];
    struct stage stage;
    struct dispatch_options options;
    const struct launcher_kind *kind; /* NULL: no launcher */
};

typedef bool (*script)(struct puppet *p);

static const char run_text[] = "analysis: dimuon\n"
                               "shards: {target_events: 200}\n"
                               "samples:\n"
                               "  - name: muons\n"
                               "    kind: data\n"
                               "    files: [muons.h5]\n";

static inline struct play play_of(struct world *world)
{
    struct play play = {.world = world};
    (void)snprintf(play.run_folder, sizeof play.run_folder, "%s/%d.run", world->folder,
                   world->n_runs++);
    assert_int_equal(pthread_mutex_init(&play.stage.mutex, NULL), 0);
    assert_int_equal(pthread_mutex_init(&play.stage.hdf5, NULL), 0);
    (void)snprintf(play.stage.invitation, sizeof play.stage.invitation, "%s/worker.json",
                   play.run_folder);
    return play;
}

/* What the ledger of a run holds. */
struct record {
    struct partial sum;
    size_t n_partials;
    size_t n_events[JOB_EVENTS]; /* of shards */
    char reason[256];            /* of the last rejected or broken attempt */
    char worker[SHARDS][32];     /* who did each shard, in the order of acceptance */
};

static inline int add_partial(void *context, const struct ledger_partial *row,
                              struct error *err)
{
    struct record *record = context;
    struct partial partial = {0};
    struct bytes bytes = bytes_of(row->payload, row->size);
    if (partial_decode(&partial, &bytes, err) != 0) {
        return -1;
    }
    int rc = 0;
    if (record->n_partials == 0) {
        rc = partial_init_like(&record->sum, &partial, err);
    }
    rc = rc == 0 ? partial_add(&record->sum, &partial, err) : rc;
    partial_release(&partial);
    if (record->n_partials < SHARDS) {
        (void)snprintf(record->worker[record->n_partials], sizeof record->worker[0], "%s",
                       row->worker);
    }
    record->n_partials++;
    return rc;
}

static inline int add_event(void *context, const struct ledger_event *event, struct error *err)
{
    (void)err;
    struct record *record = context;
    if (event->kind == LEASE_SHARD) {
        record->n_events[event->what]++;
        if (event->what == JOB_REJECTED || event->what == JOB_BROKE) {
            (void)snprintf(record->reason, sizeof record->reason, "%s", event->detail);
        }
    }
    return 0;
}

static inline struct record read_record(const struct play *play)
{
    struct record record = {.n_partials = 0};
    struct error err = {0};
    char *path = file_join(play->run_folder, "ledger.db");
    struct ledger *ledger = ledger_open(path, LEDGER_READ, &err);
    check_ok(ledger == NULL ? -1 : 0, &err);
    check_ok(ledger_each_partial(ledger, 0, add_partial, &record, &err), &err);
    check_ok(ledger_each_event(ledger, 0, add_event, &record, &err), &err);
    ledger_close(ledger);
    free(path);
    return record;
}

/* What the last scheduler of a run told of itself at its end; to be released. */
static inline struct live read_told(const struct play *play)
{
    struct live told;
    struct error err = {0};
    struct buffer text = {0};
    char *path = file_join(play->run_folder, "live.json");
    check_ok(file_read(path, LIVE_SIZE_LIMIT, &text, &err), &err);
    check_ok(live_decode(&told, text.data, text.size, &err), &err);
    buffer_release(&text);
    free(path);
    return told;
}

/* All shards are there, each once, and their sum is the truth. */
static inline void check_sum(const struct play *play, const struct record *record)
{
    struct buffer bytes = {0};
    partial_encode(&record->sum, &bytes);
    assert_int_equal(record->n_partials, SHARDS);
    assert_int_equal(record->n_events[JOB_ACCEPTED], SHARDS);
    assert_int_equal(record->sum.n_events, EVENTS);
    assert_int_equal(bytes.size, play->world->truth.size);
    assert_memory_equal(bytes.data, play->world->truth.data, bytes.size);
    buffer_release(&bytes);
}

/* A puppet in its thread. */
struct actor {
    struct puppet puppet;
    script script;
    bool played; /* to its end */
    pthread_t thread;
};

static inline void *act(void *context)
{
    struct actor *actor = context;
    actor->played = actor->script(&actor->puppet);
    return NULL;
}

static inline void start_actors(struct play *play, struct actor *actor, size_t n)
{
    static const char *const names[] = {"anna", "bert", "carl"};
    for (size_t i = 0; i < n; i++) {
        actor[i].puppet = (struct puppet){.stage = &play->stage, .name = names[i]};
        actor[i].puppet.hello.pid = (uint32_t)i + 1;
        assert_int_equal(pthread_create(&actor[i].thread, NULL, act, &actor[i]), 0);
    }
}

static inline void end_actors(struct play *play, struct actor *actor, size_t n)
{
    stage_end(&play->stage);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(pthread_join(actor[i].thread, NULL), 0);
        puppet_release(&actor[i].puppet);
    }
    for (size_t i = 0; i < n; i++) {
        assert_string_equal(actor[i].puppet.trouble, "");
        assert_true(actor[i].played);
    }
}

/* A signal that a puppet of an earlier test may have left. */
static inline void forget_signals(void)
{
    sigset_t set;
    static const struct timespec now = {0};
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)pthread_sigmask(SIG_BLOCK, &set, NULL);
    while (sigtimedwait(&set, NULL, &now) == SIGTERM) {
        /* another */
    }
}

/* As scheduler/walk.c does. */
static inline int work(struct run *r, struct dispatch *d, enum dispatch_end *end,
                       struct error *err)
{
    int rc = dispatch_work(d, LEASE_INSPECT, end, err);
    rc = rc == 0 ? run_plan(r, err) : rc;
    return rc == 0 && *end == DISPATCH_DONE ? dispatch_work(d, LEASE_SHARD, end, err) : rc;
}

/* One scheduler over the run until all is done; whether all shards were. */
static inline bool perform(struct play *play, const script *scripts, size_t n)
{
    struct error err = {0};
    struct actor actor[3] = {0};
    enum dispatch_end end = DISPATCH_STOPPED;
    forget_signals();
    struct run *r = run_launch(&(struct run_request){.folder = play->run_folder,
                                                     .run_file = play->world->run_file,
                                                     .accept_changes = false},
                               &err);
    check_ok(r == NULL ? -1 : 0, &err);
    struct dispatch *d = dispatch_open(r, &play->options, &err);
    check_ok(d == NULL ? -1 : 0, &err);
    if (play->kind != NULL) {
        static const struct launcher_options none = {.name = NULL};
        check_ok(dispatch_start_workers(d, play->kind, &none, &err), &err);
    }
    for (size_t i = 0; i < n; i++) {
        actor[i].script = scripts[i];
    }
    start_actors(play, actor, n);
    int rc = work(r, d, &end, &err);
    bool complete = run_complete(r);
    dispatch_close(d);
    run_close(r);
    end_actors(play, actor, n);
    check_ok(rc, &err);
    assert_int_equal(end, DISPATCH_DONE);
    return complete;
}

/* A run of these, in which no shard fails. */
static inline struct record perform_well(struct play *play, const script *scripts, size_t n)
{
    assert_true(perform(play, scripts, n));
    struct record record = read_record(play);
    check_sum(play, &record);
    return record;
}

static inline bool begin_and_serve(struct puppet *p)
{
    return puppet_begin(p) && puppet_serve(p);
}

static inline int make_world(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    struct error err = {0};
    assert_non_null(world);
    world->folder = check_make_folder();
    char path[PUT_PATH_SIZE];
    muon_file_write(world->folder, "muons.h5", path);
    (void)snprintf(world->run_file, sizeof world->run_file, "%s/run.yaml", world->folder);
    check_ok(file_write(world->run_file, 0644, run_text, strlen(run_text), &err), &err);
    struct play play = play_of(world);
    static const script scripts[] = {begin_and_serve};
    assert_true(perform(&play, scripts, 1));
    struct record record = read_record(&play);
    assert_int_equal(record.n_partials, SHARDS);
    assert_int_equal(record.sum.n_events, EVENTS);
    partial_encode(&record.sum, &world->truth);
    partial_release(&record.sum);
    *state = world;
    return 0;
}

static inline int end_world(void **state)
{
    struct world *world = *state;
    check_remove_folder(world->folder);
    buffer_release(&world->truth);
    free(world);
    return 0;
}

/* Says what it holds while nobody knows it any more: it has to say HELLO first. */
static inline bool send_late(struct puppet *p, const struct lease_id *id,
                             const struct buffer *payload, enum ack_verdict verdict)
{
    struct bytes message;
    return puppet_send_result(p, id, payload) &&
           puppet_hear(p, 1U << MESSAGE_WHO, &message) == MESSAGE_WHO && puppet_hello(p) &&
           puppet_send_result(p, id, payload) && puppet_expect_ack(p, id->epoch, verdict);
}

#endif
