/* SPDX-License-Identifier: Apache-2.0 */
/* log.c - see log.h */
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/size.h"

enum { LINE_SIZE = 2048 }; /* a longer line is cut; below PIPE_BUF, so one write stays whole */

/* The bytes of the control character at text: 1 for ASCII's, 2 for those that UTF-8 writes as
 * C2 80 to C2 9F; 0 if it is none. */
static size_t control_size(const char *text)
{
    unsigned char c = (unsigned char)text[0];
    unsigned char next = (unsigned char)(c == '\0' ? 0 : text[1]);
    if (c == 0xC2 && next >= 0x80 && next <= 0x9F) {
        return 2;
    }
    return c < 0x20 || c == 0x7f ? 1 : 0;
}

void log_line(const char *who, const char *format, ...)
{
    char line[LINE_SIZE + 1];
    char date[CLOCK_TEXT_SIZE];
    clock_text(clock_unix_ms(), date);
    int head = snprintf(line, LINE_SIZE, "%s %s: ", date, who);
    size_t used = size_min(head < 0 ? 0 : (size_t)head, LINE_SIZE - 1);
    va_list args;
    va_start(args, format);
    (void)vsnprintf(line + used, LINE_SIZE - used, format, args);
    va_end(args);
    size_t size = strlen(line);
    for (size_t i = 0; i < size; i++) {
        memset(line + i, '?', control_size(line + i));
    }
    line[size] = '\n';
    /* There is nobody to tell that the log could not be written. */
    while (write(STDERR_FILENO, line, size + 1) < 0 && errno == EINTR) {
    }
}
