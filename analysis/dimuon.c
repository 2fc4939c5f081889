/* SPDX-License-Identifier: Apache-2.0 */
/* dimuon.c - the dimuon spectrum: the mass of every muon pair of an event, opposite charges in
 * channel os, equal ones as the control in channel ss. Selection and masses: CERN Open Data
 * records of CMS dimuon events; window axes lie around the particles that decay to two muons
 * (Particle Data Group: J/psi 3.0969, psi(2S) 3.6861, Upsilon 9.4604, Z 91.188 GeV). */
#include "analysis/dimuon.h"

#include "analysis/kinematics.h"
#include "base/size.h"

const double dimuon_mass_gev = 0.105658;

static const char *const channels[] = {[CHANNEL_OS] = "os", [CHANNEL_SS] = "ss"};

static const struct parameter parameters[] = {
    /* clang-format off */
    [MUON_ENERGY] = {"muon_energy", PARAMETER_CHOICE,
        "energy from the nominal muon mass, from the stored Muon_mass, or the stored Muon_energy",
        .choices = "nominal mass energy"},
    [MUONS_EXACTLY] = {"muons_exactly", PARAMETER_CHOICE,
        "2: only events with exactly two muons", .choices = "off 2"},
    [MASS_AXIS] = {"mass_axis", PARAMETER_AXIS, "bins of the spectrum, GeV",
        .axis = "{\"log\": [600, 0.25, 250]}"},
    [MASS_LINEAR_AXIS] = {"mass_linear_axis", PARAMETER_AXIS, "its linear twin, GeV",
        .axis = "{\"regular\": [600, 0, 300]}"},
    [JPSI_AXIS] = {"jpsi_axis", PARAMETER_AXIS, "window around the J/psi, GeV",
        .axis = "{\"regular\": [100, 2.6, 3.6]}"},
    [PSI2S_AXIS] = {"psi2s_axis", PARAMETER_AXIS, "window around the psi(2S), GeV",
        .axis = "{\"regular\": [60, 3.4, 4.0]}"},
    [UPSILON_AXIS] = {"upsilon_axis", PARAMETER_AXIS, "window around the Upsilon states, GeV",
        .axis = "{\"regular\": [75, 8.5, 11.5]}"},
    [Z_AXIS] = {"z_axis", PARAMETER_AXIS, "window around the Z, GeV",
        .axis = "{\"regular\": [60, 60, 120]}"},
    /* clang-format on */
};

static bool wants_mass(const struct settings *s)
{
    return s->at[MUON_ENERGY].choice == ENERGY_MASS;
}

static bool wants_energy(const struct settings *s)
{
    return s->at[MUON_ENERGY].choice == ENERGY_STORED;
}

static const struct need needs[] = {
    /* clang-format off */
    [PT] = {"Muon_pt", "nMuon", COLUMN_REAL, UNIT_GEV, "muon momentum", 1},
    [ETA] = {"Muon_eta", "nMuon", COLUMN_REAL, UNIT_NONE, "muon momentum", 1},
    [PHI] = {"Muon_phi", "nMuon", COLUMN_REAL, UNIT_RAD, "muon momentum", 1},
    [PX] = {"Muon_px", "nMuon", COLUMN_REAL, UNIT_GEV, "muon momentum", 2},
    [PY] = {"Muon_py", "nMuon", COLUMN_REAL, UNIT_GEV, "muon momentum", 2},
    [PZ] = {"Muon_pz", "nMuon", COLUMN_REAL, UNIT_GEV, "muon momentum", 2},
    [MASS] = {"Muon_mass", "nMuon", COLUMN_REAL, UNIT_GEV, .wanted = wants_mass},
    [ENERGY] = {"Muon_energy", "nMuon", COLUMN_REAL, UNIT_GEV, .wanted = wants_energy},
    [CHARGE] = {"Muon_charge", "nMuon", COLUMN_INTEGER, UNIT_NONE},
    /* clang-format on */
};

static const struct figure figures[] = {
    {"mass", "m(\xce\xbc\xce\xbc)", "GeV", .log_x = true, .log_y = true},
    {"mass_linear", "m(\xce\xbc\xce\xbc)", "GeV", .log_y = true},
    {"jpsi", "m(\xce\xbc\xce\xbc)", "GeV"},
    {"psi2s", "m(\xce\xbc\xce\xbc)", "GeV"},
    {"upsilon", "m(\xce\xbc\xce\xbc)", "GeV"},
    {"z", "m(\xce\xbc\xce\xbc)", "GeV"},
};

_Static_assert(ARRAY_LENGTH(figures) == N_HISTS, "a histogram for each figure");

/* The axis of each figure, in their order. */
const size_t dimuon_figure_axis[N_HISTS] = {MASS_AXIS,  MASS_LINEAR_AXIS, JPSI_AXIS,
                                            PSI2S_AXIS, UPSILON_AXIS,     Z_AXIS};

static const char *const step_names[N_STEPS] = {[STEP_ALL] = "all", [STEP_PAIR] = "pair"};

static int book(const struct settings *settings, struct partial *out, struct error *err)
{
    int rc = 0;
    for (size_t c = 0; rc == 0 && c < N_CHANNELS; c++) {
        rc = analysis_book_figures(&analysis_dimuon, channels[c], settings, dimuon_figure_axis,
                                   out, err);
        for (size_t s = 0; rc == 0 && s < N_STEPS; s++) {
            rc = partial_book_step(out, channels[c], step_names[s], err);
        }
    }
    return rc;
}

static struct momentum muon(const struct batch *batch, size_t i, size_t energy)
{
    const struct column *c = batch->column;
    double x = 0;
    double y = 0;
    double z = 0;
    double mass = energy == ENERGY_MASS ? column_real(&c[MASS], i) : dimuon_mass_gev;
    if (column_present(&c[PX])) {
        x = column_real(&c[PX], i);
        y = column_real(&c[PY], i);
        z = column_real(&c[PZ], i);
    } else {
        struct momentum p = momentum_polar(column_real(&c[PT], i), column_real(&c[ETA], i),
                                           column_real(&c[PHI], i), mass);
        if (energy != ENERGY_STORED) {
            return p;
        }
        x = p.px;
        y = p.py;
        z = p.pz;
    }
    return energy == ENERGY_STORED ? momentum_stored(x, y, z, column_real(&c[ENERGY], i))
                                   : momentum_cartesian(x, y, z, mass);
}

/* Nothing if there is no channel. */
static void fill_pair(const struct momentum *a, const struct momentum *b, uint32_t channel,
                      double weight, struct partial *out)
{
    if (channel == 0) {
        return;
    }
    size_t first = channel >> CHANNEL_SS != 0 ? N_HISTS : 0;
    double mass = momentum_mass(a, b);
    for (size_t h = 0; h < N_HISTS; h++) {
        hist_fill(&out->hist[first + h].hist, mass, weight);
    }
}

void dimuon_fill(const struct batch *batch, const struct dimuon_pair *pair, size_t energy,
                 struct partial *out)
{
    struct momentum a = muon(batch, pair->i, energy);
    struct momentum b = muon(batch, pair->j, energy);
    fill_pair(&a, &b, pair->channel, batch_weight(batch, pair->event), out);
}

/* The pairs of one event in the channels of these bits; returns the bits of those with a pair. */
static uint32_t fill_event(const struct batch *batch, size_t event, size_t energy,
                           uint32_t channel_bits, struct partial *out)
{
    const uint32_t *offset = batch->column[CHARGE].offset;
    const int32_t *charge = batch->column[CHARGE].i32;
    uint32_t filled = 0;
    for (uint32_t i = offset[event]; i + 1 < offset[event + 1]; i++) {
        struct momentum a = muon(batch, i, energy);
        for (uint32_t j = i + 1; j < offset[event + 1]; j++) {
            uint32_t channel = dimuon_channel(charge[i], charge[j]) & channel_bits;
            struct momentum b = muon(batch, j, energy);
            fill_pair(&a, &b, channel, batch_weight(batch, event), out);
            filled |= channel;
        }
    }
    return filled;
}

void dimuon_pass(uint32_t channel_bits, uint32_t with_pair, double weight, struct partial *out)
{
    for (size_t c = 0; c < N_CHANNELS; c++) {
        if ((channel_bits >> c & 1) != 0) {
            partial_pass(out, c * N_STEPS + STEP_ALL, weight);
        }
        if ((with_pair >> c & 1) != 0) {
            partial_pass(out, c * N_STEPS + STEP_PAIR, weight);
        }
    }
}

static void process(const struct batch *batch, size_t first, size_t stop,
                    const struct settings *settings, uint32_t channel_bits, struct partial *out)
{
    const uint32_t *offset = batch->column[CHARGE].offset;
    size_t energy = settings->at[MUON_ENERGY].choice;
    bool exactly_two = settings->at[MUONS_EXACTLY].choice == EXACTLY_TWO;
    for (size_t event = first; event < stop; event++) {
        uint32_t with_pair = 0;
        if (!exactly_two || offset[event + 1] - offset[event] == 2) {
            with_pair = fill_event(batch, event, energy, channel_bits, out);
        }
        dimuon_pass(channel_bits, with_pair, batch_weight(batch, event), out);
    }
}

const struct analysis analysis_dimuon = {
    .name = "dimuon",
    .version = 1,
    .summary = "Mass spectrum of muon pairs, opposite charges and the same-charge control",
    .channel = channels,
    .n_channels = N_CHANNELS,
    .control = "ss",
    .control_title = "Same sign",
    .parameter = parameters,
    .n_parameters = ARRAY_LENGTH(parameters),
    .need = needs,
    .n_needs = ARRAY_LENGTH(needs),
    .figure = figures,
    .n_figures = ARRAY_LENGTH(figures),
    .book = book,
    .process = process,
    .kernel = &dimuon_kernel,
};
