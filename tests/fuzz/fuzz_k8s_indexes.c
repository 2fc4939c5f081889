/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_k8s_indexes.c - fuzzes the sets of indexes of k8s/k8s.h: what is accepted is written in one form,
 * and reads back. */
#include <string.h>

#include "k8s/k8s.h"
#include "tests/fuzz/fuzz.h"

enum { N = 100000 };

static void check_ranges(const struct k8s_indexes *set)
{
    uint64_t count = 0;
    for (size_t i = 0; i < set->n_ranges; i++) {
        const struct k8s_range *r = &set->range[i];
        FUZZ_CHECK(r->first <= r->last && r->last < N);
        FUZZ_CHECK(i == 0 || r->first > r[-1].last + 1);
        FUZZ_CHECK(k8s_indexes_has(set, r->first) && k8s_indexes_has(set, r->last));
        FUZZ_CHECK(!k8s_indexes_has(set, r->last + 1));
        count += r->last - r->first + 1;
    }
    FUZZ_CHECK(k8s_indexes_count(set) == count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error err = {0};
    struct k8s_indexes set = {0};
    struct k8s_indexes again = {0};
    struct buffer text = {0};
    struct buffer first = {0};
    struct buffer second = {0};
    buffer_raw(&text, data, size);
    if (k8s_indexes_decode(&set, buffer_string(&text), N, &err) != 0) {
        fuzz_check_refused(&err, ERROR_PEER);
        buffer_release(&text);
        return 0;
    }
    check_ranges(&set);
    k8s_indexes_encode(&set, &first);
    FUZZ_CHECK(k8s_indexes_decode(&again, buffer_string(&first), N, &err) == 0);
    check_ranges(&again);
    k8s_indexes_encode(&again, &second);
    FUZZ_CHECK(strcmp(buffer_string(&first), buffer_string(&second)) == 0);
    FUZZ_CHECK(set.n_ranges == again.n_ranges);
    k8s_indexes_release(&set);
    k8s_indexes_release(&again);
    buffer_release(&text);
    buffer_release(&first);
    buffer_release(&second);
    return 0;
}
