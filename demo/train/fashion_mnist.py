"""Fashion-MNIST as tensors, from the gzipped IDX files of its package."""

import gzip
import pathlib
import struct
from typing import NamedTuple

import numpy as np
import torch

# Where Debian's package dataset-fashion-mnist puts the four files.
DEFAULT_ROOT = pathlib.Path("/usr/share/datasets/fashion-mnist")

CLASSES = (
    "t-shirt",
    "trousers",
    "pullover",
    "dress",
    "coat",
    "sandal",
    "shirt",
    "sneaker",
    "bag",
    "ankle boot",
)

# Mean and standard deviation of all training pixels, in [0, 1]. Both trainers
# and both preprocessor files use these two numbers, for each of the three
# (equal) channels.
MEAN = 0.2860
STD = 0.3530

IMAGE_SIZE = 28

_FILES = {
    "train": ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"),
    "test": ("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"),
}
_IDX_UNSIGNED_BYTE = 8


class Split(NamedTuple):
    """Pictures (N, 28, 28) uint8 and their class numbers (N,) int64."""

    images: torch.Tensor
    labels: torch.Tensor


def read_idx(path: pathlib.Path) -> np.ndarray:
    """Reads one gzipped IDX file of unsigned bytes."""
    with gzip.open(path, "rb") as stream:
        content = stream.read()
    zeros, kind, dimensions = struct.unpack_from(">HBB", content)
    if zeros != 0 or kind != _IDX_UNSIGNED_BYTE:
        raise ValueError(f"{path}: not an IDX file of unsigned bytes")
    shape = struct.unpack_from(f">{dimensions}I", content, 4)
    values = np.frombuffer(content, np.uint8, offset=4 + 4 * dimensions)
    if values.size != np.prod(shape):
        raise ValueError(f"{path}: {values.size} values, header says {shape}")
    return values.reshape(shape)


def load(root: pathlib.Path, split: str) -> Split:
    """Loads the split "train" (60 000 pictures) or "test" (10 000)."""
    images, labels = (
        read_idx(pathlib.Path(root) / name) for name in _FILES[split]
    )
    if len(images) != len(labels):
        raise ValueError(
            f"{root}: {len(images)} pictures, {len(labels)} labels"
        )
    return Split(
        torch.from_numpy(images.copy()),
        torch.from_numpy(labels.astype(np.int64)),
    )


def to_unit(images: torch.Tensor) -> torch.Tensor:
    """uint8 (N, 28, 28) to float (N, 1, 28, 28) in [0, 1]."""
    return images.unsqueeze(1).float() / 255


def to_pixel_values(unit: torch.Tensor) -> torch.Tensor:
    """Normalises [0, 1] pictures (N, 1, H, W) and repeats gray as RGB."""
    return ((unit - MEAN) / STD).expand(-1, 3, -1, -1)
