/* SPDX-License-Identifier: Apache-2.0 */
/* test_dispatch_launcher.c - see scheduler/dispatch.h: what a launcher knows of a worker that goes is
 * recorded with the leases that are lost with it. */
#include "tests/support/dispatch_play.h"

struct launcher {
    struct launcher_gone tells; /* name NULL: it knows nothing */
    bool is_asked;
    bool is_told;
};

static struct launcher the_launcher;

static struct launcher *open_it(const struct run *r, const struct launcher_options *options,
                                struct error *err)
{
    (void)r;
    (void)options;
    (void)err;
    return &the_launcher;
}

static int look(struct launcher *l, struct launcher_gone *gone, struct error *err)
{
    (void)err;
    *gone = (struct launcher_gone){.name = NULL};
    if (l->is_asked && !l->is_told) {
        l->is_told = true;
        *gone = l->tells;
    }
    return 0;
}

static bool ask(struct launcher *l, const char *name)
{
    l->is_asked = l->tells.name != NULL && strcmp(name, l->tells.name) == 0;
    return l->is_asked;
}

static void close_it(struct launcher *l, bool is_over)
{
    (void)l;
    (void)is_over;
}

static const struct launcher_kind kind = {
    .name = "test", .open = open_it, .look = look, .ask = ask, .close = close_it};

/* Goes with two leases. */
static bool leave_with_two(struct puppet *p)
{
    struct message_lease first = {.path = NULL};
    struct message_lease second = {.path = NULL};
    bool done = puppet_begin(p) && puppet_lease(p, &first) && puppet_lease(p, &second);
    puppet_say_end(p);
    stage_reach(p->stage, 1);
    message_lease_release(&first);
    message_lease_release(&second);
    return done;
}

static bool come_second_and_serve(struct puppet *p)
{
    return puppet_await(p, 1) && puppet_join(p) && puppet_serve(p);
}

/* What was lost of shards, and the first of each kind. */
struct losses {
    size_t n[JOB_EVENTS];
    struct ledger_event first[JOB_EVENTS];
    char detail[JOB_EVENTS][64];
    char log[JOB_EVENTS][64];
};

static int note_loss(void *context, const struct ledger_event *event, struct error *err)
{
    struct losses *losses = context;
    (void)err;
    if (event->kind == LEASE_SHARD && losses->n[event->what]++ == 0) {
        losses->first[event->what] = *event;
        (void)snprintf(losses->detail[event->what], 64, "%s", event->detail);
        (void)snprintf(losses->log[event->what], 64, "%s", event->log);
    }
    return 0;
}

static struct losses read_losses(const struct play *play)
{
    struct losses losses = {.n = {0}};
    struct error err = {0};
    char *path = file_join(play->run_folder, "ledger.db");
    struct ledger *ledger = ledger_open(path, LEDGER_READ, &err);
    check_ok(ledger == NULL ? -1 : 0, &err);
    check_ok(ledger_each_event(ledger, 0, note_loss, &losses, &err), &err);
    ledger_close(ledger);
    free(path);
    return losses;
}

static struct losses perform_with(struct world *world, const struct launcher *launcher)
{
    static const script scripts[] = {leave_with_two, come_second_and_serve};
    struct play play = play_of(world);
    the_launcher = *launcher;
    play.kind = &kind;
    struct record record = perform_well(&play, scripts, ARRAY_LENGTH(scripts));
    partial_release(&record.sum);
    return read_losses(&play);
}

static void leases_are_lost_for_the_reason_that_the_launcher_finds_out(void **state)
{
    struct launcher l = {.tells = {.name = "anna", .why = "evicted", .log = "last words"}};
    struct losses losses = perform_with(*state, &l);
    assert_int_equal(losses.n[JOB_LOST], 2);
    assert_int_equal(losses.n[JOB_BROKE], 0);
    assert_string_equal(losses.detail[JOB_LOST], "evicted");
    assert_string_equal(losses.log[JOB_LOST], "last words");
}

static void what_a_worker_without_memory_was_at_is_suspect(void **state)
{
    struct launcher l = {.tells = {.name = "anna", .why = "OOMKilled", .is_oom = true}};
    struct losses losses = perform_with(*state, &l);
    assert_int_equal(losses.n[JOB_LOST], 1);
    assert_int_equal(losses.n[JOB_BROKE], 1);
    assert_string_equal(losses.detail[JOB_BROKE], "OOMKilled");
    assert_true(losses.first[JOB_BROKE].epoch < losses.first[JOB_LOST].epoch);
}

static void a_launcher_that_knows_nothing_is_not_waited_for(void **state)
{
    struct launcher l = {.tells = {.name = NULL}};
    struct losses losses = perform_with(*state, &l);
    assert_int_equal(losses.n[JOB_LOST], 2);
    assert_string_equal(losses.detail[JOB_LOST], "the worker was asked to stop");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leases_are_lost_for_the_reason_that_the_launcher_finds_out),
        cmocka_unit_test(what_a_worker_without_memory_was_at_is_suspect),
        cmocka_unit_test(a_launcher_that_knows_nothing_is_not_waited_for),
    };
    return cmocka_run_group_tests(tests, make_world, end_world);
}
