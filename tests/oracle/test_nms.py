"""Non-maximum suppression against three references.

A transcription in numpy float32 of what torchvision and the authors of
Soft-NMS document; OpenCV itself where cv2 can be imported; torchvision itself
where `scripts/setup --torchvision` installed it (0.29.1), which is too large for
every run, or EYECHART_TORCHVISION_PYTHON names a Python that has it.
"""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np

F = np.float32
TORCHVISION, OPENCV = 0, 1
AUTO, OFFSET, PER_CLASS, AGNOSTIC = range(4)
AUTHORS = 0
LINEAR, GAUSSIAN = 0, 1
OPTIONS = ["soft", "semantics", "classes", "iou", "score", "top_k", "max_kept",
           "eta", "decay", "sigma", "inclusive", "threads"]
SWITCH = 1000  # boxes: 4000 coordinates


def case(boxes, scores, ids, **options):
    made = dict(soft=0, semantics=TORCHVISION, classes=AUTO, iou=0.5,
                score=-np.inf, top_k=0, max_kept=0, eta=1, decay=LINEAR,
                sigma=0.5, inclusive=0, threads=0)
    assert set(options) <= set(made)
    return dict(boxes=np.asarray(boxes, F).reshape(-1, 4),
                scores=np.asarray(scores, F),
                classes=np.asarray(ids, np.int64),
                options=made | options)


def packed(cases):
    return {
        "boxes": np.concatenate([c["boxes"] for c in cases]),
        "scores": np.concatenate([c["scores"] for c in cases]),
        "classes": np.concatenate([c["classes"] for c in cases]),
        "counts": np.array([len(c["scores"]) for c in cases], np.int64),
        "options": np.array([[c["options"][name] for name in OPTIONS]
                             for c in cases], np.float64)}


def unpacked(values, counts):
    return np.split(values, np.cumsum(counts)[:-1])


# Under torchvision's Python: the same file with the cases' folder.


def run_torchvision(folder):
    import torch
    from torchvision.ops import batched_nms, boxes as box_ops, nms
    torch.set_num_threads(1)
    data = np.load(folder / "cases.npz")
    kept = []
    parts = [unpacked(data[name], data["counts"])
             for name in ("boxes", "scores", "classes")]
    for boxes, scores, classes, options in zip(*parts, data["options"]):
        options = dict(zip(OPTIONS, options))
        boxes, scores, classes = (torch.from_numpy(x)
                                  for x in (boxes, scores, classes))
        iou = float(options["iou"])
        if options["classes"] == AGNOSTIC:
            result = nms(boxes, scores, iou)
        else:
            function = {
                AUTO: batched_nms,
                OFFSET: box_ops._batched_nms_coordinate_trick,
                PER_CLASS: box_ops._batched_nms_vanilla}[options["classes"]]
            result = function(boxes, scores, classes, iou)
        kept.append(result.numpy())
    import torchvision
    np.savez(folder / "results.npz", kept=np.concatenate(kept),
             counts=[len(k) for k in kept], version=torchvision.__version__)


if __name__ == "__main__":
    run_torchvision(Path(sys.argv[1]))
    sys.exit()

import pytest  # noqa: E402
from safetensors.numpy import load_file, save_file  # noqa: E402

try:
    import cv2
except ImportError:
    cv2 = None

PROBE = os.path.join(os.environ["EYECHART_PROBES"], "nms_probe")
INSTALLED = (Path(__file__).resolve().parents[2] /
             ".deps/torchvision/bin/python")
THEIR_PYTHON = os.environ.get("EYECHART_TORCHVISION_PYTHON") or (
    str(INSTALLED) if INSTALLED.exists() else None)
needs_torchvision = pytest.mark.skipif(
    not THEIR_PYTHON,
    reason="no Python with torchvision: scripts/setup --torchvision makes one, "
    "EYECHART_TORCHVISION_PYTHON names one")
needs_cv2 = pytest.mark.skipif(cv2 is None, reason="cv2 is not installed")


def ours(folder, cases):
    """Kept indices and their scores, a case each."""
    save_file(packed(cases), folder / "in.safetensors")
    run = subprocess.run([PROBE, folder / "in.safetensors",
                          folder / "out.safetensors"],
                         capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    out = load_file(folder / "out.safetensors")
    assert len(out["counts"]) == len(cases)
    return list(zip(unpacked(out["kept"], out["counts"]),
                    unpacked(out["scores"], out["counts"])))


def torchvisions(folder, cases):
    np.savez(folder / "cases.npz", **packed(cases))
    subprocess.run([THEIR_PYTHON, __file__, folder], check=True,
                   env={k: v for k, v in os.environ.items()
                        if k != "PYTHONPATH"})
    results = np.load(folder / "results.npz")
    assert str(results["version"]).startswith("0.29."), results["version"]
    return unpacked(results["kept"], results["counts"])


# The transcription.


def descending(scores):
    """Stable, NaN first."""
    order = np.argsort(-scores, kind="stable")  # NaN last
    missing = np.isnan(scores[order])
    return np.concatenate([order[missing], order[~missing]])


def plain_nms(boxes, scores, iou):
    with np.errstate(all="ignore"):
        x1, y1, x2, y2 = boxes.T
        areas = (x2 - x1) * (y2 - y1)
        order = descending(scores)
        kept = []
        # std::max(a, b) is a unless a < b.
        larger = lambda a, b: np.where(a < b, b, a)
        smaller = lambda a, b: np.where(b < a, b, a)
        while len(order):
            i, rest = order[0], order[1:]
            kept.append(i)
            w = larger(F(0), smaller(x2[i], x2[rest]) - larger(x1[i], x1[rest]))
            h = larger(F(0), smaller(y2[i], y2[rest]) - larger(y1[i], y1[rest]))
            shared = w * h
            overlap = shared / (areas[i] + areas[rest] - shared)
            assert overlap.dtype == F
            order = rest[~(overlap.astype(np.float64) > iou)]
        return np.array(kept, np.int64)


def plain(one):
    boxes, scores, classes = one["boxes"], one["scores"], one["classes"]
    options = one["options"]
    candidates = np.arange(len(scores))
    if options["score"] != -np.inf or options["top_k"]:
        candidates = descending(scores)
        candidates = candidates[(scores[candidates] > F(options["score"])) |
                                (options["score"] == -np.inf)]
        candidates = candidates[:options["top_k"] or None]
        # Ties stay by index.
        candidates = np.sort(candidates)
    if len(candidates) == 0:
        return candidates
    boxes, scores, classes = (x[candidates] for x in (boxes, scores, classes))
    method = options["classes"]
    if method == AUTO:
        method = PER_CLASS if len(scores) > SWITCH else OFFSET
    if method == PER_CLASS:
        stay = np.zeros(len(scores), bool)
        for one_class in np.unique(classes):
            own = np.flatnonzero(classes == one_class)
            stay[own[plain_nms(boxes[own], scores[own], options["iou"])]] = True
        kept = np.flatnonzero(stay)
        kept = kept[descending(scores[kept])]
    else:
        if method == OFFSET:
            with np.errstate(all="ignore"):
                boxes = boxes + (classes.astype(F) *
                                 (boxes.max() + F(1)))[:, None]
        kept = plain_nms(boxes, scores, options["iou"])
    return candidates[kept][:options["max_kept"] or None]


# Cases.


def round_things(rng, count, spread=1000.0):
    """Clusters of boxes around objects that are as wide as high, as a detector
    gives them."""
    objects = max(1, count // 12)
    centres = rng.uniform(0, spread, (objects, 2))
    size = np.exp(rng.normal(3.5, 0.5, objects))
    own = rng.integers(0, objects, count)
    place = centres[own] + size[own, None] * rng.normal(0, 0.15, (count, 2))
    side = size[own, None] * np.exp(rng.normal(0, 0.15, (count, 2)))
    return np.concatenate([place - side / 2, place + side / 2], 1)


def lattice(rng, count):
    """Small whole numbers: IoUs that are exact fractions, many of them equal,
    whole boxes too."""
    low = rng.integers(0, 12, (count, 2))
    return np.concatenate([low, low + rng.integers(0, 8, (count, 2))], 1)


def scattered(rng, count):
    low = rng.uniform(-50, 1000, (count, 2))
    return np.concatenate(
        [low, low + np.exp(rng.uniform(-3, 6, (count, 2)))], 1)


def broken(rng, count):
    """NaN, infinities, negative sides, boxes without an inside, huge and tiny
    numbers among ordinary boxes."""
    boxes = lattice(rng, count).astype(F)
    odd = rng.random(count) < 0.3
    values = np.array([np.nan, np.inf, -np.inf, 0, -0.0, 1e-30, 1e-45, -3,
                       3e38, 1e20], F)
    mask = odd[:, None] & (rng.random((count, 4)) < 0.5)
    return np.where(mask, rng.choice(values, (count, 4)), boxes)


def scores_of(rng, count, kind):
    if kind == "ties":
        return rng.integers(0, 5, count) / 4
    if kind == "broken":
        scores = rng.uniform(-1, 1, count)
        odd = rng.choice([np.nan, np.inf, -np.inf, 0.0, -0.0], count)
        return np.where(rng.random(count) < 0.2, odd, scores)
    return rng.uniform(0, 1, count)


def classes_of(rng, count, kind):
    if kind == "few":
        return rng.integers(0, 3, count)
    if kind == "many":
        return rng.integers(0, 80, count)
    if kind == "large":
        return rng.choice([0, 7, 90_000, 2**24 + 1, 2**40, 2**62, -5,
                           -2**63], count)
    return np.zeros(count, np.int64)


# Lattice IoUs lie on many of them, exactly or as rounded fractions.
THRESHOLDS = [0.5, 1 / 3, float(F(1 / 3)), 0.25, 0.6, float(F(0.6)), 0.7, 0.45,
              0.0, 1.0, 0.05, 1e-9, 0.9, 2 / 7, float(F(2 / 7)), 1.5]


def hard_cases(seed, count, sizes, **options):
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(count):
        n = int(rng.choice(sizes))
        boxes = rng.choice([round_things, lattice, scattered, broken])
        made.append(case(
            boxes(rng, n),
            scores_of(rng, n, rng.choice(["free", "ties", "broken"])),
            classes_of(rng, n, rng.choice(["one", "few", "many", "large"])),
            **({"classes": int(rng.integers(4)),
                "iou": float(rng.choice(THRESHOLDS))} | options)))
    return made


SMALL = [0, 1, 2, 3, 8, 9, 30, 47, 48, 49, 50, 100, 300]
NEAR_SWITCH = [999, 1000, 1001, 1002]


def equal_but_for_ties(one, kept, theirs):
    """The same boxes, in the same order but for those of equal scores."""
    scores = one["scores"]
    np.testing.assert_array_equal(scores[kept], scores[theirs])
    np.testing.assert_array_equal(np.sort(kept), np.sort(theirs))


def compare(cases, results, reference):
    for one, (kept, _), theirs in zip(cases, results, reference, strict=True):
        np.testing.assert_array_equal(kept, theirs, err_msg=str(one["options"]))


@pytest.mark.parametrize("seed", range(4))
def test_transcription(tmp_path, seed):
    cases = hard_cases([1, seed], 1000, SMALL)
    compare(cases, ours(tmp_path, cases), map(plain, cases))


def test_transcription_of_negative_thresholds(tmp_path):
    cases = [c for iou in (-0.5, -1e-9)
             for c in hard_cases([2, int(iou < -0.1)], 100, SMALL, iou=iou)]
    compare(cases, ours(tmp_path, cases), map(plain, cases))


def test_transcription_near_the_switch(tmp_path):
    cases = hard_cases(3, 120, NEAR_SWITCH, classes=AUTO)
    compare(cases, ours(tmp_path, cases), map(plain, cases))


def test_transcription_of_many_boxes(tmp_path):
    cases = hard_cases(4, 24, [3000, 6000], classes=PER_CLASS)
    cases += hard_cases(5, 12, [3000], classes=AGNOSTIC)
    # Enough for a second thread.
    rng = np.random.default_rng(6)
    n = 30_000
    cases += [case(round_things(rng, n, 4000), scores_of(rng, n, "ties"),
                   classes_of(rng, n, "many"), iou=0.6, threads=threads)
              for threads in (1, 2, 5)]
    compare(cases, ours(tmp_path, cases), map(plain, cases))


def test_candidates_and_results_are_limited(tmp_path):
    rng = np.random.default_rng(7)
    cases = []
    for one in hard_cases(8, 600, SMALL):
        one["options"] |= {
            "score": float(F(rng.choice([-np.inf, 0, 0.25, 0.5]))),
            "top_k": int(rng.choice([0, 1, 5, 50])),
            "max_kept": int(rng.choice([0, 1, 5, 50]))}
        cases.append(one)
    compare(cases, ours(tmp_path, cases), map(plain, cases))


def test_the_switch_counts_candidates(tmp_path):
    """1200 boxes, of which 1000 have the score: moved apart in float32, where
    large ids swallow the corners; of 1001, each class by itself."""
    rng = np.random.default_rng(9)
    cases = []
    for above in (1000, 1001):
        scores = np.where(np.arange(1200) < above, 0.9, 0.1)
        cases.append(case(round_things(rng, 1200), scores,
                          classes_of(rng, 1200, "large"), score=0.5))
    results = ours(tmp_path, cases)
    compare(cases, results, map(plain, cases))
    other = [c | {"options": c["options"] | {"classes": method}}
             for c, method in zip(cases, (PER_CLASS, OFFSET))]
    assert all(len(plain(c)) != len(kept)
               for c, (kept, _) in zip(other, results))


@needs_torchvision
@pytest.mark.parametrize("seed", range(3))
def test_torchvision(tmp_path, seed):
    cases = hard_cases([10, seed], 2000, SMALL)
    cases += hard_cases([11, seed], 100, NEAR_SWITCH, classes=AUTO)
    cases += hard_cases([12, seed], 100, SMALL, iou=-0.5)
    results = ours(tmp_path, cases)
    for one, (kept, _), theirs in zip(cases, results,
                                      torchvisions(tmp_path, cases)):
        method = one["options"]["classes"]
        if method == PER_CLASS or (method == AUTO and
                                   len(one["scores"]) > SWITCH):
            # Its last sort is not stable.
            equal_but_for_ties(one, kept, theirs)
        else:
            np.testing.assert_array_equal(kept, theirs,
                                          err_msg=str(one["options"]))


@needs_torchvision
def test_torchvision_of_many_boxes(tmp_path):
    rng = np.random.default_rng(13)
    cases = []
    for n in (10_000, 100_000):
        for boxes in (round_things, scattered):
            cases.append(case(boxes(rng, n), scores_of(rng, n, "free"),
                              classes_of(rng, n, "many"), iou=0.6))
    cases.append(case(round_things(rng, 20_000), scores_of(rng, 20_000, "ties"),
                      classes_of(rng, 20_000, "one"), classes=AGNOSTIC))
    results = ours(tmp_path, cases)
    for one, (kept, _), theirs in zip(cases, results,
                                      torchvisions(tmp_path, cases)):
        equal_but_for_ties(one, kept, theirs)


# OpenCV.


def rects(boxes):
    """x, y, width, height as our Rect2d has them."""
    boxes = boxes.astype(np.float64)
    return np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], 1)


def opencvs(one):
    options = one["options"]
    arguments = (float(F(options["score"])), float(F(options["iou"])))
    limits = dict(eta=float(F(options["eta"])), top_k=options["top_k"])
    if options["classes"] == AGNOSTIC:
        kept = cv2.dnn.NMSBoxes(rects(one["boxes"]), one["scores"], *arguments,
                                **limits)
    else:
        kept = cv2.dnn.NMSBoxesBatched(rects(one["boxes"]), one["scores"],
                                       one["classes"].astype(np.int32),
                                       *arguments, **limits)
    return np.array(kept, np.int64).ravel()[:options["max_kept"] or None]


def opencv_cases(seed, count):
    rng = np.random.default_rng(seed)
    cases = []
    for one in hard_cases([20, seed], count, SMALL[1:], semantics=OPENCV):
        one["options"] |= {
            "classes": int(rng.choice([AUTO, OFFSET, AGNOSTIC])),
            "score": float(rng.choice([0, 0.25, 0.5])),
            "eta": float(rng.choice([1, 0.9, 0.5])),
            "top_k": int(rng.choice([0, 5, 50])),
            "max_kept": int(rng.choice([0, 7]))}
        one["classes"] = one["classes"].clip(-2**31, 2**31 - 1)
        cases.append(one)
    return cases


@needs_cv2
@pytest.mark.parametrize("seed", range(3))
def test_opencv(tmp_path, seed):
    cases = opencv_cases(seed, 1000)
    compare(cases, ours(tmp_path, cases), map(opencvs, cases))


def plain_opencv(one):
    """NMSBoxes of OpenCV 4.6 by its documentation, on doubles."""
    options = one["options"]
    boxes = rects(one["boxes"])
    if options["classes"] != AGNOSTIC:
        top = max(0.0, np.nanmax(boxes[:, :2]),
                  np.nanmax(boxes[:, :2] + boxes[:, 2:]))
        boxes[:, :2] += (one["classes"] * (top + 1))[:, None]
    order = descending(one["scores"])
    order = [i for i in order if one["scores"][i] > F(options["score"])]
    order = order[:options["top_k"] or None]
    threshold = F(options["iou"])
    kept = []
    for i in order:
        x, y, w, h = boxes[i]
        good = True
        for j in kept:
            u, v, p, q = boxes[j]
            shared = (max(0.0, min(x + w, u + p) - max(x, u)) *
                      max(0.0, min(y + h, v + q) - max(y, v)))
            both = w * h + p * q
            overlap = (F(1) if both <= np.finfo(float).eps else
                       F(1) - F(1.0 - shared / (both - shared)))
            good = good and overlap <= threshold
        if good:
            kept.append(i)
            if options["eta"] < 1 and threshold > 0.5:
                threshold = F(threshold * F(options["eta"]))
    return np.array(kept, np.int64)[:options["max_kept"] or None]


def test_transcription_of_opencv(tmp_path):
    """Whole numbers, where the order of sums does not matter."""
    rng = np.random.default_rng(21)
    cases = []
    for one in opencv_cases(22, 300):
        n = len(one["scores"])
        one["boxes"] = lattice(rng, n).astype(F)
        one["classes"] = classes_of(rng, n, "few")
        cases.append(one)
    compare(cases, ours(tmp_path, cases), map(plain_opencv, cases))


# Soft-NMS.


def plain_soft(one):
    """The authors' loops, on rows of corners, score and index; float32."""
    options = one["options"]
    edge = F(1 if options["inclusive"] else 0)
    iou, sigma = F(options["iou"]), F(options["sigma"])
    rows = [[*map(F, box), F(score), i] for i, (box, score) in
            enumerate(zip(one["boxes"], one["scores"]))]
    count = len(rows)
    i = 0
    while i < count:
        best = i
        for j in range(i + 1, count):
            if rows[best][4] < rows[j][4]:
                best = j
        rows[i], rows[best] = rows[best], rows[i]
        a = rows[i]
        j = i + 1
        while j < count:
            b = rows[j]
            w = min(a[2], b[2]) - max(a[0], b[0]) + edge
            h = min(a[3], b[3]) - max(a[1], b[1]) + edge
            if w > 0 and h > 0:
                area = (b[2] - b[0] + edge) * (b[3] - b[1] + edge)
                whole = ((a[2] - a[0] + edge) * (a[3] - a[1] + edge) + area -
                         w * h)
                overlap = w * h / whole
                if options["decay"] == GAUSSIAN:
                    weight = F(np.exp(float(-(overlap * overlap) / sigma)))
                else:
                    weight = F(1) - overlap if overlap > iou else F(1)
                b[4] = weight * b[4]
                if b[4] < F(options["score"]):
                    rows[j] = rows[count - 1]
                    count -= 1
                    continue
            j += 1
        i += 1
    rows = rows[:count]
    return [r[5] for r in rows], [r[4] for r in rows]


def by_class(one, soft):
    """`soft` on each class, in the order of decayed scores."""
    found = []
    for one_class in np.unique(one["classes"]):
        own = np.flatnonzero(one["classes"] == one_class)
        part = one | {name: one[name][own]
                      for name in ("boxes", "scores", "classes")}
        found += [(-float(score), own[i]) for i, score in zip(*soft(part))]
    found.sort()
    return [i for _, i in found], [-score for score, _ in found]


def soft_cases(seed, count, rule, sizes):
    rng = np.random.default_rng(seed)
    cases = []
    for _ in range(count):
        n = int(rng.choice(sizes))
        boxes = rng.choice([round_things, lattice])(rng, n)
        if rule == OPENCV:  # takes whole numbers alone
            boxes = np.rint(boxes)
        cases.append(case(
            boxes, scores_of(rng, n, rng.choice(["free", "ties"])),
            classes_of(rng, n, "few"), soft=1, semantics=rule,
            classes=int(rng.integers(2)), decay=int(rng.integers(2)),
            iou=float(F(rng.choice([0.3, 0.5]))),
            score=float(F(rng.choice([0.001, 0.1, 0.4]))),
            sigma=float(F(rng.choice([0.5, 0.1]))),
            max_kept=int(rng.choice([0, 10])),
            inclusive=int(rule == AUTHORS and rng.integers(2))))
    return cases


def compare_soft(cases, results, soft):
    for one, (kept, scores) in zip(cases, results, strict=True):
        wanted, decayed = (soft(one) if one["options"]["classes"] else
                           by_class(one, soft))
        most = one["options"]["max_kept"] or None
        wanted, decayed = wanted[:most], decayed[:most]
        # exp differs in its last digit from library to library.
        np.testing.assert_allclose(scores, decayed, rtol=2e-6,
                                   err_msg=str(one["options"]))
        if not np.array_equal(kept, wanted):
            np.testing.assert_array_equal(np.sort(kept), np.sort(wanted))
            moved = np.asarray(decayed)[kept != np.asarray(wanted)]
            gaps = np.abs(np.subtract.outer(moved, moved))
            np.fill_diagonal(gaps, 1)
            assert (gaps.min(1) < 1e-6).all(), one["options"]


@pytest.mark.parametrize("seed", range(2))
def test_soft_by_the_authors(tmp_path, seed):
    cases = soft_cases([30, seed], 300, AUTHORS, [1, 2, 5, 20, 60])
    compare_soft(cases, ours(tmp_path, cases), plain_soft)


@needs_cv2
@pytest.mark.parametrize("seed", range(2))
def test_soft_by_opencv(tmp_path, seed):
    def soft(one):
        options = one["options"]
        method = (cv2.dnn.SOFT_NMSMETHOD_SOFTNMS_LINEAR,
                  cv2.dnn.SOFT_NMSMETHOD_SOFTNMS_GAUSSIAN)[options["decay"]]
        scores, kept = cv2.dnn.softNMSBoxes(
            rects(one["boxes"]).astype(np.int32), one["scores"],
            options["score"], options["iou"], sigma=options["sigma"],
            method=method)
        return list(np.ravel(kept)), list(np.ravel(scores))

    cases = soft_cases([31, seed], 500, OPENCV, [1, 2, 5, 20, 100])
    compare_soft(cases, ours(tmp_path, cases), soft)
