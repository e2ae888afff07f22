#!/usr/bin/env python3
"""COCO evaluation of boxes by eyechart and by four Python packages.

A ground truth like COCO's val2017 and detections like a detector's, full
single-precision numbers, are made from a seed. Every side reads both files,
evaluates and accumulates; runs are interleaved. Of the peers "inside" is what
their process measures from loading to accumulation, without the interpreter's
start and imports; "process" is the whole of it, as a user waits. eyechart has
the whole process alone, and the ratios are to that. The peak is the largest
resident set that the kernel saw of a process. All sides must agree on AP.

The peers' packages come from --venv, which is made if it is not there:

    benchmarks/compare/coco_eval.py --binary build/release/bin/eyechart
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import common

PACKAGES = {"ultrafast_pycocotools": "ultrafast-pycocotools==0.1.14",
            "hotcoco": "hotcoco==1.3.0",
            "faster_coco_eval": "faster-coco-eval==1.8.0",
            "pycocotools": "pycocotools==2.0.11"}
SLOW = {"faster_coco_eval", "pycocotools"}  # fewer runs
IMAGES, TRUTHS, CLASSES = 5000, 36781, 80

PEER = '''
import contextlib, importlib, io, json, sys, time
name, truth, results = sys.argv[1:]
if name in ("ultrafast_pycocotools", "hotcoco"):
    module = importlib.import_module(name)
    COCO, COCOeval = module.COCO, module.COCOeval
elif name == "faster_coco_eval":
    from faster_coco_eval import COCO, COCOeval_faster as COCOeval
else:
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval
with contextlib.redirect_stdout(io.StringIO()):
    begin = time.perf_counter()
    gt = COCO(truth)
    dt = gt.loadRes(results)
    evaluation = COCOeval(gt, dt, "bbox")
    evaluation.evaluate()
    evaluation.accumulate()
    end = time.perf_counter()
    evaluation.summarize()
print(json.dumps([end - begin, float(evaluation.stats[0])]))
'''


def parse():
    parser = common.parser(__doc__)
    parser.add_argument("--detections", type=int, nargs="*",
                        default=[200_000, 2_000_000])
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--venv", type=Path,
                        default=common.ROOT / ".deps/coco-eval-peers")
    parser.add_argument("--peers", nargs="*", default=list(PACKAGES))
    parser.add_argument("--slow-runs", type=int, default=2,
                        help="of faster-coco-eval and pycocotools")
    parser.add_argument("--folder", type=Path,
                        help="keep the data there (default: a temporary one)")
    return common.parse(parser)


options = parse()
PYTHON = options.venv / "bin/python"


def prepare():
    if not PYTHON.exists():
        subprocess.run([sys.executable, "-m", "venv", options.venv], check=True)
    wanted = ["numpy"] + [PACKAGES[peer] for peer in options.peers]
    subprocess.run([PYTHON, "-m", "pip", "install", "-q", *wanted], check=True)


# Run by the peers' Python, which has numpy.
MAKE = '''
import json, sys
import numpy as np
folder, images, truths, classes = sys.argv[1], *map(int, sys.argv[2:5])
counts = list(map(int, sys.argv[5:]))
rng = np.random.default_rng(1)
ids = np.sort(rng.choice(600000, images, replace=False) + 1)
names = np.sort(rng.choice(90, classes, replace=False) + 1)
share = 1 / np.arange(1, classes + 1) ** 0.8
share /= share.sum()

def boxes(n):
    w = np.exp(rng.normal(4, 1, n)).clip(2, 600)
    h = np.exp(rng.normal(4, 1, n)).clip(2, 440)
    return np.stack([rng.random(n) * (640 - w), rng.random(n) * (480 - h),
                     w, h], 1)

image = np.sort(rng.integers(0, images, truths))
kind = rng.choice(classes, truths, p=share)
box = boxes(truths).round(2)
crowd = rng.random(truths) < 0.012
outline = (rng.random((truths, 10, 2)) * box[:, None, 2:]
           + box[:, None, :2]).round(2).reshape(truths, -1)
json.dump(dict(
    images=[dict(id=int(i), file_name=f"{i:012d}.jpg", width=640, height=480)
            for i in ids],
    annotations=[dict(segmentation=[outline[i].tolist()],
                      area=round(float(box[i, 2] * box[i, 3] * 0.6), 4),
                      iscrowd=int(crowd[i]), image_id=int(ids[image[i]]),
                      bbox=box[i].tolist(), category_id=int(names[kind[i]]),
                      id=i + 1) for i in range(truths)],
    categories=[dict(id=int(c), name=f"class {c}") for c in names]),
    open(f"{folder}/truth.json", "w"))
for n in counts:
    near = rng.random(n) < 0.6
    source = rng.integers(0, truths, n)
    where = np.where(near, image[source], rng.integers(0, images, n))
    what = np.where(near, kind[source], rng.choice(classes, n, p=share))
    jitter = rng.exponential(0.12, (n, 1)) * rng.normal(0, 1, (n, 4))
    there = box[source] + jitter * np.tile(box[source][:, 2:], 2)
    there[:, 2:] = np.abs(there[:, 2:]) + 0.5
    made = np.where(near[:, None], there, boxes(n)).astype(np.float32)
    score = np.where(near, rng.beta(2, 2, n), rng.beta(1, 6, n))
    score = score.astype(np.float32).astype(float).tolist()
    made = made.astype(float).tolist()
    with open(f"{folder}/results-{n}.json", "w") as out:
        comma = "["
        for j in np.argsort(where, kind="stable").tolist():
            out.write('%s{"image_id": %d, "category_id": %d, "bbox": %s, '
                      '"score": %r}' % (comma, ids[where[j]], names[what[j]],
                                        made[j], score[j]))
            comma = ", "
        out.write("]")
'''


def run(command):
    """Output, seconds and peak bytes of a process. A child starts with its
    parent's peak, so this process imports nothing large."""
    begin = time.perf_counter()
    process = subprocess.Popen([str(part) for part in command],
                               stdout=subprocess.PIPE, env={
                                   **os.environ,
                                   "RAYON_NUM_THREADS": str(options.threads)})
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{command[0]}: exit {process.returncode}")
    return json.loads(output), seconds, usage.ru_maxrss * 1024


def compare(folder, n):
    truth, results = folder / "truth.json", folder / f"results-{n}.json"
    times, inside, peaks, precision = {}, {}, {}, {}

    def note(who, seconds, within, peak, ap):
        times.setdefault(who, []).append(seconds)
        inside.setdefault(who, []).append(within)
        peaks[who] = max(peaks.get(who, 0), peak)
        precision[who] = ap

    peers = [peer for peer in options.peers
             if peer != "pycocotools" or n <= 200_000]
    for i in range(options.runs):
        made, seconds, peak = run(
            [options.binary, "coco-eval", truth, results, "--json",
             "--threads", options.threads])
        note("eyechart", seconds, seconds, peak, made["stats"]["AP"])
        for peer in peers:
            if peer in SLOW and i >= options.slow_runs:
                continue
            made, seconds, peak = run([PYTHON, "-c", PEER, peer, truth,
                                       results])
            note(peer, seconds, made[0], peak, made[1])
    print(f"\n{n} detections, {results.stat().st_size / 2**20:.0f} MiB, "
          f"truth {truth.stat().st_size / 2**20:.0f} MiB")
    for title, row in (("whole process", times),
                       ("inside, eyechart's the whole process", inside)):
        print(title)
        common.print_table(row, ours="eyechart")
    print("peak")
    for who, peak in peaks.items():
        print(f"  {who:24}{peak / 2**20:8.0f} MiB "
              f"{peak / peaks['eyechart']:8.2f}  AP {precision[who]!r}")
    assert max(precision.values()) - min(precision.values()) < 1e-9, precision


def main():
    prepare()
    common.print_machine(options.threads)
    print("versions  " + ", ".join(PACKAGES[peer] for peer in options.peers))
    with tempfile.TemporaryDirectory() as name:
        folder = options.folder or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        if not all((folder / f"results-{n}.json").exists()
                   for n in options.detections):
            subprocess.run([PYTHON, "-c", MAKE, folder, *map(str, (
                IMAGES, TRUTHS, CLASSES, *options.detections))], check=True)
        for n in options.detections:
            compare(folder, n)


if __name__ == "__main__":
    main()
