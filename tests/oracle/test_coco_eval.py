"""The COCO evaluation against pycocotools, bit for bit."""

import contextlib
import copy
import io
import json
import os
import pathlib
import random
import subprocess

import numpy as np
import pytest

pycocotools = pytest.importorskip("pycocotools")
from pycocotools.coco import COCO  # noqa: E402
from pycocotools.cocoeval import COCOeval  # noqa: E402

PROBE = os.path.join(os.environ["EYECHART_PROBES"], "coco_eval_probe")
ROOT = pathlib.Path(__file__).resolve().parents[2]
DATA = pathlib.Path(os.environ.get("EYECHART_DATA", ROOT / "../shared/data"))
ARRAYS = "precision", "recall", "scores"


def ours(folder, truth, results, mode="strict", threads=2, max_dets=None,
         ious=None, areas=None, class_agnostic=False):
    """Arrays, figures and warnings of the probe."""
    for name, content in (("truth", truth), ("results", results)):
        text = content if isinstance(content, str) else json.dumps(content)
        (folder / f"{name}.json").write_text(text, encoding="utf-8")
    run = subprocess.run(
        [PROBE, folder / "truth.json", folder / "results.json", folder / "out",
         mode, str(threads),
         ",".join(map(str, max_dets)) if max_dets else "-",
         ",".join(map(repr, ious)) if ious else "-",
         ",".join(f"{n}:{a!r}:{b!r}" for n, a, b in areas) if areas else "-",
         "one" if class_agnostic else "each"],
        capture_output=True, text=True)
    if run.returncode != 0:
        return run.stderr
    lines = run.stdout.splitlines()
    arrays = {name: np.fromfile(folder / f"out.{name}") for name in ARRAYS}
    return arrays, [float(x) for x in lines[:12]], lines[12:]


def theirs(truth, results, max_dets=None, ious=None, areas=None,
           class_agnostic=False):
    with contextlib.redirect_stdout(io.StringIO()):
        gt = COCO()
        gt.dataset = copy.deepcopy(truth)
        gt.createIndex()
        if results:
            dt = gt.loadRes(copy.deepcopy(results))
        else:  # loadRes fails on an empty list; this is what one would mean
            dt = COCO()
            dt.dataset = {**truth, "annotations": []}
            dt.createIndex()
        evaluation = COCOeval(gt, dt, "bbox")
        params = evaluation.params
        params.useCats = 0 if class_agnostic else 1
        if max_dets:
            params.maxDets = list(max_dets)
        if ious:
            params.iouThrs = np.array(ious)
        if areas:
            params.areaRngLbl = [name for name, _, _ in areas]
            params.areaRng = [[low, high] for _, low, high in areas]
        evaluation.evaluate()
        evaluation.accumulate()
        figures = None
        with contextlib.suppress(IndexError):  # fewer than three max_dets
            evaluation.summarize()
            figures = evaluation.stats.tolist()
    return {name: evaluation.eval[name] for name in ARRAYS}, figures


def renumbered(truth):
    """What the corrected mode makes of a file: each category once, too."""
    truth = copy.deepcopy(truth)
    truth["categories"] = list(
        {c["id"]: c for c in truth["categories"]}.values())
    for i, annotation in enumerate(truth["annotations"]):
        annotation["id"] = i + 1
    return truth


def compare(folder, truth, results, mode="strict", last=None, **settings):
    """`last`: what corrected figures are summarized with, where not COCO's."""
    got, figures, warnings = ours(folder, truth, results, mode, **settings)
    settings.pop("threads", None)
    reference = truth if mode == "strict" else renumbered(truth)
    want, their_figures = theirs(reference, results, **settings)
    for name in ARRAYS:
        # Bits, so that -1, zeros and their signs count too.
        np.testing.assert_array_equal(
            got[name].view(np.int64),
            np.ascontiguousarray(want[name]).ravel().view(np.int64),
            err_msg=name)
    if their_figures is not None:
        first = 1 if mode == "corrected" and their_figures[0] == -1 else 0
        np.testing.assert_allclose(figures[first:], their_figures[first:],
                                   rtol=0, atol=1e-12)
    return figures, warnings


def make(truths, images=2, categories=2, size=None, **more):
    """A ground truth; (image, category, box, {keys}) each. `size` of images."""
    annotations = []
    for i, (image, category, box, *keys) in enumerate(truths):
        annotation = dict(id=i + 1, image_id=image, category_id=category,
                          bbox=list(box), area=box[2] * box[3], iscrowd=0)
        annotation.update(*keys)
        annotations.append(annotation)
    sides = dict(width=size[0], height=size[1]) if size else {}
    return dict(images=[dict(id=i + 1, **sides) for i in range(images)],
                categories=[dict(id=c + 1, name=f"c{c}")
                            for c in range(categories)],
                annotations=annotations, **more)


def found(*rows):
    return [dict(image_id=i, category_id=c, bbox=list(box), score=s)
            for i, c, box, s in rows]


def test_official_example(tmp_path):
    folder = DATA / "cocoeval"
    if not folder.is_dir():
        pytest.skip(f"{folder} is not there (EYECHART_DATA names the folder)")
    truth = json.loads((folder / "instances_val2014_100.json").read_text())
    results = json.loads(
        (folder / "instances_val2014_fakebbox100_results.json").read_text())
    figures, warnings = compare(tmp_path, truth, results)
    assert not warnings
    # The official printout has three decimals.
    text = (folder / "val2014_fake_eval_res.txt").read_text()
    printed = [line.rsplit("=", 1)[1]
               for line in text.split("type=bbox")[1].splitlines()
               if line.startswith(" Average")]
    for figure, text in zip(figures, printed[:12]):
        assert abs(figure - float(text)) < 6e-4
    assert figures[0] == 0.5045806987249628
    assert figures[11] == pytest.approx(0.5642905982905982, abs=1e-12)
    compare(tmp_path, truth, results, mode="corrected")
    compare(tmp_path, truth, results, max_dets=[1, 10, 500])
    compare(tmp_path, truth, results, areas=[
        ("all", 0, 1e10), ("nano", 0, 64), ("micro", 64, 256),
        ("small", 256, 1024), ("medium", 1024, 9216), ("large", 9216, 1e10)])


BOX = (10, 10, 20, 20)
FAR = (200, 200, 30, 30)
TRAPS = {
    "perfect, one truth": ([(1, 1, BOX)], [(1, 1, BOX, 0.9)]),
    "perfect, two truths": ([(1, 1, BOX), (2, 1, BOX)],
                            [(1, 1, BOX, 0.9), (2, 1, BOX, 0.8)]),
    "explicit ignore": ([(1, 1, BOX, {"ignore": 1}), (1, 1, FAR)],
                        [(1, 1, FAR, 0.9)]),
    "explicit ignore: true": ([(1, 1, BOX, {"ignore": True}), (1, 1, FAR),
                               (2, 1, BOX, {"ignore": True, "iscrowd": 1})],
                              [(1, 1, FAR, 0.9), (2, 1, BOX, 0.8)]),
    "crowd takes many": ([(1, 1, (0, 0, 100, 100), {"iscrowd": 1}),
                          (1, 1, FAR)],
                         [(1, 1, BOX, 0.9), (1, 1, (30, 30, 9, 9), 0.8),
                          (1, 1, FAR, 0.1)]),
    "half in a crowd": ([(1, 1, (0, 0, 100, 100), {"iscrowd": 1}),
                         (2, 1, FAR)],
                        [(1, 1, (90, 0, 20, 20), 0.9), (2, 1, FAR, 0.5)]),
    "crowd and truth": ([(1, 1, (0, 0, 100, 100), {"iscrowd": 1}),
                         (1, 1, BOX)],
                        [(1, 1, BOX, 0.9), (1, 1, BOX, 0.8)]),
    "all crowd": ([(1, 1, BOX, {"iscrowd": 1})], [(1, 1, BOX, 0.5)]),
    "overlap exactly 0.5": ([(1, 1, (0, 0, 10, 10))],
                            [(1, 1, (0, 0, 10, 5), 0.9)]),
    "overlap exactly 0.75": ([(1, 1, (0, 0, 4, 4))],
                             [(1, 1, (0, 0, 4, 3), 0.9)]),
    "overlap 0.9": ([(1, 1, (0, 0, 10, 10))], [(1, 1, (0, 0, 10, 9), 0.9)]),
    "equal overlaps": ([(1, 1, (0, 0, 10, 10)), (1, 1, (2, 0, 10, 10))],
                       [(1, 1, (1, 0, 10, 10), 0.9),
                        (1, 1, (0, 0, 10, 10), 0.8)]),
    "ties across images": ([(1, 1, BOX), (2, 1, BOX)],
                           [(2, 1, FAR, 0.5), (1, 1, BOX, 0.5),
                            (2, 1, BOX, 0.5)]),
    "areas on the bounds": ([(1, 1, (0, 0, 32, 32)), (1, 1, (100, 0, 96, 96)),
                             (2, 1, BOX, {"area": 1024}),
                             (2, 1, FAR, {"area": 9216.0000001})],
                            [(1, 1, (0, 0, 32, 32), 0.9),
                             (1, 1, (100, 0, 96, 96), 0.8),
                             (2, 1, BOX, 0.7), (2, 1, FAR, 0.6)]),
    "negative box": ([(1, 1, BOX)], [(1, 1, (50, 50, -9, 9), 0.9),
                                     (1, 1, (50, 50, -9, -9), 0.8),
                                     (1, 1, BOX, 0.5)]),
    "boxes without extent": ([(1, 1, (5, 5, 0, 9)), (1, 1, BOX)],
                             [(1, 1, (5, 5, 0, 9), 0.9), (1, 1, BOX, 0.5)]),
    "areas that overflow": ([(1, 1, (0, 0, 1e200, 1e200), {"area": 9e9}),
                             (1, 1, BOX)],
                            [(1, 1, (0, 0, 1e200, 1e200), 0.9),
                             (1, 1, BOX, 0.8)]),
    "zeros of both signs": ([(1, 1, BOX), (2, 1, BOX)],
                            [(1, 1, BOX, -0.0), (2, 1, BOX, 0.0)]),
    "negative scores": ([(1, 1, BOX), (2, 1, BOX)],
                        [(1, 1, FAR, -1.5), (1, 1, BOX, -2), (2, 1, BOX, 3)]),
    "nothing found": ([(1, 1, BOX)], []),
    "nothing there": ([], [(1, 1, BOX, 0.9)]),
    "a class the truth lacks": ([(1, 1, BOX)], [(1, 9, BOX, 0.9),
                                                (1, 1, BOX, 0.5)]),
    "id 0": ([(1, 1, BOX, {"id": 0}), (2, 1, BOX)],
             [(1, 1, BOX, 0.9), (2, 1, BOX, 0.8), (1, 1, BOX, 0.7)]),
    "a crowd of id 0": ([(1, 1, BOX, {"id": 0, "iscrowd": 1}), (2, 1, BOX)],
                        [(1, 1, BOX, 0.9), (2, 1, BOX, 0.8)]),
    "ids twice": ([(1, 1, BOX, {"id": 7}), (2, 1, FAR, {"id": 7}),
                   (1, 2, FAR, {"id": 7}), (1, 1, FAR)],
                  [(1, 1, BOX, 0.9), (2, 1, FAR, 0.8), (1, 2, FAR, 0.7),
                   (1, 1, FAR, 0.6)]),
    "an id twice, once elsewhere": ([(1, 1, BOX, {"id": 7}),
                                     (9, 1, BOX, {"id": 7}), (2, 1, BOX)],
                                    [(1, 1, BOX, 0.9), (2, 1, BOX, 0.8)]),
    "a truth of no image": ([(9, 1, BOX), (1, 1, BOX)], [(1, 1, BOX, 0.9)]),
    "a truth of no class": ([(1, 9, BOX), (1, 1, BOX)], [(1, 1, BOX, 0.9)]),
    "200 on one": ([(1, 1, BOX)],
                   [(1, 1, FAR, 0.9 - i / 1000) for i in range(150)]
                   + [(1, 1, BOX, 0.5)]
                   + [(1, 1, BOX, 0.95 - i / 300) for i in range(3)]),
}


@pytest.mark.parametrize("mode", ["strict", "corrected"])
@pytest.mark.parametrize("trap", TRAPS)
def test_traps(tmp_path, trap, mode):
    truths, rows = TRAPS[trap]
    truth = make(truths)
    compare(tmp_path, truth, found(*rows), mode)
    compare(tmp_path, truth, found(*rows), mode, max_dets=[1, 2, 100])


# In pictures of 100 x 100; the words are of the warnings that there must be.
OUT = (200, 200, 10, 10)
EDGE = (90, 90, 30, 30)
ODD = {
    "a detection outside": (
        [(1, 1, BOX)], [(1, 1, OUT, 0.9), (1, 1, BOX, 0.5)],
        ["1 detection wholly outside the picture"]),
    "detections before the edge, on it and over it": (
        [(1, 1, BOX), (2, 1, EDGE)],
        [(1, 1, (-30, 0, 30, 9), 0.9), (1, 1, (100, 0, 30, 9), 0.8),
         (1, 1, (-30, 0, 30.5, 9), 0.7), (2, 1, EDGE, 0.6),
         (2, 1, (90, 90, 10, 10), 0.55), (1, 1, BOX, 0.5)],
        ["2 detections wholly outside the picture"]),
    "a truth outside, found": (
        [(1, 1, OUT), (2, 1, BOX)], [(1, 1, OUT, 0.9), (2, 1, BOX, 0.5)],
        ["1 annotation has a box wholly outside", "1 detection wholly"]),
    "a truth outside, missed": (
        [(1, 1, OUT), (2, 1, BOX)], [(2, 1, BOX, 0.5)],
        ["1 annotation has a box wholly outside"]),
    "a crowd outside": (
        [(1, 1, OUT, {"iscrowd": 1}), (2, 1, BOX)],
        [(1, 1, OUT, 0.9), (1, 1, (201, 201, 3, 3), 0.8), (2, 1, BOX, 0.5)],
        ["1 annotation has a box wholly outside"]),
    "negative width, height, both": (
        [(1, 1, BOX), (1, 1, (30, 30, -20, -20))],
        [(1, 1, (30, 10, -20, 20), 0.9), (1, 1, (10, 30, 20, -20), 0.8),
         (1, 1, (30, 30, -20, -20), 0.7), (1, 1, BOX, 0.5)],
        ["3 detections without extent", "2 detections of an area",
         "1 annotation has a box without extent"]),
    "no extent at all": (
        [(1, 1, BOX), (2, 1, (5, 5, 0, 0))],
        [(1, 1, (15, 15, 0, 0), 0.9), (2, 1, (5, 5, 0, 0), 0.8),
         (1, 1, (15, 15, 0, 5), 0.7), (1, 1, (15, 15, -0.0, 5), 0.6),
         (1, 1, BOX, 0.5)],
        ["4 detections without extent", "1 annotation has a box without"]),
    "negative width and crowd": (
        [(1, 1, (0, 0, 90, 90), {"iscrowd": 1}), (2, 1, BOX)],
        [(1, 1, (50, 50, -20, 20), 0.9), (1, 1, (50, 50, 0, 20), 0.8),
         (2, 1, BOX, 0.5)],
        ["2 detections without extent", "1 detection of an area"]),
    "negative truth area, found": (
        [(1, 1, BOX, {"area": -400}), (2, 1, BOX)],
        [(1, 1, BOX, 0.9), (2, 1, BOX, 0.5)],
        ["1 annotation has an area below 0"]),
    "negative truth area, missed": (
        [(1, 1, BOX, {"area": -1e-9}), (2, 1, BOX)],
        [(1, 1, FAR, 0.9), (2, 1, BOX, 0.5)],
        ["1 annotation has an area below 0"]),
    "nothing but negative truth areas": (
        [(1, 1, BOX, {"area": -1})], [(1, 1, BOX, 0.9)],
        ["1 annotation has an area below 0"]),
    "areas above COCO's": (
        [(1, 1, BOX, {"area": 1.1e10}), (2, 1, BOX, {"area": 1e10})],
        [(1, 1, BOX, 0.9), (1, 1, (0, 0, 1e6, 1e6), 0.8), (2, 1, BOX, 0.5)],
        ["1 annotation has an area below 0 or above", "1 detection of an"]),
    "ignore: true": (
        [(1, 1, BOX, {"ignore": True}), (2, 1, BOX, {"ignore": False})],
        [(1, 1, FAR, 0.9), (2, 1, BOX, 0.5)],
        ["1 annotation has \"ignore\": 1"]),
    "everything in a class the truth lacks": (
        [(1, 1, BOX)], [(1, 9, BOX, 0.9), (1, 8, OUT, 0.8)],
        ["all 2 detections in a category"]),
    "an empty list": ([(1, 1, BOX)], [], ["no detections"]),
    "no annotations": ([], [(1, 1, BOX, 0.9)], ["no annotations"]),
    "crowds alone": ([(1, 1, BOX, {"iscrowd": 1})], [(1, 1, BOX, 0.9)],
                     ["no annotation that counts"]),
}


@pytest.mark.parametrize("mode", ["strict", "corrected"])
@pytest.mark.parametrize("case", ODD)
def test_odd_boxes(tmp_path, case, mode):
    """Told, and yet pycocotools' figures."""
    truths, rows, told = ODD[case]
    _, warnings = compare(tmp_path, make(truths, size=(100, 100)),
                          found(*rows), mode)
    for words in told:
        assert sum(words in warning for warning in warnings) == 1, warnings
    # Without sizes nothing is outside, and no figure differs.
    _, unsized = compare(tmp_path, make(truths), found(*rows), mode)
    assert len(unsized) == sum("wholly outside" not in w for w in warnings)


def odd_case(seed):
    """Pictures smaller than where boxes are; extents and areas of all signs."""
    truth, rows = made_case(seed)
    rng = random.Random(seed + 5000)
    for image in truth["images"]:
        if rng.random() < 0.8:
            image.update(width=rng.choice([20, 30.0]), height=25)
    for annotation in truth["annotations"]:
        if rng.random() < 0.2:
            annotation["area"] = rng.choice([-1, -64, 2e10, -0.0])
        if rng.random() < 0.2:
            annotation["ignore"] = rng.choice([True, False])
    for row in rows:
        for side in 2, 3:
            if rng.random() < 0.1:
                row["bbox"][side] *= rng.choice([-1, 0])
        if rng.random() < 0.2:
            row["bbox"][rng.randrange(2)] -= rng.choice([100, 8])
    return truth, rows


@pytest.mark.parametrize("mode", ["strict", "corrected"])
@pytest.mark.parametrize("seed", range(20))
def test_odd_cases(tmp_path, seed, mode):
    truth, rows = odd_case(seed)
    sizes = {i["id"]: (i.get("width"), i.get("height"))
             for i in truth["images"]}
    known = {c["id"] for c in truth["categories"]}
    _, warnings = compare(tmp_path, truth, rows, mode, threads=1 + seed % 3)
    flat = outside = 0
    for row in rows:
        if row["category_id"] not in known:
            continue
        x, y, w, h = row["bbox"]
        width, height = sizes[row["image_id"]]
        if w <= 0 or h <= 0:
            flat += 1
        elif width and (x >= width or y >= height or x + w <= 0
                        or y + h <= 0):
            outside += 1
    for count, words in (flat, "without extent"), (outside, "wholly outside"):
        told = [w for w in warnings if words in w and " detection" in w]
        assert bool(told) == bool(count)
        if count:
            assert f"results.json: {count} detection" in told[0]


def test_corrected_mends(tmp_path):
    truth = make([(1, 1, BOX, {"id": 0}), (2, 1, BOX), (2, 1, FAR)])
    rows = found((1, 1, BOX, 0.9), (2, 1, BOX, 0.8), (2, 1, FAR, 0.7))
    strict, warnings = compare(tmp_path, truth, rows)
    assert strict[0] < 0.9 and "id 0" in warnings[0]
    mended, warnings = compare(tmp_path, truth, rows, "corrected")
    assert mended[0] == 1 and "id 0" in warnings[0]
    strict, warnings = compare(tmp_path, renumbered(truth), rows,
                               max_dets=[1, 10, 500])
    assert strict[0] == -1 and strict[1] == 1 and "AP is -1" in warnings[0]
    mended, _ = compare(tmp_path, truth, rows, "corrected",
                        max_dets=[1, 10, 500])
    assert mended[0] == 1


def test_text_ids(tmp_path):
    names = ["b.jpg", "a.jpg", "é", "Z"]
    truth = make([(1, 1, BOX), (2, 1, BOX), (3, 1, BOX)], images=4)
    for image, name in zip(truth["images"], names):
        image["id"] = name
    for annotation in truth["annotations"]:
        annotation["image_id"] = names[annotation["image_id"] - 1]
    rows = found((1, 1, BOX, 0.5), (2, 1, FAR, 0.5), (3, 1, BOX, 0.5),
                 (4, 1, FAR, 0.5), (2, 1, BOX, 0.5))
    for row in rows:
        row["image_id"] = names[row["image_id"] - 1]
    compare(tmp_path, truth, rows)


# Boxes on a coarse grid: equal overlaps, overlaps on thresholds, equal areas.
def grid_box(rng):
    return [rng.randrange(0, 6) * 4, rng.randrange(0, 6) * 4,
            rng.choice([0, 4, 8, 8, 12, 32, 96, 100]),
            rng.choice([4, 8, 8, 12, 32, 96, 100])]


def near(rng, box):
    made = [v + rng.choice([0, 0, 0, 1, -1, 2]) for v in box]
    if rng.random() < 0.3:
        made = [v + rng.uniform(-2, 2) for v in box]
    return made


def made_case(seed):
    rng = random.Random(seed)
    images = rng.sample(range(-3, 500), rng.randrange(1, 9))
    categories = rng.sample(range(0, 100), rng.randrange(1, 5))
    annotations = []
    ids = list(range(rng.choice([0, 1, 1, 1000]), 5000))
    if rng.random() < 0.3:
        ids = [rng.randrange(0, 40) for _ in range(400)]
    for i in range(rng.randrange(0, 60)):
        box = grid_box(rng)
        annotations.append(dict(
            id=ids[i], image_id=rng.choice(images),
            category_id=rng.choice(categories), bbox=box,
            area=rng.choice([box[2] * box[3], box[2] * box[3] * 0.6, 1024,
                             9216, 0, 1e10]),
            iscrowd=int(rng.random() < 0.15)))
        if rng.random() < 0.1:
            annotations[-1]["ignore"] = 1
    truth = dict(images=[dict(id=i) for i in images], annotations=annotations,
                 categories=[dict(id=c, name=str(c)) for c in categories])
    rows = []
    crowded = rng.random() < 0.3  # more than 100 in an image
    for _ in range(rng.randrange(1, 600 if crowded else 120)):
        source = rng.choice(annotations) if annotations else None
        if source and rng.random() < 0.7:
            image, category = source["image_id"], source["category_id"]
            box = near(rng, source["bbox"])
        else:
            image = images[0] if crowded else rng.choice(images)
            category, box = rng.choice(categories + [777]), grid_box(rng)
        if rng.random() < 0.05:
            box[2] = -box[2]
        rows.append(dict(image_id=image, category_id=category, bbox=box,
                         score=rng.choice([round(rng.random(), 1), rng.random(),
                                           0, 1, -0.0])))
    return truth, rows


def made_settings(seed, mode):
    rng = random.Random(seed + 1000)
    settings = {}
    if rng.random() < 0.4:
        settings["max_dets"] = rng.choice(
            [[1, 10, 500], [100, 1, 3], [2, 5, 100, 300], [1, 1, 100]])
    if rng.random() < 0.4:
        settings["ious"] = rng.choice(
            [[0.5], [0.5, 0.75], [0.75, 0.3, 0.5], [1.0, 0.05],
             np.linspace(0.05, 1, 20).tolist()])
    if rng.random() < 0.4:
        settings["areas"] = rng.choice(
            [[("all", 0, 1e10)], [("all", 0, 1e10), ("tiny", 0, 64),
                                  ("small", 64, 1024)],
             [("all", 64, 1e4), ("large", 96 * 96, 1e5)]])
    if mode == "corrected" and len(settings.get("max_dets", [1] * 3)) > 3:
        del settings["max_dets"]  # figures differ by intent
    return settings


@pytest.mark.parametrize("mode", ["strict", "corrected"])
@pytest.mark.parametrize("seed", range(60))
def test_made_cases(tmp_path, seed, mode):
    truth, rows = made_case(seed)
    compare(tmp_path, truth, rows, mode, threads=1 + seed % 3,
            **made_settings(seed, mode))


def float32_case(seed, images=40, rows=9000):
    rng = np.random.default_rng(seed)
    box = np.concatenate([rng.uniform(0, 400, (300, 2)),
                          np.exp(rng.normal(3.7, 1, (300, 2)))], 1)
    image, category = rng.integers(1, images, 300), rng.integers(0, 3, 300)
    truth = dict(
        images=[dict(id=i) for i in range(images)],
        categories=[dict(id=c + 1, name=f"c{c}") for c in range(4)],
        annotations=[dict(id=i + 1, image_id=int(image[i]),
                          category_id=int(category[i]) + 1,
                          bbox=box[i].tolist(), area=float(box[i, 2]),
                          iscrowd=int(i % 37 == 0)) for i in range(300)])
    source = rng.integers(0, 300, rows)
    jitter = rng.normal(0, 0.1, (rows, 4)) * box[source][:, [2, 3, 2, 3]]
    boxes = (box[source] + jitter).astype(np.float32).astype(float)
    scores = rng.random(rows).astype(np.float32).astype(float).round(
        3 if seed % 2 else 17)
    return truth, [
        dict(image_id=int(image[s]), category_id=int(category[s]) + 1,
             bbox=b.tolist(), score=float(score))
        for s, b, score in zip(source, boxes, scores)]


# useCats = 0: all classes as one.
SHIFTED = (11, 10, 20, 20), (9, 10, 20, 20)
AGNOSTIC = {
    "another class is right": ([(1, 1, BOX)], [(1, 2, BOX, 0.9)]),
    "equal scores, classes against the file's order": (
        [(1, 1, BOX)], [(1, 2, BOX, 0.5), (1, 1, FAR, 0.5)]),
    "equal scores, one class after the other": (
        [(1, 1, BOX), (1, 2, FAR)],
        [(1, 2, FAR, 0.5), (1, 1, (0, 0, 3, 3), 0.5), (1, 2, BOX, 0.5),
         (1, 1, BOX, 0.5)]),
    "equal overlaps of two classes": (
        [(1, 2, SHIFTED[0]), (1, 1, SHIFTED[1])],
        [(1, 1, BOX, 0.9), (1, 2, SHIFTED[1], 0.8)]),
    "a crowd of another class": (
        [(1, 2, (0, 0, 100, 100), {"iscrowd": 1}), (1, 1, FAR)],
        [(1, 1, BOX, 0.9), (1, 2, FAR, 0.8)]),
    "100 of two classes together": (
        [(1, 1, BOX), (1, 2, FAR)],
        [(1, 1 + i % 2, (50, 50, 5, 5), 0.9 - i / 1000) for i in range(120)]
        + [(1, 1, BOX, 0.805), (1, 2, FAR, 0.1)]),
    "the 100th and 101st tie": (
        [(1, 1, BOX), (1, 2, FAR)],
        [(1, 2, FAR, 0.5), (1, 1, BOX, 0.5)]
        + [(1, 1, (50, 50, 5, 5), 0.9)] * 99),
    "an id shared with one of no class": (
        [(1, 9, FAR, {"id": 7}), (1, 1, BOX, {"id": 7}), (2, 2, BOX)],
        [(1, 1, BOX, 0.9), (2, 1, BOX, 0.8), (1, 9, FAR, 0.95)]),
    "an id shared, the last of no class": (
        [(1, 1, BOX, {"id": 7}), (1, 9, FAR, {"id": 7}), (2, 2, BOX)],
        [(1, 1, BOX, 0.9), (2, 1, BOX, 0.8)]),
}


@pytest.mark.parametrize("mode", ["strict", "corrected"])
@pytest.mark.parametrize("trap", [*TRAPS, *AGNOSTIC])
def test_class_agnostic_traps(tmp_path, trap, mode):
    truths, rows = (TRAPS | AGNOSTIC)[trap]
    for max_dets in None, [1, 2, 100]:
        compare(tmp_path, make(truths), found(*rows), mode, max_dets=max_dets,
                class_agnostic=True)
    # Ids that descend: classes stand by id, not as the file lists them.
    truth = make(truths)
    truth["categories"].reverse()
    compare(tmp_path, truth, found(*rows), mode, class_agnostic=True)


def test_class_agnostic_without_classes(tmp_path):
    compare(tmp_path, make([(1, 1, BOX)], categories=0),
            found((1, 1, BOX, 0.9)), class_agnostic=True)


def test_class_agnostic_counts_a_class_as_often_as_it_is_listed(tmp_path):
    """With useCats = 1 pycocotools makes category ids distinct, else not: two
    truths, and what finds them, are four."""
    truth = make([(1, 1, BOX), (1, 2, FAR), (2, 1, BOX)])
    truth["categories"].append(dict(id=1, name="again"))
    rows = found((1, 1, BOX, 0.9), (1, 2, FAR, 0.8), (1, 1, FAR, 0.7))
    _, warnings = compare(tmp_path, truth, rows)
    assert not warnings
    strict, warnings = compare(tmp_path, truth, rows, class_agnostic=True)
    assert len(warnings) == 1 and "1 category is listed more" in warnings[0]
    mended, warnings = compare(tmp_path, truth, rows, "corrected",
                               class_agnostic=True)
    assert len(warnings) == 1 and "its boxes count once" in warnings[0]
    assert strict[1] != mended[1]


def agnostic_case(seed):
    """A made case in which categories are odd as well."""
    truth, rows = made_case(seed)
    rng = random.Random(seed + 9000)
    rng.shuffle(truth["categories"])
    if rng.random() < 0.2:
        truth["categories"].append(rng.choice(truth["categories"]))
    for annotation in truth["annotations"]:
        if rng.random() < 0.05:
            annotation["category_id"] = 777
    return truth, rows


@pytest.mark.parametrize("mode", ["strict", "corrected"])
@pytest.mark.parametrize("seed", range(60))
def test_class_agnostic_made_cases(tmp_path, seed, mode):
    truth, rows = agnostic_case(seed)
    compare(tmp_path, truth, rows, mode, threads=1 + seed % 3,
            class_agnostic=True, **made_settings(seed, mode))


def test_class_agnostic_cases_have_what_they_are_for():
    """Agreement on what never comes would prove nothing."""
    crowded = ties = crowds = repeated = shared = 0
    for seed in range(60):
        truth, rows = agnostic_case(seed)
        known = {c["id"] for c in truth["categories"]}
        inside = [r for r in rows if r["category_id"] in known]
        for image in {r["image_id"] for r in inside}:
            mine = [r for r in inside if r["image_id"] == image]
            crowded += len(mine) > 100
            classes = {}
            for r in mine:
                classes.setdefault(r["score"], set()).add(r["category_id"])
            ties += any(len(c) > 1 for c in classes.values())
        crowds += any(a["iscrowd"] for a in truth["annotations"])
        repeated += len(known) < len(truth["categories"])
        ids = [a["id"] for a in truth["annotations"]]
        shared += len(set(ids)) < len(ids)
    assert min(crowded, ties, crowds, repeated, shared) >= 5, (
        crowded, ties, crowds, repeated, shared)


@pytest.mark.parametrize("seed, rows", [(0, 1200), (1, 1200), (1, 2400)])
def test_class_agnostic_large_cases(tmp_path, seed, rows):
    """Some hundred detections an image, on both sides of the change from one
    way of sorting to the other; odd seeds have scores of three decimals."""
    truth, rows = float32_case(seed, images=8, rows=rows)
    compare(tmp_path, truth, rows, class_agnostic=True)
    compare(tmp_path, truth, rows, max_dets=[1, 10, 500], class_agnostic=True)


@pytest.mark.parametrize("way", ["plain", "compact", "lines", "indented",
                                 "other keys", "mixed", "exponents"])
def test_ways_of_writing(tmp_path, way):
    """More than one part of the file, and every path through the reader."""
    truth, rows = float32_case(len(way))
    rng = random.Random(3)
    if way == "other keys":
        rows = [{"id": i, "segmentation": [], "a}, {b": "},{\"x\": [", **row}
                for i, row in enumerate(rows)]
    if way == "mixed":
        rows = [dict(rng.sample(list(row.items()), 4)) for row in rows]
    text = json.dumps(
        rows, separators=(",", ":") if way == "compact" else None,
        indent=2 if way == "indented" else None)
    if way == "lines":
        text = text.replace("}, {", "},\n {")
    if way == "exponents":
        text = "[" + ", ".join(
            '{"image_id": %d, "category_id": %d, "bbox": [%s], "score": %.16e}'
            % (r["image_id"], r["category_id"],
               ", ".join("%.16E" % v for v in r["bbox"]), r["score"])
            for r in rows) + "]"
        assert json.loads(text) == rows
    got, figures, _ = ours(tmp_path, truth, text)
    want, their_figures = theirs(truth, rows)
    for name in ARRAYS:
        np.testing.assert_array_equal(got[name],
                                      np.ascontiguousarray(want[name]).ravel())
    np.testing.assert_allclose(figures, their_figures, rtol=0, atol=1e-12)


GOOD = dict(image_id=1, category_id=1, bbox=[1, 2, 3, 4], score=0.5)


@pytest.mark.parametrize("change, words", [
    (dict(score=float("nan")), "score should be a finite number; it is NaN"),
    (dict(score=float("inf")), "score should be a finite number"),
    (dict(score="0.5"), "score should be a finite number"),
    (dict(bbox=[1, 2, 3]), "bbox should be [x, y, width, height]"),
    (dict(bbox=7), "bbox should be [x, y, width, height]"),
    (dict(bbox=[1, 2, None, 4]), "bbox should be [x, y, width, height]"),
    (dict(image_id=77), "image_id 77 is none of the ground truth's images"),
    (dict(image_id="77"), "image_id \"77\" is none of"),
    (dict(image_id="1"), "it is a text, the ground truth has numbers"),
    (dict(category_id="x"), "category_id should be an integer"),
    (dict(category_id="1"), "it is \"1\", a text"),
    (dict(score=None), "score should be"),
])
def test_bad_results(tmp_path, change, words):
    truth = make([(1, 1, BOX)])
    error = ours(tmp_path, truth, json.dumps([GOOD, GOOD, {**GOOD, **change}]))
    assert isinstance(error, str)
    assert words in error and "results.json" in error and "entry 2" in error


@pytest.mark.parametrize("text, words", [
    ("{}", "should be a list of results"),
    ("", "not a JSON file"), ("[", "results.json"), ("[1]", "entry 0"),
    (json.dumps([GOOD]) + "x", "results.json"),
    (json.dumps([GOOD])[:-5], "results.json"),
    (json.dumps([{k: v for k, v in GOOD.items() if k != "bbox"}]),
     "key \"bbox\" is missing"),
])
def test_damaged_results(tmp_path, text, words):
    error = ours(tmp_path, make([(1, 1, BOX)]), text)
    assert isinstance(error, str) and words in error


@pytest.mark.parametrize("change, words", [
    (dict(bbox=[1, 2]), "annotations[0]: bbox should be"),
    (dict(area=None), "annotations[0]: area should be"),
    (dict(iscrowd=3), "annotations[0]: iscrowd should be 0 or 1"),
    (dict(id=1.5), "annotations[0]: id should be"),
])
def test_bad_truth(tmp_path, change, words):
    truth = make([(1, 1, BOX, change)]) if "bbox" not in change else make(
        [(1, 1, BOX)])
    truth["annotations"][0].update(change)
    error = ours(tmp_path, truth, [GOOD])
    assert isinstance(error, str) and words in error and "truth.json" in error


def test_missing_key_of_truth(tmp_path):
    truth = make([(1, 1, BOX)])
    del truth["annotations"][0]["iscrowd"]
    assert "key \"iscrowd\" is missing" in ours(tmp_path, truth, [GOOD])
    del truth["annotations"]
    assert "\"annotations\" is missing" in ours(tmp_path, truth, [GOOD])


STATS = ("AP", "AP50", "AP75", "APs", "APm", "APl",
         "AR1", "AR10", "AR100", "ARs", "ARm", "ARl")
EYECHART = os.path.join(os.environ.get("EYECHART_BIN", ""), "eyechart")


def command(folder, truth, results, *more):
    (folder / "gt.json").write_text(json.dumps(truth), encoding="utf-8")
    (folder / "dt.json").write_text(json.dumps(results), encoding="utf-8")
    run = subprocess.run([EYECHART, "coco-eval", folder / "gt.json",
                          folder / "dt.json", "--json", *map(str, more)],
                         capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


@pytest.mark.parametrize("seed", range(4))
def test_command(tmp_path, seed):
    truth, rows = made_case(seed)
    want, figures = theirs(truth, rows)
    got = command(tmp_path, truth, rows)
    assert got["schema"] == 1 and got["command"] == "coco-eval"
    assert got["mode"] == "strict"
    assert set(got["stats"]) == set(STATS)
    assert [got["stats"][name] for name in STATS] == pytest.approx(
        figures, abs=1e-12)
    assert got["images"] == len(truth["images"])
    assert got["ground_truths"] == len(truth["annotations"])
    assert got["detections"] == len(rows)
    for k, row in enumerate(got["per_class"]):
        precision = want["precision"][:, :, k, 0, -1]
        if precision[0, 0] == -1:
            assert row["AP"] is None and row["AP50"] is None
        else:
            assert row["AP"] == pytest.approx(precision.mean(), abs=1e-12)
            assert row["AP50"] == pytest.approx(precision[0].mean(), abs=1e-12)
    assert [row["id"] for row in got["per_class"]] == sorted(
        category["id"] for category in truth["categories"])


def one_class(truth, rows):
    """The same with each known category's boxes in one."""
    known = {c["id"] for c in truth["categories"]}
    truth, rows = copy.deepcopy(truth), copy.deepcopy(rows)
    truth["categories"] = [dict(id=1, name="all classes")]
    for one in truth["annotations"] + rows:
        one["category_id"] = 1 if one["category_id"] in known else 2
    return truth, rows


@pytest.mark.parametrize("seed", range(12))
def test_class_agnostic_command(tmp_path, seed):
    truth, rows = agnostic_case(seed)
    _, figures = theirs(truth, rows, class_agnostic=True)
    # --errors wants detections in the file's order, which changes no figure.
    for more in [], ["--errors"]:
        got = command(tmp_path, truth, rows, "--class-agnostic", *more)
        assert got["class_agnostic"] is True
        assert [got["stats"][name] for name in STATS] == pytest.approx(
            figures, abs=1e-12)
        assert [(c["id"], c["name"]) for c in got["per_class"]] == [
            (-1, "all classes")]
        ap = got["per_class"][0]["AP"]
        assert (-1 if ap is None else ap) == pytest.approx(figures[0],
                                                           abs=1e-12)
    assert command(tmp_path, truth, rows)["class_agnostic"] is False


@pytest.mark.parametrize("seed", range(12))
def test_class_agnostic_errors_and_confusion(tmp_path, seed):
    """As if the files had one class."""
    truth, rows = agnostic_case(seed)
    table = tmp_path / "confusion.csv"
    got = command(tmp_path, truth, rows, "--class-agnostic", "--errors",
                  "--confusion", table, "--max-dets", "1,10,30")["errors"]
    counts = table.read_text()
    assert got["max_dets"] == 30
    assert got["kinds"]["class"]["count"] == got["kinds"]["both"]["count"] == 0
    assert got == command(tmp_path, *one_class(truth, rows), "--errors",
                          "--confusion", table, "--max-dets",
                          "1,10,30")["errors"]
    assert counts == table.read_text()


def test_class_agnostic_intervals(tmp_path):
    truth, rows = float32_case(4, images=12, rows=300)  # no two scores alike
    settings = "--bootstrap", 50, "--seed", 3
    got = command(tmp_path, truth, rows, "--class-agnostic", *settings)["ci"]
    assert got == command(tmp_path, *one_class(truth, rows), *settings)["ci"]
    assert got != command(tmp_path, truth, rows, *settings)["ci"]


def overlaps(found, there, crowd):
    """pycocotools' overlaps, with a shape where one side is empty."""
    from pycocotools import mask
    if not found or not there:
        return np.zeros((len(found), len(there)))
    return mask.iou(np.array(found, float), np.array(there, float),
                    [int(crowd)] * len(there))


def class_precision(points, positives):
    """TIDE's AP of one class; points are (score, right)."""
    if positives == 0:
        return 0.0
    right = np.cumsum([p[1] for p in sorted(points, key=lambda p: -p[0])])
    if len(right) == 0:
        return 0.0
    precision = np.maximum.accumulate(
        (right / np.arange(1, len(right) + 1))[::-1])[::-1]
    at = np.searchsorted(right / positives, np.arange(101) / 100)
    return sum(precision[i] for i in at if i < len(precision)) / 101


def tide(truth, rows, most=100):
    """Kinds of error by the paper's definitions (section 2.2): counts, and AP
    gained by mending each; of the best `most` of an image."""
    kinds = {name: [] for name in ("class", "localisation", "both",
                                   "duplicate", "background", "missed")}
    classes = {c["id"] for c in truth["categories"]}
    right, wrong, positives, heirs = [], [], {}, {}
    for image in sorted({i["id"] for i in truth["images"]}):
        inside = [a for a in truth["annotations"]
                  if a["image_id"] == image and a["category_id"] in classes]
        there = [a for a in inside if not a["iscrowd"]]
        crowds = [a for a in inside if a["iscrowd"]]
        found = sorted((r for r in rows if r["image_id"] == image
                        and r["category_id"] in classes),
                       key=lambda r: -r["score"])[:most]
        iou = overlaps([r["bbox"] for r in found], [a["bbox"] for a in there],
                       False)
        in_crowd = overlaps([r["bbox"] for r in found],
                            [a["bbox"] for a in crowds], True)
        same = np.array([[r["category_id"] == a["category_id"] for a in there]
                         for r in found]).reshape(iou.shape).astype(bool)
        for a in there:
            positives[a["category_id"]] = positives.get(a["category_id"], 0) + 1
        owner = {}
        hit = [False] * len(found)
        for d in range(len(found)):
            free = [g for g in range(len(there)) if same[d, g]
                    and g not in owner and iou[d, g] >= 0.5]
            if free:
                owner[max(free, key=lambda g: (iou[d, g], -g))] = d
                hit[d] = True
        for d, r in enumerate(found):
            if hit[d]:
                right.append(r)
                continue
            ignored = any(in_crowd[d, c] > 0.5 for c, a in enumerate(crowds)
                          if a["category_id"] == r["category_id"])
            own, other = iou[d] * same[d], iou[d] * ~same[d]
            target = None
            if len(there) and 0.1 <= own.max() <= 0.5:
                kind, target = "localisation", int(own.argmax())
            elif len(there) and other.max() >= 0.5:
                kind, target = "class", int(other.argmax())
            elif any(own[g] >= 0.5 for g in owner):
                kind = "duplicate"
            elif not len(there) or iou[d].max() <= 0.1:
                kind = "background"
            else:
                kind = "both"
            if target is not None:
                free = target not in owner
                target = there[target] if free else None
                if free and id(target) not in heirs:
                    heirs[id(target)] = r
            kinds[kind].append((r, target))
            if not ignored:
                wrong.append((kind, r))
        kinds["missed"] += [(None, a) for g, a in enumerate(there)
                            if g not in owner and id(a) not in heirs]

    def mean_precision(points, left):
        values = [class_precision([(s, h) for c, s, h in points if c == k],
                                  left.get(k, 0))
                  for k in {c for c, _, _ in points}
                  | {k for k, n in left.items() if n > 0}]
        # Nothing is left after mending: no error is either.
        return sum(values) / len(values) if values else 1.0

    def points(without=None):
        return [(r["category_id"], r["score"], False) for kind, r in wrong
                if kind != without] + [
            (r["category_id"], r["score"], True) for r in right]

    numbers = {kind: len(members) for kind, members in kinds.items()}
    if not points() and not positives:
        return 0.0, numbers, dict.fromkeys(kinds, 0.0)
    base = mean_precision(points(), positives)
    gains = {}
    for kind, members in kinds.items():
        left, more = dict(positives), []
        for r, target in members:
            if kind == "missed":
                left[target["category_id"]] -= 1
            elif target is not None and heirs[id(target)] is r:
                more.append((target["category_id"], r["score"], True))
        gains[kind] = max(0, mean_precision(points(kind) + more, left) - base)
    return base, numbers, gains


@pytest.mark.parametrize("seed", range(30))
def test_error_kinds(tmp_path, seed):
    truth, rows = made_case(seed)
    truth = renumbered(truth)
    rng = random.Random(seed)
    for row in rows:  # no ties: their order is the implementation's own
        row["score"] = rng.random()
    # Of the last number, wherever it stands.
    for most, more in (100, []), (500, ["--max-dets", "1,500,10"]), (
            7, ["--max-dets", "1,7"]):
        got = command(tmp_path, truth, rows, "--errors", *more)["errors"]
        base, counts, gains = tide(truth, rows, most)
        assert got["max_dets"] == most
        assert got["AP50"] == pytest.approx(base, abs=1e-12)
        for kind, count in counts.items():
            assert got["kinds"][kind]["count"] == count, kind
            assert got["kinds"][kind]["dAP"] == pytest.approx(
                gains[kind], abs=1e-12), kind


def test_intervals(tmp_path):
    """Against pycocotools on resampled images: quantiles agree within noise."""
    truth, rows = float32_case(5, images=12, rows=300)
    got = command(tmp_path, truth, rows, "--bootstrap", 400, "--seed", 3)["ci"]
    rng = np.random.default_rng(0)
    draws = []
    for _ in range(60):
        made = dict(categories=truth["categories"], images=[], annotations=[])
        found = []
        for i in rng.integers(0, 12, 12):
            new = len(made["images"]) + 1
            made["images"].append(dict(id=new))
            made["annotations"] += [
                {**a, "image_id": new, "id": 0} for a in truth["annotations"]
                if a["image_id"] == i]
            found += [{**r, "image_id": new} for r in rows
                      if r["image_id"] == i]
        draws.append(theirs(renumbered(made), found)[1])
    for f, name in enumerate(("AP", "AP50", "AP75")):
        values = np.array(draws)[:, f]
        low, high = got[name]["low"], got[name]["high"]
        # 95 % inside, and the ends within the spread of 60 draws' quantiles.
        assert ((values >= low) & (values <= high)).mean() > 0.8
        width = np.quantile(values, 0.975) - np.quantile(values, 0.025)
        assert abs((high - low) / width - 1) < 0.5
