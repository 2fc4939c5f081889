/* SPDX-License-Identifier: Apache-2.0 */
/* test_dispatch.c - tests of scheduler/dispatch.h and what it stands on: a real run over a real
 * file, with a real ledger and real sockets, and workers that do what no worker should.
 *
 * The promise behind all of them: whatever workers do, and whenever the scheduler dies, each
 * shard counts once and the sum is that of a run that nobody disturbed. */
#include "tests/support/muon_file.h"

#include <fcntl.h>
#include <sys/wait.h>

#include "base/file.h"
#include "scheduler/dispatch.h"
#include "scheduler/run.h"
#include "tests/support/puppet.h"

enum { EVENTS = MUON_FILE_EVENTS, SHARDS = 8, SHORT_SILENCE_MS = 400 };

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
};

typedef bool (*script)(struct puppet *p);

static const char run_text[] = "analysis: dimuon\n"
                               "shards: {target_events: 200}\n"
                               "samples:\n"
                               "  - name: muons\n"
                               "    kind: data\n"
                               "    files: [muons.h5]\n";

static struct play play_of(struct world *world)
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

static int add_partial(void *context, const struct ledger_partial *row, struct error *err)
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

static int add_event(void *context, const struct ledger_event *event, struct error *err)
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

static struct record read_record(const struct play *play)
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

/* All shards are there, each once, and their sum is the truth. */
static void check_sum(const struct play *play, const struct record *record)
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

static bool was_done_by(const struct record *record, const char *worker)
{
    bool found = false;
    for (size_t i = 0; i < record->n_partials && i < SHARDS; i++) {
        found = found || strcmp(record->worker[i], worker) == 0;
    }
    return found;
}

/* A puppet in its thread. */
struct actor {
    struct puppet puppet;
    script script;
    bool played; /* to its end */
    pthread_t thread;
};

static void *act(void *context)
{
    struct actor *actor = context;
    actor->played = actor->script(&actor->puppet);
    return NULL;
}

static void start_actors(struct play *play, struct actor *actor, size_t n)
{
    static const char *const names[] = {"anna", "bert", "carl"};
    for (size_t i = 0; i < n; i++) {
        actor[i].puppet = (struct puppet){.stage = &play->stage, .name = names[i]};
        actor[i].puppet.hello.pid = (uint32_t)i + 1;
        assert_int_equal(pthread_create(&actor[i].thread, NULL, act, &actor[i]), 0);
    }
}

static void end_actors(struct play *play, struct actor *actor, size_t n)
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
static void forget_signals(void)
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

/* As scheduler/walk.c does, without a launcher. */
static int work(struct run *r, struct dispatch *d, enum dispatch_end *end, struct error *err)
{
    int rc = dispatch_work(d, LEASE_INSPECT, end, err);
    rc = rc == 0 ? run_plan(r, err) : rc;
    return rc == 0 && *end == DISPATCH_DONE ? dispatch_work(d, LEASE_SHARD, end, err) : rc;
}

/* One scheduler over the run until all is done; whether all shards were. */
static bool perform(struct play *play, const script *scripts, size_t n)
{
    struct error err = {0};
    struct actor actor[3] = {0};
    enum dispatch_end end = DISPATCH_STOPPED;
    forget_signals();
    struct run *r = run_launch(play->run_folder, play->world->run_file, false, &err);
    check_ok(r == NULL ? -1 : 0, &err);
    struct dispatch *d = dispatch_open(r, &play->options, &err);
    check_ok(d == NULL ? -1 : 0, &err);
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
static struct record perform_well(struct play *play, const script *scripts, size_t n)
{
    assert_true(perform(play, scripts, n));
    struct record record = read_record(play);
    check_sum(play, &record);
    return record;
}

static bool begin_and_serve(struct puppet *p)
{
    return puppet_begin(p) && puppet_serve(p);
}

/* Comes when the file is inspected and the first has its lease. */
static bool join_second_and_serve(struct puppet *p)
{
    return puppet_await(p, 1) && puppet_join(p) && puppet_serve(p);
}

static int make_world(void **state)
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

static int end_world(void **state)
{
    struct world *world = *state;
    check_remove_folder(world->folder);
    buffer_release(&world->truth);
    free(world);
    return 0;
}

static bool send_twice(struct puppet *p)
{
    struct message_lease lease = {.path = NULL};
    struct buffer payload = {0};
    bool done = puppet_begin(p) && puppet_lease(p, &lease) &&
                puppet_compute(p, &lease, &payload) &&
                puppet_send_result(p, &lease.id, &payload) &&
                puppet_send_result(p, &lease.id, &payload) &&
                puppet_expect_ack(p, lease.id.epoch, ACK_ACCEPTED) &&
                puppet_expect_ack(p, lease.id.epoch, ACK_DUPLICATE) &&
                puppet_send_result(p, &lease.id, &payload) &&
                puppet_expect_ack(p, lease.id.epoch, ACK_DUPLICATE);
    message_lease_release(&lease);
    buffer_release(&payload);
    return done && puppet_serve(p);
}

static void a_partial_sent_twice_counts_once(void **state)
{
    static const script scripts[] = {send_twice};
    struct play play = play_of(*state);
    struct record record = perform_well(&play, scripts, 1);
    assert_int_equal(record.n_events[JOB_CONFLICT], 0);
    partial_release(&record.sum);
}

static bool send_and_vanish(struct puppet *p)
{
    struct message_lease lease = {.path = NULL};
    struct buffer payload = {0};
    bool done = puppet_begin(p) && puppet_lease(p, &lease) &&
                puppet_compute(p, &lease, &payload) &&
                puppet_send_result(p, &lease.id, &payload);
    puppet_vanish(p);
    stage_reach(p->stage, 1);
    message_lease_release(&lease);
    buffer_release(&payload);
    return done;
}

static void what_was_sent_before_a_worker_vanished_counts_once(void **state)
{
    static const script scripts[] = {send_and_vanish, join_second_and_serve};
    struct play play = play_of(*state);
    play.options.silence_ms = SHORT_SILENCE_MS;
    struct record record = perform_well(&play, scripts, 2);
    assert_true(was_done_by(&record, "anna"));
    assert_true(was_done_by(&record, "bert"));
    partial_release(&record.sum);
}

static bool lease_and_vanish(struct puppet *p)
{
    struct message_lease lease = {.path = NULL};
    bool done = puppet_begin(p) && puppet_lease(p, &lease);
    puppet_vanish(p);
    stage_reach(p->stage, 1);
    message_lease_release(&lease);
    return done;
}

static void the_shard_of_a_worker_that_vanished_is_leased_again(void **state)
{
    static const script scripts[] = {lease_and_vanish, join_second_and_serve};
    struct play play = play_of(*state);
    play.options.silence_ms = SHORT_SILENCE_MS;
    struct record record = perform_well(&play, scripts, 2);
    assert_false(was_done_by(&record, "anna"));
    assert_int_equal(record.n_events[JOB_LOST], 1);
    assert_int_equal(record.n_events[JOB_LEASED], SHARDS + 1);
    partial_release(&record.sum);
}

/* Says what it holds while nobody knows it any more: it has to say HELLO first. */
static bool send_late(struct puppet *p, const struct lease_id *id, const struct buffer *payload,
                      enum ack_verdict verdict)
{
    struct bytes message;
    return puppet_send_result(p, id, payload) &&
           puppet_hear(p, 1U << MESSAGE_WHO, &message) == MESSAGE_WHO && puppet_hello(p) &&
           puppet_send_result(p, id, payload) && puppet_expect_ack(p, id->epoch, verdict);
}

/* Step 1: has a lease and falls silent. Step 2: somebody has a lease of the same shard. Step 3:
 * the late partial was answered. */
static bool be_late_by(struct puppet *p, int until, enum ack_verdict verdict)
{
    struct message_lease lease = {.path = NULL};
    struct buffer payload = {0};
    bool done =
        puppet_begin(p) && puppet_lease(p, &lease) && puppet_compute(p, &lease, &payload);
    p->mute = true;
    stage_reach(p->stage, 1);
    done = done && puppet_await(p, until);
    p->mute = false;
    done = done && send_late(p, &lease.id, &payload, verdict);
    stage_reach(p->stage, 10);
    message_lease_release(&lease);
    buffer_release(&payload);
    return done && puppet_serve(p);
}

static bool be_late_and_first(struct puppet *p)
{
    return be_late_by(p, 2, ACK_ACCEPTED);
}

static bool be_late_and_second(struct puppet *p)
{
    return be_late_by(p, 3, ACK_DUPLICATE);
}

/* Holds the leases of all shards, the last of which is the one whose lease ran out. */
static bool hold_all(struct puppet *p, struct message_lease *lease)
{
    bool done = puppet_await(p, 1) && puppet_join(p);
    for (size_t i = 0; done && i < SHARDS; i++) {
        done = puppet_lease(p, &lease[i]);
    }
    return done;
}

static bool do_all_but_last(struct puppet *p, const struct message_lease *lease)
{
    bool done = true;
    for (size_t i = 0; done && i + 1 < SHARDS; i++) {
        done = puppet_do(p, &lease[i], ACK_ACCEPTED);
    }
    return done;
}

static void release_all(struct message_lease *lease)
{
    for (size_t i = 0; i < SHARDS; i++) {
        message_lease_release(&lease[i]);
    }
}

static bool let_the_late_be_first(struct puppet *p)
{
    struct message_lease lease[SHARDS] = {{.path = NULL}};
    bool done = hold_all(p, lease);
    stage_reach(p->stage, 2);
    done = done && puppet_await(p, 10) && puppet_do(p, &lease[SHARDS - 1], ACK_DUPLICATE) &&
           do_all_but_last(p, lease);
    release_all(lease);
    return done;
}

static bool be_first(struct puppet *p)
{
    struct message_lease lease[SHARDS] = {{.path = NULL}};
    bool done = hold_all(p, lease) && puppet_do(p, &lease[SHARDS - 1], ACK_ACCEPTED);
    stage_reach(p->stage, 3);
    done = done && puppet_await(p, 10) && do_all_but_last(p, lease);
    release_all(lease);
    return done;
}

static void a_late_partial_that_is_the_first_is_accepted(void **state)
{
    static const script scripts[] = {be_late_and_first, let_the_late_be_first};
    struct play play = play_of(*state);
    play.options.silence_ms = SHORT_SILENCE_MS;
    struct record record = perform_well(&play, scripts, 2);
    assert_true(was_done_by(&record, "anna"));
    assert_int_equal(record.n_events[JOB_LOST], 1);
    partial_release(&record.sum);
}

static void a_late_partial_that_is_the_second_is_dropped(void **state)
{
    static const script scripts[] = {be_late_and_second, be_first};
    struct play play = play_of(*state);
    play.options.silence_ms = SHORT_SILENCE_MS;
    struct record record = perform_well(&play, scripts, 2);
    assert_false(was_done_by(&record, "anna"));
    assert_int_equal(record.n_events[JOB_CONFLICT], 0);
    partial_release(&record.sum);
}

/* Another partial of as many events: one bin holds one more. */
static bool change(struct buffer *payload)
{
    struct partial partial = {0};
    struct error err = {0};
    struct bytes bytes = bytes_of(payload->data, payload->size);
    if (partial_decode(&partial, &bytes, &err) != 0) {
        return false;
    }
    hist_fill(&partial.hist[0].hist, 91, 1);
    buffer_clear(payload);
    partial_encode(&partial, payload);
    partial_release(&partial);
    return true;
}

static bool send_two_truths(struct puppet *p)
{
    struct message_lease lease = {.path = NULL};
    struct buffer payload = {0};
    bool done = puppet_begin(p) && puppet_lease(p, &lease) &&
                puppet_compute(p, &lease, &payload) &&
                puppet_send_result(p, &lease.id, &payload) &&
                puppet_expect_ack(p, lease.id.epoch, ACK_ACCEPTED) &&
                puppet_expect(p, change(&payload), "the payload is no partial") &&
                puppet_send_result(p, &lease.id, &payload) &&
                puppet_expect_ack(p, lease.id.epoch, ACK_DROPPED);
    message_lease_release(&lease);
    buffer_release(&payload);
    return done && puppet_serve(p);
}

static void a_different_partial_is_recorded_and_not_summed(void **state)
{
    static const script scripts[] = {send_two_truths};
    struct play play = play_of(*state);
    struct record record = perform_well(&play, scripts, 1);
    assert_int_equal(record.n_events[JOB_CONFLICT], 1);
    partial_release(&record.sum);
    struct error err = {0};
    struct run *r = run_open(play.run_folder, LEDGER_READ, &err);
    size_t n_conflicts = 0;
    for (size_t i = 0; r != NULL && i < r->n_shards; i++) {
        n_conflicts += r->shard[i].job.conflict;
    }
    check_ok(r == NULL ? -1 : 0, &err);
    assert_int_equal(n_conflicts, 1);
    assert_true(run_complete(r));
    run_close(r);
}

static bool come_from_another_run(struct puppet *p)
{
    struct bytes message;
    char reason[ERROR_TEXT_SIZE];
    bool done = puppet_connect(p);
    char run[MESSAGE_NAME_SIZE];
    (void)snprintf(run, sizeof run, "%s", p->hello.run);
    p->hello.run[0] = p->hello.run[0] == 'x' ? 'y' : 'x';
    buffer_clear(&p->out);
    message_hello_encode(&p->hello, &p->out);
    done = done && puppet_say(p) &&
           puppet_hear(p, 1U << MESSAGE_REFUSE, &message) == MESSAGE_REFUSE &&
           puppet_expect(p, message_refuse_decode(reason, &message, NULL) == 0, "no reason") &&
           puppet_expect(p, strstr(reason, "another run") != NULL, reason);
    /* What it says then is not heard either. */
    done =
        done && puppet_want(p, 1) && puppet_hear(p, 1U << MESSAGE_WHO, &message) == MESSAGE_WHO;
    (void)snprintf(p->hello.run, sizeof p->hello.run, "%s", run);
    puppet_vanish(p);
    return done && puppet_begin(p) && puppet_serve(p);
}

static void a_worker_of_another_run_is_refused(void **state)
{
    static const script scripts[] = {come_from_another_run};
    struct play play = play_of(*state);
    struct record record = perform_well(&play, scripts, 1);
    partial_release(&record.sum);
}

static bool forge(struct puppet *p)
{
    struct message_lease lease = {.path = NULL};
    struct buffer payload = {0};
    bool done =
        puppet_begin(p) && puppet_lease(p, &lease) && puppet_compute(p, &lease, &payload);
    for (int i = 0; done && i < 6; i++) {
        struct lease_id id = lease.id;
        id.subject += i % 3 == 0 ? 1 : 0; /* a shard that it was never leased */
        id.epoch += i % 3 == 1 ? 77777 : 0;
        id.seal[5] = (uint8_t)(id.seal[5] ^ (i % 3 == 2 ? 1U : 0U));
        done = (i < 3 ? puppet_send_result(p, &id, &payload)
                      : puppet_send_failure(p, &id, ERROR_INPUT, "forged")) &&
               puppet_expect_ack(p, id.epoch, ACK_REFUSED);
    }
    /* A lease of a file is none of the shard with its number. */
    struct lease_id other = lease.id;
    other.kind = LEASE_INSPECT;
    done = done && puppet_send_result(p, &other, &payload) &&
           puppet_expect_ack(p, other.epoch, ACK_REFUSED) && puppet_do(p, &lease, ACK_ACCEPTED);
    message_lease_release(&lease);
    buffer_release(&payload);
    return done && puppet_serve(p);
}

static void an_answer_to_a_lease_that_was_never_given_is_refused(void **state)
{
    static const script scripts[] = {forge};
    struct play play = play_of(*state);
    struct record record = perform_well(&play, scripts, 1);
    assert_int_equal(record.n_events[JOB_REJECTED], 0);
    assert_int_equal(record.n_events[JOB_BROKE], 0);
    assert_int_equal(record.n_events[JOB_CONFLICT], 0);
    assert_int_equal(record.n_events[JOB_LEASED], SHARDS);
    partial_release(&record.sum);
}

/* What no scheduler should take for a partial of the shard. */
static void spoil(struct buffer *payload, int how)
{
    struct partial partial = {0};
    struct error err = {0};
    struct bytes bytes = bytes_of(payload->data, payload->size);
    if (how == 0) {
        memset(payload->data, 0x5a, payload->size);
    } else if (how == 1) {
        partial_init(&partial, false);
        partial.n_events = EVENTS / SHARDS;
        buffer_clear(payload);
        partial_encode(&partial, payload); /* booked as nothing is */
    } else if (partial_decode(&partial, &bytes, &err) == 0) {
        partial.n_events--;
        buffer_clear(payload);
        partial_encode(&partial, payload);
    }
    partial_release(&partial);
}

/* Its first shard is spoiled each time that it gets it. */
static bool spoil_one_shard(struct puppet *p)
{
    uint64_t victim = 0;
    int n_spoiled = 0;
    bool done = puppet_begin(p);
    for (size_t i = 0; done && i < SHARDS + 2; i++) {
        struct message_lease lease = {.path = NULL};
        struct buffer payload = {0};
        done = puppet_lease(p, &lease) && puppet_compute(p, &lease, &payload);
        victim = i == 0 ? lease.id.subject : victim;
        if (done && lease.id.subject == victim) {
            spoil(&payload, n_spoiled++);
        }
        done = done && puppet_send_result(p, &lease.id, &payload) &&
               puppet_expect_ack(p, lease.id.epoch, ACK_ACCEPTED);
        message_lease_release(&lease);
        buffer_release(&payload);
    }
    return done && puppet_expect(p, n_spoiled == 3, "the shard was not leased three times");
}

static void three_bad_partials_fail_the_shard_and_no_other(void **state)
{
    static const script scripts[] = {spoil_one_shard};
    struct play play = play_of(*state);
    assert_false(perform(&play, scripts, 1));
    struct record record = read_record(&play);
    assert_int_equal(record.n_partials, SHARDS - 1);
    assert_int_equal(record.n_events[JOB_BROKE], 3);
    assert_int_equal(record.n_events[JOB_ACCEPTED], SHARDS - 1);
    assert_int_equal(record.sum.n_events, EVENTS - EVENTS / SHARDS);
    check_contains(record.reason, "199 events, the shard has 200");
    partial_release(&record.sum);
}

static bool reject_one_shard(struct puppet *p)
{
    struct message_lease lease = {.path = NULL};
    bool done = puppet_begin(p) && puppet_lease(p, &lease) &&
                puppet_send_failure(p, &lease.id, ERROR_INPUT, "no column Muon_pt") &&
                puppet_expect_ack(p, lease.id.epoch, ACK_ACCEPTED) &&
                puppet_send_failure(p, &lease.id, ERROR_INPUT, "once more") &&
                puppet_expect_ack(p, lease.id.epoch, ACK_DROPPED);
    message_lease_release(&lease);
    return done && puppet_serve(p);
}

static void bad_input_fails_the_shard_at_once(void **state)
{
    static const script scripts[] = {reject_one_shard};
    struct play play = play_of(*state);
    assert_false(perform(&play, scripts, 1));
    struct record record = read_record(&play);
    assert_int_equal(record.n_events[JOB_REJECTED], 1);
    assert_int_equal(record.n_events[JOB_LEASED], SHARDS);
    assert_int_equal(record.n_partials, SHARDS - 1);
    assert_string_equal(record.reason, "no column Muon_pt");
    partial_release(&record.sum);
}

/* The shard that failed is given up too early: a result that comes all the same is taken. */
static bool reject_and_mend(struct puppet *p)
{
    struct message_lease lease = {.path = NULL};
    bool done = puppet_begin(p) && puppet_lease(p, &lease) &&
                puppet_send_failure(p, &lease.id, ERROR_INPUT, "was it?") &&
                puppet_expect_ack(p, lease.id.epoch, ACK_ACCEPTED) &&
                puppet_do(p, &lease, ACK_ACCEPTED);
    message_lease_release(&lease);
    return done && puppet_serve(p);
}

static void a_valid_partial_counts_even_after_the_shard_failed(void **state)
{
    static const script scripts[] = {reject_and_mend};
    struct play play = play_of(*state);
    struct record record = perform_well(&play, scripts, 1);
    partial_release(&record.sum);
}

/* Sends bytes; what was meant for a scheduler of sound mind gets through all the same. */
static bool say_bytes(struct puppet *p, const void *bytes, size_t size)
{
    buffer_clear(&p->out);
    buffer_raw(&p->out, bytes, size);
    return puppet_say(p);
}

/* Every beginning of a message, a byte too much, and flips in its head. */
static bool mangle(struct puppet *p, const struct buffer *whole)
{
    uint8_t bytes[4096];
    bool done = puppet_expect(p, whole->size + 1 < sizeof bytes, "too long to be mangled");
    for (size_t size = 0; done && size < whole->size; size += 1 + size / 4) {
        done = say_bytes(p, whole->data, size);
    }
    for (size_t i = 0; done && i < 8; i++) {
        memcpy(bytes, whole->data, whole->size);
        bytes[i % 6] = (uint8_t)(bytes[i % 6] ^ 1U << i);
        bool is_end = bytes[5] == MESSAGE_END || bytes[5] == MESSAGE_HELLO;
        done = is_end || say_bytes(p, bytes, whole->size);
    }
    if (done) {
        memcpy(bytes, whole->data, whole->size);
        bytes[whole->size] = 0;
        done = say_bytes(p, bytes, whole->size + 1);
    }
    return done;
}

/* One message of each kind that a worker says, and of each that only a scheduler says. */
static bool mangle_all(struct puppet *p, const struct message_lease *lease,
                       const struct buffer *payload)
{
    static const struct message_ack ack = {.verdict = ACK_ACCEPTED};
    static const struct message_heartbeat beat = {.n = 3};
    struct message_result result = {
        .id = lease->id, .payload = payload->data, .size = size_min(payload->size, 2000)};
    char text[] = "text";
    struct message_failure failure = {
        .id = lease->id, .kind = ERROR_SYSTEM, .text = text, .log = text};
    struct message_welcome order = {.order = text};
    bool done = true;
    for (int kind = 0; done && kind < 8; kind++) {
        struct buffer whole = {0};
        switch (kind) {
        case 0:
            message_result_encode(&result, &whole);
            whole.size -= 3;
            break;
        case 1:
            message_failure_encode(&failure, &whole);
            whole.size -= 3;
            break;
        case 2:
            message_want_encode(1, &whole);
            whole.size -= 2;
            break;
        case 3:
            message_heartbeat_encode(&beat, &whole);
            whole.size -= 8;
            break;
        case 4:
            message_ack_encode(&ack, &whole);
            break;
        case 5:
            message_lease_encode(lease, &whole);
            break;
        case 6:
            message_welcome_encode(&order, &whole);
            break;
        default:
            message_refuse_encode("no", &whole);
            break;
        }
        done = mangle(p, &whole);
        buffer_release(&whole);
    }
    return done;
}

static bool talk_nonsense(struct puppet *p)
{
    static const uint8_t zeros[64] = {0};
    struct message_lease lease = {.path = NULL};
    struct buffer payload = {0};
    struct bytes message;
    struct lease_id nobody = {.kind = LEASE_SHARD, .subject = 1, .epoch = 1};
    bool done = puppet_connect(p) && say_bytes(p, zeros, sizeof zeros) &&
                puppet_send_result(p, &nobody, &payload) &&
                puppet_hear(p, 1U << MESSAGE_WHO, &message) == MESSAGE_WHO;
    puppet_vanish(p);
    done = done && puppet_begin(p) && puppet_lease(p, &lease) &&
           puppet_compute(p, &lease, &payload) && mangle_all(p, &lease, &payload) &&
           puppet_hello(p) && puppet_do(p, &lease, ACK_ACCEPTED);
    message_lease_release(&lease);
    buffer_release(&payload);
    return done && puppet_serve(p);
}

static void nonsense_does_no_harm(void **state)
{
    static const script scripts[] = {talk_nonsense};
    struct play play = play_of(*state);
    struct record record = perform_well(&play, scripts, 1);
    assert_int_equal(record.n_events[JOB_LEASED], SHARDS);
    assert_int_equal(record.n_events[JOB_BROKE], 0);
    partial_release(&record.sum);
}

/* The first lease got lost on its way: this worker never names it. */
static bool overlook_a_lease(struct puppet *p)
{
    struct message_lease lease = {.path = NULL};
    bool done = puppet_begin(p) && puppet_lease(p, &lease);
    p->n_held = 0;
    message_lease_release(&lease);
    return done && puppet_serve(p);
}

static void a_lease_that_its_worker_does_not_have_is_given_out_again(void **state)
{
    static const script scripts[] = {overlook_a_lease};
    struct play play = play_of(*state);
    play.options.silence_ms = 2 * SHORT_SILENCE_MS;
    struct record record = perform_well(&play, scripts, 1);
    assert_int_equal(record.n_events[JOB_LOST], 1);
    partial_release(&record.sum);
}

/* Says who it is again on a new connection, and goes on with what it holds. */
static bool reconnect(struct puppet *p)
{
    struct message_lease lease = {.path = NULL};
    struct buffer payload = {0};
    bool done =
        puppet_begin(p) && puppet_lease(p, &lease) && puppet_compute(p, &lease, &payload);
    wire_close(p->wire);
    p->wire = NULL;
    done = done && puppet_join(p) && puppet_send_result(p, &lease.id, &payload) &&
           puppet_expect_ack(p, lease.id.epoch, ACK_ACCEPTED);
    message_lease_release(&lease);
    buffer_release(&payload);
    return done && puppet_serve(p);
}

static void a_worker_keeps_its_leases_on_a_new_connection(void **state)
{
    static const script scripts[] = {reconnect};
    struct play play = play_of(*state);
    struct record record = perform_well(&play, scripts, 1);
    assert_int_equal(record.n_events[JOB_LOST], 0);
    partial_release(&record.sum);
}

static bool leave(struct puppet *p)
{
    struct message_lease lease = {.path = NULL};
    bool done = puppet_begin(p) && puppet_lease(p, &lease);
    buffer_clear(&p->out);
    message_bare_encode(MESSAGE_END, &p->out);
    done = done && puppet_say(p);
    stage_reach(p->stage, 1);
    message_lease_release(&lease);
    return done;
}

/* No short silence: it would take eight seconds. */
static void the_lease_of_a_worker_that_takes_its_leave_is_free_at_once(void **state)
{
    static const script scripts[] = {leave, join_second_and_serve};
    struct play play = play_of(*state);
    uint64_t start_ms = clock_now_ms();
    struct record record = perform_well(&play, scripts, 2);
    assert_true(clock_now_ms() - start_ms < 7000);
    assert_int_equal(record.n_events[JOB_LOST], 1);
    partial_release(&record.sum);
}

/* Holds an answer over the death of its scheduler. */
static bool outlive_the_scheduler(struct puppet *p)
{
    struct message_lease lease = {.path = NULL};
    struct buffer payload = {0};
    bool done =
        puppet_begin(p) && puppet_lease(p, &lease) && puppet_compute(p, &lease, &payload);
    (void)kill(getpid(), SIGTERM);
    done = done && puppet_await(p, 1) && send_late(p, &lease.id, &payload, ACK_ACCEPTED);
    message_lease_release(&lease);
    buffer_release(&payload);
    return done && puppet_serve(p);
}

static struct dispatch *open_scheduler(struct play *play, struct run **r)
{
    struct error err = {0};
    *r = run_launch(play->run_folder, play->world->run_file, false, &err);
    check_ok(*r == NULL ? -1 : 0, &err);
    struct dispatch *d = dispatch_open(*r, &play->options, &err);
    check_ok(d == NULL ? -1 : 0, &err);
    return d;
}

static void the_next_scheduler_takes_what_was_computed_for_the_last(void **state)
{
    struct play play = play_of(*state);
    struct actor actor = {.script = outlive_the_scheduler};
    struct error err = {0};
    struct run *r = NULL;
    enum dispatch_end end = DISPATCH_DONE;
    forget_signals();
    struct dispatch *d = open_scheduler(&play, &r);
    start_actors(&play, &actor, 1);
    check_ok(work(r, d, &end, &err), &err);
    assert_int_equal(end, DISPATCH_STOPPED);
    dispatch_close(d);
    run_close(r);
    d = open_scheduler(&play, &r);
    stage_reach(&play.stage, 1);
    check_ok(work(r, d, &end, &err), &err);
    assert_int_equal(end, DISPATCH_DONE);
    dispatch_close(d);
    run_close(r);
    end_actors(&play, &actor, 1);
    struct record record = read_record(&play);
    check_sum(&play, &record);
    partial_release(&record.sum);
}

/* A scheduler in a process of its own, which waits at its gate for its turn. */
struct scheduler {
    pid_t pid;
    int gate;
};

static int be_scheduler(const struct play *play, int gate)
{
    struct error err = {0};
    enum dispatch_end end = DISPATCH_STOPPED;
    char turn = 0;
    if (read(gate, &turn, 1) != 1) {
        return 2;
    }
    struct run *r = run_launch(play->run_folder, play->world->run_file, false, &err);
    struct dispatch *d = r == NULL ? NULL : dispatch_open(r, &play->options, &err);
    int rc = d == NULL ? -1 : work(r, d, &end, &err);
    bool complete = rc == 0 && run_complete(r);
    dispatch_close(d);
    run_close(r);
    return complete ? 0 : 1;
}

/* Before there are threads: a fork of a process with threads is fit for little. */
static struct scheduler fork_scheduler(const struct play *play)
{
    int gate[2];
    assert_int_equal(pipe2(gate, O_CLOEXEC), 0);
    struct scheduler s = {.pid = fork(), .gate = gate[1]};
    if (s.pid == 0) {
        (void)close(gate[1]);
        _exit(be_scheduler(play, gate[0]));
    }
    assert_true(s.pid > 0);
    (void)close(gate[0]);
    return s;
}

static void open_gate(const struct scheduler *s)
{
    assert_int_equal(write(s->gate, "x", 1), 1);
}

static void kill_scheduler(const struct scheduler *s)
{
    int status = 0;
    assert_int_equal(kill(s->pid, SIGKILL), 0);
    assert_int_equal(waitpid(s->pid, &status, 0), s->pid);
    assert_true(WIFSIGNALED(status));
}

static void wait_for_file(const char *path)
{
    uint64_t start_ms = clock_now_ms();
    while (access(path, F_OK) != 0) {
        assert_true(clock_now_ms() - start_ms < PUPPET_DEADLINE_MS);
        (void)usleep(2000);
    }
}

enum { DEATHS = 5 };

/* One lease over the death of the scheduler that gave it. */
static void outlive(struct puppet *p, const struct scheduler *dying,
                    const struct scheduler *next)
{
    struct message_lease lease = {.path = NULL};
    struct buffer payload = {0};
    assert_true(puppet_lease(p, &lease) && puppet_compute(p, &lease, &payload));
    kill_scheduler(dying);
    open_gate(next);
    assert_true(send_late(p, &lease.id, &payload, ACK_ACCEPTED));
    message_lease_release(&lease);
    buffer_release(&payload);
}

static void schedulers_that_are_killed_lose_nothing(void **state)
{
    struct play play = play_of(*state);
    struct scheduler scheduler[DEATHS + 1];
    forget_signals();
    for (size_t i = 0; i <= DEATHS; i++) {
        scheduler[i] = fork_scheduler(&play);
    }
    open_gate(&scheduler[0]);
    wait_for_file(play.stage.invitation);
    struct puppet p = {.stage = &play.stage, .name = "anna"};
    assert_true(puppet_begin(&p));
    for (size_t i = 0; i < DEATHS; i++) {
        outlive(&p, &scheduler[i], &scheduler[i + 1]);
    }
    assert_true(puppet_serve(&p));
    assert_string_equal(p.trouble, "");
    int status = 1;
    assert_int_equal(waitpid(scheduler[DEATHS].pid, &status, 0), scheduler[DEATHS].pid);
    assert_int_equal(status, 0);
    puppet_release(&p);
    for (size_t i = 0; i <= DEATHS; i++) {
        (void)close(scheduler[i].gate);
    }
    struct record record = read_record(&play);
    check_sum(&play, &record);
    partial_release(&record.sum);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_partial_sent_twice_counts_once),
        cmocka_unit_test(what_was_sent_before_a_worker_vanished_counts_once),
        cmocka_unit_test(the_shard_of_a_worker_that_vanished_is_leased_again),
        cmocka_unit_test(a_late_partial_that_is_the_first_is_accepted),
        cmocka_unit_test(a_late_partial_that_is_the_second_is_dropped),
        cmocka_unit_test(a_different_partial_is_recorded_and_not_summed),
        cmocka_unit_test(a_worker_of_another_run_is_refused),
        cmocka_unit_test(an_answer_to_a_lease_that_was_never_given_is_refused),
        cmocka_unit_test(three_bad_partials_fail_the_shard_and_no_other),
        cmocka_unit_test(bad_input_fails_the_shard_at_once),
        cmocka_unit_test(a_valid_partial_counts_even_after_the_shard_failed),
        cmocka_unit_test(nonsense_does_no_harm),
        cmocka_unit_test(a_lease_that_its_worker_does_not_have_is_given_out_again),
        cmocka_unit_test(a_worker_keeps_its_leases_on_a_new_connection),
        cmocka_unit_test(the_lease_of_a_worker_that_takes_its_leave_is_free_at_once),
        cmocka_unit_test(the_next_scheduler_takes_what_was_computed_for_the_last),
        cmocka_unit_test(schedulers_that_are_killed_lose_nothing),
    };
    return cmocka_run_group_tests(tests, make_world, end_world);
}
