/* SPDX-License-Identifier: Apache-2.0 */
/* usage.h - help texts out of the command table, for 80 columns. */
#ifndef SCHEDULER_USAGE_H
#define SCHEDULER_USAGE_H

#include "base/bytes.h"
#include "scheduler/command.h"

struct usage_status {
    enum exit_status status;
    const char *meaning;
};

extern const char *const usage_group_title[COMMAND_GROUPS];
extern const char usage_summary[];     /* one line about picobarn */
extern const char usage_description[]; /* paragraphs, as struct command's */
extern const struct usage_status usage_status[4];

/* Appends the overview: every command under its group's heading. */
void usage_write_overview(struct buffer *out);

/* Appends all about one command. */
void usage_write_command(const struct command *command, struct buffer *out);

/* What else its operand may name, as a paragraph; NULL: nothing. */
const char *usage_of_operand(const struct command *command);

/* The paragraph at *at without its end, its length in *size; NULL behind the last. */
const char *usage_next_paragraph(const char **at, size_t *size);

#endif
