/* SPDX-License-Identifier: Apache-2.0 */
/* metrics.c - see metrics.h; the families are in metrics_ledger.c and metrics_live.c */
#include "scheduler/metrics.h"

#include <string.h>

#include "base/json.h"
#include "scheduler/metrics_family.h"

void metrics_put_label(struct buffer *out, const char *key, const char *value)
{
    bool is_first = out->size > 0 && out->data[out->size - 1] == '{';
    buffer_printf(out, "%s%s=\"", is_first ? "" : ",", key);
    while (*value != '\0') {
        size_t plain = strcspn(value, "\\\"\n");
        buffer_raw(out, value, plain);
        value += plain;
        if (*value != '\0') {
            buffer_printf(out, "\\%c", *value == '\n' ? 'n' : *value);
            value++;
        }
    }
    buffer_raw(out, "\"", 1);
}

void metrics_open_line(const struct metrics_source *s, const struct metrics_family *f,
                       const char *suffix, struct buffer *out)
{
    buffer_printf(out, "picobarn_%s%s{", f->name, suffix);
    metrics_put_label(out, "run", s->place->run);
}

void metrics_put_value(struct buffer *out, double value)
{
    buffer_raw(out, "} ", 2);
    json_write_number(value, out);
    buffer_raw(out, "\n", 1);
}

void metrics_write_of_run(const struct metrics_source *s, const struct metrics_family *f,
                          struct buffer *out)
{
    metrics_open_line(s, f, "", out);
    metrics_put_value(out, f->of_run(s));
}

static void write_families(const struct metrics_source *s, const struct metrics_family *f,
                           struct buffer *out)
{
    for (; f->name != NULL; f++) {
        buffer_printf(out, "# HELP picobarn_%s %s\n# TYPE picobarn_%s %s\n", f->name, f->help,
                      f->name, f->type);
        f->write(s, f, out);
    }
}

void metrics_write(const struct look *look, const struct live *live,
                   const struct metrics_place *place, struct buffer *out)
{
    struct metrics_source s = {.look = look, .live = live, .place = place};
    write_families(&s, metrics_of_ledger, out);
    if (live != NULL) {
        write_families(&s, metrics_of_live, out);
    }
}
