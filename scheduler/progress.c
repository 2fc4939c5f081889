/* SPDX-License-Identifier: Apache-2.0 */
/* progress.c - see progress.h */
#include "scheduler/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/size.h"
#include "scheduler/columns.h"
#include "scheduler/human.h"
#include "scheduler/screen.h"

enum {
    LINE_EVERY_MS = 5000,  /* in a log */
    SAME_EVERY_MS = 60000, /* the same line again */
    SAID_SIZE = 256,
    BAR_MAX = 30,
    WIDTH_DEFAULT = 80,
    WIDTH_MAX = 200,
};

struct progress {
    bool on_terminal;
    bool has_color;
    bool has_line;       /* a line stands there without its end */
    uint64_t started_ms; /* of the phase */
    uint64_t shown_ms;
    uint64_t n_events_before; /* done when the phase began */
    size_t n_jobs_before;
    enum lease_kind phase;
    size_t n_done;
    char said[SAID_SIZE]; /* the beginning of the last line in a log */
    uint64_t said_ms;
};

struct progress *progress_open(void)
{
    struct progress *p = calloc(1, sizeof *p);
    if (p != NULL) {
        p->on_terminal = screen_is_there(STDERR_FILENO);
        p->has_color = screen_has_color(STDERR_FILENO);
    }
    return p;
}

static size_t terminal_width(void)
{
    struct winsize size;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) {
        return WIDTH_DEFAULT;
    }
    return size.ws_col < WIDTH_MAX ? size.ws_col : WIDTH_MAX;
}

/* 100 only when it is all. */
static int percent(double share)
{
    return (int)(100 * share);
}

static void describe_shards(const struct progress *p, const struct progress_numbers *numbers,
                            struct buffer *out)
{
    double elapsed = (double)(clock_now_ms() - p->started_ms) / 1000;
    size_t ended = numbers->n_done + numbers->n_failed;
    size_t new_jobs = ended > p->n_jobs_before ? ended - p->n_jobs_before : 0;
    buffer_printf(out, "%zu/%zu shards", numbers->n_done, numbers->n_all);
    if (elapsed > 0.2 && numbers->n_events > p->n_events_before) {
        buffer_printf(out, "  ");
        human_metric(out, (double)(numbers->n_events - p->n_events_before) / elapsed);
        buffer_printf(out, "ev/s");
    }
    buffer_printf(out, "  %zu workers", numbers->n_workers);
    if (new_jobs > 0) {
        buffer_printf(out, "  ");
        human_duration(out,
                       elapsed * (double)(numbers->n_all - numbers->n_done) / (double)new_jobs);
        buffer_printf(out, " left");
    }
}

/* The words behind the bar. */
static void describe(const struct progress *p, const struct progress_numbers *numbers,
                     struct buffer *out)
{
    if (numbers->phase == LEASE_INSPECT) {
        buffer_printf(out, "%zu/%zu files inspected  %zu workers", numbers->n_done,
                      numbers->n_all, numbers->n_workers);
    } else {
        describe_shards(p, numbers, out);
    }
    if (numbers->n_failed > 0) {
        buffer_printf(out, "%s  %zu failed%s", p->has_color ? "\033[31m" : "",
                      numbers->n_failed, p->has_color ? "\033[0m" : "");
    }
}

/* A new phase starts its own clock. */
static void note_phase(struct progress *p, const struct progress_numbers *numbers)
{
    if (p->phase != numbers->phase) {
        p->phase = numbers->phase;
        p->started_ms = clock_now_ms();
        p->n_events_before = numbers->n_events;
        p->n_jobs_before = numbers->n_done + numbers->n_failed;
        p->shown_ms = 0;
    }
}

/* A line that never goes on in the next one. */
static void show_bar(struct progress *p, const char *words, double share)
{
    struct buffer line = {0};
    struct buffer cut = {0};
    size_t width = terminal_width();
    size_t taken = columns_count(words, strlen(words)) + 10;
    size_t room = width > taken + 10 ? width - taken : 10;
    human_bar(&line, share, size_min(room, BAR_MAX));
    buffer_printf(&line, " %3d%%  %s", percent(share), words);
    if (buffer_string(&line) != NULL) {
        columns_cut(&cut, buffer_string(&line), line.size, width - 1);
    }
    const char *text = buffer_string(&cut);
    (void)fprintf(stderr, "\r\033[K%s", text == NULL ? "" : text);
    (void)fflush(stderr);
    buffer_release(&line);
    buffer_release(&cut);
    p->has_line = true;
}

/* A run that waits for hours is not to fill a log with one line. */
static void show_line(struct progress *p, const char *words, double share)
{
    char line[SAID_SIZE];
    uint64_t now = clock_now_ms();
    (void)snprintf(line, sizeof line, "%3d%%  %.200s", percent(share), words);
    if (strcmp(line, p->said) == 0 && now - p->said_ms < SAME_EVERY_MS) {
        return;
    }
    memcpy(p->said, line, sizeof line);
    p->said_ms = now;
    (void)fprintf(stderr, "%3d%%  %s\n", percent(share), words);
}

void progress_update(struct progress *p, const struct progress_numbers *numbers)
{
    if (p == NULL) {
        return;
    }
    note_phase(p, numbers);
    uint64_t now = clock_now_ms();
    bool is_end = numbers->n_done + numbers->n_failed >= numbers->n_all;
    if (!p->on_terminal && now - p->shown_ms < LINE_EVERY_MS &&
        !(is_end && numbers->n_done != p->n_done)) {
        return;
    }
    p->shown_ms = now;
    p->n_done = numbers->n_done;
    double share = numbers->n_all == 0 ? 0 : (double)numbers->n_done / (double)numbers->n_all;
    struct buffer text = {0};
    if (numbers->note != NULL) {
        buffer_printf(&text, "%.600s", numbers->note);
    } else if (numbers->paused != NULL) {
        buffer_printf(&text, "paused: %.600s", numbers->paused);
    } else {
        describe(p, numbers, &text);
    }
    const char *words = buffer_string(&text);
    if (words != NULL && p->on_terminal) {
        show_bar(p, words, share);
    } else if (words != NULL) {
        show_line(p, words, share);
    }
    buffer_release(&text);
}

void progress_show(void *context, const struct dispatch_view *view)
{
    struct run_tally files = run_tally_files(view->run);
    bool is_shards = view->phase == LEASE_SHARD;
    struct run_tally t = is_shards ? run_tally_shards(view->run) : files;
    struct progress_numbers numbers = {
        .phase = view->phase,
        .n_done = t.n[JOB_DONE],
        .n_failed = t.n[JOB_FAILED] + (is_shards ? files.n[JOB_FAILED] : 0),
        .n_all = t.n[JOB_WAITING] + t.n[JOB_RUNNING] + t.n[JOB_DONE] + t.n[JOB_FAILED],
        .n_events = view->n_events,
        .n_workers = view->n_workers,
        .paused = view->paused,
    };
    progress_update(context, &numbers);
}

void progress_close(struct progress *p)
{
    if (p != NULL && p->has_line) {
        (void)fputc('\n', stderr);
    }
    free(p);
}
