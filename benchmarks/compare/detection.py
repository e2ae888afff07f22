#!/usr/bin/env python3
"""Detection transfer: trained encoders against themselves with fresh weights.

The same head, recipe and seeds on an encoder and on one of the same shape whose
weights were drawn anew (normal, deviation 0.02, as transformers starts them):
what the encoder's training is worth to a head that finds things. Differences
are paired by seed, with Student's t interval. Sets are folders of `eyechart
detect train`; without any, scenes drawn by `eyechart generate scenes`.

    benchmarks/compare/detection.py [--set FOLDER ...] [--steps 600] [--seeds 3]
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import common

FAMILIES = ["clip", "dinov2", "aimv2", "florence2"]


def parse():
    made = common.parser(__doc__)
    made.add_argument("--set", type=Path, nargs="*", default=[])
    made.add_argument("--checkpoints", type=Path,
                      default=common.ROOT / "demo/checkpoints")
    made.add_argument("--families", nargs="+", default=FAMILIES)
    made.add_argument("--heads", nargs="+", default=["dense"])
    made.add_argument("--steps", type=int, default=600)
    made.add_argument("--seeds", type=int, default=3)
    made.add_argument("--threads", type=int, default=2)
    made.add_argument("--width", type=int, default=128, help="of the head")
    made.add_argument("--resolution", default="")
    made.add_argument("--scenes", type=int, default=400,
                      help="pictures to train on, where no set is given")
    return made.parse_args()


options = parse()
common.limit_threads(options.threads)

import numpy as np  # noqa: E402
import torch  # noqa: E402
from safetensors.torch import load_file, save_file  # noqa: E402
from scipy import stats  # noqa: E402


def untrained(checkpoint, folder):
    """A copy whose weights are drawn anew, norms at one and biases at zero."""
    folder.mkdir(parents=True)
    for file in checkpoint.iterdir():
        if file.suffix != ".safetensors":
            (folder / file.name).write_bytes(file.read_bytes())
    generator = torch.Generator().manual_seed(1)
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


def scenes(folder):
    """Drawn scenes as a COCO set with train and test parts."""
    for part, count, seed in (("train", options.scenes, 1),
                              ("test", options.scenes // 4, 2)):
        subprocess.run(
            [options.binary, "generate", "scenes", "-o", folder / part,
             "--count", str(count), "--seed", str(seed)], check=True,
            capture_output=True)
    return folder


def train(model, data, head):
    command = [options.binary, "detect", "train", model, data, "--head", head,
               "--width", str(options.width), "--steps", str(options.steps),
               "--runs", str(options.seeds),
               "--threads", str(options.threads), "--bootstrap", "1000",
               "--json"]
    if options.resolution:
        command += ["--resolution", options.resolution]
    begin = time.perf_counter()
    run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode != 0:
        return None, run.stderr.strip().splitlines()[-1]
    return json.loads(run.stdout), time.perf_counter() - begin


def row(folder, family, data, head):
    trained, seconds = train(options.checkpoints / family, data, head)
    if trained is None:
        print(f"{family:<10} {head:<6} {seconds}")
        return
    fresh, _ = train(folder / family, data, head)
    ours = np.array(trained["runs"]["scores"])
    theirs = np.array(fresh["runs"]["scores"])
    difference = ours - theirs
    text = "one seed"
    if len(difference) > 1:
        half = stats.t.ppf(0.975, len(difference) - 1) * stats.sem(difference)
        text = (f"[{100 * (difference.mean() - half):+.1f}, "
                f"{100 * (difference.mean() + half):+.1f}]")
    ci = trained["ci"]["AP"]
    print(f"{family:<10} {head:<6} {100 * ours.mean():6.1f} "
          f"[{100 * ci['low']:.1f}, {100 * ci['high']:.1f}] "
          f"{100 * np.mean(trained['runs']['ap50']):6.1f} "
          f"{100 * theirs.mean():6.1f} {100 * difference.mean():+7.1f} {text} "
          f"{seconds / options.seeds:6.0f} s", flush=True)


def main():
    common.print_machine(options.threads)
    common.print_versions(torch, np)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for family in options.families:
            untrained(options.checkpoints / family, folder / family)
        for data in options.set or [scenes(folder / "scenes")]:
            print(f"\n{data.name}: {options.steps} steps, {options.seeds} seeds"
                  f"\n{'encoder':<10} {'head':<6} {'AP':>6} first seed's "
                  "interval, AP50, fresh weights' AP, difference, a run")
            for head in options.heads:
                for family in options.families:
                    row(folder, family, data, head)


if __name__ == "__main__":
    sys.exit(main())
