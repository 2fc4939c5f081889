/* SPDX-License-Identifier: Apache-2.0 */
/* roofs.c - what this machine could do at most with the bytes of some columns, round by round.
 *
 *     roofs memory FILE... -- COLUMN...   reads as many bytes from memory, in vectors
 *     roofs mapping FILE... -- COLUMN...  reads the columns through a fresh mapping; contiguous ones only
 *     roofs decode FILE... -- COLUMN...   the stock decompressors alone, from memory to memory, on the same
 *                                         chunks; neither checksums nor byte orders
 *     roofs filters FILE... -- COLUMN...  what a reader cannot do without: the chunks read, decompressed, and
 *                                         their bytes sorted
 *
 * A round gives the plain bytes of all columns together. */
#include <fcntl.h>
#include <libdeflate.h>
#include <lz4.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "base/bytes.h"
#include "base/size.h"
#include "tests/benchmarks/rounds.h"
#include "worker/format.h"
#include "worker/shuffle.h"

enum { COLUMNS_MAX = 4096, LZ4_HEAD = 16, LZ4_SIZE = 4 };

struct roofs {
    size_t n;
    const struct format_column *column[COLUMNS_MAX];
    int fd[COLUMNS_MAX]; /* of the column's file */
    uint8_t *stored;     /* all chunks of all columns, one behind the other; or as many bytes of
                       * memory; or one chunk */
    uint8_t *plain;      /* one chunk */
    uint8_t *sorted;     /* and another */
    size_t n_bytes;      /* plain, of all columns */
    uint64_t sum;        /* so that nothing is left out */
    char said[32];
};

static uint64_t sum_words(const void *data, size_t bytes)
{
    const uint64_t *word = data;
    uint64_t sum = 0;
    for (size_t i = 0; i < bytes / sizeof *word; i++) {
        sum += word[i];
    }
    return sum;
}

static int read_memory(void *context, struct error *err)
{
    struct roofs *r = context;
    (void)err;
    r->sum += sum_words(r->stored, r->n_bytes);
    return 0;
}

static int read_mapping(void *context, struct error *err)
{
    struct roofs *r = context;
    for (size_t c = 0; c < r->n; c++) {
        const struct extent *e = &r->column[c]->extent[0];
        uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
        uint64_t begin = e->offset_bytes / page * page;
        size_t before = (size_t)(e->offset_bytes - begin);
        size_t size = before + (size_t)e->stored_bytes;
        uint8_t *map = mmap(NULL, size, PROT_READ, MAP_PRIVATE, r->fd[c], (off_t)begin);
        if (map == MAP_FAILED) {
            return error_set(err, ERROR_SYSTEM, "no mapping");
        }
        r->sum += sum_words(map + (before + 7) / 8 * 8, (size_t)e->stored_bytes / 8 * 8 - 8);
        (void)munmap(map, size);
    }
    return 0;
}

/* The blocks of a chunk as the LZ4 filter of HDF5 frames them: total and block size, then of each
 * block its stored size before it, all big-endian. */
static int decode_lz4(const uint8_t *in, uint8_t *out, size_t plain)
{
    struct bytes head = bytes_of(in + 8, LZ4_SIZE);
    size_t block = __builtin_bswap32(bytes_u32(&head));
    const uint8_t *at = in + LZ4_HEAD - LZ4_SIZE;
    for (size_t done = 0; done < plain;) {
        struct bytes size = bytes_of(at, LZ4_SIZE);
        int stored = (int)__builtin_bswap32(bytes_u32(&size));
        int most = (int)(plain - done < block ? plain - done : block);
        at += LZ4_SIZE;
        if (stored == most) {
            memcpy(out + done, at, (size_t)stored);
        } else if (LZ4_decompress_safe((const char *)at, (char *)out + done, stored, most) !=
                   most) {
            return -1;
        }
        at += stored;
        done += (size_t)most;
    }
    return 0;
}

static bool has_filter(const struct format_column *c, const char *name)
{
    bool found = false;
    for (size_t f = 0; f < c->n_filters; f++) {
        found = found || strcmp(c->filter[f], name) == 0;
    }
    return found;
}

static int decode_chunk(struct libdeflate_decompressor *inflate, const struct format_column *c,
                        const uint8_t *in, size_t stored, uint8_t *out)
{
    size_t plain = (size_t)c->chunk_rows * c->size;
    if (has_filter(c, "zstd")) {
        return ZSTD_decompress(out, plain, in, stored) == plain ? 0 : -1;
    }
    if (has_filter(c, "lz4")) {
        return decode_lz4(in, out, plain);
    }
    if (has_filter(c, "deflate")) {
        size_t sum = has_filter(c, "fletcher32") ? 4 : 0;
        return libdeflate_zlib_decompress(inflate, in, stored - sum, out, plain, NULL) ==
                       LIBDEFLATE_SUCCESS
                   ? 0
                   : -1;
    }
    memcpy(out, in, stored);
    return 0;
}

static int decode_all(void *context, struct error *err)
{
    struct roofs *r = context;
    struct libdeflate_decompressor *inflate = libdeflate_alloc_decompressor();
    const uint8_t *in = r->stored;
    int rc = 0;
    for (size_t c = 0; rc == 0 && c < r->n; c++) {
        for (size_t i = 0; rc == 0 && i < r->column[c]->n_extents; i++) {
            size_t stored = (size_t)r->column[c]->extent[i].stored_bytes;
            rc = decode_chunk(inflate, r->column[c], in, stored, r->plain);
            in += stored;
        }
    }
    libdeflate_free_decompressor(inflate);
    return rc == 0 ? 0 : error_set(err, ERROR_INPUT, "a chunk cannot be decompressed");
}

static bool read_chunk(const struct roofs *r, size_t c, const struct extent *e, uint8_t *out)
{
    ssize_t n = pread(r->fd[c], out, (size_t)e->stored_bytes, (off_t)e->offset_bytes);
    return n == (ssize_t)e->stored_bytes && e->offset_bytes != EXTENT_NO_PLACE;
}

/* One chunk, from the file to sorted numbers. */
static bool undo_filters_of(const struct roofs *r, struct libdeflate_decompressor *inflate,
                            size_t c, const struct extent *e)
{
    const struct format_column *column = r->column[c];
    if (!read_chunk(r, c, e, r->stored) ||
        decode_chunk(inflate, column, r->stored, (size_t)e->stored_bytes, r->plain) != 0) {
        return false;
    }
    if (has_filter(column, "shuffle")) {
        shuffle_undo(r->plain, (size_t)column->chunk_rows * column->size, column->size,
                     r->sorted);
    }
    return true;
}

static int undo_filters(void *context, struct error *err)
{
    struct roofs *r = context;
    struct libdeflate_decompressor *inflate = libdeflate_alloc_decompressor();
    bool good = true;
    for (size_t c = 0; good && c < r->n; c++) {
        for (size_t i = 0; good && i < r->column[c]->n_extents; i++) {
            good = undo_filters_of(r, inflate, c, &r->column[c]->extent[i]);
        }
    }
    libdeflate_free_decompressor(inflate);
    return good ? 0 : error_set(err, ERROR_INPUT, "a chunk cannot be read");
}

static const char *say(void *context)
{
    struct roofs *r = context;
    (void)snprintf(r->said, sizeof r->said, "%zu", r->n_bytes);
    return r->said;
}

/* The columns of one file, which stays open: they are its. */
static int find_columns(struct roofs *r, const char *path, char **name, struct error *err)
{
    struct stat state;
    const struct format *format = format_find(path, &state, err);
    void *file = format == NULL ? NULL : format->open(path, (uint64_t)state.st_size, err);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int rc = file == NULL || fd < 0 ? -1 : 0;
    for (; rc == 0 && *name != NULL && r->n < COLUMNS_MAX; name++) {
        struct format_column *column = NULL;
        rc = format->find(file, *name, &column, err);
        if (rc == 0 && column == NULL) {
            rc = error_set(err, ERROR_INPUT, "%s: no column %s", path, *name);
        } else if (rc == 0) {
            r->fd[r->n] = fd;
            r->column[r->n++] = column;
            r->n_bytes += (size_t)column->n_rows * column->size;
        }
    }
    return rc;
}

static int find_all(struct roofs *r, char **argument, struct error *err)
{
    char **name = argument;
    while (*name != NULL && strcmp(*name, "--") != 0) {
        name++;
    }
    if (*name == NULL) {
        return error_set(err, ERROR_INPUT,
                         "say roofs memory|mapping|decode|filters FILE... -- COLUMN...");
    }
    int rc = 0;
    for (; rc == 0 && argument < name; argument++) {
        rc = find_columns(r, *argument, name + 1, err);
    }
    return rc;
}

/* Room for `stored` bytes and a plain chunk, twice. */
static bool make_room(struct roofs *r, size_t stored)
{
    size_t chunk = 0;
    for (size_t c = 0; c < r->n; c++) {
        size_t plain = (size_t)r->column[c]->chunk_rows * r->column[c]->size;
        chunk = plain > chunk ? plain : chunk;
    }
    r->stored = malloc(stored + 1);
    r->plain = malloc(chunk + 1);
    r->sorted = malloc(chunk + 1);
    return r->stored != NULL && r->plain != NULL && r->sorted != NULL;
}

static int load_chunks(struct roofs *r, struct error *err)
{
    size_t stored = 0;
    for (size_t c = 0; c < r->n; c++) {
        stored += (size_t)r->column[c]->stored_bytes;
    }
    bool good = make_room(r, stored);
    uint8_t *at = r->stored;
    for (size_t c = 0; good && c < r->n; c++) {
        for (size_t i = 0; good && i < r->column[c]->n_extents; i++) {
            good = read_chunk(r, c, &r->column[c]->extent[i], at);
            at += r->column[c]->extent[i].stored_bytes;
        }
    }
    return good ? 0 : error_set(err, ERROR_SYSTEM, "the chunks cannot be read");
}

static int make_room_for_one(struct roofs *r, struct error *err)
{
    size_t stored = 0;
    for (size_t c = 0; c < r->n; c++) {
        for (size_t i = 0; i < r->column[c]->n_extents; i++) {
            size_t own = (size_t)r->column[c]->extent[i].stored_bytes;
            stored = own > stored ? own : stored;
        }
    }
    return make_room(r, stored) ? 0 : error_no_memory(err, "a chunk");
}

static int fill_memory(struct roofs *r, struct error *err)
{
    r->stored = malloc(r->n_bytes + 1);
    if (r->stored == NULL) {
        return error_no_memory(err, "the columns");
    }
    memset(r->stored, 1, r->n_bytes);
    return 0;
}

static int nothing(struct roofs *r, struct error *err)
{
    (void)r;
    (void)err;
    return 0;
}

static const struct {
    const char *name;
    int (*prepare)(struct roofs *r, struct error *err);
    int (*work)(void *roofs, struct error *err);
} kinds[] = {
    {"memory", fill_memory, read_memory},
    {"mapping", nothing, read_mapping},
    {"decode", load_chunks, decode_all},
    {"filters", make_room_for_one, undo_filters},
};

int main(int n_arguments, char **argument)
{
    static struct roofs r;
    struct error err = {0};
    size_t k = 0;
    while (n_arguments >= 5 && k < ARRAY_LENGTH(kinds) &&
           strcmp(argument[1], kinds[k].name) != 0) {
        k++;
    }
    if (n_arguments < 5 || k == ARRAY_LENGTH(kinds)) {
        (void)fprintf(stderr,
                      "usage: roofs memory|mapping|decode|filters FILE... -- COLUMN...\n");
        return 64;
    }
    if (find_all(&r, argument + 2, &err) != 0 || kinds[k].prepare(&r, &err) != 0) {
        (void)fprintf(stderr, "roofs: %s\n", err.text);
        return 1;
    }
    return rounds_play(&(struct contender){kinds[k].work, say, &r});
}
