#!/usr/bin/env python3
"""Pictures made ready by eyechart and by Pillow, and what that costs a model.

  resize    eyechart's resize and Pillow's of the same decoded pictures, one
            thread each; the results are compared to the bit in the same run
  decode    JPEG bytes to a model's input: eyechart (exact, and with --decode
            fast), Pillow with transformers' PIL-backed processor, and its
            torchvision-backed one where torchvision is installed
  pipeline  `eyechart encode` of photographs with a ViT-B/16 of random weights,
            and the same number of passes of the model alone over ready pixels:
            wall seconds, and CPU seconds

The runs are interleaved, so that whatever else the machine does meets all; best
and median and their ratios are printed. Photographs are those of
../shared/data/coco256 or of the folder that EYECHART_DATA names.

    benchmarks/compare/preprocess.py --binary build/release/bin/eyechart
"""

import io
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import common

PARTS = ("resize", "decode", "pipeline")


def parse():
    parser = common.parser(__doc__)
    parser.add_argument("--part", choices=PARTS, action="append",
                        help="one of the parts (default: all)")
    parser.add_argument("--pictures", type=int, default=256,
                        help="photographs, at most, of the pipeline")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--workers", type=int, default=0,
                        help="decoding threads of the pipeline (0: its own choice)")
    parser.add_argument("--threads", type=int, default=os.cpu_count(),
                        help="of the model, in the pipeline")
    return common.parse(parser)


options = parse()
PROBES = options.binary.resolve().parents[1] / "tests"
common.limit_threads(options.threads)
os.environ["EYECHART_PROBES"] = str(PROBES)
os.environ["HF_HUB_OFFLINE"] = "1"
sys.path.insert(0, str(common.ROOT / "tests/oracle"))
sys.dont_write_bytecode = True

import numpy as np  # noqa: E402
import PIL  # noqa: E402
import torch  # noqa: E402
import transformers  # noqa: E402
from PIL import Image  # noqa: E402
from safetensors.numpy import save_file  # noqa: E402
from transformers.models.clip.image_processing_pil_clip import (  # noqa: E402
    CLIPImageProcessorPil,
)

import data_probe  # noqa: E402

REPEATS = 3  # of one run; its best counts


def best_of(action):
    """Seconds of the best of a run's repeats, and what the last gave."""
    seconds = []
    for _ in range(REPEATS):
        begin = time.perf_counter()
        result = action()
        seconds.append(time.perf_counter() - begin)
    return min(seconds), result


def made_picture(width, height):
    """Waves and noise; what a resize costs does not hang on it."""
    rng = np.random.default_rng(1)
    y, x = np.mgrid[0:height, 0:width]
    data = np.stack([127 + 90 * np.sin(x / 9 + c) * np.cos(y / 13) for c in range(3)],
                    -1)
    data += rng.integers(-30, 30, data.shape)
    return Image.fromarray(data.clip(0, 255).astype(np.uint8))


def compare_resize(folder):
    print("\nresize, one thread, milliseconds")
    cases = [  # decoded, target, filter
        ((640, 426), (336, 224), "BICUBIC"),
        ((4000, 3000), (298, 224), "BICUBIC"),
        ((640, 480), (448, 336), "BICUBIC"),
        ((640, 480), (690, 518), "BICUBIC"),
        ((640, 480), (224, 224), "BILINEAR"),
        ((640, 480), (384, 384), "LANCZOS"),
    ]
    with data_probe.Session() as probe:
        for size, target, name in cases:
            image = made_picture(*size)
            path = folder / "picture.bmp"
            image.save(path)
            which = Image.Resampling[name]
            times = {"eyechart": [], "Pillow": []}
            for _ in range(options.runs):
                seconds, ours = probe.seconds(
                    ["resize", *target, int(which), path], REPEATS)
                times["eyechart"].append(min(seconds))
                seconds, theirs = best_of(lambda: image.resize(target, which))
                times["Pillow"].append(seconds)
            equal = np.array_equal(ours, np.array(theirs))
            print(f"\n{size[0]}x{size[1]} to {target[0]}x{target[1]}, "
                  f"{name.lower()}: {'equal' if equal else 'NOT EQUAL'} to the bit")
            common.print_table(times, ours="eyechart", unit="ms", scale=1e3)


def torchvision_processor():
    try:
        import torchvision  # noqa: F401
        from transformers import CLIPImageProcessor
    except ImportError:
        return None
    return CLIPImageProcessor()


def compare_decode(folder):
    print("\nJPEG to 3 x 224 x 224, one thread, milliseconds a picture")
    CLIPImageProcessorPil().save_pretrained(folder)
    processor = CLIPImageProcessorPil()
    other = torchvision_processor()
    if other is None:
        print("(no torchvision: transformers' processor on it is left out)")
    torch.set_num_threads(1)
    large = folder / "large.jpg"
    made_picture(4000, 3000).save(large, quality=90)
    sets = {"one of 4000x3000": [large]}
    photographs = data_probe.photographs()[:32]
    if photographs:
        sets[f"{len(photographs)} photographs"] = photographs
    else:
        print("(no photographs: set EYECHART_DATA to a folder of them)")

    def by_transformers(data, made):
        image = Image.open(io.BytesIO(data)).convert("RGB")
        return made(image, return_tensors="np")["pixel_values"][0]

    with data_probe.Session() as probe:
        for what, paths in sets.items():
            times = {"eyechart": [], "eyechart, --decode fast": [],
                     "Pillow, transformers": []}
            if other is not None:
                times["torchvision, transformers"] = []
            files = [path.read_bytes() for path in paths]
            off = 0.0
            for _ in range(options.runs):
                sums = dict.fromkeys(times, 0.0)
                for path, data in zip(paths, files):
                    job = ["preprocess", folder, "clip", path]
                    seconds, ours = probe.seconds(job, REPEATS)
                    sums["eyechart"] += min(seconds)
                    seconds, _ = probe.seconds([*job, "fast"], REPEATS)
                    sums["eyechart, --decode fast"] += min(seconds)
                    seconds, theirs = best_of(lambda: by_transformers(data, processor))
                    sums["Pillow, transformers"] += seconds
                    off = max(off, float(np.abs(ours - theirs).max()))
                    if other is not None:
                        seconds, _ = best_of(lambda: by_transformers(data, other))
                        sums["torchvision, transformers"] += seconds
                for who, seconds in sums.items():
                    times[who].append(seconds / len(paths))
            print(f"\n{what}: off Pillow's by {off:.1e} at most (--decode fast "
                  "is another picture)")
            common.print_table(times, ours="eyechart", unit="ms", scale=1e3)


def make_model(folder):
    config = transformers.CLIPVisionConfig(
        hidden_size=768, intermediate_size=3072, num_hidden_layers=12,
        num_attention_heads=12, image_size=224, patch_size=16, projection_dim=512)
    torch.manual_seed(1)
    transformers.CLIPVisionModelWithProjection(config).save_pretrained(folder)
    CLIPImageProcessorPil().save_pretrained(folder)


def by_encode(model, pictures, folder):
    """Wall seconds of the encoding, of the whole process, and CPU seconds."""
    arguments = [options.binary, "encode", model, pictures, "-o", folder, "--json",
                 "--batch", options.batch, "--threads", options.threads]
    if options.workers:
        arguments += ["--workers", options.workers]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begin = time.perf_counter()
    done = subprocess.run(list(map(str, arguments)), check=True, capture_output=True)
    wall = time.perf_counter() - begin
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)
    return json.loads(done.stdout)["seconds"], wall, cpu


def alone(model, pixels, passes):
    """Wall and CPU seconds of the model on ready pixels."""
    done = subprocess.run(
        list(map(str, [PROBES / "encoder_probe", "time", model, pixels,
                       passes, "--threads", options.threads])),
        check=True, capture_output=True, text=True)
    return tuple(map(float, done.stdout.split()))


def compare_pipeline(folder):
    photographs = data_probe.photographs()
    if not photographs:
        print("\npipeline: left out, there are no photographs (set EYECHART_DATA)")
        return
    count = min(options.pictures, len(photographs)) // options.batch * options.batch
    if count == 0:
        sys.exit("--batch is larger than the number of photographs")
    pictures = folder / "pictures"
    pictures.mkdir()
    for path in photographs[:count]:
        shutil.copy(path, pictures)
    model = folder / "model"
    make_model(model)
    rng = np.random.default_rng(1)
    pixels = folder / "pixels.safetensors"
    shape = (options.batch, 3, 224, 224)
    save_file({"pixels": rng.standard_normal(shape).astype(np.float32)}, pixels)
    print(f"\npipeline: {count} photographs, ViT-B/16 fp32, batch {options.batch}, "
          f"{options.threads} threads, {options.workers or 'default'} workers; "
          "seconds")
    wall = {"model alone": [], "encode": [], "encode, process": []}
    cpu = {"model alone": [], "encode, process": []}
    for run in range(options.runs):
        seconds, busy = alone(model, pixels, count // options.batch)
        wall["model alone"].append(seconds)
        cpu["model alone"].append(busy)
        seconds, process, busy = by_encode(model, pictures, folder / f"store{run}")
        wall["encode"].append(seconds)
        wall["encode, process"].append(process)
        cpu["encode, process"].append(busy)
    print("\nwall")
    common.print_table(wall, ours="model alone")
    print("\nCPU, all threads (of the process: loading the model as well)")
    common.print_table(cpu, ours="model alone")


def main():
    common.print_machine(options.threads)
    common.print_versions(PIL, transformers, np)
    print(f"runs      {options.runs}, interleaved")
    parts = options.part or PARTS
    with tempfile.TemporaryDirectory() as name:
        for part in PARTS:
            if part in parts:
                folder = Path(name) / part
                folder.mkdir()
                {"resize": compare_resize, "decode": compare_decode,
                 "pipeline": compare_pipeline}[part](folder)


if __name__ == "__main__":
    main()
