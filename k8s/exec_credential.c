/* SPDX-License-Identifier: Apache-2.0 */
/* exec_credential.c - see exec_plugin.h: what such a program answers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/json.h"
#include "k8s/exec_plugin.h"

enum { SIZE_LIMIT = 1 << 20 };

void exec_credential_release(struct exec_credential *credential)
{
    if (credential->token != NULL) {
        explicit_bzero(credential->token, strlen(credential->token));
    }
    if (credential->key.data != NULL) {
        explicit_bzero(credential->key.data, credential->key.room);
    }
    free(credential->token);
    buffer_release(&credential->certificate);
    buffer_release(&credential->key);
    *credential = (struct exec_credential){0};
}

/* n digits at text as a number, -1 if they are none. */
static int digits(const char *text, size_t n)
{
    int value = 0;
    for (size_t i = 0; i < n; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return -1;
        }
        value = 10 * value + (text[i] - '0');
    }
    return value;
}

/* "Z", "+01:00" or "-01:00" in seconds; false for anything else. */
static bool read_zone(const char *text, int64_t *seconds)
{
    if (strcmp(text, "Z") == 0 || strcmp(text, "z") == 0) {
        *seconds = 0;
        return true;
    }
    if (strlen(text) != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':') {
        return false;
    }
    int hours = digits(text + 1, 2);
    int minutes = digits(text + 4, 2);
    *seconds = ((int64_t)hours * 60 + minutes) * (text[0] == '-' ? -60 : 60);
    return hours >= 0 && hours < 24 && minutes >= 0 && minutes < 60;
}

/* RFC 3339: "2026-11-23T08:00:00Z", with a fraction or a zone. */
static bool read_time(const char *text, int64_t *unix_ms)
{
    static const struct {
        size_t at;
        size_t n;
        int least;
        int most;
    } field[] = {{0, 4, 1970, 9999}, {5, 2, 1, 12},  {8, 2, 1, 31},
                 {11, 2, 0, 23},     {14, 2, 0, 59}, {17, 2, 0, 60}};
    int value[6] = {0};
    if (strlen(text) < strlen("2026-11-23T08:00:00Z") || text[4] != '-' || text[7] != '-' ||
        strchr("Tt ", text[10]) == NULL || text[13] != ':' || text[16] != ':') {
        return false;
    }
    for (size_t i = 0; i < 6; i++) {
        value[i] = digits(text + field[i].at, field[i].n);
        if (value[i] < field[i].least || value[i] > field[i].most) {
            return false;
        }
    }
    const char *zone = text + 19;
    zone += *zone == '.' ? 1 + strspn(zone + 1, "0123456789") : 0;
    int64_t seconds = 0;
    if (!read_zone(zone, &seconds)) {
        return false;
    }
    struct tm when = {.tm_year = value[0] - 1900,
                      .tm_mon = value[1] - 1,
                      .tm_mday = value[2],
                      .tm_hour = value[3],
                      .tm_min = value[4],
                      .tm_sec = value[5]};
    *unix_ms = ((int64_t)timegm(&when) - seconds) * 1000;
    return true;
}

static void put_text(const json_t *status, const char *key, struct buffer *out)
{
    const char *text = json_string_value(json_object_get(status, key));
    if (text != NULL) {
        buffer_raw(out, text, strlen(text));
    }
}

static int read_status(struct exec_credential *out, const json_t *status, struct error *err)
{
    const char *token = json_string_value(json_object_get(status, "token"));
    const json_t *expires = json_object_get(status, "expirationTimestamp");
    put_text(status, "clientCertificateData", &out->certificate);
    put_text(status, "clientKeyData", &out->key);
    bool has_token = token != NULL && token[0] != '\0';
    out->token = has_token ? strdup(token) : NULL;
    if ((has_token && out->token == NULL) || out->certificate.failed || out->key.failed) {
        return error_no_memory(err, "credentials");
    }
    if ((out->certificate.size > 0) != (out->key.size > 0)) {
        return error_set(err, ERROR_PEER,
                         "gave one of clientCertificateData and clientKeyData");
    }
    if (!has_token && out->certificate.size == 0) {
        return error_set(err, ERROR_PEER, "gave neither a token nor a client certificate");
    }
    if (json_is_string(expires) &&
        !read_time(json_string_value(expires), &out->expires_unix_ms)) {
        return error_set(err, ERROR_PEER, "gave an expirationTimestamp that is no time");
    }
    return 0;
}

int exec_credential_decode(struct exec_credential *out, const void *data, size_t size,
                           const char *api_version, struct error *err)
{
    struct exec_credential made = {0};
    json_t *root = json_parse(data, size, SIZE_LIMIT, NULL);
    const char *kind = json_string_value(json_object_get(root, "kind"));
    const char *version = json_string_value(json_object_get(root, "apiVersion"));
    int rc = 0;
    if (kind == NULL || strcmp(kind, "ExecCredential") != 0) {
        /* What it is instead is not shown: it may be a bare token. */
        rc = error_set(err, ERROR_PEER, "gave no ExecCredential");
    } else if (version == NULL || strcmp(version, api_version) != 0) {
        rc = error_set(err, ERROR_PEER, "gave an ExecCredential of apiVersion '%s', not '%s'",
                       version == NULL ? "" : version, api_version);
    } else {
        rc = read_status(&made, json_object_get(root, "status"), err);
    }
    json_decref(root);
    if (rc != 0) {
        exec_credential_release(&made);
        return -1;
    }
    *out = made;
    return 0;
}
