/* SPDX-License-Identifier: Apache-2.0 */
/* partial.c - see partial.h
 *
 * Layout: u32 magic, u32 version, u8 weighted, u64 n_events, exact sumw, u32 n_blocks, then the
 * blocks: u32 kind, u32 size, payload. Kinds: BLOCK_HIST (five texts: name, channel, variation,
 * title, unit; the histogram), BLOCK_STEP (two texts: channel, name; u64 n_events; exact sumw).
 * All histograms stand before all steps: one form for each partial. */
#include "analysis/partial.h"

#include <stdlib.h>
#include <string.h>

#include "base/size.h"

enum { PARTIAL_MAGIC = 0x74726270, PARTIAL_VERSION = 1 }; /* "pbrt" */
enum block_kind { BLOCK_HIST = 1, BLOCK_STEP = 2 };

void partial_init(struct partial *p, bool weighted)
{
    *p = (struct partial){.weighted = weighted};
}

void partial_release(struct partial *p)
{
    for (size_t i = 0; i < p->n_hists; i++) {
        hist_release(&p->hist[i].hist);
    }
    free(p->hist);
    free(p->step);
    *p = (struct partial){0};
}

static int copy_name(char to[PARTIAL_NAME_SIZE], const char *from, struct error *err)
{
    size_t size = strlen(from) + 1;
    if (size > PARTIAL_NAME_SIZE) {
        return error_set(err, ERROR_INPUT, "the name \"%.80s\" is longer than %d bytes", from,
                         PARTIAL_NAME_SIZE - 1);
    }
    memcpy(to, from, size);
    return 0;
}

static size_t find_hist(const struct partial *p, const char *name, const char *channel,
                        const char *variation)
{
    size_t i = 0;
    while (i < p->n_hists &&
           (strcmp(p->hist[i].name, name) != 0 || strcmp(p->hist[i].channel, channel) != 0 ||
            strcmp(p->hist[i].variation, variation) != 0)) {
        i++;
    }
    return i;
}

static size_t total_size(const struct partial *p)
{
    size_t total = 0;
    for (size_t i = 0; i < p->n_hists; i++) {
        total += hist_size(&p->hist[i].hist.axis, p->weighted);
    }
    return total;
}

/* Appends an empty slot whose names are already checked; takes ownership of *h. */
static int append_hist(struct partial *p, struct partial_hist *slot, struct error *err)
{
    if (total_size(p) + hist_size(&slot->hist.axis, p->weighted) > PARTIAL_SIZE_MAX) {
        hist_release(&slot->hist);
        return error_set(err, ERROR_INPUT, "histograms of more than %d MiB together",
                         PARTIAL_SIZE_MAX >> 20);
    }
    if (p->n_hists >= PARTIAL_HISTS_MAX) {
        hist_release(&slot->hist);
        return error_set(err, ERROR_INPUT, "more than %d histograms", PARTIAL_HISTS_MAX);
    }
    struct partial_hist *grown = realloc(p->hist, (p->n_hists + 1) * sizeof *grown);
    if (grown == NULL) {
        hist_release(&slot->hist);
        return error_no_memory(err, "histograms");
    }
    p->hist = grown;
    p->hist[p->n_hists++] = *slot;
    return 0;
}

static int append_step(struct partial *p, const struct partial_step *slot, struct error *err)
{
    for (size_t i = 0; i < p->n_steps; i++) {
        if (strcmp(p->step[i].channel, slot->channel) == 0 &&
            strcmp(p->step[i].name, slot->name) == 0) {
            return error_set(err, ERROR_INPUT, "the cut %s of channel %s is booked twice",
                             slot->name, slot->channel);
        }
    }
    if (p->n_steps >= PARTIAL_STEPS_MAX) {
        return error_set(err, ERROR_INPUT, "more than %d cuts", PARTIAL_STEPS_MAX);
    }
    struct partial_step *grown = realloc(p->step, (p->n_steps + 1) * sizeof *grown);
    if (grown == NULL) {
        return error_no_memory(err, "a cutflow");
    }
    p->step = grown;
    p->step[p->n_steps++] = *slot;
    return 0;
}

int partial_book_hist(struct partial *p, const struct partial_hist *what,
                      const struct axis *axis, struct error *err)
{
    if (find_hist(p, what->name, what->channel, what->variation) < p->n_hists) {
        return error_set(err, ERROR_INPUT, "the histogram %s of channel %s is booked twice",
                         what->name, what->channel);
    }
    struct partial_hist slot = *what;
    if (hist_init(&slot.hist, axis, p->weighted, err) != 0) {
        return -1;
    }
    return append_hist(p, &slot, err);
}

int partial_book_step(struct partial *p, const char *channel, const char *name,
                      struct error *err)
{
    struct partial_step slot = {.n_events = 0};
    if (copy_name(slot.channel, channel, err) != 0 || copy_name(slot.name, name, err) != 0) {
        return -1;
    }
    return append_step(p, &slot, err);
}

void partial_pass(struct partial *p, size_t step, double weight)
{
    p->step[step].n_events++;
    if (p->weighted) {
        exact_add(&p->step[step].sumw, weight);
    }
}

int partial_init_like(struct partial *p, const struct partial *like, struct error *err)
{
    partial_init(p, like->weighted);
    for (size_t i = 0; i < like->n_hists; i++) {
        if (partial_book_hist(p, &like->hist[i], &like->hist[i].hist.axis, err) != 0) {
            goto fail;
        }
    }
    for (size_t i = 0; i < like->n_steps; i++) {
        if (partial_book_step(p, like->step[i].channel, like->step[i].name, err) != 0) {
            goto fail;
        }
    }
    return 0;
fail:
    partial_release(p);
    return -1;
}

static bool same_hist(const struct partial_hist *a, const struct partial_hist *b)
{
    return strcmp(a->name, b->name) == 0 && strcmp(a->channel, b->channel) == 0 &&
           strcmp(a->variation, b->variation) == 0 && strcmp(a->title, b->title) == 0 &&
           strcmp(a->unit, b->unit) == 0;
}

bool partial_alike(const struct partial *a, const struct partial *b)
{
    bool alike =
        a->weighted == b->weighted && a->n_hists == b->n_hists && a->n_steps == b->n_steps;
    for (size_t i = 0; alike && i < a->n_hists; i++) {
        alike = same_hist(&a->hist[i], &b->hist[i]) &&
                axis_equal(&a->hist[i].hist.axis, &b->hist[i].hist.axis) &&
                (a->hist[i].hist.sums != NULL) == (b->hist[i].hist.sums != NULL);
    }
    for (size_t i = 0; alike && i < a->n_steps; i++) {
        alike = strcmp(a->step[i].channel, b->step[i].channel) == 0 &&
                strcmp(a->step[i].name, b->step[i].name) == 0;
    }
    return alike;
}

/* All counts are below 2^63, so that no sum of two wraps around; looked at before anything is
 * changed. */
static int check_counts(const struct partial *dst, const struct partial *src, struct error *err)
{
    bool fits = dst->n_events + src->n_events <= INT64_MAX;
    for (size_t i = 0; fits && i < dst->n_steps; i++) {
        fits = dst->step[i].n_events + src->step[i].n_events <= INT64_MAX;
    }
    for (size_t i = 0; fits && i < dst->n_hists; i++) {
        fits = hist_entries(&dst->hist[i].hist) + hist_entries(&src->hist[i].hist) <= INT64_MAX;
    }
    return fits ? 0 : error_set(err, ERROR_PEER, "a count would reach 2^63");
}

int partial_add(struct partial *dst, const struct partial *src, struct error *err)
{
    if (!partial_alike(dst, src)) {
        return error_set(err, ERROR_PEER, "partials that were not booked alike");
    }
    if (check_counts(dst, src, err) != 0) {
        return -1;
    }
    dst->n_events += src->n_events;
    exact_merge(&dst->sumw, &src->sumw);
    for (size_t i = 0; i < dst->n_hists; i++) {
        (void)hist_add(&dst->hist[i].hist, &src->hist[i].hist, NULL); /* checked above */
    }
    for (size_t i = 0; i < dst->n_steps; i++) {
        dst->step[i].n_events += src->step[i].n_events;
        exact_merge(&dst->step[i].sumw, &src->step[i].sumw);
    }
    return 0;
}

bool partial_equal(const struct partial *a, const struct partial *b)
{
    if (!partial_alike(a, b) || a->n_events != b->n_events ||
        !exact_equal(&a->sumw, &b->sumw)) {
        return false;
    }
    for (size_t i = 0; i < a->n_hists; i++) {
        if (!hist_equal(&a->hist[i].hist, &b->hist[i].hist)) {
            return false;
        }
    }
    for (size_t i = 0; i < a->n_steps; i++) {
        if (a->step[i].n_events != b->step[i].n_events ||
            !exact_equal(&a->step[i].sumw, &b->step[i].sumw)) {
            return false;
        }
    }
    return true;
}

const struct hist *partial_find(const struct partial *p, const char *name, const char *channel,
                                const char *variation)
{
    size_t i = find_hist(p, name, channel, variation);
    return i < p->n_hists ? &p->hist[i].hist : NULL;
}

static void encode_hist(const struct partial_hist *h, struct buffer *out)
{
    buffer_text(out, h->name);
    buffer_text(out, h->channel);
    buffer_text(out, h->variation);
    buffer_text(out, h->title);
    buffer_text(out, h->unit);
    hist_encode(&h->hist, out);
}

static void encode_step(const struct partial_step *s, struct buffer *out)
{
    buffer_text(out, s->channel);
    buffer_text(out, s->name);
    buffer_u64(out, s->n_events);
    exact_encode(&s->sumw, out);
}

/* Moves what was written to `block` behind its kind and size, and empties it. */
static void put_block(struct buffer *out, enum block_kind kind, struct buffer *block)
{
    buffer_u32(out, (uint32_t)kind);
    buffer_block(out, block->data, block->size);
    out->failed = out->failed || block->failed;
    buffer_clear(block);
}

void partial_encode(const struct partial *p, struct buffer *out)
{
    struct buffer block = {0};
    buffer_u32(out, PARTIAL_MAGIC);
    buffer_u32(out, PARTIAL_VERSION);
    buffer_u8(out, p->weighted);
    buffer_u64(out, p->n_events);
    exact_encode(&p->sumw, out);
    buffer_u32(out, (uint32_t)(p->n_hists + p->n_steps));
    for (size_t i = 0; i < p->n_hists; i++) {
        encode_hist(&p->hist[i], &block);
        put_block(out, BLOCK_HIST, &block);
    }
    for (size_t i = 0; i < p->n_steps; i++) {
        encode_step(&p->step[i], &block);
        put_block(out, BLOCK_STEP, &block);
    }
    buffer_release(&block);
}

/* Only a weighted partial has sums of weights. */
static int decode_sum(const struct partial *p, struct exact *sum, struct bytes *in,
                      struct error *err)
{
    static const struct exact none;
    if (exact_decode(sum, in, err) != 0) {
        return -1;
    }
    if (!p->weighted && !exact_equal(sum, &none)) {
        return error_set(err, ERROR_PEER, "a sum of weights without weights");
    }
    return 0;
}

static int decode_hist(struct partial *p, struct bytes *in, struct error *err)
{
    struct partial_hist slot = {.hist = {.nan = 0}};
    bytes_text(in, slot.name, sizeof slot.name);
    bytes_text(in, slot.channel, sizeof slot.channel);
    bytes_text(in, slot.variation, sizeof slot.variation);
    bytes_text(in, slot.title, sizeof slot.title);
    bytes_text(in, slot.unit, sizeof slot.unit);
    if (in->failed || find_hist(p, slot.name, slot.channel, slot.variation) < p->n_hists) {
        return error_set(err, ERROR_PEER, "histogram %zu: names cut short or there twice",
                         p->n_hists);
    }
    if (hist_decode(&slot.hist, in, err) != 0) {
        return error_prefix(err, "histogram %s of %s", slot.name, slot.channel);
    }
    if ((slot.hist.sums != NULL) != p->weighted) {
        hist_release(&slot.hist);
        return error_set(err, ERROR_PEER, "histogram %s: weighted or not, unlike its partial",
                         slot.name);
    }
    return append_hist(p, &slot, err);
}

static int decode_step(struct partial *p, struct bytes *in, struct error *err)
{
    struct partial_step slot = {.n_events = 0};
    bytes_text(in, slot.channel, sizeof slot.channel);
    bytes_text(in, slot.name, sizeof slot.name);
    slot.n_events = bytes_u64(in);
    if (in->failed || slot.n_events > INT64_MAX) {
        return error_set(err, ERROR_PEER, "cut %zu is cut short", p->n_steps);
    }
    return decode_sum(p, &slot.sumw, in, err) == 0 ? append_step(p, &slot, err) : -1;
}

static int decode_block(struct partial *p, struct bytes *in, struct error *err)
{
    uint32_t kind = bytes_u32(in);
    struct bytes block = bytes_block(in);
    int rc = -1;
    if (kind == BLOCK_HIST && p->n_steps > 0) {
        rc = error_set(err, ERROR_PEER, "a histogram behind the cutflow");
    } else if (kind == BLOCK_HIST) {
        rc = decode_hist(p, &block, err);
    } else if (kind == BLOCK_STEP) {
        rc = decode_step(p, &block, err);
    } else {
        rc = error_set(err, ERROR_PEER, "block of unknown kind %u", kind);
    }
    return rc == 0 && block.left != 0 ? error_set(err, ERROR_PEER, "bytes behind a block") : rc;
}

static int decode_head(struct partial *p, struct bytes *in, struct error *err)
{
    uint32_t magic = bytes_u32(in);
    uint32_t version = bytes_u32(in);
    unsigned weighted = bytes_u8(in);
    p->n_events = bytes_u64(in);
    p->weighted = weighted == 1;
    if (in->failed || magic != PARTIAL_MAGIC || version != PARTIAL_VERSION || weighted > 1 ||
        p->n_events > INT64_MAX) {
        return error_set(err, ERROR_PEER, "no partial of version %d", PARTIAL_VERSION);
    }
    return decode_sum(p, &p->sumw, in, err);
}

int partial_decode(struct partial *p, struct bytes *in, struct error *err)
{
    struct error why = {.kind = ERROR_NONE};
    partial_init(p, false);
    int rc = decode_head(p, in, &why);
    uint32_t n_blocks = bytes_u32(in);
    for (uint32_t i = 0; rc == 0 && i < n_blocks; i++) {
        rc = decode_block(p, in, &why);
    }
    if (rc == 0 && (in->failed || in->left != 0)) {
        rc = error_set(&why, ERROR_PEER, "cut short, or bytes behind it");
    }
    if (rc == 0) {
        return 0;
    }
    partial_release(p);
    /* Booked twice or too much is here no user's but a peer's. */
    return error_set(err, why.kind == ERROR_INPUT ? ERROR_PEER : why.kind, "partial: %s",
                     why.text);
}
