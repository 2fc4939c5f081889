/* SPDX-License-Identifier: Apache-2.0 */
/* plot.c - picobarn plot: a histogram of a run as a picture, at any moment. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "scheduler/commands/commands.h"
#include "scheduler/commands/figure_options.h"
#include "scheduler/figure.h"
#include "scheduler/look.h"
#include "scheduler/plot.h"
#include "scheduler/print.h"

/* The file to write; NULL for standard output, which is also "-". */
static const char *find_file(const struct invocation *invocation)
{
    const char *file = invocation_option(invocation, "output-file");
    return file == NULL || strcmp(file, "-") == 0 ? NULL : file;
}

/* PLOT_FORMATS for one that is not known. */
static enum plot_format format_named(const char *name)
{
    int f = PLOT_SVG;
    while (f < PLOT_FORMATS && strcmp(plot_format_name((enum plot_format)f), name) != 0) {
        f++;
    }
    return (enum plot_format)f;
}

static const char *format_of(const char *file)
{
    const char *dot = strrchr(file, '.');
    enum plot_format f = dot == NULL ? PLOT_FORMATS : format_named(dot + 1);
    return f == PLOT_FORMATS ? NULL : plot_format_name(f);
}

/* As said, else by the name of the file, else SVG. PLOT_FORMATS: the name does not tell. */
static enum plot_format find_format(const struct invocation *invocation)
{
    const char *said = invocation_option(invocation, "format");
    const char *file = find_file(invocation);
    const char *name = said != NULL ? said : file == NULL ? "svg" : format_of(file);
    return name == NULL ? PLOT_FORMATS : format_named(name);
}

/* Into the file, or to standard output. */
static int put_out(const char *file, const struct buffer *text, struct error *err)
{
    return file == NULL ? print_text(text, err)
                        : file_write(file, 0644, text->data, text->size, err);
}

static int write_numbers(const struct invocation *invocation, const struct look *l,
                         const struct figure_request *request, struct error *err)
{
    json_t *numbers = figure_to_json(l->run, &l->merge, request, err);
    struct buffer text = {0};
    int rc = numbers == NULL ? -1 : json_write_pretty(numbers, &text, err);
    buffer_printf(&text, "\n");
    rc = rc == 0 && text.failed ? error_no_memory(err, "a plot") : rc;
    rc = rc == 0 ? put_out(find_file(invocation), &text, err) : rc;
    buffer_release(&text);
    json_decref(numbers);
    return rc;
}

static int write_picture(const struct invocation *invocation, const struct look *l,
                         const struct figure_request *request, struct error *err)
{
    const char *file = find_file(invocation);
    enum plot_format format = find_format(invocation);
    struct buffer svg = {0};
    struct buffer drawn = {0};
    if (format == PLOT_FORMATS) {
        return error_set(err, ERROR_INPUT,
                         "plot: %.200s does not tell the format: say --format svg, png or pdf",
                         file);
    }
    if (file == NULL && isatty(STDOUT_FILENO) == 1) {
        return error_set(err, ERROR_INPUT, "plot: standard output is a terminal: say -O FILE");
    }
    int rc = figure_draw(l->run, &l->merge, request, &svg, NULL, err);
    if (rc == 0) {
        rc = plot_render(svg.data, svg.size, format, PLOT_PNG_SCALE, &drawn, err);
    }
    if (rc == 0) {
        rc = put_out(file, &drawn, err);
    }
    buffer_release(&svg);
    buffer_release(&drawn);
    return rc;
}

static int run(const struct invocation *invocation, struct error *err)
{
    struct figure_request request;
    struct look l;
    if (figure_options_read(invocation, &request, err) != 0 ||
        look_open(&l, invocation_operand(invocation, 0), err) != 0) {
        return -1;
    }
    int rc = invocation_wants_json(invocation) ? write_numbers(invocation, &l, &request, err)
                                               : write_picture(invocation, &l, &request, err);
    int status = rc == 0 ? (int)look_status(&l) : -1;
    if (status == EXIT_INCOMPLETE) {
        (void)fprintf(stderr, "picobarn: the run is incomplete, and the plot says so\n");
    }
    look_close(&l);
    return status;
}

static const struct command_option options[] = {
    FIGURE_OPTIONS,
    {"format", 0, "svg|png|pdf", "default: as FILE is named, else svg"},
    {"output-file", 'O', "FILE", "write there (default, and as -: standard output)",
     COMMAND_OPTION_FILE},
    {"output", 'o', "json|picture",
     "the numbers in the picture as JSON, or the picture itself"},
    {0},
};

static const struct command_example examples[] = {
    {"picobarn plot higgs4l.run -O higgs.pdf", "the plot as it is at this moment"},
    {"picobarn plot higgs4l.run --hist z1_mass --channel 2mu2e --log -O z1.png",
     "another histogram of one channel"},
    {0},
};

const struct command command_plot = {
    .name = "plot",
    .group = COMMAND_RESULTS,
    .summary = "draw a histogram of a run, at any moment",
    .operands = "DIR",
    .min_operands = 1,
    .max_operands = 1,
    .description =
        "Draws data and simulation as far as they are computed. Simulation is scaled to the "
        "luminosity of the data seen so far, in each era and channel by itself, so the picture "
        "is "
        "right at any moment; it says how many shards and how much luminosity it holds.",
    .options = options,
    .examples = examples,
    .reach = COMMAND_RELAYED,
    .format_of = format_of,
    .run = run,
};
