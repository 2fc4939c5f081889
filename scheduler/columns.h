/* SPDX-License-Identifier: Apache-2.0 */
/* columns.h - the columns of a terminal that a text takes.
 *
 * Text is UTF-8 with colours. A colour takes no column, a wide character two; where
 * terminals differ it is counted as the wider, so that no line ever takes more than it should. */
#ifndef SCHEDULER_COLUMNS_H
#define SCHEDULER_COLUMNS_H

#include <stddef.h>

#include "base/bytes.h"

size_t columns_count(const char *text, size_t size);

/* Appends as much of the text as stands in that many columns. Colours are passed on even behind the
 * cut, for one of them ends them; other controls and what is no UTF-8 become '?'. */
void columns_cut(struct buffer *out, const char *text, size_t size, size_t width);

#endif
