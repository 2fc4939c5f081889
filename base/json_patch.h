/* SPDX-License-Identifier: Apache-2.0 */
/* json_patch.h - what changed between two JSON objects, as a merge patch (RFC 7396): members that are
 * new or other, null for those that are gone; objects in it are patched themselves, lists replaced.
 * Neither object may hold a null: a patch cannot say it. */
#ifndef BASE_JSON_PATCH_H
#define BASE_JSON_PATCH_H

#include <stdbool.h>

#include "base/json.h"

/* The patch that makes `to` of `from`, for the caller; NULL if they are equal. */
json_t *json_patch_between(const json_t *from, const json_t *to);

/* Takes every member that is null out of the object and of those in it. */
void json_drop_nulls(json_t *object);

#endif
