/* SPDX-License-Identifier: Apache-2.0 */
/* server_gate.c - see server_gate.h */
#include "scheduler/server_gate.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/size.h"

static const char scheme[] = "http://";

void gate_init(struct gate *g, const char *view, const char *control)
{
    *g = (struct gate){.has_control = control != NULL};
    digest_random(g->key, sizeof g->key);
    digest_keyed(g->key, view, strlen(view), g->view);
    if (control != NULL) {
        digest_keyed(g->key, control, strlen(control), g->control);
    }
}

void gate_set_metrics(struct gate *g, const char *token, bool is_open)
{
    g->has_metrics = token != NULL;
    g->has_open_metrics = is_open;
    if (token != NULL) {
        digest_keyed(g->key, token, strlen(token), g->metrics);
    }
}

void gate_serve_browsers(struct gate *g, const char *site)
{
    const char *colon = strrchr(site, ':');
    (void)snprintf(g->site, sizeof g->site, "%s", site);
    (void)snprintf(g->cookie, sizeof g->cookie, "picobarn-%s", colon == NULL ? "" : colon + 1);
    gate_renew_link(g);
}

void gate_renew_link(struct gate *g)
{
    uint8_t secret[(GATE_LINK_SIZE - 1) / 2];
    digest_random(secret, sizeof secret);
    digest_hex(secret, sizeof secret, g->link);
}

static bool digests_equal(const uint8_t *a, const uint8_t *b)
{
    uint8_t difference = 0;
    for (size_t i = 0; i < DIGEST_XXH128_SIZE; i++) {
        difference |= a[i] ^ b[i];
    }
    return difference == 0;
}

enum gate_right gate_right_of(const struct gate *g, const char *token)
{
    uint8_t shown[DIGEST_XXH128_SIZE];
    if (token == NULL || token[0] == '\0') {
        return GATE_ANYONE;
    }
    digest_keyed(g->key, token, strlen(token), shown);
    if (g->has_control && digests_equal(shown, g->control)) {
        return GATE_CONTROL;
    }
    if (g->has_metrics && digests_equal(shown, g->metrics)) {
        return GATE_METRICS;
    }
    return digests_equal(shown, g->view) ? GATE_VIEW : GATE_ANYONE;
}

bool gate_opens(const struct gate *g, const char *link)
{
    uint8_t shown[DIGEST_XXH128_SIZE];
    uint8_t wanted[DIGEST_XXH128_SIZE];
    if (link == NULL || g->link[0] == '\0') {
        return false;
    }
    digest_keyed(g->key, link, strlen(link), shown);
    digest_keyed(g->key, g->link, strlen(g->link), wanted);
    return digests_equal(shown, wanted);
}

/* Is this the gate's own address, as a browser writes it? */
static bool is_own_site(const struct gate *g, const char *host)
{
    if (host == NULL) {
        return false;
    }
    if (strcmp(host, g->site) == 0) {
        return true;
    }
    const char *port = strrchr(g->site, ':');
    static const char name[] = "localhost";
    return port != NULL && strncmp(host, name, sizeof name - 1) == 0 &&
           strcmp(host + sizeof name - 1, port) == 0;
}

/* A name that an attacker lets resolve to loopback, or his page in the user's browser, is of
 * another site. */
static bool is_from_elsewhere(const struct gate *g, const struct gate_request *request)
{
    if (g->site[0] == '\0') {
        return false;
    }
    if (!is_own_site(g, request->host)) {
        return true;
    }
    return request->origin != NULL &&
           (strncmp(request->origin, scheme, sizeof scheme - 1) != 0 ||
            !is_own_site(g, request->origin + sizeof scheme - 1));
}

/* A cookie goes along by itself, so a change by cookie needs an Origin, which is_from_elsewhere has
 * looked at. */
static bool is_unasked(const struct gate *g, const struct gate_request *request)
{
    return g->site[0] != '\0' && request->changes_something && request->token == NULL &&
           request->origin == NULL;
}

enum gate_right gate_right_shown(const struct gate *g, const struct gate_request *request)
{
    return gate_right_of(g, request->token == NULL && g->cookie[0] != '\0' ? request->cookie
                                                                           : request->token);
}

unsigned gate_check(const struct gate *g, const struct gate_request *request,
                    enum gate_right needed)
{
    if (is_from_elsewhere(g, request)) {
        return 403;
    }
    if (needed == GATE_ANYONE || (needed == GATE_METRICS && g->has_open_metrics)) {
        return 0;
    }
    enum gate_right right = gate_right_shown(g, request);
    if (right == GATE_ANYONE) {
        return 401;
    }
    return right < needed || is_unasked(g, request) ? 403 : 0;
}
