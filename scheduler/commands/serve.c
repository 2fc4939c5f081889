/* SPDX-License-Identifier: Apache-2.0 */
/* serve.c - picobarn serve: the page of a run, at an address of this machine. */
#include <stdio.h>

#include "base/digest.h"
#include "base/signals.h"
#include "scheduler/commands/commands.h"
#include "scheduler/listen.h"
#include "scheduler/metrics_access.h"
#include "scheduler/page_serve.h"
#include "scheduler/print.h"
#include "scheduler/relay_api.h"

enum { TOKEN_BYTES = 32, LONGEST_WAIT_MS = 1000 };

/* For those who do not use a browser. */
static int print_header(const char *token, struct error *err)
{
    char text[256];
    int size = snprintf(text, sizeof text,
                        "For curl  -H '" SERVER_TOKEN_HEADER ": %s'\n"
                        "Ctrl-C ends it; the run goes on.\n",
                        token);
    return print_now(text, (size_t)size, err);
}

/* Until somebody asks to stop. A signal is only looked at when something moved, or a while has
 * passed: the client waits for one descriptor besides its own, and that is the server's. */
static int relay(struct relay_api *api, int signals, struct error *err)
{
    while (!signals_take(signals)) {
        int wait = server_timeout_ms(api->server);
        uint32_t timeout =
            wait < 0 || wait > LONGEST_WAIT_MS ? LONGEST_WAIT_MS : (uint32_t)wait;
        if (k8s_wait(remote_k8s(api->remote), server_fd(api->server), timeout, err) != 0) {
            return -1;
        }
        server_turn(api->server);
    }
    return EXIT_COMPLETE;
}

static int serve(struct relay_api *api, const char *listen, bool allow_control,
                 struct error *err)
{
    uint8_t secret[TOKEN_BYTES];
    char token[2 * TOKEN_BYTES + 1];
    sigset_t before;
    digest_random(secret, sizeof secret);
    digest_hex(secret, sizeof secret, token);
    /* The token is of whoever started this: the cluster's rights say what he may do there. */
    struct server_options options = {.listen = listen,
                                     .table = {{relay_api_routes, api}},
                                     .view_token = token,
                                     .control_token = allow_control ? token : NULL,
                                     .for_browsers = true,
                                     .note_link = page_serve_print_link};
    int signals = signals_open(&before, err);
    api->server = signals < 0 ? NULL : server_open(&options, err);
    int status = -1;
    if (api->server != NULL && print_header(token, err) == 0) {
        page_serve_print_link(NULL, api->server);
        status = relay(api, signals, err);
    }
    server_close(api->server);
    signals_close(signals, &before);
    return status;
}

static int serve_remote(const char *operand, const char *listen, bool allow_control,
                        struct error *err)
{
    struct relay_api api = {.remote = remote_open(operand, err)};
    int status = -1;
    if (api.remote != NULL && remote_token(api.remote, GATE_VIEW, err) != NULL) {
        status = serve(&api, listen == NULL ? "127.0.0.1:8080" : listen, allow_control, err);
    }
    remote_close(api.remote);
    relay_api_release(&api);
    return status;
}

static int serve_folder(const struct invocation *invocation, const char *listen,
                        struct error *err)
{
    struct buffer token = {0};
    struct server_options access = {.listen = listen == NULL ? "127.0.0.1:0" : listen};
    int rc = metrics_access(invocation, false, &access, &token, err);
    struct page_serve_options options = {.folder = invocation_operand(invocation, 0),
                                         .listen = listen,
                                         .metrics_token = access.metrics_token,
                                         .has_open_metrics = access.has_open_metrics,
                                         .allow_control =
                                             invocation_flag(invocation, "allow-control")};
    rc = rc == 0 ? page_serve(&options, err) : rc;
    buffer_release(&token);
    return rc == 0 ? EXIT_COMPLETE : -1;
}

static int run(const struct invocation *invocation, struct error *err)
{
    const char *operand = invocation_operand(invocation, 0);
    const char *listen = invocation_option(invocation, "listen");
    bool allow_control = invocation_flag(invocation, "allow-control");
    bool is_loopback = true;
    if (listen != NULL && listen_check(listen, &is_loopback, err) != 0) {
        return -1;
    }
    if (!is_loopback && !invocation_flag(invocation, "anywhere")) {
        return error_set(err, ERROR_INPUT,
                         "serve: others could reach %s: say --anywhere too, if they shall",
                         listen);
    }
    if (remote_is(operand)) {
        return serve_remote(operand, listen, allow_control, err);
    }
    return serve_folder(invocation, listen, err);
}

static const struct command_option options[] = {
    {"listen", 0, "ADDRESS:PORT",
     "where to listen (default: where it was last, else 127.0.0.1:8080; port 0: any)"},
    {"allow-control", 0, NULL, "let the page rerun what failed, pause the run and resume it"},
    METRICS_ACCESS_OPTIONS,
    {"anywhere", 0, NULL, "at an address that other machines reach, too"},
    {0},
};

static const struct command_example examples[] = {
    {"picobarn serve higgs4l.run", "prints a link for the browser"},
    {"picobarn serve k8s:higgs4l --allow-control", "of a run in a cluster, with its buttons"},
    {0},
};

const struct command command_serve = {
    .name = "serve",
    .group = COMMAND_LOOK,
    .summary = "show the page of a run to a browser on this machine",
    .operands = "DIR",
    .min_operands = 1,
    .max_operands = 1,
    .description =
        "Prints a link that opens the page of a run: the plot, how far it is, its workers and "
        "failures, live, whether the run goes on, was stopped, or is over. A link works once, "
        "for one browser; when it was used the next is printed.\n\n"
        "What is shown of a run in a cluster is passed on by its scheduler with your own "
        "kubeconfig: the run is reached as you may reach it, and from nowhere else.",
    .options = options,
    .examples = examples,
    .reach = COMMAND_REACHES,
    .run = run,
};
