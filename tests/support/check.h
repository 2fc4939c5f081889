/* SPDX-License-Identifier: Apache-2.0 */
/* check.h - cmocka with the headers that it needs before it, in their order; and what our tests
 * share. */
#ifndef TESTS_SUPPORT_CHECK_H
#define TESTS_SUPPORT_CHECK_H

/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/size.h"

/* Fails, showing the whole text, unless part stands in it. */
static inline void check_contains(const char *text, const char *part)
{
    if (strstr(text, part) == NULL) {
        fail_msg("'%s' is not in '%s'", part, text);
    }
}

/* Fails, showing the whole text, unless it begins with part. */
static inline void check_begins(const char *text, const char *part)
{
    if (strncmp(text, part, strlen(part)) != 0) {
        fail_msg("'%s' does not begin with '%s'", text, part);
    }
}

/* Fails, showing the error, unless a call returned 0. For calls that shall succeed. */
static inline void check_ok(int rc, const struct error *err)
{
    if (rc != 0) {
        fail_msg("%s error: %s", error_kind_name(err->kind), err->text);
    }
}

/* Fails, showing what it is about, unless it holds. */
static inline void check_that(bool holds, const char *what)
{
    if (!holds) {
        fail_msg("does not hold: %s", what);
    }
}

/* A fresh folder, in the folder that the test runs in. The caller ends it with
 * check_remove_folder. */
static inline char *check_make_folder(void)
{
    char *path = strdup("check-XXXXXX");
    if (path == NULL || mkdtemp(path) == NULL) {
        fail_msg("no folder for the test");
    }
    return path;
}

static inline int check_remove_one(const char *path, const struct stat *info, int kind,
                                   struct FTW *at)
{
    (void)info;
    (void)kind;
    (void)at;
    return remove(path);
}

/* Removes the folder with all in it, and frees path; NULL is allowed. */
static inline void check_remove_folder(char *path)
{
    if (path == NULL) {
        return;
    }
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): tests walk folders in one thread */
    assert_int_equal(nftw(path, check_remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
    free(path);
}

#endif
