/* SPDX-License-Identifier: Apache-2.0 */
/* server_answer.c - answers as JSON; see server.h */
#include <stdarg.h>
#include <stdio.h>

#include "scheduler/server.h"

void server_answer_json(struct server_answer *answer, unsigned status, json_t *value)
{
    struct error ignored = {0};
    answer->status = status;
    answer->type = "application/json";
    buffer_clear(&answer->body);
    (void)json_write_pretty(value, &answer->body, &ignored); /* sets failed */
    buffer_raw(&answer->body, "\n", 1);
    json_decref(value);
}

void server_refuse(struct server_answer *answer, unsigned status, const char *format, ...)
{
    char text[ERROR_TEXT_SIZE];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    json_t *said = json_string(text); /* NULL for what is no UTF-8 */
    server_answer_json(answer, status,
                       json_pack("{s:o}", "error", said == NULL ? json_string("?") : said));
}

void server_refuse_error(struct server_answer *answer, unsigned status_of_input,
                         const struct error *err)
{
    server_refuse(answer, err->kind == ERROR_INPUT ? status_of_input : 500, "%s", err->text);
}
