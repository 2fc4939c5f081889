/* SPDX-License-Identifier: Apache-2.0 */
/* test_plot_page.c - the text of the picture: none leaves the page or meets another, and none that
 * a file can hold breaks it. */
#include "tests/support/plot_sample.h"

#include "scheduler/plot_text.h"

enum { TEXTS_MAX = 200 };

struct box {
    double left;
    double top;
    double right;
    double bottom;
};

static bool boxes_meet(const struct box *a, const struct box *b)
{
    return a->left < b->right && b->left < a->right && a->top < b->bottom && b->top < a->bottom;
}

/* The width of a text element's content, tags and raised parts considered. */
static double content_width(const char *at, const char *stop, double size)
{
    double width = 0;
    double scale = 1;
    while (at < stop) {
        if (*at == '<') {
            scale = strncmp(at, "</", 2) != 0 && strstr(at, "font-size") < strchr(at, '>') &&
                            strstr(at, "font-size") != NULL
                        ? 0.7
                        : 1;
            at = strchr(at, '>') + 1;
            continue;
        }
        char one[8] = {0}; /* one character; an entity counts as '&' */
        size_t n = *at == '&' ? strcspn(at, ";") + 1 : 1;
        while (*at != '&' && ((unsigned char)at[n] & 0xC0) == 0x80) {
            n++;
        }
        memcpy(one, at, *at == '&' ? 1 : size_min(n, sizeof one - 1));
        width += plot_text_width(one, size) * scale;
        at += n;
    }
    return width;
}

/* Where a <text> element stands, by the widths that plot_text.h gives. */
static struct box text_box(const char *element)
{
    double x = attribute(element, " x=\"");
    double y = attribute(element, " y=\"");
    double size = attribute(element, " font-size=\"");
    const char *start = strchr(element, '>') + 1;
    double width = content_width(start, strstr(start, "</text>"), size);
    const char *anchor = strstr(element, "text-anchor=\"") + strlen("text-anchor=\"");
    double part = *anchor == 's' ? 0 : *anchor == 'm' ? 0.5 : 1;
    const char *turn = strstr(element, "rotate(-90");
    if (turn != NULL && turn < start) {
        return (struct box){x - 0.75 * size, y - (1 - part) * width, x + 0.2 * size,
                            y + part * width};
    }
    return (struct box){x - part * width, y - 0.75 * size, x + (1 - part) * width,
                        y + 0.2 * size};
}

/* All texts but the watermark. */
static size_t list_texts(const char *svg, struct box box[TEXTS_MAX])
{
    size_t n = 0;
    for (const char *at = strstr(svg, "<text"); at != NULL; at = strstr(at + 1, "<text")) {
        const char *mark = strstr(at, "watermark");
        if (mark != NULL && mark < strchr(at, '>')) {
            continue;
        }
        assert_true(n < TEXTS_MAX);
        box[n] = text_box(at);
        n++;
    }
    return n;
}

static void assert_on_page(const struct box *box)
{
    if (box->left < 0 || box->top < 0 || box->right > 800 || box->bottom > 760) {
        fail_msg("a text leaves the page at %g, %g", box->left, box->top);
    }
}

static void assert_apart(const struct box *a, const struct box *b)
{
    if (boxes_meet(a, b)) {
        fail_msg("texts or points at %g, %g and %g, %g meet", a->left, a->top, b->left, b->top);
    }
}

static void assert_no_overlap(const char *svg)
{
    struct box box[TEXTS_MAX];
    size_t n = list_texts(svg, box);
    for (size_t i = 0; i < n; i++) {
        assert_on_page(&box[i]);
        for (size_t j = 0; j < i; j++) {
            assert_apart(&box[i], &box[j]);
        }
    }
}

/* Data points stand below legend and notes: the head-room holds. */
static void assert_points_clear_of_texts(const char *svg)
{
    struct box box[TEXTS_MAX];
    size_t n = list_texts(svg, box);
    for (const char *at = strstr(svg, "<circle"); at != NULL; at = strstr(at + 1, "<circle")) {
        double x = attribute(at, "cx=\"");
        double y = attribute(at, "cy=\"");
        struct box point = {x - 1, y - 1, x + 1, y + 1};
        for (size_t i = 0; i < n; i++) {
            assert_apart(&box[i], &point);
        }
    }
}

static void every_variant_renders_and_no_text_meets_another(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(variants); i++) {
        struct sample *s = make_sample(&variants[i]);
        struct buffer out = {0};
        s->plot.incomplete = i % 2 == 0;
        s->plot.generated = i % 3 == 0;
        s->plot.window_low = 121;
        s->plot.window_high = 130;
        const char *svg = draw(&s->plot, &out);
        assert_null(strstr(svg, "nan"));
        assert_null(strstr(svg, "inf"));
        assert_no_overlap(svg);
        assert_points_clear_of_texts(svg);
        assert_renders(svg);
        buffer_release(&out);
        free(s);
    }
}

/* U+202E, right-to-left override; in bytes, for compilers warn of it in a text */
static const char turning[] = {(char)0xE2, (char)0x80, (char)0xAE, 'x', '\0'};

static const char *const hostile[] = {
    turning,
    "<script>alert(1)</script>",
    "]]></svg><!--",
    "a & b &amp; \"double\" 'single'",
    "\x01\x02\x1B[31m\x7F\r\n\t",
    "\xFF\xFE\xC3",             /* no UTF-8 */
    "\xC0\x80\xE0\x80\x80",     /* longer than needed */
    "\xED\xA0\x80\xED\xB0\x80", /* surrogates */
    "\xF4\x90\x80\x80\xF8\x88\x80\x80\x80",
    "\xEF\xBF\xBF\xEF\xBF\xBE", /* U+FFFF, U+FFFE: no XML characters */
    "^",
    "_",
    "^-",
    "_{",
    "^{",
    "_{}",
    "^{}}",
    "x^{a<b}y_{&}z^-12+^+3",
    "\xE2\x82", /* cut */
    "",
};

static void set_texts(struct plot *plot, const char *text)
{
    plot->label = text;
    plot->unit = text;
    plot->data_title = text;
    plot->control_title = text;
    plot->luminosity = text;
    plot->coverage = text;
    plot->n_notes = PLOT_NOTES_MAX;
    for (size_t i = 0; i < PLOT_NOTES_MAX; i++) {
        plot->note[i] = text;
    }
    for (size_t l = 0; l < plot->n_layers; l++) {
        plot->layer[l].title = text;
    }
}

static void hostile_text_stays_text(void **state)
{
    (void)state;
    struct sample *s = make_sample(&variants[0]);
    s->plot.control = s->control;
    for (size_t i = 0; i < ARRAY_LENGTH(hostile); i++) {
        struct buffer out = {0};
        set_texts(&s->plot, hostile[i]);
        const char *svg = draw(&s->plot, &out);
        assert_null(strstr(svg, "<script"));
        assert_null(strstr(svg, "<!--"));
        assert_null(strstr(svg, "& "));
        assert_null(strstr(svg, turning));
        assert_int_equal(strlen(svg), out.size);
        for (size_t b = 0; b < out.size; b++) {
            assert_true((unsigned char)svg[b] >= 0x20 || svg[b] == '\n');
        }
        assert_ptr_equal(strstr(svg, "</svg>"), svg + out.size - strlen("</svg>\n"));
        assert_renders(svg);
        buffer_release(&out);
    }
    free(s);
}

static void long_text_is_cut_and_stays_on_the_page(void **state)
{
    (void)state;
    char text[4001];
    memset(text, 'W', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    struct sample *s = make_sample(&variants[0]);
    struct buffer out = {0};
    set_texts(&s->plot, text);
    s->plot.n_notes = 1;
    const char *svg = draw(&s->plot, &out);
    assert_no_overlap(svg);
    check_contains(svg, "W\xE2\x80\xA6</text>");
    buffer_release(&out);
    free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_variant_renders_and_no_text_meets_another),
        cmocka_unit_test(hostile_text_stays_text),
        cmocka_unit_test(long_text_is_cut_and_stays_on_the_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
