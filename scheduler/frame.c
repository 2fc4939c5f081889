/* SPDX-License-Identifier: Apache-2.0 */
/* frame.c - the state, and how lines are shared out; frame_samples.c has the samples. See frame.h */
#include "scheduler/frame.h"

#include <string.h>

#include "base/size.h"
#include "scheduler/columns.h"
#include "scheduler/human.h"
#include "scheduler/sketch.h"

enum { BAR_MOST = 50, SKETCH_MOST = 30, SKETCH_LEAST = 6 };
enum { SKETCH_MORE = 3 };   /* lines around a sketch: its legend above, its axis below */
enum { SAMPLES_LEAST = 3 }; /* lines: names of columns, one sample, the rest */

uint64_t frame_count(const json_t *object, const char *key)
{
    json_int_t n = json_integer_value(json_object_get(object, key));
    return n < 0 ? 0 : (uint64_t)n;
}

unsigned frame_percent(uint64_t done, uint64_t planned)
{
    if (planned == 0 || done >= planned) {
        return planned == 0 ? 0 : 100;
    }
    return (unsigned)(100 * (double)done / (double)planned);
}

static double real(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

/* ---- the state, a line each ---- */

/* A line of a text that came from elsewhere; none where there is none. */
static void put_reason(struct buffer *out, const char *what, const char *reason)
{
    if (reason[0] != '\0') {
        buffer_printf(out, "%-10s", what);
        human_text(out, reason);
        buffer_printf(out, "\n");
    }
}

static void put_state(const json_t *document, struct buffer *out)
{
    const char *says = json_text(document, "says");
    if (says[0] >= 'A' && says[0] <= 'Z') { /* as words inside a sentence */
        buffer_printf(out, "state     %c%s\n", says[0] - 'A' + 'a', says + 1);
    } else {
        buffer_printf(out, "state     %s\n", says);
    }
    const json_t *status = json_object_get(document, "status");
    put_reason(out, "paused", json_text(json_object_get(status, "live"), "paused"));
    put_reason(out, "waiting", json_text(json_object_get(status, "pods"), "waiting"));
}

/* How "2 of 3" and "about 3" are written; and whether files are told, of which shards come. */
struct wording {
    const char *of;
    const char *about;
    bool has_files;
};

static const struct wording wordings[] = {
    {" of ", "about ", true}, {"/", "~", true}, {"/", "~", false}};

static void put_ratio(struct buffer *out, uint64_t n, const struct wording *w, uint64_t all)
{
    human_count(out, n);
    buffer_printf(out, "%s", w->of);
    human_count(out, all);
}

static uint64_t sum_of(const json_t *samples, const char *key)
{
    uint64_t n = 0;
    for (size_t i = 0; i < json_array_size(samples); i++) {
        n += frame_count(json_array_get(samples, i), key);
    }
    return n;
}

static void put_total(const struct frame *f, const json_t *document, struct buffer *out)
{
    const json_t *status = json_object_get(document, "status");
    const json_t *time = json_object_get(document, "time");
    uint64_t done = frame_count(status, "events");
    uint64_t planned = frame_count(status, "events_planned");
    bool is_complete = json_is_true(json_object_get(status, "complete"));
    double share = is_complete ? 1 : planned > 0 ? (double)done / (double)planned : 0;
    /* All may be seen, and not all be booked. */
    unsigned percent = is_complete ? 100 : frame_percent(done, planned);
    percent -= percent == 100 && !is_complete;
    buffer_printf(out, "total     ");
    human_bar(out, share, f->width > 60 ? size_min(f->width - 50, BAR_MOST) : 10);
    buffer_printf(out, " %3u %%", percent);
    if (json_object_get(time, "left_s") != NULL) {
        buffer_printf(out, "  about ");
        human_duration(out, real(time, "left_s"));
        buffer_printf(out, " left, +- ");
        human_duration(out, real(time, "left_error_s"));
    }
    buffer_printf(out, "\n");
}

static void put_covered(const json_t *status, const struct wording *w, struct buffer *out)
{
    const json_t *samples = json_object_get(status, "samples");
    uint64_t n_inspected = sum_of(samples, "files_inspected");
    uint64_t n_files = frame_count(json_object_get(status, "files"), "total");
    double planned_pb = real(status, "luminosity_planned_pb");
    bool is_estimate = json_is_true(json_object_get(status, "events_planned_is_estimate"));
    put_ratio(out, sum_of(samples, "shards"), w,
              frame_count(json_object_get(status, "shards"), "total"));
    buffer_printf(out, " shards, ");
    if (w->has_files && n_inspected < n_files) {
        put_ratio(out, n_inspected, w, n_files);
        buffer_printf(out, " files, ");
    }
    human_count(out, frame_count(status, "events"));
    buffer_printf(out, "%s%s", w->of, is_estimate ? w->about : "");
    human_count(out, frame_count(status, "events_planned"));
    buffer_printf(out, " events");
    if (planned_pb > 0) {
        buffer_printf(out, ", ");
        human_luminosity_part(out, real(status, "luminosity_pb"), planned_pb);
        buffer_printf(out, "%s", w->of);
        human_luminosity(out, planned_pb);
    }
}

/* In short where words have no room. */
static void put_coverage(const struct frame *f, const json_t *document, struct buffer *out)
{
    static const char head[] = "coverage  ";
    const json_t *status = json_object_get(document, "status");
    struct buffer text = {0};
    for (size_t i = 0; i < ARRAY_LENGTH(wordings); i++) {
        buffer_clear(&text);
        put_covered(status, &wordings[i], &text);
        if (sizeof head - 1 + columns_count((const char *)text.data, text.size) <= f->width) {
            break;
        }
    }
    buffer_printf(out, "%s", head);
    buffer_raw(out, text.data, text.size);
    buffer_printf(out, "\n");
    out->failed = out->failed || text.failed;
    buffer_release(&text);
}

static void put_rate(const json_t *document, struct buffer *out)
{
    const json_t *time = json_object_get(document, "time");
    buffer_printf(out, "rate      ");
    if (json_object_get(time, "events_per_s") != NULL) {
        human_metric(out, real(time, "events_per_s"));
        buffer_printf(out, " events/s now, ");
    }
    human_metric(out, real(time, "events_per_s_mean"));
    buffer_printf(out, " events/s on average\n");
}

static void put_trouble(const struct frame *f, const json_t *document, struct buffer *out)
{
    const json_t *counts = json_object_get(document, "counts");
    const json_t *status = json_object_get(document, "status");
    uint64_t n_failed = frame_count(counts, "failed");
    uint64_t n_conflicts = frame_count(status, "conflicts");
    bool is_red = f->has_color && n_failed + n_conflicts > 0;
    buffer_printf(out, "trouble   %s", is_red ? "\033[31m" : "");
    human_count(out, n_failed);
    buffer_printf(out, " failed%s, ", is_red ? "\033[0m" : "");
    human_count(out, frame_count(counts, "retries"));
    buffer_printf(out, " retries");
    if (n_conflicts > 0) {
        buffer_printf(out, ", ");
        human_count(out, n_conflicts);
        buffer_printf(out, " with different results when computed twice");
    }
    buffer_printf(out, "%s\n", n_failed + n_conflicts > 0 ? " (see picobarn failures)" : "");
}

/* How many of them, in which states, and their threads. The list holds some hundreds at most. */
static void put_workers(const json_t *document, struct buffer *out)
{
    const json_t *list = json_object_get(document, "workers");
    const json_t *status = json_object_get(document, "status");
    const json_t *pods = json_object_get(status, "pods");
    size_t n_silent = 0;
    uint64_t n_working = 0;
    uint64_t n_threads = 0;
    json_t *all = json_to_walk(list);
    const char *name = NULL;
    json_t *worker = NULL;
    json_object_foreach(all, name, worker)
    {
        const char *state = json_text(worker, "state");
        n_silent += strcmp(state, "silent") == 0;
        n_working += strcmp(state, "working") == 0;
        n_threads += frame_count(worker, "threads");
    }
    uint64_t n = frame_count(document, "n_workers");
    buffer_printf(out, "workers   ");
    human_count(out, n);
    if (n > 0 && n == json_object_size(list)) {
        buffer_printf(out, ": %llu working, %zu silent, %llu threads",
                      (unsigned long long)n_working, n_silent, (unsigned long long)n_threads);
    }
    if (pods != NULL) {
        buffer_printf(out, "; pods ");
        put_ratio(out, frame_count(pods, "ready"), &wordings[0], frame_count(pods, "pods"));
        buffer_printf(out, " ready, at most ");
        human_count(out, frame_count(pods, "max_pods"));
    }
    buffer_printf(out, "\n");
}

static void put_head(const struct frame *f, const json_t *document, struct buffer *out)
{
    buffer_printf(out, "run       %s\n", json_text(json_object_get(document, "run"), "name"));
    put_state(document, out);
    if (json_object_get(document, "status") == NULL) {
        return;
    }
    put_total(f, document, out);
    put_coverage(f, document, out);
    put_rate(document, out);
    put_trouble(f, document, out);
    put_workers(document, out);
    buffer_printf(out, "sequence  %llu\n",
                  (unsigned long long)frame_count(document, "sequence"));
}

/* ---- the plot ---- */

static bool has_layer(const json_t *figure, bool signal)
{
    const json_t *stack = json_object_get(figure, "stack");
    for (size_t i = 0; i < json_array_size(stack); i++) {
        if (json_is_true(json_object_get(json_array_get(stack, i), "signal")) == signal) {
            return true;
        }
    }
    return false;
}

/* What is drawn, and what its characters mean. */
static void put_legend(const struct frame *f, const json_t *figure, struct buffer *out)
{
    const char *luminosity = json_text(figure, "luminosity");
    buffer_printf(out, "%s  %s [%s]", json_text(figure, "hist"), json_text(figure, "label"),
                  json_text(figure, "unit"));
    if (json_is_array(json_object_get(figure, "observed"))) {
        buffer_printf(out, "   " SKETCH_POINT " data");
    }
    if (has_layer(figure, false)) {
        buffer_printf(out, "   %s" SKETCH_LIGHT "%s simulation",
                      f->has_color ? SKETCH_BACKGROUND_COLOR : "",
                      f->has_color ? "\033[0m" : "");
    }
    if (has_layer(figure, true)) {
        buffer_printf(out, "   %s" SKETCH_DARK "%s signal",
                      f->has_color ? SKETCH_SIGNAL_COLOR : "", f->has_color ? "\033[0m" : "");
    }
    buffer_printf(out, "%s", json_is_true(json_object_get(figure, "log_y")) ? "   log" : "");
    if (luminosity[0] != '\0') {
        buffer_printf(out, "   %s", luminosity);
    }
    buffer_printf(out, "\n");
}

static void put_plot(const struct frame *f, size_t n_lines, const json_t *figure,
                     struct buffer *out)
{
    if (n_lines < SKETCH_LEAST + SKETCH_MORE) {
        return;
    }
    struct sketch sketch = {.width = f->width,
                            .height = size_min(n_lines - SKETCH_MORE, SKETCH_MOST),
                            .color = f->has_color};
    put_legend(f, figure, out);
    sketch_draw(&sketch, figure, out);
}

/* ---- all of it ---- */

static size_t count_lines(const struct buffer *text)
{
    size_t n = 0;
    for (size_t i = 0; i < text->size; i++) {
        n += text->data[i] == '\n';
    }
    return n;
}

/* A line between two parts, where there is one to spare. */
static void put_gap(size_t n_spare, struct buffer *out)
{
    buffer_printf(out, "%s", n_spare > 0 ? "\n" : "");
}

static void compose(const struct frame *f, const json_t *document, const json_t *figure,
                    struct buffer *out)
{
    const json_t *samples = json_object_get(json_object_get(document, "status"), "samples");
    put_head(f, document, out);
    size_t n_samples = json_array_size(samples) + 1;
    size_t taken = count_lines(out);
    size_t room = f->height > taken ? f->height - taken : 0;
    size_t plot =
        figure == NULL || room < SKETCH_LEAST + SKETCH_MORE ? 0 : SKETCH_LEAST + SKETCH_MORE;
    size_t table = room - plot < SAMPLES_LEAST ? 0 : size_min(room - plot, n_samples);
    size_t n_spare = room - plot - table;
    if (table > 0) {
        put_gap(n_spare, out);
        frame_draw_samples(f, table, samples, out);
        n_spare -= n_spare > 0;
    }
    if (plot > 0) {
        put_gap(n_spare, out);
        put_plot(f, plot + n_spare - (n_spare > 0), figure, out);
    }
}

/* A line that goes on says so, lest half a number be read as one. */
static void put_cut(struct buffer *out, const char *line, size_t size, size_t width)
{
    bool goes_on = width > 1 && columns_count(line, size) > width;
    columns_cut(out, line, size, goes_on ? width - 1 : width);
    buffer_printf(out, "%s", goes_on ? ">" : "");
}

void frame_cut(const struct frame *f, const struct buffer *text, struct buffer *out)
{
    const char *at = (const char *)text->data;
    size_t left = text->size;
    for (size_t n = 0; n < f->height && left > 0; n++) {
        const char *end = memchr(at, '\n', left);
        size_t size = end == NULL ? left : (size_t)(end - at);
        put_cut(out, at, size, f->width);
        buffer_raw(out, "\n", 1);
        size += end != NULL;
        at += size;
        left -= size;
    }
    out->failed = out->failed || text->failed;
}

/* Cut in the end, whatever was thought of: names and reasons may be of any length. */
void frame_draw(const struct frame *f, const json_t *document, const json_t *figure,
                struct buffer *out)
{
    struct buffer all = {0};
    compose(f, document, figure, &all);
    frame_cut(f, &all, out);
    buffer_release(&all);
}
