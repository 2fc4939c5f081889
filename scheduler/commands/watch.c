/* SPDX-License-Identifier: Apache-2.0 */
/* watch.c - picobarn watch: a run live in the terminal, plot and all. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "scheduler/commands/commands.h"
#include "scheduler/figure.h"
#include "scheduler/human.h"
#include "scheduler/look.h"
#include "scheduler/print.h"
#include "scheduler/remote.h"
#include "scheduler/sketch.h"

enum { EVERY_S = 1, WIDTH_DEFAULT = 80, HEIGHT_DEFAULT = 24, WIDTH_MAX = 120 };
enum { SKETCH_LINES_MAX = 16, SKETCH_LINES_MIN = 6, FRAME_LINES = 3 };
enum { SIZE_MOST = 10000, FRAME_MOST = 1 << 20 };

/* How it shows what it sees. */
struct view {
    bool as_json;
    bool on_terminal;
    bool has_color;
    struct winsize size; /* what was said; zero: the terminal's */
    size_t n_rows;       /* of the frame that stands there */
};

static struct winsize terminal_size(const struct view *v)
{
    struct winsize size = v->size;
    if (size.ws_col != 0) {
        return size;
    }
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) {
        size = (struct winsize){.ws_col = WIDTH_DEFAULT, .ws_row = HEIGHT_DEFAULT};
    }
    return size;
}

/* The rows that a text takes on a terminal: a line that is too long goes on in the next one.
 * Colours and the later bytes of UTF-8 take no room. */
static size_t count_rows(const struct buffer *text, size_t width)
{
    size_t n_rows = 0;
    size_t column = 0;
    bool in_colour = false;
    for (size_t i = 0; i < text->size; i++) {
        unsigned char c = text->data[i];
        if (c == '\n') {
            n_rows += column == 0 ? 1 : (column + width - 1) / width;
            column = 0;
        } else if (in_colour || c == '\033') {
            in_colour = c != 'm';
        } else {
            column += (c & 0xc0) != 0x80;
        }
    }
    return n_rows;
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
    struct winsize size = terminal_size(v);
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
    struct winsize size = terminal_size(v);
    size_t lines = size.ws_row;
    buffer_printf(out, "run       ");
    look_name(l->run, out);
    buffer_printf(out, "\n");
    look_write_status(l, has_scheduler, out);
    size_t taken =
        count_rows(out, size.ws_col) + 1 + FRAME_LINES; /* and where the cursor stands */
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
static int put_frame(struct view *v, const struct buffer *frame, struct error *err)
{
    struct buffer out = {0};
    if (v->n_rows > 0) {
        buffer_printf(&out, "\033[%zuA\r\033[J", v->n_rows);
    }
    buffer_raw(&out, frame->data, frame->size);
    v->n_rows = count_rows(frame, terminal_size(v).ws_col);
    out.failed = out.failed || frame->failed;
    int rc = out.failed ? error_no_memory(err, "a frame") : print_now(out.data, out.size, err);
    buffer_release(&out);
    return rc;
}

static int show_frame(const struct look *l, struct view *v, bool has_scheduler,
                      struct error *err)
{
    struct buffer frame = {0};
    int rc = draw_frame(l, v, has_scheduler, &frame, err);
    rc = rc == 0 ? put_frame(v, &frame, err) : rc;
    buffer_release(&frame);
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

/* --once: a frame of the size that was said, for a watch elsewhere. */
static int watch_once(const struct look *l, const struct view *v, struct error *err)
{
    struct buffer frame = {0};
    int rc = draw_frame(l, v, look_has_scheduler(l->run), &frame, err);
    rc = rc == 0 ? print_text(&frame, err) : rc;
    buffer_release(&frame);
    return rc == 0 ? (int)look_status(l) : -1;
}

static int read_size(const struct invocation *invocation, struct view *v, struct error *err)
{
    uint64_t width = WIDTH_DEFAULT;
    uint64_t height = HEIGHT_DEFAULT;
    if (invocation_count(invocation, "width", 1, SIZE_MOST, &width, err) != 0 ||
        invocation_count(invocation, "height", 1, SIZE_MOST, &height, err) != 0) {
        return -1;
    }
    v->size =
        (struct winsize){.ws_col = (unsigned short)width, .ws_row = (unsigned short)height};
    return 0;
}

/* ---- of a run in a cluster ---- */

/* A frame as its scheduler draws it, which is kept until it is whole. */
static int take_frame(void *context, enum reply_kind kind, const void *data, size_t size,
                      struct error *err)
{
    struct buffer *frame = context;
    if (kind == REPLY_ERRORS) {
        print_aside(data, size);
        return 0;
    }
    buffer_raw(frame, data, size);
    return frame->size > FRAME_MOST ? error_set(err, ERROR_PEER, "a frame too large") : 0;
}

/* Does its scheduler work, or will it again by itself? */
static int is_at_work(struct remote *r, bool *yes, struct error *err)
{
    json_t *state = NULL;
    if (remote_ask(r, "api/v1/state", NULL, &state, NULL, err) != 0) {
        return -1;
    }
    const json_t *child = json_object_get(state, "child");
    *yes = json_is_true(json_object_get(child, "running")) ||
           json_is_number(json_object_get(child, "retry_in_s"));
    json_decref(state);
    return 0;
}

static int show_remote_frame(struct remote *r, struct view *v, struct error *err)
{
    char width[32];
    char height[32];
    struct winsize size = terminal_size(v);
    struct buffer frame = {0};
    (void)snprintf(width, sizeof width, "--width=%u", (unsigned)size.ws_col);
    (void)snprintf(height, sizeof height, "--height=%u", (unsigned)size.ws_row);
    const char *words[] = {"watch", "--once", width, height, v->has_color ? "--color" : NULL,
                           NULL};
    int status = remote_command(r, words, take_frame, &frame, err);
    if (status >= 0 && put_frame(v, &frame, err) != 0) {
        status = -1;
    }
    buffer_release(&frame);
    return status;
}

/* A scheduler that restarts, or a network that is away, comes back. */
static int show_lost(struct view *v, struct error *err)
{
    struct buffer frame = {0};
    buffer_printf(&frame, "%s\nconnection lost, the run goes on; trying again\n", err->text);
    *err = (struct error){.kind = ERROR_NONE};
    int rc = put_frame(v, &frame, err);
    buffer_release(&frame);
    return rc;
}

/* Ctrl-C ends it as it ends any program: nothing here is to be put in order. */
static int watch_remote(struct remote *r, struct view *v, struct error *err)
{
    static const struct timespec pause = {.tv_sec = EVERY_S};
    for (;;) {
        bool works = true;
        int status = is_at_work(r, &works, err) == 0 ? show_remote_frame(r, v, err) : -1;
        if (status < 0 && err->kind == ERROR_SYSTEM && show_lost(v, err) == 0) {
            status = EXIT_INCOMPLETE;
            works = true;
        }
        if (status != EXIT_INCOMPLETE || !works) {
            return status;
        }
        (void)nanosleep(&pause, NULL);
    }
}

static struct view view_of(const struct invocation *invocation)
{
    struct view v = {.as_json = invocation_wants_json(invocation),
                     .on_terminal = isatty(STDOUT_FILENO) == 1};
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
    v.has_color = v.on_terminal && getenv("NO_COLOR") == NULL;
    return v;
}

/* On a terminal frame by frame; lines come as they are written there. */
static int relay(const struct invocation *invocation, struct error *err)
{
    struct view v = view_of(invocation);
    if (!v.on_terminal || v.as_json) {
        return remote_relay(&command_watch, invocation, err);
    }
    struct remote *r = remote_open(invocation_operand(invocation, 0), err);
    int status = r == NULL ? -1 : watch_remote(r, &v, err);
    remote_close(r);
    return status;
}

/* ---- the command ---- */

static int run(const struct invocation *invocation, struct error *err)
{
    struct look l;
    struct view v = view_of(invocation);
    bool once = invocation_flag(invocation, "once");
    if (once) {
        v.has_color = invocation_flag(invocation, "color");
        if (read_size(invocation, &v, err) != 0) {
            return -1;
        }
    }
    if (look_open(&l, invocation_operand(invocation, 0), err) != 0) {
        return -1;
    }
    int status = once ? watch_once(&l, &v, err) : watch(&l, &v, err);
    look_close(&l);
    return status;
}

static const struct command_option options[] = {
    {"output", 'o', "json|text",
     "print as JSON, for programs, a line whenever something changed; or as text (the "
     "default)"},
    {"once", 0, NULL, "one frame as for a terminal", COMMAND_OPTION_HIDDEN},
    {"width", 0, "N", "its characters in a line", COMMAND_OPTION_HIDDEN},
    {"height", 0, "N", "its lines", COMMAND_OPTION_HIDDEN},
    {"color", 0, NULL, "with colours", COMMAND_OPTION_HIDDEN},
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
    .relay = relay,
    .run = run,
};
