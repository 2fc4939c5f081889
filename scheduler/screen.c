/* SPDX-License-Identifier: Apache-2.0 */
/* screen.c - see screen.h */
#include "scheduler/screen.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/size.h"
#include "scheduler/columns.h"

/* The alternate screen, no cursor, and no line that goes on in the next one; and back. */
static const char enter[] = "\033[?1049h\033[?25l\033[?7l";
static const char leave[] = "\033[?7h\033[?25h\033[?1049l";

static const int endings[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

bool screen_is_there(int fd)
{
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
    const char *term = getenv("TERM");
    return isatty(fd) == 1 && term != NULL && term[0] != '\0' && strcmp(term, "dumb") != 0;
}

bool screen_has_color(int fd)
{
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
    const char *no_color = getenv("NO_COLOR");
    return screen_is_there(fd) && (no_color == NULL || no_color[0] == '\0');
}

void screen_size(size_t *width, size_t *height)
{
    struct winsize size;
    bool is_known =
        ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0;
    *width = is_known ? size.ws_col : SCREEN_WIDTH;
    *height = is_known ? size.ws_row : SCREEN_HEIGHT;
}

static int write_all(const void *data, size_t size)
{
    const char *at = data;
    while (size > 0) {
        ssize_t n = write(STDOUT_FILENO, at, size);
        if (n < 0 && errno != EINTR) {
            return -1;
        }
        at += n > 0 ? n : 0;
        size -= n > 0 ? (size_t)n : 0;
    }
    return 0;
}

/* Only what a signal handler may call. SA_RESETHAND makes the second time deadly, and the signal
 * comes again when this returns. */
static void leave_and_die(int number)
{
    (void)write_all(leave, sizeof leave - 1);
    (void)raise(number);
}

/* Something that was started to be left alone (nohup) still is. */
static bool is_ignored(int number)
{
    struct sigaction now;
    return sigaction(number, NULL, &now) == 0 && now.sa_handler == SIG_IGN;
}

/* Those that end the program do it with this function, or as they usually do. */
static void set_endings(void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = (int)SA_RESETHAND};
    for (size_t i = 0; i < ARRAY_LENGTH(endings); i++) {
        if (!is_ignored(endings[i])) {
            (void)sigaction(endings[i], &action, NULL);
        }
    }
}

void screen_open(struct screen *s, bool dies)
{
    *s = (struct screen){.dies = dies};
    (void)sigemptyset(&s->signals);
    (void)sigaddset(&s->signals, SIGWINCH);
    (void)sigaddset(&s->signals, SIGTSTP);
    for (size_t i = 0; !dies && i < ARRAY_LENGTH(endings); i++) {
        if (!is_ignored(endings[i])) {
            (void)sigaddset(&s->signals, endings[i]);
        }
    }
    /* For sigtimedwait. NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
    (void)sigprocmask(SIG_BLOCK, &s->signals, NULL);
}

/* From the top left; behind each line its rest is cleared, below the last all there is. Never all at
 * once, which would be seen; nor behind a full line, where it would take the last character. */
static void draw(const struct screen *s, const struct buffer *frame, struct buffer *out)
{
    const char *at = (const char *)frame->data;
    size_t left = frame->size;
    size_t n_lines = 0;
    size_t width;
    size_t height;
    screen_size(&width, &height);
    buffer_printf(out, "%s\033[H", s->is_drawn ? "" : enter);
    for (; left > 0 && n_lines < height; n_lines++) {
        const char *end = memchr(at, '\n', left);
        size_t size = end == NULL ? left : (size_t)(end - at);
        bool is_full = columns_count(at, size) >= width;
        buffer_printf(out, "%s", n_lines > 0 ? "\r\n" : "");
        buffer_raw(out, at, size);
        buffer_printf(out, "%s", is_full ? "" : "\033[K");
        size += end != NULL;
        at += size;
        left -= size;
    }
    buffer_printf(out, "%s", n_lines < height ? "\r\n\033[J" : "");
}

int screen_put(struct screen *s, const struct buffer *frame, struct error *err)
{
    struct buffer out = {0};
    draw(s, frame, &out);
    if (s->dies && !s->is_drawn) {
        set_endings(leave_and_die);
    }
    int rc = 0;
    if (out.failed || frame->failed) {
        rc = error_no_memory(err, "a frame");
    } else if (write_all(out.data, out.size) != 0) {
        rc = error_set(err, ERROR_SYSTEM, "standard output: %s", strerrordesc_np(errno));
    }
    s->is_drawn = true;
    buffer_release(&out);
    return rc;
}

/* Ctrl-Z: the shell gets its screen, and ours is drawn again when it is over. */
static void pause_here(struct screen *s)
{
    screen_leave(s);
    (void)raise(SIGSTOP);
}

bool screen_wait(struct screen *s, unsigned timeout_ms)
{
    struct timespec wait = {.tv_sec = timeout_ms / 1000,
                            .tv_nsec = (long)(timeout_ms % 1000) * 1000000};
    int number = sigtimedwait(&s->signals, NULL, &wait);
    if (number == SIGTSTP) {
        pause_here(s);
    }
    return number > 0 && number != SIGWINCH && number != SIGTSTP;
}

void screen_leave(struct screen *s)
{
    if (s->is_drawn) {
        (void)write_all(leave, sizeof leave - 1);
        if (s->dies) {
            set_endings(SIG_DFL);
        }
    }
    s->is_drawn = false;
}
