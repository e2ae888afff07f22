"""Training-time augmentation, to the bit, against Pillow.

torchvision and timm are not installed: their formulas are written down here
anew, and Pillow does the work under both.
"""

import itertools
import json
import math
import os
import pathlib
import subprocess

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageFilter, ImageOps
from scipy import stats

PROBE = pathlib.Path(os.environ.get("EYECHART_PROBES", ".")) / "augment_probe"
SEED = 20261127
SIZES = [(1, 1), (2, 1), (1, 7), (3, 3), (2, 40), (17, 20), (48, 33), (97, 61)]
BILINEAR, BICUBIC = 2, 3
FILL = (128, 3, 250)


def pictures():
    """Noise, few values, a ramp of every colour in turn, narrow histograms."""
    rng = np.random.default_rng(SEED)
    made = []
    for width, height in SIZES:
        noise = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
        y, x = np.mgrid[0:height, 0:width]
        smooth = np.stack([127 + 120 * np.sin(x / 5 + c) * np.cos(y / 9 - c)
                           for c in range(3)], -1).astype(np.uint8)
        made += [noise, smooth, np.where(noise > 127, 255, 0).astype(np.uint8),
                 (noise // 16 + 90).astype(np.uint8),
                 np.full_like(noise, rng.integers(0, 256))]
    # Many of one value: equalisation then runs out of range.
    skewed = rng.integers(0, 256, (24, 20, 3), dtype=np.uint8)
    skewed[rng.random((24, 20)) < 0.4] = (0, 255, 7)
    made.append(skewed)
    levels = np.arange(0, 256, 15, dtype=np.uint8)
    made.append(np.stack(np.meshgrid(levels, levels, levels), -1)
                .reshape(-1, 18, 3).astype(np.uint8))
    return made


def packed(array):
    return {"width": array.shape[1], "height": array.shape[0],
            "pixels": array.tobytes().hex()}


def unpacked(result):
    data = np.frombuffer(bytes.fromhex(result["pixels"]), np.uint8)
    return data.reshape(result["height"], result["width"], 3)


def probe(cases, arrays=()):
    jobs = {"pictures": [packed(a) for a in arrays], "cases": cases}
    run = subprocess.run([PROBE], input=json.dumps(jobs), capture_output=True,
                         text=True, check=False)
    assert run.returncode == 0, run.stderr
    results = json.loads(run.stdout)
    assert len(results) == len(cases)
    return results


def compare(cases, expected, arrays):
    """Each case's picture with what Pillow makes of it."""
    wrong = []
    for case, ours, theirs in zip(cases, probe(cases, arrays), expected):
        ours, theirs = unpacked(ours), np.asarray(theirs)
        if ours.shape != theirs.shape:
            wrong.append(f"{case}: {ours.shape} for {theirs.shape}")
        elif not np.array_equal(ours, theirs):
            off = np.abs(ours.astype(int) - theirs)
            wrong.append(f"{case} of {arrays[case[1]].shape}: "
                         f"{np.count_nonzero(off)} differ, most {off.max()}")
    print(f"{len(cases)} pictures compared")
    assert not wrong, f"{len(wrong)} of {len(cases)} wrong:\n" + \
        "\n".join(wrong[:40])


def add_below_middle(image, addend):
    return image.point([min(255, v + addend) if v < 128 else v
                        for v in range(256)] * 3)


def posterize(image, bits):
    """Pillow of today refuses 0 bits; what that is, is no question."""
    return ImageOps.posterize(image, bits) if bits else \
        Image.new("RGB", image.size)


def turn_hue(image, turn):
    hsv = np.array(image.convert("HSV"))
    hsv[..., 0] = (hsv[..., 0].astype(int) + int(turn * 255)) % 256
    return Image.frombytes("HSV", image.size, hsv.tobytes()).convert("RGB")


ALONE = {
    "flip": lambda i: i.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    "autocontrast": ImageOps.autocontrast,
    "equalize": ImageOps.equalize,
    "invert": ImageOps.invert,
}
WHOLE = {
    "posterize": (posterize, range(9)),
    "solarize": (ImageOps.solarize, (0, 1, 26, 127, 128, 255, 256)),
    "solarize_add": (add_below_middle, (0, 1, 99, 110, 128, 255)),
}
REAL = {
    "brightness": lambda i, a: ImageEnhance.Brightness(i).enhance(a),
    "contrast": lambda i, a: ImageEnhance.Contrast(i).enhance(a),
    "saturation": lambda i, a: ImageEnhance.Color(i).enhance(a),
    "sharpness": lambda i, a: ImageEnhance.Sharpness(i).enhance(a),
}


def test_point_operations():
    arrays = pictures()
    cases, expected = [], []
    for i, array in enumerate(arrays):
        image = Image.fromarray(array)
        for name, operation in ALONE.items():
            cases.append([name, i])
            expected.append(operation(image))
        for name, (operation, arguments) in WHOLE.items():
            for argument in arguments:
                cases.append([name, i, argument])
                expected.append(operation(image, argument))
    compare(cases, expected, arrays)


def test_enhancements():
    rng = np.random.default_rng(SEED + 1)
    arrays = pictures()
    cases, expected = [], []
    for i, array in enumerate(arrays):
        image = Image.fromarray(array)
        for name, operation in REAL.items():
            for amount in [0, 0.1, 0.7, 1, 1.3, 1.9, 3, -0.5,
                           *rng.uniform(0, 2, 6)]:
                cases.append([name, i, float(amount)])
                expected.append(operation(image, float(amount)))
    compare(cases, expected, arrays)


def test_hue():
    """A grid of colours, and more of them at random."""
    rng = np.random.default_rng(SEED + 2)
    arrays = [*pictures(), rng.integers(0, 256, (300, 200, 3), dtype=np.uint8)]
    cases, expected = [], []
    for i, array in enumerate(arrays):
        for turn in [0, 0.5, -0.5, 0.004, -0.0039, *rng.uniform(-0.5, 0.5, 3)]:
            cases.append(["hue", i, float(turn)])
            expected.append(turn_hue(Image.fromarray(array), float(turn)))
    compare(cases, expected, arrays)


def mapped(image, matrix, resample, fill):
    return image.transform(image.size, Image.Transform.AFFINE, matrix,
                           resample=resample, fillcolor=fill)


WARPED = {
    "rotate": (lambda i, a, r, f: i.rotate(a, resample=r, fillcolor=f), 30),
    "shear_x": (lambda i, a, r, f: mapped(i, (1, a, 0, 0, 1, 0), r, f), 0.3),
    "shear_y": (lambda i, a, r, f: mapped(i, (1, 0, 0, a, 1, 0), r, f), 0.3),
    "translate_x": (lambda i, a, r, f:
                    mapped(i, (1, 0, a * i.width, 0, 1, 0), r, f), 0.45),
    "translate_y": (lambda i, a, r, f:
                    mapped(i, (1, 0, 0, 0, 1, a * i.height), r, f), 0.45),
}


def test_geometry():
    rng = np.random.default_rng(SEED + 3)
    arrays = pictures()
    cases, expected = [], []
    for i, array in enumerate(arrays):
        image = Image.fromarray(array)
        for (name, (operation, most)), resample in itertools.product(
                WARPED.items(), (BILINEAR, BICUBIC)):
            for amount in [0, most, -most, 1e-18, -1e-18,
                           *rng.uniform(-most, most, 4)]:
                cases.append([name, i, float(amount), resample, FILL])
                expected.append(operation(image, float(amount), resample, FILL))
        for amount in (-89.9, 89.9, 45):
            cases.append(["rotate", i, amount, BICUBIC, FILL])
            expected.append(image.rotate(amount, BICUBIC, fillcolor=FILL))
    compare(cases, expected, arrays)


def test_affine_maps():
    rng = np.random.default_rng(SEED + 4)
    arrays = pictures()
    cases, expected = [], []
    for i, array in enumerate(arrays):
        for resample in (BILINEAR, BICUBIC):
            matrices = [rng.normal(0, 1, 6) for _ in range(4)]
            # Points on borders and on samples.
            matrices += [(1, 0, -0.5, 0, 1, 0.5), (0.5, 0, 0, 0, 0.5, 0),
                         (-1, 0, array.shape[1], 0, -1, array.shape[0]),
                         (1, 0, 1e9, 0, 1, 0)]
            for matrix in matrices:
                matrix = [float(v) for v in matrix]
                cases.append(["affine", i, matrix, resample, FILL])
                expected.append(mapped(Image.fromarray(array), matrix, resample,
                                       FILL))
    compare(cases, expected, arrays)


# timm's operations at a level of 0 to 10: how strong, and what then.
def from_one(enhancer):
    return lambda image, level, sign, *_: enhancer(image).enhance(
        max(0.1, 1 + sign * (level / 10 * 0.9)))


def up_from_little(enhancer):
    return lambda image, level, *_: enhancer(image).enhance(
        level / 10 * 1.8 + 0.1)


def warped(name, most):
    return lambda image, level, sign, resample, fill: WARPED[name][0](
        image, sign * (level / 10 * most), resample, fill)


OPS = {
    "AutoContrast": lambda i, *_: ImageOps.autocontrast(i),
    "Equalize": lambda i, *_: ImageOps.equalize(i),
    "Invert": lambda i, *_: ImageOps.invert(i),
    "Rotate": warped("rotate", 30),
    "Posterize": lambda i, level, *_: posterize(i, int(level / 10 * 4)),
    "PosterizeIncreasing":
        lambda i, level, *_: posterize(i, 4 - int(level / 10 * 4)),
    "Solarize": lambda i, level, *_: ImageOps.solarize(i, int(level / 10 * 256)),
    "SolarizeIncreasing":
        lambda i, level, *_: ImageOps.solarize(i, 256 - int(level / 10 * 256)),
    "SolarizeAdd": lambda i, level, *_: add_below_middle(i, int(level / 10 * 110)),
    "Color": up_from_little(ImageEnhance.Color),
    "ColorIncreasing": from_one(ImageEnhance.Color),
    "Contrast": up_from_little(ImageEnhance.Contrast),
    "ContrastIncreasing": from_one(ImageEnhance.Contrast),
    "Brightness": up_from_little(ImageEnhance.Brightness),
    "BrightnessIncreasing": from_one(ImageEnhance.Brightness),
    "Sharpness": up_from_little(ImageEnhance.Sharpness),
    "SharpnessIncreasing": from_one(ImageEnhance.Sharpness),
    "ShearX": warped("shear_x", 0.3),
    "ShearY": warped("shear_y", 0.3),
    "TranslateXRel": warped("translate_x", 0.45),
    "TranslateYRel": warped("translate_y", 0.45),
}


def test_operations_at_their_levels():
    rng = np.random.default_rng(SEED + 5)
    arrays = pictures()[-12:]
    cases, expected = [], []
    for (i, array), (name, operation) in itertools.product(
            enumerate(arrays), OPS.items()):
        for level in [0, 2.5, 5, 7.5, 9, 10, *rng.uniform(0, 10, 4)]:
            sign = int(rng.choice([-1, 1]))
            resample = int(rng.choice([BILINEAR, BICUBIC]))
            cases.append(["op", i, name, float(level), sign, resample, FILL])
            expected.append(operation(Image.fromarray(array), float(level), sign,
                                      resample, FILL))
    compare(cases, expected, arrays)


def boxes(width, height, options, count, stream=0):
    cases = [["crop", width, height, options, SEED + seed, stream]
             for seed in range(count)]
    found = np.array(probe(cases))
    assert np.array_equal(found, np.rint(found))
    left, top, right, bottom = found.T
    assert (left >= 0).all() and (top >= 0).all()
    assert (right <= width).all() and (bottom <= height).all()
    assert (right > left).all() and (bottom > top).all()
    return left, top, right - left, bottom - top


def test_crops_lie_in_their_ranges():
    """A side is rounded to a pixel; no more than that is allowed for."""
    for (width, height), (low, high), (flat, wide) in (
            ((640, 427), (0.08, 1), (3 / 4, 4 / 3)),
            ((301, 299), (0.2, 0.5), (0.5, 0.6)),
            ((500, 500), (0.9, 0.9), (1, 1))):
        options = {"scale_min": low, "scale_max": high, "ratio_min": flat,
                   "ratio_max": wide}
        _, _, w, h = boxes(width, height, options, 3000)
        area = width * height
        assert ((w + 0.5) * (h + 0.5) >= low * area).all()
        assert ((w - 0.5) * (h - 0.5) <= high * area).all()
        assert ((w + 0.5) / (h - 0.5) >= flat).all()
        assert ((w - 0.5) / (h + 0.5) <= wide).all()


def test_crops_follow_the_distribution():
    """With room enough that no try fails: the area even in its range, the
    ratio's logarithm too, and the place even in what is left."""
    options = {"scale_min": 0.08, "scale_max": 0.5}
    left, top, w, h = boxes(4001, 3999, options, 4000)
    area = w * h / (4001 * 3999)
    ratio = np.log(w / h)
    most = math.log(4 / 3)
    for sample, low, width in ((area, 0.08, 0.42), (ratio, -most, 2 * most),
                               (left / (4001 - w), 0, 1),
                               (top / (3999 - h), 0, 1)):
        assert stats.kstest(sample, "uniform", (low, width)).pvalue > 1e-3
    # Nothing of one tells of another.
    drawn = np.stack([area, ratio, left / (4001 - w), top / (3999 - h)])
    off = np.corrcoef(drawn) - np.eye(4)
    assert np.abs(off).max() < 4 / math.sqrt(4000)


def test_crops_are_tried_ten_times():
    """The share of central crops, where one try in so many fails."""
    width, height = 1000, 400
    rng = np.random.default_rng(SEED + 6)
    target = width * height * rng.uniform(0.9, 1, 10**6)
    ratio = np.exp(rng.uniform(math.log(2), math.log(3), 10**6))
    failed = ((np.rint(np.sqrt(target * ratio)) > width) |
              (np.rint(np.sqrt(target / ratio)) > height)).mean()
    options = {"scale_min": 0.9, "scale_max": 1, "ratio_min": 2, "ratio_max": 3}
    left, top, w, h = boxes(width, height, options, 8000)
    # Of the whole picture: its ratio is in the range.
    whole = ((w == width) & (h == height)).sum()
    expected = failed ** 10
    assert 0.02 < expected < 0.98, expected
    test = stats.binomtest(int(whole), 8000, expected)
    assert test.pvalue > 1e-3, (whole / 8000, expected)


def central(width, height, flat, wide):
    """torchvision's way out: the longer side cut until the ratio is allowed."""
    if width / height < flat:
        w, h = width, round(width / flat)
    elif width / height > wide:
        w, h = round(height * wide), height
    else:
        w, h = width, height
    return (width - w) // 2, (height - h) // 2, w, h


def test_central_crops():
    """Pictures so long that the least area is too much for any ratio."""
    shapes = [(1000, 10), (10, 1000), (999, 7), (7, 998), (2001, 1), (1, 2000),
              (501, 6), (6, 503)]
    for width, height in shapes:
        left, top, w, h = boxes(width, height, {"scale_min": 0.5}, 30)
        found = {tuple(map(int, box)) for box in zip(left, top, w, h)}
        assert found == {central(width, height, 3 / 4, 4 / 3)}, (width, height)
    # The area of the whole picture at ratios that are not its own.
    options = {"scale_min": 1, "scale_max": 1, "ratio_min": 0.5,
               "ratio_max": 0.9}
    left, top, w, h = boxes(300, 300, options, 30)
    found = {tuple(map(int, box)) for box in zip(left, top, w, h)}
    assert found == {central(300, 300, 0.5, 0.9)}


JITTERS = [REAL["brightness"], REAL["contrast"], REAL["saturation"], turn_hue]
FACTORS = {"ColorIncreasing": ImageEnhance.Color,
           "ContrastIncreasing": ImageEnhance.Contrast,
           "BrightnessIncreasing": ImageEnhance.Brightness,
           "SharpnessIncreasing": ImageEnhance.Sharpness}
ARGUMENTS = {"Rotate": "rotate", "ShearX": "shear_x", "ShearY": "shear_y",
             "TranslateXRel": "translate_x", "TranslateYRel": "translate_y"}


def with_argument(image, name, argument, resample, fill):
    """An operation of inc1 at its argument."""
    if name in FACTORS:
        return FACTORS[name](image).enhance(argument)
    if name in ARGUMENTS:
        return WARPED[ARGUMENTS[name]][0](image, argument, resample, fill)
    if name == "PosterizeIncreasing":
        return posterize(image, int(argument))
    if name == "SolarizeIncreasing":
        return ImageOps.solarize(image, int(argument))
    if name == "SolarizeAdd":
        return add_below_middle(image, int(argument))
    return OPS[name](image)


def by_pillow(array, plan, size, resample, fill):
    left, top, right, bottom = map(int, plan["crop"])
    image = Image.fromarray(array).crop((left, top, right, bottom))
    image = image.resize(size, resample)
    if plan["flip"]:
        image = ImageOps.mirror(image)
    for kind, amount in plan["jitter"]:
        image = JITTERS[kind](image, amount)
    for name, argument, filter_ in plan["rand_augment"]:
        image = with_argument(image, name, argument, filter_, tuple(fill))
    return np.asarray(image)


MEAN, STDDEV = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]


def augment(options, arrays, count):
    cases = [["augment", i, options, MEAN, STDDEV, SEED + n, i]
             for i in range(len(arrays)) for n in range(count)]
    return cases, probe(cases, arrays)


@pytest.mark.parametrize("options", [
    {"recipe": "dino", "height": 40, "width": 40},
    {"recipe": "aim", "height": 37, "width": 41},
    {"height": 30, "width": 50, "hue": 0.3, "brightness": 2, "flip": 1,
     "rand_augment": "rand-m10-mstd3-inc1-n4-p1", "filter": BILINEAR},
], ids=["dino", "aim", "all"])
def test_whole_augmentation(options):
    """Every drawn plan done again by Pillow, and the values by NumPy."""
    rng = np.random.default_rng(SEED + 7)
    arrays = [rng.integers(0, 256, (h, w, 3), dtype=np.uint8)
              for w, h in ((1, 1), (5, 90), (97, 61), (64, 64), (200, 150))]
    cases, results = augment(options, arrays, 40)
    wrong, ops = [], set()
    for case, ours in zip(cases, results):
        assert ours["fill"] == [round(255 * v) for v in MEAN]
        size = (options["width"], options["height"])
        theirs = by_pillow(arrays[case[1]], ours["plan"], size,
                           options.get("filter", BICUBIC), ours["fill"])
        ops.update(name for name, *_ in ours["plan"]["rand_augment"])
        values = np.frombuffer(bytes.fromhex(ours["values"]), np.float32)
        rescaled = (theirs * (1 / 255)).astype(np.float32)
        normal = (rescaled - np.float32(MEAN)) / np.float32(STDDEV)
        if not np.array_equal(unpacked(ours["picture"]), theirs) or \
                not np.array_equal(values.reshape(3, *size[::-1]),
                                   normal.transpose(2, 0, 1)):
            wrong.append(f"{case}: {ours['plan']}")
    assert not wrong, f"{len(wrong)} of {len(cases)}:\n" + "\n".join(wrong[:10])
    assert len(ops) == (0 if options.get("recipe") == "dino" else 15), ops


def test_rand_augment_draws_as_timm_does():
    """Two layers, each applied half the time; 15 operations alike; levels
    normal about 9 with half a level of noise, cut at 10."""
    arrays = [np.zeros((2, 2, 3), np.uint8)]
    options = {"recipe": "aim", "height": 1, "width": 1}
    _, results = augment(options, arrays, 6000)
    plans = [r["plan"]["rand_augment"] for r in results]
    counts = np.bincount([len(p) for p in plans], minlength=3)
    assert stats.chisquare(counts, [1500, 3000, 1500]).pvalue > 1e-3
    steps = list(itertools.chain(*plans))
    names = sorted({name for name, *_ in steps})
    assert len(names) == 15
    by_name = [sum(name == n for n, *_ in steps) for name in names]
    assert stats.chisquare(by_name).pvalue > 1e-3
    assert {filter_ for *_, filter_ in steps} == {BICUBIC}
    degrees = np.array([a for name, a, _ in steps if name == "Rotate"])
    levels = np.abs(degrees) / 3
    assert levels.max() == 10
    below = levels[levels < 10]
    assert stats.kstest(below, stats.truncnorm(-18, 2, 9, 0.5).cdf).pvalue > 1e-3
    cut = stats.binomtest(int((levels == 10).sum()), len(levels),
                          stats.norm.sf(2))
    assert cut.pvalue > 1e-3
    signs = stats.binomtest(int((degrees > 0).sum()), len(degrees))
    assert signs.pvalue > 1e-3


def test_jitter_draws_as_torchvision_does():
    arrays = [np.zeros((2, 2, 3), np.uint8)]
    options = {"height": 1, "width": 1, "brightness": 0.3, "contrast": 1.5,
               "saturation": 0.8, "hue": 0.1}
    _, results = augment(options, arrays, 4800)
    jitters = [r["plan"]["jitter"] for r in results]
    orders = [tuple(kind for kind, _ in j) for j in jitters]
    found = [orders.count(o) for o in itertools.permutations(range(4))]
    assert sum(found) == 4800
    assert stats.chisquare(found).pvalue > 1e-3
    for kind, (low, high) in enumerate(
            ((0.7, 1.3), (0, 2.5), (0.2, 1.8), (-0.1, 0.1))):
        amounts = [a for j in jitters for k, a in j if k == kind]
        assert stats.kstest(amounts, "uniform",
                            (low, high - low)).pvalue > 1e-3
    flips = sum(r["plan"]["flip"] for r in results)
    assert stats.binomtest(flips, 4800).pvalue > 1e-3
