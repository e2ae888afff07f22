#!/usr/bin/env python3
"""Our harness and the two that people trust, on the same function and the same
command, the runs interleaved; and our harness against itself.

  nms, resize  a function, means and medians of its calls. Means: Google
               Benchmark's of one repetition of --seconds (harness_google), and
               that of the single-stream scenario of our load generator
               (harness_probe). Medians: of --calls calls that Google Benchmark
               clocked one by one, each a repetition of its own, and of the
               calls of the same run of ours. A run of any is a process of its
               own; their order is drawn anew each time.
  command      a program from its start to its end: `eyechart bench --command`
               and hyperfine without a shell between. Where hyperfine is not on
               PATH its place is taken by a loop in Python that does the same:
               a start, a wait, a clock around both. Medians of the starts.
  same         nms against itself in one process, 100 times 20 blocks ABBA: in
               how many the interval of the ratio holds 1. It should in 95 or
               more.
  processes    the same with processes, by the product's own means:
               --repetitions times `eyechart gate --ab P P`, where P is one
               program, measures --pairs interleaved pairs (ABBA or BAAB); in how
               many the gate's interval of the difference of medians holds 0. It
               should in 95 of 100. P is harness_probe on nms for --turn seconds,
               or with --suite --binary itself on a cell with a latency.
  overhead     what the harness adds to a query, as `eyechart bench` tells it of
               a model and of a command, and harness_probe of a function; there
               also the time that passed between calls of the run itself. The
               largest of --runs has to be below --overhead-us.

Means and medians should agree within --within; the verdict is on the median over
the runs. Reading a clock takes time too, and some of that is in each call: what
either harness says of a call that does nothing is printed beside the medians, and
nothing is subtracted from what is judged. Other programs that take the processor
away from a few calls move means and not medians.

The exit status is 0 where every part that was asked for holds.

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
PARTS = [*FUNCTIONS, "command", "same", "processes", "overhead"]
UNITS = {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}
OWN = "a call of nothing, "  # what begins so is no time of the function


def parse():
    parser = common.parser(__doc__)
    parser.add_argument("--part", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--probe", type=Path,
                        help="harness_probe (default: of --binary's build)")
    parser.add_argument("--google", type=Path,
                        help="harness_google (default: beside harness_probe)")
    parser.add_argument("--command", default="",
                        help="what to run (default: --binary list --json)")
    parser.add_argument("--hyperfine", type=Path,
                        default=shutil.which("hyperfine"),
                        help="default: the one on PATH, if any")
    parser.add_argument("--seconds", type=float, default=1,
                        help="of a run of a function")
    parser.add_argument("--calls", type=int, default=1000,
                        help="clocked one by one by Google Benchmark, a run")
    parser.add_argument("--starts", type=int, default=100,
                        help="of the command, a run")
    parser.add_argument("--within", type=float, default=0.03)
    parser.add_argument("--repetitions", type=int, default=100,
                        help="of same and processes")
    parser.add_argument("--pairs", type=int, default=16,
                        help="of processes in a repetition, 7 or more")
    parser.add_argument("--turn", type=float, default=0.03,
                        help="seconds of calls in a process")
    parser.add_argument("--suite", type=Path,
                        help="processes: --binary on this, not the probe")
    parser.add_argument("--filter", default="*",
                        help="of --suite: the one cell that is measured")
    parser.add_argument("--model", type=Path,
                        default=common.ROOT / "demo/checkpoints/dinov2",
                        help="overhead: what is measured beside a command")
    parser.add_argument("--overhead-us", type=float, default=20)
    made = common.parse(parser)
    for name in ("calls", "starts", "repetitions"):
        if getattr(made, name) < 1:
            parser.error(f"--{name}: should be 1 or more")
    if made.pairs < 7:
        parser.error("--pairs: the gate takes 7 or more")
    return made


options = parse()


def output_of(command, good=(0,)):
    done = subprocess.run([str(part) for part in command], check=False,
                          capture_output=True, text=True)
    if done.returncode not in good:
        sys.exit(f"{command[0]}: exit {done.returncode}\n{done.stderr}")
    return done.stdout


def google_times(program, name, flags):
    """Rows of the repetitions, real times in ns."""
    made = json.loads(output_of(
        [program, f"--benchmark_filter=^{name}$", "--benchmark_format=json",
         *flags]))
    return [row["real_time"] * UNITS[row["time_unit"]]
            for row in made["benchmarks"]
            if row.get("run_type", "iteration") == "iteration"]


def google_mean(subject):
    """ns a call of one repetition."""
    times = google_times(
        options.google, f"{subject}/loop",
        ["--benchmark_repetitions=1",
         f"--benchmark_min_time={options.seconds}"])
    assert len(times) == 1, times
    return {"Google Benchmark, mean": times[0]}


def google_median(subject):
    """ns of the middle call, of the function and of nothing."""
    medians = []
    for one in (subject, "nothing"):
        times = google_times(
            options.google, f"{one}/iterations:1",
            [f"--benchmark_repetitions={options.calls}"])
        assert len(times) == options.calls, len(times)
        medians.append(statistics.median(times))
    return {"Google Benchmark, median": medians[0],
            OWN + "Google Benchmark": medians[1]}


def our_function(subject):
    made = json.loads(output_of([options.probe, subject, options.seconds]))
    nothing = json.loads(output_of([options.probe, "nothing", 0.01]))
    return {"eyechart, mean": made["mean_ns"],
            "eyechart, median": made["median_ns"],
            OWN + "eyechart": nothing["median_ns"]}


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


def compare(title, sides, verdicts):
    """Runs the sides in a drawn order and prints what they say.

    Args:
      sides: functions that return {who: ns}.
      verdicts: pairs (ours, theirs) of such names.
    Returns:
      whether all pairs agree.
    """
    times = {}
    order = random.Random(title)
    for run in range(options.runs + 1):
        for side in order.sample(sides, len(sides)):
            for who, ns in side().items():
                if run > 0:  # the first warms the files up
                    times.setdefault(who, []).append(ns)
    print(f"\n{title}, {options.runs} runs")
    common.print_table(times, verdicts[-1][0], unit="us", scale=1e-3)
    agree = []
    for ours, theirs in verdicts:
        middle = {who: statistics.median(times[who]) for who in (ours, theirs)}
        ratio = middle[ours] / middle[theirs]
        best = min(times[ours]) / min(times[theirs])
        agree.append(abs(ratio - 1) <= options.within)
        print(f"{ours} over {theirs}: {ratio:.4f}, "
              f"{'within' if agree[-1] else 'NOT within'} {options.within:.0%} "
              f"(the best runs: {best:.4f})")
        own = [statistics.median(times.get(OWN + who.split(",")[0], [0]))
               for who in (ours, theirs)]
        if ours.endswith("median") and any(own):
            shares = [own[0] / middle[ours], own[1] / middle[theirs]]
            rest = (middle[ours] - own[0]) / (middle[theirs] - own[1])
            print(f"  of these medians a call of nothing is {shares[0]:.2%} "
                  f"and {shares[1]:.2%}; without, which is not judged: "
                  f"{rest:.4f}")
    return all(agree)


def compare_function(part):
    name = FUNCTIONS[part]
    return compare(
        f"function: {name}",
        [lambda: our_function(part), lambda: google_mean(part),
         lambda: google_median(part)],
        [("eyechart, mean", "Google Benchmark, mean"),
         ("eyechart, median", "Google Benchmark, median")])


def compare_command():
    command = options.command or shlex.join([str(options.binary), "list",
                                             "--json"])
    peer, theirs = ((hyperfine, "hyperfine, median") if options.hyperfine else
                    (python_loop, "Python loop, median"))
    return compare(f"command: {command}",
                   [lambda: our_command(command), lambda: peer(command)],
                   [("eyechart, median", theirs)])


def enough(inside):
    """Prints the count; 95 of 100 are asked for."""
    holds = inside >= 0.95 * options.repetitions
    print(f"the interval held no difference in {inside} of "
          f"{options.repetitions}, {'' if holds else 'NOT '}95 % or more")
    return holds


def same():
    made = json.loads(output_of([options.probe, "same", options.repetitions]))
    print("\nthe same function twice in one process, 20 blocks ABBA")
    return enough(made["inside"])


def gate_itself(program, suite, seed):
    """The gate's row of the one latency, of `program` against itself."""
    made = json.loads(output_of(
        [options.binary, "gate", "--ab", program, program, "--suite", suite,
         "--filter", options.filter, "--pairs", options.pairs,
         "--seed", seed, "--json"], good=(0, 1)))
    rows = [row for row in made["cells"] if row["metric"] == "latency_median"]
    if len(rows) != 1 or not rows[0]["test"].startswith("signed-rank"):
        sys.exit(f"gate --ab {program}: one cell with a latency in pairs was "
                 f"wanted; narrow --filter: {rows}")
    return rows[0]


def processes():
    program = options.binary if options.suite else options.probe
    begin = time.perf_counter()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        suite = options.suite
        if not suite:
            suite = Path(folder) / "suite.json"
            suite.write_text(json.dumps({"subject": "nms",
                                         "seconds": options.turn}))
        for seed in range(options.repetitions):
            rows.append(gate_itself(program, suite, seed))
    inside = sum(row["ci"]["low"] <= 0 <= row["ci"]["high"] for row in rows)
    shifts = [abs(row["difference"]) / row["baseline"] for row in rows]
    widths = [(row["ci"]["high"] - row["ci"]["low"]) / 2 / row["baseline"]
              for row in rows]
    verdicts = {}
    for row in rows:
        verdicts[row["verdict"]] = verdicts.get(row["verdict"], 0) + 1
    print(f"\nprocesses of {program.name} twice, {rows[0]['n']} pairs, "
          f"{time.perf_counter() - begin:.0f} s")
    print(f"difference: median {statistics.median(shifts):.2%}, largest "
          f"{max(shifts):.2%}; half the interval: median "
          f"{statistics.median(widths):.2%}; the gate's verdicts: {verdicts}")
    return enough(inside)


def bench_overhead(subject):
    """us a query, as the result tells it."""
    made = json.loads(output_of(
        [options.binary, "bench", *subject, "--json", "--allow", "--scenario",
         "single-stream", "--min-seconds", 0, "--min-queries", 100]))
    return made["overhead_ns"]["total"] * 1e-3


def overhead():
    seen = {}
    for _ in range(options.runs):
        function = json.loads(output_of([options.probe, "nms", 0.1]))
        for who, us in {
                f"bench {options.model.name}": bench_overhead([options.model]),
                "bench --command": bench_overhead(
                    ["--command", shutil.which("true")]),
                "nms": function["overhead_ns"] * 1e-3,
                "nms, between its calls": function["gap_ns"] * 1e-3}.items():
            seen.setdefault(who, []).append(us)
    print(f"\nwhat the harness adds to a query, {options.runs} runs")
    print(f"{'':26}{'median us':>12}{'largest us':>12}")
    for who, us in seen.items():
        print(f"{who:26}{statistics.median(us):12.3f}{max(us):12.3f}")
    largest = max(max(us) for us in seen.values())
    holds = largest < options.overhead_us
    print(f"the largest is {'' if holds else 'NOT '}below "
          f"{options.overhead_us:g} us")
    return holds


def main():
    sys.stdout.reconfigure(line_buffering=True)  # some parts take minutes
    options.probe = (options.probe or
                     options.binary.parents[1] / "tests/harness_probe")
    options.google = options.google or options.probe.parent / "harness_google"
    parts = {name: (lambda name=name: compare_function(name))
             for name in FUNCTIONS}
    parts |= {"command": compare_command, "same": same, "processes": processes,
              "overhead": overhead}
    common.print_machine(1)
    holds = {part: parts[part]() for part in options.part}
    print("\n" + "; ".join(f"{part}: {'holds' if good else 'DOES NOT HOLD'}"
                           for part, good in holds.items()))
    return 0 if all(holds.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
