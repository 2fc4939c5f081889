/* SPDX-License-Identifier: Apache-2.0 */
/* inputs.c - see inputs.h
 *
 * The order is the same everywhere: glob(3) sorts by the language of the machine, so it is told
 * not to, and paths are compared byte by byte. */
#include "scheduler/inputs.h"

#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/bytes.h"

/* One file is one pair of device and inode, whatever its names. */
struct identity {
    dev_t device;
    ino_t inode;
    size_t index; /* of the input */
};

struct search {
    const struct dataset *dataset;
    struct inputs *in;
    size_t room;
};

static const char *reason(void)
{
    const char *text = strerrordesc_np(errno);
    return text == NULL ? "unknown error" : text;
}

static int search_grow(struct search *s, struct error *err)
{
    if (s->in->n < s->room) {
        return 0;
    }
    size_t room = s->room == 0 ? 64 : 2 * s->room;
    struct input *input = reallocarray(s->in->input, room, sizeof *input);
    if (input == NULL) {
        return error_no_memory(err, "the list of files");
    }
    s->in->input = input;
    s->room = room;
    return 0;
}

/* Whether the file can be an input; the text has no path yet. */
static int look_at(const char *path, struct stat *state, struct error *err)
{
    if (stat(path, state) != 0) {
        bool input = errno == ENOENT || errno == EACCES || errno == ELOOP || errno == ENOTDIR;
        return error_set(err, input ? ERROR_INPUT : ERROR_SYSTEM, "%s", reason());
    }
    if (!S_ISREG(state->st_mode)) {
        return error_set(err, ERROR_INPUT, "%s, not a file",
                         S_ISDIR(state->st_mode) ? "a folder" : "something special");
    }
    return 0;
}

static int add_file(struct search *s, size_t sample, const struct file_pattern *pattern,
                    const char *path, struct error *err)
{
    struct stat state;
    if (look_at(path, &state, err) != 0) {
        return error_prefix(err, "%s", path);
    }
    if (search_grow(s, err) != 0) {
        return -1;
    }
    char *copy = strdup(path);
    if (copy == NULL) {
        return error_no_memory(err, "the list of files");
    }
    s->in->input[s->in->n] = (struct input){
        .sample = sample,
        .path = copy,
        .size = (uint64_t)state.st_size,
        .mtime_ns = (int64_t)state.st_mtim.tv_sec * 1000000000 + state.st_mtim.tv_nsec,
        .luminosity_pb = pattern->luminosity_pb,
    };
    s->in->n++;
    return 0;
}

/* The dataset's folder is a name, not a pattern: what glob would take for one is escaped. */
static const char *put_pattern(const char *folder, const char *pattern, struct buffer *out)
{
    for (const char *c = folder; pattern[0] != '/' && *c != '\0'; c++) {
        if (strchr("*?[]\\", *c) != NULL) {
            buffer_u8(out, '\\');
        }
        buffer_u8(out, (uint8_t)*c);
    }
    buffer_printf(out, "%s%s", pattern[0] == '/' ? "" : "/", pattern);
    return buffer_string(out);
}

/* A folder on the way that cannot be read is an error: files would be missed in silence. */
static int fail_glob(int rc, const struct dataset *d, const char *pattern, struct error *err)
{
    const char *from = pattern[0] == '/' ? "" : ", seen from ";
    const char *folder = pattern[0] == '/' ? "" : d->folder;
    switch (rc) {
    case GLOB_NOMATCH:
        return error_set(err, ERROR_INPUT, "no file matches%s%s", from, folder);
    case GLOB_ABORTED:
        return error_set(err, ERROR_INPUT, "a folder is not there or cannot be read%s%s", from,
                         folder);
    default:
        return error_no_memory(err, "a list of files");
    }
}

static int expand(struct search *s, size_t sample, const struct file_pattern *pattern,
                  struct error *err)
{
    struct buffer text = {0};
    glob_t found = {.gl_pathc = 0};
    const char *whole = put_pattern(s->dataset->folder, pattern->pattern, &text);
    int rc = GLOB_NOSPACE;
    if (whole != NULL) {
        /* NOLINTNEXTLINE(concurrency-mt-unsafe): only with GLOB_TILDE, which looks up users */
        rc = glob(whole, GLOB_NOSORT | GLOB_ERR, NULL, &found);
    }
    rc = rc == 0 ? 0 : fail_glob(rc, s->dataset, pattern->pattern, err);
    for (size_t i = 0; rc == 0 && i < found.gl_pathc; i++) {
        rc = add_file(s, sample, pattern, found.gl_pathv[i], err);
    }
    globfree(&found);
    buffer_release(&text);
    return rc == 0 ? 0
                   : error_prefix(err, "%s:%zu: samples[%zu].files: %s", s->dataset->path,
                                  pattern->line, sample, pattern->pattern);
}

static int compare_paths(const void *left, const void *right)
{
    const struct input *a = left;
    const struct input *b = right;
    return strcmp(a->path, b->path);
}

static int expand_sample(struct search *s, size_t index, struct error *err)
{
    const struct sample *sample = &s->dataset->sample[index];
    size_t first = s->in->n;
    for (size_t i = 0; i < sample->n_patterns; i++) {
        if (expand(s, index, &sample->pattern[i], err) != 0) {
            return -1;
        }
    }
    qsort(s->in->input + first, s->in->n - first, sizeof *s->in->input, compare_paths);
    return 0;
}

static int compare_identities(const void *left, const void *right)
{
    const struct identity *a = left;
    const struct identity *b = right;
    if (a->device != b->device) {
        return a->device < b->device ? -1 : 1;
    }
    if (a->inode != b->inode) {
        return a->inode < b->inode ? -1 : 1;
    }
    return (a->index > b->index) - (a->index < b->index);
}

static int fail_twice(const struct inputs *in, const struct dataset *d, size_t first,
                      size_t second, struct error *err)
{
    const struct input *one = &in->input[first];
    const struct input *two = &in->input[second];
    const char *sample = d->sample[one->sample].name;
    const char *other = d->sample[two->sample].name;
    if (strcmp(one->path, two->path) == 0) {
        bool same = one->sample == two->sample;
        return error_set(err, ERROR_INPUT, "%s would count twice: in sample %s%s%s", one->path,
                         sample, same ? ", by two patterns" : " and in sample ",
                         same ? "" : other);
    }
    return error_set(err, ERROR_INPUT,
                     "one file would count twice: %s in sample %s is also %s in sample %s",
                     one->path, sample, two->path, other);
}

static int check_sorted(const struct inputs *in, const struct dataset *d,
                        const struct identity *identity, struct error *err)
{
    for (size_t i = 1; i < in->n; i++) {
        const struct identity *a = &identity[i - 1];
        const struct identity *b = &identity[i];
        if (a->device == b->device && a->inode == b->inode) {
            return fail_twice(in, d, a->index, b->index, err);
        }
    }
    return 0;
}

static int check_once(const struct inputs *in, const struct dataset *d, struct error *err)
{
    struct identity *identity = calloc(in->n + 1, sizeof *identity);
    if (identity == NULL) {
        return error_no_memory(err, "the list of files");
    }
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < in->n; i++) {
        struct stat state = {.st_size = 0};
        rc = look_at(in->input[i].path, &state, err);
        rc = rc == 0 ? 0 : error_prefix(err, "%s", in->input[i].path);
        identity[i] = (struct identity){state.st_dev, state.st_ino, i};
    }
    if (rc == 0) {
        qsort(identity, in->n, sizeof *identity, compare_identities);
        rc = check_sorted(in, d, identity, err);
    }
    free(identity);
    return rc;
}

int inputs_find(struct inputs *in, const struct dataset *d, struct error *err)
{
    *in = (struct inputs){.n = 0};
    struct search search = {.dataset = d, .in = in};
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < d->n_samples; i++) {
        rc = expand_sample(&search, i, err);
    }
    rc = rc == 0 ? check_once(in, d, err) : -1;
    if (rc != 0) {
        inputs_release(in);
    }
    return rc;
}

void inputs_release(struct inputs *in)
{
    for (size_t i = 0; i < in->n; i++) {
        free(in->input[i].path);
    }
    free(in->input);
    *in = (struct inputs){.n = 0};
}
