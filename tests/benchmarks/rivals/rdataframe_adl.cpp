// SPDX-License-Identifier: Apache-2.0
// rdataframe_adl.cpp - the ADL benchmark queries as a compiled RDataFrame answers them, round by round, for adl.py;
// defined as in analysis/adl.h, in float64:
//
//     rdataframe_adl QUERY NAME FILE.root
//
// QUERY is 1 to 8, NAME a TTree or an RNTuple. One thread.
#include <ROOT/RDataFrame.hxx>
#include <ROOT/RVec.hxx>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "contender.hpp"

using ROOT::RDF::RNode;
using ROOT::RDF::RResultPtr;
using Floats = ROOT::RVec<float>;
using Ints = ROOT::RVec<int>;
using Names = std::vector<std::string>;
using Histogram = RResultPtr<TH1D>;

struct Momentum {
    double px = 0, py = 0, pz = 0, e = 0;
};

static Momentum polar(double pt, double eta, double phi, double mass)
{
    const double px = pt * std::cos(phi), py = pt * std::sin(phi), pz = pt * std::sinh(eta);
    return {px, py, pz, std::sqrt(px * px + py * py + pz * pz + mass * mass)};
}

static Momentum operator+(const Momentum &a, const Momentum &b)
{
    return {a.px + b.px, a.py + b.py, a.pz + b.pz, a.e + b.e};
}

static double massOf(const Momentum &p)
{
    return std::sqrt(std::max(0.0, p.e * p.e - (p.px * p.px + p.py * p.py + p.pz * p.pz)));
}

static double massOf(const Floats &pt, const Floats &eta, const Floats &phi, const Floats &mass, size_t i, size_t j)
{
    return massOf(polar(pt[i], eta[i], phi[i], mass[i]) + polar(pt[j], eta[j], phi[j], mass[j]));
}

static bool areOpposite(int a, int b)
{
    return (a > 0 && b < 0) || (a < 0 && b > 0);
}

static bool hasDimuon(const Floats &pt, const Floats &eta, const Floats &phi, const Floats &mass, const Ints &charge)
{
    for (size_t i = 0; i < pt.size(); i++)
        for (size_t j = i + 1; j < pt.size(); j++) {
            if (!areOpposite(charge[i], charge[j]))
                continue;
            const double m = massOf(pt, eta, phi, mass, i, j);
            if (60 < m && m < 120)
                return true;
        }
    return false;
}

static double trijetPt(const Floats &pt, const Floats &eta, const Floats &phi, const Floats &mass)
{
    std::vector<Momentum> jet(pt.size());
    for (size_t i = 0; i < pt.size(); i++)
        jet[i] = polar(pt[i], eta[i], phi[i], mass[i]);
    double closest = std::numeric_limits<double>::infinity();
    Momentum best;
    for (size_t i = 0; i < jet.size(); i++)
        for (size_t j = i + 1; j < jet.size(); j++)
            for (size_t k = j + 1; k < jet.size(); k++) {
                const Momentum sum = jet[i] + jet[j] + jet[k];
                const double distance = std::fabs(massOf(sum) - 172.5);
                if (distance < closest) {
                    closest = distance;
                    best = sum;
                }
            }
    return std::hypot(best.px, best.py);
}

static bool isNear(double eta, double phi, const Floats &pt, const Floats &etas, const Floats &phis)
{
    for (size_t l = 0; l < pt.size(); l++) {
        const double deta = eta - etas[l], dphi = std::remainder(phi - phis[l], 2 * M_PI);
        if (pt[l] > 10 && deta * deta + dphi * dphi < 0.4 * 0.4)
            return true;
    }
    return false;
}

static double cleanSum(const Floats &pt, const Floats &eta, const Floats &phi, const Floats &muonPt,
                       const Floats &muonEta, const Floats &muonPhi, const Floats &electronPt,
                       const Floats &electronEta, const Floats &electronPhi)
{
    double sum = 0;
    for (size_t j = 0; j < pt.size(); j++)
        if (pt[j] > 30 && !isNear(eta[j], phi[j], muonPt, muonEta, muonPhi) &&
            !isNear(eta[j], phi[j], electronPt, electronEta, electronPhi))
            sum += pt[j];
    return sum;
}

// Muons before electrons in one row; the transverse mass, or -1 without a pair.
static double transverseMass(const Floats &pt, const Floats &eta, const Floats &phi, const Floats &mass,
                             const Ints &charge, unsigned nMuon, float metPt, float metPhi)
{
    double closest = std::numeric_limits<double>::infinity();
    size_t a = 0, b = 0;
    for (size_t i = 0; i < pt.size(); i++)
        for (size_t j = i + 1; j < pt.size(); j++) {
            if ((i < nMuon) != (j < nMuon) || !areOpposite(charge[i], charge[j]))
                continue;
            const double distance = std::fabs(massOf(pt, eta, phi, mass, i, j) - 91.2);
            if (distance < closest) {
                closest = distance;
                a = i;
                b = j;
            }
        }
    if (a == b)
        return -1;
    size_t hardest = pt.size();
    for (size_t i = 0; i < pt.size(); i++)
        if (i != a && i != b && (hardest == pt.size() || pt[i] > pt[hardest]))
            hardest = i;
    return std::sqrt(2. * pt[hardest] * metPt * (1 - std::cos(double(phi[hardest]) - metPhi)));
}

static Names of(const std::string &object, const Names &columns)
{
    Names names;
    for (const auto &c : columns)
        names.push_back(object + "_" + c);
    return names;
}

static Names together(Names a, const Names &b)
{
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

static Histogram met(RNode node)
{
    return node.Histo1D<float>({"", "", 100, 0, 2000}, "MET_pt");
}

static Histogram transverse(RNode node)
{
    const auto joined = [](const Floats &m, const Floats &e) { return ROOT::VecOps::Concatenate(m, e); };
    RNode with = node.Filter([](const Floats &m, const Floats &e) { return m.size() + e.size() >= 3; },
                            {"Muon_pt", "Electron_pt"});
    for (const std::string c : {"pt", "eta", "phi", "mass"})
        with = with.Define("L_" + c, joined, {"Muon_" + c, "Electron_" + c});
    return with
        .Define("L_charge", [](const Ints &m, const Ints &e) { return ROOT::VecOps::Concatenate(m, e); },
                {"Muon_charge", "Electron_charge"})
        .Define("L_muons", [](const Floats &m) { return unsigned(m.size()); }, {"Muon_pt"})
        .Define("mt", transverseMass,
                {"L_pt", "L_eta", "L_phi", "L_mass", "L_charge", "L_muons", "MET_pt", "MET_phi"})
        .Filter([](double mt) { return mt >= 0; }, {"mt"})
        .Histo1D<double>({"", "", 100, 15, 250}, "mt");
}

static Histogram answer(int query, RNode node)
{
    static const Names polarColumns = {"pt", "eta", "phi", "mass"}, directed = {"pt", "eta", "phi"};
    switch (query) {
    case 1:
        return met(node);
    case 2:
        return node.Histo1D<Floats>({"", "", 100, 15, 60}, "Jet_pt");
    case 3:
        return node.Define("central", [](const Floats &pt, const Floats &eta) { return Floats(pt[abs(eta) < 1]); },
                           {"Jet_pt", "Jet_eta"})
            .Histo1D<Floats>({"", "", 100, 15, 60}, "central");
    case 4:
        return met(node.Filter([](const Floats &pt) { return ROOT::VecOps::Sum(pt > 40) >= 2; }, {"Jet_pt"}));
    case 5:
        return met(node.Filter(hasDimuon, of("Muon", {"pt", "eta", "phi", "mass", "charge"})));
    case 6:
        return node.Filter([](const Floats &pt) { return pt.size() >= 3; }, {"Jet_pt"})
            .Define("trijet", trijetPt, of("Jet", polarColumns))
            .Histo1D<double>({"", "", 100, 15, 40}, "trijet");
    case 7:
        return node.Define("sum", cleanSum, together(of("Jet", directed), together(of("Muon", directed),
                                                                                  of("Electron", directed))))
            .Histo1D<double>({"", "", 100, 15, 200}, "sum");
    default:
        return transverse(node);
    }
}

int main(int, char **argument)
{
    play([argument] {
        auto hist = answer(std::stoi(argument[1]), ROOT::RDataFrame(argument[2], argument[3]));
        return countsOf(*hist);
    });
}
