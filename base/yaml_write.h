/* SPDX-License-Identifier: Apache-2.0 */
/* yaml_write.h - JSON as YAML for people and for kubectl. */
#ifndef BASE_YAML_WRITE_H
#define BASE_YAML_WRITE_H

#include "base/bytes.h"
#include "base/error.h"
#include "base/json.h"

/* Appends value as one document without a "---" before it: keys in the order in which they were
 * set, texts of several lines as literal blocks, quotes where a reader of YAML 1.1 or 1.2 would
 * take a text for something else. yaml_parse, PyYAML and kubectl read the same value back. Fails
 * (ERROR_SYSTEM) without memory and for nesting deeper than yaml_parse takes. */
int yaml_write(const json_t *value, struct buffer *out, struct error *err);

#endif
