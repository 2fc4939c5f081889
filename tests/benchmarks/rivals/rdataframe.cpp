// SPDX-License-Identifier: Apache-2.0
// rdataframe.cpp - the dimuon spectrum as a compiled RDataFrame computes it, round by round, for columns.py:
//
//     rdataframe FILE.root NAME
//
// NAME is a TTree or an RNTuple. One thread.
#include <ROOT/RDataFrame.hxx>
#include <ROOT/RVec.hxx>
#include <Math/Vector4D.h>

#include "contender.hpp"

using ROOT::RVec;

static double massOf(const RVec<float> &pt, const RVec<float> &eta, const RVec<float> &phi,
                     const RVec<float> &mass)
{
    const ROOT::Math::PtEtaPhiMVector a(pt[0], eta[0], phi[0], mass[0]);
    const ROOT::Math::PtEtaPhiMVector b(pt[1], eta[1], phi[1], mass[1]);
    return (a + b).M();
}

int main(int, char **argument)
{
    play([argument] {
        ROOT::RDataFrame frame(argument[2], argument[1]);
        auto pairs = frame.Filter([](const RVec<int> &q) { return q.size() == 2 && q[0] * q[1] < 0; },
                                  {"Muon_charge"});
        auto hist = pairs.Define("mass", massOf, {"Muon_pt", "Muon_eta", "Muon_phi", "Muon_mass"})
                        .Histo1D<double>({"mass", "", 1000, 0, 200}, "mass");
        return countsOf(*hist);
    });
}
