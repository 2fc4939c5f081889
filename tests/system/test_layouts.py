# SPDX-License-Identifier: Apache-2.0
"""The same events stored in any way give the same partial, byte for byte."""
import pytest

import fixtures

LAYOUTS = ("deflate", "zstd", "lz4", "chunked", "contiguous")


@pytest.fixture(scope="module")
def stored(shared):
    """One file of about 14,000 weighted events for each layout, by its name."""
    def make(folder):
        for layout in LAYOUTS:
            fixtures.generate(folder / layout, "--events", "400000", "--seed", "3", "--only",
                              "zjets2012", "--layout", layout)
    return {layout: sorted((shared("layouts", make) / layout).glob("*.h5"))[0]
            for layout in LAYOUTS}


def digest(runner, file, *options):
    done = runner.run("picobarn-worker", "shard", file, "--weight", "genWeight", "--show",
                      "digest", *options)
    assert done.status == 0, done
    return done.out


@pytest.mark.parametrize("threads", ("1", "2", "5"))
@pytest.mark.parametrize("analysis", ("dimuon", "higgs4l"))
def test_every_layout_gives_the_same_partial(runner, stored, analysis, threads):
    """Rows that begin and end within chunks, so that parts of chunks are used."""
    options = ("--analysis", analysis, "--rows", "123-12345")
    expected = digest(runner, stored["contiguous"], *options)
    for layout in LAYOUTS:
        assert digest(runner, stored[layout], *options, "--threads", threads) == expected, layout


@pytest.mark.parametrize("layout", ("zstd", "lz4"))
def test_a_flipped_byte_of_a_compressed_chunk_is_no_crash(runner, stored, layout):
    """Without a checksum it may go unseen, or be refused: never anything else."""
    good = stored[layout].read_bytes()
    for at in range(2000, len(good), len(good) // 15):
        damaged = bytearray(good)
        damaged[at] ^= 0x24
        (runner.folder / "damaged.h5").write_bytes(damaged)
        done = runner.run("picobarn-worker", "shard", "damaged.h5", "--rows", "0-12000",
                          "--analysis", "dimuon", "--show", "digest")
        assert done.status in (0, 65), done
