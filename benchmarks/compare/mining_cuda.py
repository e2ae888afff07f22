#!/usr/bin/env python3
"""Near pairs on a GPU by eyechart and by the tiled matrix product that one would
write in PyTorch, on the same features, in turn.

eyechart's time is `seconds.search + seconds.verify` of its own JSON: from the
stores on disk to the pairs, the far test and the check in double precision
included; "process" is the whole command. PyTorch starts from a float32 array in
pinned memory: copy, normalisation, the upper triangle in tiles, what is above
the threshold back to the host; float32 without TF32, and bfloat16, whose pairs
are not the same and are counted. The ceiling is one float32 product of a tile,
scaled to the upper triangle. eyechart's own CPU path runs --cpu-runs times.

    python3 benchmarks/compare/mining_cuda.py --binary build/cuda/bin/eyechart
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import common

sys.path.insert(0, str(common.ROOT / "tests/oracle"))
sys.dont_write_bytecode = True

import torch  # noqa: E402
from made_store import make_store  # noqa: E402


def parse():
    parser = common.parser(__doc__)
    parser.add_argument("--n", type=int, default=200_000, help="pictures")
    parser.add_argument("--dim", type=int, default=768)
    parser.add_argument("--far-dim", type=int, default=256)
    parser.add_argument("--near-min", type=float, default=0.95)
    parser.add_argument("--tile", type=int, default=16384)
    parser.add_argument("--device", default="cuda", help="cpu: to try this file")
    parser.add_argument("--cpu-runs", type=int, default=1)
    return common.parse(parser)


options = parse()
ON_GPU = options.device != "cpu"


def make_features(dim, seed):
    """Fives around a centre, with cosines around the threshold."""
    generator = torch.Generator(options.device).manual_seed(seed)

    def normal(count):
        return torch.randn(count, dim, generator=generator,
                           device=options.device)
    centres = normal(options.n // 5)
    own = torch.arange(options.n, device=options.device) % len(centres)
    rows = centres[own] + (1 / options.near_min - 1) ** 0.5 * normal(options.n)
    return rows.cpu()


def by_eyechart(folder, device):
    begin = time.perf_counter()
    run = subprocess.run(
        [options.binary, "mine", "--near-store", folder / "near",
         "--far-store", folder / "far", "--near-min", str(options.near_min),
         "--engine", "exact", "--device", device, "-o", folder / "out",
         "--json"], capture_output=True, text=True)
    wall = time.perf_counter() - begin
    assert run.returncode == 0, run.stderr
    result = json.loads(run.stdout)
    seconds = result["seconds"]["search"] + result["seconds"]["verify"]
    return seconds, wall, result["near_pairs"]


def by_torch(host, kind):
    if ON_GPU:
        torch.cuda.synchronize()
    begin = time.perf_counter()
    rows = host.to(options.device, non_blocking=True)
    rows = (rows / rows.norm(dim=1, keepdim=True)).to(kind)
    count, side = 0, options.tile
    for top in range(0, len(rows), side):
        for left in range(top, len(rows), side):
            cosines = rows[top:top + side] @ rows[left:left + side].T
            above = cosines > options.near_min
            if left == top:
                above.triu_(1)
            pairs = above.nonzero().cpu()
            cosines[above].float().cpu()
            count += len(pairs)
    return time.perf_counter() - begin, count


def ceiling():
    a = torch.randn(options.tile, options.dim, device=options.device)
    torch.mm(a, a.T)
    if ON_GPU:
        torch.cuda.synchronize()
    begin = time.perf_counter()
    for _ in range(4):
        torch.mm(a, a.T)
    if ON_GPU:
        torch.cuda.synchronize()
    seconds = (time.perf_counter() - begin) / 4
    return seconds * options.n * (options.n - 1) / 2 / options.tile**2


def main():
    torch.backends.cuda.matmul.allow_tf32 = False
    common.print_machine(os.cpu_count())
    if ON_GPU:
        print(f"device    {torch.cuda.get_device_name()}, CUDA "
              f"{torch.version.cuda}")
    common.print_versions(torch)
    print(f"data      {options.n} x {options.dim}, near-min "
          f"{options.near_min}, {options.runs} interleaved runs", flush=True)
    times = {"eyechart": [], "eyechart, process": [], "ceiling": [],
             "torch fp32": [], "torch bf16": []}
    counts = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        host = make_features(options.dim, 1)
        ids = [f"p{i:06d}" for i in range(options.n)]
        make_store(folder / "near", host.numpy(), ids)
        make_store(folder / "far", make_features(options.far_dim, 2).numpy(),
                   ids)
        if ON_GPU:
            host = host.pin_memory()
        for run in range(options.runs + 1):
            seconds, wall, counts["eyechart"] = by_eyechart(folder,
                                                            options.device)
            one = {"eyechart": seconds, "eyechart, process": wall,
                   "ceiling": ceiling()}
            for peer, kind in (("torch fp32", torch.float32),
                               ("torch bf16", torch.bfloat16)):
                one[peer], counts[peer] = by_torch(host, kind)
            if run > 0:  # the first warms up
                for who, value in one.items():
                    times[who].append(value)
        for _ in range(options.cpu_runs if ON_GPU else 0):
            seconds, _, pairs = by_eyechart(folder, "cpu")
            times.setdefault("eyechart, CPU", []).append(seconds)
            assert pairs == counts["eyechart"], (pairs, counts)
    print("near      " + ", ".join(f"{who} {n}" for who, n in counts.items()) +
          " (torch decides in its own precision)\n")
    common.print_table(times, ours="eyechart")


if __name__ == "__main__":
    main()
