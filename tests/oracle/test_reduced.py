"""JPEG at a reduced size (`--decode fast`), to the bit, against Pillow's draft,
with the gap of two between decoded and resized that Image.thumbnail keeps."""

import io
import itertools
import json

import numpy as np
import pytest
from PIL import Image
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

import data_probe

SEED = 20261123
SIZES = [(640, 427), (427, 640), (513, 511), (97, 89), (2000, 64), (17, 13)]


def smooth(rng, mode, size):
    """A picture with the spectrum of photographs: waves, faint where fine."""
    width, height = size
    y, x = np.mgrid[0:height, 0:width]
    planes = []
    for _ in range({"L": 1, "RGB": 3, "CMYK": 4}[mode]):
        plane = np.full((height, width), 127.0)
        for _ in range(12):
            length = rng.uniform(3, 200)
            angle = rng.uniform(0, np.pi)
            plane += 0.25 * length * np.sin(
                (x * np.cos(angle) + y * np.sin(angle)) * 2 * np.pi / length)
        planes.append(plane)
    data = np.stack(planes, -1).clip(0, 255).astype(np.uint8)
    return Image.frombytes(mode, size, data.tobytes())


def jpegs():
    """(name, bytes) in every mode and subsampling, plain and turned."""
    rng = np.random.default_rng(SEED)

    def save(name, image, **options):
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", **options)
        return name, buffer.getvalue()

    for size, mode in itertools.product(SIZES, ("L", "RGB", "CMYK")):
        image = smooth(rng, mode, size)
        for progressive in (False, True):
            yield save(f"{mode}-{size}-{progressive}", image,
                       progressive=progressive)
        if mode != "RGB":
            continue
        for subsampling in (0, 1, 2):
            yield save(f"sub{subsampling}-{size}", image, quality=92,
                       subsampling=subsampling)
        for orientation in (1, 3, 6, 8):
            exif = Image.Exif()
            exif[274] = orientation
            yield save(f"exif{orientation}-{size}", image, exif=exif)


def drafted(data, target, orient):
    """Pillow's picture of at least twice `target`, and the box in it that stands
    for the whole: from the corner that was the first before it was turned."""
    image = Image.open(io.BytesIO(data))
    orientation = image.getexif().get(274, 1) if orient == "exif" else 1
    width, height = target[::-1] if orientation >= 5 else target
    _, (_, _, right, bottom) = image.draft(None, (2 * width, 2 * height))
    image = image.convert("RGB")
    across, down = image.size
    box = {1: (0, 0, right, bottom),
           3: (across - right, down - bottom, across, down),
           6: (down - bottom, 0, down, right),  # the first row is the last column
           8: (0, across - right, bottom, across)}[orientation]
    turn = {1: None, 3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_270,
            8: Image.Transpose.ROTATE_90}[orientation]
    return (image if turn is None else image.transpose(turn)), box


def test_equals_draft(tmp_path):
    jobs, expected = [], []
    for i, (name, data) in enumerate(jpegs()):
        path = tmp_path / f"{i}.jpg"
        path.write_bytes(data)
        width, height = Image.open(path).size
        targets = [(1, 1), (width, height), (112, 112), (width // 4, height // 4),
                   (width // 4 + 1, height // 4), (width // 8, height // 5),
                   (width // 16, height // 16), (width // 15, height // 15)]
        targets = [(max(1, w), max(1, h)) for w, h in targets]
        for target, orient in itertools.product(targets, ("none", "exif")):
            jobs.append(["reduced", *target, orient, path])
            expected.append((name, target, drafted(data, target, orient)[0]))
    wrong, reduced = [], 0
    for ours, (name, target, theirs) in zip(data_probe.run(jobs, tmp_path), expected):
        theirs = np.array(theirs)
        if ours.values is None or ours.values.shape != theirs.shape:
            wrong.append(f"{name} {target}: {ours.text}")
        elif not np.array_equal(ours.values, theirs):
            off = np.abs(ours.values.astype(int) - theirs)
            wrong.append(f"{name} {target}: {np.count_nonzero(off)} of {off.size} "
                         f"differ, at most {off.max()}")
        reduced += target[0] * 2 <= theirs.shape[1]
    print(f"{len(jobs)} decodes compared")
    assert reduced > len(jobs) // 4
    assert not wrong, f"{len(wrong)} wrong:\n" + "\n".join(wrong)


def psnr(a, b):
    error = float(np.mean((a.astype(np.float64) - b) ** 2))
    return np.inf if error == 0 else 10 * np.log10(255.0**2 / error)


EDGE = 56


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    """Pixels of 0 to 255, so that they can be told apart as such."""
    folder = tmp_path_factory.mktemp("config")
    (folder / "preprocessor_config.json").write_text(json.dumps(
        {"size": {"shortest_edge": EDGE}, "do_center_crop": False,
         "do_rescale": False, "do_normalize": False}))
    return folder


def both_ways(config, paths, folder, *flags):
    exact = data_probe.run([["preprocess", config, "clip", path, *flags]
                            for path in paths], folder)
    fast = data_probe.run([["preprocess", config, "clip", path, "fast", *flags]
                           for path in paths], folder)
    return exact, fast


def test_close_to_exact(tmp_path, config):
    """Another picture, of the same size, that is hardly another to look at."""
    paths = []
    for i, (_, data) in enumerate(jpegs()):
        paths.append(tmp_path / f"{i}.jpg")
        paths[-1].write_bytes(data)
    exact, fast = both_ways(config, paths, tmp_path, "exif")
    differ, worst = 0, np.inf
    for path, a, b in zip(paths, exact, fast):
        assert a.values.shape == b.values.shape
        assert min(b.values.shape[1:]) == EDGE
        differ += not np.array_equal(a.values, b.values)
        worst = min(worst, psnr(a.values, b.values))
    print(f"{differ} of {len(paths)} differ, worst PSNR {worst:.1f} dB")
    assert differ > len(paths) // 3
    assert worst > 40


def test_equals_draft_and_resize(tmp_path, config):
    """The whole of it, with every filter and both orientations."""
    jobs, expected = [], []
    settings = json.loads((config / "preprocessor_config.json").read_text())
    for which in range(6):
        folder = tmp_path / str(which)
        folder.mkdir()
        (folder / "preprocessor_config.json").write_text(
            json.dumps(dict(settings, resample=which)))
        for i, (name, data) in enumerate(jpegs()):
            path = tmp_path / f"{i}.jpg"
            path.write_bytes(data)
            for orient in ("none", "exif"):
                size = Image.open(path).size
                if orient == "exif" and ("exif6" in name or "exif8" in name):
                    size = size[::-1]
                target = tuple(int(EDGE * side / min(size)) for side in size)
                image, box = drafted(data, target, orient)
                jobs.append(["preprocess", folder, "clip", path, "fast", orient])
                expected.append((name, np.array(image.resize(target, which, box=box))))
    wrong = []
    for job, ours, (name, theirs) in zip(jobs, data_probe.run(jobs, tmp_path), expected):
        assert ours.values is not None, ours.text
        if not np.array_equal(ours.values, theirs.transpose(2, 0, 1)):
            wrong.append(f"{name}: {job}")
    print(f"{len(jobs)} compared")
    assert not wrong, f"{len(wrong)} wrong:\n" + "\n".join(wrong)


def test_other_formats_are_decoded_whole(tmp_path, config):
    rng = np.random.default_rng(SEED)
    paths = []
    for extension in ("png", "webp", "bmp", "tif"):
        paths.append(tmp_path / f"picture.{extension}")
        smooth(rng, "RGB", (640, 427)).save(paths[-1])
    paths.append(tmp_path / "jpeg.tif")
    smooth(rng, "RGB", (640, 427)).save(paths[-1], compression="jpeg")
    for a, b in zip(*both_ways(config, paths, tmp_path)):
        np.testing.assert_array_equal(a.values, b.values)


def test_photographs(tmp_path, config):
    paths = data_probe.photographs()
    if not paths:
        pytest.skip("no photographs: set EYECHART_DATA to a folder of them")
    processor = CLIPImageProcessorPil(
        size={"shortest_edge": EDGE}, do_center_crop=False, do_rescale=False,
        do_normalize=False)
    exact, fast = both_ways(config, paths, tmp_path)
    decibels = []
    for path, a, b in zip(paths, exact, fast):
        image = Image.open(path).convert("RGB")
        theirs = processor(image, return_tensors="np")["pixel_values"][0]
        np.testing.assert_array_equal(a.values, theirs)
        decibels.append(psnr(a.values, b.values))
    print(f"{len(paths)} photographs, PSNR from {min(decibels):.1f} dB, "
          f"median {np.median(decibels):.1f}")
    assert min(decibels) > 38 and np.median(decibels) > 45
