/* SPDX-License-Identifier: Apache-2.0 */
/* page.h - a page about a run for a browser: text and plot, without a script. */
#ifndef SCHEDULER_PAGE_H
#define SCHEDULER_PAGE_H

#include "base/bytes.h"

/* Name and text are shown as they are, whatever they hold. The plot is at /plot.svg. */
void page_write(const char *name, const char *text, struct buffer *out);

#endif
