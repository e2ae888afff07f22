"""Logistic regression along a path of penalties against scikit-learn."""

import os
import subprocess
import warnings

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from scipy import special
from sklearn.linear_model import LogisticRegression

PROBE = os.path.join(os.environ["EYECHART_PROBES"], "logistic_probe")
GRID = 10.0 ** np.arange(-6, 6)


def fit(folder, features, labels, classes, c, tolerance=1e-11):
    save_file({"features": np.ascontiguousarray(features, np.float64),
               "labels": np.ascontiguousarray(labels, np.int64),
               "c": np.asarray(c, np.float64)}, folder / "in.safetensors")
    subprocess.run([PROBE, folder / "in.safetensors",
                    folder / "out.safetensors", str(classes),
                    repr(tolerance)], check=True)
    return load_file(folder / "out.safetensors")


def reference(features, labels, c, solver="newton-cholesky", **options):
    """newton-cholesky goes to the minimum itself; lbfgs, the default and what
    CLIP ran, stops once the loss no longer changes in its last digits."""
    options = dict(tol=1e-12, max_iter=2000) | options
    with warnings.catch_warnings():
        # It says so when rounding ends its search before the tolerance does.
        warnings.simplefilter("ignore")
        return LogisticRegression(C=c, solver=solver,
                                  **options).fit(features, labels)


def objective(features, labels, weights, bias, c):
    """Per unit of C; weights (d, k), two classes as one sigmoid (d, 1)."""
    scores = features @ weights + bias
    if scores.shape[1] == 1:
        sign = 2 * labels - 1
        loss = np.sum(np.logaddexp(0, -sign * scores[:, 0]))
    else:
        loss = -np.sum(special.log_softmax(scores, axis=1)[
            np.arange(len(labels)), labels])
    return loss + 0.5 * np.sum(weights**2) / c


def clouds(classes, n=400, d=12, seed=0):
    """Raw columns of scales a factor of 30 apart and off centre; the clouds
    overlap, so that the weakest penalty leaves a minimum of finite size."""
    rng = np.random.default_rng([seed, classes])
    labels = np.arange(n) % classes
    centres = rng.standard_normal((classes, d)) * 0.5
    scale = np.geomspace(0.2, 6, d)
    return ((centres[labels] + rng.standard_normal((n, d))) * scale +
            rng.standard_normal(d) * 2), labels


def single(weights, bias, classes):
    """Ours in scikit-learn's shape: of two classes, the log-odds."""
    if classes > 2:
        return weights, bias
    return weights[:, 1:] - weights[:, :1], bias[1:] - bias[:1]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("classes", [2, 3, 10])
def test_coefficients_are_those_of_the_minimum(tmp_path, classes, seed):
    features, labels = clouds(classes, seed=seed)
    ours = fit(tmp_path, features, labels, classes, GRID)
    assert ours["converged"].all()
    for i, c in enumerate(GRID):
        theirs = reference(features, labels, c)
        weights, bias = single(ours["weights"][i], ours["bias"][i], classes)
        # At the minimum the loss is flat: it is right to more digits than the
        # weights are, and never above the reference's.
        wanted = objective(features, labels, theirs.coef_.T,
                           theirs.intercept_, c)
        found = objective(features, labels, weights, bias, c)
        assert found <= wanted * (1 + 1e-12)
        assert found >= wanted * (1 - 1e-7)
        # Both stop at a gradient near rounding; the smallest curvature, some
        # thousandth of a column's variance, turns that into 1e-6 of a weight.
        size = np.abs(theirs.coef_).max()
        np.testing.assert_allclose(weights, theirs.coef_.T, rtol=0,
                                   atol=2e-5 * size)
        np.testing.assert_allclose(bias, theirs.intercept_, rtol=0,
                                   atol=2e-5 * max(1, size))


@pytest.mark.parametrize("classes", [2, 3, 10])
def test_answers_are_those_of_scikit_learns_default(tmp_path, classes):
    """At our own tolerance, on other rows, with lbfgs; features of length 1, as
    CLIP's."""
    rng = np.random.default_rng(classes)
    features, labels = clouds(classes, n=900, d=40, seed=classes)
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    order = rng.permutation(900)
    train, test = order[:600], order[600:]
    ours = fit(tmp_path, features[train], labels[train], classes, GRID, 1e-7)
    assert ours["converged"].all()
    for i, c in enumerate(GRID):
        theirs = reference(features[train], labels[train], c, "lbfgs",
                           tol=1e-8, max_iter=20000)
        scores = features[test] @ ours["weights"][i] + ours["bias"][i]
        same = scores.argmax(1) == theirs.predict(features[test])
        # A row on a border may fall either way: one in a hundred at most.
        assert same.mean() >= 0.99, c
        accuracy = np.mean(scores.argmax(1) == labels[test])
        assert abs(accuracy - theirs.score(features[test],
                                           labels[test])) <= 0.01, c


@pytest.mark.parametrize("c", [1e-3, 1.0, 1e3])
def test_more_columns_than_rows(tmp_path, c):
    rng = np.random.default_rng(7)
    features = rng.standard_normal((40, 90))
    labels = np.arange(40) % 4
    ours = fit(tmp_path, features, labels, 4, [c])
    theirs = reference(features, labels, c, "lbfgs", tol=1e-10,
                       max_iter=50000)
    wanted = objective(features, labels, theirs.coef_.T, theirs.intercept_, c)
    found = objective(features, labels, ours["weights"][0], ours["bias"][0], c)
    assert found <= wanted * (1 + 1e-12)
    # lbfgs leaves the weights within the square root of what it leaves of the
    # loss.
    np.testing.assert_allclose(ours["weights"][0], theirs.coef_.T, rtol=0,
                               atol=1e-3 * np.abs(theirs.coef_).max())


def test_labels_are_fits_of_their_own(tmp_path):
    rng = np.random.default_rng(11)
    features, _ = clouds(2, seed=5)
    labels = (features @ rng.standard_normal((12, 6)) * 0.1 +
              rng.logistic(size=(400, 6)) > 0.5).astype(np.int64)
    grid = [1e-4, 1e-2, 1.0, 100.0]
    ours = fit(tmp_path, features, labels, 0, grid)
    assert ours["converged"].all()
    for i, c in enumerate(grid):
        for label in range(6):
            theirs = reference(features, labels[:, label], c)
            np.testing.assert_allclose(
                ours["weights"][i][:, label], theirs.coef_[0], rtol=0,
                atol=1e-6 * np.abs(theirs.coef_).max())
            np.testing.assert_allclose(ours["bias"][i][label],
                                       theirs.intercept_[0], atol=1e-6)
