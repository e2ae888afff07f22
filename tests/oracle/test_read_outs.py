"""Read-outs and psychometric functions against SciPy and NumPy."""

import json
import os
import subprocess

import numpy as np
import pytest
from scipy import optimize, special

PROBE = os.path.join(os.environ["EYECHART_PROBES"], "read_out_probe")


def ask(**request):
    run = subprocess.run([PROBE], input=json.dumps(request), text=True,
                         capture_output=True, check=True)
    return json.loads(run.stdout)


def psi(x, guess, lapse, location, slope):
    return guess + (1 - guess - lapse) * special.expit(
        slope * (np.log(x) - np.log(location)))


def log_likelihood(rows, guess, lapse, location, slope):
    x, k, n = np.asarray(rows, float).T
    p = np.clip(psi(x, guess, lapse, location, slope), 1e-12, 1 - 1e-12)
    return float(np.sum(special.xlogy(k, p) + special.xlog1py(n - k, -p)))


@pytest.mark.parametrize("guess", [0.25, 0.5])
@pytest.mark.parametrize("seed", range(8))
def test_psychometric_fit_is_the_maximum_of_the_likelihood(guess, seed):
    rng = np.random.default_rng([seed, int(100 * guess)])
    strengths = np.geomspace(16, 0.5, rng.integers(5, 12))
    truth = (rng.uniform(0, 0.2), rng.uniform(0.7, 10), rng.uniform(0.8, 6))
    n = int(rng.integers(30, 400))
    correct = rng.binomial(n, psi(strengths, guess, *truth))
    rows = [[float(x), int(k), n] for x, k in zip(strengths, correct)]
    found = ask(do="psychometric", guess=guess, rows=rows)
    ours = log_likelihood(rows, guess, found["lapse"], found["location"],
                          found["slope"])
    assert abs(ours - found["log_likelihood"]) < 1e-6 * abs(ours)
    # SciPy's global optimiser in the same bounds.
    best = optimize.differential_evolution(
        lambda v: -log_likelihood(rows, guess, v[0], np.exp(v[1]),
                                  np.exp(v[2])),
        [(0, 0.25), (np.log(0.01), np.log(500)), (np.log(0.1), np.log(100))],
        seed=seed, tol=1e-10, maxiter=3000)
    # A unit of log likelihood is a factor of e; a thousandth of one is nothing.
    assert ours > -best.fun - 1e-3


def logistic_shares(train, labels, test, classes, c):
    """scikit-learn's objective on standardised columns, by SciPy's L-BFGS-B."""
    mean, deviation = train.mean(0), train.std(0)
    rows = (train - mean) / deviation
    one_hot = np.eye(classes)[labels]
    d = rows.shape[1]

    def cost(v):
        weights, bias = v[:d * classes].reshape(d, classes), v[d * classes:]
        scores = rows @ weights + bias
        shares = special.softmax(scores, axis=1)
        loss = -c * np.sum(special.log_softmax(scores, axis=1) * one_hot)
        slope = c * (shares - one_hot)
        return (loss + 0.5 * np.sum(weights**2),
                np.r_[(rows.T @ slope + weights).ravel(), slope.sum(0)])

    found = optimize.minimize(cost, np.zeros((d + 1) * classes), jac=True,
                              method="L-BFGS-B",
                              options=dict(maxiter=20000, maxfun=20000,
                                           ftol=1e-15, gtol=1e-9))
    weights = found.x[:d * classes].reshape(d, classes)
    return special.softmax((test - mean) / deviation @ weights +
                           found.x[d * classes:], axis=1)


@pytest.mark.parametrize("c", [1e-4, 1e-2, 1.0, 10.0])
@pytest.mark.parametrize("classes", [2, 4])
def test_logistic_regression_is_the_minimum(c, classes):
    rng = np.random.default_rng([classes, int(1e4 * c)])
    centres = rng.standard_normal((classes, 20))
    labels = rng.integers(0, classes, 150)
    labels[:classes] = np.arange(classes)
    scale = rng.uniform(0.1, 10, 20)
    train = ((centres[labels] + rng.standard_normal((150, 20))) *
             scale).astype(np.float32)
    test = (rng.standard_normal((40, 20)) * scale).astype(np.float32)
    ours = ask(do="logistic", train=train.tolist(), labels=labels.tolist(),
               test=test.tolist(), classes=classes, c=c)["shares"]
    wanted = logistic_shares(train.astype(float), labels, test.astype(float),
                             classes, c)
    np.testing.assert_allclose(ours, wanted, atol=2e-3)


@pytest.mark.parametrize("k", [1, 10, 500])
def test_nearest_neighbours_vote_as_dinov2s(k):
    rng = np.random.default_rng(k)
    train = rng.standard_normal((120, 16)).astype(np.float32)
    test = rng.standard_normal((30, 16)).astype(np.float32)
    labels = rng.integers(0, 5, 120)
    ours = ask(do="knn", train=train.tolist(), labels=labels.tolist(),
               test=test.tolist(), classes=5, k=k, temperature=0.07)["votes"]
    unit = [x.astype(float) / np.linalg.norm(x.astype(float), axis=1,
                                             keepdims=True)
            for x in (train, test)]
    cosines = unit[1] @ unit[0].T
    order = np.argsort(-cosines, axis=1)[:, :min(k, 120)]
    weights = special.softmax(
        np.take_along_axis(cosines, order, 1) / 0.07, axis=1)
    wanted = np.zeros((30, 5))
    for row in range(30):
        np.add.at(wanted[row], labels[order[row]], weights[row])
    np.testing.assert_allclose(ours, wanted, atol=2e-6)
