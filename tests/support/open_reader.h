/* SPDX-License-Identifier: Apache-2.0 */
/* open_reader.h - a reader for a test: what fails here fails the test. */
#ifndef TESTS_SUPPORT_OPEN_READER_H
#define TESTS_SUPPORT_OPEN_READER_H

#include "tests/support/check.h"

#include "worker/lane.h"
#include "worker/reader.h"

/* A reader of these needs, or a failed test. */
static inline struct reader *open_with(const char *path, const struct analysis *a,
                                       const char *weight, const char *names, const char *units)
{
    static const struct settings no_settings;
    json_t *map = names == NULL ? NULL : json_loads(names, 0, NULL);
    json_t *said = units == NULL ? NULL : json_loads(units, 0, NULL);
    const struct reader_request request = {
        .analysis = a, .settings = &no_settings, .weight = weight, .names = map, .units = said};
    struct error err = {0};
    struct reader *r = reader_open(path, &request, &err);
    check_ok(r == NULL ? -1 : 0, &err);
    /* They serve the opening, and reader_check_unchanged, which nobody calls who gave them. */
    json_decref(map);
    json_decref(said);
    return r;
}

static inline const struct batch *read_rows(struct reader *r, uint64_t first, uint64_t stop)
{
    struct error err = {0};
    const struct batch *batch = NULL;
    check_ok(lane_read(reader_lane(r, 0, &err), first, stop, &batch, &err), &err);
    assert_int_equal(batch->n_events, stop - first);
    return batch;
}

static inline json_t *inspect(struct reader *r)
{
    struct error err = {0};
    json_t *found = reader_inspect(r, NULL, &err);
    check_ok(found == NULL ? -1 : 0, &err);
    return found;
}

#endif
