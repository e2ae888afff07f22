#!/usr/bin/env python3
"""Does `eyechart gate --ab` see a build that is slower, and leave one alone
that is not?

  slower     OLD against SLOW: has to be regressed (exit code 1)
  identical  OLD against a copy of OLD: has to pass, every result of it

By default OLD and SLOW are the test programs slow_suite_100 and slow_suite_110,
which run a busy loop in the place of a model, SLOW's 10 % longer. The two cases
take turns, --runs of each. No timing is hidden: what the machine does beside
is part of the question.

    benchmarks/compare/ab_gate.py --runs 20
    benchmarks/compare/ab_gate.py --old A/eyechart --slow B/eyechart \\
        --suite nightly.toml --filter '*/bench/*'
"""

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import common

SUITE = '[suite]\nname = "loop"\n'


def parse():
    parser = common.parser(__doc__)
    programs = common.BINARY.parent
    parser.set_defaults(runs=20)
    parser.add_argument("--old", type=Path, default=programs / "slow_suite_100")
    parser.add_argument("--slow", type=Path,
                        default=programs / "slow_suite_110")
    parser.add_argument("--suite", type=Path, help="default: one of the loop's")
    parser.add_argument("--filter", default="*")
    parser.add_argument("--pairs", type=int, default=15)
    parser.add_argument("--no-confirm", action="store_true",
                        help="without a second look at what is open")
    return common.parse(parser)


def gate(options, old, new, suite, seed):
    """(exit code, the JSON object) of one A/B comparison."""
    command = [options.binary, "gate", "--ab", old, new, "--suite", suite,
               "--filter", options.filter, "--pairs", str(options.pairs),
               "--seed", str(seed), "--json"]
    if not options.no_confirm:
        command.append("--confirm")
    done = subprocess.run([str(part) for part in command],
                          stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode not in (0, 1):
        sys.exit(f"gate ended with {done.returncode}: {done.stdout[-500:]}")
    return done.returncode, json.loads(done.stdout)


def ratios(result):
    """candidate / baseline of the results that were measured in pairs."""
    return {cell["metric"]: 1 + cell["difference"] / cell["baseline"]
            for cell in result["cells"]
            if cell["test"].startswith("signed-rank")}


def print_row(name, right, runs, wanted, seen, seconds):
    print(f"{name:<12}{right:>4} of {runs:<4}{wanted:<12}"
          f"{statistics.median(seconds):8.1f} s", end="")
    for metric in sorted({key for one in seen for key in one}):
        values = [one[metric] for one in seen if metric in one]
        print(f"   {metric} x {statistics.median(values):.3f} "
              f"[{min(values):.3f}, {max(values):.3f}]", end="")
    print()


def main():
    options = parse()
    common.print_machine(1)
    with tempfile.TemporaryDirectory() as folder:
        suite = options.suite or Path(folder) / "suite.toml"
        if not options.suite:
            suite.write_text(SUITE)
        same = options.old
        if options.old.name.startswith("slow_suite"):
            # As two builds of the same source: another file. eyechart itself
            # finds its other program beside it, and stays where it is.
            same = Path(folder) / "slow_suite_copy"
            shutil.copy(options.old, same)
        cases = {"slower": (options.slow, "regressed"),
                 "identical": (same, "pass")}
        right = dict.fromkeys(cases, 0)
        seen = {name: [] for name in cases}
        seconds = {name: [] for name in cases}
        for run in range(options.runs):
            for name, (new, wanted) in cases.items():
                begin = time.perf_counter()
                code, result = gate(options, options.old, new, suite, run)
                seconds[name].append(time.perf_counter() - begin)
                verdict = result["verdict"]
                right[name] += verdict == wanted and code == (
                    1 if wanted == "regressed" else 0)
                seen[name].append(ratios(result))
                if verdict != wanted:
                    print(f"{name} {run}: {verdict}; " + "; ".join(
                        f"{cell['metric']} {cell['verdict']} {cell['reason']}"
                        for cell in result["cells"]), file=sys.stderr)
    print(f"pairs       {options.pairs} or more, "
          f"{'not ' if options.no_confirm else ''}confirmed")
    for name, (_, wanted) in cases.items():
        print_row(name, right[name], options.runs, wanted, seen[name],
                  seconds[name])
    return 0 if all(n == options.runs for n in right.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
