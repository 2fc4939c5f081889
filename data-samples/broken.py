#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Breaks a good file in every way that we know of.

    broken.py GOODFILE OUTDIR

writes OUTDIR/<kind>.h5 for each kind of damage, OUTDIR/mended/<kind>.h5 with the same events
undamaged, and OUTDIR/broken.json, a list of

    {"kind", "file", "mended", "verdict", "stage", "names"}

verdict: "refused", "accepted", or "same" (accepted, and the events are those of the mended file).
stage:   where a refusal shows: "inspect" (the whole file), "read" (only the shards with the bad
         rows), or "either".
names:   what the failure must contain, whatever the case of its letters; "a|b" is a or b.

GOODFILE is one that `picobarn-samples` made, with genWeight. Each kind takes a few events less
than the one before, so that no two files hold the same.
"""
import json
import os
import shutil
import sys
import zlib

import h5py
import numpy as np

CHUNK = 1024  # rows; small, so that one bad chunk is a small part of a file
PLAIN, DEFLATE, CHECKED = {}, {"compression": "gzip", "compression_opts": 1}, {"fletcher32": True}


# The columns of a file in memory: {"Muon_pt": Column}; and a plain way to write them.

class Column:
    def __init__(self, values, attributes):
        self.values, self.attributes = values, attributes


def read(path):
    with h5py.File(path, "r") as f:
        columns = {name: Column(d[...], dict(d.attrs)) for name, d in f.items()}
        return columns, dict(f.attrs)


def collection(name):
    """The counter of the objects that a column describes, or None for one value an event."""
    prefix = name.split("_")[0]
    return "n" + prefix if prefix in ("Muon", "Electron") else None


def first_events(columns, n):
    out = {}
    for name, column in columns.items():
        counter = collection(name)
        stop = n if counter is None else int(columns[counter].values[:n].sum())
        out[name] = Column(column.values[:stop].copy(), column.attributes)
    return out


def write_column(f, name, column, options):
    values = column.values
    chunks = (min(CHUNK, len(values)),) if values.ndim == 1 and len(values) else None
    if chunks is None:
        options = PLAIN
    d = f.create_dataset(name, data=values, chunks=chunks, **options)
    for key, value in column.attributes.items():
        d.attrs[key] = value


def write(path, columns, attributes, options=DEFLATE, leave_out=()):
    """leave_out: names of columns that the caller will write in its own way."""
    with h5py.File(path, "w") as f:
        for key, value in attributes.items():
            f.attrs[key] = value
        for name, column in columns.items():
            if name not in leave_out:
                write_column(f, name, column, options)


def overwrite(path, offset, data):
    with open(path, "r+b") as f:
        f.seek(offset)
        f.write(data)


def flip_bytes(path, offset, n):
    with open(path, "rb") as f:
        f.seek(offset)
        data = f.read(n)
    overwrite(path, offset, bytes(b ^ 0xFF for b in data))


def flip_in_chunk(path, name, chunk, n):
    """Flips n bytes in the middle of a stored chunk."""
    with h5py.File(path, "r") as f:
        stored = f[name].id.get_chunk_info(chunk)
    flip_bytes(path, stored.byte_offset + stored.size // 2, n)


# One function a kind: job.path is to be written, job.columns may be changed, job.mended is there.

class Job:
    def __init__(self, kind, columns, attributes, folder, options):
        self.columns, self.attributes, self.options = columns, attributes, options
        self.folder = folder
        self.path = os.path.join(folder, kind + ".h5")
        self.mended = os.path.join(folder, "mended", kind + ".h5")

    def write(self, **more):
        write(self.path, self.columns, self.attributes, self.options, **more)

    def copy(self):
        shutil.copyfile(self.mended, self.path)


def truncated(job):
    job.copy()
    os.truncate(job.path, os.path.getsize(job.path) * 6 // 10)


def zero_tail(job):
    job.copy()
    size = os.path.getsize(job.path)
    overwrite(job.path, size * 6 // 10, bytes(size - size * 6 // 10))


def not_hdf5(job):
    with open(job.path, "w", encoding="ascii") as f:
        f.write("Run,Event,E1,px1\n" * 100)


def empty_file(job):
    with open(job.path, "wb"):
        pass


def missing_column(job):
    del job.columns["Muon_phi"]
    job.write()


def unequal_lengths(job):
    job.columns["Muon_eta"].values = job.columns["Muon_eta"].values[:-1]
    job.write()


def unequal_events(job):
    job.columns["genWeight"].values = job.columns["genWeight"].values[:-1]
    job.write()


def type_string(job):
    job.columns["Muon_charge"].values = job.columns["Muon_charge"].values.astype("S4")
    job.write()


def type_compound(job):
    old = job.columns["Muon_pt"].values
    new = np.zeros(len(old), dtype=[("value", "<f4"), ("error", "<f4")])
    new["value"] = old
    job.columns["Muon_pt"].values = new
    job.write()


def two_dimensional(job):
    column = job.columns["Muon_pt"]
    column.values = np.stack([column.values, column.values], axis=1)
    job.write()


def scalar(job):
    job.columns["genWeight"].values = np.float32(1.0)
    job.write()


BAD_ROW = 2500  # in the third chunk of the event columns


def weight_of(value):
    def damage(job):
        job.columns["genWeight"].values[BAD_ROW] = value
        job.write()
    return damage


def flipped_fletcher32(job):
    job.copy()
    flip_in_chunk(job.path, "genWeight", 1, 8)


def flipped_deflate(job):
    job.copy()
    flip_in_chunk(job.path, "nElectron", 0, 8)


def flipped_deflate_objects(job):
    job.copy()
    flip_in_chunk(job.path, "Muon_eta", 1, 8)


def half_written(job):
    """As by a writer that stopped half way and closed its file."""
    values = job.columns["Muon_dxy"].values
    job.write(leave_out=["Muon_dxy"])
    with h5py.File(job.path, "r+") as f:
        d = f.create_dataset("Muon_dxy", values.shape, values.dtype, chunks=(CHUNK,))
        d.attrs["units"] = "cm"
        half = len(values) // 2 // CHUNK * CHUNK
        d[:half] = values[:half]


def counter_negative(job):
    column = job.columns["nMuon"]
    column.values = column.values.astype("<i4")
    column.values[100] = -1
    job.write()


def counter_sum(job):
    job.columns["nElectron"].values[100] += 1
    job.write()


def external_link(job):
    job.write(leave_out=["Muon_pt"])
    other = os.path.join(job.folder, "external_link.target")
    with h5py.File(other, "w") as f:
        write_column(f, "Muon_pt", job.columns["Muon_pt"], PLAIN)
    with h5py.File(job.path, "r+") as f:
        f["Muon_pt"] = h5py.ExternalLink(os.path.abspath(other), "/Muon_pt")


def external_storage(job):
    values = job.columns["Muon_pt"].values
    raw = os.path.join(job.folder, "external_storage.raw")
    job.write(leave_out=["Muon_pt"])
    with h5py.File(job.path, "r+") as f:
        d = f.create_dataset("Muon_pt", values.shape, values.dtype,
                             external=[(os.path.abspath(raw), 0, values.nbytes)])
        d[...] = values
        d.attrs["units"] = "GeV"


def virtual_dataset(job):
    values = job.columns["Muon_pt"].values
    job.write(leave_out=["Muon_pt"])
    layout = h5py.VirtualLayout(shape=values.shape, dtype=values.dtype)
    layout[:] = h5py.VirtualSource("no_such_file.h5", "Muon_pt", shape=values.shape)
    with h5py.File(job.path, "r+") as f:
        f.create_virtual_dataset("Muon_pt", layout)
        f["Muon_pt"].attrs["units"] = "GeV"


def unknown_filter(job):
    job.write(leave_out=["Electron_pt"])
    with h5py.File(job.path, "r+") as f:
        write_column(f, "Electron_pt", job.columns["Electron_pt"], {"compression": "lzf"})


def huge_rows(job):
    """2^50 events, of which none was ever written."""
    with h5py.File(job.path, "w") as f:
        for name, column in job.columns.items():
            rows = 2**50 if collection(name) is None else 2**51
            d = f.create_dataset(name, (rows,), column.values.dtype, chunks=(4096,))
            for key, value in column.attributes.items():
                d.attrs[key] = value


ZEROS = 256  # MiB in the one chunk of the two below


def packed_zeros():
    packer = zlib.compressobj(9)
    return b"".join(packer.compress(bytes(1 << 20)) for _ in range(ZEROS)) + packer.flush()


def write_packed(job, name, stored, times):
    """A column of one chunk that is stored as given, with deflate so many times."""
    rows = len(job.columns[name].values)
    job.write(leave_out=[name])
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_chunk((ZEROS << 18,))
    for _ in range(times):
        plist.set_deflate(9)
    with h5py.File(job.path, "r+") as f:
        space = h5py.h5s.create_simple((rows,), (h5py.h5s.UNLIMITED,))
        d = h5py.h5d.create(f.id, name.encode(), h5py.h5t.IEEE_F32LE, space, plist)
        d.write_direct_chunk((0,), stored)
        f[name].attrs["units"] = "GeV"


def huge_chunk(job):
    """More in one chunk than a reader should take at once; about 260 kB in the file."""
    write_packed(job, "Muon_pt", packed_zeros(), 1)


def bomb(job):
    """The same, compressed twice to about a kilobyte."""
    write_packed(job, "Muon_pt", zlib.compress(packed_zeros(), 9), 2)


def link_loop(job):
    job.write(leave_out=["Muon_pt"])
    with h5py.File(job.path, "r+") as f:
        f["Muon_pt"] = h5py.SoftLink("/loop")
        f["loop"] = h5py.SoftLink("/Muon_pt")


def unit_missing(job):
    for column in job.columns.values():
        column.attributes = {}
    job.write()


def unit_degrees(job):
    column = job.columns["Muon_phi"]
    column.values = np.degrees(column.values)
    column.attributes = {"units": "deg"}
    job.write()


def zero_rows(job):
    job.columns = first_events(job.columns, 0)
    job.write()


def big_endian(job):
    for column in job.columns.values():
        if column.values.dtype.kind in "fiu" and column.values.dtype.itemsize > 1:
            column.values = column.values.astype(column.values.dtype.newbyteorder(">"))
    job.write()


def wide_floats(job):
    for column in job.columns.values():
        if column.values.dtype.kind == "f":
            column.values = column.values.astype("<f8")
    job.write()


def contiguous(job):
    with h5py.File(job.path, "w") as f:
        for name, column in job.columns.items():
            f.create_dataset(name, data=column.values)
            for key, value in column.attributes.items():
                f[name].attrs[key] = value


# kind: (function, verdict, stage, what the failure must name beside the file)
KINDS = {
    "truncated": (truncated, "refused", "inspect", ["truncated|cut|short"]),
    "zero_tail": (zero_tail, "refused", "either", []),
    "not_hdf5": (not_hdf5, "refused", "inspect", ["HDF5"]),
    "empty_file": (empty_file, "refused", "inspect", ["empty"]),
    "missing_column": (missing_column, "refused", "inspect", ["Muon_phi"]),
    "unequal_lengths": (unequal_lengths, "refused", "inspect", ["Muon_eta", "rows"]),
    "unequal_events": (unequal_events, "refused", "inspect", ["genWeight", "rows"]),
    "type_string": (type_string, "refused", "inspect", ["Muon_charge", "string|text"]),
    "type_compound": (type_compound, "refused", "inspect", ["Muon_pt", "compound"]),
    "two_dimensional": (two_dimensional, "refused", "inspect", ["Muon_pt", "dimension"]),
    "scalar": (scalar, "refused", "inspect", ["genWeight", "scalar|dimension"]),
    "weight_nan": (weight_of(np.nan), "refused", "read",
                   ["genWeight", f"row {BAD_ROW}", "nan|no number"]),
    "weight_inf": (weight_of(np.inf), "refused", "read",
                   ["genWeight", f"row {BAD_ROW}", "infinite"]),
    "flipped_fletcher32": (flipped_fletcher32, "refused", "read",
                           ["genWeight", "rows", "checksum"]),
    "flipped_deflate": (flipped_deflate, "refused", "either", ["nElectron", "rows", "deflate"]),
    "flipped_deflate_objects": (flipped_deflate_objects, "refused", "read",
                                ["Muon_eta", "rows", "deflate"]),
    "half_written": (half_written, "refused", "either", ["Muon_dxy", "written"]),
    "counter_negative": (counter_negative, "refused", "either", ["nMuon", "row 100", "-1"]),
    "counter_sum": (counter_sum, "refused", "either", ["nElectron", "add up"]),
    "external_link": (external_link, "refused", "inspect", ["Muon_pt", "link"]),
    "external_storage": (external_storage, "refused", "inspect", ["Muon_pt", "external"]),
    "virtual_dataset": (virtual_dataset, "refused", "inspect", ["Muon_pt", "virtual"]),
    "unknown_filter": (unknown_filter, "refused", "inspect", ["Electron_pt", "filter", "32000"]),
    "huge_rows": (huge_rows, "refused", "inspect", ["rows"]),
    "huge_chunk": (huge_chunk, "refused", "inspect", ["Muon_pt", "chunk", "MiB"]),
    "bomb": (bomb, "refused", "inspect", ["Muon_pt", "deflate|fold"]),
    "link_loop": (link_loop, "refused", "inspect", ["Muon_pt", "loop"]),
    "unit_missing": (unit_missing, "refused", "inspect", ["unit", "GeV"]),
    "unit_degrees": (unit_degrees, "refused", "inspect", ["Muon_phi", "deg"]),
    "zero_rows": (zero_rows, "accepted", None, []),
    "big_endian": (big_endian, "same", None, []),
    "wide_floats": (wide_floats, "same", None, []),
    "contiguous": (contiguous, "same", None, []),
}


def kinds(*verdicts, stages=("inspect", "read", "either", None)):
    return [k for k, (_, verdict, stage, _) in KINDS.items()
            if verdict in verdicts and stage in stages]


def break_all(good, folder):
    columns, attributes = read(good)
    rows = len(columns["nMuon"].values)
    if rows < 4 * CHUNK or "genWeight" not in columns:
        raise SystemExit(f"{good}: at least {4 * CHUNK} events with genWeight are needed")
    os.makedirs(os.path.join(folder, "mended"), exist_ok=True)
    listing = []
    for i, (kind, (function, verdict, stage, names)) in enumerate(KINDS.items()):
        # deflate's own checksum would be found first
        options = CHECKED if function is flipped_fletcher32 else DEFLATE
        job = Job(kind, first_events(columns, rows - 7 * i), attributes, folder, options)
        write(job.mended, job.columns, attributes, options)
        function(job)
        listing.append({"kind": kind, "file": kind + ".h5", "mended": f"mended/{kind}.h5",
                        "verdict": verdict, "stage": stage, "names": [kind + ".h5", *names]})
    with open(os.path.join(folder, "broken.json"), "w", encoding="ascii") as f:
        json.dump(listing, f, indent=1)
        f.write("\n")
    return listing


def main():
    if len(sys.argv) != 3:
        raise SystemExit("usage: broken.py GOODFILE OUTDIR")
    break_all(sys.argv[1], sys.argv[2])


if __name__ == "__main__":
    main()
