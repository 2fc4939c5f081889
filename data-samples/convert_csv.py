#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Converts the CMS education files (CSV) into HDF5 with NanoAOD-like names.

A row of such a file is an event of two or four leptons, numbered columns giving their
four-vectors: E1 px1 py1 pz1 ... Q1, E2 ...; or pt1 eta1 phi1 ... where there is no momentum.
Column names are compared without regard to case and surrounding blanks. PIDn (13 muon,
11 electron, either sign) gives the flavour; without it all leptons are of --flavour.

Written are run, event, nMuon and, lepton after lepton in falling transverse momentum, Muon_px,
Muon_py, Muon_pz, Muon_energy (or Muon_pt, Muon_eta, Muon_phi, Muon_mass) and Muon_charge, and the
same for electrons. Momenta are float64, in GeV, which the attribute `units` says. Columns of
the CSV file that have no counterpart are named on standard output and left out.
"""

import argparse
import csv
import os
import sys

import h5py
import numpy as np

FLAVOURS = {"Muon": 13, "Electron": 11}
MASS_GEV = {"Muon": 0.105658, "Electron": 0.0005109989}
CARTESIAN = {"px": "px", "py": "py", "pz": "pz", "e": "energy"}  # in the CSV file: as written
CYLINDRICAL = {"pt": "pt", "eta": "eta", "phi": "phi"}
UNITS = {"px": "GeV", "py": "GeV", "pz": "GeV", "energy": "GeV", "pt": "GeV", "mass": "GeV",
         "eta": "1", "phi": "rad"}


class InputError(Exception):
    """The user's file is wrong."""


def read_table(path):
    """The columns of a CSV file by name, lower case, as lists of text, and the line numbers."""
    with open(path, newline="", encoding="utf-8-sig") as f:
        reader = csv.reader(f)
        header = next(reader, None)
        if not header:
            raise InputError(f"{path}: empty, not even a line of column names")
        names = [name.strip().lower() for name in header]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise InputError(f"{path}: column {', '.join(twice)} occurs twice")
        columns = {name: [] for name in names}
        lines = []
        for row in reader:
            if not row:
                continue
            if len(row) != len(names):
                raise InputError(f"{path}: line {reader.line_num}: {len(row)} values "
                                 f"for {len(names)} columns")
            lines.append(reader.line_num)
            for name, value in zip(names, row):
                columns[name].append(value.strip())
    return columns, lines


class Table:
    """A CSV file whose columns are numbers when asked for; it remembers which were used."""

    def __init__(self, path):
        self.path = path
        self.columns, self.lines = read_table(path)
        self.used = set()

    def __contains__(self, name):
        return name in self.columns

    def numbers(self, name, kind=float):
        if name not in self.columns:
            raise InputError(f"{self.path}: no column {name}; there are: "
                             f"{', '.join(self.columns)}")
        self.used.add(name)
        values = []
        for line, text in zip(self.lines, self.columns[name]):
            try:
                value = kind(text)
            except ValueError:
                raise InputError(f"{self.path}: line {line}: {name} is {text!r}, "
                                 "which is no number") from None
            if kind is float and not np.isfinite(value):
                raise InputError(f"{self.path}: line {line}: {name} is {text!r}")
            values.append(value)
        return values

    def unused(self):
        return [name for name in self.columns if name not in self.used]


def count_leptons(table):
    n = 0
    while f"q{n + 1}" in table:
        n += 1
    if n == 0:
        raise InputError(f"{table.path}: no column Q1: this is no table of leptons")
    return n


def read_charge(table, i):
    charge = np.array(table.numbers(f"q{i}", int), dtype=np.int32)
    for line, value in zip(table.lines, charge):
        if value not in (-1, 1):
            raise InputError(f"{table.path}: line {line}: Q{i} is {value}, not 1 or -1")
    return charge


def read_flavour(table, i, default):
    """The particle number without sign, for each event."""
    if f"pid{i}" not in table:
        return np.full(len(table.lines), FLAVOURS[default])
    pid = np.abs(np.array(table.numbers(f"pid{i}", int), dtype=np.int64))
    for line, value in zip(table.lines, pid):
        if value not in FLAVOURS.values():
            raise InputError(f"{table.path}: line {line}: PID{i} is {value}: neither a muon "
                             "(13) nor an electron (11)")
    return pid


def read_leptons(table, default):
    """Arrays [event, lepton]: kinematic ones by name, charge, flavour, transverse momentum."""
    n = count_leptons(table)
    names = CARTESIAN if "px1" in table else CYLINDRICAL
    leptons = {}
    for theirs, ours in names.items():
        leptons[ours] = np.array([table.numbers(f"{theirs}{i}") for i in range(1, n + 1)]).T
    leptons["charge"] = np.array([read_charge(table, i) for i in range(1, n + 1)]).T
    flavour = np.array([read_flavour(table, i, default) for i in range(1, n + 1)]).T
    pt = leptons["pt"] if names is CYLINDRICAL else np.hypot(leptons["px"], leptons["py"])
    shape = (len(table.lines), n)
    return {k: v.reshape(shape) for k, v in leptons.items()}, flavour.reshape(shape), \
        pt.reshape(shape)


def select(leptons, pt, mask):
    """Counter and flat columns of the leptons in mask, in falling pt within each event."""
    order = np.argsort(-pt, axis=1, kind="stable")
    kept = np.take_along_axis(mask, order, axis=1)
    flat = {k: np.take_along_axis(v, order, axis=1)[kept] for k, v in leptons.items()}
    return mask.sum(axis=1).astype(np.uint32), flat


def unsigned(table, name, kind):
    values = table.numbers(name, int)
    limit = np.iinfo(kind).max
    for line, value in zip(table.lines, values):
        if not 0 <= value <= limit:
            raise InputError(f"{table.path}: line {line}: {name} is {value}")
    return np.array(values, dtype=kind)


def event_numbers(table):
    """Event numbers, and how many of them had to be put right: some files hold numbers that
    went through a signed 32-bit integer, so that a negative one is 2^32 too small."""
    values = table.numbers("event", int)
    for line, value in zip(table.lines, values):
        if not -2**31 <= value < 2**64:
            raise InputError(f"{table.path}: line {line}: event is {value}")
    right = [value + 2**32 if value < 0 else value for value in values]
    return np.array(right, dtype=np.uint64), sum(value < 0 for value in values)


def convert(path, default):
    """The columns of the HDF5 file by name, and remarks on what is not as in the CSV file."""
    table = Table(path)
    event, n_negative = event_numbers(table)
    out = {"run": unsigned(table, "run", np.uint32), "event": event}
    leptons, flavour, pt = read_leptons(table, default)
    wanted = FLAVOURS if "pid1" in table else [default]
    for name in wanted:
        out[f"n{name}"], flat = select(leptons, pt, flavour == FLAVOURS[name])
        for key, values in flat.items():
            out[f"{name}_{key}"] = values
        if "pt" in flat:
            out[f"{name}_mass"] = np.full(len(flat["pt"]), MASS_GEV[name])
    remarks = [f"left out: {', '.join(table.unused())}"] if table.unused() else []
    if n_negative:
        remarks.append(f"{n_negative} negative event numbers: 2^32 added")
    return out, remarks


def write(path, columns, source):
    """Under a temporary name first: no half-written file is ever called `path`."""
    temporary = path + ".part"
    try:
        with h5py.File(temporary, "w") as f:
            f.attrs["source"] = f"converted from {source}"
            for name, values in columns.items():
                packed = {"compression": "gzip", "shuffle": True} if len(values) else {}
                data = f.create_dataset(name, data=values, **packed)
                unit = UNITS.get(name.rpartition("_")[2])
                if "_" in name and unit is not None:
                    data.attrs["units"] = unit
        os.replace(temporary, path)
    finally:
        if os.path.exists(temporary):
            os.unlink(temporary)


def parse_command():
    intro, _, details = __doc__.partition("\n\n")
    parser = argparse.ArgumentParser(
        description=intro, epilog=details,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("csv", nargs="+", help="CSV files of the CMS education data")
    parser.add_argument("-o", "--output-directory", default=".", metavar="DIR",
                        help="where NAME.csv becomes NAME.h5 (default: here)")
    parser.add_argument("--flavour", choices=list(FLAVOURS), default="Muon",
                        help="what leptons are in files that do not say (default: Muon)")
    return parser.parse_args()


def convert_file(path, options):
    stem = os.path.splitext(os.path.basename(path))[0]
    target = os.path.join(options.output_directory, stem + ".h5")
    columns, remarks = convert(path, options.flavour)
    write(target, columns, os.path.basename(path))
    n = {name: int(columns[f"n{name}"].sum()) for name in FLAVOURS if f"n{name}" in columns}
    text = ", ".join(f"{count} {name.lower()}s" for name, count in n.items())
    print(f"{target}: {len(columns['run'])} events, {text}")
    for remark in remarks:
        print(f"  {remark}")


def main():
    options = parse_command()
    try:
        os.makedirs(options.output_directory, exist_ok=True)
        for path in options.csv:
            convert_file(path, options)
    except (InputError, UnicodeDecodeError, csv.Error) as error:
        print(f"convert_csv.py: {error}", file=sys.stderr)
        return 2
    except FileNotFoundError as error:
        print(f"convert_csv.py: {error.filename}: no such file", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"convert_csv.py: {error}", file=sys.stderr)
        return 4
    return 0


if __name__ == "__main__":
    sys.exit(main())
