/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_k8s_stream.c - fuzzes k8s/k8s_stream.h: a stream cut in two says what it says whole. The first
 * byte says where it is cut. */
#include <string.h>

#include "k8s/k8s_stream.h"
#include "tests/fuzz/fuzz.h"

static bool note(void *context, json_t *line)
{
    struct error err = {0};
    struct k8s_event event;
    if (k8s_event_decode(&event, line, &err) != 0) {
        fuzz_check_refused(&err, ERROR_PEER);
    } else if (event.kind == K8S_EVENT_CHANGED || event.kind == K8S_EVENT_GONE) {
        FUZZ_CHECK(event.name[0] != '\0' && event.uid[0] != '\0' && event.version[0] != '\0');
    }
    FUZZ_CHECK(json_write_canonical(line, context, &err) == 0);
    buffer_u8(context, '\n');
    return true;
}

static void check_same(const struct buffer *a, const struct buffer *b)
{
    FUZZ_CHECK(a->size == b->size && (a->size == 0 || memcmp(a->data, b->data, a->size) == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    size_t cut = data[0] % size;
    struct error err = {0};
    struct k8s_stream one = {0};
    struct k8s_stream two = {0};
    struct buffer whole = {0};
    struct buffer pieces = {0};
    data++;
    size--;
    int rc = k8s_stream_take(&one, data, size, note, &whole, &err);
    int again = k8s_stream_take(&two, data, cut, note, &pieces, &err);
    again =
        again == 0 ? k8s_stream_take(&two, data + cut, size - cut, note, &pieces, &err) : again;
    FUZZ_CHECK(rc == again);
    check_same(&whole, &pieces);
    if (rc == 0) {
        check_same(&one.line, &two.line);
    } else {
        fuzz_check_refused(&err, ERROR_PEER);
    }
    buffer_release(&one.line);
    buffer_release(&two.line);
    buffer_release(&whole);
    buffer_release(&pieces);
    return 0;
}
