# SPDX-License-Identifier: Apache-2.0
"""At any moment the plot is right for what has been seen."""
import math

import h5py
import numpy as np
import pytest

import harness
import normalise

WINDOW = (121.0, 130.0)


@pytest.fixture(scope="module")
def recipe(samples):
    """All samples of both eras, in many small shards."""
    run = harness.from_samples(samples, target_events=150)
    for process in run["processes"]:
        process["signal"] = process["name"] == "higgs"
    return run


def figure_of(runner, run_dir, *options):
    """What the picture shows, in numbers."""
    return runner.run("picobarn", "plot", run_dir, "-o", "json", *options).json()


def close(a, b):
    return all(math.isclose(x, y, rel_tol=1e-9, abs_tol=1e-15) for x, y in zip(a, b, strict=True))


def check_figure(figure, stack, channel=None):
    hist = figure["hist"]
    assert figure["edges"] == stack.edges(hist)
    assert figure["observed"] == stack.observed(hist, channel)[1:-1]
    expected = stack.expected(hist, channel)
    drawn = {layer["process"]: layer for layer in figure["stack"]}
    for process, (bins, variances) in expected.items():
        if process not in drawn:  # nothing of it was seen
            assert not any(bins), process
            continue
        assert close(drawn[process]["expected"], bins[1:-1]), process
        assert close(drawn[process]["variance"], variances[1:-1]), process
    for era, channels in figure["luminosity_pb"].items():
        for name, luminosity in channels.items():
            assert math.isclose(luminosity, stack.luminosity(era, name)), (era, name)
    if hist == "m4l":
        all_seen = all(s["coverage"]["events"] > 0 for s in stack.result.values()
                       if s["kind"] == "simulation")
        check_window(figure["window"], all_seen, *stack.window(hist, *WINDOW, channel))


def check_window(window, all_seen, observed, background, signal):
    """Without something of each sample there is no significance."""
    assert (window["low"], window["high"]) == WINDOW
    assert window["observed"] == observed
    assert close((window["background"], window["signal"]), (background, signal))
    assert ("significance_expected" in window) == (all_seen and background > 0 and signal > 0)
    if "significance_expected" in window:
        seen, expected = normalise.significance(observed, background, signal)
        assert math.isclose(window["significance_expected"], expected, rel_tol=1e-9)
        assert math.isclose(window["significance_observed"], seen, rel_tol=1e-6, abs_tol=1e-9)


@pytest.mark.parametrize("share", [0.01, 0.37, 1.0])
def test_scaled_stack_equals_an_independent_one(runner, recipe, share):
    run = harness.write_run(runner.folder / "run.yaml", recipe)
    planned = runner.launch(run, "--run-dir", "run", "--stop-after", "1").shards[1]
    if share < 1:
        done = runner.launch(run, "--run-dir", "run", "--stop-after", str(round(share * planned)),
                             "--shuffle", "5")
        assert done.status == harness.INCOMPLETE, done
        assert 0 <= done.shards[0] - round(share * planned) <= 8
    else:
        done = runner.launch(run, "--run-dir", "run")
        assert done.status == harness.COMPLETE, done
    stack = normalise.Stack(harness.read_result(runner.folder / "run"), harness.read_run(run))
    check_figure(figure_of(runner, "run"), stack)
    check_figure(figure_of(runner, "run", "--hist", "z1_mass"), stack)
    for channel in ("4mu", "4e", "2mu2e"):
        check_figure(figure_of(runner, "run", "--channel", channel), stack, channel)
    if 0.01 < share < 1:
        shares = {normalise.share_seen(s["coverage"]) for s in stack.result.values()}
        assert len(shares) > 3, "the streams were to progress unequally"


# The published counts of the full sample, 37 bins of 3 GeV from 70 GeV, and what was expected in
# 121-130 GeV: background and signal.
PUBLISHED = [0, 0, 0, 1, 2, 8, 16, 12, 8, 1, 3, 0, 0, 2, 1, 0, 3, 3, 7, 2, 0, 0, 2, 2, 4, 3, 1, 1,
             2, 2, 3, 3, 0, 1, 3, 3, 3]
BACKGROUND, SIGNAL = 4.655, 8.204
LUMINOSITY = 11580.0


def two_muons_two_electrons(mass):
    """pt, phi of the leptons of an event at rest with this mass, all at eta = 0: a Z boson of
    0.6 of it to muons and one of 0.2 to electrons, back to back."""
    m1, m2 = 0.6 * mass, 0.2 * mass
    p = math.sqrt((mass**2 - (m1 + m2)**2) * (mass**2 - (m1 - m2)**2)) / (2 * mass)
    out = []
    for m, sign in ((m1, 1), (m2, -1)):
        for side in (1, -1):
            x, y = side * m / 2, sign * p / 2
            out.append((math.hypot(x, y), math.atan2(y, x)))
    return out


def write_events(path, masses):
    leptons = [two_muons_two_electrons(m) for m in masses]
    isolation = {"Muon": "pfRelIso04_all", "Electron": "pfRelIso03_all"}
    with h5py.File(path, "w") as f:
        def put(name, values, dtype, unit=None):
            f[name] = np.asarray(values, dtype=dtype)
            if unit:
                f[name].attrs["units"] = unit
        for kind, rows in (("Muon", (0, 1)), ("Electron", (2, 3))):
            n = 2 * len(masses)
            put(f"n{kind}", [2] * len(masses), "u4")
            put(f"{kind}_pt", [e[i][0] for e in leptons for i in rows], "f4", "GeV")
            put(f"{kind}_phi", [e[i][1] for e in leptons for i in rows], "f4", "rad")
            put(f"{kind}_eta", [0] * n, "f4")
            put(f"{kind}_charge", [1, -1] * len(masses), "i4")
            put(f"{kind}_{isolation[kind]}", [0.1] * n, "f4")
            put(f"{kind}_sip3d", [1] * n, "f4")
            put(f"{kind}_dxy", [0.01] * n, "f4", "cm")
            put(f"{kind}_dz", [0.01] * n, "f4", "cm")
    return path


def test_published_counts_give_the_published_significance(runner):
    """2.8 sigma observed, 3.1 expected in 121-130 GeV."""
    folder = runner.folder
    masses = [71.5 + 3 * i for i, n in enumerate(PUBLISHED) for _ in range(n)]
    samples = [harness.data([write_events(folder / "data.h5", masses)],
                            luminosity_pb=LUMINOSITY)]
    for name, expected in (("background", BACKGROUND), ("signal", SIGNAL)):
        file = write_events(folder / f"{name}.h5", [125.5])
        samples.append(harness.simulation([file], name=name, process=name,
                                          cross_section_pb=expected / LUMINOSITY))
    run = harness.write_run(folder / "run.yaml", {
        "analysis": "higgs4l", "samples": samples, "eras": {2012: {"energy_tev": 8}},
        "processes": [{"name": "background", "title": "background"},
                      {"name": "signal", "title": "signal", "signal": True}]})
    done = runner.launch(run, "--run-dir", "run")
    assert done.status == harness.COMPLETE, done
    sample = harness.sample_of(harness.read_result(folder / "run"), "data")
    bins = harness.histogram_of(sample, "2mu2e", "m4l")["storage"]["values"]
    assert bins == [0, *PUBLISHED, 0]
    window = figure_of(runner, "run")["window"]
    assert window["observed"] == 12
    assert math.isclose(window["background"], BACKGROUND, rel_tol=1e-9)
    assert math.isclose(window["signal"], SIGNAL, rel_tol=1e-9)
    assert round(window["significance_observed"], 1) == 2.8
    assert round(window["significance_expected"], 1) == 3.1
    svg = (folder / "run" / "plot.svg").read_text(encoding="utf-8")
    assert "2.8 observed, 3.1 expected" in svg


def test_luminosity_is_seen_per_era_and_channel_and_never_summed_over_streams(runner, recipe):
    run = harness.write_run(runner.folder / "run.yaml", recipe)
    done = runner.launch(run, "--run-dir", "run")
    assert done.status == harness.COMPLETE, done
    stack = normalise.Stack(harness.read_result(runner.folder / "run"), harness.read_run(run))
    for era, luminosity in (("2012", 4429 + 7152), ("2011", 2330)):
        for channel in ("4mu", "4e", "2mu2e"):
            assert math.isclose(stack.luminosity(era, channel), luminosity)
    svg = (runner.folder / "run" / "plot.svg").read_text(encoding="utf-8")
    assert "11.58" in svg and "8 TeV" in svg and "2.33" in svg and "7 TeV" in svg
