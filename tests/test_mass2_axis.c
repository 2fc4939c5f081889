/* SPDX-License-Identifier: Apache-2.0 */
/* test_mass2_axis.c - what the table is sure of is what axis_find says, for each mass that the
 * float32 may stand for; and it is sure of nearly all. */
#include "analysis/mass2_axis.h"

#include <math.h>

#include "tests/support/check.h"

enum { AXES = 4 };

struct axes {
    struct axis axis[AXES];
    const struct axis *at[AXES];
    size_t n;
    struct mass2_axis merged;
};

static void start(struct axes *a, size_t n)
{
    struct error err = {0};
    a->n = n;
    for (size_t i = 0; i < n; i++) {
        a->at[i] = &a->axis[i];
    }
    check_ok(mass2_axis_init(&a->merged, a->at, n, &err), &err);
}

static void finish(struct axes *a)
{
    for (size_t i = 0; i < a->n; i++) {
        axis_release(&a->axis[i]);
    }
    mass2_axis_release(&a->merged);
}

/* The gap of s as a kernel finds it; -1: not sure. */
static long find(const struct mass2_axis *m, float s)
{
    int32_t bits = 0;
    memcpy(&bits, &s, sizeof bits);
    int32_t c = (bits >> MASS2_CELL_SHIFT) - m->first + 1;
    c = c < 0 ? 0 : c >= m->n_cells ? m->n_cells - 1 : c;
    float edge = mass2_cell_edge(m->cell[c]);
    return fabsf(s - edge) > MASS2_GUARD * s ? (long)mass2_cell_gap(m->cell[c]) + (s >= edge)
                                             : -1;
}

static void check_bin(const struct axis *axis, double mass, size_t bin)
{
    if (axis_find(axis, mass) != bin) {
        fail_msg("mass %.17g: bin %zu, not %zu", mass, axis_find(axis, mass), bin);
    }
}

/* Whether it is sure of s; then all masses whose squares are within the error must agree. */
static bool check_one(const struct axes *a, float s)
{
    long gap = find(&a->merged, s);
    const double off = (double)MASS2_ERROR;
    for (size_t i = 0; gap >= 0 && i < a->n; i++) {
        size_t bin = a->merged.slot[(size_t)gap * a->n + i];
        check_bin(&a->axis[i], sqrt((double)s), bin);
        check_bin(&a->axis[i], sqrt((double)s / (1 + off)), bin);
        check_bin(&a->axis[i], sqrt((double)s / (1 - off)), bin);
    }
    return gap >= 0;
}

/* 100 floats below and 200 above the square of an edge. */
static void check_around(const struct axes *a, double edge)
{
    float s = (float)(edge * edge);
    for (int k = 0; k < 400; k++) {
        s = nextafterf(s, k < 100 ? 0 : INFINITY);
        (void)check_one(a, s);
    }
}

/* Floats around each edge, and across the whole range; returns the share of the latter that the
 * table is sure of. */
static double check_all(const struct axes *a)
{
    for (size_t i = 0; i < a->n; i++) {
        for (size_t e = 0; e <= a->axis[i].n_bins; e++) {
            check_around(a, a->axis[i].edge[e]);
        }
    }
    size_t sure = 0;
    size_t all = 0;
    float s = MASS2_LEAST;
    while (s < 0x1p43F) {
        sure += check_one(a, s);
        all++;
        s *= 1.00003F;
    }
    print_message("sure of %.4f\n", (double)sure / (double)all);
    return (double)sure / (double)all;
}

static void the_axes_of_the_spectrum(void **state)
{
    (void)state;
    struct axes a = {0};
    assert_int_equal(axis_init_logarithmic(&a.axis[0], 600, 0.25, 250, NULL), 0);
    assert_int_equal(axis_init_regular(&a.axis[1], 600, 0, 300, NULL), 0);
    assert_int_equal(axis_init_regular(&a.axis[2], 100, 2.6, 3.6, NULL), 0);
    assert_int_equal(axis_init_regular(&a.axis[3], 60, 3.4, 4.0, NULL), 0);
    start(&a, 4);
    assert_true(check_all(&a) > 0.995);
    finish(&a);
}

static void edges_below_zero_and_beyond_all_masses(void **state)
{
    (void)state;
    static const double far[] = {1e6, 1.04e6, 1.05e6, 1e7, 1e300};
    static const double near[] = {-1e300, -5, 0, 1e-200, 1e-3, 0.0883, 0.08839, 0.0884, 7, 1e5};
    struct axes a = {0};
    assert_int_equal(axis_init_variable(&a.axis[0], ARRAY_LENGTH(near) - 1, near, NULL), 0);
    start(&a, 1);
    assert_true(check_all(&a) > 0.9);
    finish(&a);
    a = (struct axes){0};
    assert_int_equal(axis_init_variable(&a.axis[0], ARRAY_LENGTH(near) - 1, near, NULL), 0);
    assert_int_equal(axis_init_variable(&a.axis[1], ARRAY_LENGTH(far) - 1, far, NULL), 0);
    start(&a, 2);
    (void)check_all(&a);
    assert_int_equal(find(&a.merged, 0x1p42F), -1);
    finish(&a);
}

static void edges_nearer_than_float_can_tell(void **state)
{
    (void)state;
    double edges[200];
    edges[0] = 90;
    for (size_t i = 1; i < ARRAY_LENGTH(edges); i++) { /* from a last bit to some per cent */
        edges[i] = edges[i - 1] * (1 + 0x1p-52 * pow(1.18, (double)i));
    }
    struct axes a = {0};
    assert_int_equal(axis_init_variable(&a.axis[0], ARRAY_LENGTH(edges) - 1, edges, NULL), 0);
    assert_int_equal(axis_init_regular(&a.axis[1], 3000, 80, 100, NULL), 0);
    start(&a, 2);
    (void)check_all(&a);
    finish(&a);
}

static void what_is_no_mass_is_never_sure(void **state)
{
    (void)state;
    struct axes a = {0};
    assert_int_equal(axis_init_regular(&a.axis[0], 10, 0, 100, NULL), 0);
    start(&a, 1);
    static const float values[] = {NAN,   -NAN, INFINITY,  -INFINITY, -1,
                                   -0.0F, 0,    0x1p-149F, 0x1p-8F};
    for (size_t i = 0; i < ARRAY_LENGTH(values); i++) {
        assert_int_equal(find(&a.merged, values[i]), -1);
    }
    assert_true(find(&a.merged, 0x1p100F) > 0);
    finish(&a);
}

static void too_many_edges_have_no_table(void **state)
{
    (void)state;
    struct axes a = {0};
    assert_int_equal(axis_init_regular(&a.axis[0], MASS2_GAPS_MAX, 0, 100, NULL), 0);
    start(&a, 1);
    assert_int_equal(a.merged.n_gaps, 0);
    assert_null(a.merged.cell);
    finish(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_axes_of_the_spectrum),
        cmocka_unit_test(edges_below_zero_and_beyond_all_masses),
        cmocka_unit_test(edges_nearer_than_float_can_tell),
        cmocka_unit_test(what_is_no_mass_is_never_sure),
        cmocka_unit_test(too_many_edges_have_no_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
