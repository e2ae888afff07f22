"""What runs on a GPU, against transformers, torchvision and our own CPU path.

Everything here is skipped where torch sees no CUDA device or eyechart is built
without CUDA. EYECHART_TEST_DEVICE=cpu runs what makes sense on the CPU instead:
a check of this file, not of the GPU.
"""

import csv
import json
import os
import subprocess

import numpy as np
import pytest
import test_aimv2
import test_clip
import test_dinov2
import test_florence_vision
import test_hiera
import test_siglip
import torch
from encoder_parity import (MAX_ERROR, MIN_COSINE_FP32, MIN_COSINE_HALF, PROBES,
                            cosine, pixels, randomize, record, relative_error)
from made_store import make_store
from PIL import Image
from safetensors.torch import load_file, save_file
from test_mining import around_centres
from test_nms import (AGNOSTIC, AUTO, OFFSET, OPTIONS, PER_CLASS, THRESHOLDS,
                      case, classes_of, hard_cases, packed, round_things,
                      scores_of, unpacked)
from transformers import (Aimv2VisionConfig, Aimv2VisionModel,
                          CLIPVisionConfig, CLIPVisionModelWithProjection,
                          Dinov2WithRegistersModel, SiglipVisionConfig,
                          SiglipVisionModel)

BIN = os.environ["EYECHART_BIN"]
EYECHART = os.path.join(BIN, "eyechart")
DEVICE = os.environ.get("EYECHART_TEST_DEVICE", "cuda")
ON_GPU = DEVICE != "cpu"
ROOT = os.path.join(os.path.dirname(__file__), "../..")
CLIP = os.path.join(ROOT, "demo/checkpoints/clip")
HALVES = {"bf16": torch.bfloat16, "fp16": torch.float16}
# Half precision where the reference's own is worse than MIN_COSINE_HALF: both
# round differently, and which of them errs more in the worst vector is chance.
NO_WORSE = 1.1


def why_not():
    if not ON_GPU:
        return None
    if not torch.cuda.is_available():
        return "torch sees no CUDA device"
    try:
        run = subprocess.run(
            [EYECHART, "encode", CLIP, os.path.join(ROOT, "docs/images"), "-o",
             "none", "--device", "cuda:99"], capture_output=True, text=True)
    except OSError as error:
        return str(error)
    return ("eyechart is built without CUDA"
            if "without CUDA" in run.stderr else None)


REASON = why_not()
pytestmark = pytest.mark.skipif(REASON is not None, reason=str(REASON))
needs_gpu = pytest.mark.skipif(not ON_GPU, reason="of CUDA alone")

# The other files, imported above, want one thread; here base models wait for
# their reference, on a machine that runs nothing beside.
torch.set_num_threads(min(16, os.cpu_count() or 1) if ON_GPU else 1)
torch.backends.cuda.matmul.allow_tf32 = False
torch.backends.cudnn.allow_tf32 = False


class Encoders:
    """encoder_probe encode-many: one process for all models."""

    def __init__(self):
        self.process = subprocess.Popen(
            [str(PROBES / "encoder_probe"), "encode-many", "--device", DEVICE],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def encode(self, folder, inputs, tmp_path, dtype):
        source = tmp_path / "pixels.safetensors"
        target = tmp_path / f"{dtype}.safetensors"
        save_file(inputs, source)
        print(folder, source, target, dtype, file=self.process.stdin,
              flush=True)
        answer = self.process.stdout.readline().strip()
        assert answer == "ok", answer or "encoder_probe has ended"
        return load_file(target)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


@pytest.fixture(scope="module")
def encoders():
    served = Encoders()
    yield served
    served.close()


# Encoders. A case is (folder, reference, model, inputs): reference(model,
# inputs) is what the probe should give, on the model's device.


def clip(tmp_path, **vision):
    model, folder = test_clip.make(tmp_path, 1, vision)
    return folder, lambda m, x: test_clip.reference(
        m.vision_model, m.visual_projection, x), model


def siglip(tmp_path, **vision):
    model = test_siglip.spread(
        SiglipVisionModel(SiglipVisionConfig(**vision)), 2)
    model.save_pretrained(tmp_path / "model")
    return tmp_path / "model", test_siglip.reference, model


def dinov2(tmp_path, **settings):
    model, folder = test_dinov2.make(tmp_path, 3, **settings)
    return folder, test_dinov2.reference, model


def registers(tmp_path, **settings):
    model, folder = test_dinov2.make_registers(
        tmp_path, 4, Dinov2WithRegistersModel, **settings)
    return folder, test_dinov2.registers_reference, model


def aimv2(tmp_path, **settings):
    model, folder = test_aimv2.make(tmp_path, 5, **settings)
    return folder, test_aimv2.reference, model


def davit(tmp_path, **settings):
    model, folder = test_florence_vision.make(tmp_path, 6, **settings)
    return folder, test_florence_vision.reference, model


def hiera(tmp_path, **settings):
    model, folder = test_hiera.make(tmp_path, 7, **settings)
    return folder, test_hiera.reference, model


def sizes(*shapes):
    """Pixels (B, 3, H, W) by a name each, from (B, H, W)."""
    return {f"x{i}": pixels(100 + i, *shape) for i, shape in enumerate(shapes)}


VIT_B = dict(hidden_size=768, num_attention_heads=12)
CASES = {
    "clip toy": (clip, {}, [(3, 32, 32), (2, 24, 56), (2, 37, 51)]),
    "clip gelu toy": (clip, dict(hidden_act="gelu"), [(3, 32, 32)]),
    "clip B/32": (clip, VIT_B | dict(
        intermediate_size=3072, num_hidden_layers=12, patch_size=32,
        image_size=224), [(3, 224, 224)]),
    "siglip toy": (siglip, test_siglip.VISION,
                   [(3, 32, 32), (2, 24, 56), (2, 8, 8)]),
    "siglip B/16": (siglip, test_siglip.REAL["B16"],
                    [(2, 224, 224), (1, 256, 384)]),
    # Heads of 72, which not every attention kernel takes.
    "siglip So400m/14": (siglip, test_siglip.REAL["So400m14"],
                         [(1, 384, 384)]),
    "dinov2 toy": (dinov2, test_dinov2.TOY,
                   [(3, 42, 42), (2, 28, 98), (2, 47, 61)]),
    "dinov2 SwiGLU toy": (dinov2, test_dinov2.TOY | dict(use_swiglu_ffn=True),
                          [(3, 42, 42), (2, 70, 70)]),
    "dinov2 g": (dinov2, dict(hidden_size=1536, num_attention_heads=24,
                              num_hidden_layers=1, use_swiglu_ffn=True,
                              image_size=518), [(2, 224, 224)]),
    "dinov2 registers toy": (registers, test_dinov2.REGISTERS,
                             [(3, 42, 42), (2, 28, 98), (2, 47, 61)]),
    "dinov2 registers B": (registers, VIT_B | dict(
        num_hidden_layers=6, image_size=518, patch_size=14),
        [(2, 224, 224)]),
    "aimv2 toy": (aimv2, {}, [(3, 42, 42), (1, 44, 47)]),
    "aimv2 native toy": (aimv2, dict(is_native=True),
                         [(3, 42, 42), (2, 28, 98), (2, 61, 47)]),
    "aimv2 L/14": (aimv2, test_aimv2.LARGE | dict(
        num_hidden_layers=2, image_size=224), [(2, 224, 224)]),
    "aimv2 native L/14": (aimv2, test_aimv2.LARGE | dict(
        num_hidden_layers=2, use_head=False, is_native=True),
        [(1, 210, 329)]),
    "florence toy": (davit, test_florence_vision.TOY,
                     [(3, 64, 64), (2, 32, 150), (1, 133, 47)]),
    "florence base": (davit, {}, [(1, 768, 768)]),
    "hiera toy": (hiera, test_hiera.TOY, [(3, 64, 64), (2, 32, 128)]),
    "hiera base": (hiera, dict(depths=[2, 3, 4, 3]), [(2, 224, 224)]),
}


def outputs(reference, model, inputs, kind, device):
    """Of the reference in precision `kind` on `device`, as float32 here."""
    result = reference(model.to(device=device, dtype=kind),
                       {name: x.to(device) for name, x in inputs.items()})
    return {name: x.float().cpu() for name, x in result.items()}


def check(group, ours, expected, worst_error, worst_distance):
    """Every tensor's largest relative error and distance from a cosine of 1;
    printed before anything is asserted."""
    errors = {key: relative_error(ours[key], x) for key, x in expected.items()}
    distances = {key: 1 - cosine(ours[key], x) for key, x in expected.items()}
    record(group, max_relative_error=max(errors.values()),
           min_cosine=1 - max(distances.values()))
    assert max(errors.values()) <= worst_error, errors
    assert max(distances.values()) <= worst_distance, distances


@pytest.mark.parametrize("name", CASES)
def test_parity(tmp_path, encoders, name):
    """fp32 without TF32 against the reference on the CPU, to the bounds that
    hold there; half precision against the same."""
    make, settings, shapes = CASES[name]
    folder, reference, model = make(tmp_path, **settings)
    inputs = sizes(*shapes)
    expected = outputs(reference, model, inputs, torch.float32, "cpu")
    check(f"{DEVICE} {name}", encoders.encode(folder, inputs, tmp_path, "fp32"),
          expected, MAX_ERROR, 1 - MIN_COSINE_FP32)
    for dtype, kind in HALVES.items():
        theirs = outputs(reference, model, inputs, kind, DEVICE)
        distance = max(1 - cosine(theirs[key], x)
                       for key, x in expected.items())
        check(f"{DEVICE} {name} {dtype}",
              encoders.encode(folder, inputs, tmp_path, dtype), expected,
              float("inf"), max(1 - MIN_COSINE_HALF, NO_WORSE * distance))


# eyechart encode.


def write_pictures(folder, count, sides, seed):
    """Smooth pictures with some noise, of the sizes `sides` in turn."""
    rng = np.random.default_rng(seed)
    folder.mkdir()
    for i in range(count):
        coarse = rng.integers(0, 256, (5, 7, 3), dtype=np.uint8)
        picture = Image.fromarray(coarse).resize(sides[i % len(sides)],
                                                 Image.Resampling.BICUBIC)
        noise = rng.integers(-20, 20, (*picture.size[::-1], 3))
        values = np.clip(np.asarray(picture) + noise, 0, 255)
        Image.fromarray(values.astype(np.uint8)).save(
            folder / f"p{i:03d}.png", compress_level=1)
    return folder


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    return write_pictures(tmp_path_factory.mktemp("all") / "pictures", 27,
                          [(100, 80), (64, 64), (90, 130)], 1)


def store_of(where, model, images, *flags, device=DEVICE):
    """What `eyechart encode --json` prints, its manifest and its features."""
    run = subprocess.run(
        [EYECHART, "encode", model, images, "-o", where, "--device", device,
         "--json", *map(str, flags)], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    manifest = json.loads((where / "manifest.json").read_text())
    shards = [load_file(where / shard["file"]) for shard in manifest["shards"]]
    return json.loads(run.stdout), manifest, {
        name: torch.cat([shard[name] for shard in shards])
        for name in shards[0]}


@pytest.fixture(scope="module")
def on_cpu(pictures, tmp_path_factory):
    _, _, features = store_of(tmp_path_factory.mktemp("cpu") / "store", CLIP,
                              pictures, device="cpu")
    return features["pooled"]


def no_warnings(summary):
    """Such as that no graph could be recorded."""
    assert summary["warnings"] == []


@pytest.mark.parametrize("batch", [1, 8, 27])
def test_graphs_change_nothing(tmp_path, pictures, on_cpu, batch):
    """27 pictures: batches of 8 leave one of 3, which comes once; a graph is
    recorded when a batch size comes the second time."""
    rows = {}
    for flag in ("--cuda-graphs", "--no-cuda-graphs"):
        summary, _, features = store_of(tmp_path / flag, CLIP, pictures,
                                        "--batch", batch, flag)
        no_warnings(summary)
        assert summary["batch"] == batch
        rows[flag] = features["pooled"]
    one, other = rows.values()
    record(f"{DEVICE} graphs, batch {batch}", equal=torch.equal(one, other),
           relative_error=relative_error(one, other),
           error_to_cpu=relative_error(one, on_cpu))
    assert relative_error(one, other) <= MAX_ERROR / 10
    for row in rows.values():
        assert relative_error(row, on_cpu) <= MAX_ERROR
        assert cosine(row, on_cpu) >= MIN_COSINE_FP32


def test_tokens_in_half_precision(tmp_path, pictures):
    """Tokens and pooled features come down from a graph's own memory."""
    few = ["--limit", 13, "--batch", 5, "--tokens"]
    _, _, expected = store_of(tmp_path / "cpu", CLIP, pictures, *few,
                              device="cpu")
    for dtype, kind in HALVES.items():
        summary, _, features = store_of(tmp_path / dtype, CLIP, pictures, *few,
                                        "--dtype", dtype)
        if ON_GPU:  # the CPU may say what it computes in
            no_warnings(summary)
        assert features["tokens"].dtype == kind
        assert features["pooled"].dtype == torch.float32
        for name, rows in features.items():
            assert cosine(rows, expected[name]) >= MIN_COSINE_HALF, name


def native_folder(tmp_path):
    """A processor that crops nothing: inputs of as many sizes as pictures."""
    model = randomize(Aimv2VisionModel(Aimv2VisionConfig(
        **test_aimv2.VISION | dict(is_native=True))), 8)
    folder = tmp_path / "model"
    model.save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps({
        "image_processor_type": "CLIPImageProcessor", "do_convert_rgb": True,
        "do_resize": True, "size": {"shortest_edge": 56}, "resample": 3,
        "do_center_crop": False, "do_rescale": True,
        "rescale_factor": 1 / 255, "do_normalize": True,
        "image_mean": [0.5] * 3, "image_std": [0.25] * 3}))
    return folder


def test_sizes_that_differ(tmp_path):
    """The first batches are of one size, long enough for a graph of it; then
    others come between, and it must not be used again."""
    folder = native_folder(tmp_path)
    images = tmp_path / "pictures"
    write_pictures(images, 12, [(80, 80)], 2)
    for i, sides in enumerate([(120, 60), (80, 80), (60, 100), (80, 80),
                               (200, 70)]):
        Image.effect_noise(sides, 50).convert("RGB").save(
            images / f"q{i}.png")
    for i in range(12):
        os.link(images / f"p{i:03d}.png", images / f"r{i:03d}.png")
    _, _, expected = store_of(tmp_path / "cpu", folder, images, device="cpu")
    rows = []
    for flag in ("--cuda-graphs", "--no-cuda-graphs"):
        summary, _, features = store_of(tmp_path / flag, folder, images,
                                        "--batch", 4, flag)
        no_warnings(summary)
        rows.append(features["pooled"])
        assert relative_error(rows[-1], expected["pooled"]) <= MAX_ERROR
    assert relative_error(*rows) <= MAX_ERROR / 10
    # The same pictures before and after.
    assert relative_error(rows[0][17:], rows[0][:12]) <= MAX_ERROR


@needs_gpu
def test_tf32_is_recorded(tmp_path, pictures, on_cpu):
    rows = {}
    for tf32 in ("off", "on"):
        _, manifest, features = store_of(tmp_path / tf32, CLIP, pictures,
                                         "--tf32", tf32)
        assert manifest["tf32"] == tf32
        rows[tf32] = features["pooled"]
    error = relative_error(rows["on"], on_cpu)
    record("tf32", off=relative_error(rows["off"], on_cpu), on=error)
    # 10 bits of mantissa: to be seen, where the device has it, and no more.
    assert error <= 2e-2
    if torch.cuda.get_device_capability()[0] >= 8:
        assert error > MAX_ERROR


@needs_gpu
def test_a_store_of_other_products_is_not_gone_on_with(tmp_path, pictures):
    store_of(tmp_path / "store", CLIP, pictures, "--tf32", "off")
    run = subprocess.run([EYECHART, "encode", CLIP, pictures, "-o",
                          tmp_path / "store", "--device", DEVICE, "--tf32",
                          "on"], capture_output=True, text=True)
    assert run.returncode == 2
    assert "tf32" in run.stderr.lower()


FREE_MIB = 2600


@needs_gpu
def test_batches_are_halved_where_memory_falls_short(tmp_path):
    """Another process, this one, holds all of the device but FREE_MIB, of which
    the program takes some 600 for itself. A picture of 896 pixels takes about
    80 MiB of activations here, so 64 of them do not fit, and 8 do."""
    model = randomize(CLIPVisionModelWithProjection(CLIPVisionConfig(
        hidden_size=768, intermediate_size=3072, num_hidden_layers=2,
        num_attention_heads=12, patch_size=16, image_size=896,
        projection_dim=64)), 9)
    folder = tmp_path / "model"
    model.save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps({
        "image_processor_type": "CLIPImageProcessor",
        "size": {"shortest_edge": 896},
        "crop_size": {"height": 896, "width": 896}}))
    images = write_pictures(tmp_path / "pictures", 70, [(64, 64)], 3)
    flags = ["--batch", 64]
    whole, _, expected = store_of(tmp_path / "whole", folder, images, *flags)
    no_warnings(whole)
    torch.cuda.empty_cache()
    free, _ = torch.cuda.mem_get_info()
    held = torch.empty(free - (FREE_MIB << 20), dtype=torch.uint8,
                       device=DEVICE)
    try:
        summary, _, features = store_of(tmp_path / "short", folder, images,
                                        *flags)
    finally:
        del held
        torch.cuda.empty_cache()
    record("halved", batch=summary["batch"], warnings=summary["warnings"],
           relative_error=relative_error(features["pooled"],
                                         expected["pooled"]))
    assert 1 <= summary["batch"] < 64
    assert any(f"out of memory with --batch 64; it was halved to "
               f"{summary['batch']}" in text for text in summary["warnings"])
    assert relative_error(features["pooled"], expected["pooled"]) <= MAX_ERROR


def test_a_device_that_is_not_there(tmp_path, pictures):
    run = subprocess.run([EYECHART, "encode", CLIP, pictures, "-o",
                          tmp_path / "store", "--device", "cuda:9"],
                         capture_output=True, text=True)
    assert run.returncode == 2
    assert len(run.stderr.splitlines()) == 1 and "cuda:9" in run.stderr
    assert not (tmp_path / "store").exists()


# Non-maximum suppression.


def suppressed(folder, cases):
    save_file({name: torch.from_numpy(values)
               for name, values in packed(cases).items()},
              folder / "in.safetensors")
    run = subprocess.run([PROBES / "tensor_nms_probe", folder / "in.safetensors",
                          folder / "out.safetensors", DEVICE],
                         capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    out = load_file(folder / "out.safetensors")
    return unpacked(out["kept"].numpy(), out["counts"].numpy())


def torchvisions(one):
    ops = pytest.importorskip("torchvision.ops", exc_type=ImportError)
    function = {AGNOSTIC: None, AUTO: ops.batched_nms,
                OFFSET: ops.boxes._batched_nms_coordinate_trick,
                PER_CLASS: ops.boxes._batched_nms_vanilla}[
                    one["options"]["classes"]]
    boxes, scores, classes = (torch.from_numpy(one[name]).to(DEVICE)
                              for name in ("boxes", "scores", "classes"))
    iou = float(one["options"]["iou"])
    if function is None:
        return ops.nms(boxes, scores, iou).cpu().numpy()
    return function(boxes, scores, classes, iou).cpu().numpy()


def compare_nms(folder, cases):
    """The same indices in the same order. Where torchvision goes class by
    class its last sort is not stable: boxes of one score may change places."""
    switch = 25_000 if ON_GPU else 1000
    wrong = []
    for one, kept in zip(cases, suppressed(folder, cases), strict=True):
        theirs = torchvisions(one)
        method = one["options"]["classes"]
        count = len(one["scores"])
        if method == PER_CLASS or (method == AUTO and count > switch):
            same = (np.array_equal(one["scores"][kept], one["scores"][theirs],
                                   equal_nan=True) and
                    np.array_equal(np.sort(kept), np.sort(theirs)))
        else:
            same = np.array_equal(kept, theirs)
        if not same:
            wrong.append((count, len(kept), len(theirs), one["options"]))
    record(f"{DEVICE} nms", cases=len(cases), differ=len(wrong))
    assert not wrong, wrong[:3]


def test_nms_of_hard_cases(tmp_path):
    """Ties, boxes without an inside, NaN, infinities, fractions that are on the
    threshold exactly, class ids beyond float32."""
    compare_nms(tmp_path, hard_cases(40, 400, [0, 1, 2, 3, 63, 64, 65, 100,
                                               127, 128, 129, 300]))


@pytest.mark.parametrize("method", [AUTO, OFFSET, PER_CLASS, AGNOSTIC])
def test_nms_of_many_boxes(tmp_path, method):
    """AUTO changes its way at 25,000 boxes on a GPU, at 1,000 on the CPU."""
    rng = np.random.default_rng([41, method])
    cases = []
    for n in (1000, 1001, 1023, 1024, 1025, 4097, 10_000, 25_000, 25_001,
              30_000):
        kinds = ["free", "ties"] if n < 5000 else ["ties"]
        for kind in kinds:
            boxes = round_things(rng, n, 1000 * (n / 1000) ** 0.5)
            cases.append(case(boxes, scores_of(rng, n, kind),
                              classes_of(rng, n, "many"), classes=method,
                              iou=float(rng.choice(THRESHOLDS[:8]))))
    assert all(set(one["options"]) == set(OPTIONS) for one in cases)
    compare_nms(tmp_path, cases)


# Mining.


def mined(near, far, out, *flags):
    run = subprocess.run(
        [EYECHART, "mine", "--near-store", near, "--far-store", far, "-o", out,
         "--json", *flags], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    with open(out / "pairs.csv", newline="") as file:
        assert len(list(csv.DictReader(file))) > 1000
    summary = json.loads(run.stdout)
    return summary["near_pairs"], (out / "pairs.csv").read_bytes()


@pytest.mark.parametrize("engine", ["exact", "auto"])
def test_mining_finds_the_same_pairs(tmp_path, engine):
    """Bytes of the table: every hit is decided in double precision."""
    rng = np.random.default_rng(42)
    count = 20_000
    ids = [f"p{i:05d}" for i in range(count)]
    make_store(tmp_path / "near", around_centres(rng, count, 384, 4000, 0.95),
               ids)
    make_store(tmp_path / "far", around_centres(rng, count, 256, 4000, 0.6),
               ids)
    stores = tmp_path / "near", tmp_path / "far"
    expected = mined(*stores, tmp_path / "cpu", "--engine", "exact")
    for precision in ("fp32", "bf16"):
        assert mined(*stores, tmp_path / precision, "--engine", engine,
                     "--device", DEVICE, "--precision",
                     precision) == expected, precision
