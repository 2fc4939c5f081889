/* SPDX-License-Identifier: Apache-2.0 */
/* higgs4l.c - the Higgs boson to four leptons in the channels 4mu, 4e and 2mu2e: the selection
 * of CERN Open Data record 5500 (a simplified form of CMS, Phys. Lett. B 716 (2012) 30).
 *
 * Good leptons in falling pT; of 4mu and 4e the first four, of 2mu2e the two hardest of each
 * kind. Two neutral pairs; Z1 is the pair nearer to the Z's mass. Every comparison is strict.
 * The channels are decided independently of each other, an event enters one at most once. */
#include <math.h>

#include "analysis/analysis.h"
#include "analysis/kinematics.h"
#include "base/size.h"

enum { CHANNEL_4MU, CHANNEL_4E, CHANNEL_2MU2E, N_CHANNELS };
static const char *const channels[] = {
    [CHANNEL_4MU] = "4mu", [CHANNEL_4E] = "4e", [CHANNEL_2MU2E] = "2mu2e"};

enum {
    MUON_PT_MIN,
    MUON_ETA_MAX,
    ELECTRON_PT_MIN,
    ELECTRON_ETA_MAX,
    SIP3D_MAX,
    DXY_MAX,
    DZ_MAX,
    ISOLATION_MAX,
    LOST_HITS_MAX,
    MUON_MASS,
    ELECTRON_MASS,
    Z_MASS,
    Z1_HARD_PT_MIN,
    Z1_SOFT_PT_MIN,
    Z1_MIN,
    Z1_MAX,
    Z2_MIN,
    Z2_MAX,
    M4L_MIN,
    M4L_AXIS,
    M4L_WIDE_AXIS,
    Z1_AXIS,
    Z2_AXIS,
};

static const struct parameter parameters[] = {
    /* clang-format off */
    [MUON_PT_MIN] = {"muon_pt_min_gev", PARAMETER_REAL, "muons: pT above this", 5},
    [MUON_ETA_MAX] = {"muon_eta_max", PARAMETER_REAL, "muons: abs(eta) below this", 2.4},
    [ELECTRON_PT_MIN] = {"electron_pt_min_gev", PARAMETER_REAL, "electrons: pT above this", 7},
    [ELECTRON_ETA_MAX] = {"electron_eta_max", PARAMETER_REAL, "electrons: abs(eta) below this", 2.5},
    [SIP3D_MAX] = {"sip3d_max", PARAMETER_CUT,
        "impact parameter in three dimensions over its error, below this", 4},
    [DXY_MAX] = {"dxy_max_cm", PARAMETER_CUT, "abs(dxy) below this", 0.5},
    [DZ_MAX] = {"dz_max_cm", PARAMETER_CUT, "abs(dz) below this", 1.0},
    [ISOLATION_MAX] = {"isolation_max", PARAMETER_CUT,
        "absolute value of the relative isolation below this", 0.4},
    [LOST_HITS_MAX] = {"electron_lost_hits_max", PARAMETER_CUT,
        "electrons: missing inner hits at most this, where the file has them", 1},
    [MUON_MASS] = {"muon_mass_gev", PARAMETER_REAL, "mass given to muons", 0.105658},
    [ELECTRON_MASS] = {"electron_mass_gev", PARAMETER_REAL, "mass given to electrons", 0.0005109989},
    [Z_MASS] = {"z_mass_gev", PARAMETER_REAL, "mass of the Z boson", 91.1876},
    [Z1_HARD_PT_MIN] = {"z1_hard_pt_min_gev", PARAMETER_REAL, "harder lepton of Z1: pT above this", 20},
    [Z1_SOFT_PT_MIN] = {"z1_soft_pt_min_gev", PARAMETER_REAL, "softer lepton of Z1: pT above this", 10},
    [Z1_MIN] = {"z1_min_gev", PARAMETER_REAL, "mass of Z1 above this", 40},
    [Z1_MAX] = {"z1_max_gev", PARAMETER_REAL, "mass of Z1 below this", 120},
    [Z2_MIN] = {"z2_min_gev", PARAMETER_REAL, "mass of Z2 above this", 12},
    [Z2_MAX] = {"z2_max_gev", PARAMETER_REAL, "mass of Z2 below this", 120},
    [M4L_MIN] = {"m4l_min_gev", PARAMETER_REAL, "mass of the four leptons above this", 70},
    [M4L_AXIS] = {"m4l_axis", PARAMETER_AXIS, "bins of m4l, GeV",
        .axis = "{\"regular\": [37, 70, 181]}"},
    [M4L_WIDE_AXIS] = {"m4l_wide_axis", PARAMETER_AXIS, "bins of m4l_wide, GeV",
        .axis = "{\"regular\": [300, 0, 900]}"},
    [Z1_AXIS] = {"z1_mass_axis", PARAMETER_AXIS, "bins of z1_mass, GeV",
        .axis = "{\"regular\": [60, 0, 120]}"},
    [Z2_AXIS] = {"z2_mass_axis", PARAMETER_AXIS, "bins of z2_mass, GeV",
        .axis = "{\"regular\": [60, 0, 120]}"},
    /* clang-format on */
};

static bool wants_sip3d(const struct settings *s)
{
    return !s->at[SIP3D_MAX].off;
}

static bool wants_dxy(const struct settings *s)
{
    return !s->at[DXY_MAX].off;
}

static bool wants_dz(const struct settings *s)
{
    return !s->at[DZ_MAX].off;
}

static bool wants_isolation(const struct settings *s)
{
    return !s->at[ISOLATION_MAX].off;
}

static bool wants_lost_hits(const struct settings *s)
{
    return !s->at[LOST_HITS_MAX].off;
}

/* A kind of lepton's columns, counted from its first need. */
enum {
    PT,
    ETA,
    PHI,
    PX,
    PY,
    PZ,
    CHARGE,
    ISOLATION,
    DXY,
    DZ,
    SIP3D,
    SIP_DXY,
    SIP_DXY_ERR,
    SIP_DZ,
    SIP_DZ_ERR,
    N_LEPTON_NEEDS
};
enum { MUONS = 0, ELECTRONS = N_LEPTON_NEEDS, LOST_HITS = 2 * N_LEPTON_NEEDS };

/* One row: a real column of a lepton, a value an object. */
#define REAL(lepton, column, unit, ...)                                                        \
    {                                                                                          \
#lepton "_" column, "n" #lepton, COLUMN_REAL, unit, __VA_ARGS__                        \
    }

/* Momentum as pt, eta, phi or as px, py, pz; sip3d as a column, else from its parts. */
static const struct need needs[] = {
    /* clang-format off */
    [MUONS + PT] = REAL(Muon, "pt", UNIT_GEV, "Muon momentum", 1),
    [MUONS + ETA] = REAL(Muon, "eta", UNIT_NONE, "Muon momentum", 1),
    [MUONS + PHI] = REAL(Muon, "phi", UNIT_RAD, "Muon momentum", 1),
    [MUONS + PX] = REAL(Muon, "px", UNIT_GEV, "Muon momentum", 2),
    [MUONS + PY] = REAL(Muon, "py", UNIT_GEV, "Muon momentum", 2),
    [MUONS + PZ] = REAL(Muon, "pz", UNIT_GEV, "Muon momentum", 2),
    [MUONS + CHARGE] = {"Muon_charge", "nMuon", COLUMN_INTEGER, UNIT_NONE},
    [MUONS + ISOLATION] = REAL(Muon, "pfRelIso04_all", UNIT_NONE, .wanted = wants_isolation),
    [MUONS + DXY] = REAL(Muon, "dxy", UNIT_CM, .wanted = wants_dxy),
    [MUONS + DZ] = REAL(Muon, "dz", UNIT_CM, .wanted = wants_dz),
    [MUONS + SIP3D] = REAL(Muon, "sip3d", UNIT_NONE, "Muon sip3d", 1, .wanted = wants_sip3d),
    [MUONS + SIP_DXY] = REAL(Muon, "dxy", UNIT_CM, "Muon sip3d", 2, .wanted = wants_sip3d),
    [MUONS + SIP_DXY_ERR] = REAL(Muon, "dxyErr", UNIT_CM, "Muon sip3d", 2, .wanted = wants_sip3d),
    [MUONS + SIP_DZ] = REAL(Muon, "dz", UNIT_CM, "Muon sip3d", 2, .wanted = wants_sip3d),
    [MUONS + SIP_DZ_ERR] = REAL(Muon, "dzErr", UNIT_CM, "Muon sip3d", 2, .wanted = wants_sip3d),
    [ELECTRONS + PT] = REAL(Electron, "pt", UNIT_GEV, "Electron momentum", 1),
    [ELECTRONS + ETA] = REAL(Electron, "eta", UNIT_NONE, "Electron momentum", 1),
    [ELECTRONS + PHI] = REAL(Electron, "phi", UNIT_RAD, "Electron momentum", 1),
    [ELECTRONS + PX] = REAL(Electron, "px", UNIT_GEV, "Electron momentum", 2),
    [ELECTRONS + PY] = REAL(Electron, "py", UNIT_GEV, "Electron momentum", 2),
    [ELECTRONS + PZ] = REAL(Electron, "pz", UNIT_GEV, "Electron momentum", 2),
    [ELECTRONS + CHARGE] = {"Electron_charge", "nElectron", COLUMN_INTEGER, UNIT_NONE},
    [ELECTRONS + ISOLATION] = REAL(Electron, "pfRelIso03_all", UNIT_NONE, .wanted = wants_isolation),
    [ELECTRONS + DXY] = REAL(Electron, "dxy", UNIT_CM, .wanted = wants_dxy),
    [ELECTRONS + DZ] = REAL(Electron, "dz", UNIT_CM, .wanted = wants_dz),
    [ELECTRONS + SIP3D] = REAL(Electron, "sip3d", UNIT_NONE, "Electron sip3d", 1, .wanted = wants_sip3d),
    [ELECTRONS + SIP_DXY] = REAL(Electron, "dxy", UNIT_CM, "Electron sip3d", 2, .wanted = wants_sip3d),
    [ELECTRONS + SIP_DXY_ERR] = REAL(Electron, "dxyErr", UNIT_CM, "Electron sip3d", 2, .wanted = wants_sip3d),
    [ELECTRONS + SIP_DZ] = REAL(Electron, "dz", UNIT_CM, "Electron sip3d", 2, .wanted = wants_sip3d),
    [ELECTRONS + SIP_DZ_ERR] = REAL(Electron, "dzErr", UNIT_CM, "Electron sip3d", 2, .wanted = wants_sip3d),
    [LOST_HITS] = {"Electron_lostHits", "nElectron", COLUMN_INTEGER, UNIT_NONE,
                   .optional = true, .wanted = wants_lost_hits},
    /* clang-format on */
};

static const struct figure figures[] = {
    {"m4l", "m(4\xe2\x84\x93)", "GeV", .window_low = 121, .window_high = 130},
    {"m4l_wide", "m(4\xe2\x84\x93)", "GeV", .log_y = true},
    {"z1_mass", "m(Z1)", "GeV"},
    {"z2_mass", "m(Z2)", "GeV"},
};
static const size_t figure_axis[] = {M4L_AXIS, M4L_WIDE_AXIS, Z1_AXIS, Z2_AXIS};
enum { HIST_M4L, HIST_M4L_WIDE, HIST_Z1, HIST_Z2, N_HISTS };

enum {
    STEP_ALL,
    STEP_LEPTONS,
    STEP_CHARGE,
    STEP_Z1_LEPTONS,
    STEP_Z1_MASS,
    STEP_Z2_MASS,
    STEP_M4L,
    N_STEPS
};
static const char *const step_names[N_STEPS] = {
    [STEP_ALL] = "all",         [STEP_LEPTONS] = "leptons",
    [STEP_CHARGE] = "charge",   [STEP_Z1_LEPTONS] = "z1_leptons",
    [STEP_Z1_MASS] = "z1_mass", [STEP_Z2_MASS] = "z2_mass",
    [STEP_M4L] = "m4l"};

static int book(const struct settings *settings, struct partial *out, struct error *err)
{
    int rc = 0;
    for (size_t c = 0; rc == 0 && c < N_CHANNELS; c++) {
        rc = analysis_book_figures(&analysis_higgs4l, channels[c], settings, figure_axis, out,
                                   err);
        for (size_t s = 0; rc == 0 && s < N_STEPS; s++) {
            rc = partial_book_step(out, channels[c], step_names[s], err);
        }
    }
    return rc;
}

struct lepton {
    struct momentum p; /* once it is known that a channel has leptons enough */
    double pt;
    int charge;  /* its sign */
    uint32_t at; /* in its columns */
};

enum { LEPTONS = 4 };

/* The hardest good leptons of one kind in one event, in falling pT. */
struct leptons {
    size_t n; /* at most LEPTONS: no channel asks for more */
    struct lepton at[LEPTONS];
};

/* What makes a kind of lepton good. */
struct quality {
    size_t need;                    /* MUONS or ELECTRONS */
    const struct column *lost_hits; /* or NULL for a kind that has none */
    double pt_min;
    double eta_max;
    double mass;
};

static double sip3d(const struct column *c, size_t i)
{
    if (column_present(&c[SIP3D])) {
        return column_real(&c[SIP3D], i);
    }
    double dxy = column_real(&c[SIP_DXY], i);
    double dz = column_real(&c[SIP_DZ], i);
    double dxy_err = column_real(&c[SIP_DXY_ERR], i);
    double dz_err = column_real(&c[SIP_DZ_ERR], i);
    return sqrt(dxy * dxy + dz * dz) / sqrt(dxy_err * dxy_err + dz_err * dz_err);
}

/* A NaN fails every cut: each is written so that it must hold. */
static bool good_quality(const struct column *c, const struct column *lost_hits, size_t i,
                         const struct setting *cut)
{
    return (cut[SIP3D_MAX].off || sip3d(c, i) < cut[SIP3D_MAX].value) &&
           (cut[DXY_MAX].off || fabs(column_real(&c[DXY], i)) < cut[DXY_MAX].value) &&
           (cut[DZ_MAX].off || fabs(column_real(&c[DZ], i)) < cut[DZ_MAX].value) &&
           (cut[ISOLATION_MAX].off ||
            fabs(column_real(&c[ISOLATION], i)) < cut[ISOLATION_MAX].value) &&
           (cut[LOST_HITS_MAX].off || lost_hits == NULL || !column_present(lost_hits) ||
            lost_hits->i32[i] <= cut[LOST_HITS_MAX].value);
}

/* The lepton's pT; false if that or its eta is outside the acceptance. */
static bool acceptance(const struct column *c, size_t i, const struct quality *q,
                       struct lepton *out)
{
    double eta = 0;
    if (column_present(&c[PT])) {
        out->pt = column_real(&c[PT], i);
        eta = column_real(&c[ETA], i);
    } else {
        double px = column_real(&c[PX], i);
        double py = column_real(&c[PY], i);
        double pz = column_real(&c[PZ], i);
        out->pt = momentum_pt(px, py);
        eta = momentum_eta(px, py, pz);
    }
    return out->pt > q->pt_min && fabs(eta) < q->eta_max;
}

static struct momentum momentum_of(const struct column *c, size_t i, double mass)
{
    if (column_present(&c[PT])) {
        return momentum_polar(column_real(&c[PT], i), column_real(&c[ETA], i),
                              column_real(&c[PHI], i), mass);
    }
    return momentum_cartesian(column_real(&c[PX], i), column_real(&c[PY], i),
                              column_real(&c[PZ], i), mass);
}

/* Keeps the hardest, in falling pT; of equal ones the earlier stays in front. */
static void insert(struct leptons *leptons, const struct lepton *lepton)
{
    size_t at = leptons->n < LEPTONS ? leptons->n++ : LEPTONS;
    for (; at > 0 && leptons->at[at - 1].pt < lepton->pt; at--) {
        if (at < LEPTONS) {
            leptons->at[at] = leptons->at[at - 1];
        }
    }
    if (at < LEPTONS) {
        leptons->at[at] = *lepton;
    }
}

static void select_leptons(const struct batch *batch, size_t event, const struct setting *cut,
                           const struct quality *q, struct leptons *out)
{
    const struct column *c = batch->column + q->need;
    const uint32_t *offset = c[CHARGE].offset;
    out->n = 0;
    for (uint32_t i = offset[event]; i < offset[event + 1]; i++) {
        struct lepton lepton = {
            .charge = (c[CHARGE].i32[i] > 0) - (c[CHARGE].i32[i] < 0),
            .at = i,
        };
        if (acceptance(c, i, q, &lepton) && good_quality(c, q->lost_hits, i, cut)) {
            insert(out, &lepton);
        }
    }
}

/* Momenta cost more than all else, and few events come this far. */
static void add_momenta(const struct batch *batch, const struct quality *q,
                        struct leptons *leptons)
{
    for (size_t k = 0; k < leptons->n; k++) {
        leptons->at[k].p = momentum_of(batch->column + q->need, leptons->at[k].at, q->mass);
    }
}

/* Some channel has the leptons that it asks for. Without branches: nothing foretells them. */
static bool enough(size_t n_muons, size_t n_electrons)
{
    return (n_muons >= LEPTONS) | (n_electrons >= LEPTONS) |
           ((n_muons >= 2) & (n_electrons >= 2));
}

struct pair {
    double mass;
    double off_z; /* abs(mass - the Z's): infinite if that is no number, so never the nearer */
    double hard_pt;
    double soft_pt;
    bool neutral;
};

/* Two pairs of four leptons; z1 is the one nearer to the Z's mass. */
struct candidate {
    bool valid; /* both pairs are neutral */
    struct pair z1;
    struct pair z2;
};

static struct pair make_pair(const struct lepton *a, const struct lepton *b, double z_mass)
{
    double mass = momentum_mass(&a->p, &b->p);
    return (struct pair){.mass = mass,
                         .off_z = isnan(mass) ? (double)INFINITY : fabs(mass - z_mass),
                         .hard_pt = a->pt > b->pt ? a->pt : b->pt,
                         .soft_pt = a->pt > b->pt ? b->pt : a->pt,
                         .neutral = a->charge + b->charge == 0 && a->charge != 0};
}

static struct candidate make_candidate(const struct lepton *const four[LEPTONS], double z_mass)
{
    struct pair a = make_pair(four[0], four[1], z_mass);
    struct pair b = make_pair(four[2], four[3], z_mass);
    bool first = a.off_z <= b.off_z;
    return (struct candidate){
        .valid = a.neutral && b.neutral, .z1 = first ? a : b, .z2 = first ? b : a};
}

/* Of the three pairings of four like leptons, the valid one whose Z1 is nearest to the Z. */
static struct candidate best_candidate(const struct leptons *l, double z_mass)
{
    static const size_t pairing[3][LEPTONS] = {{0, 1, 2, 3}, {0, 2, 1, 3}, {0, 3, 1, 2}};
    struct candidate best = {.valid = false};
    for (size_t k = 0; k < ARRAY_LENGTH(pairing); k++) {
        const struct lepton *four[LEPTONS];
        for (size_t i = 0; i < LEPTONS; i++) {
            four[i] = &l->at[pairing[k][i]];
        }
        struct candidate next = make_candidate(four, z_mass);
        if (next.valid && (!best.valid || next.z1.off_z < best.z1.off_z)) {
            best = next;
        }
    }
    return best;
}

/* m^2 = sum over pairs of m_ij^2 - 2 sum of m_i^2: each pair's mass is free of cancellation. */
static double four_mass(const struct lepton *const four[LEPTONS])
{
    double m2 = 0;
    for (size_t i = 0; i < LEPTONS; i++) {
        m2 -= 2 * four[i]->p.mass * four[i]->p.mass;
        for (size_t j = i + 1; j < LEPTONS; j++) {
            m2 += momentum_mass2(&four[i]->p, &four[j]->p);
        }
    }
    return sqrt(m2 < 0 ? 0 : m2);
}

/* The last step of the cutflow that the candidate reaches. */
static size_t last_step(const struct candidate *c, double m4l, const struct setting *cut)
{
    if (!c->valid) {
        return STEP_LEPTONS;
    }
    if (!(c->z1.hard_pt > cut[Z1_HARD_PT_MIN].value &&
          c->z1.soft_pt > cut[Z1_SOFT_PT_MIN].value)) {
        return STEP_CHARGE;
    }
    if (!(c->z1.mass > cut[Z1_MIN].value && c->z1.mass < cut[Z1_MAX].value)) {
        return STEP_Z1_LEPTONS;
    }
    if (!(c->z2.mass > cut[Z2_MIN].value && c->z2.mass < cut[Z2_MAX].value)) {
        return STEP_Z1_MASS;
    }
    return m4l > cut[M4L_MIN].value ? STEP_M4L : STEP_Z2_MASS;
}

/* Decides one channel of one event: its cutflow from the second step on and, if all cuts are
 * passed, its histograms. */
static void fill_channel(size_t channel, const struct leptons *muons,
                         const struct leptons *electrons, const struct setting *cut,
                         double weight, struct partial *out)
{
    const struct leptons *like = channel == CHANNEL_4E ? electrons : muons;
    bool mixed = channel == CHANNEL_2MU2E;
    size_t reached = STEP_ALL;
    struct candidate c = {.valid = false};
    double m4l = 0;
    if (mixed ? muons->n >= 2 && electrons->n >= 2 : like->n >= LEPTONS) {
        const struct lepton *four[LEPTONS] = {&like->at[0], &like->at[1],
                                              mixed ? &electrons->at[0] : &like->at[2],
                                              mixed ? &electrons->at[1] : &like->at[3]};
        c = mixed ? make_candidate(four, cut[Z_MASS].value)
                  : best_candidate(like, cut[Z_MASS].value);
        m4l = four_mass(four);
        reached = last_step(&c, m4l, cut);
    }
    for (size_t s = STEP_ALL + 1; s <= reached; s++) {
        partial_pass(out, channel * N_STEPS + s, weight);
    }
    if (reached == STEP_M4L) {
        struct partial_hist *hist = out->hist + channel * N_HISTS;
        hist_fill(&hist[HIST_M4L].hist, m4l, weight);
        hist_fill(&hist[HIST_M4L_WIDE].hist, m4l, weight);
        hist_fill(&hist[HIST_Z1].hist, c.z1.mass, weight);
        hist_fill(&hist[HIST_Z2].hist, c.z2.mass, weight);
    }
}

/* The first step of the cutflow. */
static void pass_all(const struct batch *batch, size_t first, size_t stop,
                     uint32_t channel_bits, struct partial *out)
{
    for (size_t channel = 0; channel < N_CHANNELS; channel++) {
        for (size_t e = first; (channel_bits >> channel & 1) != 0 && e < stop; e++) {
            partial_pass(out, channel * N_STEPS + STEP_ALL, batch_weight(batch, e));
        }
    }
}

enum { BLOCK_EVENTS = 1024 };

/* Those of at most BLOCK_EVENTS that have enough leptons before any cut: most have not, and of
 * them no column has to be looked at. */
static size_t find_candidates(const struct batch *batch, size_t first, size_t stop,
                              size_t event[BLOCK_EVENTS])
{
    const uint32_t *muon = batch->column[MUONS + CHARGE].offset;
    const uint32_t *electron = batch->column[ELECTRONS + CHARGE].offset;
    size_t n = 0;
    for (size_t e = first; e < stop; e++) {
        event[n] = e;
        n += enough(muon[e + 1] - muon[e], electron[e + 1] - electron[e]);
    }
    return n;
}

static void process_event(const struct batch *batch, size_t event,
                          const struct settings *settings, const struct quality quality[2],
                          uint32_t channel_bits, struct partial *out)
{
    struct leptons muons;
    struct leptons electrons;
    select_leptons(batch, event, settings->at, &quality[0], &muons);
    select_leptons(batch, event, settings->at, &quality[1], &electrons);
    if (!enough(muons.n, electrons.n)) {
        return;
    }
    add_momenta(batch, &quality[0], &muons);
    add_momenta(batch, &quality[1], &electrons);
    double weight = batch_weight(batch, event);
    for (size_t channel = 0; channel < N_CHANNELS; channel++) {
        if ((channel_bits >> channel & 1) != 0) {
            fill_channel(channel, &muons, &electrons, settings->at, weight, out);
        }
    }
}

static void process(const struct batch *batch, size_t first, size_t stop,
                    const struct settings *settings, uint32_t channel_bits, struct partial *out)
{
    const struct setting *cut = settings->at;
    /* Muons, then electrons. */
    const struct quality quality[] = {{.need = MUONS,
                                       .pt_min = cut[MUON_PT_MIN].value,
                                       .eta_max = cut[MUON_ETA_MAX].value,
                                       .mass = cut[MUON_MASS].value},
                                      {.need = ELECTRONS,
                                       .lost_hits = &batch->column[LOST_HITS],
                                       .pt_min = cut[ELECTRON_PT_MIN].value,
                                       .eta_max = cut[ELECTRON_ETA_MAX].value,
                                       .mass = cut[ELECTRON_MASS].value}};
    pass_all(batch, first, stop, channel_bits, out);
    for (size_t at = first; at < stop; at += BLOCK_EVENTS) {
        size_t event[BLOCK_EVENTS];
        size_t n = find_candidates(batch, at, size_min(at + BLOCK_EVENTS, stop), event);
        for (size_t k = 0; k < n; k++) {
            process_event(batch, event[k], settings, quality, channel_bits, out);
        }
    }
}

const struct analysis analysis_higgs4l = {
    .name = "higgs4l",
    .version = 1,
    .summary = "Higgs boson to ZZ to four leptons: 4mu, 4e and 2mu2e",
    .channel = channels,
    .n_channels = N_CHANNELS,
    .parameter = parameters,
    .n_parameters = ARRAY_LENGTH(parameters),
    .need = needs,
    .n_needs = ARRAY_LENGTH(needs),
    .figure = figures,
    .n_figures = ARRAY_LENGTH(figures),
    .book = book,
    .process = process,
};
