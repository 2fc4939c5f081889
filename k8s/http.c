/* SPDX-License-Identifier: Apache-2.0 */
/* http.c - see http.h
 *
 * libcurl forbids calls from within its own callbacks. So the bytes that it brings are only put
 * aside there, and given to the taker after curl_multi_perform has returned: our callbacks may
 * then start and stop what they like. What is stopped meanwhile is freed when the turn is over. */
#include "k8s/http.h"

#include <curl/curl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "base/size.h"

enum { CONNECT_TIMEOUT_MS = 5000 }; /* with the TLS handshake */
enum { DEAD_PEER_MS = 20000 };      /* data that nobody acknowledges */
enum { KEEPALIVE_S = 20 };
enum { CONNECTIONS = 32 };
enum { REFUSAL_LIMIT = 1 << 20 }; /* of a body that a taker does not get */

struct http {
    CURLM *multi;
    struct http_transfer *first;
    bool turning;
};

struct http_transfer {
    struct http_transfer *next;
    struct http *owner;
    CURL *easy;
    struct curl_slist *header;
    struct curl_slist *connect_to;
    struct http_request request;
    struct bytes unsent;
    struct buffer body; /* collected, or still to be taken */
    size_t received;
    int status;
    bool head_came; /* of a 2xx */
    bool head_told;
    bool too_large;
    bool sent;       /* or about to be: there was a connection */
    bool had_enough; /* its taker said so */
    bool finished;
    bool dead; /* stopped, or done: freed at the end of the turn */
    CURLcode code;
    char problem[CURL_ERROR_SIZE];
};

static void free_transfer(struct http_transfer *t)
{
    if (t->easy != NULL) {
        (void)curl_multi_remove_handle(t->owner->multi, t->easy);
        curl_easy_cleanup(t->easy);
    }
    curl_slist_free_all(t->header);
    curl_slist_free_all(t->connect_to);
    buffer_release(&t->body);
    free(t);
}

static void sweep(struct http *h)
{
    struct http_transfer **at = &h->first;
    while (*at != NULL) {
        struct http_transfer *t = *at;
        if (t->dead) {
            *at = t->next;
            free_transfer(t);
        } else {
            at = &t->next;
        }
    }
}

struct http *http_open(struct error *err)
{
    struct http *h = calloc(1, sizeof *h);
    if (h == NULL) {
        error_no_memory(err, "HTTP");
        return NULL;
    }
    /* Counted, and safe with threads in every libcurl that has the feature "threadsafe". */
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        free(h);
        error_set(err, ERROR_SYSTEM, "libcurl cannot be set up");
        return NULL;
    }
    h->multi = curl_multi_init();
    if (h->multi == NULL) {
        http_close(h);
        error_no_memory(err, "HTTP");
        return NULL;
    }
    (void)curl_multi_setopt(h->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)CONNECTIONS);
    return h;
}

void http_close(struct http *h)
{
    if (h == NULL) {
        return;
    }
    for (struct http_transfer *t = h->first; t != NULL; t = t->next) {
        t->dead = true;
    }
    sweep(h);
    (void)curl_multi_cleanup(h->multi);
    curl_global_cleanup();
    free(h);
}

/* A peer that is gone without a word (no FIN, no RST) is noticed in 20 s and not in 15 min. */
static int set_socket(void *context, curl_socket_t fd, curlsocktype purpose)
{
    (void)context;
    (void)purpose;
    unsigned timeout_ms = DEAD_PEER_MS;
    /* Not every socket is one of TCP; those do without. */
    (void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout_ms, sizeof timeout_ms);
    return CURL_SOCKOPT_OK;
}

static size_t send_body(char *out, size_t size, size_t n, void *context)
{
    struct http_transfer *t = context;
    size_t take = size_min(size * n, t->unsent.left);
    const void *at = bytes_raw(&t->unsent, take);
    if (take > 0) {
        memcpy(out, at, take);
    }
    return take;
}

/* Called when there is a connection, before the request is sent. A kept one that turns out to be
 * closed makes libcurl send a request again by itself: good for what only reads. */
/* NOLINTNEXTLINE(readability-non-const-parameter): the type is libcurl's */
static int before_sending(void *context, char *remote, char *local, int remote_port,
                          int local_port)
{
    (void)remote;
    (void)local;
    (void)remote_port;
    (void)local_port;
    struct http_transfer *t = context;
    bool reads = strcmp(t->request.method, "GET") == 0;
    if (t->sent && !reads) {
        return CURL_PREREQFUNC_ABORT;
    }
    t->sent = true;
    return CURL_PREREQFUNC_OK;
}

static int status_of(const struct http_transfer *t)
{
    long status = 0;
    (void)curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
    return (int)status;
}

/* Looks for the empty line that ends the head of the final answer. */
/* NOLINTNEXTLINE(readability-non-const-parameter): the type is libcurl's */
static size_t hear_header(char *line, size_t size, size_t n, void *context)
{
    struct http_transfer *t = context;
    size_t length = size * n;
    bool blank = length == 0 || line[0] == '\r' || line[0] == '\n';
    if (blank && status_of(t) >= 200) {
        t->status = status_of(t);
        t->head_came = t->status < 300;
    }
    return length;
}

static bool is_taken(const struct http_transfer *t)
{
    return t->request.take != NULL && t->head_came;
}

static size_t receive(char *data, size_t size, size_t n, void *context)
{
    struct http_transfer *t = context;
    size_t length = size * n;
    bool refused = t->request.take != NULL && !t->head_came;
    size_t limit = refused ? REFUSAL_LIMIT : t->request.size_limit;
    if (limit > 0 && length > limit - size_min(limit, t->received)) {
        t->too_large = true;
        return 0;
    }
    t->received += length;
    buffer_raw(&t->body, data, length);
    return t->body.failed ? 0 : length;
}

/* Like "host:6443" of "https://host:6443/prefix". */
static const char *host_of(const char *url, size_t *size)
{
    const char *host = strstr(url, "://");
    host = host == NULL ? url : host + 3;
    *size = strcspn(host, "/?#");
    return host;
}

int http_check_server(const char *url, struct error *err)
{
    CURLU *parts = curl_url();
    char *scheme = NULL;
    char *part = NULL;
    if (parts == NULL) {
        return error_no_memory(err, "a URL");
    }
    const char *wrong = NULL;
    if (curl_url_set(parts, CURLUPART_URL, url, 0) != CURLUE_OK ||
        curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK) {
        wrong = "is no URL";
    } else if (strcmp(scheme, "https") != 0 && strcmp(scheme, "http") != 0) {
        wrong = "is neither https:// nor http://";
    } else if (curl_url_get(parts, CURLUPART_USER, &part, 0) == CURLUE_OK ||
               curl_url_get(parts, CURLUPART_PASSWORD, &part, 0) == CURLUE_OK) {
        wrong = "holds a user's name or password, which belong under users:";
        url = "the server's URL";
    } else if (strpbrk(url, "?#") != NULL) {
        wrong = "has a query or a fragment";
    }
    curl_free(scheme);
    curl_free(part);
    curl_url_cleanup(parts);
    return wrong == NULL ? 0 : error_set(err, ERROR_INPUT, "%s %s", url, wrong);
}

static bool is_loopback(const char *url)
{
    size_t size = 0;
    const char *host = host_of(url, &size);
    return strncasecmp(host, "localhost", 9) == 0 || strncmp(host, "127.", 4) == 0 ||
           strncmp(host, "[::1]", 5) == 0;
}

static bool set_method(struct http_transfer *t)
{
    const struct http_request *r = &t->request;
    bool ok = curl_easy_setopt(t->easy, CURLOPT_HTTPGET, 1L) == CURLE_OK;
    ok = ok && curl_easy_setopt(t->easy, CURLOPT_PREREQFUNCTION, before_sending) == CURLE_OK;
    ok = ok && curl_easy_setopt(t->easy, CURLOPT_PREREQDATA, t) == CURLE_OK;
    if (r->has_body) {
        ok = ok && curl_easy_setopt(t->easy, CURLOPT_POST, 1L) == CURLE_OK;
        ok = ok && curl_easy_setopt(t->easy, CURLOPT_POSTFIELDSIZE_LARGE,
                                    (curl_off_t)r->body.left) == CURLE_OK;
        ok = ok && curl_easy_setopt(t->easy, CURLOPT_READFUNCTION, send_body) == CURLE_OK;
        ok = ok && curl_easy_setopt(t->easy, CURLOPT_READDATA, t) == CURLE_OK;
    }
    return ok && curl_easy_setopt(t->easy, CURLOPT_CUSTOMREQUEST, r->method) == CURLE_OK;
}

static bool set_blob(CURL *easy, CURLoption option, struct bytes pem)
{
    if (pem.left == 0) {
        return true;
    }
    struct curl_blob blob = {.len = pem.left, .flags = CURL_BLOB_COPY};
    memcpy(&blob.data, &pem.at, sizeof blob.data); /* without its const: it is only read */
    return curl_easy_setopt(easy, option, &blob) == CURLE_OK;
}

static bool set_tls(CURL *easy, const struct http_tls *tls)
{
    long check_peer = tls->insecure ? 0 : 1;
    long check_host = tls->insecure ? 0 : 2;
    bool ok = curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, check_peer) == CURLE_OK;
    ok = ok && curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, check_host) == CURLE_OK;
    ok = ok && curl_easy_setopt(easy, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2) == CURLE_OK;
    if (tls->authority.left > 0) {
        /* Else the system's would be believed beside it. */
        ok = ok && curl_easy_setopt(easy, CURLOPT_CAINFO, NULL) == CURLE_OK;
        ok = ok && curl_easy_setopt(easy, CURLOPT_CAPATH, NULL) == CURLE_OK;
        ok = ok && set_blob(easy, CURLOPT_CAINFO_BLOB, tls->authority);
    }
    ok = ok && set_blob(easy, CURLOPT_SSLCERT_BLOB, tls->certificate);
    return ok && set_blob(easy, CURLOPT_SSLKEY_BLOB, tls->key);
}

/* "https://10.0.0.1:6443/x" with another host before the port: what libcurl shows as SNI and
 * looks for in the certificate. Where it connects to, and the Host header, stay. */
static bool set_renamed(struct http_transfer *t, const char *name)
{
    size_t size = 0;
    const char *host = host_of(t->request.url, &size);
    const char *rest = host + size;
    const char *bracket = memchr(host, ']', size);
    const char *after = bracket == NULL ? host : bracket;
    const char *colon = memchr(after, ':', (size_t)(rest - after));
    size_t host_size = (size_t)((colon == NULL ? rest : colon) - host);
    struct buffer url = {0};
    struct buffer there = {0};
    struct buffer header = {0};
    buffer_printf(&url, "%.*s%s%s", (int)(host - t->request.url), t->request.url, name,
                  host + host_size);
    buffer_printf(&there, "::%.*s:", (int)host_size, host);
    buffer_printf(&header, "Host: %.*s", (int)size, host);
    bool ok = buffer_string(&url) != NULL && buffer_string(&there) != NULL &&
              buffer_string(&header) != NULL;
    if (ok) {
        t->connect_to = curl_slist_append(NULL, buffer_string(&there));
        struct curl_slist *list = curl_slist_append(t->header, buffer_string(&header));
        ok = t->connect_to != NULL && list != NULL;
        t->header = list == NULL ? t->header : list;
    }
    ok = ok && curl_easy_setopt(t->easy, CURLOPT_CONNECT_TO, t->connect_to) == CURLE_OK;
    ok = ok && curl_easy_setopt(t->easy, CURLOPT_URL, buffer_string(&url)) == CURLE_OK;
    buffer_release(&url);
    buffer_release(&there);
    buffer_release(&header);
    return ok;
}

static bool set_where(struct http_transfer *t)
{
    const struct http_request *r = &t->request;
    CURL *easy = t->easy;
    bool ok = curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "https,http") == CURLE_OK;
    ok = ok && curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1) == CURLE_OK;
    ok = ok && curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L) == CURLE_OK;
    ok = ok && curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L) == CURLE_OK;
    if (r->proxy != NULL) {
        ok = ok && curl_easy_setopt(easy, CURLOPT_PROXY, r->proxy) == CURLE_OK;
        ok = ok && curl_easy_setopt(easy, CURLOPT_NOPROXY, "") == CURLE_OK;
    } else if (is_loopback(r->url)) {
        ok = ok && curl_easy_setopt(easy, CURLOPT_PROXY, "") == CURLE_OK;
    }
    if (r->tls->server_name != NULL) {
        return ok && set_renamed(t, r->tls->server_name);
    }
    return ok && curl_easy_setopt(easy, CURLOPT_URL, r->url) == CURLE_OK;
}

static bool set_patience(CURL *easy, uint32_t timeout_ms)
{
    bool ok = curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK;
    ok = ok && curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)timeout_ms) == CURLE_OK;
    ok = ok && curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_TIMEOUT_MS) ==
                   CURLE_OK;
    ok = ok && curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L) == CURLE_OK;
    ok = ok && curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, (long)KEEPALIVE_S) == CURLE_OK;
    ok = ok && curl_easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, (long)KEEPALIVE_S) == CURLE_OK;
    return ok && curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, set_socket) == CURLE_OK;
}

static bool set_ears(struct http_transfer *t)
{
    CURL *easy = t->easy;
    bool ok = curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, receive) == CURLE_OK;
    ok = ok && curl_easy_setopt(easy, CURLOPT_WRITEDATA, t) == CURLE_OK;
    ok = ok && curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, hear_header) == CURLE_OK;
    ok = ok && curl_easy_setopt(easy, CURLOPT_HEADERDATA, t) == CURLE_OK;
    ok = ok && curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, t->problem) == CURLE_OK;
    return ok && curl_easy_setopt(easy, CURLOPT_PRIVATE, t) == CURLE_OK;
}

static bool set_headers(struct http_transfer *t)
{
    for (size_t i = 0; t->request.header[i] != NULL; i++) {
        struct curl_slist *list = curl_slist_append(t->header, t->request.header[i]);
        if (list == NULL) {
            return false;
        }
        t->header = list;
    }
    struct curl_slist *list = curl_slist_append(t->header, "Expect:"); /* no 100-continue */
    if (list == NULL) {
        return false;
    }
    t->header = list;
    return true;
}

static bool set_all(struct http_transfer *t)
{
    return set_headers(t) && set_method(t) && set_tls(t->easy, t->request.tls) &&
           set_where(t) && set_patience(t->easy, t->request.timeout_ms) && set_ears(t) &&
           curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->header) == CURLE_OK;
}

struct http_transfer *http_start(struct http *h, const struct http_request *request,
                                 struct error *err)
{
    struct http_transfer *t = calloc(1, sizeof *t);
    if (t == NULL) {
        error_no_memory(err, "a request");
        return NULL;
    }
    t->owner = h;
    t->request = *request;
    t->unsent = request->body;
    t->easy = curl_easy_init();
    if (t->easy == NULL || !set_all(t) ||
        curl_multi_add_handle(h->multi, t->easy) != CURLM_OK) {
        free_transfer(t);
        error_no_memory(err, "a request");
        return NULL;
    }
    t->request.tls = NULL;
    t->request.header = NULL;
    t->next = h->first;
    h->first = t;
    return t;
}

void http_stop(struct http_transfer *t)
{
    t->dead = true;
    if (!t->owner->turning) {
        sweep(t->owner);
    }
}

/* Gives the taker what came since the last turn. */
static void deliver(struct http_transfer *t)
{
    if (!is_taken(t) || t->had_enough) {
        return;
    }
    bool more = true;
    if (!t->head_told) {
        t->head_told = true;
        more = t->request.take(t->request.context, "", 0);
    }
    if (more && !t->dead && t->body.size > 0) {
        more = t->request.take(t->request.context, t->body.data, t->body.size);
    }
    buffer_clear(&t->body);
    if (!more) {
        t->had_enough = true;
        t->finished = true;
        t->code = CURLE_OK;
    }
}

/* Who has to act. What is not here may pass. */
static enum error_kind kind_of(CURLcode code)
{
    switch (code) {
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
        return ERROR_INPUT;
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_HTTP2:
    case CURLE_BAD_CONTENT_ENCODING:
        return ERROR_PEER;
    default:
        return ERROR_SYSTEM;
    }
}

static void judge(const struct http_transfer *t, struct error *err)
{
    if (t->too_large) {
        bool refused = t->request.take != NULL && !t->head_came;
        error_set(err, ERROR_PEER, "the answer is larger than %zu bytes",
                  refused ? (size_t)REFUSAL_LIMIT : t->request.size_limit);
    } else if (t->body.failed) {
        error_no_memory(err, "the answer");
    } else if (t->code == CURLE_ABORTED_BY_CALLBACK || t->code == CURLE_SEND_FAIL_REWIND) {
        error_set(err, ERROR_SYSTEM, "the connection broke when the request was sent");
    } else if (t->code != CURLE_OK) {
        const char *text = t->problem[0] == '\0' ? curl_easy_strerror(t->code) : t->problem;
        error_set(err, kind_of(t->code), "%s", text);
    }
}

static void finish(struct http_transfer *t)
{
    struct http_answer answer = {.body = &t->body, .status = t->status};
    const char *type = NULL;
    curl_off_t after = 0;
    if (curl_easy_getinfo(t->easy, CURLINFO_CONTENT_TYPE, &type) == CURLE_OK && type != NULL) {
        (void)snprintf(answer.content_type, sizeof answer.content_type, "%s", type);
    }
    if (curl_easy_getinfo(t->easy, CURLINFO_RETRY_AFTER, &after) == CURLE_OK && after > 0) {
        answer.retry_after_s = after > UINT32_MAX ? UINT32_MAX : (uint32_t)after;
    }
    answer.sent = t->sent;
    judge(t, &answer.error);
    t->dead = true; /* done may stop others, this one is over */
    t->request.done(t->request.context, &answer);
}

static void note_finished(struct http *h)
{
    int left = 0;
    const CURLMsg *message = NULL;
    while ((message = curl_multi_info_read(h->multi, &left)) != NULL) {
        void *private = NULL;
        (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &private);
        struct http_transfer *t = private;
        t->finished = true;
        t->code = message->data.result;
    }
}

int http_turn(struct http *h, struct error *err)
{
    int running = 0;
    CURLMcode code = curl_multi_perform(h->multi, &running);
    if (code != CURLM_OK) {
        return error_set(err, ERROR_SYSTEM, "libcurl: %s", curl_multi_strerror(code));
    }
    note_finished(h);
    h->turning = true; /* what is started meanwhile is put before the first: not met here */
    for (struct http_transfer *t = h->first; t != NULL; t = t->next) {
        if (!t->dead) {
            deliver(t);
        }
        if (!t->dead && t->finished) {
            finish(t);
        }
    }
    h->turning = false;
    sweep(h);
    return 0;
}

int http_wait(struct http *h, const int *fd, size_t n, uint32_t timeout_ms, struct error *err)
{
    struct curl_waitfd wait[HTTP_FDS];
    n = size_min(n, HTTP_FDS);
    for (size_t i = 0; i < n; i++) {
        wait[i] = (struct curl_waitfd){.fd = fd[i], .events = CURL_WAIT_POLLIN};
    }
    int timeout = timeout_ms > INT32_MAX ? INT32_MAX : (int)timeout_ms;
    CURLMcode code = curl_multi_poll(h->multi, wait, (unsigned)n, timeout, NULL);
    return code == CURLM_OK
               ? 0
               : error_set(err, ERROR_SYSTEM, "libcurl: %s", curl_multi_strerror(code));
}
