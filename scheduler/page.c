/* SPDX-License-Identifier: Apache-2.0 */
/* page.c - see page.h */
#include "scheduler/page.h"

#include "base/size.h"

/* A reload every few seconds needs no script, which the content policy forbids. */
static const char head[] = "<!DOCTYPE html>\n"
                           "<html lang=\"en\">\n"
                           "<head>\n"
                           "<meta charset=\"utf-8\">\n"
                           "<meta name=\"viewport\" content=\"width=device-width\">\n"
                           "<meta http-equiv=\"refresh\" content=\"5\">\n";

static void write_text(const char *text, struct buffer *out)
{
    static const struct {
        char letter;
        const char *entity;
    } entities[] = {
        {'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\'', "&#39;"}};
    for (; *text != '\0'; text++) {
        size_t i = 0;
        while (i < ARRAY_LENGTH(entities) && entities[i].letter != *text) {
            i++;
        }
        if (i < ARRAY_LENGTH(entities)) {
            buffer_printf(out, "%s", entities[i].entity);
        } else {
            buffer_raw(out, text, 1);
        }
    }
}

void page_write(const char *name, const char *text, struct buffer *out)
{
    buffer_printf(out, "%s<title>", head);
    write_text(name, out);
    buffer_printf(out, " - picobarn</title>\n</head>\n<body>\n<h1>");
    write_text(name, out);
    buffer_printf(out, "</h1>\n<pre>");
    write_text(text, out);
    buffer_printf(out, "</pre>\n<p><img src=\"/plot.svg\" alt=\"The plot of the run\"></p>\n"
                       "</body>\n</html>\n");
}
