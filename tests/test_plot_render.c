/* SPDX-License-Identifier: Apache-2.0 */
/* test_plot_render.c - SVG turned into PNG and PDF, with the library and without. */
#include <math.h>

#include "base/size.h"
#include "scheduler/plot.h"
#include "tests/support/check.h"

static void formats_have_their_names(void **state)
{
    (void)state;
    assert_string_equal(plot_format_name(PLOT_SVG), "svg");
    assert_string_equal(plot_format_name(PLOT_PNG), "png");
    assert_string_equal(plot_format_name(PLOT_PDF), "pdf");
}

static void svg_is_copied_as_it_is(void **state)
{
    (void)state;
    struct buffer out = {0};
    struct error err = {0};
    check_ok(plot_render("<svg/>", 6, PLOT_SVG, 1, &out, &err), &err);
    assert_string_equal(buffer_string(&out), "<svg/>");
    buffer_release(&out);
}

#ifdef PICOBARN_WITH_RENDER

static const char picture[] =
    "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"800\" height=\"760\" "
    "viewBox=\"0 0 800 760\"><text x=\"9\" y=\"99\">m(4l)</text></svg>";

static uint32_t big_endian(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void png_and_pdf_have_their_signatures_and_sizes(void **state)
{
    (void)state;
    struct buffer png = {0};
    struct buffer pdf = {0};
    struct buffer again = {0};
    struct error err = {0};
    check_ok(plot_render(picture, strlen(picture), PLOT_PNG, 1.5, &png, &err), &err);
    assert_memory_equal(png.data, "\x89PNG\r\n\x1A\n", 8);
    assert_int_equal(big_endian(png.data + 16), 1200);
    assert_int_equal(big_endian(png.data + 20), 1140);
    check_ok(plot_render(picture, strlen(picture), PLOT_PDF, 1, &pdf, &err), &err);
    check_begins(buffer_string(&pdf), "%PDF-1.");
    check_ok(plot_render(picture, strlen(picture), PLOT_PDF, 1, &again, &err), &err);
    assert_int_equal(again.size, pdf.size);
    assert_memory_equal(again.data, pdf.data, pdf.size);
    buffer_release(&again);
    buffer_release(&pdf);
    buffer_release(&png);
}

static void what_cannot_be_rendered_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *svg;
        double scale;
    } cases[] = {
        {"", 1},
        {"<svg", 1},
        {"no picture", 1},
        {"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"8\" height=\"8\"/>", 0},
        {"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"8\" height=\"8\"/>", -1},
        {"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"8\" height=\"8\"/>", NAN},
        {"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"8\" height=\"8\"/>", 1e6},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct buffer out = {0};
        struct error err = {0};
        assert_int_equal(plot_render(cases[i].svg, strlen(cases[i].svg), PLOT_PNG,
                                     cases[i].scale, &out, &err),
                         -1);
        assert_int_equal(err.kind, ERROR_INPUT);
        assert_int_equal(out.size, 0);
        buffer_release(&out);
    }
}

#else

static void a_build_without_the_renderer_says_so(void **state)
{
    (void)state;
    struct buffer out = {0};
    struct error err = {0};
    assert_int_equal(plot_render("<svg/>", 6, PLOT_PDF, 1, &out, &err), -1);
    assert_int_equal(err.kind, ERROR_INPUT);
    check_contains(err.text, "this build draws SVG only");
    assert_int_equal(out.size, 0);
}

#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formats_have_their_names),
        cmocka_unit_test(svg_is_copied_as_it_is),
#ifdef PICOBARN_WITH_RENDER
        cmocka_unit_test(png_and_pdf_have_their_signatures_and_sizes),
        cmocka_unit_test(what_cannot_be_rendered_is_refused),
#else
        cmocka_unit_test(a_build_without_the_renderer_says_so),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
