/* SPDX-License-Identifier: Apache-2.0 */
/* plot_scale.c - see plot_scale.h
 *
 * Ticks are integers times a power of ten from start to end, so that their labels are exact.
 * elementary.h instead of libm: a plot has the same bytes on every processor. */
#include "scheduler/plot_scale.h"

#include <inttypes.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>

#include "analysis/elementary.h"
#include "base/size.h"

/* Beyond this many steps from zero an axis is too narrow for its place to be labelled. */
static const double index_max = 1e12;
enum { DIGITS_MAX = 18 }; /* after a label's point */
static const double ln_10 = 2.302585092994046;

double plot_scale_power(int exponent)
{
    double power = 1;
    for (int i = 0; i < (exponent < 0 ? -exponent : exponent); i++) {
        power *= 10;
    }
    return exponent < 0 ? 1 / power : power;
}

int plot_scale_decade(double value)
{
    int exponent = (int)floor(elementary_log(value) / ln_10);
    /* The quotient is rounded: 1000 may be found at 2.9999999999999996. */
    if (plot_scale_power(exponent + 1) <= value) {
        exponent++;
    } else if (plot_scale_power(exponent) > value) {
        exponent--;
    }
    return exponent;
}

double plot_scale_rise(double low, double value, bool log)
{
    if (!log) {
        return value - low;
    }
    return value > low ? elementary_log(value / low) : 0;
}

double plot_scale_at(const struct plot_scale *scale, double value)
{
    double part = plot_scale_rise(scale->low, value, scale->log) /
                  plot_scale_rise(scale->low, scale->high, scale->log);
    return scale->start + fmin(fmax(part, 0), 1) * (scale->end - scale->start);
}

/* n * 10^exponent, by one rounding. */
static double decimal(int64_t n, int exponent)
{
    double power = plot_scale_power(exponent < 0 ? -exponent : exponent);
    return exponent < 0 ? (double)n / power : (double)n * power;
}

/* The next tick, or NULL if there is no room or the value is outside. */
static struct plot_tick *add_tick(const struct plot_scale *scale, double value,
                                  struct plot_ticks *ticks)
{
    double slack = 1e-9 * fabs(scale->high - scale->low);
    double least = scale->log ? scale->low * (1 - 1e-9) : scale->low - slack;
    if (ticks->n == PLOT_TICKS_MAX || value < least || value > scale->high + slack) {
        return NULL;
    }
    struct plot_tick *tick = &ticks->tick[ticks->n];
    ticks->n++;
    *tick = (struct plot_tick){.value = value};
    return tick;
}

/* n * 10^exponent in digits. */
static void write_decimal(char label[PLOT_LABEL_SIZE], int64_t n, int exponent)
{
    const char *sign = n < 0 ? "\xE2\x88\x92" : ""; /* U+2212 minus */
    uint64_t size = n < 0 ? (uint64_t)-n : (uint64_t)n;
    int digits = exponent < 0 ? -exponent : exponent;
    digits = digits > DIGITS_MAX ? DIGITS_MAX : digits;
    uint64_t power = 1;
    for (int i = 0; i < digits; i++) {
        power *= 10;
    }
    if (exponent >= 0) {
        (void)snprintf(label, PLOT_LABEL_SIZE, "%s%" PRIu64, sign, size * power);
        return;
    }
    (void)snprintf(label, PLOT_LABEL_SIZE, "%s%" PRIu64 ".%0*" PRIu64, sign, size / power,
                   digits, size % power);
}

/* 1, 2 or 5 times a power of ten. */
struct step {
    int mantissa;
    int exponent;
};

static struct step round_step(double least)
{
    struct step step = {.mantissa = 1, .exponent = plot_scale_decade(least)};
    double part = least / plot_scale_power(step.exponent);
    if (part > 5.000001) {
        step.exponent++;
    } else if (part > 2.000001) {
        step.mantissa = 5;
    } else if (part > 1.000001) {
        step.mantissa = 2;
    }
    return step;
}

static void add_linear(const struct plot_scale *scale, struct step step, bool major,
                       struct plot_ticks *ticks)
{
    double size = decimal(step.mantissa, step.exponent);
    double first = floor(scale->low / size);
    double stop = ceil(scale->high / size);
    if (fabs(first) > index_max || fabs(stop) > index_max) {
        return;
    }
    for (int64_t i = (int64_t)first; i <= (int64_t)stop; i++) {
        struct plot_tick *tick =
            add_tick(scale, decimal(i * step.mantissa, step.exponent), ticks);
        if (tick != NULL && major) {
            tick->major = true;
            write_decimal(tick->label, i * step.mantissa, step.exponent - ticks->exponent);
        }
    }
}

static void linear_ticks(const struct plot_scale *scale, double room, struct plot_ticks *ticks)
{
    double length = fabs(scale->end - scale->start);
    struct step step = round_step((scale->high - scale->low) * fmin(1, room / length));
    double largest = fmax(fabs(scale->low), fabs(scale->high));
    int decade = plot_scale_decade(largest);
    if (largest >= 1e5 || largest < 0.01) {
        ticks->exponent = 3 * (int)floor(decade / 3.);
    }
    add_linear(scale, step, true, ticks);
    /* Four minor ticks between major ones; three where a step of 2 would cut them at 0.4. */
    struct step minor = {.mantissa = step.mantissa == 5 ? 1 : step.mantissa * 2,
                         .exponent = step.exponent - (step.mantissa == 5 ? 0 : 1)};
    if (step.mantissa == 2) {
        minor.mantissa = 5;
    }
    add_linear(scale, minor, false, ticks);
}

/* What of the decades of a logarithmic axis is labelled. */
struct log_plan {
    int every;   /* so many decades */
    bool fine;   /* 1, 2, 5 */
    bool powers; /* 10^4 instead of 10000 */
};

/* 1, 2, 5, 10, 20 ... decades from label to label. */
static int round_stride(double least)
{
    if (least <= 1) {
        return 1;
    }
    struct step step = round_step(least);
    return (int)decimal(step.mantissa, step.exponent);
}

static void write_log_label(char label[PLOT_LABEL_SIZE], int digit, int decade, bool powers)
{
    if (!powers || decade == 0 || (decade == 1 && digit == 1)) {
        write_decimal(label, digit, decade);
    } else if (digit == 1) {
        (void)snprintf(label, PLOT_LABEL_SIZE, "10^%d", decade);
    } else {
        (void)snprintf(label, PLOT_LABEL_SIZE,
                       "%d\xC2\xB7"
                       "10^%d",
                       digit, decade);
    }
}

static void log_decade(const struct plot_scale *scale, int decade, struct log_plan plan,
                       struct plot_ticks *ticks)
{
    int last_digit = plan.every == 1 ? 9 : 1;
    for (int digit = 1; digit <= last_digit; digit++) {
        struct plot_tick *tick = add_tick(scale, decimal(digit, decade), ticks);
        if (tick == NULL) {
            continue;
        }
        tick->major = digit == 1 && decade % plan.every == 0;
        if (tick->major || (plan.fine && (digit == 2 || digit == 5))) {
            write_log_label(tick->label, digit, decade, plan.powers);
        }
    }
}

static void log_ticks(const struct plot_scale *scale, double room, struct plot_ticks *ticks)
{
    double decades = plot_scale_rise(scale->low, scale->high, true) / ln_10;
    if (decades < 1) {
        linear_ticks(scale, room, ticks);
        return;
    }
    double decade_length = fabs(scale->end - scale->start) / decades;
    struct log_plan plan = {
        .every = round_stride(room / decade_length),
        .fine = 0.3 * decade_length >= room, /* log10(2), from 1 to 2 and from 5 to 10 */
        .powers = scale->low < 0.9e-3 || scale->high > 9999,
    };
    int stop = plot_scale_decade(scale->high);
    for (int decade = plot_scale_decade(scale->low); decade <= stop; decade++) {
        log_decade(scale, decade, plan, ticks);
    }
}

void plot_scale_ticks(const struct plot_scale *scale, double room, struct plot_ticks *ticks)
{
    ticks->n = 0;
    ticks->exponent = 0;
    if (scale->log) {
        log_ticks(scale, room, ticks);
    } else {
        linear_ticks(scale, room, ticks);
    }
}
