#!/usr/bin/env python3
"""Class-aware NMS by eyechart and by torchvision, the calls interleaved.

Boxes of 80 classes at IoU 0.6, in one picture:
  clustered  a dozen boxes around each round object, as a detector gives them
  uniform    boxes of the same sizes anywhere
torchvision's batched_nms runs under a Python of its own, which needs torch and
torchvision (0.29.1) alone; both sides are timed inside their process, on
arrays in memory. That the same boxes stay, index by index, is checked before
the clock runs; where they do not, the script says which and ends.

    python3 -m venv V && V/bin/pip install torch torchvision
    benchmarks/compare/nms.py --torchvision-python V/bin/python
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

CLASSES = 80
IOU = 0.6
# Calls a measurement: some tens of milliseconds of ours.
CALLS = {1000: 200, 10_000: 30, 100_000: 3}


def serve_torchvision(threads):
    """A file's path in, its indices that stay beside it in kept.npy and their
    number out; calls in, seconds a call out."""
    import torch
    import torchvision
    torch.set_num_threads(threads)
    print(torchvision.__version__, flush=True)
    case = []
    for line in map(str.strip, sys.stdin):
        if not line.isdigit():
            data = np.load(line)
            case = [torch.from_numpy(data[name])
                    for name in ("boxes", "scores", "classes")]
            kept = torchvision.ops.batched_nms(*case, IOU).numpy()
            np.save(Path(line).with_name("kept.npy"), kept)
            print(len(kept), flush=True)
            continue
        begin = time.perf_counter()
        for _ in range(int(line)):
            torchvision.ops.batched_nms(*case, IOU)
        print((time.perf_counter() - begin) / int(line), flush=True)


if sys.argv[1:2] == ["serve-torchvision"]:
    serve_torchvision(int(sys.argv[2]))
    sys.exit()

import common  # noqa: E402
from safetensors.numpy import load_file, save_file  # noqa: E402


def parse():
    parser = common.parser(__doc__)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--boxes", type=int, nargs="+", default=list(CALLS))
    parser.add_argument("--probe", type=Path,
                        help="nms_probe (default: that of --binary's build)")
    parser.add_argument("--torchvision-python", type=Path,
                        default=os.environ.get(
                            "EYECHART_TORCHVISION_PYTHON",
                            common.ROOT / ".deps/torchvision/bin/python"),
                        help="default: $EYECHART_TORCHVISION_PYTHON, else what "
                        "scripts/setup --torchvision installed")
    options = common.parse(parser)
    if not options.torchvision_python.exists():
        parser.error(f"--torchvision-python: no {options.torchvision_python}; "
                     "scripts/setup --torchvision makes one")
    return options


def make(kind, count, seed):
    """Boxes in a picture of 1024 a side for 1,000 boxes, larger for more, so
    that a place holds as many."""
    rng = np.random.default_rng([seed, count])
    spread = 1024 * (count / 1000) ** 0.5
    objects = max(1, count // 12) if kind == "clustered" else count
    centres = rng.uniform(0, spread, (objects, 2))
    size = np.exp(rng.normal(np.log(60), 0.6, objects))
    its_class = rng.integers(0, CLASSES, objects)
    own = np.arange(count) % objects
    place, side = centres[own], size[own, None] * np.ones(2)
    if kind == "clustered":
        place = place + side * rng.normal(0, 0.1, (count, 2))
        side = side * np.exp(rng.normal(0, 0.1, (count, 2)))
    boxes = np.concatenate([place - side / 2, place + side / 2], 1)
    boxes = np.clip(boxes, 0, spread)
    order = rng.permutation(count)
    return {"boxes": boxes[order].astype(np.float32),
            "scores": rng.uniform(0, 1, count).astype(np.float32),
            "classes": its_class[own][order].astype(np.int64)}


class Server:
    def __init__(self, *command):
        self.process = subprocess.Popen(
            [str(part) for part in command], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True)
        self.greeting = self.process.stdout.readline().strip()

    def ask(self, line):
        print(line, file=self.process.stdin, flush=True)
        return self.process.stdout.readline().strip()

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def kept_by_probe(folder, probe, *more):
    """The indices that stay of case.safetensors."""
    out = folder / "kept.safetensors"
    subprocess.run([probe, folder / "case.safetensors", out, *more],
                   check=True)
    return load_file(out)["kept"]


def require_same(ours, theirs):
    """Ends the script unless the same boxes stay. In which order is left open:
    among equal scores it is each one's own."""
    if np.array_equal(np.sort(ours), np.sort(theirs)):
        return
    odd = np.setxor1d(ours, theirs)
    sys.exit(f"not the same boxes stay: {len(ours)} of eyechart, {len(theirs)} "
             f"of torchvision, {len(odd)} of one alone: {odd[:5].tolist()}")


def compare(options, probe, theirs, folder, kind, count):
    data = make(kind, count, 1)
    np.savez(folder / "case.npz", **data)
    setting = np.zeros((1, 12))
    setting[0, 3], setting[0, 4] = IOU, -np.inf
    setting[0, 7], setting[0, 9] = 1, 0.5  # eta, sigma
    setting[0, 11] = options.threads
    save_file(data | {"counts": np.array([count]), "options": setting},
              folder / "case.safetensors")
    kept = theirs.ask(folder / "case.npz")
    require_same(kept_by_probe(folder, probe), np.load(folder / "kept.npy"))
    ours = Server(probe, "serve", folder / "case.safetensors")
    times = {"eyechart": [], "torchvision": []}
    calls = CALLS.get(count, 3)
    for run in range(options.runs + 1):
        seconds = (float(ours.ask(calls)),
                   float(theirs.ask(max(1, calls // 10))))
        if run > 0:  # the first warms up
            for who, one in zip(times.values(), seconds):
                who.append(one)
    ours.close()
    print(f"\n{kind}, {count} boxes, {kept} stay", flush=True)
    common.print_table(times, "eyechart", unit="ms", scale=1e3)


def main():
    options = parse()
    probe = options.probe or options.binary.parents[1] / "tests/nms_probe"
    theirs = Server(options.torchvision_python, __file__, "serve-torchvision",
                    options.threads)
    common.print_machine(options.threads)
    print(f"peer      torchvision {theirs.greeting}")
    with tempfile.TemporaryDirectory() as scratch:
        for count in options.boxes:
            for kind in ("clustered", "uniform"):
                compare(options, probe, theirs, Path(scratch), kind, count)
    theirs.close()


if __name__ == "__main__":
    main()
