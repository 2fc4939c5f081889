/* SPDX-License-Identifier: Apache-2.0 */
/* tend.c - picobarn tend: the first process of a scheduler's pod. It keeps a scheduler of the run at
 * work (keeper.h), answers over HTTP (keeper_api.h), and stays when the run is over. */
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json_patch.h"
#include "base/log.h"
#include "base/signals.h"
#include "base/size.h"
#include "scheduler/commands/commands.h"
#include "scheduler/keeper.h"
#include "scheduler/keeper_api.h"
#include "scheduler/metrics_access.h"
#include "scheduler/page_api.h"
#include "scheduler/server.h"
#include "scheduler/token.h"

enum { WORDS_MOST = 48, TAKEN_MOST = 32 };
enum { STOP_MS = 25000 }; /* less than the 30 s after which a pod is killed */

/* What the child is called with. */
struct words {
    size_t n;
    const char *word[WORDS_MOST];
};

/* What is handed on as it was said, if it was: to launch, to rerun, or to both. */
static const struct {
    const char *name;
    bool to_launch;
    bool to_rerun;
} handed[] = {
    /* clang-format off */
    {"on",             true, true},
    {"name",           true, true},
    {"listen",         true, true},
    {"keys",           true, true},
    {"base",           true, false},
    {"accept-changes", true, false},
    /* clang-format on */
};

struct tend {
    struct server *server;
    struct keeper *keeper;
    struct keeper_api api;
    struct page_api page;
    int signals;
    uint64_t stopped_ms; /* when it was asked to end; 0: it was not */
};

static json_t *tell_child(void *keeper)
{
    json_t *child = keeper_to_json(keeper);
    json_drop_nulls(child);
    return child;
}

static void put(struct words *w, const char *word)
{
    if (w->n + 1 < WORDS_MOST) {
        w->word[w->n++] = word;
    }
}

/* The options that stand for this child, and the words behind the folder, which are for both. */
static void put_options(const struct invocation *invocation, bool is_rerun, struct words *w)
{
    static const char *const dashed[] = {"--on",   "--name", "--listen",
                                         "--keys", "--base", "--accept-changes"};
    for (size_t i = 0; i < ARRAY_LENGTH(handed); i++) {
        const char *value = invocation_option(invocation, handed[i].name);
        if (value == NULL || !(is_rerun ? handed[i].to_rerun : handed[i].to_launch)) {
            continue;
        }
        put(w, dashed[i]);
        if (value[0] != '\0') {
            put(w, value);
        }
    }
    for (size_t i = 1; invocation_operand(invocation, i) != NULL; i++) {
        put(w, invocation_operand(invocation, i));
    }
}

/* CONTROL,VIEW: the files of both tokens. */
static int read_tokens(const char *said, struct buffer *control, struct buffer *view,
                       struct error *err)
{
    const char *comma = strchr(said, ',');
    char *first = comma == NULL ? NULL : strndup(said, (size_t)(comma - said));
    int rc = first == NULL
                 ? error_set(err, ERROR_INPUT,
                             "--tokens %.200s: say two files with a comma between", said)
             : token_read(first, control, err) == 0 ? token_read(comma + 1, view, err)
                                                    : -1;
    free(first);
    return rc;
}

/* Waits for what comes next, at most until something is due. */
static void wait_for_next(const struct tend *t)
{
    struct pollfd fd[2 + KEEPER_FDS] = {{.fd = t->signals, .events = POLLIN},
                                        {.fd = server_fd(t->server), .events = POLLIN}};
    keeper_wait_for(t->keeper, fd + 2);
    int timeouts[] = {keeper_timeout_ms(t->keeper), server_timeout_ms(t->server),
                      page_api_timeout_ms(&t->page), t->stopped_ms == 0 ? -1 : 1000};
    int timeout = -1;
    for (size_t i = 0; i < ARRAY_LENGTH(timeouts); i++) {
        if (timeouts[i] >= 0 && (timeout < 0 || timeouts[i] < timeout)) {
            timeout = timeouts[i];
        }
    }
    (void)poll(fd, ARRAY_LENGTH(fd), timeout);
}

/* Until it was asked to end, and its child has, or its time is over. */
static void tend(struct tend *t)
{
    for (;;) {
        wait_for_next(t);
        if (signals_take(t->signals) && t->stopped_ms == 0) {
            log_line("keeper", "asked to stop");
            t->stopped_ms = clock_now_ms();
            keeper_stop(t->keeper);
        }
        keeper_turn(t->keeper);
        page_api_turn(&t->page);
        server_turn(t->server);
        if (t->stopped_ms != 0 &&
            (!keeper_has_child(t->keeper) || clock_now_ms() - t->stopped_ms >= STOP_MS)) {
            return;
        }
    }
}

/* Listens before the child starts: an address that is taken leaves nothing behind. */
static int serve(struct tend *t, struct server_options *http,
                 const struct keeper_options *child, struct error *err)
{
    sigset_t before;
    t->signals = signals_open(&before, err);
    if (t->signals < 0) {
        return -1;
    }
    http->table[0] = (struct server_table){keeper_api_routes, &t->api};
    http->table[1] = (struct server_table){page_api_routes, &t->page};
    t->server = server_open(http, err);
    t->keeper = t->server == NULL ? NULL : keeper_open(child, err);
    t->api.keeper = t->keeper;
    t->page.server = t->server;
    t->page.child = t->keeper;
    if (t->keeper != NULL) {
        log_line("keeper", "listening on %s", server_address(t->server));
        tend(t);
    }
    server_close(t->server);
    keeper_close(t->keeper);
    keeper_api_release(&t->api);
    page_api_release(&t->page);
    signals_close(t->signals, &before);
    return t->keeper == NULL ? -1 : EXIT_COMPLETE;
}

static int run(const struct invocation *invocation, struct error *err)
{
    const char *folder = invocation_operand(invocation, 0);
    const char *run_file = invocation_option(invocation, "run-file");
    const char *tokens = invocation_option(invocation, "tokens");
    const char *http = invocation_option(invocation, "http");
    if (run_file == NULL || tokens == NULL || http == NULL) {
        return error_set(err, ERROR_INPUT, "tend: needs --run-file, --tokens and --http");
    }
    struct words launch = {.n = 4, .word = {"launch", run_file, "--run-dir", folder}};
    struct words rerun = {.n = 2, .word = {"rerun", folder}};
    put_options(invocation, false, &launch);
    put_options(invocation, true, &rerun);
    struct keeper_options child = {
        .folder = folder, .launch = launch.word, .rerun = rerun.word};
    struct buffer control = {0};
    struct buffer view = {0};
    struct buffer metrics = {0};
    struct server_options options = {.listen = http};
    int status = read_tokens(tokens, &control, &view, err);
    status = status == 0 ? metrics_access(invocation, true, &options, &metrics, err) : status;
    if (status == 0) {
        options.view_token = buffer_string(&view);
        options.control_token = buffer_string(&control);
        struct tend t = {
            .api = {.folder = folder, .name = invocation_option(invocation, "name")},
            .page = {.folder = folder,
                     .name = invocation_option(invocation, "name"),
                     .tell_child = tell_child}};
        status = serve(&t, &options, &child, err);
    }
    buffer_release(&control);
    buffer_release(&view);
    buffer_release(&metrics);
    return status;
}

static const struct command_option options[] = {
    {"run-file", 0, "RUN.yaml", "what is launched"},
    {"tokens", 0, "FILE,FILE",
     "the files of the token that may do all, and of the one that may "
     "only look"},
    {"http", 0, "ADDRESS:PORT", "where it listens for HTTP"},
    METRICS_ACCESS_OPTIONS,
    {"on", 0, "KIND", "handed on to launch and rerun, as the next three are"},
    {"name", 0, "NAME", "the run's name"},
    {"listen", 0, "ENDPOINT", "where workers connect"},
    {"keys", 0, "FILE", "the wire's keys"},
    {"base", 0, "DIR", "handed on to launch, as the next is"},
    {"accept-changes", 0, NULL, "go on although something changed"},
    {0},
};

const struct command command_tend = {
    .name = "tend",
    .group = COMMAND_HIDDEN,
    .summary = "keep a scheduler of a run at work, and answer over HTTP",
    .operands = "DIR [-- OPTION...]",
    .min_operands = 1,
    .max_operands = 1 + TAKEN_MOST,
    .description =
        "The first process of a scheduler's pod. It launches the run, again whenever that "
        "ended "
        "in trouble, serves its state, its files and commands on it over HTTP, and stays when "
        "the run is over. SIGTERM stops the launch, and then it. Words behind the folder are "
        "handed on to launch and rerun.",
    .options = options,
    .run = run,
};
