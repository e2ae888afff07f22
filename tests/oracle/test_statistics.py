"""Intervals and tests of core/statistics against SciPy and statsmodels."""

import json
import os
import pathlib
import random
import subprocess

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.proportion import proportion_confint

PROBE = pathlib.Path(os.environ["EYECHART_PROBES"]) / "statistics_probe"


def probe(tmp_path, cases):
    path = tmp_path / "cases.json"
    path.write_text(json.dumps(cases))
    run = subprocess.run([PROBE, path], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    results = json.loads(run.stdout)
    assert len(results) == len(cases)
    return results


def sizes(rng):
    return rng.choice([1, 2, 15, 135, 150, 300, 1000, 20_000])


def test_wilson(tmp_path):
    rng = random.Random(1)
    cases = []
    for _ in range(500):
        n = sizes(rng)
        cases.append(["wilson", rng.randint(0, n), n,
                      rng.choice([0.5, 0.8, 0.9, 0.95, 0.99, 0.999])])
    for (_, k, n, level), (low, high) in zip(cases, probe(tmp_path, cases)):
        theirs = stats.binomtest(k, n).proportion_ci(level, method="wilson")
        assert (low, high) == pytest.approx(theirs, abs=1e-12), (k, n, level)
        theirs = proportion_confint(k, n, 1 - level, method="wilson")
        assert (low, high) == pytest.approx(theirs, abs=1e-12), (k, n, level)


def test_mcnemar(tmp_path):
    rng = random.Random(2)
    cases = [["mcnemar", 0, 0, False]]
    for _ in range(500):
        n = sizes(rng)
        # Near the middle as well as far from it.
        b = (rng.randint(0, n) if rng.random() < 0.3 else
             sum(rng.random() < 0.5 for _ in range(min(n, 1000))))
        cases.append(["mcnemar", b, n - b if n > b else 0, False])
    for (_, b, c, _), ours in zip(cases, probe(tmp_path, cases)):
        # Agreements play no part.
        table = [[rng.randint(0, 50), b], [c, rng.randint(0, 50)]]
        theirs = mcnemar(table, exact=True).pvalue if b + c else 1.0
        assert ours == pytest.approx(theirs, rel=1e-9, abs=1e-300), (b, c)
        if b + c:
            theirs = stats.binomtest(b, b + c, 0.5).pvalue
            assert ours == pytest.approx(theirs, rel=1e-9, abs=1e-300), (b, c)


def test_mcnemar_mid_p(tmp_path):
    """By its definition: outcomes as likely as the one seen count by half."""
    rng = random.Random(3)
    cases = [["mcnemar", b, c, True] for b, c in
             [(rng.randint(0, 80), rng.randint(0, 80)) for _ in range(300)] +
             [(n, n) for n in range(1, 30)]]
    for (_, b, c, _), ours in zip(cases, probe(tmp_path, cases)):
        if b + c == 0:
            continue
        pmf = stats.binom.pmf(np.arange(b + c + 1), b + c, 0.5)
        seen = pmf[b]
        same = np.isclose(pmf, seen, rtol=1e-9, atol=0)
        theirs = pmf[~same & (pmf < seen)].sum() + pmf[same].sum() / 2
        assert ours == pytest.approx(theirs, rel=1e-9), (b, c)


def newcombe_paired(a, b, c, d, level):
    """Method 10 by its definition, of p2 - p1, with statsmodels' Wilson."""
    n = a + b + c + d
    p1, p2 = (a + b) / n, (a + c) / n
    low1, high1 = proportion_confint(a + b, n, 1 - level, method="wilson")
    low2, high2 = proportion_confint(a + c, n, 1 - level, method="wilson")
    marginals = (a + b) * (c + d) * (a + c) * (b + d)
    cross = a * d - b * c
    if cross > 0:
        cross = max(cross - n / 2, 0)
    phi = cross / marginals ** 0.5 if marginals else 0

    def length(x, y):
        return max(0.0, x * x - 2 * phi * x * y + y * y) ** 0.5

    return (p2 - p1 - length(p2 - low2, high1 - p1),
            p2 - p1 + length(high2 - p2, p1 - low1))


def test_paired_difference(tmp_path):
    rng = random.Random(4)
    cases = []
    for _ in range(500):
        counts = [rng.choice([0, rng.randint(0, 5), rng.randint(0, 400)])
                  for _ in range(4)]
        if sum(counts):
            cases.append(["paired", *counts, rng.choice([0.8, 0.95, 0.99])])
    for (_, *case), ours in zip(cases, probe(tmp_path, cases)):
        assert ours == pytest.approx(newcombe_paired(*case), abs=1e-12), case


def test_student(tmp_path):
    rng = random.Random(5)
    cases = [["student", p, df]
             for df in [1, 2, 3, 7, 30, 400, 1e6]
             for p in [1e-9, 0.001, 0.025, 0.3, 0.5, 0.6, 0.975, 1 - 1e-6]]
    cases += [["student", rng.random(), rng.uniform(1, 50)]
              for _ in range(200)]
    for (_, p, df), (t, cdf) in zip(cases, probe(tmp_path, cases)):
        assert t == pytest.approx(stats.t.ppf(p, df), rel=1e-9, abs=1e-9)
        assert cdf == pytest.approx(p, rel=1e-9)
