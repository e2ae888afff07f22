"""What both trainers share: batches, schedules, resuming, saving."""

import json
import math
import os
import pathlib
import time

import torch

import fashion_mnist

DEFAULT_WORK = pathlib.Path.home() / ".cache" / "eyechart-train"


def add_common_arguments(
    parser, name: str, steps: int, batch: int, rate: float
):
    """Adds the flags that both trainers have to an argparse parser."""
    here = pathlib.Path(__file__).resolve().parent
    parser.add_argument(
        "--data",
        type=pathlib.Path,
        default=fashion_mnist.DEFAULT_ROOT,
        help="folder of Fashion-MNIST's .gz files (default: %(default)s)",
    )
    parser.add_argument(
        "--out",
        type=pathlib.Path,
        default=here.parent / "checkpoints" / name,
        help="folder to save the checkpoint in",
    )
    parser.add_argument(
        "--work",
        type=pathlib.Path,
        default=DEFAULT_WORK / name,
        help="folder of the state to resume from (default: %(default)s)",
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=steps)
    parser.add_argument("--batch", type=int, default=batch)
    parser.add_argument("--learning-rate", type=float, default=rate)
    parser.add_argument("--threads", type=int, default=2)


def begin_step(seed: int, step: int) -> None:
    """Seeds all random draws of one step.

    Each step has a seed of its own, so that a resumed run draws what the
    uninterrupted one would have drawn.
    """
    torch.manual_seed(seed * 1_000_003 + step)


def batch_indices(seed: int, step: int, batch: int, count: int) -> torch.Tensor:
    """Indices of a step's pictures: a fresh permutation every epoch."""
    epoch, place = divmod(step, count // batch)
    generator = torch.Generator().manual_seed(seed * 7919 + epoch)
    order = torch.randperm(count, generator=generator)
    return order[place * batch : (place + 1) * batch]


def warmup_cosine(step: int, steps: int, warmup: int) -> float:
    """Factor of the learning rate: linear up to 1, then a cosine down to 0."""
    if step < warmup:
        return (step + 1) / warmup
    return 0.5 * (1 + math.cos(math.pi * (step - warmup) / (steps - warmup)))


def set_rate(optimizer: torch.optim.Optimizer, options, step: int) -> None:
    """Sets a step's learning rate; the first twentieth warms up."""
    factor = warmup_cosine(step, options.steps, warmup=options.steps // 20)
    for group in optimizer.param_groups:
        group["lr"] = options.learning_rate * factor


def settings_of(options) -> dict:
    """The arguments that a trained model depends on."""
    # Where files lie and how many threads work changes nothing.
    places = ("data", "out", "work", "threads")
    return {k: v for k, v in vars(options).items() if k not in places}


def parameter_groups(
    module: torch.nn.Module, weight_decay: float
) -> list[dict]:
    """Decays matrices only: not biases, norms, tokens and position tables."""
    decayed, plain = [], []
    for name, parameter in module.named_parameters():
        is_table = "token" in name or "embeddings.position" in name
        matrix = parameter.ndim >= 2 and not is_table
        (decayed if matrix else plain).append(parameter)
    return [
        {"params": decayed, "weight_decay": weight_decay},
        {"params": plain, "weight_decay": 0.0},
    ]


class Resumable:
    """Keeps the state of a training run in a file, and counts its time.

    Attributes:
      step: the next step to do.
      seconds: time spent in training so far, over all sessions.
      cpu_seconds: processor time of the same; on a machine that others use too
        this says better what the training costs.
    """

    def __init__(self, work: pathlib.Path, settings: dict, parts: dict):
        """Restores the parts when the work folder holds a matching state.

        Args:
          work: folder of the state file.
          settings: what the run depends on; a state made with other settings
            is not resumed.
          parts: name to object with state_dict() and load_state_dict().
        """
        self._path = work / "state.pt"
        self._settings = settings
        self._parts = parts
        self.step = 0
        self.seconds = 0.0
        self.cpu_seconds = 0.0
        work.mkdir(parents=True, exist_ok=True)
        if self._path.exists():
            state = torch.load(self._path, weights_only=True)
            if state["settings"] == settings:
                for name, part in parts.items():
                    part.load_state_dict(state["parts"][name])
                self.step = state["step"]
                self.seconds = state["seconds"]
                self.cpu_seconds = state["cpu_seconds"]
        self._started = time.monotonic() - self.seconds
        self._cpu_started = time.process_time() - self.cpu_seconds

    def advance(self) -> None:
        """Counts one step as done."""
        self.step += 1
        self.seconds = time.monotonic() - self._started
        self.cpu_seconds = time.process_time() - self._cpu_started

    def times(self) -> str:
        """The times spent, for a log line."""
        return (
            f"{self.seconds / 60:.2f} minutes "
            f"({self.cpu_seconds / 60:.2f} of processor time)"
        )

    def save(self) -> None:
        """Writes the state beside its name, then renames it."""
        state = {
            "settings": self._settings,
            "step": self.step,
            "seconds": self.seconds,
            "cpu_seconds": self.cpu_seconds,
            "parts": {
                name: part.state_dict() for name, part in self._parts.items()
            },
        }
        partial = self._path.with_suffix(".partial")
        torch.save(state, partial)
        os.replace(partial, self._path)


def save_preprocessor(folder: pathlib.Path, processor_type: str) -> None:
    """Writes preprocessor_config.json with every key that readers look for."""
    size = fashion_mnist.IMAGE_SIZE
    bicubic = 3
    save_json(
        folder / "preprocessor_config.json",
        {
            "image_processor_type": processor_type,
            "do_convert_rgb": True,
            "do_resize": True,
            "size": {"shortest_edge": size},
            "resample": bicubic,
            "do_center_crop": True,
            "crop_size": {"height": size, "width": size},
            "do_rescale": True,
            "rescale_factor": 1 / 255,
            "do_normalize": True,
            "image_mean": [fashion_mnist.MEAN] * 3,
            "image_std": [fashion_mnist.STD] * 3,
        },
    )


def save_json(path: pathlib.Path, value: dict) -> None:
    """Writes indented JSON with a newline at its end."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")
