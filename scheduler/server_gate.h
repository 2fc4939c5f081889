/* SPDX-License-Identifier: Apache-2.0 */
/* server_gate.h - who may do what over HTTP: tokens, and for browsers Host and Origin.
 *
 * A token is a secret text that a client shows. It is compared through a keyed digest of a key that
 * this process made, so that the time of a comparison tells nothing. Who shows none, or a wrong
 * one, may do nothing but what is open to anyone. */
#ifndef SCHEDULER_SERVER_GATE_H
#define SCHEDULER_SERVER_GATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/digest.h"

/* Each holds what stands before it. */
enum gate_right { GATE_ANYONE, GATE_METRICS, GATE_VIEW, GATE_CONTROL };

enum { GATE_SITE_SIZE = 128, GATE_COOKIE_SIZE = 40, GATE_LINK_SIZE = 65 };

struct gate {
    uint8_t key[DIGEST_KEY_SIZE];
    uint8_t view[DIGEST_XXH128_SIZE];
    uint8_t control[DIGEST_XXH128_SIZE];
    uint8_t metrics[DIGEST_XXH128_SIZE];
    bool has_control;
    bool has_metrics;
    bool has_open_metrics;     /* for anyone */
    char site[GATE_SITE_SIZE]; /* "127.0.0.1:8080": only for browsers that mean it; "": any */
    char cookie[GATE_COOKIE_SIZE]; /* the token may come in it too; "": it may not */
    char link[GATE_LINK_SIZE];     /* what opens it once, for a browser; "": nothing does */
};

/* control may be NULL: then nobody has that right. */
void gate_init(struct gate *g, const char *view, const char *control);

/* A token that is good for metrics and nothing else, or NULL; is_open: metrics are for anyone. */
void gate_set_metrics(struct gate *g, const char *token, bool is_open);

/* Makes it one for browsers too, at this address: Host must be it (or "localhost" with its port),
 * Origin too, and the cookie picobarn-PORT may hold the token. */
void gate_serve_browsers(struct gate *g, const char *site);

/* Another link; the one before is worth nothing any more. */
void gate_renew_link(struct gate *g);

/* Is this the link? NULL is not. */
bool gate_opens(const struct gate *g, const char *link);

/* What a request brings; NULL: it does not. */
struct gate_request {
    bool changes_something; /* any method but GET */
    const char *token;      /* of the header X-Picobarn-Token */
    const char *cookie;     /* of the gate's cookie */
    const char *host;
    const char *origin;
};

/* What whoever shows this token may do; NULL: nothing was shown. */
enum gate_right gate_right_of(const struct gate *g, const char *token);

/* The same of a request, by its token or its cookie. */
enum gate_right gate_right_shown(const struct gate *g, const struct gate_request *request);

/* 0, or the HTTP status of the refusal: 403 for a page of another site or too small a right, 401
 * for no token or a wrong one. */
unsigned gate_check(const struct gate *g, const struct gate_request *request,
                    enum gate_right needed);

#endif
