"""What the comparisons share: options, the machine's line, the table."""

import argparse
import os
import platform
import statistics
import subprocess
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


class ServedProbe:
    """One of the *_probe programs, which stays between its answers.

    Args:
      program: the probe, which knows a step called serve.
      folder: the checkpoint; the pixels are written into it under "x".
      pixels: (B, 3, H, W) float32.
    """

    def __init__(self, program, folder, pixels, dtype, threads):
        from safetensors.torch import save_file
        save_file({"x": pixels}, folder / "pixels.safetensors")
        self.process = subprocess.Popen(
            [program, "serve", folder, folder / "pixels.safetensors",
             "--dtype", dtype, "--threads", str(threads)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, line):
        """The numbers that it answers with."""
        print(line, file=self.process.stdin, flush=True)
        return [float(x) for x in self.process.stdout.readline().split()]

    def close(self):
        self.process.stdin.close()
        self.process.wait()


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
