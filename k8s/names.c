/* SPDX-License-Identifier: Apache-2.0 */
/* names.c - see names.h */
#include "k8s/names.h"

#include <stddef.h>
#include <string.h>

enum { LABEL_MOST = 63, SUBDOMAIN_MOST = 253, IMAGE_MOST = 500, DIGEST_DIGITS = 64 };

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGIT "0123456789"

/* n bytes of the set, with none of the punctuation at either end. */
static bool is_name(const char *text, size_t n, const char *set, const char *punctuation)
{
    return n > 0 && n <= LABEL_MOST && strspn(text, set) >= n &&
           strchr(punctuation, text[0]) == NULL && strchr(punctuation, text[n - 1]) == NULL;
}

static bool is_label(const char *text, size_t n)
{
    return is_name(text, n, LOWER DIGIT "-", "-");
}

bool names_is_label(const char *text)
{
    return is_label(text, strlen(text));
}

static bool is_subdomain(const char *text, size_t size)
{
    if (size > SUBDOMAIN_MOST) {
        return false;
    }
    for (size_t first = 0; first <= size;) {
        size_t n = strcspn(text + first, ".");
        n = first + n > size ? size - first : n;
        if (!is_label(text + first, n)) {
            return false;
        }
        first += n + 1;
    }
    return true;
}

bool names_is_subdomain(const char *text)
{
    return is_subdomain(text, strlen(text));
}

static bool is_qualified(const char *text)
{
    return is_name(text, strlen(text), LOWER UPPER DIGIT "-_.", "-_.");
}

bool names_is_key(const char *text)
{
    const char *slash = strchr(text, '/');
    if (slash == NULL) {
        return is_qualified(text);
    }
    return is_subdomain(text, (size_t)(slash - text)) && is_qualified(slash + 1);
}

bool names_is_value(const char *text)
{
    return text[0] == '\0' || is_qualified(text);
}

bool names_is_path(const char *text)
{
    if (text[0] != '/' || strchr(text, ':') != NULL) {
        return false;
    }
    while (*text == '/') {
        text++;
        size_t n = strcspn(text, "/");
        if (n == 0 || strncmp(text, ".", n) == 0 || (n == 2 && strncmp(text, "..", 2) == 0)) {
            return false;
        }
        text += n;
    }
    return true;
}

bool names_is_within(const char *inner, const char *outer)
{
    size_t n = strlen(outer);
    return strncmp(inner, outer, n) == 0 && (inner[n] == '\0' || inner[n] == '/');
}

static bool is_digest(const char *text)
{
    static const char algorithm[] = "sha256:";
    size_t n = strlen(algorithm);
    return strncmp(text, algorithm, n) == 0 &&
           strspn(text + n, DIGIT "abcdef") == DIGEST_DIGITS && text[n + DIGEST_DIGITS] == '\0';
}

/* A colon after the last slash begins a tag; one before it, a registry's port. */
bool names_is_pinned_image(const char *text)
{
    size_t size = strlen(text);
    if (size > IMAGE_MOST || strspn(text, LOWER UPPER DIGIT "._-/:@") < size ||
        strchr("/:@", text[0]) != NULL) {
        return false;
    }
    const char *digest = strchr(text, '@');
    if (digest != NULL) {
        return is_digest(digest + 1);
    }
    const char *slash = strrchr(text, '/');
    const char *colon = strrchr(slash == NULL ? text : slash, ':');
    return colon != NULL && colon[1] != '\0' && strcmp(colon + 1, "latest") != 0;
}
