/* SPDX-License-Identifier: Apache-2.0 */
/* partial.h - what one shard gave, raw: the sum of any partials of one sample is one, too.
 *
 * Histograms are keyed by name, channel and variation ("nominal" is the only one so far), the
 * cutflow by channel. Partials add exactly and in any order. On the wire a partial is a list of
 * named blocks, so that more kinds can follow without a new format. */
#ifndef ANALYSIS_PARTIAL_H
#define ANALYSIS_PARTIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analysis/exact.h"
#include "analysis/hist.h"
#include "base/bytes.h"
#include "base/error.h"

enum { PARTIAL_NAME_SIZE = 64, PARTIAL_HISTS_MAX = 4096, PARTIAL_STEPS_MAX = 4096 };

/* The most memory that the histograms of one partial may take together. */
enum { PARTIAL_SIZE_MAX = 512 << 20 };

struct partial_hist {
    char name[PARTIAL_NAME_SIZE];
    char channel[PARTIAL_NAME_SIZE];
    char variation[PARTIAL_NAME_SIZE];
    char title[PARTIAL_NAME_SIZE]; /* of the axis, for people: "m(4l)" */
    char unit[PARTIAL_NAME_SIZE];  /* of the axis: "GeV" */
    struct hist hist;
};

/* One line of a cutflow: the events of a channel that are left after this cut. */
struct partial_step {
    char channel[PARTIAL_NAME_SIZE];
    char name[PARTIAL_NAME_SIZE];
    uint64_t n_events;
    struct exact sumw; /* of their weights; stays zero in an unweighted partial */
};

struct partial {
    bool weighted;
    uint64_t n_events; /* events seen, all of them */
    struct exact sumw; /* of the weights of all events seen; zero if unweighted */
    size_t n_hists;
    struct partial_hist *hist; /* [n_hists] in the order booked */
    size_t n_steps;
    struct partial_step *step; /* [n_steps] in the order booked */
};

void partial_init(struct partial *p, bool weighted);
void partial_release(struct partial *p); /* safe on a zeroed one */

/* Books a histogram or a cutflow step at the end; the index it gets is the number booked before
 * it. Names are copied; ERROR_INPUT if one is too long or already booked, or if all histograms
 * together would be larger than PARTIAL_SIZE_MAX. */
int partial_book_hist(struct partial *p, const struct partial_hist *what,
                      const struct axis *axis, struct error *err);
int partial_book_step(struct partial *p, const char *channel, const char *name,
                      struct error *err);

/* One event more at this step. */
void partial_pass(struct partial *p, size_t step, double weight);

/* An empty partial booked as `like` is. Fails (ERROR_SYSTEM) without memory. */
int partial_init_like(struct partial *p, const struct partial *like, struct error *err);

/* Do both hold the same histograms and steps, in the same order, over the same axes? */
bool partial_alike(const struct partial *a, const struct partial *b);

/* dst += src. Fails (ERROR_PEER), leaving *dst as it was, if they were not booked alike or if a
 * count would reach 2^63. */
int partial_add(struct partial *dst, const struct partial *src, struct error *err);

bool partial_equal(const struct partial *a, const struct partial *b);

/* NULL if there is none. */
const struct hist *partial_find(const struct partial *p, const char *name, const char *channel,
                                const char *variation);

/* Equal partials have equal bytes. Decoding trusts nothing and fails (ERROR_PEER) on all that
 * encoding does not write, (ERROR_SYSTEM) without memory; *p is then empty. */
void partial_encode(const struct partial *p, struct buffer *out);
int partial_decode(struct partial *p, struct bytes *in, struct error *err);

#endif
