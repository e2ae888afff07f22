#!/usr/bin/env python3
"""A training step of the set detection head by eyechart and by PyTorch: the
transcription of the parity tests, around transformers' RT-DETR decoder. Both
start from the same weights; the runs are interleaved.

    benchmarks/compare/set_head.py
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import common


def parse():
    parser = common.parser(__doc__)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--cells", type=int, default=28, help="a side")
    parser.add_argument("--map-width", type=int, default=768)
    parser.add_argument("--classes", type=int, default=20)
    parser.add_argument("--boxes", type=int, default=8, help="a picture")
    return common.parse(parser)


options = parse()
common.limit_threads(options.threads)
sys.path.insert(0, str(common.ROOT / "tests/oracle"))
sys.dont_write_bytecode = True

import torch  # noqa: E402
import transformers  # noqa: E402
from safetensors.torch import load_file, save_file  # noqa: E402
from set_transcription import SetHead, parted  # noqa: E402

torch.set_num_threads(options.threads)
PROBE = options.binary.parents[1] / "tests/set_probe"
HEAD = {"maps": [[options.map_width, 16]], "width": 256,
        "classes": options.classes, "queries": 300, "layers": 3, "heads": 8,
        "points": 4, "hidden": 1024}
STEP = {"rate": 1e-4, "decay": 1e-4, "clip": 0.1, "epsilon": 1e-8}


def ask(folder, step, **more):
    request = dict(HEAD, step=step, data=str(folder / "data"),
                   out=str(folder / "out"), **more)
    subprocess.run([PROBE], input=json.dumps(request), text=True, check=True)
    return load_file(folder / "out")


def scene(seed=0):
    torch.manual_seed(seed)
    n, side = options.cells, 16.0 * options.cells
    maps = torch.randn(options.batch, options.map_width, n, n)
    corners, classes = [], []
    for _ in range(options.batch):
        centre = (0.2 + 0.6 * torch.rand(options.boxes, 2)) * side
        half = (0.02 + 0.15 * torch.rand(options.boxes, 2)) * side
        corners.append(torch.cat([centre - half, centre + half], 1))
        classes.append(torch.randint(options.classes, (options.boxes,)))
    return maps, corners, classes


def main():
    common.print_machine(options.threads)
    common.print_versions(torch, transformers)
    maps, corners, classes = scene()
    parts = ("forward", "backward", "update")
    times = {who: [] for who in ("eyechart", "PyTorch")}
    split = {who: {part: [] for part in parts} for who in times}
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        save_file({"none": torch.zeros(1)}, folder / "data")
        start = {k.removeprefix("param."): v
                 for k, v in ask(folder, "start").items()}
        tensors = {f"param.{k}": v for k, v in start.items()}
        tensors["map.0"] = maps
        for i in range(options.batch):
            tensors[f"corners.{i}"] = corners[i]
            tensors[f"classes.{i}"] = classes[i]
        save_file(tensors, folder / "data")
        model = SetHead(HEAD).load(start)
        targets = [{"class_labels": k, "boxes": parted(c, [maps], HEAD)}
                   for c, k in zip(corners, classes)]
        optimizer = torch.optim.AdamW(model.parameters(), lr=STEP["rate"],
                                      weight_decay=STEP["decay"])
        for _ in range(options.runs):
            # The first step of a process makes its threads and its memory.
            found = ask(folder, "train", repeats=2, **STEP)["seconds"][1]
            times["eyechart"].append(found.sum().item())
            for part, seconds in zip(parts, found.tolist()):
                split["eyechart"][part].append(seconds)
            marks = [time.perf_counter()]
            loss = sum(model.losses(model([maps]), targets).values())
            marks.append(time.perf_counter())
            optimizer.zero_grad()
            loss.backward()
            marks.append(time.perf_counter())
            torch.nn.utils.clip_grad_norm_(model.parameters(), STEP["clip"])
            optimizer.step()
            marks.append(time.perf_counter())
            times["PyTorch"].append(marks[-1] - marks[0])
            for part, begin, end in zip(parts, marks, marks[1:]):
                split["PyTorch"][part].append(end - begin)
    print(f"\na training step, {options.batch} maps of {options.cells} x "
          f"{options.cells} x {options.map_width}")
    common.print_table(times, "eyechart")
    for part in parts:
        print(f"\n{part}")
        common.print_table({who: split[who][part] for who in split},
                           "eyechart")


if __name__ == "__main__":
    main()
