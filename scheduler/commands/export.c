/* SPDX-License-Identifier: Apache-2.0 */
/* export.c - picobarn export: the histograms in a form that others analyse. */
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/size.h"
#include "scheduler/commands/commands.h"
#include "scheduler/export.h"
#include "scheduler/look.h"
#include "scheduler/print.h"

static const struct {
    const char *name;
    const char *suffix; /* of a file that says its format so */
    int (*write)(const struct run *r, const struct merge *m, struct buffer *out,
                 struct error *err);
} formats[] = {{"uhi", ".json", export_uhi},
               {"hdf5", ".h5", export_hdf5},
               {"hdf5", ".hdf5", export_hdf5},
               {"csv", ".csv", export_csv}};

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text);
    size_t size = strlen(end);
    return n >= size && strcmp(text + n - size, end) == 0;
}

/* The row of formats, or their number. */
static size_t find_format(const char *said, const char *file)
{
    size_t i = 0;
    while (i < ARRAY_LENGTH(formats) && (said == NULL ? !ends_with(file, formats[i].suffix)
                                                      : strcmp(said, formats[i].name) != 0)) {
        i++;
    }
    return i;
}

static const char *format_of(const char *file)
{
    size_t i = find_format(NULL, file);
    return i == ARRAY_LENGTH(formats) ? NULL : formats[i].name;
}

static int write_export(const struct look *l, size_t format, const char *file,
                        struct error *err)
{
    struct buffer out = {0};
    int rc = formats[format].write(l->run, &l->merge, &out, err);
    if (rc == 0) {
        rc = strcmp(file, "-") == 0 ? print_text(&out, err)
                                    : file_write(file, 0644, out.data, out.size, err);
    }
    buffer_release(&out);
    return rc;
}

static int run(const struct invocation *invocation, struct error *err)
{
    const char *file = invocation_option(invocation, "output-file");
    if (file == NULL) {
        return error_set(err, ERROR_INPUT, "export: say where to with -O FILE");
    }
    size_t format = find_format(invocation_option(invocation, "format"), file);
    if (format == ARRAY_LENGTH(formats)) {
        return error_set(
            err, ERROR_INPUT,
            "export: %.200s does not tell the format: say --format uhi, hdf5 or csv", file);
    }
    struct look l;
    if (look_open(&l, invocation_operand(invocation, 0), err) != 0) {
        return -1;
    }
    int rc = write_export(&l, format, file, err);
    int status = rc == 0 ? (int)look_status(&l) : -1;
    if (status == EXIT_INCOMPLETE) {
        (void)fprintf(stderr, "picobarn: the run is incomplete, and the export says so\n");
    }
    look_close(&l);
    return status;
}

static const struct command_option options[] = {
    {"format", 0, "uhi|hdf5|csv", "default: as FILE is named: .json, .h5 or .hdf5, .csv"},
    {"output-file", 'O', "FILE", "write there; - is standard output, and needs --format",
     COMMAND_OPTION_FILE},
    {0},
};

static const struct command_example examples[] = {
    {"picobarn export higgs4l.run -O higgs.json", "for Python's hist and boost-histogram"},
    {"picobarn export higgs4l.run -O higgs.h5", "for h5py, and for uhi.io.hdf5"},
    {"picobarn export higgs4l.run -O higgs.csv", "for anything else"},
    {0},
};

const struct command command_export = {
    .name = "export",
    .group = COMMAND_RESULTS,
    .summary = "write the histograms for other programs",
    .operands = "DIR",
    .min_operands = 1,
    .max_operands = 1,
    .description =
        "Writes all histograms of a run, of each sample and channel, unscaled, with under- and "
        "overflow and, where there are weights, their variances: as Scikit-HEP's UHI in JSON, "
        "as "
        "HDF5, or as a table. What is written of an unfinished run says what it holds.",
    .options = options,
    .examples = examples,
    .reach = COMMAND_RELAYED,
    .format_of = format_of,
    .run = run,
};
