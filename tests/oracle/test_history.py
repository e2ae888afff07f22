"""Change points against the formulas of Matteson and James (2014), written out
with every pair, and their error rates on seeded series."""

import json
import os
import pathlib
import subprocess

import numpy as np
import pytest
from scipy import stats

PROBE = pathlib.Path(os.environ["EYECHART_PROBES"]) / "history_probe"


def probe(tmp_path, cases):
    path = tmp_path / "cases.json"
    path.write_text(json.dumps(cases))
    run = subprocess.run([PROBE, path], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    results = json.loads(run.stdout)
    assert len(results) == len(cases)
    return results


def changes(values, alpha=0.01, draws=999, most_extreme=10, min_segment=3,
            seed=1):
    return ["changes", list(map(float, values)), alpha, draws, most_extreme,
            min_segment, seed]


def energy(x, y):
    """m k / (m + k) times the sample divergence, alpha = 1 (their eq. 5, 7)."""
    m, k = len(x), len(y)
    if m < 2 or k < 2:
        return 0
    between = np.abs(x[:, None] - y[None, :]).sum()
    within_x = np.abs(x[:, None] - x[None, :]).sum() / 2
    within_y = np.abs(y[:, None] - y[None, :]).sum() / 2
    divergence = (2 * between / (m * k) - within_x / (m * (m - 1) / 2)
                  - within_y / (k * (k - 1) / 2))
    return m * k / (m + k) * divergence


def series(rng, n):
    kind = rng.integers(4)
    if kind == 0:
        x = rng.normal(0, 1, n)
    elif kind == 1:
        x = 1e6 + rng.integers(0, 4, n)  # ties, far from 0
    elif kind == 2:
        x = rng.lognormal(0, 1, n)
    else:
        x = rng.normal(0, 1, n) + 2 * (np.arange(n) >= n // 2)
    return x


def test_split_statistics_are_those_of_all_pairs(tmp_path):
    rng = np.random.default_rng(1)
    cases = [["splits", series(rng, n).tolist()]
             for n in [0, 1, 2, 3, 4, 7, 20, 61] * 4]
    for (_, x), ours in zip(cases, probe(tmp_path, cases)):
        x = np.array(x)
        theirs = [energy(x[:m], x[m:]) for m in range(len(x) + 1)]
        scale = max(1e-3, np.ptp(x) if len(x) else 0)
        assert ours == pytest.approx(theirs, rel=1e-8, abs=1e-9 * scale)


def test_p_is_the_permutation_tests(tmp_path):
    """Against draws of NumPy's own, with many enough that both are near the
    exact p."""
    rng = np.random.default_rng(2)
    draws = 4000
    cases = [changes(series(rng, 16), draws=draws, most_extreme=draws)
             for _ in range(12)]
    for case, ours in zip(cases, probe(tmp_path, cases)):
        x = np.array(case[1])

        def best(values):
            return max(energy(values[:m], values[m:])
                       for m in range(3, len(values) - 2))

        seen = best(x) * (1 - 1e-9)
        if seen <= 0:  # no split is further apart than its own parts
            assert ours["first_p"] == 1
            continue
        theirs = 300
        hits = sum(best(rng.permutation(x)) >= seen for _ in range(theirs))
        low, high = stats.binomtest(hits, theirs).proportion_ci(0.9999)
        assert low - 0.03 <= ours["first_p"] <= high + 0.03


def test_planted_changes_are_found_in_their_places(tmp_path):
    rng = np.random.default_rng(3)
    cases, places, means = [], [], []
    for n in [40, 90, 300, 2000]:
        for _ in range(3):
            at = np.sort(rng.choice(np.arange(1, n // 10), 3,
                                    replace=False)) * 10
            levels = rng.permutation([100.0, 130.0, 160.0, 200.0])
            level = levels[np.searchsorted(at, np.arange(n), side="right")]
            x = level + rng.normal(0, 1, n)
            cases.append(changes(x))
            places.append(at.tolist())
            edges = [0, *at.tolist(), n]
            means.append([x[a:b].mean() for a, b in zip(edges, edges[1:])])
    for at, mean, ours in zip(places, means, probe(tmp_path, cases)):
        assert set(at) <= {point[0] for point in ours["points"]}
        # A further split within a segment is a false alarm: at most one.
        assert len(ours["points"]) <= len(at) + 1
        if len(ours["points"]) == len(at):
            for i, (_, before, after, p) in enumerate(ours["points"]):
                assert before == pytest.approx(mean[i], rel=1e-12)
                assert after == pytest.approx(mean[i + 1], rel=1e-12)
                assert p <= 0.01


@pytest.mark.parametrize("alpha,draws,most_extreme",
                         [(0.01, 999, 10), (0.01, 199, 2), (0.1, 99, 10)])
def test_false_alarms_are_as_rare_as_stated(tmp_path, alpha, draws,
                                            most_extreme):
    rng = np.random.default_rng(4)
    cases = []
    for i in range(2000):
        n = [8, 15, 30, 60][i % 4]
        noise = [rng.normal(0, 1, n), rng.lognormal(0, 1, n),
                 rng.standard_t(2, n), rng.integers(0, 3, n)][i // 4 % 4]
        cases.append(changes(noise, alpha, draws, most_extreme, seed=i))
    alarms = sum(bool(ours["points"]) for ours in probe(tmp_path, cases))
    # More than alpha can be by chance, with one in 100,000 series of tests.
    assert stats.binomtest(alarms, len(cases), alpha,
                           alternative="greater").pvalue > 1e-5
    # And not because the test finds nothing: long series reach the level.
    assert alarms > len(cases) * alpha / 20


def test_one_odd_value_is_no_change(tmp_path):
    rng = np.random.default_rng(5)
    cases = []
    for i in range(200):
        x = rng.normal(100, 1, 40)
        x[rng.integers(40)] += 40
        cases.append(changes(x))
    alarms = sum(bool(ours["points"]) for ours in probe(tmp_path, cases))
    assert stats.binomtest(alarms, len(cases), 0.01,
                           alternative="greater").pvalue > 1e-5


def test_the_same_values_give_the_same_answer(tmp_path):
    rng = np.random.default_rng(6)
    case = changes(rng.normal(0, 1, 50) + (np.arange(50) > 30))
    first, second = probe(tmp_path, [case, case])
    assert first == second
