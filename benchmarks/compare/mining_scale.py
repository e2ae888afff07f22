#!/usr/bin/env python3
"""What mining costs as the number of pictures grows.

Runs `eyechart mine` on made features of 10^4 to 10^6 pictures: clusters of five
whose pairs lie around the threshold, as in mining.py. For each size: seconds of
search and of verification, dot products made over those of an exhaustive search
(n (n - 1) / 2), the recall that is reported, and the process's greatest resident
memory, of which the mapped store is a part. Then the exponent of time against n,
by least squares on logarithms, and what it gives for ImageNet and 10^8 pictures.

There is no peer: what is compared is each engine with exhaustive search, by count
and not by time. Each size is run once.

    benchmarks/compare/mining_scale.py --engine faiss-ivf --n 10000 100000 1000000
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import common


def parse():
    parser = common.parser(__doc__)
    parser.add_argument("--n", type=int, nargs="+",
                        default=[10_000, 30_000, 100_000])
    parser.add_argument("--dim", type=int, default=768)
    parser.add_argument("--near-min", type=float, default=0.95)
    parser.add_argument("--engine", default="auto")
    parser.add_argument("--quantizer", default="none")
    parser.add_argument("--threads", type=int, default=2)
    return common.parse(parser)


options = parse()
common.limit_threads(options.threads)
sys.path.insert(0, str(common.ROOT / "tests/oracle"))
sys.dont_write_bytecode = True

import numpy as np  # noqa: E402
from made_store import make_store  # noqa: E402

IMAGENET = 1_281_167


def make_features(rng, n, dim):
    """Rows in clusters of five; in float32 all along, for a million are 3 GB."""
    centres = rng.standard_normal((n // 5, dim), np.float32)
    rows = rng.standard_normal((n, dim), np.float32)
    rows *= np.float32(np.sqrt(1 / options.near_min - 1))
    for begin in range(0, n, len(centres)):
        part = rows[begin:begin + len(centres)]
        part += centres[:len(part)]
    return rows


def mine(folder):
    command = [options.binary, "mine", "--near-store", folder / "near",
               "--far-store", folder / "far", "--near-min",
               str(options.near_min), "--engine", options.engine,
               "--quantizer", options.quantizer, "--threads",
               str(options.threads), "-o", folder / "out", "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    text = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        raise SystemExit(f"mine ended with {status}")
    return json.loads(text), usage.ru_maxrss / 1024


def main():
    common.print_machine(options.threads)
    common.print_versions(np)
    print(f"data      {options.dim} values, clusters of five, near-min "
          f"{options.near_min}, quantizer {options.quantizer}")
    print(f"{'n':>10}{'engine':>11}{'near pairs':>12}{'recall':>9}"
          f"{'s':>10}{'products':>12}{'fewer':>8}{'MiB':>8}", flush=True)
    rng = np.random.default_rng(1)
    sizes, seconds = [], []
    for n in options.n:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            ids = [f"p{i:07d}" for i in range(n)]
            make_store(folder / "near", make_features(rng, n, options.dim), ids)
            make_store(folder / "far", make_features(rng, n, 32), ids)
            result, peak = mine(folder)
        cost = result["seconds"]["search"] + result["seconds"]["verify"]
        sizes.append(n)
        seconds.append(cost)
        products = result["products"]
        recall = result["recall"]
        print(f"{n:>10}{result['engine']:>11}{result['near_pairs']:>12}"
              f"{'-' if recall is None else f'{recall:.4f}':>9}{cost:>10.1f}"
              f"{'-' if products is None else f'{products:.2e}':>12}"
              + (f"{'-':>8}" if products is None
                 else f"{n * (n - 1) / 2 / products:>7.0f}x")
              + f"{peak:>8.0f}", flush=True)
    if len(sizes) > 1:
        slope, level = np.polyfit(np.log(sizes), np.log(seconds), 1)
        print(f"\nseconds ~ n^{slope:.2f}; ", end="")
        for name, n in (("ImageNet", IMAGENET), ("10^8", 10**8)):
            hours = np.exp(level + slope * np.log(n)) / 3600
            print(f"{name} {hours:,.1f} h", end="  ")
        print("by that line, on this machine")


if __name__ == "__main__":
    main()
