/* SPDX-License-Identifier: Apache-2.0 */
/* human.h - numbers and names as people read them, appended to a text. */
#ifndef SCHEDULER_HUMAN_H
#define SCHEDULER_HUMAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/json.h"

/* 1234, 12,345 */
void human_count(struct buffer *out, uint64_t n);

/* 1234567 as "1.23 M" */
void human_metric(struct buffer *out, double value);

/* "1:05", "1:01:05" */
void human_duration(struct buffer *out, double seconds);

/* [#######.....] of that many characters between the brackets. */
void human_bar(struct buffer *out, double share, size_t width);

/* "11.58 fb^-1", below 0.1 fb^-1 in pb^-1. */
void human_luminosity(struct buffer *out, double luminosity_pb);

/* "7.13", in the unit that human_luminosity has for the second. */
void human_luminosity_part(struct buffer *out, double seen_pb, double planned_pb);

/* "7.13 of 11.58 fb^-1": both in the unit of the second. */
void human_luminosity_of(struct buffer *out, double seen_pb, double planned_pb);

/* "3.1 to 5.2 fb^-1"; one number where they hardly differ. */
void human_luminosity_range(struct buffer *out, double low_pb, double high_pb);

/* A text from a file, the command line or a worker, its control characters as '?', so that it
 * cannot steer a terminal. */
void human_text(struct buffer *out, const char *text);

/* The text as one word of a shell, in quotes where it needs them. */
void human_word(struct buffer *out, const char *text);

/* The text as a JSON string; what is no UTF-8 becomes '?'. NULL without memory. */
json_t *human_json(const char *text);

#endif
