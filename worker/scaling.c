/* SPDX-License-Identifier: Apache-2.0 */
/* scaling.c - see scaling.h */
#include "worker/scaling.h"

#include <string.h>

#include "base/size.h"

struct known_unit {
    const char *word;
    enum unit unit;
    struct scaling scaling; /* factor 0: known, and never accepted */
};

/* Factors are whole, so that a value is scaled by one rounding: MeV to GeV is / 1000, since
 * 0.001 is no double. */
static const struct known_unit known_units[] = {
    /* clang-format off */
    {"GeV", UNIT_GEV, {1, false}},
    {"MeV", UNIT_GEV, {1000, true}},
    {"TeV", UNIT_GEV, {1000, false}},
    {"cm", UNIT_CM, {1, false}},
    {"mm", UNIT_CM, {10, true}},
    {"um", UNIT_CM, {10000, true}},
    {"m", UNIT_CM, {100, false}},
    {"rad", UNIT_RAD, {1, false}},
    {"radian", UNIT_RAD, {1, false}},
    {"radians", UNIT_RAD, {1, false}},
    {"deg", UNIT_RAD, {0, false}},
    {"degree", UNIT_RAD, {0, false}},
    {"degrees", UNIT_RAD, {0, false}},
    /* clang-format on */
};

/* What the run file calls the quantity, and which words it may have. */
static const struct {
    const char *quantity;
    const char *example;
    const char *words;
} quantities[UNITS] = {
    [UNIT_GEV] = {"energy", "GeV", "GeV, MeV, TeV"},
    [UNIT_CM] = {"length", "cm", "cm, mm, um, m"},
};

/* Momenta and masses may be in GeV/c and GeV/c^2: the same number, with c = 1. */
static size_t length_without_c(const char *word)
{
    static const char *const endings[] = {"/c^2", "/c2", "/c"};
    size_t length = strlen(word);
    for (size_t i = 0; i < ARRAY_LENGTH(endings); i++) {
        size_t n = strlen(endings[i]);
        if (length > n && strcmp(word + length - n, endings[i]) == 0) {
            return length - n;
        }
    }
    return length;
}

static const struct known_unit *find_word(const char *word)
{
    size_t length = strlen(word);
    for (size_t i = 0; i < ARRAY_LENGTH(known_units); i++) {
        const struct known_unit *k = &known_units[i];
        size_t n = k->unit == UNIT_GEV ? length_without_c(word) : length;
        if (strlen(k->word) == n && strncmp(k->word, word, n) == 0) {
            return k;
        }
    }
    return NULL;
}

/* Energies and lengths: somebody must have said it. */
static int find_dimensioned(enum unit needed, const char *file_word, const char *run_word,
                            struct scaling *out, const char **known, struct error *err)
{
    const char *quantity = quantities[needed].quantity;
    const char *word = file_word[0] != '\0' ? file_word : run_word;
    if (word == NULL) {
        return error_set(err, ERROR_INPUT,
                         "unit unknown; the file has no attribute \"units\": say units: "
                         "{%s: %s} in the run file",
                         quantity, quantities[needed].example);
    }
    const struct known_unit *k = find_word(word);
    if (k == NULL || k->unit != needed) {
        return error_set(err, ERROR_INPUT, "unit \"%s\" is none of %s", word,
                         quantities[needed].words);
    }
    const struct known_unit *run = run_word == NULL ? k : find_word(run_word);
    if (run == NULL || run->unit != needed || run->scaling.factor != k->scaling.factor ||
        run->scaling.divide != k->scaling.divide) {
        return error_set(err, ERROR_INPUT,
                         "unit \"%s\" in the file, but units: {%s: %s} in the run file", word,
                         quantity, run_word);
    }
    *out = k->scaling;
    *known = k->word;
    return 0;
}

/* Angles and pure numbers: what the file says must not contradict. */
static int check_undimensioned(enum unit needed, const char *word, struct error *err)
{
    const struct known_unit *k = find_word(word);
    bool silent = word[0] == '\0' || strcmp(word, "1") == 0 || strcmp(word, "none") == 0;
    if (needed == UNIT_NONE && k != NULL) {
        return error_set(err, ERROR_INPUT, "unit \"%s\"; a number without unit is needed",
                         word);
    }
    if (needed == UNIT_RAD && !silent &&
        (k == NULL || k->unit != UNIT_RAD || k->scaling.factor == 0)) {
        return error_set(err, ERROR_INPUT, "unit \"%s\"; rad is needed", word);
    }
    return 0;
}

int scaling_find(enum unit needed, const char *file_word, const json_t *units,
                 struct scaling *out, const char **word, struct error *err)
{
    *out = (struct scaling){.factor = 1};
    if (needed != UNIT_GEV && needed != UNIT_CM) {
        *word = file_word[0] != '\0' ? file_word : unit_name(needed);
        return check_undimensioned(needed, file_word, err);
    }
    const char *run_word =
        json_string_value(json_object_get(units, quantities[needed].quantity));
    return find_dimensioned(needed, file_word, run_word, out, word, err);
}
