/* SPDX-License-Identifier: Apache-2.0 */
/* test_picture.c - claims about scheduler/picture.h: what is kept is what would be drawn */
#include "scheduler/picture.h"

#include "tests/support/hand_run.h"

static const struct figure_request first = {.log_y = -1};

/* A run that goes on, as who serves its page sees it. */
struct fixture {
    struct hand_place place;
    struct run *run; /* the writer's */
    struct look look;
    struct pictures pictures;
};

static void open_fixture(struct fixture *f)
{
    struct error err = {0};
    *f = (struct fixture){.run = NULL};
    hand_place_open(&f->place);
    f->run = hand_launch(&f->place, false);
    hand_inspect(f->run);
    hand_compute(f->run, 2);
    check_ok(look_open(&f->look, f->place.run_folder, &err), &err);
}

static void close_fixture(struct fixture *f)
{
    pictures_release(&f->pictures);
    look_close(&f->look);
    run_close(f->run);
    hand_place_close(&f->place);
}

static const struct buffer *drawn(struct fixture *f, const struct figure_request *request,
                                  enum plot_format format)
{
    struct error err = {0};
    const struct buffer *data = pictures_draw(&f->pictures, &f->look, request, format, &err);
    check_ok(data == NULL ? -1 : 0, &err);
    return data;
}

/* Nobody draws these letters: where they are still there nothing was drawn. */
static const char mark[] = "kept";

static void put_mark(const struct buffer *data)
{
    assert_true(data->size >= sizeof mark);
    memcpy(data->data, mark, sizeof mark);
}

static bool has_mark(const struct buffer *data)
{
    return memcmp(data->data, mark, sizeof mark) == 0;
}

static void a_picture_is_what_plot_draws(void **state)
{
    (void)state;
    static const struct figure_request requests[] = {
        {.log_y = -1}, {.log_y = 1}, {.hist = "mass", .channel = "ss", .log_y = 0}};
    struct fixture f;
    struct error err = {0};
    open_fixture(&f);
    for (size_t i = 0; i < ARRAY_LENGTH(requests); i++) {
        struct buffer svg = {0};
        struct buffer numbers = {0};
        check_ok(figure_draw(f.look.run, &f.look.merge, &requests[i], &svg, NULL, &err), &err);
        const struct buffer *data = drawn(&f, &requests[i], PLOT_SVG);
        assert_int_equal(data->size, svg.size);
        assert_memory_equal(data->data, svg.data, svg.size);
        json_t *figure = figure_to_json(f.look.run, &f.look.merge, &requests[i], &err);
        check_ok(json_write_canonical(figure, &numbers, &err), &err);
        data = drawn(&f, &requests[i], PLOT_FORMATS);
        assert_int_equal(data->size, numbers.size);
        assert_memory_equal(data->data, numbers.data, numbers.size);
        json_decref(figure);
        buffer_release(&numbers);
        buffer_release(&svg);
    }
    close_fixture(&f);
}

static void it_is_drawn_once_for_each_sequence_number(void **state)
{
    (void)state;
    struct error err = {0};
    struct fixture f;
    open_fixture(&f);
    put_mark(drawn(&f, &first, PLOT_SVG));
    assert_true(has_mark(drawn(&f, &first, PLOT_SVG)));
    hand_compute(f.run, 0);
    assert_true(has_mark(drawn(&f, &first, PLOT_SVG))); /* the look is where it was */
    check_ok(look_refresh(&f.look, &err), &err);
    const struct buffer *data = drawn(&f, &first, PLOT_SVG);
    assert_false(has_mark(data));
    struct buffer svg = {0};
    check_ok(figure_draw(f.look.run, &f.look.merge, &first, &svg, NULL, &err), &err);
    assert_int_equal(data->size, svg.size);
    assert_memory_equal(data->data, svg.data, svg.size);
    buffer_release(&svg);
    close_fixture(&f);
}

/* It may well have as many events. */
static void one_of_a_run_before_is_not_shown(void **state)
{
    (void)state;
    struct error err = {0};
    struct fixture f;
    open_fixture(&f);
    uint64_t sequence = f.look.merge.sequence;
    put_mark(drawn(&f, &first, PLOT_SVG));
    run_close(f.run);
    hand_write(f.place.run_file, "analysis: dimuon\n"
                                 "shards: {target_events: 200}\n"
                                 "samples:\n"
                                 "  - {name: others, kind: data, files: [muons*.h5]}\n");
    f.run = hand_launch(&f.place, true);
    hand_inspect(f.run);
    hand_compute(f.run, 1);
    check_ok(look_refresh(&f.look, &err), &err);
    assert_int_equal(f.look.merge.sequence, sequence);
    assert_false(has_mark(drawn(&f, &first, PLOT_SVG)));
    close_fixture(&f);
}

static void what_is_asked_for_in_another_way_is_another_picture(void **state)
{
    (void)state;
    static const struct {
        struct figure_request request;
        enum plot_format format;
    } others[] = {
        {{.log_y = 0}, PLOT_SVG},
        {{.log_y = 1}, PLOT_SVG},
        {{.log_y = -1}, PLOT_FORMATS},
        {{.log_y = -1, .channel = "ss"}, PLOT_SVG},
        {{.log_y = -1, .hist = "mass"}, PLOT_SVG},
    };
    struct fixture f;
    open_fixture(&f);
    put_mark(drawn(&f, &first, PLOT_SVG));
    for (size_t i = 0; i < ARRAY_LENGTH(others); i++) {
        assert_false(has_mark(drawn(&f, &others[i].request, others[i].format)));
    }
    assert_true(has_mark(drawn(&f, &first, PLOT_SVG)));
    close_fixture(&f);
}

/* As many as are kept, each another; then one more, while the first is asked for again and again. */
static void who_was_not_asked_for_longest_makes_room(void **state)
{
    (void)state;
    static const char *const channels[] = {NULL, "os", "ss"};
    struct fixture f;
    size_t n = 0;
    open_fixture(&f);
    put_mark(drawn(&f, &first, PLOT_SVG));
    struct figure_request second = {.log_y = -1, .channel = "os"};
    put_mark(drawn(&f, &second, PLOT_SVG));
    for (int log_y = 0; log_y < 2; log_y++) {
        for (size_t i = 0; i < ARRAY_LENGTH(channels); i++) {
            struct figure_request request = {.log_y = log_y, .channel = channels[i]};
            (void)drawn(&f, &request, PLOT_SVG);
            (void)drawn(&f, &request, PLOT_FORMATS);
            assert_true(has_mark(drawn(&f, &first, PLOT_SVG)));
            n += 2;
        }
    }
    assert_int_equal(n, PICTURES_KEPT);
    assert_false(has_mark(drawn(&f, &second, PLOT_SVG)));
    close_fixture(&f);
}

static void what_there_is_not_is_refused_and_not_kept(void **state)
{
    (void)state;
    char much[PICTURE_KEY_SIZE + 1];
    (void)memset(much, 'm', sizeof much - 1);
    much[sizeof much - 1] = '\0';
    const struct figure_request wrong[] = {{.hist = "nothing", .log_y = -1},
                                           {.channel = "nothing", .log_y = -1},
                                           {.hist = much, .log_y = -1}};
    struct fixture f;
    open_fixture(&f);
    put_mark(drawn(&f, &first, PLOT_SVG));
    for (size_t i = 0; i < 2 * ARRAY_LENGTH(wrong); i++) { /* each twice */
        struct error err = {0};
        assert_null(pictures_draw(&f.pictures, &f.look, &wrong[i / 2], PLOT_SVG, &err));
        assert_int_equal(err.kind, ERROR_INPUT);
    }
    assert_true(has_mark(drawn(&f, &first, PLOT_SVG)));
    close_fixture(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_picture_is_what_plot_draws),
        cmocka_unit_test(it_is_drawn_once_for_each_sequence_number),
        cmocka_unit_test(one_of_a_run_before_is_not_shown),
        cmocka_unit_test(what_is_asked_for_in_another_way_is_another_picture),
        cmocka_unit_test(who_was_not_asked_for_longest_makes_room),
        cmocka_unit_test(what_there_is_not_is_refused_and_not_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
