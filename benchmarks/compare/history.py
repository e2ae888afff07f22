#!/usr/bin/env python3
"""What a long history costs: nightly runs made up from a seed, some of whose
results change at one night, added to a history, and each command that reads it
timed as a whole process.

There is no peer that keeps the same; the limits are our own (100,000 results:
the gate in 2 s, the report in 5 s).

    benchmarks/compare/history.py --nights 100 --results 1000
"""

import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import common


def parse():
    parser = common.parser(__doc__)
    parser.add_argument("--nights", type=int, default=100)
    parser.add_argument("--results", type=int, default=1000, help="a night")
    return common.parse(parser)


def make_run(folder, night, options, rng):
    folder.mkdir()
    (folder / "environment.json").write_text('{"schema": 1, "cpu": "made"}')
    (folder / "suite.toml").write_text("# made by benchmarks/compare\n")
    lines = []
    for i in range(options.results):
        encoder, dataset = f"encoder{i % 50}", f"data{i // 50}"
        value = 0.5 + 0.3 * (i * 37 % 100) / 100 + rng.gauss(0, 0.004)
        if i % 40 == 0 and night > options.nights * 0.6:
            value += 0.05
        lines.append(json.dumps({
            "schema": 1, "run": folder.name,
            "cell": f"{encoder}/knn/{dataset}/default", "encoder": encoder,
            "task": "knn", "dataset": dataset, "setting": {}, "metric": "top1",
            "value": value, "unit": "1", "direction": "higher", "n": 1000,
            "ci": {"low": value - 0.03, "high": value + 0.03, "level": 0.95,
                   "method": "wilson"},
            "status": "ok", "message": "", "environment": "e",
            "weights_sha256": "w", "preprocess_sha256": "p",
            "dataset_sha256": "d",
            "started": f"{2020 + night // 336}-{night // 28 % 12 + 1:02}-"
                       f"{night % 28 + 1:02}T10:00:00Z",
            "seconds": 1.0}))
    (folder / "records.jsonl").write_text("\n".join(lines) + "\n")


def seconds_of(command, codes=(0,)):
    begin = time.perf_counter()
    done = subprocess.run([str(part) for part in command], text=True,
                          capture_output=True, check=False)
    took = time.perf_counter() - begin
    if done.returncode not in codes:
        sys.exit(f"{command}: exit {done.returncode}\n{done.stderr}")
    return took


def main():
    options = parse()
    rng = random.Random(1)
    common.print_machine(2)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        runs = [folder / f"night{i:04}" for i in range(options.nights)]
        for night, run in enumerate(runs):
            make_run(run, night, options, rng)
        db, last, binary = folder / "h.sqlite", runs[-1], options.binary
        print(f"\n{options.nights} runs of {options.results} results\n"
              f"add all    "
              f"{seconds_of([binary, 'history', 'add', *runs, '--db', db]):6.2f}"
              " s, once")
        commands = {
            # Any verdict will do.
            "gate": ([binary, "gate", last, "--baseline", db], (0, 1, 3)),
            "report": ([binary, "report", last, "--history", db, "-o",
                        folder / "r.html"], (0,)),
            "changes": ([binary, "history", "changes", "--db", db], (0,)),
        }
        times = {}
        for _ in range(options.runs):
            for who, (command, codes) in commands.items():
                times.setdefault(who, []).append(seconds_of(command, codes))
        for who, each in times.items():
            print(f"{who:<10} {min(each):6.2f} s best, "
                  f"{sorted(each)[len(each) // 2]:.2f} s median of {len(each)}")


if __name__ == "__main__":
    main()
