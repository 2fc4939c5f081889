/* SPDX-License-Identifier: Apache-2.0 */
/* names.h - the forms that Kubernetes gives names, paths and images. */
#ifndef K8S_NAMES_H
#define K8S_NAMES_H

#include <stdbool.h>

/* RFC 1123 label: a-z, 0-9 and -, neither at the start nor the end, at most 63. */
bool names_is_label(const char *text);

/* RFC 1123 subdomain: labels with dots between, at most 253. */
bool names_is_subdomain(const char *text);

/* A key of labels and annotations: [subdomain/]name, the name of at most 63 letters, digits and
 * -_. with letters or digits at both ends. */
bool names_is_key(const char *text);

/* A label's value: as the name of a key, or empty. */
bool names_is_value(const char *text);

/* An absolute path without empty parts, "." and "..", and with more than "/". */
bool names_is_path(const char *text);

/* Whether the absolute path inner is outer or lies in it. */
bool names_is_within(const char *inner, const char *outer);

/* An image whose content does not change unasked: with a digest, or a tag other than latest. */
bool names_is_pinned_image(const char *text);

#endif
