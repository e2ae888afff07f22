"""Scores of classifiers against NumPy and SciPy; prompts against ast."""

import ast
import hashlib
import json
import os
import random
import subprocess

import numpy as np
import pytest
from scipy import stats

PROBE = os.path.join(os.environ["EYECHART_PROBES"], "class_scores_probe")


def ask(**request):
    run = subprocess.run([PROBE], input=json.dumps(request), text=True,
                         capture_output=True, check=True)
    return json.loads(run.stdout)


def tied(rng, *shape):
    """Scores of which many are equal."""
    return rng.integers(0, 6, shape) / 4


@pytest.mark.parametrize("classes", [2, 4, 5, 6, 30])
@pytest.mark.parametrize("ties", [False, True])
def test_top_k_and_mean_per_class(classes, ties):
    rng = np.random.default_rng([classes, ties])
    n = 300
    # The last class has no items.
    labels = rng.integers(0, classes - 1, n)
    scores = (tied(rng, n, classes) if ties else
              rng.standard_normal((n, classes)))
    scores[np.arange(n), labels] += 0.75
    got = ask(do="classes", scores=scores.tolist(), labels=labels.tolist(),
              seed=1)
    order = np.argsort(-scores, axis=1, kind="stable")
    ranks = np.argmax(order == labels[:, None], axis=1)
    assert got["ranks"] == ranks.tolist()
    assert got["predictions"] == order[:, 0].tolist()
    k = min(5, classes)
    assert got["top_k"] == k
    for name, right in ("top1", ranks == 0), ("top5", ranks < k):
        assert got[name] == pytest.approx(right.mean())
        wilson = stats.binomtest(int(right.sum()), n).proportion_ci(
            method="wilson")
        assert got[name + "_interval"] == pytest.approx(tuple(wilson))
    present = np.unique(labels)
    accuracy = np.array([(ranks[labels == c] == 0).mean() for c in present])
    assert got["empty"] == classes - len(present)
    assert [got["accuracy"][c] for c in present] == pytest.approx(accuracy)
    assert got["accuracy"][-1] is None
    assert got["mean_per_class"] == pytest.approx(accuracy.mean())
    # Another generator's resamples agree within their own noise.
    counts = np.bincount(labels, minlength=classes)[present]
    draws = (rng.binomial(counts, accuracy, (20000, len(present))) /
             counts).mean(1)
    low, high = np.quantile(draws, [0.025, 0.975])
    assert got["mean_per_class_interval"] == pytest.approx(
        [low, high], abs=5 * draws.std() / np.sqrt(2000) * 2.7)


def average_precision(truth, scores):
    """The sum of precision times the step in recall, threshold by threshold,
    each by counting anew."""
    total, recall = 0.0, 0.0
    for threshold in np.unique(scores)[::-1]:
        taken = scores >= threshold
        hits = np.sum(taken & truth)
        total += hits / taken.sum() * (hits / truth.sum() - recall)
        recall = hits / truth.sum()
    return total


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("ties", [False, True])
def test_average_precision(seed, ties):
    rng = np.random.default_rng([seed, ties])
    n = int(rng.integers(1, 200))
    scores = tied(rng, n, 8) if ties else rng.standard_normal((n, 8))
    truth = rng.random((n, 8)) < rng.uniform(0.02, 0.9, 8)
    truth[:, 3] = False
    truth[0, 4] = True
    got = ask(do="labels", scores=scores.tolist(),
              truth=truth.astype(int).tolist())
    wanted = [average_precision(truth[:, k], scores[:, k])
              if truth[:, k].any() else None for k in range(8)]
    assert got["empty"] == wanted.count(None) >= 1
    for ours, theirs in zip(got["average_precision"], wanted):
        assert ours == (theirs and pytest.approx(theirs, abs=1e-12))
    assert got["mean"] == pytest.approx(
        np.mean([value for value in wanted if value is not None]))


@pytest.mark.parametrize("n", [3, 50, 401])
def test_regression(n):
    rng = np.random.default_rng(n)
    targets = rng.normal(100, 20, n)
    predictions = targets + rng.standard_t(3, n) * 8
    got = ask(do="numbers", predictions=predictions.tolist(),
              targets=targets.tolist(), seed=5)

    def figures(p, t):
        error = np.abs(p - t)
        with np.errstate(divide="ignore", invalid="ignore"):
            r2 = 1 - (error**2).sum(-1) / (
                (t - t.mean(-1, keepdims=True))**2).sum(-1)
        return dict(mae=error.mean(-1), median=np.median(error, -1),
                    rmse=np.sqrt((error**2).mean(-1)), r2=r2)

    draws = rng.integers(0, n, (20000, n))
    equal = (draws == draws[:, :1]).all(1)
    drawn = figures(predictions[draws], targets[draws])
    for name, value in figures(predictions, targets).items():
        assert got[name][0] == pytest.approx(value, rel=1e-12)
        values = drawn[name][~equal] if name == "r2" else drawn[name]
        if n == 3:  # few distinct resamples: their quantiles jump
            assert values.min() <= got[name][1] <= got[name][2] <= values.max()
            continue
        for ours, share in zip(got[name][1:], (0.025, 0.975)):
            # As far as 2000 resamples' quantile may lie from the limit.
            low, high = np.quantile(values, np.clip(
                [share - 0.016, share + 0.016], 0, 1))
            assert low <= ours <= high, (name, share)


def test_zero_shot():
    rng = np.random.default_rng(9)
    templates = ["a {}.", "the {} here", "{}"]
    classes = [f"class {k}" for k in range(11)]
    texts = {t.replace("{}", c): rng.standard_normal(24) *
             rng.uniform(0.1, 30) for c in classes for t in templates}
    features = rng.standard_normal((40, 24))
    got = ask(do="zero_shot", templates=templates, classes=classes,
              embeddings={t: v.tolist() for t, v in texts.items()},
              features=features.tolist(), scale=100.0, bias=-12.5)["scores"]

    def unit(x):
        return x / np.linalg.norm(x, axis=-1, keepdims=True)

    heads = unit(np.array([np.mean(
        [unit(texts[t.replace("{}", c)]) for t in templates], 0)
        for c in classes]))
    np.testing.assert_allclose(got, 100 * unit(features) @ heads.T - 12.5,
                               atol=2e-4)


def written(rng, text):
    """`text` as one Python string literal or several, in one of many ways."""
    if len(text) > 3 and rng.random() < 0.2:
        cut = rng.randrange(1, len(text))
        return written(rng, text[:cut]) + rng.choice([" ", "\n   ", "\\\n"]) + \
            written(rng, text[cut:])
    way = rng.randrange(6)
    if way == 0 and "\\" not in text and "'" not in text:
        return rng.choice(["r", "R"]) + "'" + text + "'"
    if way == 1:
        return '"""' + text.replace("\\", "\\\\").replace('"', '\\"') + '"""'
    if way == 2:
        return '"' + "".join(
            f"\\U{ord(c):08x}" if rng.random() < 0.3 else
            f"\\u{ord(c):04x}" if ord(c) < 0x10000 and rng.random() < 0.3 else
            f"\\x{ord(c):02x}" if ord(c) < 0x100 and rng.random() < 0.3 else
            "\\\\" if c == "\\" else '\\"' if c == '"' else c
            for c in text) + '"'
    return rng.choice(["", "u", "U"]) + (
        repr(text) if way == 3 else json.dumps(text, ensure_ascii=False))


def made_text(rng):
    return "".join(rng.choice("abc xyz'\"\\#,()[]é猫😀-_.")
                   for _ in range(rng.randrange(1, 12))) + "x"


@pytest.mark.parametrize("seed", range(40))
def test_prompts_of_python_files(tmp_path, seed):
    rng = random.Random(seed)

    def python_list(texts):
        brackets = rng.choice(["[]", "()"])
        body = ""
        for text in texts:
            body += written(rng, text) + rng.choice([",", " , ", ",\n   "])
            body += rng.choice(["", "# 'no' {} [\n"])
        return brackets[0] + "\n" + body + "\n" + brackets[1]

    lists = {}
    code = '"""NO_TEMPLATES = [\'no {}\']"""\nimport sys\n'
    for name in "AA", "B_AA", "C":
        filled = [made_text(rng) + "{}" + made_text(rng)
                  for _ in range(rng.randrange(1, 6))]
        names = [made_text(rng) for _ in range(rng.randrange(1, 9))]
        for key, texts in ((name + "_TEMPLATES", filled),
                           (name + "_CLASSNAMES", names)):
            code += f"{key} = {python_list(texts)}\n"
            lists[key] = texts
    path = tmp_path / "prompts.py"
    path.write_bytes(code.encode())
    # Python agrees with what this test meant to write.
    for node in ast.parse(code).body:
        if isinstance(node, ast.Assign):
            name = node.targets[0].id
            assert list(ast.literal_eval(node.value)) == lists[name]
    for name in "AA", "B_AA", "C":
        got = ask(do="prompts", what=f"{path}#{name.lower()}")
        assert got["templates"] == lists[name + "_TEMPLATES"]
        assert got["classes"] == lists[name + "_CLASSNAMES"]
        assert got["sha256"] == hashlib.sha256(code.encode()).hexdigest()


@pytest.mark.parametrize("seed", range(10))
def test_prompts_of_lambdas(tmp_path, seed):
    rng = random.Random(1000 + seed)
    code = "X_TEMPLATES = (\n"
    for _ in range(8):
        name = rng.choice(["c", "name", "_"])
        before, after = (made_text(rng).replace("\\", "") for _ in range(2))
        field = rng.choice(["{%s}", "{ %s }"]) % name
        literal = json.dumps(before + field + after, ensure_ascii=False)
        prefix = rng.choice("fF")
        code += f"    lambda {name}: {prefix}{literal},\n"
    code += ")\n"
    path = tmp_path / "x.py"
    path.write_text(code, encoding="utf-8")
    scope = {}
    exec(compile(code, "x.py", "exec"), scope)  # of our own making
    got = ask(do="prompts", what=str(path))["templates"]
    assert len(got) == 8
    for ours, theirs in zip(got, scope["X_TEMPLATES"]):
        assert ours.replace("{}", "a dog") == theirs("a dog")


def test_prompts_of_markdown(tmp_path):
    rng = random.Random(7)
    sections = {}
    text = "# Prompts\n\nWhat's `templates = ['{}']`?\n\n"
    for title in "CIFAR10", "Shapes & Things", "C#":
        templates = [made_text(rng) + "{}" for _ in range(4)]
        classes = [made_text(rng) for _ in range(5)]
        sections[title] = templates, classes
        text += f"## {title}\n\n```bash\nclasses = {classes!r}\n\n" \
                f"# a comment\ntemplates = {templates!r}\n```\n\n"
    path = tmp_path / "prompts.md"
    path.write_text(text, encoding="utf-8")
    for title, (templates, classes) in sections.items():
        got = ask(do="prompts", what=f"{path}#{title.swapcase()}")
        assert got["templates"] == templates
        assert got["classes"] == classes
    error = ask(do="prompts", what=str(path))["error"]
    assert all(title in error for title in sections)
