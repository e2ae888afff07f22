"""What all trainers share: schedules, resuming, patch dropping, saving."""

import json
import math
import os
import pathlib
import platform
import signal
import time

import torch
import transformers

import pictures


def add_common_arguments(
    parser, name: str, steps: int, batch: int, rate: float
):
    """Adds the flags that all trainers have to an argparse parser."""
    here = pathlib.Path(__file__).resolve().parent
    parser.add_argument(
        "--eyechart",
        type=pathlib.Path,
        default=pictures.DEFAULT_PROGRAM,
        help="the built program (default: %(default)s)",
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
        default=pictures.DEFAULT_CACHE / name,
        help="folder of the state to resume from (default: %(default)s)",
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--steps",
        type=int,
        default=steps,
        help="a finished run goes on when this is raised",
    )
    parser.add_argument("--batch", type=int, default=batch)
    parser.add_argument("--learning-rate", type=float, default=rate)
    parser.add_argument("--weight-decay", type=float, default=0.05)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument(
        "--device",
        default="cpu",
        help="cpu or cuda; each has random draws of its own",
    )
    parser.add_argument(
        "--scenes",
        type=int,
        default=pictures.SCENES,
        help="to draw for training (default: %(default)s)",
    )
    parser.add_argument(
        "--pairs",
        type=int,
        default=pictures.PAIRS,
        help="of each pattern, likewise (default: %(default)s)",
    )
    parser.add_argument(
        "--deadline",
        type=float,
        default=math.inf,
        metavar="SECONDS",
        help="when the learning rate falls at the latest, which then takes a "
        "third of the steps done: all in all 4/3 of this time",
    )


def begin(options) -> None:
    """Sets threads, precision and the seed that the weights come from."""
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    # A graphics card multiplies in TF32: 10 bits of mantissa, sums in float.
    torch.set_float32_matmul_precision("high")


def make_optimizer(module: torch.nn.Module, options, betas=(0.9, 0.999)):
    """AdamW over the module, on the options' device."""
    return torch.optim.AdamW(
        parameter_groups(module, options.weight_decay),
        lr=options.learning_rate,
        betas=betas,
        fused=torch.device(options.device).type == "cuda",
    )


def batch_indices(seed: int, step: int, batch: int, count: int) -> torch.Tensor:
    """Indices of a step's pictures: a fresh permutation every epoch."""
    epoch, place = divmod(step, count // batch)
    if (seed, epoch, count) not in _orders:
        generator = torch.Generator().manual_seed(seed * 7919 + epoch)
        # Only this epoch's of each set: scenes and patterns differ in length.
        for old in [key for key in _orders if key[2] == count]:
            del _orders[old]
        order = torch.randperm(count, generator=generator)
        _orders[seed, epoch, count] = order
    order = _orders[seed, epoch, count]
    return order[place * batch : (place + 1) * batch]


_orders: dict[tuple[int, int, int], torch.Tensor] = {}


def mixed_batch(options, step: int, scenes, patterns, of_scenes=None):
    """A step's pictures: scenes, then pictures of patterns.

    Args:
      of_scenes: how many of the batch are scenes; half by default.

    Returns:
      images (B, 3, H, W), and the indices of the scenes and of the patterns.
    """
    most = options.batch // 2 if of_scenes is None else of_scenes
    rest = options.batch - most
    some = batch_indices(options.seed, step, most, len(scenes))
    more = batch_indices(options.seed, step, rest, len(patterns))
    images = torch.cat([scenes.batch(some), patterns.batch(more)])
    return images, some, more


class Rows:
    """Token ids of different lengths, padded once and kept on the device."""

    def __init__(self, rows: list[list[int]], filler: int, device: str):
        self._lengths = torch.tensor([len(row) for row in rows])
        longest = int(self._lengths.max())
        padded = [row + [filler] * (longest - len(row)) for row in rows]
        self._padded = torch.tensor(padded).to(device)

    def some(self, index: torch.Tensor) -> torch.Tensor:
        """Some rows (B, T), as long as the longest of them."""
        longest = int(self._lengths[index].max())
        device = self._padded.device
        return self._padded[index.to(device, non_blocking=True), :longest]


def descend(optimizer, module: torch.nn.Module, loss: torch.Tensor) -> None:
    """One step of the optimizer, with gradients of length at most 1."""
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(module.parameters(), 1.0)
    optimizer.step()


def drop_patches(hidden: torch.Tensor, keep: float, twins: int = 0):
    """A random share of the patch tokens, with the class token.

    Args:
      hidden: (B, 1 + patches, D).
      keep: share of the patches that stay; 1 for all.
      twins: so many at the end keep those of so many before.
    """
    if keep >= 1:
        return hidden
    count, patches, width = hidden[:, 1:].shape
    draws = torch.rand(count - twins, patches, device=hidden.device)
    order = draws.argsort(1)
    order = torch.cat([order, order[len(order) - twins :]])
    index = order[:, : round(keep * patches), None].expand(-1, -1, width)
    return torch.cat([hidden[:, :1], hidden[:, 1:].gather(1, index)], 1)


def parameter_groups(
    module: torch.nn.Module, weight_decay: float
) -> list[dict]:
    """Decays matrices only: not biases, norms, tokens and position tables."""
    decayed, plain = [], []
    for name, parameter in module.named_parameters():
        is_table = "token" in name or "embed" in name and "patch" not in name
        matrix = parameter.ndim >= 2 and not is_table
        (decayed if matrix else plain).append(parameter)
    return [
        {"params": decayed, "weight_decay": weight_decay},
        {"params": plain, "weight_decay": 0.0},
    ]


class Run:
    """A training run that goes on where it stopped, and counts its time.

    The learning rate warms up, stays, and falls to nothing over the last
    quarter. Up to there a run does not depend on its length: the state at that
    point is kept as well, so that a finished run can be made longer. A deadline
    moves that point forward. A run told to end (SIGTERM) ends after the step
    that it is at, and saves what it has.

    Attributes:
      step: the next step to do.
      seconds: time spent in training so far, over all sessions.
      cpu_seconds: processor time of the same; on a machine that others use too
        this says better what the training costs.
    """

    def __init__(self, options, parts: dict):
        """Restores the parts when the work folder holds a matching state.

        Args:
          options: the arguments; a state made with other settings is refused.
          parts: name to object with state_dict() and load_state_dict(); must
            hold "optimizer".
        """
        places = ("eyechart", "out", "work", "threads", "steps", "device")
        self._settings = {
            k: v
            for k, v in vars(options).items()
            if k not in (*places, "deadline")
        }
        self._options = options
        self._parts = parts
        self._saved = self._began = time.monotonic()
        self._fall = options.steps * 3 // 4
        self._end = options.steps
        self._told_to_end = False
        self.step = 0
        self.seconds = 0.0
        self.cpu_seconds = 0.0
        options.work.mkdir(parents=True, exist_ok=True)
        files = [options.work / name for name in ("state.pt", "flat.pt")]
        if not any(map(self._restore, files)) and files[0].exists():
            raise SystemExit(
                f"{files[0]} is past the point where its learning rate began "
                "to fall, and no flat.pt is beside it; take its --steps again "
                "or give another --work"
            )
        self._started = time.monotonic() - self.seconds
        self._cpu_started = time.process_time() - self.cpu_seconds
        signal.signal(signal.SIGTERM, self._end_soon)

    def _end_soon(self, *_) -> None:
        self._told_to_end = True

    def _restore(self, path: pathlib.Path) -> bool:
        if not path.exists():
            return False
        # An optimizer moves its state to where its parameters are.
        state = torch.load(path, weights_only=True, map_location="cpu")
        if state["settings"] != self._settings:
            raise SystemExit(
                f"{path} was made with other settings: {state['settings']}; "
                "give another --work or remove it"
            )
        if state["falling"] not in (0, self._options.steps):
            return False
        for name, part in self._parts.items():
            part.load_state_dict(state["parts"][name])
        self.step = state["step"]
        self.seconds = state["seconds"]
        self.cpu_seconds = state["cpu_seconds"]
        return True

    @property
    def falling(self) -> bool:
        """Whether the learning rate is falling already."""
        return self.step >= self._fall

    @property
    def fall(self) -> float:
        """What is left of the learning rate: 1 until it falls, then to 0."""
        return min(1.0, (self._end - self.step) / (self._end - self._fall))

    def steps(self):
        """Yields the steps to do; seeds each, sets its rate and saves.

        Each step has a seed of its own, so that a resumed run draws what the
        uninterrupted one would have drawn.
        """
        options = self._options
        while self.step < self._end and not self._told_to_end:
            torch.manual_seed(options.seed * 1_000_003 + self.step)
            rate = options.learning_rate * min(1.0, (self.step + 1) / 100)
            for group in self._parts["optimizer"].param_groups:
                group["lr"] = rate * self.fall
            yield self.step
            flat = not self.falling
            self.step += 1
            now = time.monotonic()
            self.seconds = now - self._started
            self.cpu_seconds = time.process_time() - self._cpu_started
            if flat and now - self._began >= options.deadline:
                self._fall = self.step
                self._end = self.step + max(1, self.step // 3)
            if flat and self.falling:
                self._save("flat.pt", falling=0)
            last = self.step == self._end or self._told_to_end
            if last or now - self._saved > 120:
                falling = self.step > self._fall
                self._save("state.pt", self._end if falling else 0)
                self._saved = time.monotonic()

    def times(self) -> str:
        """The times spent, for a log line."""
        return (
            f"{self.seconds / 60:.2f} minutes "
            f"({self.cpu_seconds / 60:.2f} of processor time)"
        )

    def log(self, text: str, **values: torch.Tensor) -> None:
        """Prints a line every 25 steps.

        Args:
          text: with a field for each value.
          values: of one element each; read from the device only to be printed,
            as that waits for the step's end.
        """
        if self.step % 25 == 0 or self.step == self._end - 1:
            text = text.format(**{k: v.item() for k, v in values.items()})
            print(f"step {self.step} {self.times()} {text}", flush=True)

    def finish(self) -> None:
        """Writes what the card tells of the run beside the checkpoint."""
        options = self._options
        device = torch.device(options.device)
        save_json(
            options.out / "training.json",
            {
                "steps": self.step,
                "batch": options.batch,
                "complete": self.step == options.steps,
                "device": (
                    torch.cuda.get_device_name()
                    if device.type == "cuda"
                    else f"{options.threads} threads of {_processor()}"
                ),
                "seconds": round(self.seconds, 1),
                "processor_seconds": round(self.cpu_seconds, 1),
                "settings": self._settings,
                "torch": torch.__version__,
                "transformers": transformers.__version__,
            },
        )
        print(f"saved {options.out} after {self.times()}", flush=True)

    def _save(self, name: str, falling: int) -> None:
        """Writes the state beside its name, then renames it."""
        state = {
            "settings": self._settings,
            "falling": falling,
            "step": self.step,
            "seconds": self.seconds,
            "cpu_seconds": self.cpu_seconds,
            "parts": {
                name: part.state_dict() for name, part in self._parts.items()
            },
        }
        partial = self._options.work / (name + ".partial")
        torch.save(state, partial)
        os.replace(partial, self._options.work / name)


def _processor() -> str:
    """The processor's name, where Linux tells it."""
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line for line in lines if line.startswith("model name")]
    return names[0].split(":")[1].strip() if names else platform.machine()


def save_preprocessor(
    folder: pathlib.Path, processor_type: str, **more
) -> None:
    """Writes preprocessor_config.json with every key that readers look for."""
    size = pictures.SIZE
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
            "image_mean": [pictures.MEAN] * 3,
            "image_std": [pictures.STD] * 3,
            **more,
        },
    )


def save_json(path: pathlib.Path, value: dict) -> None:
    """Writes indented JSON with a newline at its end."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")
