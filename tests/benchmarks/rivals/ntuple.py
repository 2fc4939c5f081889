# SPDX-License-Identifier: Apache-2.0
"""Columns of a TTree as an RNTuple (zstd)."""
import warnings


def write_ntuple(tree, path, columns):
    warnings.simplefilter("ignore")
    import ROOT
    options = ROOT.RDF.RSnapshotOptions()
    options.fOutputFormat = ROOT.RDF.ESnapshotOutputFormat.kRNTuple
    options.fCompressionAlgorithm = ROOT.RCompressionSetting.EAlgorithm.kZSTD
    options.fCompressionLevel = 5
    ROOT.RDataFrame("Events", str(tree)).Snapshot("Events", str(path), columns, options)
