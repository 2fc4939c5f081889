/* SPDX-License-Identifier: Apache-2.0 */
/* test_metrics.c - claims about scheduler/metrics.h, and about who may have them (server_gate.h).
 * What Prometheus makes of them is in system/test_metrics.py. */
#include "scheduler/metrics.h"

#include "scheduler/metrics_access.h"
#include "scheduler/server_gate.h"
#include "tests/support/check.h"

static const char run_file[] =
    "analysis: dimuon\n"
    "samples:\n"
    "  - {name: 'mu \"B\\C\"', kind: data, era: 2012, luminosity_pb: 11.5, files: [a.h5]}\n"
    "  - {name: zjets, kind: simulation, era: 2012, process: Z, cross_section_pb: 2,\n"
    "     files: [b.h5]}\n";

/* Two samples with a file each, of three shards and one; a scheduler with a worker. */
struct fixture {
    struct run run;
    struct run_file file[2];
    struct run_shard shard[4];
    char id[8];
    struct look look;
    struct live live;
    struct live_worker worker[2];
    struct live_lease lease[2];
    struct metrics_place place;
    struct buffer out;
};

static void set_up_live(struct fixture *f)
{
    f->worker[0] = (struct live_worker){.name = "anna",
                                        .host = "node-1",
                                        .program = "1.0",
                                        .state = LIVE_WORKING,
                                        .threads = 4,
                                        .heard_age_ms = 250,
                                        .shards = 3,
                                        .cpu_us = 2500000,
                                        .n_leases = 2};
    f->worker[1] = (struct live_worker){.name = "bert", .host = "node-2"};
    f->lease[0] = (struct live_lease){.kind = LEASE_SHARD, .events = 40};
    f->lease[1] = (struct live_lease){.kind = LEASE_SHARD, .events = 2};
    f->live = (struct live){.written_ms = 10000,
                            .started_ms = 5000,
                            .phase = LIVE_COMPUTING,
                            .program = "1.0",
                            .leases_lost = 7,
                            .partials_accepted = 5,
                            .partials_conflict = 1,
                            .queue = 9,
                            .n_workers = 2,
                            .worker = f->worker,
                            .n_leases = 2,
                            .lease = f->lease};
    live_count_commit(&f->live, 900);
    live_count_commit(&f->live, 70000000);
}

static void set_up(struct fixture *f)
{
    struct error err = {0};
    *f = (struct fixture){.id = "4a22"};
    f->run =
        (struct run){.id = f->id,
                     .dataset = dataset_parse("run.yaml", run_file, sizeof run_file - 1, &err),
                     .seen = 17,
                     .n_files = 2,
                     .file = f->file,
                     .n_shards = 4,
                     .shard = f->shard};
    check_ok(f->run.dataset == NULL ? -1 : 0, &err);
    for (size_t i = 0; i < 2; i++) {
        f->file[i] = (struct run_file){
            .id = i + 1, .sample = i, .size = 1000, .rows = 300, .job.state = JOB_DONE};
    }
    for (size_t i = 0; i < 4; i++) {
        f->shard[i] = (struct run_shard){.id = i + 1,
                                         .file = i < 3 ? 0 : 1,
                                         .job.state = i == 0   ? JOB_DONE
                                                      : i == 1 ? JOB_RUNNING
                                                               : JOB_WAITING};
    }
    f->shard[3].job.conflict = true;
    f->look.run = &f->run;
    check_ok(merge_init(&f->look.merge, &f->run, &err), &err);
    f->look.merge.sample[0].n_events = 100;
    f->look.merge.sample[0].n_events_planned = 300;
    f->look.merge.sample[0].luminosity_pb = 11.5;
    f->look.merge.sample[0].luminosity_seen_pb = 11.5 / 3;
    f->look.merge.file[0] = (struct merge_file){.n_events = 100, .n_shards = 1};
    f->look.merge.cpu_us = 1500000;
    f->place = (struct metrics_place){.run = "r",
                                      .now_ms = 10500,
                                      .has_scheduler = true,
                                      .free_bytes = UINT64_C(1) << 40,
                                      .size_bytes = UINT64_C(1) << 41};
    set_up_live(f);
}

static void tear_down(struct fixture *f)
{
    merge_release(&f->look.merge);
    dataset_destroy(f->run.dataset);
    buffer_release(&f->out);
}

static const char *write_all(struct fixture *f, const struct live *live)
{
    buffer_clear(&f->out);
    metrics_write(&f->look, live, &f->place, &f->out);
    const char *text = buffer_string(&f->out);
    assert_non_null(text);
    return text;
}

static void numbers_stand_where_their_names_say(void **state)
{
    (void)state;
    static const char *const lines[] = {
        /* clang-format off */
        "picobarn_ledger_sequence{run=\"r\"} 17\n",
        "picobarn_run_info{run=\"r\",run_id=\"4a22\",analysis=\"dimuon\",analysis_version=\"1\"} 1\n",
        "picobarn_run_complete{run=\"r\"} 0\n",
        "picobarn_scheduler_up{run=\"r\"} 1\n",
        "picobarn_conflicts{run=\"r\"} 1\n",
        "picobarn_cpu_seconds_total{run=\"r\"} 1.5\n",
        "picobarn_folder_free_bytes{run=\"r\"} 1099511627776\n",
        "picobarn_shards{run=\"r\",sample=\"zjets\",state=\"waiting\"} 1\n",
        "picobarn_events_total{run=\"r\",sample=\"zjets\"} 0\n",
        "picobarn_input_planned_bytes{run=\"r\",sample=\"zjets\"} 1000\n",
        "picobarn_sample_info{run=\"r\",sample=\"zjets\",kind=\"simulation\",era=\"2012\"} 1\n",
        "picobarn_run_luminosity_planned_inverse_picobarns{run=\"r\"} 11.5\n",
        "picobarn_scheduler_start_time_seconds{run=\"r\"} 5\n",
        "picobarn_scheduler_paused{run=\"r\"} 0\n",
        "picobarn_queue_depth{run=\"r\"} 9\n",
        "picobarn_leases_held{run=\"r\"} 2\n",
        "picobarn_events_running{run=\"r\"} 42\n",
        "picobarn_lease_expiries_total{run=\"r\"} 7\n",
        "picobarn_partials_total{run=\"r\",verdict=\"accepted\"} 5\n",
        "picobarn_partials_total{run=\"r\",verdict=\"conflict\"} 1\n",
        "picobarn_workers{run=\"r\",state=\"working\"} 1\n",
        "picobarn_workers{run=\"r\",state=\"silent\"} 0\n",
        "picobarn_ledger_commit_seconds_bucket{run=\"r\",le=\"0.001\"} 1\n",
        "picobarn_ledger_commit_seconds_bucket{run=\"r\",le=\"10\"} 1\n",
        "picobarn_ledger_commit_seconds_bucket{run=\"r\",le=\"+Inf\"} 2\n",
        "picobarn_ledger_commit_seconds_sum{run=\"r\"} 70.0009\n",
        "picobarn_ledger_commit_seconds_count{run=\"r\"} 2\n",
        "picobarn_worker_threads{run=\"r\",node=\"node-1\",worker=\"anna\"} 4\n",
        "picobarn_worker_leases{run=\"r\",node=\"node-1\",worker=\"anna\"} 2\n",
        "picobarn_worker_shards_total{run=\"r\",node=\"node-1\",worker=\"anna\"} 3\n",
        "picobarn_worker_cpu_seconds_total{run=\"r\",node=\"node-1\",worker=\"anna\"} 2.5\n",
        /* told half a second ago */
        "picobarn_worker_heartbeat_age_seconds{run=\"r\",node=\"node-1\",worker=\"anna\"} 0.75\n",
        "picobarn_worker_threads{run=\"r\",node=\"node-2\",worker=\"bert\"} 0\n",
        /* clang-format on */
    };
    struct fixture f;
    set_up(&f);
    const char *text = write_all(&f, &f.live);
    for (size_t i = 0; i < ARRAY_LENGTH(lines); i++) {
        check_contains(text, lines[i]);
    }
    tear_down(&f);
}

static void values_of_labels_are_escaped(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    f.place.run = "a\nb\\";
    check_contains(
        write_all(&f, &f.live),
        "picobarn_events_total{run=\"a\\nb\\\\\",sample=\"mu \\\"B\\\\C\\\"\"} 100\n");
    tear_down(&f);
}

static void what_nobody_works_on_waits_and_no_scheduler_is_told_of(void **state)
{
    (void)state;
    static const char name[] = "sample=\"mu \\\"B\\\\C\\\"\"";
    char line[128];
    struct fixture f;
    set_up(&f);
    (void)snprintf(line, sizeof line, "%s,state=\"running\"} 1\n", name);
    check_contains(write_all(&f, &f.live), line);
    f.place.has_scheduler = false;
    const char *text = write_all(&f, NULL);
    (void)snprintf(line, sizeof line, "%s,state=\"running\"} 0\n", name);
    check_contains(text, line);
    (void)snprintf(line, sizeof line, "%s,state=\"waiting\"} 2\n", name);
    check_contains(text, line);
    check_contains(text, "picobarn_scheduler_up{run=\"r\"} 0\n");
    assert_null(strstr(text, "picobarn_worker"));
    assert_null(strstr(text, "picobarn_queue_depth"));
    tear_down(&f);
}

/* Does the line begin with the family's name, whole? */
static bool is_of(const char *line, const char *family)
{
    static const char *const ends[] = {"{", "_bucket{", "_sum{", "_count{"};
    size_t size = strlen(family);
    bool is = false;
    for (size_t i = 0; i < ARRAY_LENGTH(ends); i++) {
        is = is || (strncmp(line, family, size) == 0 &&
                    strncmp(line + size, ends[i], strlen(ends[i])) == 0);
    }
    return is;
}

/* What a walk over the lines stands in. */
struct section {
    char family[128];
    char type[16]; /* "" until it was told */
    size_t n_families;
};

static void check_type(const struct section *section, const char *line)
{
    static const char end[] = "_total";
    size_t size = strlen(section->family);
    size_t length = sizeof end - 1;
    bool is_total = size > length && strcmp(section->family + size - length, end) == 0;
    assert_int_equal(strncmp(line, section->family, size), 0);
    assert_int_equal(is_total, strcmp(section->type, "counter") == 0);
}

static void check_line(struct section *section, const char *line)
{
    if (sscanf(line, "# HELP %127s", section->family) == 1) {
        section->n_families++;
        section->type[0] = '\0';
    } else if (sscanf(line, "# TYPE %*s %15s", section->type) == 1) {
        check_type(section, line + strlen("# TYPE "));
    } else if (!is_of(line, section->family) || section->type[0] == '\0') {
        fail_msg("'%s' under %s", line, section->family);
    }
}

static void every_line_stands_under_the_help_and_type_of_its_family(void **state)
{
    (void)state;
    struct fixture f;
    struct section section = {.n_families = 0};
    set_up(&f);
    char *text = strdup(write_all(&f, &f.live));
    char *rest = NULL;
    for (char *line = strtok_r(text, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        check_line(&section, line);
    }
    assert_true(section.n_families > 40);
    free(text);
    tear_down(&f);
}

static void metrics_take_their_own_token_or_none_if_that_was_said(void **state)
{
    (void)state;
    static const enum gate_right needed[] = {GATE_ANYONE, GATE_METRICS, GATE_VIEW,
                                             GATE_CONTROL};
    static const struct {
        const char *token; /* of metrics, or NULL */
        bool is_open;
        const char *shown;
        unsigned status[4]; /* by what is needed */
    } cases[] = {
        {NULL, false, NULL, {0, 401, 401, 401}},
        {NULL, false, "metrics", {0, 401, 401, 401}},
        {NULL, false, "view", {0, 0, 0, 403}},
        {"metrics", false, NULL, {0, 401, 401, 401}},
        {"metrics", false, "metric", {0, 401, 401, 401}},
        {"metrics", false, "metrics", {0, 0, 403, 403}},
        {"metrics", false, "view", {0, 0, 0, 403}},
        {"metrics", false, "control", {0, 0, 0, 0}},
        {NULL, true, NULL, {0, 0, 401, 401}},
        {NULL, true, "wrong", {0, 0, 401, 401}},
        {NULL, true, "view", {0, 0, 0, 403}},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct gate g;
        gate_init(&g, "view", "control");
        gate_set_metrics(&g, cases[i].token, cases[i].is_open);
        for (size_t k = 0; k < ARRAY_LENGTH(needed); k++) {
            struct gate_request request = {.token = cases[i].shown};
            assert_int_equal(gate_check(&g, &request, needed[k]), cases[i].status[k]);
        }
    }
}

static void open_metrics_are_still_not_for_pages_of_other_sites(void **state)
{
    (void)state;
    struct gate g;
    gate_init(&g, "view", "control");
    gate_set_metrics(&g, NULL, true);
    gate_serve_browsers(&g, "127.0.0.1:8080");
    struct gate_request request = {.host = "127.0.0.1:8080"};
    assert_int_equal(gate_check(&g, &request, GATE_METRICS), 0);
    request.host = "evil.example:8080"; /* a name that was made to mean loopback */
    assert_int_equal(gate_check(&g, &request, GATE_METRICS), 403);
    request = (struct gate_request){.host = "127.0.0.1:8080", .origin = "http://evil.example"};
    assert_int_equal(gate_check(&g, &request, GATE_METRICS), 403);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_stand_where_their_names_say),
        cmocka_unit_test(values_of_labels_are_escaped),
        cmocka_unit_test(what_nobody_works_on_waits_and_no_scheduler_is_told_of),
        cmocka_unit_test(every_line_stands_under_the_help_and_type_of_its_family),
        cmocka_unit_test(metrics_take_their_own_token_or_none_if_that_was_said),
        cmocka_unit_test(open_metrics_are_still_not_for_pages_of_other_sites),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
