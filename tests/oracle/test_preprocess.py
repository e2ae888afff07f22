"""Preprocessing against transformers' PIL-backed image processors."""

import itertools
import json

import numpy as np
import pytest
from PIL import Image
from transformers.models.bit.image_processing_pil_bit import BitImageProcessorPil
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
from transformers.models.siglip.image_processing_pil_siglip import (
    SiglipImageProcessorPil,
)
from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

import data_probe

SEED = 20261123
PROCESSORS = {
    "CLIPImageProcessor": CLIPImageProcessorPil,
    "BitImageProcessor": BitImageProcessorPil,
    "SiglipImageProcessor": SiglipImageProcessorPil,
    "ViTImageProcessor": ViTImageProcessorPil,
}
SIZES = [(1, 1), (3, 200), (200, 3), (97, 89), (224, 224), (223, 225), (640, 427)]
# Other names of the same classes, as folders have them.
NAMES = ["{}", "{}Fast", "{}Pil"]

SETTINGS = [
    {},
    {"size": 96},
    {"size": {"shortest_edge": 60}, "crop_size": 60},
    {"size": {"shortest_edge": 61}, "crop_size": {"height": 60, "width": 59}},
    {"size": {"shortest_edge": 40}, "crop_size": {"height": 59, "width": 62}},
    {"size": {"shortest_edge": 33}, "crop_size": 50},
    {"size": {"height": 50, "width": 31}, "do_center_crop": True, "crop_size": 37},
    {"size": [48, 40]},
    {"size": {"shortest_edge": 40, "longest_edge": 64}, "do_center_crop": False},
    {"size": {"shortest_edge": 100, "longest_edge": 101}, "do_center_crop": False},
    {"size": {"max_height": 90, "max_width": 40}, "do_center_crop": False},
    {"do_resize": False},
    {"do_resize": False, "do_center_crop": False},
    {"do_resize": False, "do_center_crop": True, "crop_size": 101},
    {"do_rescale": False},
    {"do_normalize": False},
    {"do_rescale": False, "do_normalize": False},
    {"rescale_factor": 0.5, "image_mean": [0.1, 0.2, 0.3]},
    {"rescale_factor": 1 / 127.5},
    {"image_mean": 0.25, "image_std": 0.4},
    {"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]},
    {"do_center_crop": False},
    {"do_center_crop": None},
    {"do_resize": None, "do_rescale": None, "do_normalize": None},
    {"size": None},
    {"image_mean": None},
    {"rescale_factor": None},
    {"crop_size": None},
    {"do_convert_rgb": True, "use_square_size": False},
    *({"resample": filter_, "size": {"height": 45, "width": 44},
       "do_center_crop": False} for filter_ in range(6)),
    *({"resample": filter_, "size": {"shortest_edge": 37}, "crop_size": 37}
      for filter_ in range(6)),
]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    rng = np.random.default_rng(SEED)
    made = []
    for i, (width, height) in enumerate(SIZES):
        image = Image.fromarray(
            rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
        )
        path = folder / f"{i}.png"
        image.save(path)
        made.append((path, image))
    return made


def by_transformers(processor, image):
    """(3, height, width) float32, or None where the processor refuses."""
    try:
        values = processor(image, return_tensors="np")["pixel_values"][0]
    except (ValueError, ZeroDivisionError):
        return None
    return values.astype(np.float32)


def compare(tmp_path, cases):
    """`cases` are (config, model type, processor, path, image)."""
    jobs, folders = [], {}
    for config, model_type, _, path, _ in cases:
        text = json.dumps(config)
        if text not in folders:
            folders[text] = tmp_path / f"config{len(folders)}"
            folders[text].mkdir()
            (folders[text] / "preprocessor_config.json").write_text(text)
        jobs.append(["preprocess", folders[text], model_type, path])
    wrong, equal, largest = [], 0, 0.0
    for case, ours in zip(cases, data_probe.run(jobs, tmp_path)):
        theirs = by_transformers(case[2], case[4])
        what = f"{case[0]} {case[1]} {case[4].size}"
        if theirs is None:
            if ours.values is not None:
                wrong.append(f"{what}: transformers refuses, we do not")
            continue
        if ours.values is None:
            wrong.append(f"{what}: {ours.text}")
        elif ours.values.shape != theirs.shape:
            wrong.append(f"{what}: {ours.values.shape} for {theirs.shape}")
        else:
            off = float(np.abs(ours.values - theirs).max())
            largest = max(largest, off)
            equal += np.array_equal(ours.values, theirs)
            if not off <= 1e-6:
                wrong.append(f"{what}: off by {off}")
    print(f"{len(cases)} compared, {equal} equal to the bit, largest {largest}")
    assert not wrong, f"{len(wrong)} wrong:\n" + "\n".join(wrong[:40])


def test_settings(tmp_path, pictures):
    cases = []
    for (name, processor), (i, settings) in itertools.product(
            PROCESSORS.items(), enumerate(SETTINGS)):
        if (settings.get("do_center_crop") and "crop_size" not in settings
                and not processor.do_center_crop):
            continue
        config = dict(settings, image_processor_type=NAMES[i % 3].format(name))
        made = processor(**settings)
        cases += [(config, "unknown", made, *picture) for picture in pictures]
    compare(tmp_path, cases)


def test_old_class_names(tmp_path, pictures):
    """Files of before there were image processors."""
    cases = [
        ({"feature_extractor_type": "CLIPFeatureExtractor", "size": 70,
          "crop_size": 64}, "clip", CLIPImageProcessorPil(size=70, crop_size=64)),
        ({"feature_extractor_type": "ViTFeatureExtractor", "size": 70}, "vit",
         ViTImageProcessorPil(size=70)),
        ({"size": 70}, "clip", CLIPImageProcessorPil(size=70)),
        ({"size": 70}, "dinov2", BitImageProcessorPil(size=70)),
        ({"size": 70}, "siglip", SiglipImageProcessorPil(size=70)),
        ({}, "aimv2", CLIPImageProcessorPil()),
    ]
    compare(tmp_path, [(*case, *picture) for case in cases for picture in pictures])


def test_saved_by_transformers(tmp_path, pictures):
    """What save_pretrained writes is read back as the same processor."""
    jobs, expected = [], []
    for i, (processor, crop) in enumerate(
            itertools.product(PROCESSORS.values(), (40, 80))):
        folder = tmp_path / str(i)
        made = processor(size={"shortest_edge": 64}, crop_size=crop,
                         do_center_crop=True)
        made.save_pretrained(folder)
        if i % 2:  # as a part of the processor's file
            config = json.loads((folder / "preprocessor_config.json").read_text())
            (folder / "preprocessor_config.json").unlink()
            (folder / "processor_config.json").write_text(
                json.dumps({"image_processor": config, "processor_class": "X"}))
        for path, image in pictures:
            jobs.append(["preprocess", folder, "clip", path])
            expected.append(by_transformers(made, image))
    for job, ours, theirs in zip(jobs, data_probe.run(jobs, tmp_path), expected):
        assert ours.values is not None, f"{job}: {ours.text}"
        np.testing.assert_allclose(ours.values, theirs, rtol=0, atol=1e-6)


def test_photographs(tmp_path):
    """224 after shortest edge 224 (CLIP) and 256 (DINOv2)."""
    paths = data_probe.photographs()
    if not paths:
        pytest.skip("no photographs: set EYECHART_DATA to a folder of them")
    clip = CLIPImageProcessorPil()
    dino_config = {"size": {"shortest_edge": 256}, "crop_size": 224,
                   "image_mean": [0.485, 0.456, 0.406],
                   "image_std": [0.229, 0.224, 0.225]}
    dino = BitImageProcessorPil(**dino_config)
    cases = []
    for path in paths:
        image = Image.open(path).convert("RGB")
        cases.append(({}, "clip", clip, path, image))
        cases.append((dino_config, "dinov2", dino, path, image))
    compare(tmp_path, cases)


def test_resolution(tmp_path, pictures):
    """Another input size keeps the ratio of resize to crop."""
    folder = tmp_path / "config"
    folder.mkdir()
    config = {"size": {"shortest_edge": 256}, "crop_size": 224}
    (folder / "preprocessor_config.json").write_text(json.dumps(config))
    jobs, expected = [], []
    for path, image in pictures:
        square = CLIPImageProcessorPil(size={"shortest_edge": 128}, crop_size=112)
        exact = CLIPImageProcessorPil(size={"height": 56, "width": 84},
                                      do_center_crop=False)
        for made, height, width in ((square, 112, 112), (exact, 56, 84)):
            jobs.append(["resolution", height, width, folder, "clip", path])
            expected.append(by_transformers(made, image))
    for ours, theirs in zip(data_probe.run(jobs, tmp_path), expected):
        np.testing.assert_allclose(ours.values, theirs, rtol=0, atol=1e-6)
