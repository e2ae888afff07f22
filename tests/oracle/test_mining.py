"""`eyechart mine` against float64 brute force, and its memory."""

import csv
import json
import os
import subprocess
import sys

import numpy as np
import pytest
from made_store import make_store

EYECHART = os.path.join(os.environ["EYECHART_BIN"], "eyechart")
NEAR_MIN, FAR_MAX = 0.95, 0.6
# Pairs so close to a threshold may fall on either side of it.
DOUBT = 2e-6
MEMORY_MIB = 256
# A process of its own that runs a command and tells its peak memory: a child
# started straight from here would count this process's memory as its own.
PEAK = """
import resource, subprocess, sys
code = subprocess.run(sys.argv[1:]).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
sys.exit(code)
"""


def around_centres(rng, count, dim, centres, typical_cosine):
    """Rows around random centres; two of one centre have about that cosine."""
    spread = np.sqrt(1 / typical_cosine - 1)
    rows = rng.standard_normal((centres, dim))[np.arange(count) % centres]
    rows += spread * rng.standard_normal((count, dim))
    # Lengths must not matter.
    return (rows * rng.uniform(0.1, 10, (count, 1))).astype(np.float32)


def mine(near, far, out, *flags):
    run = subprocess.run(
        [sys.executable, "-c", PEAK, EYECHART, "mine", "--near-store", near,
         "--far-store", far, "--near-min", str(NEAR_MIN), "--far-max",
         str(FAR_MAX), "-o", out, "--json", *flags],
        capture_output=True, text=True,
        env=os.environ | {"OMP_NUM_THREADS": "2"})
    assert run.returncode == 0, run.stderr
    with open(out / "pairs.csv", newline="") as file:
        pairs = list(csv.DictReader(file))
    return json.loads(run.stdout), pairs, int(run.stderr.split()[-1]) / 1024


def brute_force(near, far):
    """{(i, j): (near, far cosine)} of all pairs that are near or nearly so."""
    unit = [x.astype(np.float64) for x in (near, far)]
    near, far = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in unit)
    found = {}
    for top in range(0, len(near), 1000):
        cosines = near[top:top + 1000] @ near[top:].T
        for i, j in np.argwhere(np.triu(cosines, 1) > NEAR_MIN - DOUBT):
            found[top + i, top + j] = (cosines[i, j],
                                       far[top + i] @ far[top + j])
    return found


def check(summary, pairs, wanted, ids):
    surely_near = sum(near > NEAR_MIN + DOUBT for near, _ in wanted.values())
    assert surely_near <= summary["near_pairs"] <= len(wanted)
    place = {name: i for i, name in enumerate(ids)}
    found = {}
    for pair in pairs:
        assert pair["id_a"] < pair["id_b"]
        key = tuple(sorted((place[pair["id_a"]], place[pair["id_b"]])))
        assert key not in found
        found[key] = (float(pair["near_cosine"]), float(pair["far_cosine"]))
    for key, (near, far) in wanted.items():
        blind = near > NEAR_MIN and far < FAR_MAX
        doubtful = min(abs(near - NEAR_MIN), abs(far - FAR_MAX)) <= DOUBT
        assert doubtful or (key in found) == blind, (key, near, far)
    for key, cosines in found.items():
        assert np.allclose(cosines, wanted[key], rtol=0, atol=1e-12)
    assert summary["blind_pairs"] == len(pairs)
    gaps = [float(pair["gap"]) for pair in pairs]
    assert gaps == sorted(gaps, reverse=True)
    assert [pair["rank"] for pair in pairs] == [
        str(i + 1) for i in range(len(pairs))]


CASES = {
    # count, dim of near and far, centres, dtype, engine
    "20000": (20000, 768, 768, 4000, "fp32", "exact"),
    "half": (3000, 768, 1024, 600, "fp16", "exact"),
    "bfloat": (3000, 768, 1024, 600, "bf16", "exact"),
    "faiss": (3000, 768, 512, 600, "fp32", "faiss-flat"),
    # A tenth of all pairs lies around the threshold, as with an encoder that
    # knows nothing but ten classes.
    "classes": (6000, 384, 768, 10, "fp32", "exact"),
}


@pytest.mark.parametrize("name", CASES)
def test_finds_what_brute_force_finds(name, tmp_path):
    count, near_dim, far_dim, centres, dtype, engine = CASES[name]
    rng = np.random.default_rng(20261123)
    ids = [f"p{i:05d}" for i in rng.permutation(count)]
    near = around_centres(rng, count, near_dim, centres, NEAR_MIN)
    far = around_centres(rng, count, far_dim, centres, FAR_MAX)
    near = make_store(tmp_path / "near", near, ids, dtype)
    # The far store has its pictures in another order.
    order = rng.permutation(count)
    far[order] = make_store(tmp_path / "far", far[order],
                            [ids[i] for i in order], dtype)
    summary, pairs, peak_mib = mine(tmp_path / "near", tmp_path / "far",
                                    tmp_path / "out", "--engine", engine)
    wanted = brute_force(near, far)
    assert len(pairs) > 1000
    check(summary, pairs, wanted, ids)
    assert summary["images"] == count
    assert summary["candidate_pairs"] == count * (count - 1) // 2
    assert summary["engine"] == engine
    bytes_each = 4 if dtype == "fp32" else 2
    features_mib = (near.size + far.size) * bytes_each / 2**20
    if engine == "exact":
        assert peak_mib <= features_mib + MEMORY_MIB, (peak_mib, features_mib)
    print(f"{name}: peak {peak_mib:.0f} MiB, features {features_mib:.0f} MiB, "
          f"{summary['seconds']}")


def test_engines_write_the_same_bytes(tmp_path):
    rng = np.random.default_rng(7)
    ids = [f"p{i:05d}" for i in range(2000)]
    make_store(tmp_path / "near", around_centres(rng, 2000, 96, 50, NEAR_MIN),
               ids)
    make_store(tmp_path / "far", around_centres(rng, 2000, 64, 80, FAR_MAX),
               ids)
    tables = []
    for engine in ("exact", "faiss-flat", "auto"):
        mine(tmp_path / "near", tmp_path / "far", tmp_path / engine,
             "--engine", engine)
        tables.append((tmp_path / engine / "pairs.csv").read_bytes())
    assert tables[0].count(b"\n") > 1000
    assert tables[0] == tables[1] == tables[2]
