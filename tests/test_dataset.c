/* SPDX-License-Identifier: Apache-2.0 */
/* test_dataset.c - tests of scheduler/dataset.h: what a run file says, and each way of saying
 * it wrongly with the line and the field that the error must name. */
#include <unistd.h>

#include "scheduler/dataset.h"
#include "tests/support/check.h"

static struct dataset *parse_at(const char *path, const char *text)
{
    struct error err = {0};
    struct dataset *d = dataset_parse(path, text, strlen(text), &err);
    check_ok(d == NULL ? -1 : 0, &err);
    assert_non_null(d);
    return d;
}

static struct dataset *parse(const char *text)
{
    return parse_at("/runs/RUN.yaml", text);
}

static const char everything[] =
    "analysis: higgs4l\n"
    "parameters: {z1_min_gev: 41.5}\n"
    "shards: {target_events: 10_000}\n"
    "samples:\n"
    "  - name: DoubleMuParked 2012C\n"
    "    kind: data\n"
    "    era: 2012\n"
    "    channels: [4mu, 2mu2e]\n"
    "    luminosity_pb: 7132\n"
    "    files: [cms2012c_*.h5, other.h5]\n"
    "  - name: by file\n"
    "    kind: data\n"
    "    era: 2011\n"
    "    files: [{pattern: \"x_*.h5\", luminosity_pb: 12.5}]\n"
    "  - name: H(125) to ZZ to 4l\n"
    "    kind: simulation\n"
    "    era: 2012\n"
    "    process: higgs\n"
    "    cross_section_pb: 0.0065\n"
    "    scale: 1.5\n"
    "    generated_events: 299_973\n"
    "    weight: none\n"
    "    files: [higgs_*.h5]\n"
    "  - name: weighted\n"
    "    kind: simulation\n"
    "    era: 2012\n"
    "    process: zz\n"
    "    cross_section_pb: 0.077\n"
    "    sum_of_weights: 1234.5\n"
    "    weight: genWeight\n"
    "    files: [/data/zz.h5]\n"
    "  - name: top\n"
    "    kind: simulation\n"
    "    era: 2012\n"
    "    process: top\n"
    "    cross_section_pb: 200\n"
    "    files: [top.h5]\n"
    "units: {energy: MeV, length: mm}\n"
    "columns: {Muon_pt: muons/pt, nMuon: n_mu, genWeight: w}\n"
    "eras: {2012: {energy_tev: 8, luminosity_pb: 11580}, 2011: {energy_tev: 7}}\n"
    "processes: [{name: zz, title: \"ZZ, Z/gamma*\"}, {name: higgs, signal: true},\n"
    "  {name: top}]\n";

static void a_run_file_says_all_this(void **state)
{
    (void)state;
    struct dataset *d = parse(everything);
    assert_string_equal(d->folder, "/runs");
    assert_string_equal(d->analysis->name, "higgs4l");
    assert_int_equal(d->target_events, 10000);
    assert_int_equal(d->n_samples, 5);
    assert_int_equal(d->n_eras, 2);
    assert_int_equal(d->era[0].name, 2012);
    assert_true(d->era[0].energy_tev == 8 && d->era[0].luminosity_pb == 11580);
    assert_ptr_equal(dataset_era(d, 2011), &d->era[1]);
    assert_null(dataset_era(d, 2010));
    assert_string_equal(json_string_value(json_object_get(d->units, "energy")), "MeV");
    assert_string_equal(json_string_value(json_object_get(d->units, "length")), "mm");
    assert_string_equal(json_string_value(json_object_get(d->names, "Muon_pt")), "muons/pt");
    assert_int_equal(json_object_size(d->names), 3);
    dataset_destroy(d);
}

static void samples_of_data_are_read(void **state)
{
    (void)state;
    struct dataset *d = parse(everything);
    const struct sample *s = &d->sample[0];
    struct error err = {0};
    uint32_t bits = 1U << analysis_channel(d->analysis, "4mu", &err) |
                    1U << analysis_channel(d->analysis, "2mu2e", &err);
    assert_string_equal(s->name, "DoubleMuParked 2012C");
    assert_false(s->simulation);
    assert_int_equal(s->era, 2012);
    assert_int_equal(s->channels, bits);
    assert_true(s->luminosity_pb == 7132);
    assert_null(s->process);
    assert_null(s->weight);
    assert_int_equal(s->n_patterns, 2);
    assert_string_equal(s->pattern[1].pattern, "other.h5");
    assert_int_equal(s->pattern[1].line, 10);
    assert_true(s->pattern[1].luminosity_pb == 0);
    assert_true(d->sample[1].pattern[0].luminosity_pb == 12.5);
    assert_string_equal(d->sample[1].pattern[0].pattern, "x_*.h5");
    assert_int_equal(d->sample[1].channels, (1U << d->analysis->n_channels) - 1);
    dataset_destroy(d);
}

static void samples_of_simulation_are_read(void **state)
{
    (void)state;
    struct dataset *d = parse(everything);
    const struct sample *s = &d->sample[2];
    assert_true(s->simulation);
    assert_string_equal(s->process, "higgs");
    assert_true(s->cross_section_pb == 0.0065 && s->scale == 1.5);
    assert_true(s->generated == 299973);
    assert_null(s->weight); /* none */
    assert_true(d->sample[3].generated == 1234.5);
    assert_string_equal(d->sample[3].weight, "genWeight");
    assert_true(d->sample[3].cross_section_pb == 0.077 && d->sample[3].scale == 1);
    dataset_destroy(d);
}

static void processes_are_those_listed(void **state)
{
    (void)state;
    struct dataset *d = parse(everything);
    static const struct {
        const char *name;
        const char *title;
        bool signal;
    } expected[] = {
        {"zz", "ZZ, Z/gamma*", false}, {"higgs", "higgs", true}, {"top", "top", false}};
    assert_int_equal(d->n_processes, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(d->process[i].name, expected[i].name);
        assert_string_equal(d->process[i].title, expected[i].title);
        assert_int_equal(d->process[i].signal, expected[i].signal);
    }
    dataset_destroy(d);
}

static const char least[] = "analysis: dimuon\n"
                            "samples: [{name: a, kind: data, files: [a.h5]}]\n";

static void the_least_run_file_has_defaults(void **state)
{
    (void)state;
    struct dataset *d = parse(least);
    assert_int_equal(d->target_events, 50000);
    assert_null(d->names);
    assert_null(d->units);
    assert_int_equal(d->n_eras, 0);
    assert_int_equal(d->n_processes, 0);
    assert_int_equal(d->sample[0].era, 0);
    assert_int_equal(d->settings.n, d->analysis->n_parameters);
    dataset_destroy(d);
}

static void the_folder_is_absolute(void **state)
{
    (void)state;
    char *here = getcwd(NULL, 0);
    assert_non_null(here);
    static const struct {
        const char *path;
        const char *folder;
    } cases[] = {{"/RUN.yaml", "/"},
                 {"/a/b/RUN.yaml", "/a/b"},
                 {"RUN.yaml", ""},
                 {"sub/RUN.yaml", "/sub"}};
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        char expected[4096];
        (void)snprintf(expected, sizeof expected, "%s%s", i < 2 ? "" : here, cases[i].folder);
        struct dataset *d = parse_at(cases[i].path, least);
        assert_string_equal(d->folder, expected);
        dataset_destroy(d);
    }
    free(here);
}

/* The first lines of the wrong files; what follows begins at line 3. */
#define HEAD   "analysis: higgs4l\nsamples:\n"
#define DATA   "  - {name: d, kind: data, files: [d.h5]}\n"
#define DATA_2 "  - {name: d, kind: data, era: 2012, files: [d.h5]}\n"
#define MC     "  - name: s\n    kind: simulation\n    process: p\n    files: [s.h5]\n"

static const struct {
    const char *text;
    const char *said; /* behind "RUN.yaml:" */
} wrong[] = {
    /* clang-format off */
    /* not a run file */
    {"", "1: there is nothing in it"},
    {"a: [", "2: "},
    {"a: 1\n\n\tb: 2\n", "3: "},
    {"a: 1\nb: 2\na: 3\n", "3: key 'a' a second time"},
    {"- a\n", "1: a list is not a map of fields"},
    {"words\n", "1: \"words\" is not a map of fields"},
    /* top level */
    {"samples: [{name: a, kind: data, files: [a.h5]}]\n", "1: analysis is missing"},
    {"analysis: dimuon\n", "1: samples is missing"},
    {HEAD DATA "sample: 3\n", "4: no field \"sample\" is known here; did you mean samples?"},
    {HEAD DATA "paramters: {}\n",
     "4: no field \"paramters\" is known here; did you mean parameters?"},
    {HEAD DATA "zzz: {}\n", "4: no field \"zzz\" is known here"},
    {"analysis: higs4l\nsamples: [{name: a, kind: data, files: [a.h5]}]\n",
     "1: analysis: no analysis \"higs4l\"; there are:"},
    {"samples: [{name: a, kind: data, files: [a.h5]}]\nanalysis: [dimuon]\n",
     "2: analysis: a list is not a text"},
    {"analysis: dimuon\nsamples: []\n", "2: samples: an empty list"},
    {"analysis: dimuon\nsamples:\n", "2: samples: nothing is said"},
    {"analysis: dimuon\nsamples: {a: b}\n", "2: samples: a map is not a list"},
    /* parameters */
    {HEAD DATA "parameters:\n  z1_min_gev: 40\n  z1_mini_gev: 3\n",
     "6: parameters: no parameter \"z1_mini_gev\"; there are:"},
    {HEAD DATA "parameters:\n  z1_min_gev: many\n",
     "5: parameters: parameter z1_min_gev: \"many\" is not a number"},
    {HEAD DATA "parameters: [1]\n", "4: parameters: a list is not a map"},
    {HEAD DATA "parameters:\n", "4: parameters: nothing is said"},
    /* shards */
    {HEAD DATA "shards: {target_events: 0}\n",
     "4: shards.target_events: 0 is not in 1 to 1099511627776"},
    {HEAD DATA "shards: {target_events: 1099511627777}\n",
     "4: shards.target_events: 1099511627777 is not in"},
    {HEAD DATA "shards: {target_events: 99999999999999999999999}\n",
     "4: shards.target_events: \"99999999999999999999999\" is not a whole number"},
    {HEAD DATA "shards:\n  target_events: 1.5\n",
     "5: shards.target_events: \"1.5\" is not a whole number"},
    {HEAD DATA "shards: {target_event: 5}\n",
     "4: shards: no field \"target_event\" is known here; did you mean target_events?"},
    /* units and columns */
    {HEAD DATA "units: {energy: eV}\n", "4: units.energy: \"eV\" is not one of: GeV MeV TeV"},
    {HEAD DATA "units: {energy: gev}\n", "4: units.energy: \"gev\" is not one of: GeV MeV TeV"},
    {HEAD DATA "units:\n  length: km\n", "5: units.length: \"km\" is not one of: cm mm um m"},
    {HEAD DATA "units: {lenght: m}\n",
     "4: units: no field \"lenght\" is known here; did you mean length?"},
    {HEAD DATA "units: GeV\n", "4: units: \"GeV\" is not a map"},
    {HEAD DATA "columns:\n  Moun_pt: x\n",
     "5: columns: higgs4l reads no column \"Moun_pt\"; did you mean Muon_pt?"},
    {HEAD DATA "columns:\n  Muon_pt: [x]\n", "5: columns.Muon_pt: a list is not a text"},
    {HEAD DATA "columns:\n  Muon_pt: \"\"\n", "5: columns.Muon_pt: an empty text"},
    /* eras */
    {HEAD DATA_2 "eras:\n  y2012: {energy_tev: 8}\n",
     "5: eras.y2012: \"y2012\" is not a whole number"},
    {HEAD DATA_2 "eras: {0: {}}\n", "4: eras.0: 0 is not in 1 to 999999"},
    {HEAD DATA_2 "eras:\n  2012: {}\n  2_012: {}\n", "6: eras.2_012: this era a second time"},
    {HEAD DATA_2 "eras: {2012: 8}\n", "4: eras.2012: \"8\" is not a map of fields"},
    {HEAD DATA_2 "eras: {2012: {energy: 8}}\n",
     "4: eras.2012: no field \"energy\" is known here"},
    {HEAD DATA_2 "eras: {2012: {energy_tev: -8}}\n",
     "4: eras.2012.energy_tev: -8 is not above 0"},
    {HEAD DATA_2 "eras: {2011: {energy_tev: 7}}\n",
     "3: samples[0].era: it is not one of those in eras"},
    {HEAD DATA "eras: {2011: {energy_tev: 7}}\n",
     "3: samples[0]: era is missing, as there are eras"},
    {HEAD DATA_2 MC, "4: samples[1]: era is missing, as other samples have one"},
    {HEAD MC DATA_2, "3: samples[0]: era is missing, as other samples have one"},
    /* data and simulation together */
    {HEAD DATA MC, "3: samples[0]: luminosity_pb is missing: the simulation of this run cannot"},
    {HEAD "  - {name: d, kind: data, luminosity_pb: 5, files: [d.h5]}\n" MC,
     "4: samples[1]: cross_section_pb is missing: this simulation cannot be scaled"},
    {HEAD MC "processes: [{name: pp}]\n",
     "7: processes: \"p\", the process of sample \"s\", is not listed"},

    /* processes */
    {HEAD DATA "processes: {a: b}\n", "4: processes: a map is not a list"},
    {HEAD DATA "processes:\n  - {title: x}\n", "5: processes[0]: name is missing"},
    {HEAD DATA "processes:\n  - {name: x}\n  - name: y\n    signal: yes\n",
     "7: processes[1].signal: \"yes\" is not true or false"},
    {HEAD DATA "processes:\n  - name: x\n  - name: x\n",
     "6: processes[1].name: \"x\" a second time"},
    {HEAD DATA "processes:\n  - name: x\n    colour: red\n",
     "6: processes[0]: no field \"colour\" is known here"},
    /* samples */
    {HEAD "  - d.h5\n", "3: samples[0]: \"d.h5\" is not a map of fields"},
    {HEAD "  - kind: data\n    files: [a]\n", "3: samples[0]: name is missing"},
    {HEAD "  - name: a\n    files: [a]\n", "3: samples[0]: kind is missing"},
    {HEAD "  - name: a\n    kind: data\n", "3: samples[0]: files is missing"},
    {HEAD "  - name: \"\"\n", "3: samples[0].name: an empty text"},
    {HEAD "  - name: \"a\\tb\"\n", "3: samples[0].name: control characters in a text"},
    {HEAD "  - name: \"a\\eb\"\n", "3: samples[0].name: control characters in a text"},
    {HEAD "  - name: [a]\n", "3: samples[0].name: a list is not a text"},
    {HEAD "  - name: a\n    kind: mc\n",
     "4: samples[0].kind: \"mc\" is not one of: data simulation"},
    {HEAD DATA MC "    era: abc\n", "8: samples[1].era: \"abc\" is not a whole number"},
    {HEAD DATA MC "    era: \"2012\"\n",
     "8: samples[1].era: the text \"2012\" is not a whole number"},
    {HEAD DATA MC "    era: 1e6\n", "8: samples[1].era: \"1e6\" is not a whole number"},
    {HEAD DATA MC "    era: 1000000\n", "8: samples[1].era: 1000000 is not in 1 to 999999"},
    {HEAD DATA MC "    era:\n", "8: samples[1].era: nothing is said"},
    {HEAD DATA MC "    cross_section: 3\n",
     "8: samples[1]: no field \"cross_section\" is known here; did you mean cross_section_pb?"},
    {HEAD MC "    cross_section_pb: 0\n", "7: samples[0].cross_section_pb: 0 is not above 0"},
    {HEAD MC "    cross_section_pb: .nan\n",
     "7: samples[0].cross_section_pb: \".nan\" is not a number"},
    {HEAD MC "    cross_section_pb: 1e400\n",
     "7: samples[0].cross_section_pb: \"1e400\" is not a number"},
    {HEAD MC "    cross_section_pb: 3 fb\n",
     "7: samples[0].cross_section_pb: \"3 fb\" is not a number"},
    {HEAD MC "    scale: -1\n", "7: samples[0].scale: -1 is not above 0"},
    {HEAD MC "    generated_events: -5\n",
     "7: samples[0].generated_events: \"-5\" is not a whole number"},
    {HEAD MC "    generated_events: 0\n",
     "7: samples[0].generated_events: 0 is not in 1 to 9007199254740992"},
    /* combinations */
    {HEAD MC "    luminosity_pb: 3\n", "7: samples[0].luminosity_pb: only data have it"},
    {HEAD DATA "  - name: e\n    kind: data\n    files: [a]\n    process: p\n",
     "7: samples[1].process: only simulation has it"},
    {HEAD "  - {name: e, kind: data, files: [a], cross_section_pb: 1}\n",
     "3: samples[0].cross_section_pb: only simulation has it"},
    {HEAD "  - {name: e, kind: data, files: [a], scale: 1}\n",
     "3: samples[0].scale: only simulation has it"},
    {HEAD "  - {name: e, kind: data, files: [a], weight: w}\n",
     "3: samples[0].weight: only simulation has it"},
    {HEAD "  - {name: e, kind: data, files: [a], generated_events: 1}\n",
     "3: samples[0].generated_events: only simulation has it"},
    {HEAD "  - {name: e, kind: simulation, files: [a]}\n", "3: samples[0]: process is missing"},
    {HEAD MC "    generated_events: 3\n    sum_of_weights: 3\n    weight: w\n",
     "7: samples[0].generated_events: one of generated_events and sum_of_weights"},
    {HEAD MC "    weight: w\n    generated_events: 3\n",
     "8: samples[0].generated_events: a sample with weights is counted by its sum_of_weights"},
    {HEAD MC "    sum_of_weights: 3\n", "7: samples[0].sum_of_weights: weight is missing"},
    {HEAD MC "    weight: none\n    sum_of_weights: 3\n",
     "8: samples[0].sum_of_weights: weight is missing"},
    {HEAD DATA DATA, "4: samples[1].name: \"d\" is the name of the sample of line 3 already"},
    /* channels */
    {HEAD MC "    channels: [4mu, 5mu]\n",
     "7: samples[0].channels[1]: higgs4l has no channel \"5mu\"; it has:"},
    {HEAD MC "    channels:\n      - 4mu\n      - 4mu\n",
     "9: samples[0].channels[1]: a second time"},
    {HEAD MC "    channels: 4mu\n", "7: samples[0].channels: \"4mu\" is not a list"},
    {HEAD MC "    channels: []\n", "7: samples[0].channels: an empty list"},
    {HEAD MC "    channels: [[4mu]]\n", "7: samples[0].channels[0]: a list is not a text"},
    /* files */
    {HEAD "  - {name: e, kind: data, files: a.h5}\n",
     "3: samples[0].files: \"a.h5\" is not a list"},
    {HEAD "  - {name: e, kind: data, files: []}\n", "3: samples[0].files: an empty list"},
    {HEAD "  - name: e\n    kind: data\n    files:\n      - a.h5\n      -\n",
     "7: samples[0].files[1]: nothing is said"},
    {HEAD "  - {name: e, kind: data, files: [[a.h5]]}\n",
     "3: samples[0].files[0]: a list is not a map of fields"},
    {HEAD "  - {name: e, kind: data, files: [{luminosity_pb: 3}]}\n",
     "3: samples[0].files[0]: pattern is missing"},
    {HEAD "  - {name: e, kind: data, files: [{pattern: a, luminosity: 3}]}\n",
     "3: samples[0].files[0]: no field \"luminosity\" is known here"},
    {HEAD "  - {name: e, kind: data, files: [{pattern: a, luminosity_pb: x}]}\n",
     "3: samples[0].files[0].luminosity_pb: \"x\" is not a number"},
    {HEAD "  - {name: e, kind: data, luminosity_pb: 3,\n"
          "     files: [{pattern: a, luminosity_pb: 3}]}\n",
     "4: samples[0].files[0]: luminosity_pb: the sample has one already"},
    {HEAD "  - name: e\n    kind: data\n    files:\n"
          "      - {pattern: a, luminosity_pb: 3}\n      - b\n",
     "7: samples[0].files[1]: luminosity_pb: for all of the files or for none"},
    {HEAD "  - name: e\n    kind: simulation\n    process: p\n"
          "    files: [{pattern: a, luminosity_pb: 3}]\n",
     "6: samples[0].files[0]: luminosity_pb: only data have it"},
    /* clang-format on */
};

static bool is_refused(const char *text, const char *said)
{
    struct error err = {0};
    char begin[256];
    (void)snprintf(begin, sizeof begin, "RUN.yaml:%s", said);
    struct dataset *d = dataset_parse("RUN.yaml", text, strlen(text), &err);
    bool right =
        d == NULL && err.kind == ERROR_INPUT && strncmp(err.text, begin, strlen(begin)) == 0;
    if (!right) {
        print_error("%s\n---\n'%s'\ndoes not begin\n'%s'\n", text, err.text, begin);
    }
    dataset_destroy(d);
    return right;
}

static void what_is_wrong_is_named_by_line_and_field(void **state)
{
    (void)state;
    size_t n_right = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
        n_right += is_refused(wrong[i].text, wrong[i].said);
    }
    assert_int_equal(n_right, ARRAY_LENGTH(wrong));
}

/* A file that is being written, or was cut on its way: refused at any length, or whole by
 * chance, but never a crash. */
static void a_run_file_cut_anywhere_does_no_harm(void **state)
{
    (void)state;
    for (size_t size = 0; size < sizeof everything - 1; size++) {
        struct error err = {0};
        char *cut = malloc(size + 1);
        assert_non_null(cut);
        memcpy(cut + 1, everything, size);
        struct dataset *d = dataset_parse("RUN.yaml", cut + 1, size, &err);
        assert_true(d != NULL || err.kind == ERROR_INPUT);
        dataset_destroy(d);
        free(cut);
    }
}

/* The two specifications are one, or are not, as they should be. */
static void check_same(const json_t *a, const json_t *b, bool same, const char *what)
{
    if ((json_equal(a, b) != 0) != same) {
        fail_msg("%s: %s", what, same ? "differs" : "makes no difference");
    }
}

static json_t *specify(const char *text)
{
    struct dataset *d = parse(text);
    json_t *json = dataset_specification(d);
    assert_non_null(json);
    dataset_destroy(d);
    return json;
}

/* The text with one part of it replaced; to be freed. */
static char *replace(const char *text, const char *part, const char *by)
{
    const char *at = strstr(text, part);
    assert_non_null(at);
    char *out = NULL;
    assert_true(asprintf(&out, "%.*s%s%s", (int)(at - text), text, by, at + strlen(part)) > 0);
    return out;
}

static void a_specification_tells_what_numbers_depend_on(void **state)
{
    (void)state;
    static const struct {
        const char *part;
        const char *by;
        bool same;
    } cases[] = {
        {"10_000", "20_000", true},
        {"title: \"ZZ, Z/gamma*\"", "title: \"ZZ\"", true},
        {"energy_tev: 8", "energy_tev: 9", true},
        {"luminosity_pb: 7132\n", "luminosity_pb: 7132.0 # measured\n", true},
        {"scale: 1.5", "scale: 15.0e-1", true},
        {"z1_min_gev: 41.5", "z1_min_gev: 42", false},
        {"DoubleMuParked", "DoubleMu", false},
        {"[4mu, 2mu2e]", "[4mu]", false},
        {"luminosity_pb: 7132", "luminosity_pb: 7133", false},
        {"other.h5", "another.h5", false},
        {"12.5", "12.25", false},
        {"0.0065", "0.0066", false},
        {"scale: 1.5", "scale: 1.25", false},
        {"299_973", "299_974", false},
        {"1234.5", "1234.25", false},
        {"process: top", "process: zz", false},
        {"MeV", "GeV", false},
        {"muons/pt", "muons/p_t", false},
        {"11580", "11581", false},
        {"signal: true", "signal: false", false},
    };
    json_t *before = specify(everything);
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        char *text = replace(everything, cases[i].part, cases[i].by);
        json_t *after = specify(text);
        check_same(before, after, cases[i].same, cases[i].by);
        json_decref(after);
        free(text);
    }
    json_decref(before);
}

/* As it is kept in the ledger and compared with a fresh one at the next start. */
static void a_specification_survives_being_written(void **state)
{
    (void)state;
    struct buffer text = {0};
    struct error err = {0};
    json_t *json = specify(everything);
    check_ok(json_write_canonical(json, &text, &err), &err);
    json_t *again = json_parse(text.data, text.size, text.size, &err);
    assert_true(json_equal(json, again));
    const json_t *sample = json_array_get(json_object_get(again, "samples"), 0);
    assert_true(json_number_value(json_object_get(sample, "luminosity_pb")) == 7132);
    json_decref(json);
    json_decref(again);
    buffer_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_file_says_all_this),
        cmocka_unit_test(samples_of_data_are_read),
        cmocka_unit_test(samples_of_simulation_are_read),
        cmocka_unit_test(processes_are_those_listed),
        cmocka_unit_test(the_least_run_file_has_defaults),
        cmocka_unit_test(the_folder_is_absolute),
        cmocka_unit_test(what_is_wrong_is_named_by_line_and_field),
        cmocka_unit_test(a_run_file_cut_anywhere_does_no_harm),
        cmocka_unit_test(a_specification_tells_what_numbers_depend_on),
        cmocka_unit_test(a_specification_survives_being_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
