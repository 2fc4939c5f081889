/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_message.c - fuzzes worker/message.h: what is taken comes out as the same bytes. */
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "worker/message.h"

static int again_hello(struct bytes *in, struct buffer *out, struct error *err)
{
    struct message_hello m;
    int rc = message_hello_decode(&m, in, err);
    message_hello_encode(&m, out);
    return rc;
}

static int again_welcome(struct bytes *in, struct buffer *out, struct error *err)
{
    struct message_welcome m;
    int rc = message_welcome_decode(&m, in, err);
    message_welcome_encode(&m, out);
    message_welcome_release(&m);
    return rc;
}

static int again_refuse(struct bytes *in, struct buffer *out, struct error *err)
{
    char reason[ERROR_TEXT_SIZE];
    int rc = message_refuse_decode(reason, in, err);
    message_refuse_encode(reason, out);
    return rc;
}

static int again_want(struct bytes *in, struct buffer *out, struct error *err)
{
    uint32_t n = 0;
    int rc = message_want_decode(&n, in, err);
    message_want_encode(n, out);
    return rc;
}

static int again_lease(struct bytes *in, struct buffer *out, struct error *err)
{
    struct message_lease m;
    int rc = message_lease_decode(&m, in, err);
    FUZZ_CHECK(m.first <= m.stop && (m.n_starts == 0 || m.start_row[0] <= m.first));
    message_lease_encode(&m, out);
    message_lease_release(&m);
    return rc;
}

static int again_result(struct bytes *in, struct buffer *out, struct error *err)
{
    struct message_result m;
    int rc = message_result_decode(&m, in, err);
    message_result_encode(&m, out);
    return rc;
}

static int again_failure(struct bytes *in, struct buffer *out, struct error *err)
{
    struct message_failure m;
    int rc = message_failure_decode(&m, in, err);
    message_failure_encode(&m, out);
    message_failure_release(&m);
    return rc;
}

static int again_ack(struct bytes *in, struct buffer *out, struct error *err)
{
    struct message_ack m;
    int rc = message_ack_decode(&m, in, err);
    message_ack_encode(&m, out);
    return rc;
}

static int again_heartbeat(struct bytes *in, struct buffer *out, struct error *err)
{
    struct message_heartbeat m;
    int rc = message_heartbeat_decode(&m, in, err);
    FUZZ_CHECK(m.n <= MESSAGE_LEASES_MAX);
    message_heartbeat_encode(&m, out);
    return rc;
}

static int again_who(struct bytes *in, struct buffer *out, struct error *err)
{
    (void)in;
    (void)err;
    message_bare_encode(MESSAGE_WHO, out);
    return 0;
}

static int again_end(struct bytes *in, struct buffer *out, struct error *err)
{
    (void)in;
    (void)err;
    message_bare_encode(MESSAGE_END, out);
    return 0;
}

/* Decodes and encodes; a message that was refused must be empty, and an empty one is encoded
 * without harm. */
static int (*const again[MESSAGE_TYPES])(struct bytes *in, struct buffer *out,
                                         struct error *err) = {
    [MESSAGE_HELLO] = again_hello,
    [MESSAGE_WELCOME] = again_welcome,
    [MESSAGE_REFUSE] = again_refuse,
    [MESSAGE_WANT] = again_want,
    [MESSAGE_LEASE] = again_lease,
    [MESSAGE_RESULT] = again_result,
    [MESSAGE_FAILURE] = again_failure,
    [MESSAGE_ACK] = again_ack,
    [MESSAGE_HEARTBEAT] = again_heartbeat,
    [MESSAGE_WHO] = again_who,
    [MESSAGE_END] = again_end,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes in = bytes_of(data, size);
    struct error err = {0};
    enum message_type type = MESSAGE_TYPES;
    if (message_type(&in, &type, &err) != 0) {
        fuzz_check_refused(&err, ERROR_PEER);
        return 0;
    }
    struct buffer out = {0};
    if (again[type](&in, &out, &err) != 0) {
        fuzz_check_refused(&err, ERROR_PEER);
    } else {
        FUZZ_CHECK(!out.failed && out.size == size && memcmp(out.data, data, size) == 0);
    }
    buffer_release(&out);
    return 0;
}
