#!/usr/bin/env python3
"""Class-aware NMS on a GPU by eyechart and by torchvision, the calls interleaved.

The boxes of nms.py, 80 classes at IoU 0.6, on the device before the clock runs;
timed are calls one after the other until the last is done, the indices staying
on the device. That the same boxes stay, index by index, is checked before.

    python3 benchmarks/compare/nms_cuda.py --probe build/cuda/tests/tensor_nms_probe
"""

import os
import tempfile
import time
from pathlib import Path

import common
import nms
import numpy as np
import torch
import torchvision
from safetensors.numpy import save_file

CALLS = {1000: 100, 10_000: 30, 30_000: 10}


def parse():
    parser = common.parser(__doc__)
    parser.add_argument("--probe", type=Path, help="tensor_nms_probe (default: "
                        "that of --binary's build)")
    parser.add_argument("--device", default="cuda", help="cpu: to try this file")
    parser.add_argument("--boxes", type=int, nargs="+", default=list(CALLS))
    options = common.parse(parser)
    options.probe = options.probe or (
        options.binary.resolve().parents[1] / "tests/tensor_nms_probe")
    return options


def torchvision_call(data, device):
    case = [torch.from_numpy(data[name]).to(device)
            for name in ("boxes", "scores", "classes")]

    def seconds(calls):
        if device != "cpu":
            torch.cuda.synchronize()
        begin = time.perf_counter()
        for _ in range(calls):
            torchvision.ops.batched_nms(*case, nms.IOU)
        if device != "cpu":
            torch.cuda.synchronize()
        return (time.perf_counter() - begin) / calls

    kept = torchvision.ops.batched_nms(*case, nms.IOU)
    return seconds, kept.cpu().numpy()


def compare(options, folder, kind, count):
    data = nms.make(kind, count, 1)
    setting = np.zeros((1, 12))
    setting[0, 3], setting[0, 4] = nms.IOU, -np.inf
    setting[0, 7], setting[0, 9] = 1, 0.5  # eta, sigma
    save_file(data | {"counts": np.array([count]), "options": setting},
              folder / "case.safetensors")
    ours = nms.Server(options.probe, "serve", folder / "case.safetensors",
                      options.device)
    theirs, kept = torchvision_call(data, options.device)
    nms.require_same(
        nms.kept_by_probe(folder, options.probe, options.device), kept)
    times = {"eyechart": [], "torchvision": []}
    calls = CALLS.get(count, 10)
    for run in range(options.runs + 1):
        seconds = float(ours.ask(calls)), theirs(calls)
        if run > 0:  # the first warms up
            for who, one in zip(times.values(), seconds):
                who.append(one)
    ours.close()
    print(f"\n{kind}, {count} boxes, {len(kept)} stay", flush=True)
    common.print_table(times, "eyechart", unit="ms", scale=1e3)


def main():
    options = parse()
    common.print_machine(os.cpu_count())
    if options.device != "cpu":
        print(f"device    {torch.cuda.get_device_name()}, CUDA "
              f"{torch.version.cuda}")
    common.print_versions(torch, torchvision)
    with tempfile.TemporaryDirectory() as scratch:
        for count in options.boxes:
            for kind in ("clustered", "uniform"):
                compare(options, Path(scratch), kind, count)


if __name__ == "__main__":
    main()
