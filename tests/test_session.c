/* SPDX-License-Identifier: Apache-2.0 */
/* test_session.c - tests of worker/session.h: the real worker program, talked to by a scheduler
 * whose every word is the test's. */
#include "tests/support/muon_file.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "worker/message.h"
#include "worker/order.h"
#include "worker/wire.h"

enum { DEADLINE_MS = 40000, HEARTBEAT_MS = 50, ROWS = 400 };

struct boss {
    char *folder;
    char data[PUT_PATH_SIZE];
    char invitation[256];
    char endpoint[128];
    char order[4096];
    struct wire_keys server_keys;
    struct wire_keys worker_keys;
    struct wire *wire;
    struct wire_peer peer; /* who spoke last */
    struct buffer in;
    struct buffer out;
    struct message_heartbeat beat; /* the last that was heard */
    pid_t worker;                  /* 0: none */
};

static void listen_at(struct boss *b, const char *endpoint)
{
    struct error err = {0};
    uint64_t start_ms = clock_now_ms();
    do { /* the port may still close */
        b->wire = wire_listen(endpoint, &b->server_keys, b->worker_keys.public_key,
                              MESSAGE_SIZE_LIMIT, &err);
    } while (b->wire == NULL && clock_now_ms() - start_ms < DEADLINE_MS);
    check_ok(b->wire == NULL ? -1 : 0, &err);
    (void)snprintf(b->endpoint, sizeof b->endpoint, "%s", wire_endpoint(b->wire));
}

static void write_invitation(struct boss *b)
{
    struct error err = {0};
    struct buffer text = {0};
    json_t *json =
        json_pack("{s:s, s:s, s:s, s:s, s:s}", "run", "the run", "endpoint", b->endpoint,
                  "server_key", b->server_keys.public_key, "public_key",
                  b->worker_keys.public_key, "secret_key", b->worker_keys.secret_key);
    check_ok(json_write_pretty(json, &text, &err), &err);
    (void)snprintf(b->invitation, sizeof b->invitation, "%s/worker.json", b->folder);
    check_ok(file_write(b->invitation, 0600, text.data, text.size, &err), &err);
    json_decref(json);
    buffer_release(&text);
}

static void write_order(struct boss *b, unsigned version)
{
    (void)snprintf(b->order, sizeof b->order, "{\"analysis\": \"dimuon\", \"version\": %u}",
                   version);
}

static int open_boss(void **state)
{
    struct error err = {0};
    struct boss *b = calloc(1, sizeof *b);
    assert_non_null(b);
    b->folder = check_make_folder();
    muon_file_write(b->folder, "muons.h5", b->data);
    check_ok(wire_make_keys(&b->server_keys, &err), &err);
    check_ok(wire_make_keys(&b->worker_keys, &err), &err);
    listen_at(b, "tcp://127.0.0.1:*");
    write_invitation(b);
    write_order(b, analysis_dimuon.version);
    *state = b;
    return 0;
}

static int close_boss(void **state)
{
    struct boss *b = *state;
    if (b->worker != 0) { /* only after a failed test */
        (void)kill(b->worker, SIGKILL);
        (void)waitpid(b->worker, NULL, 0);
    }
    wire_close(b->wire);
    buffer_release(&b->in);
    buffer_release(&b->out);
    check_remove_folder(b->folder);
    free(b);
    return 0;
}

/* Sanitizers would turn the signals of these tests into exits. */
static void start_slot(struct boss *b, const char *patience, const char *shards)
{
    char program[] = PICOBARN_TEST_WORKER;
    char word[][12] = {"run", "--connect", "--threads", "1", "--patience", "--shards"};
    char limit[16];
    char most[16];
    char log[300];
    (void)snprintf(limit, sizeof limit, "%s", patience);
    (void)snprintf(most, sizeof most, "%s", shards);
    (void)snprintf(log, sizeof log, "%s/worker.log", b->folder);
    char *const argv[] = {program, word[0], word[1], b->invitation, word[2], word[3],
                          word[4], limit,   word[5], most,          NULL};
    static const char plain_signals[] = "handle_segv=0:handle_sigbus=0:handle_abort=0";
    /* libzmq's own threads are not instrumented, and would give false reports. */
    static const char quiet_and_plain[] = "ignore_noninstrumented_modules=1:"
                                          "handle_segv=0:handle_sigbus=0:handle_abort=0";
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
    assert_int_equal(setenv("ASAN_OPTIONS", plain_signals, 1), 0);
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
    assert_int_equal(setenv("TSAN_OPTIONS", quiet_and_plain, 1), 0);
    posix_spawn_file_actions_t actions;
    assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
    assert_int_equal(posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, log,
                                                      O_WRONLY | O_CREAT | O_APPEND, 0644),
                     0);
    assert_int_equal(posix_spawn(&b->worker, program, &actions, NULL, argv, environ), 0);
    (void)posix_spawn_file_actions_destroy(&actions);
}

static void start_worker(struct boss *b, const char *patience)
{
    start_slot(b, patience, "0");
}

static int end_of_worker(struct boss *b)
{
    struct error err = {0};
    int status = 0;
    uint64_t start_ms = clock_now_ms();
    while (waitpid(b->worker, &status, WNOHANG) == 0) {
        assert_true(clock_now_ms() - start_ms < DEADLINE_MS);
        if (b->wire != NULL) { /* the door is answered while it is waited for */
            check_ok(wire_wait(b->wire, NULL, NULL, 0, 5, &err), &err);
        }
        (void)usleep(1000);
    }
    b->worker = 0;
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void say(struct boss *b)
{
    struct error err = {0};
    assert_int_equal(wire_send(b->wire, &b->peer, &b->out, &err), 0);
    buffer_clear(&b->out);
}

/* The type of a message that is there, its fields in *message; MESSAGE_TYPES if none is. Notes
 * heartbeats. */
static enum message_type take(struct boss *b, struct bytes *message)
{
    struct error err = {0};
    enum message_type type = MESSAGE_TYPES;
    if (wire_receive(b->wire, &b->peer, &b->in, &err) == 1) {
        *message = bytes_of(b->in.data, b->in.size);
        check_ok(message_type(message, &type, &err), &err);
    }
    if (type == MESSAGE_HEARTBEAT) {
        struct bytes beat = *message;
        check_ok(message_heartbeat_decode(&b->beat, &beat, &err), &err);
    }
    return type;
}

/* The next message of that type, its fields in *message; others are passed over. */
static void hear(struct boss *b, enum message_type wanted, struct bytes *message)
{
    struct error err = {0};
    uint64_t start_ms = clock_now_ms();
    enum message_type type = take(b, message);
    while (type != wanted) {
        assert_true(clock_now_ms() - start_ms < DEADLINE_MS);
        if (type == MESSAGE_TYPES) {
            check_ok(wire_wait(b->wire, NULL, NULL, 0, 50, &err), &err);
        }
        type = take(b, message);
    }
}

static void welcome(struct boss *b)
{
    struct message_welcome m = {
        .order = b->order, .heartbeat_ms = HEARTBEAT_MS, .silence_ms = 30000};
    message_welcome_encode(&m, &b->out);
    say(b);
}

static void hear_hello(struct boss *b)
{
    struct bytes message;
    struct error err = {0};
    struct message_hello hello;
    hear(b, MESSAGE_HELLO, &message);
    check_ok(message_hello_decode(&hello, &message, &err), &err);
    assert_string_equal(hello.run, "the run");
}

static void admit(struct boss *b)
{
    struct bytes message;
    hear_hello(b);
    welcome(b);
    hear(b, MESSAGE_WANT, &message);
}

static void give_lease(struct boss *b, uint64_t epoch, const char *path)
{
    char no_weight[] = "";
    char own[PUT_PATH_SIZE];
    (void)snprintf(own, sizeof own, "%s", path);
    struct message_lease lease = {.id = {.kind = LEASE_SHARD, .subject = 7, .epoch = epoch},
                                  .path = own,
                                  .weight = no_weight,
                                  .channels = UINT32_MAX,
                                  .first = 200,
                                  .stop = 200 + ROWS};
    message_lease_encode(&lease, &b->out);
    say(b);
}

/* A good partial of this lease. */
static void hear_result(struct boss *b, uint64_t epoch)
{
    struct bytes message;
    struct error err = {0};
    struct message_result result;
    struct partial partial = {0};
    hear(b, MESSAGE_RESULT, &message);
    check_ok(message_result_decode(&result, &message, &err), &err);
    assert_int_equal(result.id.epoch, epoch);
    assert_int_equal(result.id.subject, 7);
    struct bytes payload = bytes_of(result.payload, result.size);
    check_ok(partial_decode(&partial, &payload, &err), &err);
    assert_int_equal(partial.n_events, ROWS);
    partial_release(&partial);
}

static void acknowledge(struct boss *b, uint64_t epoch, enum ack_verdict verdict)
{
    struct message_ack ack = {.id = {.kind = LEASE_SHARD, .subject = 7, .epoch = epoch},
                              .verdict = verdict};
    message_ack_encode(&ack, &b->out);
    say(b);
}

static void say_bare(struct boss *b, enum message_type type)
{
    message_bare_encode(type, &b->out);
    say(b);
}

static bool names(const struct message_heartbeat *beat, uint64_t epoch)
{
    bool found = false;
    for (uint32_t i = 0; i < beat->n; i++) {
        found = found || beat->lease[i].epoch == epoch;
    }
    return found;
}

/* Waits for a heartbeat that names the lease, or for one that does not. */
static void hear_of(struct boss *b, uint64_t epoch, bool held)
{
    struct bytes message;
    do {
        hear(b, MESSAGE_HEARTBEAT, &message);
    } while (names(&b->beat, epoch) != held);
}

static void an_answer_is_sent_until_it_is_acknowledged(void **state)
{
    struct boss *b = *state;
    start_worker(b, "60");
    admit(b);
    give_lease(b, 41, b->data);
    hear_result(b, 41);
    hear_result(b, 41); /* by itself, after a while */
    hear_of(b, 41, true);
    say_bare(b, MESSAGE_WHO);
    hear_hello(b);
    welcome(b);
    hear_result(b, 41);
    give_lease(b, 42, b->data); /* meanwhile it works on */
    hear_result(b, 42);
    acknowledge(b, 42, ACK_ACCEPTED);
    acknowledge(b, 41, ACK_DUPLICATE);
    hear_of(b, 41, false);
    assert_false(names(&b->beat, 42));
    say_bare(b, MESSAGE_END);
    assert_int_equal(end_of_worker(b), 0);
}

static void a_slot_ends_when_its_shards_are_acknowledged(void **state)
{
    struct boss *b = *state;
    struct bytes message;
    struct error err = {0};
    uint32_t n_wanted = 0;
    start_slot(b, "60", "1");
    hear_hello(b);
    welcome(b);
    hear(b, MESSAGE_WANT, &message);
    check_ok(message_want_decode(&n_wanted, &message, &err), &err);
    assert_int_equal(n_wanted, 1); /* no more than it will do */
    give_lease(b, 41, b->data);
    hear_result(b, 41);
    hear_of(b, 41, true); /* it stays as long as it holds an answer */
    hear_result(b, 41);
    acknowledge(b, 41, ACK_ACCEPTED);
    hear(b, MESSAGE_END, &message);
    assert_int_equal(end_of_worker(b), 0);
}

static void an_answer_outlives_its_scheduler(void **state)
{
    struct boss *b = *state;
    start_worker(b, "60");
    admit(b);
    give_lease(b, 41, b->data);
    hear_result(b, 41);
    char endpoint[sizeof b->endpoint];
    memcpy(endpoint, b->endpoint, sizeof endpoint);
    wire_close(b->wire);
    listen_at(b, endpoint);
    struct bytes message;
    struct error err = {0};
    enum message_type type = MESSAGE_TYPES;
    /* What it says on the new connection, whatever that is, is answered by WHO. */
    while (type != MESSAGE_HELLO) {
        check_ok(wire_wait(b->wire, NULL, NULL, 0, DEADLINE_MS, &err), &err);
        if (wire_receive(b->wire, &b->peer, &b->in, &err) == 1) {
            message = bytes_of(b->in.data, b->in.size);
            check_ok(message_type(&message, &type, &err), &err);
            say_bare(b, MESSAGE_WHO);
        }
    }
    welcome(b);
    hear_result(b, 41);
    acknowledge(b, 41, ACK_ACCEPTED);
    hear_of(b, 41, false);
    say_bare(b, MESSAGE_END);
    assert_int_equal(end_of_worker(b), 0);
}

static void an_end_before_the_acknowledgement_is_no_success(void **state)
{
    struct boss *b = *state;
    start_worker(b, "60");
    admit(b);
    give_lease(b, 41, b->data);
    hear_result(b, 41);
    say_bare(b, MESSAGE_END);
    assert_int_equal(end_of_worker(b), 75);
}

static void a_worker_that_is_asked_to_stop_says_so(void **state)
{
    struct boss *b = *state;
    struct bytes message;
    start_worker(b, "60");
    admit(b);
    give_lease(b, 41, b->data);
    hear_result(b, 41);
    assert_int_equal(kill(b->worker, SIGTERM), 0);
    hear(b, MESSAGE_END, &message);
    assert_int_equal(end_of_worker(b), 143);
}

static void a_refused_worker_ends(void **state)
{
    struct boss *b = *state;
    start_worker(b, "60");
    hear_hello(b);
    message_refuse_encode("this scheduler works on another run", &b->out);
    say(b);
    assert_int_equal(end_of_worker(b), 65);
}

static void a_worker_of_another_release_ends(void **state)
{
    struct boss *b = *state;
    start_worker(b, "60");
    hear_hello(b);
    write_order(b, analysis_dimuon.version + 1);
    welcome(b);
    assert_int_equal(end_of_worker(b), 65);
}

static void a_worker_without_a_scheduler_loses_patience(void **state)
{
    struct boss *b = *state;
    wire_close(b->wire);
    b->wire = NULL;
    start_worker(b, "1");
    assert_int_equal(end_of_worker(b), 75);
}

static void a_bad_invitation_is_bad_input(void **state)
{
    struct boss *b = *state;
    struct error err = {0};
    static const char *const texts[] = {"", "{", "{}", "{\"run\": \"x\"}", "[]"};
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
        check_ok(file_write(b->invitation, 0600, texts[i], strlen(texts[i]), &err), &err);
        start_worker(b, "60");
        assert_int_equal(end_of_worker(b), 65);
    }
}

static void hear_failure(struct boss *b, uint64_t epoch, struct message_failure *failure)
{
    struct bytes message;
    struct error err = {0};
    hear(b, MESSAGE_FAILURE, &message);
    check_ok(message_failure_decode(failure, &message, &err), &err);
    assert_int_equal(failure->id.epoch, epoch);
    assert_int_equal(failure->id.subject, 7);
}

static void a_file_that_is_gone_is_a_typed_failure(void **state)
{
    struct boss *b = *state;
    struct message_failure failure = {.text = NULL};
    char path[] = "/nowhere/muons.h5";
    start_worker(b, "60");
    admit(b);
    give_lease(b, 41, path);
    hear_failure(b, 41, &failure);
    assert_int_equal(failure.kind, ERROR_INPUT);
    assert_int_equal(failure.signal, 0);
    check_contains(failure.text, path);
    acknowledge(b, 41, ACK_ACCEPTED);
    give_lease(b, 42, b->data);
    hear_result(b, 42);
    acknowledge(b, 42, ACK_ACCEPTED);
    hear_of(b, 42, false);
    say_bare(b, MESSAGE_END);
    assert_int_equal(end_of_worker(b), 0);
    message_failure_release(&failure);
}

/* The compute program of the worker, which has been at work. */
static pid_t find_compute(const struct boss *b)
{
    char path[64];
    struct buffer text = {0};
    struct error err = {0};
    (void)snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)b->worker,
                   (int)b->worker);
    check_ok(file_read(path, 4096, &text, &err), &err);
    pid_t pid = (pid_t)strtol(buffer_string(&text), NULL, 10);
    buffer_release(&text);
    assert_true(pid > 0);
    return pid;
}

/* It is stopped, so that it dies with a lease at hand and another waiting. */
static void compute_dies_of(struct boss *b, int signal, uint64_t epoch)
{
    struct message_failure failure = {.text = NULL};
    char words[64];
    pid_t compute = find_compute(b);
    assert_int_equal(kill(compute, SIGSTOP), 0);
    give_lease(b, epoch, b->data);
    give_lease(b, epoch + 1, b->data);
    hear_of(b, epoch + 1, true);
    assert_int_equal(kill(compute, signal), 0);
    (void)kill(compute, SIGCONT); /* SIGKILL does not wait for it: it may be gone already */
    hear_failure(b, epoch, &failure);
    assert_int_equal(failure.kind, ERROR_SYSTEM);
    assert_int_equal(failure.signal, signal);
    (void)snprintf(words, sizeof words, "signal %d", signal);
    check_contains(failure.text, words);
    message_failure_release(&failure);
    acknowledge(b, epoch, ACK_ACCEPTED);
    hear_result(b, epoch + 1);
    acknowledge(b, epoch + 1, ACK_ACCEPTED);
}

static void a_compute_program_that_dies_fails_its_lease_and_no_other(void **state)
{
    static const int signals[] = {SIGKILL, SIGSEGV, SIGBUS, SIGABRT};
    struct boss *b = *state;
    start_worker(b, "60");
    admit(b);
    give_lease(b, 41, b->data);
    hear_result(b, 41);
    acknowledge(b, 41, ACK_ACCEPTED);
    for (size_t i = 0; i < ARRAY_LENGTH(signals); i++) {
        compute_dies_of(b, signals[i], 50 + 2 * i);
    }
    hear_of(b, 57, false);
    say_bare(b, MESSAGE_END);
    assert_int_equal(end_of_worker(b), 0);
}

static void nonsense_from_a_scheduler_does_no_harm(void **state)
{
    struct boss *b = *state;
    static const uint8_t zeros[100] = {0};
    start_worker(b, "60");
    admit(b);
    for (size_t size = 0; size < sizeof zeros; size += 9) {
        buffer_raw(&b->out, zeros, size);
        say(b);
    }
    for (size_t cut = 1; cut < 20; cut++) {
        struct message_ack ack = {.verdict = ACK_ACCEPTED, .id = {.kind = LEASE_SHARD}};
        message_ack_encode(&ack, &b->out);
        b->out.size -= cut;
        say(b);
    }
    acknowledge(b, 999, ACK_ACCEPTED); /* of what was never answered */
    give_lease(b, 41, b->data);
    give_lease(b, 41, b->data); /* the same again */
    hear_result(b, 41);
    acknowledge(b, 41, ACK_ACCEPTED);
    hear_of(b, 41, false);
    say_bare(b, MESSAGE_END);
    assert_int_equal(end_of_worker(b), 0);
}

#define BOSS_TEST(name) cmocka_unit_test_setup_teardown(name, open_boss, close_boss)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOSS_TEST(an_answer_is_sent_until_it_is_acknowledged),
        BOSS_TEST(a_slot_ends_when_its_shards_are_acknowledged),
        BOSS_TEST(an_answer_outlives_its_scheduler),
        BOSS_TEST(an_end_before_the_acknowledgement_is_no_success),
        BOSS_TEST(a_worker_that_is_asked_to_stop_says_so),
        BOSS_TEST(a_refused_worker_ends),
        BOSS_TEST(a_worker_of_another_release_ends),
        BOSS_TEST(a_worker_without_a_scheduler_loses_patience),
        BOSS_TEST(a_bad_invitation_is_bad_input),
        BOSS_TEST(a_file_that_is_gone_is_a_typed_failure),
        BOSS_TEST(a_compute_program_that_dies_fails_its_lease_and_no_other),
        BOSS_TEST(nonsense_from_a_scheduler_does_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
