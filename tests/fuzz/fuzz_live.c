/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_live.c - fuzzes scheduler/live.h: what is taken is written as it was read. */
#include <string.h>

#include "scheduler/live.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error err = {0};
    struct live first;
    struct live second;
    struct buffer once = {0};
    struct buffer twice = {0};
    if (live_decode(&first, data, size, &err) != 0) {
        fuzz_check_refused(&err, ERROR_PEER);
        FUZZ_CHECK(first.worker == NULL && first.lease == NULL);
        return 0;
    }
    live_encode(&first, &once);
    FUZZ_CHECK(live_decode(&second, once.data, once.size, &err) == 0);
    live_encode(&second, &twice);
    FUZZ_CHECK(once.size == twice.size && memcmp(once.data, twice.data, once.size) == 0);
    live_release(&first);
    live_release(&second);
    buffer_release(&once);
    buffer_release(&twice);
    return 0;
}
