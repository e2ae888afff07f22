#!/usr/bin/env python3
"""Near pairs of the same features by eyechart, faiss, usearch and numpy.

The runs are interleaved, so that whatever else the machine does meets all of
them; best and median of each and the ratios are printed. eyechart's time is
`seconds.search + seconds.verify` of its own JSON: reading the stores, the
search, and the far test that the two peers do not make; the wall time of its
whole process is printed beside it. The peers start from float32 arrays in
memory and their time is normalisation and search. numpy multiplies the upper
triangle only; faiss and usearch have no such thing and search the square.
usearch's exact search returns the k nearest, not those within a distance, and
costs the same whatever k is: a part of the queries is searched and its time
multiplied. "faiss, linked" is eyechart's own engine of that name, which searches
the upper triangle with the library's flat index. The ceiling is one float32
matrix product of 4096 x dim x 4096 by LibTorch, scaled to the upper triangle: an
engine that is above it has avoided products.

    benchmarks/compare/mining.py --binary build/release/bin/eyechart
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
    parser.add_argument("--n", type=int, default=20000, help="pictures")
    parser.add_argument("--dim", type=int, default=768)
    parser.add_argument("--near-min", type=float, default=0.95)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--usearch-queries", type=int, default=500,
                        help="of --n that are searched; 0: none")
    parser.add_argument("--data", choices=["clustered", "random"],
                        default="clustered",
                        help="clustered: pairs around the threshold")
    return common.parse(parser)


options = parse()
common.limit_threads(options.threads)
sys.path.insert(0, str(common.ROOT / "tests/oracle"))
sys.dont_write_bytecode = True

import faiss  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402
import usearch  # noqa: E402
import usearch.index  # noqa: E402
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


def by_eyechart(folder, engine="exact"):
    begin = time.perf_counter()
    run = subprocess.run(
        [options.binary, "mine", "--near-store", folder / "near",
         "--far-store", folder / "far", "--near-min", str(options.near_min),
         "--engine", engine, "--threads", str(options.threads),
         "-o", folder / "out", "--json"],
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


def by_usearch(rows):
    some = options.usearch_queries
    begin = time.perf_counter()
    usearch.index.search(rows, rows[:some], 10, "cos", exact=True,
                         threads=options.threads)
    return (time.perf_counter() - begin) * len(rows) / some


def ceiling():
    side = 4096
    a = torch.full((side, options.dim), 0.5)
    torch.mm(a, a.T)
    begin = time.perf_counter()
    torch.mm(a, a.T)
    seconds = time.perf_counter() - begin
    return seconds * options.n * (options.n - 1) / 2 / side**2


def main():
    torch.set_num_threads(options.threads)
    faiss.omp_set_num_threads(options.threads)
    rng = np.random.default_rng(1)
    rows = make_features(rng)
    common.print_machine(options.threads)
    common.print_versions(faiss, usearch, np, torch)
    print(f"data      {options.n} x {options.dim} {options.data}, "
          f"near-min {options.near_min}, {options.runs} interleaved runs")
    times = {"eyechart": [], "eyechart, process": [], "ceiling": [],
             "faiss": [], "faiss, linked": [], "numpy": []}
    if options.usearch_queries > 0:
        times["usearch"] = []
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
            times["ceiling"].append(ceiling())
            seconds, _, pairs = by_eyechart(folder, "faiss-flat")
            times["faiss, linked"].append(seconds)
            assert pairs == counts[0], (pairs, counts)
            if options.usearch_queries > 0:
                times["usearch"].append(by_usearch(rows))
            for peer, search in (("faiss", by_faiss), ("numpy", by_numpy)):
                seconds, pairs = search(rows)
                times[peer].append(seconds)
                counts.append(pairs)
    print(f"near      {counts[0]} pairs; faiss {counts[1]}, numpy {counts[2]} "
          "(float32 alone decides theirs)")
    print()
    common.print_table(times, ours="eyechart")


if __name__ == "__main__":
    main()
