"""Generated pictures and their tables, drawn once and kept as arrays.

Pictures come from `eyechart generate`. A set is known by its kind, seed and
count; the first use draws it, decodes it and keeps the pixels as one array that
later uses map into memory.

Seeds 1000 and above are for training. Seeds below 100 are held out: a user who
draws pictures with a small seed draws none that the models saw.
"""

import csv
import dataclasses
import functools
import json
import multiprocessing
import os
import pathlib
import shutil
import subprocess

import numpy as np
from PIL import Image
import torch

SIZE = 96
# Harder steps differ by less than a pixel or so at this size.
PATTERN_STEPS = (0, 1, 2, 3, 4)
DEFAULT_CACHE = pathlib.Path.home() / ".cache" / "eyechart-train"
DEFAULT_PROGRAM = (
    pathlib.Path(__file__).resolve().parents[2] / "build/release/bin/eyechart"
)

MEAN = 0.5
STD = 0.25


@dataclasses.dataclass(frozen=True)
class Plan:
    """What to draw.

    Attributes:
      kind: "scenes" or "patterns".
      seed: of the pictures.
      count: pictures of scenes, pairs a pattern.
      detail: share of scene captions that tell number, heading and side.
      steps: of difficulty, patterns only; empty for all.
    """

    kind: str
    seed: int
    count: int
    detail: float = 0.1
    steps: tuple[int, ...] = ()

    def name(self) -> str:
        """A folder name that differs where the pictures do."""
        if self.kind == "scenes":
            return f"scenes-{self.seed}-{self.count}-{self.detail:g}"
        steps = "".join(map(str, self.steps)) or "all"
        return f"patterns-{self.seed}-{self.count}-{steps}"

    def arguments(self) -> list[str]:
        """The program's arguments, without the folder."""
        flag = "--count" if self.kind == "scenes" else "--pairs"
        result = [
            *("generate", self.kind, "--size", str(SIZE)),
            *("--seed", str(self.seed), flag, str(self.count)),
        ]
        if self.kind == "scenes":
            result += ["--caption-detail", f"{self.detail:g}"]
        elif self.steps:
            result += ["--step", *map(str, self.steps)]
        return result


# Of the training set: scenes, and pairs of each of the nine patterns.
SCENES = 60000
PAIRS = 3000


@dataclasses.dataclass
class Pictures:
    """A set of pictures and what is known of them.

    Attributes:
      pixels: (N, SIZE, SIZE, 3) uint8, mapped from a file.
      questions: rows of questions.csv; of patterns, row i is picture i.
      captions: rows of captions.csv, row i is picture i; empty for patterns.
      boxes: for each picture its (label, x0, y0, x1, y1) in pixels, from left
        to right; empty for patterns.
      resident: the pixels on a graphics card, once `move` was called.
    """

    pixels: np.ndarray
    questions: list[dict]
    captions: list[dict]
    boxes: list[list[tuple]]
    resident: torch.Tensor | None = None

    def __len__(self) -> int:
        return len(self.pixels)

    def move(self, device: str) -> None:
        """Keeps a copy of all pixels where batches are wanted."""
        if torch.device(device).type != "cpu":
            self.resident = torch.from_numpy(np.array(self.pixels)).to(device)

    def batch(self, index: torch.Tensor) -> torch.Tensor:
        """Some pictures as (B, 3, SIZE, SIZE) in [0, 1], on the device."""
        if self.resident is None:
            return to_unit(self.pixels[np.asarray(index)])
        some = index.to(self.resident.device, non_blocking=True)
        return _to_unit(self.resident[some])


def to_unit(pixels: np.ndarray, device: str = "cpu") -> torch.Tensor:
    """uint8 (B, H, W, 3) to float (B, 3, H, W) in [0, 1]."""
    return _to_unit(torch.from_numpy(np.array(pixels)).to(device))


def _to_unit(pixels: torch.Tensor) -> torch.Tensor:
    # In one piece: later steps are slow on a permuted view.
    return pixels.permute(0, 3, 1, 2).float().contiguous().div_(255)


def normalize(images: torch.Tensor) -> torch.Tensor:
    """Pictures in [0, 1] to what the models take."""
    return (images - MEAN) / STD


def load(
    plan: Plan,
    program: pathlib.Path,
    cache: pathlib.Path = DEFAULT_CACHE,
    threads: int = 1,
) -> Pictures:
    """Draws the set on so many processor cores if need be, and opens it."""
    folder = cache / "pictures" / plan.name()
    if not folder.exists():
        _draw(plan, program, folder, threads)
    scenes = plan.kind == "scenes"
    return Pictures(
        np.load(folder / "pixels.npy", mmap_mode="r"),
        _read_csv(folder / "questions.csv"),
        _read_csv(folder / "captions.csv") if scenes else [],
        _read_boxes(folder / "instances.json") if scenes else [],
    )


def training_plans(scenes: int, pairs: int) -> tuple[Plan, Plan]:
    """What all four are trained on: scenes, and pairs of each pattern."""
    return (
        Plan("scenes", 1000, scenes, detail=0.05),
        Plan("patterns", 1001, pairs, steps=PATTERN_STEPS),
    )


def load_training(options) -> list[Pictures]:
    """The training pictures, scenes and patterns, kept on the device."""
    plans = training_plans(options.scenes, options.pairs)
    result = []
    for plan in plans:
        result.append(load(plan, options.eyechart, threads=options.threads))
        result[-1].move(options.device)
    return result


def _draw(
    plan: Plan, program: pathlib.Path, folder: pathlib.Path, threads: int
) -> None:
    partial = folder.with_name(f"{folder.name}.{os.getpid()}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.parent.mkdir(parents=True, exist_ok=True)
    command = [str(program), *plan.arguments(), "-o", str(partial)]
    subprocess.run([*command, "--threads", str(threads)], check=True)
    table = "captions.csv" if plan.kind == "scenes" else "questions.csv"
    paths = [partial / row["path"] for row in _read_csv(partial / table)]
    file = partial / "pixels.npy"
    shape = (len(paths), SIZE, SIZE, 3)
    np.lib.format.open_memmap(file, "w+", np.uint8, shape).flush()
    parts = np.array_split(np.arange(len(paths)), 4 * threads)
    jobs = [([paths[i] for i in part], part) for part in parts if len(part)]
    # Processes, as decoding small pictures mostly holds Python's lock.
    with multiprocessing.get_context("fork").Pool(threads) as pool:
        pool.map(functools.partial(_decode, file), jobs)
    shutil.rmtree(partial / "images")
    partial.rename(folder)


def _decode(file: pathlib.Path, job: tuple) -> None:
    pixels = np.load(file, mmap_mode="r+")
    for path, place in zip(*job):
        pixels[place] = np.asarray(Image.open(path).convert("RGB"))
    pixels.flush()


def _read_csv(path: pathlib.Path) -> list[dict]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _read_boxes(path: pathlib.Path) -> list[list[tuple]]:
    content = json.loads(path.read_text(encoding="utf-8"))
    names = {row["id"]: row["name"] for row in content["categories"]}
    place = {row["id"]: i for i, row in enumerate(content["images"])}
    boxes = [[] for _ in place]
    for row in content["annotations"]:
        x, y, width, height = row["bbox"]
        boxes[place[row["image_id"]]].append(
            (names[row["category_id"]], x, y, x + width, y + height)
        )
    return [sorted(found, key=lambda box: box[1:]) for found in boxes]
