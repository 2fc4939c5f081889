/* SPDX-License-Identifier: Apache-2.0 */
/* kinematics.c - see kinematics.h */
#include "analysis/kinematics.h"

#include <math.h>

#include "analysis/elementary.h"

struct momentum momentum_cartesian(double px, double py, double pz, double mass)
{
    double p2 = px * px + py * py + pz * pz;
    return (struct momentum){
        .px = px, .py = py, .pz = pz, .e = sqrt(p2 + mass * mass), .p2 = p2, .mass = mass};
}

struct momentum momentum_polar(double pt, double eta, double phi, double mass)
{
    return momentum_cartesian(pt * elementary_cos(phi), pt * elementary_sin(phi),
                              pt * elementary_sinh(eta), mass);
}

struct momentum momentum_stored(double px, double py, double pz, double e)
{
    return (struct momentum){
        .px = px, .py = py, .pz = pz, .e = e, .p2 = px * px + py * py + pz * pz, .mass = -1};
}

static double mass2_from_energies(const struct momentum *a, const struct momentum *b)
{
    double e = a->e + b->e;
    double px = a->px + b->px;
    double py = a->py + b->py;
    double pz = a->pz + b->pz;
    return e * e - (px * px + py * py + pz * pz);
}

/* |p1||p2| - p1.p2 */
static double opening(const struct momentum *a, const struct momentum *b, double p1p2)
{
    double dot = a->px * b->px + a->py * b->py + a->pz * b->pz;
    if (!(dot > 0)) {
        return p1p2 - dot;
    }
    double x = a->py * b->pz - a->pz * b->py;
    double y = a->pz * b->px - a->px * b->pz;
    double z = a->px * b->py - a->py * b->px;
    return (x * x + y * y + z * z) / (p1p2 + dot);
}

static double mass2_from_masses(const struct momentum *a, const struct momentum *b)
{
    double m1 = a->mass * a->mass;
    double m2 = b->mass * b->mass;
    double p1p2 = sqrt(a->p2) * sqrt(b->p2);
    double sum = a->e * b->e + p1p2;
    double recoil = sum > 0 ? (m1 * b->p2 + m2 * a->p2 + m1 * m2) / sum : 0;
    return m1 + m2 + 2 * (recoil + opening(a, b, p1p2));
}

double momentum_mass2(const struct momentum *a, const struct momentum *b)
{
    double m2 =
        a->mass >= 0 && b->mass >= 0 ? mass2_from_masses(a, b) : mass2_from_energies(a, b);
    return m2 < 0 ? 0 : m2; /* a NaN stays one */
}

double momentum_mass(const struct momentum *a, const struct momentum *b)
{
    return sqrt(momentum_mass2(a, b));
}

double momentum_pt(double px, double py)
{
    return sqrt(px * px + py * py);
}

double momentum_eta(double px, double py, double pz)
{
    return elementary_asinh(pz / momentum_pt(px, py));
}
