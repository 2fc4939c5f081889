/* SPDX-License-Identifier: Apache-2.0 */
/* token.c - see token.h */
#include "scheduler/token.h"

#include <string.h>

#include "base/file.h"

enum { TOKEN_LIMIT = 256, TOKEN_LEAST = 16 };

int token_read(const char *path, struct buffer *out, struct error *err)
{
    if (file_read(path, TOKEN_LIMIT, out, err) != 0) {
        return -1;
    }
    const char *text = buffer_string(out);
    if (text == NULL) {
        return error_no_memory(err, "a token");
    }
    out->size = strcspn(text, "\r\n \t");
    return out->size >= TOKEN_LEAST
               ? 0
               : error_set(err, ERROR_INPUT, "%s: a token has at least %d characters", path,
                           TOKEN_LEAST);
}
