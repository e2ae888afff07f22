"""The kinds of error of coco-eval against TIDE's released package.

tidecv 1.0.1 (Bolya et al., ECCV 2020), through its own readers of COCO files.
It needs OpenCV with windows, matplotlib, seaborn and pandas for its figures
alone; those are replaced while it is loaded, so that

    pip install --no-deps tidecv==1.0.1

beside the other references is enough. Where it is not there all is skipped.
Where it fails or differs by intent, the last tests say how.
"""

import json
import os
import random
import subprocess
import sys
from collections import Counter
from unittest import mock

import numpy  # noqa: F401  before the modules are replaced
import pytest

pytest.importorskip("pycocotools.mask")

EYECHART = os.path.join(os.environ["EYECHART_BIN"], "eyechart")
FIGURES = ("appdirs", "cv2", "matplotlib", "matplotlib.lines",
           "matplotlib.pyplot", "pandas", "seaborn")
with mock.patch.dict(sys.modules,
                     {name: mock.MagicMock() for name in FIGURES}):
    tidecv = pytest.importorskip(
        "tidecv", reason="tidecv is not there: pip install --no-deps "
        "tidecv==1.0.1")
    from tidecv import quantify

KINDS = {"class": "Cls", "localisation": "Loc", "both": "Both",
         "duplicate": "Dupe", "background": "Bkg", "missed": "Miss"}
SPECIAL = {"false_alarm_dAP": "FalsePos", "miss_dAP": "FalseNeg"}
# Sums in another order, over up to five classes of 101 points each.
NEAR = dict(rel=0, abs=1e-12)


def ours(folder, *more):
    run = subprocess.run(
        [EYECHART, "coco-eval", folder / "gt.json", folder / "dt.json",
         "--errors", "--json", *more], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)["errors"]


def evaluated(folder, most=100):
    truth = tidecv.datasets.COCO(folder / "gt.json", name="gt")
    truth.max_dets = most  # of a picture's detections, yet kept here
    with mock.patch.object(quantify, "P"):  # the figures' colours
        tide = tidecv.TIDE()
    tide.evaluate(truth,
                  tidecv.datasets.COCOResult(folder / "dt.json", name="dt"),
                  mode=tidecv.TIDE.BOX)
    return tide


def theirs(folder, most=100):
    """Counts and gains as fractions; what tidecv has is percent. None where
    there is neither a truth nor a detection, and so no AP."""
    mean = quantify.ClassedAPDataObject.get_mAP

    def mean_or_all(points):
        """tidecv divides by no classes where mending leaves nothing."""
        return 100 if all(x.is_empty() for x in points.objs.values()) else mean(
            points)

    try:
        tide = evaluated(folder, most)
    except ZeroDivisionError:
        return None
    run = tide.runs["dt"]
    counts = {kind.short_name: n for kind, n in run.count_errors().items()}
    with mock.patch.object(quantify.ClassedAPDataObject, "get_mAP",
                           mean_or_all):
        main, special = tide.get_main_errors()["dt"], tide.get_special_errors()
    return dict(
        AP50=run.ap / 100,
        kinds={mine: dict(count=counts[name], dAP=main[name] / 100)
               for mine, name in KINDS.items()},
        **{mine: special["dt"][name] / 100 for mine, name in SPECIAL.items()})


def write(folder, truths, rows, images=(1, 2), classes=(1, 2, 3)):
    """`truths` are (image, class, box, crowd), `rows` (image, class, box,
    score)."""
    outline = lambda x, y, w, h: [[x, y, x + w, y, x + w, y + h, x, y + h]]
    truth = dict(
        images=[dict(id=i, file_name=f"{i}.jpg", width=640, height=480)
                for i in images],
        categories=[dict(id=c, name=f"c{c}") for c in classes],
        annotations=[dict(id=n + 1, image_id=i, category_id=c, bbox=list(box),
                          area=box[2] * box[3], iscrowd=int(crowd),
                          segmentation=outline(*box))
                     for n, (i, c, box, crowd) in enumerate(truths)])
    (folder / "gt.json").write_text(json.dumps(truth))
    (folder / "dt.json").write_text(json.dumps(
        [dict(image_id=i, category_id=c, bbox=list(box), score=score)
         for i, c, box, score in rows]))


def compare(folder):
    return require_near(ours(folder), theirs(folder))


def require_near(got, want):
    if want is None:
        assert not any([got["AP50"], *(got[name] for name in SPECIAL),
                        *(kind["dAP"] for kind in got["kinds"].values())])
        return None
    assert got["AP50"] == pytest.approx(want["AP50"], **NEAR)
    for kind in KINDS:
        assert got["kinds"][kind]["count"] == want["kinds"][kind]["count"], kind
        assert got["kinds"][kind]["dAP"] == pytest.approx(
            want["kinds"][kind]["dAP"], **NEAR), kind
    for name in SPECIAL:
        assert got[name] == pytest.approx(want[name], **NEAR), name
    return want


BOX, FAR, HALF = (10, 10, 20, 20), (200, 200, 30, 30), (10, 10, 20, 10)
THIRD, TENTH = (10, 10, 20, 6), (10, 10, 20, 2)
ALL = (0, 0, 100, 100)
TRAPS = {
    "nothing found": ([(1, 1, BOX, 0), (2, 2, FAR, 0)], []),
    "nothing there": ([], [(1, 1, BOX, 0.9), (2, 2, FAR, 0.8)]),
    "all right": ([(1, 1, BOX, 0), (2, 2, FAR, 0)],
                  [(1, 1, BOX, 0.9), (2, 2, FAR, 0.8)]),
    "overlap 0.5": ([(1, 1, BOX, 0)], [(1, 1, HALF, 0.9)]),
    "0.5 again": ([(1, 1, BOX, 0)], [(1, 1, BOX, 0.9), (1, 1, HALF, 0.8)]),
    "0.5, another class": ([(1, 1, BOX, 0)], [(1, 2, HALF, 0.9)]),
    "overlap 0.1": ([(1, 1, BOX, 0)], [(1, 1, TENTH, 0.9)]),
    "0.1, another class": ([(1, 1, BOX, 0)], [(1, 2, TENTH, 0.9)]),
    "place": ([(1, 1, BOX, 0)], [(1, 1, THIRD, 0.9)]),
    "place and right": ([(1, 1, BOX, 0)], [(1, 1, THIRD, 0.9),
                                           (1, 1, BOX, 0.8)]),
    "both": ([(1, 1, BOX, 0)], [(1, 2, THIRD, 0.9)]),
    "duplicates": ([(1, 1, BOX, 0)], [(1, 1, BOX, 0.9 - n / 10)
                                      for n in range(5)]),
    "equal duplicates": ([(1, 1, BOX, 0)], [(1, 1, BOX, 0.5)] * 4),
    "class of a found one": ([(1, 1, BOX, 0)], [(1, 1, BOX, 0.8),
                                                (1, 2, BOX, 0.9)]),
    "place and class for one": ([(1, 1, BOX, 0), (1, 2, FAR, 0)],
                                [(1, 2, BOX, 0.9), (1, 1, THIRD, 0.8)]),
    "class and place for one": ([(1, 1, BOX, 0), (1, 2, FAR, 0)],
                                [(1, 1, THIRD, 0.9), (1, 2, BOX, 0.8)]),
    "equal heirs": ([(1, 1, BOX, 0), (1, 2, FAR, 0)],
                    [(1, 2, BOX, 0.5), (1, 3, BOX, 0.5), (1, 1, THIRD, 0.5)]),
    "two classes at one place": ([(1, 1, BOX, 0), (1, 2, BOX, 0)],
                                 [(1, 3, BOX, 0.9), (1, 2, BOX, 0.4)]),
    "equal overlaps": ([(1, 1, (0, 0, 10, 10), 0), (1, 1, (2, 0, 10, 10), 0)],
                       [(1, 1, (1, 0, 10, 10), 0.9),
                        (1, 1, (0, 0, 10, 10), 0.8)]),
    "in a crowd": ([(1, 1, ALL, 1), (1, 1, FAR, 0)],
                   [(1, 1, BOX, 0.9), (1, 1, FAR, 0.8), (1, 2, BOX, 0.7)]),
    "half in a crowd": ([(1, 1, ALL, 1), (1, 1, FAR, 0)],
                        [(1, 1, (90, 0, 20, 20), 0.9), (1, 1, FAR, 0.1)]),
    "only a crowd": ([(1, 1, ALL, 1)], [(1, 1, BOX, 0.9), (1, 2, BOX, 0.8)]),
    "ignored, yet near": ([(1, 1, ALL, 1), (1, 1, BOX, 0)],
                          [(1, 1, THIRD, 0.9), (2, 1, FAR, 0.5)]),
    "ignored, of another's place": ([(1, 2, ALL, 1), (1, 1, BOX, 0),
                                     (2, 2, FAR, 0)], [(1, 2, BOX, 0.9)]),
    "missed, and false alarms of it": ([(1, 1, BOX, 0), (2, 2, FAR, 0)],
                                       [(2, 1, BOX, 0.9), (2, 2, FAR, 0.8)]),
    "a class without truths": ([(1, 1, BOX, 0)], [(1, 1, BOX, 0.9),
                                                  (1, 3, FAR, 0.8)]),
    "ties across images": ([(1, 1, BOX, 0), (2, 1, BOX, 0)],
                           [(2, 1, FAR, 0.5), (1, 1, BOX, 0.5),
                            (2, 1, BOX, 0.5), (1, 1, FAR, 0.5)]),
    "boxes without extent": ([(1, 1, (5, 5, 0, 9), 0), (1, 1, BOX, 0)],
                             [(1, 1, (5, 5, 0, 9), 0.9), (1, 1, BOX, 0.5)]),
    "negative box": ([(1, 1, BOX, 0)], [(1, 1, (50, 50, -9, 9), 0.9),
                                        (1, 1, (50, 50, -9, -9), 0.8)]),
    "zeros of both signs": ([(1, 1, BOX, 0), (2, 1, BOX, 0)],
                            [(1, 1, FAR, 0.0), (1, 1, BOX, -0.0),
                             (2, 1, BOX, 0.0)]),
    "scores below 0": ([(1, 1, BOX, 0), (2, 1, BOX, 0)],
                       [(1, 2, BOX, -0.5), (2, 1, BOX, -7)]),
    "more than 100": ([(1, 1, BOX, 0), (1, 2, FAR, 0)],
                      [(1, 1 + n % 2, FAR, 0.9) for n in range(150)]
                      + [(1, 1, BOX, 0.5), (1, 1, BOX, 0.95)]),
}


@pytest.mark.parametrize("trap", TRAPS)
def test_traps(tmp_path, trap):
    write(tmp_path, *TRAPS[trap])
    compare(tmp_path)


def made_case(seed):
    """Scenes in which every kind of error is common. Coordinates lie on a
    coarse grid in half of them: equal overlaps and ones on the thresholds."""
    rng = random.Random(seed)
    images = sorted(rng.sample(range(1, 500), rng.randrange(1, 10)))
    classes = sorted(rng.sample(range(1, 90), rng.randrange(1, 6)))
    grid, ties, crowded = (rng.random() < p for p in (0.5, 0.5, 0.15))

    def box():
        if grid:
            return [4 * rng.randrange(8), 4 * rng.randrange(8),
                    *rng.choices([4, 8, 8, 12, 32], k=2)]
        return [rng.uniform(0, 80), rng.uniform(0, 80),
                rng.uniform(3, 40), rng.uniform(3, 40)]

    truths = [(rng.choice(images), rng.choice(classes), box(),
               rng.random() < 0.1) for _ in range(rng.randrange(60))]
    rows = []
    for _ in range(rng.choice([0, 700] if crowded else [5, 60, 150])):
        image, kind, where = rng.choice(images), rng.choice(classes), box()
        if truths and rng.random() < 0.8:
            image, near, place, _ = rng.choice(truths)
            kind = near if rng.random() < 0.7 else kind
            far = rng.choice([0, 0, 1, 1, 4])
            shift = ((lambda: far * rng.choice([-2, -1, 0, 1, 2])) if grid else
                     (lambda: far * rng.gauss(0, 2)))
            where = [v + shift() for v in place]
        if crowded and rng.random() < 0.5:
            image = images[0]
        score = rng.choice([round(rng.random(), 1), 0, 1] if ties
                           else [rng.random()])
        rows.append((image, kind, where, score))
    return truths, rows, images, classes


@pytest.mark.parametrize("seed", range(150))
def test_made_cases(tmp_path, seed):
    write(tmp_path, *made_case(seed))
    compare(tmp_path)


@pytest.mark.parametrize("seed", range(30))
def test_class_agnostic(tmp_path, seed):
    """What tidecv has where each box is of one class."""
    truths, rows, images, classes = made_case(seed)
    write(tmp_path, truths, rows, images, classes)
    got = ours(tmp_path, "--class-agnostic")
    one = [[(i, 1, *rest) for i, _, *rest in some] for some in (truths, rows)]
    write(tmp_path, *one, images, [1])
    require_near(got, theirs(tmp_path))


@pytest.mark.parametrize("seed", range(20))
def test_other_numbers_of_detections(tmp_path, seed):
    write(tmp_path, *made_case(seed))
    for most in 7, 500:
        require_near(ours(tmp_path, "--max-dets", f"{most},1"),
                     theirs(tmp_path, most))


def test_made_cases_have_all_kinds(tmp_path):
    """Agreement on kinds that never come would prove nothing."""
    counts, gains = Counter(), Counter()
    for seed in range(30):
        write(tmp_path, *made_case(seed))
        want = theirs(tmp_path)
        if want is None:
            continue
        for kind, found in want["kinds"].items():
            counts[kind] += found["count"]
            gains[kind] += found["dAP"] > 0
        for name in SPECIAL:
            gains[name] += want[name] > 0
    assert min(counts[kind] for kind in KINDS) > 50, counts
    assert min(gains[name] for name in [*KINDS, *SPECIAL]) > 5, gains


def test_scores_from_minus_one(tmp_path):
    """tidecv starts its search for the best score at -1 and fails here."""
    write(tmp_path, [(1, 1, BOX, 0), (2, 2, BOX, 0)], [(1, 2, BOX, -1.5)])
    with pytest.raises(KeyError, match="best_id"):
        evaluated(tmp_path)
    low = ours(tmp_path)
    write(tmp_path, [(1, 1, BOX, 0), (2, 2, BOX, 0)], [(1, 2, BOX, 0.5)])
    assert low == ours(tmp_path)
    assert low["kinds"]["class"]["dAP"] > 0
    compare(tmp_path)


def test_nothing_left(tmp_path):
    """All truths missed and nothing else: tidecv divides by no classes. Its
    oracle takes what was missed from the number of truths; no error is left
    then, and AP is 1, as it is where another class was found."""
    write(tmp_path, [(1, 1, BOX, 0)], [])
    with pytest.raises(ZeroDivisionError):
        evaluated(tmp_path).get_main_errors()
    got = ours(tmp_path)
    assert got["AP50"] == 0 and got["kinds"]["missed"] == dict(count=1, dAP=1)
    assert got["miss_dAP"] == 1
    write(tmp_path, [(1, 1, BOX, 0), (1, 2, FAR, 0)], [(1, 2, FAR, 0.9)])
    half = compare(tmp_path)
    assert half["AP50"] == half["kinds"]["missed"]["dAP"] == 0.5


def test_neither_truths_nor_detections(tmp_path):
    write(tmp_path, [(1, 1, BOX, 1)], [(1, 1, BOX, 0.5)])
    assert compare(tmp_path) is None
    write(tmp_path, [], [])
    assert compare(tmp_path) is None


def test_order_of_images(tmp_path):
    """Equal scores of two images: by id here, as in pycocotools; in the order
    of the file there."""
    truths, rows = [(1, 1, BOX, 0)], [(2, 1, FAR, 0.5), (1, 1, BOX, 0.5)]
    write(tmp_path, truths, rows, images=(2, 1))
    assert theirs(tmp_path)["AP50"] == pytest.approx(0.5)
    assert ours(tmp_path)["AP50"] == pytest.approx(1)
    write(tmp_path, truths, rows)
    assert compare(tmp_path)["AP50"] == pytest.approx(1)


def test_detections_of_a_class_that_the_truth_lacks(tmp_path):
    """Left out here, with a warning, as in pycocotools; a class of AP 0
    there."""
    truths, rows = [(1, 1, BOX, 0)], [(1, 1, BOX, 0.9), (1, 9, FAR, 0.8)]
    write(tmp_path, truths, rows)
    assert theirs(tmp_path)["AP50"] == pytest.approx(0.5)
    got = ours(tmp_path)
    write(tmp_path, truths, rows[:1])
    assert got == ours(tmp_path)
    compare(tmp_path)


def test_detections_of_an_image_that_the_truth_lacks(tmp_path):
    """An error here; left out there."""
    write(tmp_path, [(1, 1, BOX, 0)], [(1, 1, BOX, 0.9), (7, 1, FAR, 0.95)])
    assert theirs(tmp_path)["AP50"] == pytest.approx(1)
    run = subprocess.run([EYECHART, "coco-eval", tmp_path / "gt.json",
                          tmp_path / "dt.json", "--errors", "--json"],
                         capture_output=True, text=True)
    assert run.returncode == 2 and "image_id 7" in run.stderr
