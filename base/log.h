/* SPDX-License-Identifier: Apache-2.0 */
/* log.h - one line an event, on standard error: "2026-11-23T08:00:00Z worker: text". Used only
 * by the programs' mains and their event loops (dispatch, session, keeper). */
#ifndef BASE_LOG_H
#define BASE_LOG_H

/* who: the part of the program that speaks, e.g. "worker". Control characters in the text come
 * out as '?', so that a peer's words cannot forge a line. Thread-safe (one write a line). */
void log_line(const char *who, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
