/* SPDX-License-Identifier: Apache-2.0 */
/* test_k8s_ensure.c - claims about k8s_ensure and k8s_list of k8s/k8s.h, with a server in this
 * process that makes the faults */
#include "k8s/k8s_stream.h"
#include "tests/support/fake_api.h"

/* An object of ours, with a label and a hash. */
#define OBJECT(label, hash)                                                                    \
    "{\"kind\":\"Job\",\"metadata\":{\"name\":\"j\",\"uid\":\"u\",\"labels\":{\"run\":"        \
    "\"" label "\",\"more\":\"m\"},\"annotations\":{\"picobarn/spec-hash\":\"" hash "\"}}}"
#define STATUS(reason, message)                                                                \
    "{\"kind\":\"Status\",\"reason\":\"" reason "\",\"message\":\"" message "\"}"

enum { TEXTS = 4 };

struct ensure_case {
    const char *what;
    struct fake_reply reply[TEXTS];
    size_t n; /* of them, all of which are used */
    bool created;
    const char *refusal; /* NULL: it is there in the end */
};

#define LOST                                                                                   \
    {                                                                                          \
        .then = FAKE_RESET                                                                     \
    }
#define CREATED                                                                                \
    {                                                                                          \
        201, NULL, OBJECT("a", "h")                                                            \
    }
#define THERE(label, hash)                                                                     \
    {                                                                                          \
        200, NULL, OBJECT(label, hash)                                                         \
    }
#define EXISTS                                                                                 \
    {                                                                                          \
        409, NULL, STATUS("AlreadyExists", "jobs.batch j already exists")                      \
    }
#define NOTHING                                                                                \
    {                                                                                          \
        404, NULL, STATUS("NotFound", "jobs.batch j not found")                                \
    }
#define BROKEN                                                                                 \
    {                                                                                          \
        500, NULL, STATUS("InternalError", "etcd")                                             \
    }

static const struct ensure_case cases[] = {
    {"made at once", {CREATED}, 1, true, NULL},
    {"there already", {EXISTS, THERE("a", "h")}, 2, false, NULL},
    {"applied, the answer lost", {LOST, THERE("a", "h")}, 2, false, NULL},
    {"applied, answered by 500", {BROKEN, THERE("a", "h")}, 2, false, NULL},
    {"never applied", {LOST, NOTHING, CREATED}, 3, true, NULL},
    {"lost, lost, and there", {LOST, NOTHING, EXISTS, THERE("a", "h")}, 4, false, NULL},
    {"gone before it was looked at", {EXISTS, NOTHING, CREATED}, 3, true, NULL},
    {"of another run", {EXISTS, THERE("b", "h")}, 2, false, "label run is 'b', not 'a'"},
    {"of something else", {EXISTS, THERE("a", "i")}, 2, false, "spec-hash is 'i', not 'h'"},
    {"half of ours", {LOST, THERE("", "h")}, 2, false, "label run is '', not 'a'"},
    {"being deleted",
     {EXISTS,
      {200, NULL,
       "{\"kind\":\"Job\",\"metadata\":{\"name\":\"j\",\"deletionTimestamp\":\"x\","
       "\"labels\":{\"run\":\"a\"},\"annotations\":{\"picobarn/spec-hash\":\"h\"}}}"}},
     2,
     false,
     "is being deleted"},
    {"no right",
     {{403, NULL, STATUS("Forbidden", "exceeded quota")}},
     1,
     false,
     "exceeded quota"},
    {"invalid", {{422, NULL, STATUS("Invalid", "spec.x")}}, 1, false, "spec.x"},
    {"no right to look",
     {EXISTS, {403, NULL, STATUS("Forbidden", "cannot get")}},
     2,
     false,
     "cannot get"},
};

static void check_case(const struct ensure_case *c)
{
    struct error err = {0};
    struct fake_api api;
    char *folder = check_make_folder();
    json_t *made = NULL;
    bool created = false;
    json_t *object = json_pack("{s:s, s:{s:s, s:{s:s}, s:{s:s}}}", "kind", "Job", "metadata",
                               "name", "j", "labels", "run", "a", "annotations", K8S_HASH, "h");
    fake_start(&api, c->reply, c->n);
    struct k8s *k = fake_client(&api, folder, "{}");
    int rc = k8s_ensure_now(k, object, false, &made, &created, &err);
    if (c->refusal == NULL) {
        check_ok(rc, &err);
        assert_string_equal(k8s_metadata(made, "uid"), "u");
    } else {
        assert_int_equal(rc, -1);
        check_contains(err.text, c->refusal);
    }
    assert_int_equal(created, c->created);
    k8s_close(k);
    fake_stop(&api);
    assert_int_equal(api.n_requests, c->n);
    for (size_t i = 0; i < api.n_requests; i++) {
        const char *line = api.request[i].line;
        check_contains(line,
                       line[0] == 'P'
                           ? "POST /apis/batch/v1/namespaces/n/jobs?fieldValidation=Strict HTTP"
                           : "GET /apis/batch/v1/namespaces/n/jobs/j HTTP");
    }
    json_decref(made);
    json_decref(object);
    fake_release(&api);
    check_remove_folder(folder);
}

static void an_object_is_made_once_or_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        print_message("%s\n", cases[i].what);
        check_case(&cases[i]);
    }
}

static void what_has_no_kind_or_name_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {"{}", "{\"kind\":\"Job\"}", "[]",
                                        "{\"kind\":\"Pony\",\"metadata\":{\"name\":\"x\"}}"};
    struct fake_api api;
    char *folder = check_make_folder();
    fake_start(&api, NULL, 0);
    struct k8s *k = fake_client(&api, folder, "{}");
    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
        struct error err = {0};
        json_t *object = json_parse(wrong[i], strlen(wrong[i]), 1000, &err);
        assert_int_equal(k8s_ensure_now(k, object, false, NULL, NULL, &err), -1);
        assert_int_equal(err.kind, ERROR_INPUT);
        json_decref(object);
    }
    k8s_close(k);
    fake_stop(&api);
    fake_release(&api);
    check_remove_folder(folder);
}

#define PAGE(items, token) "{\"metadata\":{\"continue\":\"" token "\"},\"items\":" items "}"

static const struct {
    struct fake_reply reply[TEXTS];
    size_t n;
    const char *all; /* NULL: refused */
} list_cases[] = {
    {{{200, NULL, PAGE("[1,2]", "t/1")}, {200, NULL, PAGE("[3]", "")}}, 2, "[1,2,3]"},
    {{{200, NULL, PAGE("[]", "")}}, 1, "[]"},
    {{{200, NULL, PAGE("null", "")}}, 1, "[]"},
    {{{200, NULL, PAGE("[1,2]", "t/1")},
      {410, NULL, STATUS("Expired", "old")},
      {200, NULL, PAGE("[4]", "t/2")},
      {200, NULL, PAGE("[5]", "")}},
     4,
     "[4,5]"},
    {{{200, NULL, PAGE("[1]", "t/1")}, {403, NULL, STATUS("Forbidden", "no")}}, 2, NULL},
    {{{200, NULL, PAGE("7", "")}}, 1, NULL},
};

static void a_list_is_made_of_all_pages_of_one_pass(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(list_cases); i++) {
        struct error err = {0};
        struct fake_api api;
        struct buffer text = {0};
        char *folder = check_make_folder();
        fake_start(&api, list_cases[i].reply, list_cases[i].n);
        struct k8s *k = fake_client(&api, folder, "{}");
        json_t *all = k8s_list(k, K8S_PODS, "a=b,c", "status.phase=Failed", &err);
        assert_int_equal(all != NULL, list_cases[i].all != NULL);
        if (all != NULL) {
            check_ok(json_write_canonical(all, &text, &err), &err);
            assert_string_equal(buffer_string(&text), list_cases[i].all);
        }
        k8s_close(k);
        fake_stop(&api);
        assert_int_equal(api.n_requests, list_cases[i].n);
        check_begins(api.request[0].line,
                     "GET /api/v1/namespaces/n/pods?labelSelector=a%3Db%2Cc&fieldSelector="
                     "status.phase%3DFailed&limit=500 ");
        if (api.n_requests > 1) {
            check_contains(api.request[1].line, "&continue=t%2F1 ");
        }
        json_decref(all);
        buffer_release(&text);
        fake_release(&api);
        check_remove_folder(folder);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_object_is_made_once_or_refused),
        cmocka_unit_test(what_has_no_kind_or_name_is_refused),
        cmocka_unit_test(a_list_is_made_of_all_pages_of_one_pass),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
