// SPDX-License-Identifier: Apache-2.0
// bulk.cpp - the dimuon spectrum by ROOT's bulk reader of RNTuple and a kernel of its own, round by round, for
// columns.py:
//
//     bulk FILE.root NAME
//
// What is to be had of ROOT by who leaves its event loop: columns as plain arrays (RBulkValues), cluster by cluster,
// and loops in float32 that the compiler makes vector code of (-ffast-math). So of the events near the edge of a bin
// some fall into its neighbour. One thread, and that with which ROOT reads the next cluster.
#include <ROOT/RNTupleDescriptor.hxx>
#include <ROOT/RNTupleReader.hxx>
#include <ROOT/RNTupleView.hxx>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "contender.hpp"

constexpr size_t blockEvents = 8192; // their columns stay in the second-level cache; as whole clusters it takes longer
constexpr int bins = 1000, nowhere = bins + 2;
constexpr float binsPerGeV = 5;
constexpr size_t copies = 4; // of the histogram: neighbours seldom wait for each other's count

struct Muons {
    float *pt, *eta, *phi, *mass;
    int32_t *charge;
};

class Spectrum {
    std::array<std::array<uint32_t, bins + 3>, copies> counts{}; // underflow, the bins, overflow, nowhere
    std::array<int32_t, blockEvents> bin;

    void findBins(const Muons &muon, size_t pairs)
    {
        int32_t *__restrict found = bin.data(); // the loop is vector code if nothing else lies there
        for (size_t i = 0; i < pairs; i++) {
            const size_t a = 2 * i, b = a + 1;
            const float riseA = std::exp(muon.eta[a]), riseB = std::exp(muon.eta[b]);
            const float pzA = 0.5f * muon.pt[a] * (riseA - 1 / riseA), pzB = 0.5f * muon.pt[b] * (riseB - 1 / riseB);
            const float restA = muon.mass[a] * muon.mass[a], restB = muon.mass[b] * muon.mass[b];
            const float eA = std::sqrt(muon.pt[a] * muon.pt[a] + pzA * pzA + restA);
            const float eB = std::sqrt(muon.pt[b] * muon.pt[b] + pzB * pzB + restB);
            const float across = muon.pt[a] * muon.pt[b] * std::cos(muon.phi[a] - muon.phi[b]);
            const float square = restA + restB + 2 * (eA * eB - pzA * pzB - across);
            const float position = std::sqrt(std::max(square, 0.0f)) * binsPerGeV;
            const int32_t at = 1 + static_cast<int32_t>(std::min(position, static_cast<float>(bins)));
            found[i] = muon.charge[a] * muon.charge[b] < 0 ? at : nowhere;
        }
    }

public:
    // Muons 0 and 1 are a pair, 2 and 3, and so on.
    void add(const Muons &muon, size_t pairs)
    {
        findBins(muon, pairs);
        for (size_t i = 0; i < pairs; i++)
            counts[i % copies][bin[i]]++;
    }

    // Of the underflow, the bins and the overflow.
    std::vector<long long> sum() const
    {
        std::vector<long long> sums(bins + 2);
        for (const auto &copy : counts)
            for (size_t i = 0; i < sums.size(); i++)
                sums[i] += copy[i];
        return sums;
    }
};

// The values of a column, or the items of one of collections ("NAME._0"), of all events one after the other.
template <typename T> class Column {
    ROOT::RNTupleView<T> view;
    ROOT::RFieldBase::RBulkValues bulk;

public:
    Column(ROOT::RNTupleReader &reader, const std::string &name)
        : view(reader.GetView<T>(name)), bulk(view.CreateBulk())
    {
    }

    T *read(ROOT::DescriptorId_t cluster, size_t first, size_t n)
    {
        return static_cast<T *>(bulk.ReadBulk(ROOT::RNTupleLocalRange(cluster, first, first + n)));
    }
};

// Leaves the muons of those events that have two, and gives how many these events are.
static size_t keepPairs(const Muons &muon, const int32_t *nMuon, size_t events)
{
    size_t pairs = 0;
    for (size_t i = 0, from = 0; i < events; from += nMuon[i++]) {
        if (nMuon[i] != 2)
            continue;
        for (float *column : {muon.pt, muon.eta, muon.phi, muon.mass})
            std::copy_n(column + from, 2, column + 2 * pairs);
        std::copy_n(muon.charge + from, 2, muon.charge + 2 * pairs);
        pairs++;
    }
    return pairs;
}

class Events {
    Column<int32_t> nMuon;
    Column<float> pt, eta, phi, mass;
    Column<int32_t> charge;

public:
    explicit Events(ROOT::RNTupleReader &reader)
        : nMuon(reader, "nMuon"), pt(reader, "Muon_pt._0"), eta(reader, "Muon_eta._0"), phi(reader, "Muon_phi._0"),
          mass(reader, "Muon_mass._0"), charge(reader, "Muon_charge._0")
    {
    }

    void fill(Spectrum &spectrum, ROOT::DescriptorId_t cluster, size_t events)
    {
        for (size_t first = 0, muon = 0; first < events; first += blockEvents) {
            const size_t n = std::min(blockEvents, events - first);
            const int32_t *of = nMuon.read(cluster, first, n);
            size_t muons = 0, others = 0;
            for (size_t i = 0; i < n; i++) {
                muons += of[i];
                others += of[i] != 2;
            }
            const Muons block = {pt.read(cluster, muon, muons), eta.read(cluster, muon, muons),
                                 phi.read(cluster, muon, muons), mass.read(cluster, muon, muons),
                                 charge.read(cluster, muon, muons)};
            spectrum.add(block, others == 0 ? n : keepPairs(block, of, n));
            muon += muons;
        }
    }
};

int main(int, char **argument)
{
    play([argument] {
        Spectrum spectrum;
        const auto reader = ROOT::RNTupleReader::Open(argument[2], argument[1]);
        Events events(*reader);
        for (const auto &cluster : reader->GetDescriptor().GetClusterIterable())
            events.fill(spectrum, cluster.GetId(), cluster.GetNEntries());
        return spectrum.sum();
    });
}
