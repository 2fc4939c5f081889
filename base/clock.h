/* SPDX-License-Identifier: Apache-2.0 */
/* clock.h - time that only goes forwards, for leases and rates; and the date, for records. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

uint64_t clock_now_ms(void); /* monotonic, from an arbitrary start */
uint64_t clock_now_us(void); /* the same, for what takes less than a few milliseconds */
int64_t clock_unix_ms(void); /* since 1970, UTC; for records, never for decisions */

enum { CLOCK_TEXT_SIZE = 32 };
/* unix_ms as "2026-11-23T08:00:00Z". */
void clock_text(int64_t unix_ms, char out[CLOCK_TEXT_SIZE]);

#endif
