/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_json.c - fuzzes base/json.h: the canonical form reads back, as the same value, and is
 * its own canonical form. */
#include <string.h>

#include "base/json.h"
#include "tests/fuzz/fuzz.h"

static json_t *write_and_read(const json_t *value, struct buffer *out)
{
    struct error err = {0};
    FUZZ_CHECK(json_write_canonical(value, out, &err) == 0);
    json_t *again = json_parse(out->data, out->size, out->size, &err);
    FUZZ_CHECK(again != NULL);
    return again;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error err = {0};
    json_t *value = json_parse(data, size, 1 << 20, &err);
    if (value == NULL) {
        fuzz_check_refused(&err, ERROR_PEER);
        return 0;
    }
    struct buffer first = {0};
    struct buffer second = {0};
    struct buffer pretty = {0};
    json_t *again = write_and_read(value, &first);
    json_t *third = write_and_read(again, &second);
    FUZZ_CHECK(first.size == second.size && memcmp(first.data, second.data, first.size) == 0);
    FUZZ_CHECK(json_equal(again, third));
    FUZZ_CHECK(json_write_pretty(value, &pretty, &err) == 0);
    json_decref(value);
    json_decref(again);
    json_decref(third);
    buffer_release(&first);
    buffer_release(&second);
    buffer_release(&pretty);
    return 0;
}
