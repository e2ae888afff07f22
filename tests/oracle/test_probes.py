"""`eyechart probe` on made stores against NumPy in float64 and
scikit-learn."""

import csv
import json
import os
import subprocess

import numpy as np
import pytest
from made_store import make_store
from scipy import special
from sklearn.linear_model import LogisticRegression

BINARY = os.path.join(os.environ["EYECHART_BIN"], "eyechart")


def probe(kind, folder, *more):
    out = folder / "out"
    run = subprocess.run(
        [BINARY, "probe", kind, "--train-store", folder / "train",
         "--test-store", folder / "test", "-o", out, "--json",
         *map(str, more)], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    with open(out / "outcomes.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    return json.loads(run.stdout), rows


def write(folder, train, train_labels, test, test_labels):
    made = []
    for name, rows, labels in (("train", train, train_labels),
                               ("test", test, test_labels)):
        ids = [f"{name}{i}" for i in range(len(rows))]
        made.append(make_store(folder / name, rows.astype(np.float32), ids,
                               labels=labels))
    return [rows.astype(np.float64) for rows in made]


def unit(rows):
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.where(norms == 0, 1, norms)


def votes_of(train, labels, test, classes, k, temperature):
    # Not a product by BLAS, which sums the last columns in another order on some
    # processors: copies of a row would not be equal.
    cosines = np.einsum("id,jd->ij", unit(test), unit(train))
    order = np.argsort(-cosines, axis=1, kind="stable")[:, :k]
    near = np.take_along_axis(cosines, order, 1)
    weights = special.softmax(near / temperature, axis=1)
    votes = np.zeros((len(test), classes))
    for i, (rows, weight) in enumerate(zip(order, weights)):
        np.add.at(votes[i], labels[rows], weight)
    return votes


def knn_data(kind, rng, n=900, m=300, d=24, classes=7):
    labels = rng.integers(0, classes, n)
    train = rng.standard_normal((n, d))
    test = rng.standard_normal((m, d))
    if kind == "clustered":
        centres = rng.standard_normal((classes, d))
        train = centres[labels] + 0.9 * train
        test = centres[rng.integers(0, classes, m)] + 0.9 * test
    elif kind == "copies":
        train = train[rng.integers(0, n // 5, n)]
        test[::3] = train[rng.integers(0, n, len(test[::3]))]
        train[:4] = 0
    elif kind == "close":
        # Cosines that float32 cannot tell apart.
        train = train[:1] + 1e-4 * train
        test = train[:1] + 1e-4 * test
    return train, labels, test, rng.integers(0, classes, m), classes


@pytest.mark.parametrize("kind", ["random", "clustered", "copies", "close"])
@pytest.mark.parametrize("seed", range(3))
def test_knn_is_the_float64_reference(tmp_path, kind, seed):
    rng = np.random.default_rng([seed, len(kind)])
    train, labels, test, truth, classes = knn_data(kind, rng)
    train, test = write(tmp_path, train, labels, test, truth)
    for k, temperature in ((1, 0.07), (20, 0.07), (200, 0.5)):
        result, rows = probe("knn", tmp_path, "--k", k, "--temperature",
                             temperature)
        votes = votes_of(train, labels, test, classes, k, temperature)
        best = np.sort(votes, axis=1)
        sure = best[:, -1] - best[:, -2] > 1e-6
        assert sure.mean() > (0.3 if kind in ("copies", "close") else 0.9)
        said = np.array([int(row["prediction"]) for row in rows])
        wanted = votes.argmax(1)
        assert (said[sure] == wanted[sure]).all()
        shares = np.array([float(row["score"]) for row in rows])
        # Shares are those of float32 cosines where places do not hang on them.
        assert np.abs(shares - votes[np.arange(len(said)), said]).max() < 1e-5
        assert abs(result["top1"] - (said == truth).mean()) < 1e-12
        # Ranks, where no other class has nearly as many votes.
        own = votes[np.arange(len(truth)), truth]
        gaps = np.abs(votes - own[:, None])
        gaps[np.arange(len(truth)), truth] = 1
        clear = gaps.min(1) > 1e-6
        rank = (votes > own[:, None]).sum(1) + 1
        found = np.array([int(row["rank"]) for row in rows])
        assert (found[clear] == rank[clear]).all()
        assert result["train"] == len(train) and result["test"] == len(test)


def test_knn_grid_and_faiss(tmp_path):
    rng = np.random.default_rng(3)
    train, labels, test, truth, classes = knn_data("clustered", rng)
    train, test = write(tmp_path, train, labels, test, truth)
    result, _ = probe("knn", tmp_path, "--k", "10,20,100")
    for row in result["grid"]:
        votes = votes_of(train, labels, test, classes, row["k"], 0.07)
        assert abs(row["test_top1"] - (votes.argmax(1) == truth).mean()) < 2e-3
    chosen = max(result["grid"], key=lambda row: row["validation_top1"])
    assert result["selected"]["k"] == chosen["k"]
    assert result["top1"] == chosen["test_top1"]
    other, _ = probe("knn", tmp_path, "--k", "10,20,100", "--engine",
                     "faiss-flat")
    for ours, theirs in zip(result["grid"], other["grid"]):
        assert abs(ours["test_top1"] - theirs["test_top1"]) < 5e-3


@pytest.mark.parametrize("classes", [2, 6])
def test_logistic_protocol_refits_at_its_c(tmp_path, classes):
    rng = np.random.default_rng(classes)
    n, m, d = 700, 300, 40
    labels, truth = rng.integers(0, classes, n), rng.integers(0, classes, m)
    centres = rng.standard_normal((classes, d))
    train = unit(centres[labels] + 2 * rng.standard_normal((n, d)))
    test = unit(centres[truth] + 2 * rng.standard_normal((m, d)))
    train, test = write(tmp_path, train, labels, test, truth)
    result, rows = probe("linear", tmp_path, "--protocol", "clip-logreg")
    assert len(result["grid"]) == 45
    np.testing.assert_allclose([row["c"] for row in result["grid"]],
                               10.0 ** np.linspace(-6, 5, 45), rtol=1e-12)
    best = max(row["validation_top1"] for row in result["grid"])
    first = next(row for row in result["grid"]
                 if row["validation_top1"] == best)
    assert result["selected"]["c"] == first["c"]
    model = LogisticRegression(C=first["c"], tol=1e-10, max_iter=5000)
    model.fit(train, labels)
    scores = model.decision_function(test)
    if classes == 2:
        sure, wanted = np.abs(scores) > 1e-4, (scores > 0).astype(int)
    else:
        best = np.sort(scores, axis=1)
        sure, wanted = best[:, -1] - best[:, -2] > 1e-4, scores.argmax(1)
    said = np.array([int(row["prediction"]) for row in rows])
    assert (said[sure] == wanted[sure]).all() and sure.mean() > 0.99
    assert abs(result["top1"] - (said == truth).mean()) < 1e-12
