/* SPDX-License-Identifier: Apache-2.0 */
/* credentials.c - see credentials.h */
#include "k8s/credentials.h"

#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/clock.h"
#include "base/file.h"
#include "k8s/exec_plugin.h"

enum { TOKEN_LIMIT = 1 << 20 };
/* A file's new token may come a moment after the old one was revoked. */
enum { FILE_WAIT_MS = 1000 };
enum { EXPIRY_MARGIN_MS = 10000 }; /* for the way to the server, and clocks that differ */
/* A program that fails, or gives what is nearly expired, is not run all the time. */
enum { RERUN_MS = 5000 };

struct credentials {
    const struct kubeconfig *config;
    uint64_t generation; /* 0: nothing yet */
    struct buffer header;
    struct buffer certificate;
    struct buffer key;
    struct exec_plugin *plugin; /* runs, or NULL */
    int64_t renew_unix_ms;      /* of what a program gave; INT64_MAX: never */
    bool refused;               /* the server does not take what a program gave */
    uint64_t failed_ms;         /* when the program failed last; 0: it did not */
    struct error failure;       /* how */
};

static void wipe(struct buffer *secret)
{
    if (secret->data != NULL) {
        explicit_bzero(secret->data, secret->room);
    }
    buffer_release(secret);
}

struct credentials *credentials_create(const struct kubeconfig *config, struct error *err)
{
    struct credentials *c = calloc(1, sizeof *c);
    if (c == NULL) {
        error_no_memory(err, "credentials");
        return NULL;
    }
    c->config = config;
    c->renew_unix_ms = INT64_MAX;
    return c;
}

void credentials_destroy(struct credentials *c)
{
    if (c == NULL) {
        return;
    }
    exec_plugin_stop(c->plugin);
    wipe(&c->header);
    wipe(&c->certificate);
    wipe(&c->key);
    free(c);
}

/* Puts *fresh in the place of *held and releases what is left over; true if they differ. */
static bool replace(struct buffer *held, struct buffer *fresh)
{
    bool same = held->size == fresh->size &&
                (held->size == 0 || memcmp(held->data, fresh->data, held->size) == 0);
    struct buffer old = *held;
    *held = *fresh;
    *fresh = (struct buffer){0};
    wipe(&old);
    return !same;
}

/* Takes all three over. */
static void take(struct credentials *c, struct buffer *header, struct buffer *certificate,
                 struct buffer *key)
{
    bool header_new = replace(&c->header, header);
    bool certificate_new = replace(&c->certificate, certificate);
    bool key_new = replace(&c->key, key);
    if (c->generation == 0 || header_new || certificate_new || key_new) {
        c->generation++;
    }
}

/* A token is put into a header: nothing in it may end a line. */
static int write_bearer(struct buffer *out, const void *token, size_t size, struct error *err)
{
    const uint8_t *at = token;
    while (size > 0 && at[size - 1] <= ' ') {
        size--;
    }
    for (size_t i = 0; i < size; i++) {
        if (at[i] <= ' ' || at[i] >= 0x7f) {
            return error_set(err, ERROR_INPUT,
                             "the token holds a blank or a control character");
        }
    }
    if (size == 0) {
        return error_set(err, ERROR_INPUT, "the token is empty");
    }
    buffer_printf(out, "Authorization: Bearer ");
    buffer_raw(out, token, size);
    return buffer_string(out) == NULL ? error_no_memory(err, "a token") : 0;
}

static int write_basic(struct buffer *out, const char *username, const char *password,
                       struct error *err)
{
    struct buffer pair = {0};
    buffer_printf(&pair, "%s:%s", username, password == NULL ? "" : password);
    buffer_printf(out, "Authorization: Basic ");
    base64_encode(pair.data, pair.size, out);
    bool failed = pair.failed || buffer_string(out) == NULL;
    wipe(&pair);
    return failed ? error_no_memory(err, "a password") : 0;
}

static int write_header(const struct kubeconfig *config, struct buffer *out, struct error *err)
{
    if (config->token_path != NULL) {
        struct buffer token = {0};
        int rc = file_read(config->token_path, TOKEN_LIMIT, &token, err);
        if (rc == 0 && write_bearer(out, token.data, token.size, err) != 0) {
            rc = error_prefix(err, "%s", config->token_path);
        }
        wipe(&token);
        return rc == 0 ? 0 : error_prefix(err, "the token's file");
    }
    if (config->token != NULL) {
        return write_bearer(out, config->token, strlen(config->token), err);
    }
    if (config->username != NULL) {
        return write_basic(out, config->username, config->password, err);
    }
    return 0;
}

static int read_pem(const struct buffer *data, const char *path, struct buffer *out,
                    struct error *err)
{
    if (data->size > 0) {
        buffer_raw(out, data->data, data->size);
        return out->failed ? error_no_memory(err, "a certificate") : 0;
    }
    if (path == NULL || file_read(path, KUBECONFIG_SIZE_LIMIT, out, err) == 0) {
        return 0;
    }
    return error_prefix(err, "the kubeconfig's client certificate");
}

/* What the kubeconfig itself says, and the files that it names. */
static int refresh_said(struct credentials *c, struct error *err)
{
    const struct kubeconfig *config = c->config;
    struct buffer header = {0};
    struct buffer certificate = {0};
    struct buffer key = {0};
    int rc = write_header(config, &header, err);
    rc = rc == 0 ? read_pem(&config->certificate, config->certificate_path, &certificate, err)
                 : rc;
    rc = rc == 0 ? read_pem(&config->key, config->key_path, &key, err) : rc;
    if (rc == 0) {
        take(c, &header, &certificate, &key);
    }
    wipe(&header);
    wipe(&certificate);
    wipe(&key);
    /* A file that is being replaced may be missing for a moment: what was there serves on. */
    return c->generation > 0 ? 0 : rc;
}

static int take_made(struct credentials *c, struct exec_credential *made, struct error *err)
{
    struct buffer header = {0};
    if (made->token != NULL &&
        write_bearer(&header, made->token, strlen(made->token), err) != 0) {
        wipe(&header);
        return error_prefix(err, "%s", c->config->exec.command);
    }
    int64_t now = clock_unix_ms();
    c->renew_unix_ms = INT64_MAX;
    if (made->expires_unix_ms != 0) {
        int64_t renew = made->expires_unix_ms - EXPIRY_MARGIN_MS;
        c->renew_unix_ms = renew > now + RERUN_MS ? renew : now + RERUN_MS;
    }
    c->refused = false;
    take(c, &header, &made->certificate, &made->key);
    c->generation++; /* made anew, so worth another try, even if they look the same */
    return 0;
}

static enum credentials_state hear_plugin(struct credentials *c, struct error *err)
{
    struct exec_credential made = {0};
    enum exec_plugin_state state = exec_plugin_turn(c->plugin, clock_now_ms(), &made, err);
    if (state == EXEC_PLUGIN_RUNS) {
        return CREDENTIALS_WAIT;
    }
    exec_plugin_stop(c->plugin);
    c->plugin = NULL;
    int rc = state == EXEC_PLUGIN_DONE ? take_made(c, &made, err) : -1;
    exec_credential_release(&made);
    return rc == 0 ? CREDENTIALS_READY : CREDENTIALS_FAILED;
}

static enum credentials_state run_plugin(struct credentials *c, struct error *err)
{
    if (c->plugin == NULL) {
        c->plugin = exec_plugin_start(c->config, err);
    }
    return c->plugin == NULL ? CREDENTIALS_FAILED : hear_plugin(c, err);
}

static enum credentials_state refresh_made(struct credentials *c, struct error *err)
{
    bool good = c->generation > 0 && !c->refused && clock_unix_ms() < c->renew_unix_ms;
    if (good) {
        return CREDENTIALS_READY;
    }
    enum credentials_state state = CREDENTIALS_FAILED;
    if (c->failed_ms == 0 || clock_now_ms() - c->failed_ms >= RERUN_MS) {
        state = run_plugin(c, &c->failure);
        c->failed_ms = state == CREDENTIALS_FAILED ? clock_now_ms() : 0;
    }
    if (state == CREDENTIALS_FAILED) {
        error_set(err, c->failure.kind, "%s", c->failure.text);
    }
    return state;
}

enum credentials_state credentials_get(struct credentials *c, struct identity *out,
                                       struct error *err)
{
    enum credentials_state state = CREDENTIALS_READY;
    if (c->config->exec.command != NULL) {
        state = refresh_made(c, err);
    } else if (refresh_said(c, err) != 0) {
        state = CREDENTIALS_FAILED;
    }
    if (state == CREDENTIALS_READY) {
        *out = (struct identity){
            .generation = c->generation,
            .authorization = c->header.size == 0 ? NULL : (const char *)c->header.data,
            .certificate = bytes_of(c->certificate.data, c->certificate.size),
            .key = bytes_of(c->key.data, c->key.size),
        };
    }
    return state;
}

bool credentials_refused(struct credentials *c, uint64_t generation, uint32_t *wait_ms)
{
    *wait_ms = 0;
    if (c->config->exec.command != NULL) {
        c->refused = c->refused || generation == c->generation;
        return true;
    }
    if (c->config->token_path == NULL && c->config->certificate_path == NULL) {
        return false; /* they will never be others */
    }
    (void)refresh_said(c, NULL);
    *wait_ms = c->generation == generation ? FILE_WAIT_MS : 0;
    return true;
}

size_t credentials_fds(const struct credentials *c, int fd[2], uint64_t *until_ms)
{
    if (c->plugin == NULL) {
        return 0;
    }
    *until_ms = exec_plugin_deadline_ms(c->plugin);
    return exec_plugin_fds(c->plugin, fd);
}
