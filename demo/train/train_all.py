"""Trains all four at the same time, chooses among recipes, measures, packs up.

For a machine with many cores and a graphics card. Draws the pictures, runs
every trainer as a process of its own, measures each result on validation seeds
(no picture of which is trained on or held out), takes the best of each family,
measures these on the held-out seeds, and leaves in the folder --out:

- checkpoints.tar.gz: the best of each family; others.tar.gz: the rest;
- features.json, florence2.json: for `evaluate.py --cards --saved`;
- summary.json: steps, rates, choices; logs.tar.gz.
"""

import argparse
import json
import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import tarfile
import time

import evaluate
import evaluate_florence2
import pictures

HERE = pathlib.Path(__file__).resolve().parent
# Label, and what is run. A label begins with its family's name.
RUNS = {
    "clip": "train_clip.py",
    "aimv2": "train_aimv2.py",
    "florence2": "train_florence2.py",
    "dinov2": "train_dinov2.py",
    "dinov2-contrast": "train_dinov2.py --contrast 1 --koleo 0.1",
}


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--work", type=pathlib.Path, required=True)
    parser.add_argument(
        "--eyechart", type=pathlib.Path, default=pictures.DEFAULT_PROGRAM
    )
    parser.add_argument("--device", default="cuda")
    parser.add_argument(
        "--seconds",
        type=float,
        default=230,
        help="of training at most; the learning rate has fallen by then",
    )
    parser.add_argument("--scenes", type=int, default=pictures.SCENES)
    parser.add_argument("--pairs", type=int, default=pictures.PAIRS)
    parser.add_argument("--share", type=float, default=1.0)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument(
        "--run",
        nargs=2,
        action="append",
        default=[],
        metavar=("LABEL", "COMMAND"),
        help="one more, or another command for a label",
    )
    parser.add_argument(
        "--only", nargs="+", help="labels to run (default: all)"
    )
    return parser.parse_args()


class Clock:
    """Says what took how long."""

    def __init__(self):
        self._started = self._last = time.monotonic()
        self.parts = {}

    def lap(self, name: str) -> None:
        now = time.monotonic()
        self.parts[name] = round(now - self._last, 1)
        self._last = now
        whole = now - self._started
        print(f"[{whole:.0f} s] {name}: {self.parts[name]} s", flush=True)


def start(command: list[str], log: pathlib.Path) -> subprocess.Popen:
    """Starts one of the scripts with its output in a file."""
    environment = {
        **os.environ,
        "PYTHONUNBUFFERED": "1",
        "HF_HUB_OFFLINE": "1",
    }
    with log.open("w") as file:
        return subprocess.Popen(
            [sys.executable, *command],
            cwd=HERE,
            env=environment,
            stdout=file,
            stderr=subprocess.STDOUT,
        )


def finish(running: dict[str, subprocess.Popen], seconds: float) -> dict:
    """Waits for all; tells those that take longer to end.

    Returns:
      exit codes by label.
    """
    until = time.monotonic() + seconds
    for act in ("wait", "terminate", "kill"):
        for process in running.values():
            if act != "wait" and process.poll() is None:
                getattr(process, act)()
        for process in running.values():
            try:
                process.wait(max(0.1, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                pass
        until = time.monotonic() + 20
    return {label: process.poll() for label, process in running.items()}


def family(label: str) -> str:
    """The family that a label's run belongs to."""
    return label.split("-")[0]


def draw(options) -> None:
    """Draws what is trained on and what is measured on."""
    plans = list(pictures.training_plans(options.scenes, options.pairs))
    for offset in (0, evaluate.VALIDATION):
        plans += evaluate.plans(offset, options.share).values()
        plans += evaluate_florence2.plans(offset, options.share)
    for plan in plans:
        pictures.load(plan, options.eyechart, threads=options.threads)


def measuring(options, folder: pathlib.Path, save: pathlib.Path, families):
    """The command that measures some of a folder's checkpoints."""
    return [
        "evaluate.py",
        *("--eyechart", str(options.eyechart)),
        *("--checkpoints", str(folder), "--save", str(save)),
        *("--device", options.device, "--share", str(options.share)),
        # One thread: the read-outs' many small steps are no faster on more.
        *("--threads", "1", "--only", *families),
    ]


def train(options, runs: dict[str, str], logs: pathlib.Path) -> dict:
    """Runs all trainers at once; what each wrote of itself, by label."""
    running = {}
    for label, command in runs.items():
        folder = options.work / label
        running[label] = start(
            [
                *shlex.split(command),
                *("--eyechart", str(options.eyechart)),
                *("--device", options.device),
                *("--out", str(folder / family(label))),
                *("--work", str(folder / "state")),
                *("--scenes", str(options.scenes)),
                *("--pairs", str(options.pairs)),
                *("--deadline", str(0.75 * options.seconds)),
            ],
            logs / f"{label}.log",
        )
    codes = finish(running, options.seconds * 1.15 + 60)
    result = {}
    for label, code in codes.items():
        path = options.work / label / family(label) / "training.json"
        if not path.exists():
            print((logs / f"{label}.log").read_text()[-2000:], flush=True)
            continue
        told = json.loads(path.read_text())
        result[label] = told
        last = (logs / f"{label}.log").read_text().splitlines()
        steps = [line for line in last if line.startswith("step ")]
        print(
            f"{label}: exit {code}, {told['steps']} steps, "
            f"{told['steps'] / max(told['seconds'], 1e-3):.1f} a second; "
            f"{steps[-1] if steps else ''}",
            flush=True,
        )
    return result


def choose(options, trained, logs: pathlib.Path):
    """Measures on validation seeds; the best label of each family.

    Returns:
      labels by family, and what was measured, by label.
    """
    saves = {
        label: options.work / f"validation-{label}.json" for label in trained
    }
    running = {
        label: start(
            [
                *measuring(
                    options, options.work / label, save, [family(label)]
                ),
                "--validation",
            ],
            logs / f"validation-{label}.log",
        )
        for label, save in saves.items()
    }
    finish(running, 90)
    scores = {}
    for label, save in saves.items():
        if save.exists():
            shares = json.loads(save.read_text())["shares"]
            scores[label] = shares[family(label)]
            print(f"{label}, validation: {scores[label]}", flush=True)
        else:
            print((logs / f"validation-{label}.log").read_text()[-2000:])
    best = {}
    for label in trained:
        score = scores.get(label, {}).get("all", -1.0)
        rival = best.get(family(label))
        if rival is None or score > scores.get(rival, {}).get("all", -1.0):
            best[family(label)] = label
    return best, scores


def pack(path: pathlib.Path, folders: dict[str, pathlib.Path]) -> None:
    """Some folders under other names as one archive."""
    with tarfile.open(path, "w:gz") as archive:
        for name, folder in folders.items():
            archive.add(folder, name)


def main():
    options = parse_arguments()
    runs = {**RUNS, **dict(options.run)}
    if options.only:
        runs = {label: runs[label] for label in options.only}
    for folder in (options.out, options.work):
        folder.mkdir(parents=True, exist_ok=True)
    options.out, options.work, options.eyechart = (
        path.resolve()
        for path in (options.out, options.work, options.eyechart)
    )
    logs = options.work / "logs"
    shutil.rmtree(logs, ignore_errors=True)
    logs.mkdir()
    clock = Clock()
    draw(options)
    clock.lap("drawing")

    trained = train(options, runs, logs)
    clock.lap("training")
    folders = {
        label: options.work / label / family(label) for label in trained
    }
    best, scores = choose(options, trained, logs)
    clock.lap("validation")
    # Before what may yet fail or be cut off.
    pack(
        options.out / "checkpoints.tar.gz",
        {name: folders[label] for name, label in best.items()},
    )
    rest = {k: v for k, v in folders.items() if k not in best.values()}
    pack(options.out / "others.tar.gz", rest)
    summary = {
        "runs": runs,
        "trained": trained,
        "validation": scores,
        "chosen": best,
        "seconds": clock.parts,
    }
    (options.out / "summary.json").write_text(json.dumps(summary, indent=1))
    clock.lap("packing")

    chosen = options.work / "chosen"
    shutil.rmtree(chosen, ignore_errors=True)
    chosen.mkdir()
    for name, label in best.items():
        shutil.copytree(folders[label], chosen / name)
    tell = [name for name in best if name != "florence2"]
    parts = {"features": tell}
    if "florence2" in best:
        parts["florence2"] = ["florence2"]
    running = {
        part: start(
            measuring(options, chosen, options.out / f"{part}.json", names),
            logs / f"held-out-{part}.log",
        )
        for part, names in parts.items()
        if names
    }
    finish(running, 120)
    for part in running:
        print((logs / f"held-out-{part}.log").read_text()[-3000:], flush=True)
    pack(options.out / "logs.tar.gz", {"logs": logs})
    clock.lap("held out")


if __name__ == "__main__":
    main()
