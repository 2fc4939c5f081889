/* SPDX-License-Identifier: Apache-2.0 */
/* page_serve.c - see page_serve.h */
#include "scheduler/page_serve.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/signals.h"
#include "base/size.h"
#include "scheduler/look.h"
#include "scheduler/page_api.h"
#include "scheduler/print.h"
#include "scheduler/rerunner.h"

enum { TOKEN_BYTES = 32, KEPT_LIMIT = 4096, FAREWELL_MS = 2500 };

struct page_serving {
    const struct page_serve_options *options;
    char token[2 * TOKEN_BYTES + 1];
    json_t *kept; /* page.json as it was, or NULL */
    struct page_api api;
    struct rerunner rerunner;
    struct server *server;
    int signals;
};

void page_serve_print_link(void *context, const struct server *s)
{
    (void)context;
    struct buffer text = {0};
    struct error ignored = {0}; /* whoever closed our output does not want to read it */
    buffer_printf(&text, "Open      ");
    server_write_link(s, &text);
    buffer_printf(&text, "\n");
    (void)print_now((const char *)text.data, text.size, &ignored);
    buffer_release(&text);
}

/* ---- page.json ---- */

/* The token of before, else a new one. */
static void read_kept(struct page_serving *p)
{
    struct error none = {0};
    uint8_t secret[TOKEN_BYTES];
    char *path = file_join(p->options->folder, "page.json");
    p->kept = path == NULL ? NULL : json_parse_file(path, KEPT_LIMIT, &none);
    free(path);
    const char *token = json_text(p->kept, "token");
    if (strlen(token) != sizeof p->token - 1 ||
        !digest_from_hex(token, secret, sizeof secret)) {
        digest_random(secret, sizeof secret);
    }
    digest_hex(secret, sizeof secret, p->token);
}

/* A folder that cannot be written has a page all the same; only not the same again. */
static void write_kept(const struct page_serving *p)
{
    struct error none = {0};
    struct buffer text = {0};
    char *path = file_join(p->options->folder, "page.json");
    json_t *kept =
        json_pack("{s:s, s:s}", "address", server_address(p->server), "token", p->token);
    if (path != NULL && json_write_pretty(kept, &text, &none) == 0 && !text.failed) {
        (void)file_write(path, 0600, text.data, text.size, &none);
    }
    json_decref(kept);
    buffer_release(&text);
    free(path);
}

/* ---- the server ---- */

/* Tries what was said, or else the last place, the usual one, and any. */
static struct server *open_server(struct page_serving *p, struct server_options *http,
                                  struct error *err)
{
    const char *places[] = {json_text(p->kept, "address"), "127.0.0.1:8080", "127.0.0.1:0"};
    if (p->options->listen != NULL) {
        http->listen = p->options->listen;
        return server_open(http, err);
    }
    struct server *s = NULL;
    for (size_t i = 0; s == NULL && i < ARRAY_LENGTH(places); i++) {
        http->listen = places[i];
        s = strncmp(places[i], "127.", 4) == 0 ? server_open(http, err) : NULL;
    }
    return s;
}

/* Waits for what comes next, and does it. */
static void turn(struct page_serving *p)
{
    struct pollfd fd[2 + RERUNNER_FDS] = {{.fd = p->signals, .events = POLLIN},
                                          {.fd = server_fd(p->server), .events = POLLIN}};
    rerunner_wait_for(&p->rerunner, fd + 2);
    int page_ms = page_api_timeout_ms(&p->api);
    int server_ms = server_timeout_ms(p->server);
    int timeout = page_ms < 0 || (server_ms >= 0 && server_ms < page_ms) ? server_ms : page_ms;
    (void)poll(fd, ARRAY_LENGTH(fd), timeout);
    rerunner_turn(&p->rerunner);
    page_api_turn(&p->api);
    server_turn(p->server);
}

/* A launch that ends asks its page to end, too: whoever looks still gets how it ended, and the last
 * picture, for which a browser asks within a second. A second signal ends it at once. */
static void serve_until_asked(struct page_serving *p)
{
    while (!signals_take(p->signals)) {
        turn(p);
    }
    uint64_t until_ms = page_api_ended_ms(&p->api) + FAREWELL_MS;
    while (clock_now_ms() < until_ms && p->api.feed.n_viewers > 0 &&
           !signals_take(p->signals)) {
        turn(p);
    }
}

int page_serve(const struct page_serve_options *options, struct error *err)
{
    struct page_serving p = {
        .options = options, .api = {.folder = options->folder, .tell_child = rerunner_to_json}};
    sigset_t before;
    if (look_check_folder(options->folder, err) != 0) {
        return -1;
    }
    p.signals = signals_open(&before, err);
    if (p.signals < 0) {
        return -1;
    }
    rerunner_init(&p.rerunner, options->folder);
    p.api.child = &p.rerunner;
    read_kept(&p);
    struct server_options http = {
        .table = {{page_api_routes, &p.api}, {rerunner_routes, &p.rerunner}},
        .view_token = p.token,
        .control_token = options->allow_control ? p.token : NULL,
        .metrics_token = options->metrics_token,
        .has_open_metrics = options->has_open_metrics,
        .for_browsers = true,
        .note_link = page_serve_print_link};
    p.server = open_server(&p, &http, err);
    p.api.server = p.server;
    if (p.server != NULL) {
        write_kept(&p);
        page_serve_print_link(NULL, p.server);
        serve_until_asked(&p);
    }
    int rc = p.server == NULL ? -1 : 0;
    server_close(p.server);
    rerunner_release(&p.rerunner);
    page_api_release(&p.api);
    json_decref(p.kept);
    signals_close(p.signals, &before);
    return rc;
}
