#!/usr/bin/env python3
"""Detection transfer: trained encoders against themselves with fresh weights.

The same head and recipe on an encoder and on one of the same shape whose
weights were drawn anew (normal, deviation 0.02, as transformers starts them):
what the encoder's training is worth to a head that finds things. A seed is of
the head and of the fresh weights, so that the interval (Student's t of the
differences, paired by seed) covers both.

A set is a folder of `eyechart detect train` or one of
  scenes            drawn by `eyechart generate scenes`
  bloodcells, chess Roboflow-100's, in the folder rf100 of --data
  coco256           in --data
and has a table with a row an encoder. AIMv2's positions are fixed: its row
stays at its own resolution whatever --resolution says, and is marked.

    benchmarks/compare/detection.py --set bloodcells chess --resolution 192
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import common

FAMILIES = ["clip", "dinov2", "aimv2", "florence2"]
FIXED = ["aimv2"]  # their positions are for one resolution
FOLDERS = {"bloodcells": "rf100/bloodcells", "chess": "rf100/chess",
           "coco256": "coco256"}


def parse():
    made = common.parser(__doc__)
    made.add_argument("--set", nargs="+", default=["scenes"],
                      help=f"scenes, {', '.join(FOLDERS)}, or folders")
    made.add_argument("--data", type=Path,
                      default=os.environ.get("EYECHART_DATA",
                                             common.ROOT / "../shared/data"),
                      help="where the named sets are ($EYECHART_DATA)")
    made.add_argument("--checkpoints", type=Path,
                      default=common.ROOT / "demo/checkpoints")
    made.add_argument("--families", nargs="+", default=FAMILIES)
    made.add_argument("--head", nargs="+", choices=["dense", "set"],
                      default=["dense"])
    made.add_argument("--single-class", action="store_true",
                      help="all categories as one, \"object\"")
    made.add_argument("--steps", type=int, default=600)
    made.add_argument("--seeds", type=int, default=3)
    made.add_argument("--threads", type=int, default=2)
    made.add_argument("--width", type=int, default=128, help="of the head")
    made.add_argument("--resolution", default="",
                      help="pixels a side (default: each encoder's own)")
    made.add_argument("--scenes", type=int, default=400,
                      help="drawn pictures to train on")
    return made.parse_args()


options = parse()
common.limit_threads(options.threads)

import numpy as np  # noqa: E402
import torch  # noqa: E402
from safetensors.torch import load_file, save_file  # noqa: E402
from scipy import stats  # noqa: E402


def untrained(checkpoint, folder, seed):
    """A copy with weights drawn by `seed`, norms at one and biases at zero."""
    folder.mkdir(parents=True)
    for file in checkpoint.iterdir():
        if file.suffix != ".safetensors":
            (folder / file.name).write_bytes(file.read_bytes())
    generator = torch.Generator().manual_seed(seed)
    fresh = {}
    for name, tensor in load_file(checkpoint / "model.safetensors").items():
        if tensor.dim() > 1 or "token" in name:
            drawn = 0.02 * torch.randn(tensor.shape, generator=generator)
        elif name.endswith("bias") or tensor.dim() == 0:
            drawn = torch.zeros(tensor.shape) if tensor.dim() else tensor
        else:
            drawn = torch.ones(tensor.shape)
        fresh[name] = drawn.to(tensor.dtype).contiguous()
    save_file(fresh, folder / "model.safetensors")
    return folder


def scenes(folder):
    """Drawn scenes as a COCO set with train and test parts."""
    for part, count, seed in (("train", options.scenes, 1),
                              ("test", options.scenes // 4, 2)):
        subprocess.run(
            [options.binary, "generate", "scenes", "-o", folder / part,
             "--count", str(count), "--seed", str(seed)], check=True,
            capture_output=True)
    return folder


def folder_of(name, scratch):
    if name == "scenes":
        return scenes(scratch / "scenes")
    return options.data / FOLDERS[name] if name in FOLDERS else Path(name)


class Failed(Exception):
    """A training that did not end well; its text is the program's last line."""


def train(model, family, data, head, seed):
    """What `eyechart detect train --json` prints, and the seconds it took."""
    command = [options.binary, "detect", "train", model, data, "--head", head,
               "--width", str(options.width), "--steps", str(options.steps),
               "--seed", str(seed), "--runs", "1",
               "--threads", str(options.threads), "--bootstrap", "1000",
               "--json"]
    if options.single_class:
        command.append("--single-class")
    if options.resolution and family not in FIXED:
        command += ["--resolution", options.resolution]
    begin = time.perf_counter()
    run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode != 0:
        said = run.stderr.strip().splitlines() or ["without a word"]
        raise Failed(f"{model.name}, seed {seed}: exit code {run.returncode}: "
                     f"{said[-1]}")
    return json.loads(run.stdout), time.perf_counter() - begin


def runs_of(folder, family, data, head):
    """(trained, fresh) results of every seed, and the mean seconds a run."""
    pairs, seconds = [], []
    for seed in range(options.seeds):
        models = [options.checkpoints / family,
                  folder / f"{family}-fresh-{seed}"]
        if not models[1].exists():
            untrained(models[0], models[1], seed)
        results = [train(model, family, data, head, seed) for model in models]
        pairs.append([result for result, _ in results])
        seconds += [taken for _, taken in results]
    return pairs, np.mean(seconds)


def percent(results, figure):
    """Of every seed; NaN where the test part has no truth."""
    return 100 * np.array([result["runs"][figure][0] for result in results],
                          float)


def row(folder, family, data, head):
    try:
        pairs, seconds = runs_of(folder, family, data, head)
    except Failed as failed:
        print(f"{family:<10} {head:<6} {failed}", flush=True)
        return
    trained, fresh = zip(*pairs)
    ap, difference = percent(trained, "scores"), (percent(trained, "scores") -
                                                  percent(fresh, "scores"))
    paired = "one seed"
    if len(difference) > 1:
        half = stats.t.ppf(0.975, len(difference) - 1) * stats.sem(difference)
        paired = (f"[{difference.mean() - half:+.1f}, "
                  f"{difference.mean() + half:+.1f}]")
    ci = trained[0]["ci"].get("AP", {"low": np.nan, "high": np.nan})
    size = trained[0]["input"]
    pixels = (str(size["width"]) if size["width"] == size["height"]
              else f"{size['height']}x{size['width']}")
    if options.resolution not in ("", pixels):
        pixels += ", fixed"
    print(f"{family:<10} {head:<6} {pixels:<10} {ap.mean():6.1f} "
          f"{100 * ci['low']:6.1f} to {100 * ci['high']:5.1f} "
          f"{percent(trained, 'ap50').mean():6.1f} "
          f"{percent(fresh, 'scores').mean():6.1f} "
          f"{difference.mean():+7.1f} {paired:<16} {seconds:5.0f} s",
          flush=True)


def table(folder, name):
    data = folder_of(name, folder)
    classes = ", all classes as one" if options.single_class else ""
    print(f"\n{data.name}: {options.steps} steps, {options.seeds} seeds of the "
          f"head and of the fresh weights{classes}; of the first seed's AP the "
          "interval over pictures")
    print(f"{'encoder':<10} {'head':<6} {'pixels':<10} {'AP':>6} "
          f"{'first seed':>15} {'AP50':>6} {'fresh':>6} {'gain':>7} "
          f"{'95 % of it':<16} {'a run':>7}")
    for head in options.head:
        for family in options.families:
            row(folder, family, data, head)


def main():
    common.print_machine(options.threads)
    common.print_versions(torch, np)
    with tempfile.TemporaryDirectory() as folder:
        for name in options.set:
            table(Path(folder), name)


if __name__ == "__main__":
    sys.exit(main())
