"""`eyechart compare` of two feature stores against NumPy, SciPy and
statsmodels."""

import json
import os
import pathlib
import subprocess

import numpy as np
import pytest
from made_store import make_store
from statsmodels.stats.contingency_tables import mcnemar

EYECHART = pathlib.Path(os.environ["EYECHART_BIN"]) / "eyechart"
K = 10


def compare(first, second, *options):
    run = subprocess.run([EYECHART, "compare", first, second, "--json",
                          *options], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def cosines(x):
    unit = x.astype(np.float64)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    return unit @ unit.T


def neighbours(x):
    similar = cosines(x)
    np.fill_diagonal(similar, -np.inf)
    return np.argsort(-similar, axis=1, kind="stable")[:, :K], similar


def votes(x, labels):
    """Leave-one-out k-NN: softmax of the cosines over 0.07, DINOv2's."""
    near, similar = neighbours(x)
    right = []
    for i, row in enumerate(near):
        weights = np.exp((similar[i, row] - 1) / 0.07)
        sums = [weights[labels[row] == c].sum() for c in range(labels.max() + 1)]
        right.append(int(np.argmax(sums)) == labels[i])
    return np.array(right)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("dtype", ["fp32", "bf16"])
def test_ladder(tmp_path, seed, dtype):
    rng = np.random.default_rng([seed, len(dtype)])
    n, dim, classes = 150, int(rng.integers(8, 70)), 4
    labels = rng.integers(classes, size=n)
    centres = rng.normal(size=(classes, dim))
    first = centres[labels] + rng.normal(size=(n, dim)) * 1.5
    scale = [1e-7, 1e-4, 1e-2, 0.3, 1, 3][seed]
    second = first + scale * rng.normal(size=(n, dim))
    ids = [f"p{i}" for i in range(n)]
    names = [f"c{c}" for c in labels]
    a = make_store(tmp_path / "a", first.astype(np.float32), ids, "fp32",
                   labels=names)
    order = rng.permutation(n)
    b = make_store(tmp_path / "b", second[order].astype(np.float32),
                   [ids[i] for i in order], dtype, shard_rows=37,
                   labels=[names[i] for i in order])
    b = b[np.argsort(order)]
    ours = compare(tmp_path / "a", tmp_path / "b")

    a64, b64 = a.astype(np.float64), b.astype(np.float64)
    apart = np.abs(b64 - a64)
    assert ours["pooled"]["max_abs"] == apart.max()
    assert ours["pooled"]["reference_max_abs"] == np.abs(a64).max()
    different = np.flatnonzero((a.view(np.uint32) != b.view(np.uint32)).any(1))
    assert ours["pooled"]["different_items"] == len(different)
    first_different = ours["pooled"]["first_different"]
    assert first_different["id"] == ids[different[0]]
    assert first_different["index"] == apart[different[0]].argmax()
    both = (a64 * b64).sum(1) / np.sqrt((a64**2).sum(1) * (b64**2).sum(1))
    assert ours["cosines"]["min"] == pytest.approx(both.min(), abs=1e-12)
    assert ours["cosines"]["median"] == pytest.approx(np.median(both),
                                                      abs=1e-12)
    least = ids.index(ours["cosines"]["least_id"])
    assert both[least] == pytest.approx(both.min(), abs=1e-12)

    near_a, _ = neighbours(a)
    near_b, _ = neighbours(b)
    same_set = np.mean([set(x) == set(y) for x, y in zip(near_a, near_b)])
    same_top1 = np.mean(near_a[:, 0] == near_b[:, 0])
    # Pairs within 1e-6 of one another are ties there and not here.
    assert ours["neighbours"]["same_set"] == pytest.approx(same_set, abs=0.02)
    assert ours["neighbours"]["same_top1"] == pytest.approx(same_top1, abs=0.02)

    right_a, right_b = votes(a, labels), votes(b, labels)
    metric = ours["metric"]
    assert metric["n"] == n
    assert metric["first"] == pytest.approx(right_a.mean(), abs=1e-12)
    assert metric["second"] == pytest.approx(right_b.mean(), abs=1e-12)
    table = [[np.sum(right_a & right_b), np.sum(right_a & ~right_b)],
             [np.sum(~right_a & right_b), np.sum(~right_a & ~right_b)]]
    assert metric["p"] == pytest.approx(mcnemar(table, exact=True).pvalue,
                                        rel=1e-9)

    relative = apart.max() / np.abs(a64).max()
    if dtype == "fp32":
        within = relative <= 2e-5 and both.min() >= 0.999999
    else:
        within = both.min() >= 0.999
    holds = {rung["rung"]: rung["holds"] for rung in ours["rungs"]}
    assert holds["bit-equal"] == (len(different) == 0)
    assert holds["within tolerance"] == within
    assert holds["same neighbours"] == (ours["neighbours"]["same_set"] == 1
                                        and ours["neighbours"]["same_top1"] == 1)
    highest = next((rung["rung"] for rung in ours["rungs"] if rung["holds"]),
                   "drifted")
    assert ours["rung"] == highest
