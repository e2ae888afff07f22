#!/usr/bin/env python3
"""Peak memory of encoding, by eyechart and by transformers, beside the bound.

A ViT-L/14 CLIP with random weights and generated photographs are made from a
seed. `eyechart encode` and a Python process with transformers, Pillow and the
same batch encode them, one after the other; what is compared is the largest
resident set that the kernel saw of each process. The bound is that of
encoders/encode_dataset.h, from the shapes; its last term, the program with
LibTorch and next to nothing in it, is measured with the demo's checkpoint.

    benchmarks/compare/memory.py --binary build/release/bin/eyechart
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MIB = 1 << 20
WIDTH, INNER, LAYERS, HEADS, PATCH, SIDE, HEAD = 1024, 4096, 24, 16, 14, 224, 768
BYTES = {"fp32": 4, "bf16": 2, "fp16": 2}


def parse():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--binary", type=Path,
                        default=ROOT / "build/release/bin/eyechart")
    parser.add_argument("--pictures", type=int, default=96)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--layers", type=int, default=LAYERS,
                        help="fewer make it quicker, with fewer weights")
    parser.add_argument("--dtype", nargs="*", default=["fp32", "bf16"])
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def make(options):
    """The checkpoint and the pictures."""
    import numpy as np
    import torch
    from PIL import Image
    from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection
    from transformers.models.clip.image_processing_pil_clip import (
        CLIPImageProcessorPil)
    torch.manual_seed(1)
    config = CLIPVisionConfig(
        hidden_size=WIDTH, intermediate_size=INNER, patch_size=PATCH,
        num_hidden_layers=options.layers, num_attention_heads=HEADS,
        image_size=SIDE, projection_dim=HEAD)
    CLIPVisionModelWithProjection(config).save_pretrained(
        options.folder / "model")
    CLIPImageProcessorPil().save_pretrained(options.folder / "model")
    pictures = options.folder / "pictures"
    pictures.mkdir()
    rng = np.random.default_rng(1)
    for i in range(options.pictures):
        coarse = rng.integers(0, 256, (12, 16, 3), dtype=np.uint8)
        picture = Image.fromarray(coarse).resize((640, 480), Image.BICUBIC)
        picture.save(pictures / f"{i:04d}.jpg", quality=90)


def peer(options):
    """The same by transformers: what a script of a few lines does."""
    import torch
    from PIL import Image
    from transformers import CLIPVisionModelWithProjection
    from transformers.models.clip.image_processing_pil_clip import (
        CLIPImageProcessorPil)
    torch.set_num_threads(options.threads)
    dtype = {"fp32": torch.float32, "bf16": torch.bfloat16,
             "fp16": torch.float16}[options.dtype[0]]
    model = CLIPVisionModelWithProjection.from_pretrained(
        options.folder / "model", dtype=dtype).eval()
    processor = CLIPImageProcessorPil.from_pretrained(options.folder / "model")
    paths = sorted((options.folder / "pictures").iterdir())
    features = []
    with torch.inference_mode():
        for begin in range(0, len(paths), options.batch):
            images = [Image.open(path).convert("RGB")
                      for path in paths[begin:begin + options.batch]]
            pixels = processor(images=images, return_tensors="pt").pixel_values
            features.append(model(pixels.to(dtype)).image_embeds.float())
    assert torch.cat(features).shape == (len(paths), HEAD)


def peak(command, **environment):
    """Runs `command`: its largest resident set in bytes, and its seconds. A
    child starts with its parent's figure, so this process imports nothing
    large."""
    begin = time.perf_counter()
    process = subprocess.Popen(
        [str(part) for part in command], stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, env={**os.environ, **environment})
    error = process.stderr.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{command[0]}: exit {process.returncode}: {error}")
    return usage.ru_maxrss * 1024, time.perf_counter() - begin


def bound(options, computed_in):
    """[(term, bytes)] of encode_dataset.h."""
    tokens = (SIDE // PATCH) ** 2 + 1
    block = 4 * WIDTH * WIDTH + 2 * WIDTH * INNER
    parameters = (options.layers * block + 3 * PATCH * PATCH * WIDTH
                  + tokens * WIDTH + HEAD * WIDTH)
    # Half precision is computed in float32 where that does not pay.
    size = BYTES[computed_in]
    pictures = 3 * options.batch + options.workers
    running = [
        ("2 batches of activations",
         2 * options.batch * tokens * (4 * WIDTH + INNER) * size),
        ("decode queue, batch of pixels", pictures * 3 * SIDE * SIDE * 4),
        ("2 shards", 2 * 512 * HEAD * 4),
    ]
    loading = [("loading: 2 layers in float32", 2 * block * 4)]
    return [("weights", parameters * size)] + max(
        running, loading, key=lambda terms: sum(size for _, size in terms))


def main():
    options = parse()
    if options.child:
        {"make": make, "peer": peer}[options.child](options)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        script = [sys.executable, "-B", __file__, "--folder", folder,
                  "--pictures", options.pictures, "--batch", options.batch,
                  "--threads", options.threads, "--layers", options.layers]
        peak(script + ["--child", "make"], HF_HUB_OFFLINE="1")

        def eyechart(model, store, *more):
            return peak([options.binary, "encode", model, folder / "pictures",
                         "-o", folder / store, "--threads", options.threads,
                         "--workers", options.workers, *more])

        runtime, _ = eyechart(ROOT / "demo/checkpoints/clip", "base",
                              "--batch", 1, "--limit", 1)
        print(f"ViT-L/14, {options.layers} layers, batch {options.batch}, "
              f"{options.pictures} pictures, {options.threads} threads")
        for dtype in options.dtype:
            ours, our_time = eyechart(folder / "model", dtype, "--dtype", dtype,
                                      "--batch", options.batch)
            theirs, their_time = peak(
                script + ["--child", "peer", "--dtype", dtype],
                HF_HUB_OFFLINE="1")
            manifest = json.loads((folder / dtype / "manifest.json")
                                  .read_text())
            computed_in = manifest.get("computed_in", dtype)
            terms = bound(options, computed_in) + [
                ("runtime, measured", runtime)]
            limit = sum(size for _, size in terms)
            print(f"\n{dtype}, computed in {computed_in}")
            for term, size in terms:
                print(f"  {term:34}{size / MIB:8.0f} MiB")
            print(f"  {'bound':34}{limit / MIB:8.0f} MiB")
            print(f"  {'eyechart encode':34}{ours / MIB:8.0f} MiB "
                  f"({ours / limit:.2f} of the bound, {our_time:.0f} s)")
            print(f"  {'transformers':34}{theirs / MIB:8.0f} MiB "
                  f"({theirs / ours:.2f} of eyechart, {their_time:.0f} s)")


if __name__ == "__main__":
    main()
