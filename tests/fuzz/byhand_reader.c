/* SPDX-License-Identifier: Apache-2.0 */
/* byhand_reader.c - fuzzes worker/reader.h with whole files, by hand and not in run.sh's round:
 *
 *     ASAN_OPTIONS=allocator_may_return_null=1 ./byhand_reader -fork=1 -ignore_crashes=1
 *         -detect_leaks=0 -max_len=42000 corpus seed
 *
 * with small HDF5 files in seed/. HDF5 says of itself that it is not for hostile files; what is
 * found inside it (1.10.8: sizes it believes, texts of variable length) ends the compute
 * program, which is made for that. Ours must hold whatever HDF5 lets through. */
#include <fcntl.h>
#include <unistd.h>

#include "base/size.h"
#include "tests/fuzz/fuzz.h"
#include "worker/lane.h"
#include "worker/reader.h"

enum { BLOCK = 4096, ROWS_MOST = 20000 };

static void read_rows(struct reader *r, struct error *err)
{
    uint64_t stop = size_min(reader_rows(r), ROWS_MOST);
    struct lane *lane = reader_lane(r, 0, err);
    FUZZ_CHECK(lane != NULL);
    int rc = lane_seek(lane, NULL, err);
    for (uint64_t row = 0; rc == 0 && row < stop; row += BLOCK) {
        const struct batch *batch = NULL;
        uint64_t end = size_min(row + BLOCK, stop);
        rc = lane_read(lane, row, end, &batch, err);
        FUZZ_CHECK(rc != 0 || batch->n_events == end - row);
    }
    if (rc != 0) {
        fuzz_check_refused(err, ERROR_INPUT);
    }
}

static void try_analysis(const char *path, const struct analysis *analysis)
{
    struct settings settings;
    struct error err = {0};
    FUZZ_CHECK(
        settings_init(&settings, analysis->parameter, analysis->n_parameters, NULL, &err) == 0);
    json_t *units = json_pack("{s:s,s:s}", "energy", "GeV", "length", "cm");
    struct reader_request request = {
        .analysis = analysis, .settings = &settings, .units = units};
    struct reader *r = reader_open(path, &request, &err);
    if (r == NULL) {
        fuzz_check_refused(&err, ERROR_INPUT);
    } else {
        json_decref(reader_inspect(r, NULL, &err));
        read_rows(r, &err);
        reader_close(r);
    }
    json_decref(units);
    settings_release(&settings);
}

/* By its own name: HDF5 asks for the real path of what it opens. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    (void)snprintf(path, sizeof path, "/dev/shm/byhand_reader.%ld", (long)getpid());
    int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
    FUZZ_CHECK(fd >= 0 && write(fd, data, size) == (ssize_t)size && close(fd) == 0);
    for (size_t i = 0; analyses[i] != NULL; i++) {
        try_analysis(path, analyses[i]);
    }
    (void)unlink(path);
    return 0;
}
