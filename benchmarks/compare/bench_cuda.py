#!/usr/bin/env python3
"""`eyechart bench` on a GPU: does the watch see it at work, and are there roofs?

Prints latency, what the watch saw and the roofs, and exits with 1 where the
watch looked at no busy GPU, saw others, or a roof or a point under it is
missing. With --device cpu, where nothing is watched, only the roofs are asked
for: so the script itself can be tried without a GPU.

    benchmarks/compare/bench_cuda.py --binary build/cuda/bin/eyechart
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import common


def main():
    parser = common.parser(__doc__)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--model", type=Path,
                        default=common.ROOT / "demo/checkpoints/dinov2")
    parser.add_argument("--seconds", type=float, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        out = Path(name) / "run"
        done = subprocess.run(
            [options.binary, "bench", options.model, "--device", options.device,
             "--min-seconds", str(options.seconds), "--batch-curve", "1,8,64",
             "--allow", "--json", "-o", out], check=False, capture_output=True,
            text=True)
        if done.returncode != 0:
            sys.exit(f"exit {done.returncode}\n{done.stderr}")
        made = json.loads(done.stdout)
        roofs = [json.loads(file.read_text())
                 for file in out.glob("artifacts/**/roofline.json")]
    latency = made["latency_ns"]["median"]
    print(f"median {latency / 1e6:.3f} ms, valid {made['valid']}",
          *made["reasons"], *made["warnings"], sep="\n  ")
    wrong = []
    gpus = made["meanwhile"]["gpus"]
    for gpu in gpus:
        print(json.dumps(gpu))
        if not gpu.get("looks_under_load"):
            wrong.append(f"{gpu['device']}: no look at it under load")
        if gpu.get("others"):
            wrong.append(f"{gpu['device']}: others at work")
    if options.device != "cpu" and not gpus:
        wrong.append("no GPU was watched")
    for roof in roofs:
        print(json.dumps({key: roof[key] for key in
                          ("device", "copy", "products", "points")}))
        if not roof["points"] or not roof["products"]:
            wrong.append(f"{roof['device']}: a roof without points")
    if not roofs:
        wrong.append("no roofline.json")
    print(*wrong, sep="\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
