# SPDX-License-Identifier: Apache-2.0
"""Columns of a TTree as an RNTuple: zstd, or neither compressed nor split into bytes (level 0)."""
import warnings


def write_ntuple(tree, path, columns, level=5):
    warnings.simplefilter("ignore")
    import ROOT
    kinds = ROOT.RCompressionSetting.EAlgorithm
    options = ROOT.RDF.RSnapshotOptions()
    options.fOutputFormat = ROOT.RDF.ESnapshotOutputFormat.kRNTuple
    options.fCompressionAlgorithm = kinds.kZSTD if level else kinds.kUseGlobal  # zstd at level 0 still splits
    options.fCompressionLevel = level
    ROOT.RDataFrame("Events", str(tree)).Snapshot("Events", str(path), columns, options)
