#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# make.sh DIR - installs what columns.py compares with into a throwaway environment: ROOT, coffea, uproot, awkward,
# hist, numpy and h5py, in DIR/python, and compiles the programs that use ROOT there. About 2 GB; DIR can be deleted
# after.
set -eu
here=$(dirname "$(readlink -f "$0")")
mkdir -p "$1"
cd "$1"
if [ ! -e python/complete ]; then
    python3 -m venv --clear python
    python/bin/python -m pip install --quiet --disable-pip-version-check -r "$here/requirements.txt"
    touch python/complete
fi
root=$(python/bin/python -W ignore -c 'import ROOT, os; print(os.path.dirname(ROOT.__file__))')
# compile PROGRAM [OPTION]... - the libraries that ROOT's libraries need are found when the program starts.
compile()
{
    local program=$1
    shift
    [ "$here/$program.cpp" -nt "$program" ] || [ "$here/contender.hpp" -nt "$program" ] || return 0
    g++ -O3 -march=native -std=c++17 "$@" -I"$root/include" "$here/$program.cpp" -o "$program" \
        -L"$root/lib" -Wl,-rpath,"$root/lib" -Wl,--allow-shlib-undefined \
        -lCore -lROOTDataFrame -lROOTVecOps -lHist -lMathCore -lTree -lTreePlayer -lRIO -lROOTNTuple -lImt -lThread
}
compile rdataframe
compile rdataframe_adl
compile bulk -ffast-math
