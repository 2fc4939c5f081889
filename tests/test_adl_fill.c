/* SPDX-License-Identifier: Apache-2.0 */
/* test_adl_fill.c - many values land where hist_fill puts them, whatever the axis. */
#include "analysis/adl_fill.h"

#include <math.h>

#include "tests/support/check.h"

static double draw(uint64_t *state, double low, double high)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return low + (high - low) * (double)(*state >> 11) * 0x1p-53;
}

/* One value into both, alone and in a row. */
static void fill_both(struct adl_fill *f, struct hist *h, double x)
{
    float value = (float)x;
    const float row[] = {value, value};
    adl_fill_floats(f, row, 1);
    adl_fill_floats(f, row, 0);
    adl_fill_floats(f, row, 2);
    for (size_t i = 0; i < 3; i++) {
        hist_fill(h, (double)value, 1);
    }
    adl_fill_doubles(f, &x, 1);
    hist_fill(h, x, 1);
}

/* Every edge and its neighbours, numbers between and beyond, and what is no number. */
static void fill_all(struct adl_fill *f, struct hist *h)
{
    static const double special[] = {NAN,   INFINITY, -INFINITY, 0.0,   -0.0,  1e38,
                                     -1e38, -NAN,     1e-40,     1e300, 1e-300};
    const struct axis *axis = &h->axis;
    uint64_t random = 1;
    for (size_t i = 0; i <= axis->n_bins; i++) {
        float edge = (float)axis->edge[i];
        fill_both(f, h, (double)edge);
        fill_both(f, h, (double)nextafterf(edge, -INFINITY));
        fill_both(f, h, (double)nextafterf(edge, INFINITY));
        fill_both(f, h, axis->edge[i]);
        fill_both(f, h, nextafter(axis->edge[i], -INFINITY));
        fill_both(f, h, nextafter(axis->edge[i], INFINITY));
        fill_both(f, h, (double)edge * (1 - 1e-5));
        fill_both(f, h, (double)edge * (1 + 1e-5));
    }
    double low = axis->edge[0];
    double high = axis->edge[axis->n_bins];
    for (size_t i = 0; i < 30000; i++) {
        fill_both(f, h, draw(&random, low - (high - low) / 4, high + (high - low) / 4));
    }
    for (size_t i = 0; i < ARRAY_LENGTH(special); i++) {
        fill_both(f, h, special[i]);
    }
}

/* Rows longer than what is filled at once. */
static void fill_rows(struct adl_fill *f, struct hist *h)
{
    static float row[3 * ADL_FILL_MAX + 5];
    static double wide[ARRAY_LENGTH(row)];
    uint64_t random = 2;
    for (size_t i = 0; i < ARRAY_LENGTH(row); i++) {
        row[i] = (float)draw(&random, h->axis.edge[0], h->axis.edge[h->axis.n_bins]);
        wide[i] = (double)row[i] * (1 + 0x1p-30);
        hist_fill(h, (double)row[i], 1);
        hist_fill(h, wide[i], 1);
    }
    adl_fill_floats(f, row, ARRAY_LENGTH(row));
    adl_fill_doubles(f, wide, ARRAY_LENGTH(row));
}

static void check_axis(const struct axis *axis, bool weighted, bool fast)
{
    struct error err = {0};
    struct hist many;
    struct hist single;
    struct adl_fill f;
    check_ok(hist_init(&many, axis, weighted, &err), &err);
    check_ok(hist_init(&single, axis, weighted, &err), &err);
    for (size_t round = 0; round < 2; round++) { /* what was there before stays */
        adl_fill_begin(&f, &many);
        assert_int_equal(f.fast, fast);
        if (fast) {
            fill_all(&f, &single);
            fill_rows(&f, &single);
        }
        adl_fill_end(&f);
        assert_true(hist_equal(&many, &single));
    }
    hist_release(&many);
    hist_release(&single);
}

static void values_land_where_hist_fill_puts_them(void **state)
{
    (void)state;
    static const struct {
        size_t n;
        double low, high;
        bool fast;
    } axes[] = {
        {100, 0, 2000, true},       {100, 15, 60, true},        {100, 15, 200, true},
        {1, -1, 1, true},           {256, -0.1, 0.7, true},     {257, 0, 1, false},
        {100, 1000, 1010, true}, /* with hardly more numbers than bins: */
        {100, 1e9, 1e9 + 1, false}, {100, 1, 1 + 3e-14, false}, {7, -1e300, 1e300, false},
        {3, 0, 1e-300, false},      {5, -1e-12, 2e-12, true},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(axes); i++) {
        struct axis axis;
        struct error err = {0};
        check_ok(axis_init_regular(&axis, axes[i].n, axes[i].low, axes[i].high, &err), &err);
        check_axis(&axis, false, axes[i].fast);
        check_axis(&axis, true, false);
        axis_release(&axis);
    }
}

static void edges_of_any_distance_are_filled_one_by_one(void **state)
{
    (void)state;
    static const double edges[] = {0, 1, 10, 11, 1000};
    struct axis axis;
    struct error err = {0};
    check_ok(axis_init_variable(&axis, 4, edges, &err), &err);
    check_axis(&axis, false, false);
    check_axis(&axis, true, false);
    axis_release(&axis);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_land_where_hist_fill_puts_them),
        cmocka_unit_test(edges_of_any_distance_are_filled_one_by_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
