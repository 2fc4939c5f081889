/* SPDX-License-Identifier: Apache-2.0 */
/* test_adl_trijet.c - the ADL query 6 on events made by hand, and against a search that tries every
 * three jets of events of any size. Which three were taken is seen by the largest of their b-tags. */
#include "analysis/simd.h"
#include "tests/support/adl_event.h"

static const double third_of_turn = 2.0943951023931953;

enum { TRIJET_PT, BTAG_MAX };

static void check_btag(const struct event *e, double btag)
{
    struct outcome o = run_one(&analysis_adl_q6, e, NULL, BTAG_MAX);
    check_holds(&o, btag);
    assert_int_equal(o.step[1], 1);
}

static void check_no_number(const struct event *e)
{
    for (size_t f = TRIJET_PT; f <= BTAG_MAX; f++) {
        struct outcome o = run_one(&analysis_adl_q6, e, NULL, f);
        assert_true(o.entries == 1 && o.nan == 1 && o.step[1] == 1);
    }
}

static void fewer_than_three_jets_fill_nothing(void **state)
{
    (void)state;
    struct event e = {0};
    for (size_t n = 0; n < 4; n++) {
        struct outcome o = run_one(&analysis_adl_q6, &e, NULL, TRIJET_PT);
        assert_int_equal(o.entries, n >= 3);
        assert_int_equal(o.step[0], 1);
        assert_int_equal(o.step[1], n >= 3);
        add_jet(&e, 20, 0, (double)n, 0, 0);
    }
}

/* Massless jets of one pT at thirds of a turn: mass 3 pT, no momentum in all. */
static void the_mass_closest_to_the_top_quarks_wins(void **state)
{
    (void)state;
    static const struct {
        double other_pt; /* of jet 3, beside jet 2 */
        double btag;
    } cases[] = {
        {57.5, 0.335},                            /* equal: the first */
        {57.6, 0.335}, {20, 0.335}, {500, 0.335}, /* further */
        {57.4, 0.445},                            /* nearer to a mass of 172.5 than 57.8 */
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        double own = i == 4 ? 57.8 : 57.5;
        struct event e = {0};
        add_jet(&e, 57.5, 0, 0, 0, 0.115);
        add_jet(&e, 57.5, 0, third_of_turn, 0, 0.225);
        add_jet(&e, own, 0, -third_of_turn, 0, 0.335);
        add_jet(&e, cases[i].other_pt, 0, -third_of_turn, 0, 0.445);
        check_btag(&e, cases[i].btag);
    }
}

static void pt_is_that_of_the_sum(void **state)
{
    (void)state;
    struct event e = {0};
    add_jet(&e, 20, 1, 0, 5, 0);
    add_jet(&e, 20, -2, 1.5707963267948966, 0, 0);
    add_jet(&e, 5, 0.3, 3.141592653589793, 2, 0);
    struct outcome o = run_one(&analysis_adl_q6, &e, NULL, TRIJET_PT);
    check_holds(&o, 25.05); /* (15, 20): 25 up to rounding, in the middle of no bin */
}

/* (0, 1, 4) and (0, 2, 3) are mirror images along the beam, so that their masses have the same bits;
 * a search that goes by the third jet meets the other first. */
static void of_equal_distances_the_first_by_the_order_of_indexes_wins(void **state)
{
    (void)state;
    struct event e = {0};
    add_jet(&e, 50, 0, 0, 0, 0.055);
    add_jet(&e, 50, 1, third_of_turn, 0, 0.155);
    add_jet(&e, 50, -1, third_of_turn, 0, 0.355);
    add_jet(&e, 50, -1, -third_of_turn, 0, 0.455);
    add_jet(&e, 50, 1, -third_of_turn, 0, 0.255);
    check_btag(&e, 0.255);
}

/* Along one line masses are 0 without rounding, as distances are 172.5. */
static void among_masses_of_0_the_first_three_win(void **state)
{
    (void)state;
    struct event e = {0};
    for (size_t i = 0; i < 70; i++) {
        add_jet(&e, ldexp(16, (int)(i % 5)), 0, 0, 0, 0.005 + 0.01 * (double)i);
        if (i >= 2) {
            check_btag(&e, 0.025);
        }
    }
}

/* Rounding leaves a bit above or below 0 of masses squared that are 0; below counts as 0. */
static void a_mass_squared_below_0_from_rounding_is_a_mass_of_0(void **state)
{
    (void)state;
    uint64_t random = 9;
    for (size_t i = 0; i < 200; i++) {
        double eta = draw(&random, -2, 2);
        double phi = draw(&random, -3, 3);
        struct event e = {0};
        for (size_t k = 0; k < 3; k++) {
            add_jet(&e, draw(&random, 20, 90), eta, phi, 0, 0.115);
        }
        check_btag(&e, 0.115);
    }
}

static void what_is_no_number_is_never_the_closest(void **state)
{
    (void)state;
    static const double bad[] = {NAN, INFINITY, -INFINITY};
    for (size_t i = 0; i < 4 * ARRAY_LENGTH(bad); i++) {
        struct event e = {0};
        add_jet(&e, 40, 0, 0, 1, 0.115);
        add_jet(&e, 40, 1, 2, 1, 0.225);
        add_jet(&e, 40, -1, 4, 1, 0.995);
        e.kind[JETS].real[PT + i % 4][2] = bad[i / 4];
        check_no_number(&e);
        add_jet(&e, 40, -1, 5, 1, 0.335); /* the three others are numbers */
        check_btag(&e, 0.335);
    }
}

static void the_largest_btag_is_that_of_numbers(void **state)
{
    (void)state;
    static const struct {
        double btag[3];
        double largest; /* NaN: none */
    } cases[] = {
        {{0.115, 0.225, 0.335}, 0.335}, {{0.335, 0.115, 0.225}, 0.335},
        {{NAN, 0.115, 0.225}, 0.225},   {{0.225, NAN, 0.115}, 0.225},
        {{0.115, 0.225, NAN}, 0.225},   {{NAN, NAN, 0.115}, 0.115},
        {{NAN, NAN, NAN}, NAN},         {{-10, -10, 0.005}, 0.005},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct event e = {0};
        for (size_t k = 0; k < 3; k++) {
            add_jet(&e, 40, 0, (double)k, 0, cases[i].btag[k]);
        }
        struct outcome o = run_one(&analysis_adl_q6, &e, NULL, BTAG_MAX);
        assert_int_equal(o.nan, isnan(cases[i].largest));
        if (o.nan == 0) {
            check_holds(&o, cases[i].largest);
        }
    }
}

struct vector {
    double x, y, z, e;
};

static void make_vectors(const struct objects *jets, struct vector v[OBJECTS_MAX])
{
    for (size_t i = 0; i < jets->n; i++) {
        double pt = jets->real[PT][i];
        double m = jets->real[MASS][i];
        struct vector p = {pt * cos(jets->real[PHI][i]), pt * sin(jets->real[PHI][i]),
                           pt * sinh(jets->real[ETA][i]), 0};
        p.e = sqrt(p.x * p.x + p.y * p.y + p.z * p.z + m * m);
        v[i] = p;
    }
}

static struct vector add(struct vector a, struct vector b)
{
    return (struct vector){a.x + b.x, a.y + b.y, a.z + b.z, a.e + b.e};
}

/* The index of a choice of three of n: i + n (j + n k), i < j < k. */
static struct vector choice_of(const struct vector *v, size_t n, size_t choice)
{
    return add(add(v[choice % n], v[choice / n % n]), v[choice / n / n]);
}

/* Every three jets, one by one, with the C library's functions. */
static void search(const struct objects *jets, double *pt, double *btag)
{
    static struct vector v[OBJECTS_MAX];
    size_t n = jets->n;
    double least = INFINITY;
    make_vectors(jets, v);
    for (size_t choice = 0; choice < n * n * n; choice++) {
        size_t j[] = {choice % n, choice / n % n, choice / n / n};
        struct vector p = choice_of(v, n, choice);
        double m2 = p.e * p.e - p.x * p.x - p.y * p.y - p.z * p.z;
        double distance = fabs(sqrt(fmax(m2, 0)) - 172.5);
        if (j[0] < j[1] && j[1] < j[2] && distance < least) {
            const double *b = jets->real[BTAG];
            least = distance;
            *pt = sqrt(p.x * p.x + p.y * p.y);
            *btag = fmax(fmax(b[j[0]], b[j[1]]), b[j[2]]);
        }
    }
}

static void events_of_any_size_give_what_a_plain_search_finds(void **state)
{
    (void)state;
    static const size_t sizes[] = {3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13,         15,
                                   20, 31, 32, 33, 57, 63, 64, 65, 66, 99, OBJECTS_MAX};
    uint64_t random = 1;
    for (size_t i = 0; i < 20 * ARRAY_LENGTH(sizes); i++) {
        size_t n = sizes[i % ARRAY_LENGTH(sizes)];
        if (n > 33 && i > 2 * ARRAY_LENGTH(sizes)) {
            continue; /* a plain search of so many jets takes its time */
        }
        const struct event e = draw_event(&random, n, 0);
        double pt = 0;
        double btag = 0;
        search(&e.kind[JETS], &pt, &btag);
        check_btag(&e, btag);
        struct outcome o =
            run_one(&analysis_adl_q6, &e,
                    "{\"trijet_pt_axis\": {\"regular\": [100000, 0, 1000]}}", TRIJET_PT);
        assert_true(o.entries == 1 && fabs(o.low - pt) < 0.0101);
    }
}

static void another_mass_can_be_asked_for(void **state)
{
    (void)state;
    struct event e = {0};
    add_jet(&e, 30, 0, 0, 0, 0.115);
    add_jet(&e, 30, 0, third_of_turn, 0, 0.225);
    add_jet(&e, 57.5, 0, -third_of_turn, 0, 0.335);
    add_jet(&e, 30, 0, -third_of_turn, 0, 0.305); /* 90 GeV */
    struct outcome o = run_one(&analysis_adl_q6, &e, "{\"top_mass_gev\": 91}", BTAG_MAX);
    check_holds(&o, 0.305);
    o = run_one(&analysis_adl_q6, &e, NULL, BTAG_MAX);
    check_holds(&o, 0.335);
}

/* Of columns of double each event is searched by itself, in float64. */
static void check_same(const struct event *event, size_t n, bool weighted, size_t cut)
{
    struct sample s;
    struct job wide;
    struct job narrow;
    start(&wide, &analysis_adl_q6, NULL, weighted);
    start(&narrow, &analysis_adl_q6, NULL, weighted);
    make_sample(&s, event, n, false);
    process_range(&wide, &s, 0, n, UINT32_MAX);
    s.narrow = true;
    process_range(&narrow, &s, 0, cut, UINT32_MAX);
    process_range(&narrow, &s, cut, n, UINT32_MAX);
    for (size_t h = 0; h < wide.out.n_hists; h++) {
        assert_true(hist_equal(&wide.out.hist[h].hist, &narrow.out.hist[h].hist));
    }
    for (size_t i = 0; i < wide.out.n_steps; i++) {
        assert_int_equal(wide.out.step[i].n_events, narrow.out.step[i].n_events);
        assert_true(exact_equal(&wide.out.step[i].sumw, &narrow.out.step[i].sumw));
    }
    finish(&wide);
    finish(&narrow);
    end_sample(&s);
}

/* A jet of no number, of no momentum, one like another, and one that the screen has no bound for. */
static void spoil(uint64_t *random, struct objects *jets)
{
    static const double values[] = {NAN,      INFINITY, -INFINITY, 0,   -0.0,
                                    0x1p-100, 5.5,      9000,      -20, 0x1p100};
    size_t to = (size_t)draw(random, 0, (double)jets->n);
    size_t from = (size_t)draw(random, 0, (double)jets->n);
    if (draw(random, 0, 1) < 0.5) {
        size_t what = (size_t)draw(random, 0, REALS);
        size_t n_values = ARRAY_LENGTH(values);
        size_t which = (size_t)draw(random, 0, (double)n_values);
        jets->real[what][to] = values[which];
        return;
    }
    for (size_t r = 0; r < REALS; r++) {
        jets->real[r][to] = jets->real[r][from];
    }
}

static void many_events_side_by_side_fill_what_each_by_itself_does(void **state)
{
    (void)state;
    enum { EVENTS = 9000 }; /* more than are sorted at once */
    uint64_t random = 10;
    struct event *event = calloc(EVENTS, sizeof *event);
    assert_non_null(event);
    for (size_t i = 0; i < EVENTS; i++) {
        size_t n = (size_t)draw(&random, 0, i % 300 == 0 ? 70 : 12);
        event[i] = draw_event(&random, n, 0);
        if (i % 10 == 0 && n > 0) {
            spoil(&random, &event[i].kind[JETS]);
        }
    }
    check_same(event, EVENTS, true, EVENTS);
    const struct simd *level[LEVELS + 1];
    simd_levels(level);
    /* NOLINTBEGIN(concurrency-mt-unsafe): there is one thread */
    for (size_t l = 0; level[l] != NULL; l++) {
        assert_int_equal(setenv("PICOBARN_SIMD", level[l]->name, 1), 0);
        check_same(event, EVENTS, false, 100);
    }
    assert_int_equal(unsetenv("PICOBARN_SIMD"), 0);
    /* NOLINTEND(concurrency-mt-unsafe) */
    free(event);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fewer_than_three_jets_fill_nothing),
        cmocka_unit_test(the_mass_closest_to_the_top_quarks_wins),
        cmocka_unit_test(pt_is_that_of_the_sum),
        cmocka_unit_test(of_equal_distances_the_first_by_the_order_of_indexes_wins),
        cmocka_unit_test(among_masses_of_0_the_first_three_win),
        cmocka_unit_test(a_mass_squared_below_0_from_rounding_is_a_mass_of_0),
        cmocka_unit_test(what_is_no_number_is_never_the_closest),
        cmocka_unit_test(the_largest_btag_is_that_of_numbers),
        cmocka_unit_test(events_of_any_size_give_what_a_plain_search_finds),
        cmocka_unit_test(another_mass_can_be_asked_for),
        cmocka_unit_test(many_events_side_by_side_fill_what_each_by_itself_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
