"""Estimators, arrivals and queues of benchmarks/load against SciPy, numpy and
the books' formulas."""

import json
import math
import os
import pathlib
import random
import subprocess

import numpy as np
import pytest
from scipy import stats

PROBE = pathlib.Path(os.environ["EYECHART_PROBES"]) / "load_probe"
# No dyadic ones: where a tail is met exactly, ours takes the narrower interval.
LEVELS = [0.6, 0.8, 0.9, 0.95, 0.99]


def probe(tmp_path, cases):
    path = tmp_path / "cases.json"
    path.write_text(json.dumps(cases))
    run = subprocess.run([PROBE, path], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    results = json.loads(run.stdout)
    assert len(results) == len(cases)
    return results


def test_binomial(tmp_path):
    rng = random.Random(1)
    cases = []
    for _ in range(800):
        n = rng.choice([1, 2, 5, 64, 662, 5000, 200_000, 10_000_000])
        p = rng.choice([1e-4, 0.001, 0.01, 0.1, 0.5, 0.9, 0.95, 0.99])
        near = round(n * p + rng.gauss(0, 2) * math.sqrt(n * p * (1 - p)))
        cases.append(["binomial", rng.choice([0, 1, min(max(near, 0), n)]),
                      n, p])
    for (_, k, n, p), ours in zip(cases, probe(tmp_path, cases)):
        theirs = stats.binom.cdf(k, n, p)
        # p is a double: its error is multiplied by n / sd in the tail.
        assert ours == pytest.approx(theirs, rel=1e-8, abs=1e-13), (k, n, p)


def test_sample_sizes(tmp_path):
    """The smallest n where at most one value over is as rare as it must be,
    found by counting up."""
    cases = [["min_samples", percent, confidence]
             for percent in [50, 75, 90, 95, 97, 99, 99.9]
             for confidence in [0.9, 0.95, 0.99]]
    for (_, percent, confidence), ours in zip(cases, probe(tmp_path, cases)):
        n = np.arange(1, 20_000)
        tails = stats.binom.cdf(1, n, 1 - percent / 100)
        assert ours == n[tails <= 1 - confidence][0], (percent, confidence)
    assert probe(tmp_path, [["min_samples", 90, 0.99],
                            ["min_samples", 99, 0.99]]) == [64, 662]


def early_stopping(n, p, confidence):
    """MLPerf's: the most t with P(at most t of n over) <= 1 - confidence, by
    the incomplete beta function that it uses, counting up."""
    t = -1
    while stats.beta.sf(1 - p, t + 2, n - t - 1) <= 1 - confidence:
        t += 1
    return t


def test_allowed_over(tmp_path):
    rng = random.Random(2)
    cases = [["allowed_over", rng.choice([10, 44, 64, 662, 1000, 4000]),
              rng.choice([90, 95, 99]), rng.choice([0.95, 0.99])]
             for _ in range(80)]
    for (_, n, percent, confidence), ours in zip(cases, probe(tmp_path, cases)):
        theirs = early_stopping(n, percent / 100, confidence)
        assert ours == theirs, (n, percent, confidence)


def test_ranks(tmp_path):
    """quantile_test inverts the same binomial test."""
    rng = random.Random(3)
    cases = [["ranks", n, q, level] for n in [1, 2, 3, 5, 6, 7, 20, 64, 662]
             for q in [0.5, 0.9, 0.99] for level in LEVELS]
    cases += [["ranks", rng.randint(1, 3000), rng.uniform(0.05, 0.99),
               rng.choice(LEVELS)] for _ in range(300)]
    for (_, n, q, level), ours in zip(cases, probe(tmp_path, cases)):
        values = np.arange(1.0, n + 1)
        ci = stats.quantile_test(values, p=q).confidence_interval(level)
        if ours is None:
            assert math.isnan(ci.low) or math.isnan(ci.high), (n, q, level)
        else:
            assert ours == [ci.low, ci.high], (n, q, level)


def latencies(rng):
    n = rng.choice([0, 1, 2, 5, 6, 63, 64, 129, 130, 500, 661, 662, 2000])
    if rng.random() < 0.3:  # ties
        return [rng.randint(1, 5) for _ in range(n)]
    return [round(rng.lognormvariate(14, 0.5)) for _ in range(n)]


def test_latency(tmp_path):
    rng = random.Random(4)
    cases = [["latency", latencies(rng),
              rng.choice(["nearest-rank", "mlperf"]), rng.choice([0.9, 0.95])]
             for _ in range(200)]
    needed = {90: 64, 95: 130, 99: 662}
    for (_, values, method, level), ours in zip(cases, probe(tmp_path, cases)):
        low, median, *percentiles, high = ours
        if not values:
            assert ours == [[None] * 3] * 6
            continue
        assert (low[0], high[0]) == (min(values), max(values))
        assert median[0] == np.median(values)
        for percent, found in zip([90, 95, 99], percentiles):
            if len(values) < needed[percent]:
                assert found == [None] * 3
                continue
            if method == "mlperf":
                theirs = sorted(values)[int(len(values) * (percent / 100))]
            else:  # numpy's name for the nearest rank
                theirs = np.percentile(values, percent, method="inverted_cdf")
            assert found[0] == theirs
            ci = stats.quantile_test(
                values, p=percent / 100).confidence_interval(level)
            assert found[1:] == [ci.low, ci.high]


def test_arrivals(tmp_path):
    cases = [["arrivals", rate, 4000, 0, seed]
             for rate in [0.5, 20, 3000] for seed in range(10)]
    for (_, rate, *_), times in zip(cases, probe(tmp_path, cases)):
        times = np.array(times) * 1e-9
        gaps = np.diff(times, prepend=0)
        assert stats.kstest(gaps * rate, "expon").pvalue > 1e-4
        assert stats.kstest(times[:-1] / times[-1], "uniform").pvalue > 1e-4
        # Gaps do not depend on the ones before: no memory.
        assert abs(np.corrcoef(gaps[:-1], gaps[1:])[0, 1]) < 4 / 4000 ** 0.5
        # Counts in windows of 10 arrivals' time are Poisson(10).
        counts = np.histogram(times, np.arange(0, times[-1], 10 / rate))[0]
        spread = counts.var(ddof=1) / 10
        assert abs(spread - 1) < 5 * (2 / len(counts)) ** 0.5
    means = [len(times) / (times[-1] * 1e-9 * rate)
             for (_, rate, *_), times in zip(cases, probe(tmp_path, cases))]
    assert np.mean(means) == pytest.approx(1, abs=4 / (4000 * 30) ** 0.5)


def test_server(tmp_path):
    """First come, first served, by the book's recursion."""
    rng = np.random.default_rng(5)
    cases = []
    for lanes in [1, 2, 3, 8]:
        due = np.cumsum(rng.exponential(1e6, 800)).astype(int)
        service = rng.gamma(2, 0.48e6 * lanes, 800).astype(int)
        service[100] = 50_000_000  # a stall
        cases.append(["server", due.tolist(), service.tolist(), lanes])
    for (_, due, service, lanes), ours in zip(cases, probe(tmp_path, cases)):
        free = [0] * lanes
        theirs = []
        for at, takes in zip(due, service):
            lane = free.index(min(free))
            free[lane] = max(free[lane], at) + takes
            theirs.append(free[lane] - at)
        assert ours == theirs


def test_pairs(tmp_path):
    """Every block's ratio from the times that the devices took in it."""
    rng = np.random.default_rng(6)
    cases = [["pairs", rng.integers(1000, 2000, 2 * blocks).tolist(),
              rng.integers(1000, 2000, 2 * blocks).tolist(), blocks, level]
             for blocks in [1, 2, 5, 6, 7, 20, 101] for level in [0.9, 0.95]]
    for (_, first, second, _, level), ours in zip(cases,
                                                  probe(tmp_path, cases)):
        ratios = (np.reshape(second, (-1, 2)).sum(1) /
                  np.reshape(first, (-1, 2)).sum(1))
        *found, value, low, high = ours
        assert found == pytest.approx(ratios, rel=1e-14)
        assert value == pytest.approx(np.median(ratios), rel=1e-14)
        ci = stats.quantile_test(ratios, p=0.5).confidence_interval(level)
        if low is None:
            assert math.isnan(ci.low) or math.isnan(ci.high)
        else:
            assert [low, high] == pytest.approx([ci.low, ci.high], rel=1e-14)
