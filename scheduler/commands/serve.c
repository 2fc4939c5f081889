/* SPDX-License-Identifier: Apache-2.0 */
/* serve.c - picobarn serve: a run in a cluster, at an address of this machine. */
#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "base/signals.h"
#include "scheduler/commands/commands.h"
#include "scheduler/listen.h"
#include "scheduler/print.h"
#include "scheduler/relay_api.h"

enum { TOKEN_BYTES = 32, LONGEST_WAIT_MS = 1000 };

static int print_link(const struct server *s, const char *token, struct error *err)
{
    char text[512];
    int size = snprintf(text, sizeof text,
                        "Open      http://%s/?token=%s\n"
                        "For curl  -H '" SERVER_TOKEN_HEADER ": %s'\n"
                        "Ctrl-C ends it; the run goes on.\n",
                        server_address(s), token, token);
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

static int serve(struct relay_api *api, const char *listen, struct error *err)
{
    uint8_t secret[TOKEN_BYTES];
    char token[2 * TOKEN_BYTES + 1];
    sigset_t before;
    digest_random(secret, sizeof secret);
    digest_hex(secret, sizeof secret, token);
    /* The token is of whoever started this: the cluster's rights say what he may do there. */
    struct server_options options = {.listen = listen,
                                     .routes = relay_api_routes,
                                     .context = api,
                                     .view_token = token,
                                     .control_token = token,
                                     .for_browsers = true};
    int signals = signals_open(&before, err);
    api->server = signals < 0 ? NULL : server_open(&options, err);
    int status = -1;
    if (api->server != NULL && print_link(api->server, token, err) == 0) {
        status = relay(api, signals, err);
    }
    server_close(api->server);
    signals_close(signals, &before);
    return status;
}

static int run(const struct invocation *invocation, struct error *err)
{
    const char *operand = invocation_operand(invocation, 0);
    const char *said = invocation_option(invocation, "listen");
    const char *listen = said == NULL ? "127.0.0.1:8080" : said;
    bool is_loopback = false;
    if (!remote_is(operand)) {
        return error_set(err, ERROR_INPUT,
                         "serve: give a run in a cluster, k8s:NAME; a run folder is shown by "
                         "picobarn watch %s",
                         operand);
    }
    if (listen_check(listen, &is_loopback, err) != 0) {
        return -1;
    }
    if (!is_loopback && !invocation_flag(invocation, "anywhere")) {
        return error_set(err, ERROR_INPUT,
                         "serve: others could reach %s: say --anywhere too, if they shall",
                         listen);
    }
    struct relay_api api = {.remote = remote_open(operand, err)};
    int status = -1;
    if (api.remote != NULL && remote_token(api.remote, GATE_VIEW, err) != NULL) {
        status = serve(&api, listen, err);
    }
    remote_close(api.remote);
    relay_api_release(&api);
    return status;
}

static const struct command_option options[] = {
    {"listen", 0, "ADDRESS:PORT", "where to listen (default 127.0.0.1:8080; port 0: any)"},
    {"anywhere", 0, NULL, "at an address that other machines reach, too"},
    {0},
};

static const struct command_example examples[] = {
    {"picobarn serve k8s:higgs4l", "prints a link for the browser"},
    {0},
};

const struct command command_serve = {
    .name = "serve",
    .group = COMMAND_LOOK,
    .summary = "show a run in a cluster to a browser on this machine",
    .operands = "k8s:NAME",
    .min_operands = 1,
    .max_operands = 1,
    .description =
        "Passes the scheduler's HTTP interface on to an address of this machine, with your own "
        "kubeconfig: the run is reached as you may reach it, and from nowhere else. A token "
        "that "
        "is made anew each time is in the link that is printed; without it nothing is "
        "answered.",
    .options = options,
    .examples = examples,
    .reach = COMMAND_REACHES,
    .run = run,
};
