"""The gate's tests and intervals against SciPy and statsmodels."""

import json
import os
import pathlib
import random
import subprocess

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests

PROBE = pathlib.Path(os.environ["EYECHART_PROBES"]) / "gate_probe"


def probe(tmp_path, cases):
    path = tmp_path / "cases.json"
    path.write_text(json.dumps(cases))
    run = subprocess.run([PROBE, path], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    results = json.loads(run.stdout)
    assert len(results) == len(cases)
    return results


def test_benjamini_hochberg(tmp_path):
    rng = np.random.default_rng(1)
    cases = []
    for n in [1, 2, 3, 10, 200, 1000] * 5:
        p = rng.random(n) ** rng.choice([1, 2, 8])
        if n > 2:
            p[rng.integers(n)] = p[0]  # a tie
        cases.append(["bh", p.tolist()])
    for (_, p), ours in zip(cases, probe(tmp_path, cases)):
        theirs = multipletests(p, method="fdr_bh")[1]
        assert ours == pytest.approx(theirs, rel=1e-12)
        theirs = stats.false_discovery_control(p, method="bh")
        assert ours == pytest.approx(theirs, rel=1e-12)


def differences(rng, n):
    kind = rng.integers(4)
    if kind == 0:
        d = rng.normal(rng.choice([0, 0.3, 1]), 1, n)
    elif kind == 1:
        d = rng.laplace(rng.choice([0, 0.5]), 1, n)
    elif kind == 2:
        d = rng.integers(-3, 5, n) / 10  # one step, with zeros
    else:
        d = rng.exponential(1, n) - rng.choice([0.5, 1])
    return d


def test_sign_flip_is_exact_for_few(tmp_path):
    rng = np.random.default_rng(2)
    cases = [["sign_flip", differences(rng, n).tolist()]
             for n in [1, 2, 5, 9, 13] * 6]
    for (_, d), ours in zip(cases, probe(tmp_path, cases)):
        d = [x for x in d if x != 0]
        if not d:
            assert ours == 1
            continue
        # All signs, written out; SciPy's permutation_test agrees.
        signs = 1 - 2 * ((np.arange(2 ** len(d))[:, None]
                          >> np.arange(len(d))) & 1)
        sums = np.abs(signs @ np.array(d))
        theirs = np.mean(sums >= abs(sum(d)) * (1 - 1e-9))
        assert ours == pytest.approx(theirs, rel=1e-12)
        if len(d) > 1:
            theirs = stats.permutation_test(
                (d,), np.sum, permutation_type="samples",
                n_resamples=np.inf).pvalue
            assert ours == pytest.approx(theirs, rel=1e-9)


def test_sign_flip_of_many(tmp_path):
    """The saddlepoint: against the exact distribution where the differences
    are multiples of a step, against a million draws where they are not."""
    rng = np.random.default_rng(3)
    cases = []
    for n in [25, 40, 80, 200]:
        for shift in [0, 1, 2]:
            d = rng.integers(-4, 5 + shift, n)
            cases.append(["sign_flip", d.tolist()])
    for (_, d), ours in zip(cases, probe(tmp_path, cases)):
        # The distribution of the sum by convolution of two-point ones.
        total = int(np.abs(d).sum())
        chances = np.zeros(2 * total + 1)
        chances[total] = 1
        for a in np.abs(d):
            chances = (np.roll(chances, a) + np.roll(chances, -a)) / 2
        seen = abs(int(np.sum(d)))
        theirs = chances[np.abs(np.arange(-total, total + 1)) >= seen].sum()
        assert ours == pytest.approx(theirs, rel=0.03), d
    cases = [["sign_flip", rng.laplace(m, 1, n).tolist()]
             for n, m in [(25, 0.3), (60, 0.25), (300, 0.1), (40, 0)]]
    for (_, d), ours in zip(cases, probe(tmp_path, cases)):
        d = np.array(d)
        hits = 0
        draws = 1_000_000
        for _ in range(50):
            signs = 2 * rng.integers(0, 2, (draws // 50, len(d)),
                                     dtype=np.int8) - 1
            hits += np.sum(np.abs(signs @ d) >= abs(d.sum()))
        theirs = hits / draws
        error = (theirs * (1 - theirs) / draws) ** 0.5
        assert abs(ours - theirs) < 4 * error + 0.03 * theirs, d


def test_signed_rank(tmp_path):
    rng = np.random.default_rng(4)
    cases = [["signed_rank", rng.normal(m, 1, n).tolist()]
             for n in [3, 7, 12, 20, 30, 50] for m in [0, 0.4, 1]]
    for (_, d), ours in zip(cases, probe(tmp_path, cases)):
        theirs = stats.wilcoxon(d, method="exact").pvalue
        tolerance = 1e-12 if len(d) <= 20 else 0.03
        assert ours == pytest.approx(theirs, rel=tolerance), d


def test_mann_whitney(tmp_path):
    rng = np.random.default_rng(5)
    cases = []
    for _ in range(60):
        a = rng.lognormal(0, 0.3, rng.integers(2, 80))
        b = rng.lognormal(rng.choice([0, 0.1, 0.5]), 0.3, rng.integers(2, 80))
        if rng.random() < 0.5:
            a, b = a.round(1), b.round(1)  # ties
        cases.append(["mann_whitney", a.tolist(), b.tolist()])
    for (_, a, b), ours in zip(cases, probe(tmp_path, cases)):
        theirs = stats.mannwhitneyu(a, b, method="asymptotic").pvalue
        assert ours == pytest.approx(theirs, rel=1e-9)


def test_outcomes(tmp_path):
    rng = random.Random(6)
    cases = [["outcomes", *[rng.randint(0, 60) for _ in range(4)]]
             for _ in range(200)]
    for (_, a, b, c, d), ours in zip(cases, probe(tmp_path, cases)):
        theirs = mcnemar([[a, b], [c, d]], exact=True).pvalue
        assert ours == pytest.approx(theirs, rel=1e-9)


def close(ours, theirs, draws):
    """Both are quantiles of random draws: near within their own noise."""
    width = theirs.high - theirs.low
    # The density at the 2.5 % quantile of a normal distribution is 0.058, its
    # interval 3.92 wide: the error of a quantile of n draws is 0.156 / (0.058
    # sqrt(n)) deviations; five of both.
    tolerance = 5 * 2 ** 0.5 * 0.156 / 0.058 / draws ** 0.5 / 3.92 * width
    return (abs(ours[0] - theirs.low) < tolerance
            and abs(ours[1] - theirs.high) < tolerance)


def test_paired_bootstrap(tmp_path):
    rng = np.random.default_rng(7)
    draws = 20_000
    cases = []
    for n in [10, 40, 300]:
        a = rng.lognormal(0, 1, n)
        b = a + rng.laplace(0.1, 0.3, n)
        cases.append(["bootstrap", a.tolist(), b.tolist(), draws, 0.95])
    for (_, a, b, _, level), ours in zip(cases, probe(tmp_path, cases)):
        theirs = stats.bootstrap(
            (a, b), lambda x, y, axis: np.mean(y - x, axis=axis), paired=True,
            n_resamples=draws, confidence_level=level, method="percentile",
            rng=rng).confidence_interval
        assert close(ours, theirs, draws)


def test_ratio_of_medians(tmp_path):
    rng = np.random.default_rng(8)
    draws = 20_000
    cases = []
    for n, m in [(30, 45), (101, 200)]:
        a = rng.lognormal(0, 0.2, n)
        b = rng.lognormal(0.1, 0.3, m)
        cases.append(["ratio", a.tolist(), b.tolist(), draws, 0.9])
    for (_, a, b, _, level), ours in zip(cases, probe(tmp_path, cases)):
        theirs = stats.bootstrap(
            (a, b), lambda x, y, axis: (np.median(y, axis=axis)
                                        / np.median(x, axis=axis)),
            n_resamples=draws, confidence_level=level, method="percentile",
            rng=rng).confidence_interval
        assert close(ours, theirs, draws)


def test_independent_intervals(tmp_path):
    """MOVER with Wilson's intervals is Newcombe's, as statsmodels has it."""
    from statsmodels.stats.proportion import (confint_proportions_2indep,
                                              proportion_confint)
    rng = random.Random(9)
    cases, theirs = [], []
    for _ in range(100):
        n1, n2 = rng.randint(5, 400), rng.randint(5, 400)
        k1, k2 = rng.randint(0, n1), rng.randint(0, n2)
        ci1 = proportion_confint(k1, n1, 0.05, method="wilson")
        ci2 = proportion_confint(k2, n2, 0.05, method="wilson")
        cases.append(["intervals", k1 / n1, [*ci1, 0.95], k2 / n2,
                      [*ci2, 0.95], 0.95])
        theirs.append(confint_proportions_2indep(
            k2, n2, k1, n1, method="newcomb", compare="diff"))
    for (p, low, high), expected in zip(probe(tmp_path, cases), theirs):
        assert (low, high) == pytest.approx(expected, abs=1e-9)
        # p is below 0.05 just where the interval excludes 0.
        assert (p < 0.05) == (low > 0 or high < 0) or min(
            abs(low), abs(high)) < 1e-9
