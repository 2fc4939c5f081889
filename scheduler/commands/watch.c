/* SPDX-License-Identifier: Apache-2.0 */
/* watch.c - picobarn watch: a run live in the terminal, plot and all. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "scheduler/commands/commands.h"
#include "scheduler/commands/figure_options.h"
#include "scheduler/dashboard.h"
#include "scheduler/figure.h"
#include "scheduler/frame.h"
#include "scheduler/print.h"
#include "scheduler/remote.h"
#include "scheduler/screen.h"

enum { EVERY_MS = 1000, SIZE_MOST = 10000, FRAME_MOST = 1 << 20 };

/* How it shows what it sees. */
struct view {
    bool as_json;
    bool on_screen;
    bool waits; /* for a scheduler that is gone */
    struct frame frame;
    struct figure_request figure;
    struct screen screen;
};

/* All but the last line, where the shell asks for the next command. */
static void fit_frame(struct frame *f)
{
    screen_size(&f->width, &f->height);
    f->height -= f->height > 1;
}

static int draw_frame(const struct dashboard *d, const struct view *v, struct buffer *out,
                      struct error *err)
{
    if (d->look.run == NULL) { /* it was there when watching began */
        return error_set(err, ERROR_SYSTEM, "%s", json_text(d->document, "says"));
    }
    json_t *figure = figure_to_json(d->look.run, &d->look.merge, &v->figure, err);
    if (figure == NULL) {
        return -1;
    }
    frame_draw(&v->frame, d->document, figure, out);
    json_decref(figure);
    return out->failed ? error_no_memory(err, "a frame") : 0;
}

/* The last one stays behind when the screen is given back. */
static int put_frame(struct view *v, const struct buffer *frame, bool is_last,
                     struct error *err)
{
    if (!is_last) {
        return screen_put(&v->screen, frame, err);
    }
    screen_leave(&v->screen);
    return print_now(frame->data, frame->size, err);
}

static int show_frame(const struct dashboard *d, struct view *v, bool is_last,
                      struct error *err)
{
    struct buffer frame = {0};
    fit_frame(&v->frame);
    int rc = draw_frame(d, v, &frame, err);
    rc = rc == 0 ? put_frame(v, &frame, is_last, err) : rc;
    buffer_release(&frame);
    return rc;
}

static int show_line(const struct look *l, bool has_scheduler, struct error *err)
{
    struct buffer out = {0};
    look_write_coverage(l->run, &l->merge, &out);
    buffer_printf(&out, "%s\n",
                  has_scheduler || look_complete(l) ? "" : "; no scheduler works on it");
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

static int show(const struct dashboard *d, struct view *v, bool has_scheduler, bool is_last,
                struct error *err)
{
    int rc = v->as_json     ? show_json(&d->look, has_scheduler, err)
             : v->on_screen ? show_frame(d, v, is_last, err)
                            : show_line(&d->look, has_scheduler, err);
    if (rc == 0 && fflush(stdout) != 0) {
        return error_set(err, ERROR_SYSTEM, "standard output does not take it");
    }
    return rc;
}

/* Frames need all that a page shows; lines and JSON only the ledger. */
static int refresh(struct dashboard *d, const struct view *v, const char *folder,
                   struct error *err)
{
    return v->on_screen ? dashboard_update(d, folder, err) : look_refresh(&d->look, err);
}

/* Said at once, whether a frame is to be drawn or not. */
static int check_figure(const struct dashboard *d, const struct view *v, struct error *err)
{
    struct figure_numbers numbers;
    return figure_count(d->look.run, &d->look.merge, &v->figure, &numbers, err);
}

/* Until the run is complete, nobody works on it (unless that is waited for), or the user has seen
 * enough. */
static int watch(struct dashboard *d, struct view *v, const char *folder, struct error *err)
{
    const struct look *l = &d->look;
    uint64_t shown = UINT64_MAX;
    bool had_scheduler = true;
    for (bool stop = false;; stop = screen_wait(&v->screen, EVERY_MS)) {
        /* Asked before looking: what it wrote before it ended is then seen. */
        bool has_scheduler = look_has_scheduler(l->run);
        if (refresh(d, v, folder, err) != 0) {
            return -1;
        }
        bool is_last =
            stop || l->run == NULL || (!has_scheduler && !v->waits) || look_complete(l);
        bool is_new = shown != l->merge.sequence || had_scheduler != has_scheduler;
        if ((v->on_screen || is_last || is_new) &&
            show(d, v, has_scheduler, is_last, err) != 0) {
            return -1;
        }
        if (is_last) {
            return (int)look_status(l);
        }
        shown = l->merge.sequence;
        had_scheduler = has_scheduler;
    }
}

/* --once: a frame of the size that was said, for a watch elsewhere. */
static int watch_once(struct dashboard *d, const struct view *v, const char *folder,
                      struct error *err)
{
    struct buffer frame = {0};
    int rc = dashboard_update(d, folder, err);
    rc = rc == 0 ? draw_frame(d, v, &frame, err) : rc;
    rc = rc == 0 ? print_text(&frame, err) : rc;
    buffer_release(&frame);
    return rc == 0 ? (int)look_status(&d->look) : -1;
}

static int read_size(const struct invocation *invocation, struct frame *f, struct error *err)
{
    uint64_t width = SCREEN_WIDTH;
    uint64_t height = SCREEN_HEIGHT;
    if (invocation_count(invocation, "width", 1, SIZE_MOST, &width, err) != 0 ||
        invocation_count(invocation, "height", 1, SIZE_MOST, &height, err) != 0) {
        return -1;
    }
    f->width = (size_t)width;
    f->height = (size_t)height;
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

/* Asks for a frame that fits here. */
static int take_remote_frame(struct remote *r, struct view *v, struct buffer *frame,
                             struct error *err)
{
    char width[32];
    char height[32];
    const char *words[16] = {"watch", "--once", width, height};
    size_t n = 4;
    fit_frame(&v->frame);
    (void)snprintf(width, sizeof width, "--width=%zu", v->frame.width);
    (void)snprintf(height, sizeof height, "--height=%zu", v->frame.height);
    if (v->frame.has_color) {
        words[n++] = "--color";
    }
    if (v->figure.hist != NULL) {
        words[n++] = "--hist";
        words[n++] = v->figure.hist;
    }
    if (v->figure.channel != NULL) {
        words[n++] = "--channel";
        words[n++] = v->figure.channel;
    }
    if (v->figure.log_y >= 0) {
        words[n++] = v->figure.log_y > 0 ? "--log" : "--linear";
    }
    return remote_command(r, words, take_frame, frame, err);
}

/* A scheduler that restarts, or a network that is away, comes back. */
static int show_lost(struct view *v, struct error *err)
{
    struct buffer frame = {0};
    struct buffer all = {0};
    fit_frame(&v->frame);
    buffer_printf(&all, "connection lost, the run goes on; trying again\n");
    for (size_t at = 0, n = strlen(err->text); at < n; at += v->frame.width) {
        buffer_printf(&all, "%.*s\n", (int)v->frame.width, err->text + at);
    }
    *err = (struct error){.kind = ERROR_NONE};
    frame_cut(&v->frame, &all, &frame);
    int rc = put_frame(v, &frame, false, err);
    buffer_release(&all);
    buffer_release(&frame);
    return rc;
}

static int show_remote(struct remote *r, struct view *v, bool *goes_on, struct error *err)
{
    bool works = true;
    struct buffer frame = {0};
    int status = is_at_work(r, &works, err) == 0 ? take_remote_frame(r, v, &frame, err) : -1;
    *goes_on = status == EXIT_INCOMPLETE && (works || v->waits);
    if (status >= 0 && put_frame(v, &frame, !*goes_on, err) != 0) {
        *goes_on = false;
        status = -1;
    } else if (status < 0 && err->kind == ERROR_SYSTEM && show_lost(v, err) == 0) {
        *goes_on = true;
        status = EXIT_INCOMPLETE;
    }
    buffer_release(&frame);
    return status;
}

/* Ctrl-C ends it at once, whatever it waits for, as it ends any program. */
static int watch_remote(struct remote *r, struct view *v, struct error *err)
{
    for (;;) {
        bool goes_on = false;
        int status = show_remote(r, v, &goes_on, err);
        if (!goes_on) {
            return status;
        }
        (void)screen_wait(&v->screen, EVERY_MS);
    }
}

static int view_open(struct view *v, const struct invocation *invocation, bool dies,
                     struct error *err)
{
    *v = (struct view){.as_json = invocation_wants_json(invocation),
                       .on_screen =
                           screen_is_there(STDOUT_FILENO) && !invocation_wants_json(invocation),
                       .waits = invocation_flag(invocation, "wait"),
                       .frame.has_color = screen_has_color(STDOUT_FILENO)};
    if (figure_options_read(invocation, &v->figure, err) != 0) {
        return -1;
    }
    screen_open(&v->screen, dies);
    return 0;
}

/* On a terminal frame by frame; lines come as they are written there. */
static int relay(const struct invocation *invocation, struct error *err)
{
    struct view v;
    if (!screen_is_there(STDOUT_FILENO) || invocation_wants_json(invocation)) {
        return remote_relay(&command_watch, invocation, err);
    }
    if (view_open(&v, invocation, true, err) != 0) {
        return -1;
    }
    struct remote *r = remote_open(invocation_operand(invocation, 0), err);
    int status = r == NULL ? -1 : watch_remote(r, &v, err);
    screen_leave(&v.screen);
    remote_close(r);
    return status;
}

/* ---- the command ---- */

static int run(const struct invocation *invocation, struct error *err)
{
    struct dashboard d = {.document = NULL};
    struct view v;
    const char *folder = invocation_operand(invocation, 0);
    bool once = invocation_flag(invocation, "once");
    if (view_open(&v, invocation, once, err) != 0 || look_open(&d.look, folder, err) != 0) {
        return -1;
    }
    int status = -1;
    if (check_figure(&d, &v, err) != 0) {
        dashboard_release(&d);
        return -1;
    }
    if (once) {
        v.frame.has_color = invocation_flag(invocation, "color");
        status =
            read_size(invocation, &v.frame, err) == 0 ? watch_once(&d, &v, folder, err) : -1;
    } else {
        status = watch(&d, &v, folder, err);
    }
    screen_leave(&v.screen);
    dashboard_release(&d);
    return status;
}

static const struct command_option options[] = {
    {"output", 'o', "json|text",
     "print as JSON, for programs, a line whenever something changed; or as text (the "
     "default)"},
    FIGURE_OPTIONS,
    {"wait", 0, NULL, "go on when its scheduler is gone, until another one completes the run"},
    {"once", 0, NULL, "one frame as for a terminal", COMMAND_OPTION_HIDDEN},
    {"width", 0, "N", "its characters in a line", COMMAND_OPTION_HIDDEN},
    {"height", 0, "N", "its lines", COMMAND_OPTION_HIDDEN},
    {"color", 0, NULL, "with colours", COMMAND_OPTION_HIDDEN},
    {0},
};

static const struct command_example examples[] = {
    {"picobarn watch higgs4l.run", "in a second terminal, while launch is at work"},
    {"picobarn watch higgs4l.run --hist z1_mass --log", "another histogram"},
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
        "Shows the state of a run, its samples and a histogram, as much as the terminal has "
        "room "
        "for, once a second until the run is complete, no scheduler works on it any more, or "
        "Ctrl-C, which leaves the run alone. Looking on costs the run nothing, and many may. "
        "Into "
        "a pipe, or on a terminal that cannot move its cursor (TERM=dumb), it writes a line "
        "whenever something changed. NO_COLOR is respected.",
    .options = options,
    .examples = examples,
    .reach = COMMAND_RELAYED,
    .relay = relay,
    .run = run,
};
