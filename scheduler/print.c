/* SPDX-License-Identifier: Apache-2.0 */
/* print.c - see print.h */
#include "scheduler/print.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int print_text(const struct buffer *text, struct error *err)
{
    if (text->failed) {
        return error_no_memory(err, "the output");
    }
    errno = 0;
    if (text->size > 0 && fwrite(text->data, 1, text->size, stdout) != text->size) {
        return error_set(err, ERROR_SYSTEM, "standard output: %s", strerrordesc_np(errno));
    }
    return 0;
}

int print_json(const json_t *value, struct error *err)
{
    struct buffer text = {0};
    int rc = json_write_pretty(value, &text, err);
    if (rc == 0) {
        buffer_raw(&text, "\n", 1);
        rc = print_text(&text, err);
    }
    buffer_release(&text);
    return rc;
}

int print_now(const void *data, size_t size, struct error *err)
{
    errno = 0;
    if ((size > 0 && fwrite(data, 1, size, stdout) != size) || fflush(stdout) != 0) {
        return error_set(err, ERROR_SYSTEM, "standard output: %s", strerrordesc_np(errno));
    }
    return 0;
}

void print_aside(const void *data, size_t size)
{
    (void)fwrite(data, 1, size, stderr);
}
