"""What the comparisons share: options, the machine's line, the table."""

import argparse
import os
import platform
import statistics
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BINARY = ROOT / "build/release/bin/eyechart"


def parser(description):
    made = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawTextHelpFormatter)
    made.add_argument("--binary", type=Path, default=BINARY)
    made.add_argument("--runs", type=int, default=7, help="interleaved runs")
    return made


def parse(made):
    options = made.parse_args()
    if options.runs < 7:
        made.error("--runs: best and median of fewer than 7 say little")
    return options


def limit_threads(threads):
    """To be called before numpy and its like are loaded: they read it once."""
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS",
                     "MKL_NUM_THREADS"):
        os.environ[variable] = str(threads)


def processor():
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor()


def print_machine(threads):
    print(f"machine   {processor()}, {os.cpu_count()} threads, "
          f"{threads} used, load {os.getloadavg()[0]:.1f}")


def print_versions(*modules):
    versions = [f"{module.__name__} {module.__version__}" for module in modules]
    print(f"versions  {', '.join(versions)}, Python {platform.python_version()}")


def print_table(times, ours, unit="s", scale=1.0):
    """Best and median of each row of `times`, and their ratios to those of the
    row `ours`."""
    wide = max(18, *(len(who) + 2 for who in times))
    print(f"{'':{wide}}{'best ' + unit:>10}{'median ' + unit:>12}"
          f"{'best ratio':>12}{'median ratio':>14}")
    base = times[ours]
    for who, seconds in times.items():
        best, median = min(seconds), statistics.median(seconds)
        print(f"{who:{wide}}{scale * best:10.3f}{scale * median:12.3f}"
              f"{best / min(base):12.2f}"
              f"{median / statistics.median(base):14.2f}")
