#!/usr/bin/env python3
"""Near pairs of the same features by eyechart, faiss-cpu and numpy.

The runs are interleaved, so that whatever else the machine does meets all
three; best and median of each and the ratios are printed. eyechart's time is
`seconds.search + seconds.verify` of its own JSON: reading the stores, the
search, and the far test that the two peers do not make; the wall time of its
whole process is printed beside it. The peers start from float32 arrays in
memory and their time is normalisation and search. numpy multiplies the upper
triangle only; faiss has no such thing and searches the square.

    benchmarks/compare/mining.py --binary build/release/bin/eyechart
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def parse():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--binary", type=Path,
                        default=ROOT / "build/release/bin/eyechart")
    parser.add_argument("--n", type=int, default=20000, help="pictures")
    parser.add_argument("--dim", type=int, default=768)
    parser.add_argument("--near-min", type=float, default=0.95)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--data", choices=["clustered", "random"],
                        default="clustered",
                        help="clustered: pairs around the threshold")
    options = parser.parse_args()
    if options.runs < 7:
        parser.error("--runs: best and median of fewer than 7 say little")
    return options


options = parse()
# Before numpy and faiss are loaded: they read it once.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = str(options.threads)
sys.path.insert(0, str(ROOT / "tests/oracle"))
sys.dont_write_bytecode = True

import faiss  # noqa: E402
import numpy as np  # noqa: E402
from made_store import make_store  # noqa: E402


def make_features(rng):
    shape = (options.n, options.dim)
    rows = rng.standard_normal(shape)
    if options.data == "clustered":
        centres = rng.standard_normal((options.n // 5, options.dim))
        rows = centres[np.arange(options.n) % len(centres)] + np.sqrt(
            1 / options.near_min - 1) * rows
    return rows.astype(np.float32)


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def by_eyechart(folder):
    begin = time.perf_counter()
    run = subprocess.run(
        [options.binary, "mine", "--near-store", folder / "near",
         "--far-store", folder / "far", "--near-min", str(options.near_min),
         "--engine", "exact", "-o", folder / "out", "--json"],
        check=True, capture_output=True)
    wall = time.perf_counter() - begin
    result = json.loads(run.stdout)
    seconds = result["seconds"]["search"] + result["seconds"]["verify"]
    return seconds, wall, result["near_pairs"]


def by_faiss(rows):
    begin = time.perf_counter()
    rows = unit(rows)
    index = faiss.IndexFlatIP(options.dim)
    index.add(rows)
    limits, _, neighbours = index.range_search(rows, options.near_min)
    queries = np.repeat(np.arange(len(rows)), np.diff(limits.astype(np.int64)))
    pairs = int((neighbours > queries).sum())
    return time.perf_counter() - begin, pairs


def by_numpy(rows, block=2048):
    begin = time.perf_counter()
    rows = unit(rows)
    pairs = 0
    for top in range(0, len(rows), block):
        for left in range(top, len(rows), block):
            cosines = rows[top:top + block] @ rows[left:left + block].T
            i, j = np.nonzero(cosines > options.near_min)
            pairs += int((left + j > top + i).sum())
    return time.perf_counter() - begin, pairs


def processor():
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor()


def main():
    faiss.omp_set_num_threads(options.threads)
    rng = np.random.default_rng(1)
    rows = make_features(rng)
    print(f"machine   {processor()}, {os.cpu_count()} threads, "
          f"{options.threads} used, load {os.getloadavg()[0]:.1f}")
    print(f"versions  faiss {faiss.__version__}, numpy {np.__version__}, "
          f"Python {platform.python_version()}")
    print(f"data      {options.n} x {options.dim} {options.data}, "
          f"near-min {options.near_min}, {options.runs} interleaved runs")
    times = {"eyechart": [], "eyechart, process": [], "faiss": [], "numpy": []}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ids = [f"p{i:06d}" for i in range(options.n)]
        make_store(folder / "near", rows, ids)
        make_store(folder / "far", make_features(rng), ids)
        for _ in range(options.runs):
            seconds, wall, pairs = by_eyechart(folder)
            times["eyechart"].append(seconds)
            times["eyechart, process"].append(wall)
            counts = [pairs]
            for peer, search in (("faiss", by_faiss), ("numpy", by_numpy)):
                seconds, pairs = search(rows)
                times[peer].append(seconds)
                counts.append(pairs)
    print(f"near      {counts[0]} pairs; faiss {counts[1]}, numpy {counts[2]} "
          "(float32 alone decides theirs)")
    print(f"\n{'':18}{'best s':>10}{'median s':>10}"
          f"{'best ratio':>12}{'median ratio':>14}")
    ours = times["eyechart"]
    for who, seconds in times.items():
        best, median = min(seconds), statistics.median(seconds)
        print(f"{who:18}{best:10.3f}{median:10.3f}{best / min(ours):12.2f}"
              f"{median / statistics.median(ours):14.2f}")


if __name__ == "__main__":
    main()
