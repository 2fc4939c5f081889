/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz.h - what every fuzzer shares: libFuzzer's entry point, and a check that stays in when
 * assert is compiled out. */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/error.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What must hold for every input. */
#define FUZZ_CHECK(claim) fuzz_check((claim), __FILE__, __LINE__, #claim)

static inline void fuzz_check(bool holds, const char *file, int line, const char *claim)
{
    if (!holds) {
        (void)fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, claim);
        abort();
    }
}

/* A refusal blames the one who sent, or memory. */
static inline void fuzz_check_refused(const struct error *err, enum error_kind kind)
{
    FUZZ_CHECK(err->kind == kind || err->kind == ERROR_SYSTEM);
    FUZZ_CHECK(err->text[0] != '\0');
}

#endif
