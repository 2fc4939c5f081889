/* SPDX-License-Identifier: Apache-2.0 */
/* watch.c - picobarn watch: a run live in the terminal, plot and all. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "scheduler/commands/commands.h"
#include "scheduler/figure.h"
#include "scheduler/human.h"
#include "scheduler/look.h"
#include "scheduler/print.h"
#include "scheduler/sketch.h"

enum { EVERY_S = 1, WIDTH_DEFAULT = 80, HEIGHT_DEFAULT = 24, WIDTH_MAX = 120 };
enum { SKETCH_LINES_MAX = 16, SKETCH_LINES_MIN = 6, FRAME_LINES = 3 };

/* How it shows what it sees. */
struct view {
    bool as_json;
    bool on_terminal;
    bool has_color;
    size_t n_lines; /* of the frame that stands there */
};

static struct winsize terminal_size(void)
{
    struct winsize size;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) {
        size = (struct winsize){.ws_col = WIDTH_DEFAULT, .ws_row = HEIGHT_DEFAULT};
    }
    return size;
}

static size_t count_lines(const struct buffer *text)
{
    size_t n = 0;
    for (size_t i = 0; i < text->size; i++) {
        n += text->data[i] == '\n';
    }
    return n;
}

/* As much of the plot as there are lines for. */
static int draw_plot(const struct look *l, const struct view *v, size_t room,
                     struct buffer *out, struct error *err)
{
    static const struct figure_request first_figure = {.log_y = -1};
    json_t *figure = figure_to_json(l->run, &l->merge, &first_figure, err);
    if (figure == NULL) {
        return -1;
    }
    struct winsize size = terminal_size();
    struct sketch sketch = {.width = size.ws_col < WIDTH_MAX ? size.ws_col : WIDTH_MAX,
                            .height = room < SKETCH_LINES_MAX ? room : SKETCH_LINES_MAX,
                            .color = v->has_color};
    buffer_printf(out, "\n");
    sketch_draw(&sketch, figure, out);
    json_decref(figure);
    return 0;
}

/* Status, plot, and the samples where the terminal has lines for them too. */
static int draw_frame(const struct look *l, const struct view *v, bool has_scheduler,
                      struct buffer *out, struct error *err)
{
    size_t lines = terminal_size().ws_row;
    buffer_printf(out, "run       ");
    human_text(out, l->run->folder);
    buffer_printf(out, "\n");
    look_write_status(l, has_scheduler, out);
    size_t taken = count_lines(out) + 1 + FRAME_LINES; /* and where the cursor stands */
    if (lines < taken + SKETCH_LINES_MIN) {
        return 0;
    }
    size_t samples = l->merge.n_samples + 2;
    bool has_samples = lines >= taken + samples + SKETCH_LINES_MIN;
    size_t room = lines - taken - (has_samples ? samples : 0);
    if (draw_plot(l, v, room, out, err) != 0) {
        return -1;
    }
    if (has_samples) {
        buffer_printf(out, "\n");
        look_write_samples(l, out);
    }
    return 0;
}

/* In the place of the frame before. */
static int show_frame(const struct look *l, struct view *v, bool has_scheduler,
                      struct error *err)
{
    struct buffer out = {0};
    struct buffer frame = {0};
    int rc = draw_frame(l, v, has_scheduler, &frame, err);
    if (v->n_lines > 0) {
        buffer_printf(&out, "\033[%zuA\r\033[J", v->n_lines);
    }
    buffer_raw(&out, frame.data, frame.size);
    v->n_lines = count_lines(&frame);
    out.failed = out.failed || frame.failed;
    rc = rc == 0 ? print_text(&out, err) : rc;
    buffer_release(&frame);
    buffer_release(&out);
    return rc;
}

static int show_line(const struct look *l, struct error *err)
{
    struct buffer out = {0};
    look_write_coverage(l->run, &l->merge, &out);
    buffer_printf(&out, "\n");
    int rc = print_text(&out, err);
    buffer_release(&out);
    return rc;
}

/* One JSON text a line. */
static int show_json(const struct look *l, bool has_scheduler, struct error *err)
{
    struct buffer out = {0};
    json_t *status = look_status_to_json(l, has_scheduler, err);
    int rc = status == NULL ? -1 : json_write_canonical(status, &out, err);
    buffer_printf(&out, "\n");
    rc = rc == 0 ? print_text(&out, err) : rc;
    json_decref(status);
    buffer_release(&out);
    return rc;
}

static int show(const struct look *l, struct view *v, bool has_scheduler, struct error *err)
{
    int rc = v->as_json       ? show_json(l, has_scheduler, err)
             : v->on_terminal ? show_frame(l, v, has_scheduler, err)
                              : show_line(l, err);
    if (rc == 0 && fflush(stdout) != 0) {
        return error_set(err, ERROR_SYSTEM, "standard output does not take it");
    }
    return rc;
}

/* Sleeps; true if somebody asked to stop meanwhile. */
static bool asked_to_stop(const sigset_t *signals)
{
    struct timespec wait = {.tv_sec = EVERY_S};
    return sigtimedwait(signals, NULL, &wait) > 0;
}

/* Until the run is complete, nobody works on it, or the user has seen enough. */
static int watch(struct look *l, struct view *v, struct error *err)
{
    sigset_t signals;
    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGINT);
    (void)sigaddset(&signals, SIGTERM);
    /* For sigtimedwait, which is the clock, too.
     * NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
    (void)sigprocmask(SIG_BLOCK, &signals, NULL);
    uint64_t shown = UINT64_MAX;
    for (bool stop = false;;) {
        /* Asked before looking: what it wrote before it ended is then seen. */
        bool has_scheduler = look_has_scheduler(l->run);
        if (look_refresh(l, err) != 0) {
            return -1;
        }
        stop = stop || !has_scheduler || look_complete(l);
        if ((v->on_terminal || stop || shown != l->merge.sequence) &&
            show(l, v, has_scheduler, err) != 0) {
            return -1;
        }
        shown = l->merge.sequence;
        if (stop) {
            return (int)look_status(l);
        }
        stop = asked_to_stop(&signals);
    }
}

static int run(const struct invocation *invocation, struct error *err)
{
    struct look l;
    if (look_open(&l, invocation_operand(invocation, 0), err) != 0) {
        return -1;
    }
    struct view v = {.as_json = invocation_wants_json(invocation),
                     .on_terminal = isatty(STDOUT_FILENO) == 1};
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
    v.has_color = v.on_terminal && getenv("NO_COLOR") == NULL;
    int status = watch(&l, &v, err);
    look_close(&l);
    return status;
}

static const struct command_option options[] = {
    {"output", 'o', "json|text",
     "print as JSON, for programs, a line whenever something changed; or as text (the "
     "default)"},
    {0},
};

static const struct command_example examples[] = {
    {"picobarn watch higgs4l.run", "in a second terminal, while launch is at work"},
    {"picobarn watch higgs4l.run | tee progress.txt", "plain lines"},
    {0},
};

const struct command command_watch = {
    .name = "watch",
    .group = COMMAND_LOOK,
    .summary = "watch a run live, with its plot, in the terminal",
    .operands = "DIR",
    .min_operands = 1,
    .max_operands = 1,
    .description =
        "Shows the state of a run and its first plot, once a second, until the run is "
        "complete, "
        "no scheduler works on it any more, or Ctrl-C. Looking on costs the run nothing, and "
        "many "
        "may. Into a pipe it writes a line whenever something changed. NO_COLOR is respected.",
    .options = options,
    .examples = examples,
    .reach = COMMAND_RELAYED,
    .run = run,
};
