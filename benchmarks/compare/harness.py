#!/usr/bin/env python3
"""Our harness and the two that people trust, on the same function and the same
command, the runs interleaved.

  nms, resize  a function of eyechart-micro: Google Benchmark's mean time of a
               call in one repetition, and the single-stream scenario of our
               load generator (harness_probe). A run of either is a process of
               its own; their order is drawn anew each time.
  command      a program from its start to its end: `eyechart bench --command`
               and hyperfine without a shell between. Where hyperfine is not on
               PATH its place is taken by a loop in Python that does the same:
               a start, a wait, a clock around both.
  same         nms against itself, 100 times 20 blocks ABBA: in how many the
               interval of the ratio holds 1. It should in 95 or more.

Google Benchmark clocks many calls at once: its number is the mean of a
repetition. Ours clocks each call. The same of both is the mean of a run, and the
verdict is on its median over the runs: they should agree within --within. Our
median of the calls is printed beside it: other programs that take the processor
away from a few calls move the means and not that. For the command both sides give
the median of the starts.

    benchmarks/compare/harness.py --binary build/release/bin/eyechart
"""

import json
import random
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import common

FUNCTIONS = {"nms": "Nms/torchvision/1000",
             "resize": "Resize/bicubic/640/480/224"}


def parse():
    parser = common.parser(__doc__)
    parser.add_argument("--part", nargs="+", choices=[*FUNCTIONS, "command", "same"],
                        default=[*FUNCTIONS, "command", "same"])
    parser.add_argument("--micro", type=Path,
                        help="eyechart-micro (default: beside --binary)")
    parser.add_argument("--probe", type=Path,
                        help="harness_probe (default: of --binary's build)")
    parser.add_argument("--command", default="",
                        help="what to run (default: --binary list --json)")
    parser.add_argument("--hyperfine", type=Path,
                        default=shutil.which("hyperfine"),
                        help="default: the one on PATH, if any")
    parser.add_argument("--seconds", type=float, default=1,
                        help="of a run of a function")
    parser.add_argument("--starts", type=int, default=100,
                        help="of the command, a run")
    parser.add_argument("--within", type=float, default=0.03)
    return common.parse(parser)


options = parse()


def output_of(command):
    done = subprocess.run([str(part) for part in command], check=False,
                          capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{command[0]}: exit {done.returncode}\n{done.stderr}")
    return done.stdout


def google_benchmark(name):
    """ns a call of one repetition, wall and processor time."""
    made = json.loads(output_of(
        [options.micro, f"--benchmark_filter=^{name}$",
         "--benchmark_repetitions=1", "--benchmark_format=json",
         f"--benchmark_min_time={options.seconds}"]))
    rows = [row for row in made["benchmarks"]
            if row.get("run_type", "iteration") == "iteration"]
    assert len(rows) == 1, rows
    scale = {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}[rows[0]["time_unit"]]
    return {"Google Benchmark, mean": rows[0]["real_time"] * scale,
            "Google Benchmark, CPU": rows[0]["cpu_time"] * scale}


def our_function(subject):
    made = json.loads(output_of([options.probe, subject, options.seconds]))
    return {"eyechart, mean": made["mean_ns"],
            "eyechart, median": made["median_ns"]}


def our_command(command):
    made = json.loads(output_of(
        [options.binary, "bench", "--command", command, "--json", "--allow",
         "--scenario", "single-stream", "--min-seconds", 0,
         "--min-queries", options.starts]))
    return {"eyechart, median": made["latency_ns"]["median"]}


def hyperfine(command):
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "times.json"
        output_of([options.hyperfine, "-N", "--style", "none", "--warmup", 10,
                   "--runs", options.starts, "--export-json", out, command])
        made = json.loads(out.read_text())
    return {"hyperfine, median": made["results"][0]["median"] * 1e9}


def python_loop(command):
    words, times = shlex.split(command), []
    for i in range(10 + options.starts):
        begin = time.perf_counter()
        subprocess.run(words, stdin=subprocess.DEVNULL, check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        times.append(time.perf_counter() - begin)
    return {"Python loop, median": statistics.median(times[10:]) * 1e9}


def compare(title, sides, ours, theirs):
    """Runs the sides in a drawn order, prints both and says whether the row
    `ours` agrees with `theirs`."""
    times = {}
    order = random.Random(title)
    for run in range(options.runs + 1):
        for side in order.sample(sides, len(sides)):
            for who, ns in side().items():
                if run > 0:  # the first warms the files up
                    times.setdefault(who, []).append(ns)
    print(f"\n{title}, {options.runs} runs")
    common.print_table(times, ours, unit="us", scale=1e-3)
    ratio = statistics.median(times[ours]) / statistics.median(times[theirs])
    best = min(times[ours]) / min(times[theirs])
    agree = abs(ratio - 1) <= options.within
    print(f"{ours} over {theirs}: {ratio:.4f}, "
          f"{'within' if agree else 'NOT within'} {options.within:.0%} "
          f"(the best runs: {best:.4f})")
    return agree


def main():
    options.micro = options.micro or options.binary.parent / "eyechart-micro"
    options.probe = (options.probe or
                     options.binary.parents[1] / "tests/harness_probe")
    command = options.command or shlex.join([str(options.binary), "list",
                                             "--json"])
    common.print_machine(1)
    agree = []
    for part in options.part:
        if part == "command":
            peer, theirs = ((hyperfine, "hyperfine, median")
                            if options.hyperfine else
                            (python_loop, "Python loop, median"))
            agree.append(compare(
                f"command: {command}",
                [lambda: our_command(command), lambda: peer(command)],
                "eyechart, median", theirs))
        elif part == "same":
            made = json.loads(output_of([options.probe, "same", 100]))
            print(f"\nthe same function twice: the interval held 1 in "
                  f"{made['inside']} of {made['repetitions']} repetitions")
            agree.append(made["inside"] >= 95)
        else:
            name = FUNCTIONS[part]
            agree.append(compare(
                f"function: {name}",
                [lambda: our_function(part), lambda: google_benchmark(name)],
                "eyechart, mean", "Google Benchmark, mean"))
    return 0 if all(agree) else 1


if __name__ == "__main__":
    sys.exit(main())
