# SPDX-License-Identifier: Apache-2.0
"""Events of picobarn-samples as awkward arrays, and as a TTree with NanoAOD's names.

`objects` names the columns of each kind of object: {"Muon": ["pt", "eta"]}."""
import awkward as ak
import h5py
import hdf5plugin  # noqa: F401  h5py reads zstd with it
import numpy as np
import uproot


def read_hdf5(paths, objects, event=()):
    """{"MET_pt": a value an event, "Muon": a list of records an event}, of all files together."""
    files = [h5py.File(path) for path in paths]

    def column(name):
        return np.concatenate([f[name][:] for f in files])

    whole = {name: column(name) for name in event}
    for name, columns in objects.items():
        whole[name] = ak.unflatten(ak.zip({c: column(f"{name}_{c}") for c in columns}), column(f"n{name}"))
    for f in files:
        f.close()
    return whole


def write_tree(batches, path, compression):
    with uproot.recreate(path, compression=compression) as out:
        tree = None
        for events in batches:
            if tree is None:
                types = {name: v.dtype if isinstance(v, np.ndarray) else ak.type(v).content
                         for name, v in events.items()}
                tree = out.mktree("Events", types, counter_name=lambda n: "n" + n,
                                  field_name=lambda outer, inner: f"{outer}_{inner}" if outer else inner)
            tree.extend(events)
