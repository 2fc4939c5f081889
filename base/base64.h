/* SPDX-License-Identifier: Apache-2.0 */
/* base64.h - bytes as text (RFC 4648, with padding), as kubeconfigs and Secrets hold them. */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include <stddef.h>

#include "base/bytes.h"
#include "base/error.h"

/* Appends size bytes as base64; out->failed without memory. */
void base64_encode(const void *data, size_t size, struct buffer *out);

/* Appends what text stands for; blanks and line ends in it are passed over. Fails (ERROR_INPUT) for
 * anything else; the text is not shown, as it may be secret. */
int base64_decode(const char *text, struct buffer *out, struct error *err);

#endif
