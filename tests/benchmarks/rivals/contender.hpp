// SPDX-License-Identifier: Apache-2.0
// contender.hpp - the same as contender.py for rivals in C++.
#ifndef TESTS_BENCHMARKS_RIVALS_CONTENDER_HPP
#define TESTS_BENCHMARKS_RIVALS_CONTENDER_HPP

#include <ctime>
#include <iostream>
#include <string>
#include <vector>

inline double now(clockid_t clock)
{
    timespec t;
    clock_gettime(clock, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

// One round for each line of standard input. work() gives a histogram's counts, underflow first and overflow last.
template <typename Work> void play(Work work)
{
    std::cout << "{\"ready\": true}" << std::endl;
    for (std::string line; std::getline(std::cin, line);) {
        const double wall = now(CLOCK_MONOTONIC), cpu = now(CLOCK_PROCESS_CPUTIME_ID);
        const auto counts = work();
        std::cout << "{\"wall_s\": " << now(CLOCK_MONOTONIC) - wall
                  << ", \"cpu_s\": " << now(CLOCK_PROCESS_CPUTIME_ID) - cpu << ", \"gave\": [";
        const char *comma = "";
        for (const long long count : counts) {
            std::cout << comma << count;
            comma = ", ";
        }
        std::cout << "]}" << std::endl;
    }
}

// The counts of a TH1D, which is made by now.
template <typename Histogram> std::vector<long long> countsOf(const Histogram &hist)
{
    std::vector<long long> counts;
    for (int i = 0; i <= hist.GetNbinsX() + 1; i++)
        counts.push_back(static_cast<long long>(hist.GetBinContent(i)));
    return counts;
}

#endif
