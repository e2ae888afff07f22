#!/usr/bin/env python3
"""Writes scikit-learn's copy of the handwritten digits as IDX files.

    python demo/digits/make_digits.py

The first 1,297 pictures are for training, the other 500 for testing. Grey
values 0 ... 16 become 0 ... 255.
"""

import gzip
import struct
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

TRAIN = 1297


def write(path, values):
    values = np.ascontiguousarray(values, np.uint8)
    head = struct.pack(">BBBB", 0, 0, 8, values.ndim)
    head += struct.pack(f">{values.ndim}I", *values.shape)
    # A fixed time stamp: the same bytes each time.
    path.write_bytes(gzip.compress(head + values.tobytes(), mtime=0))


def main():
    digits = load_digits()
    images = np.round(digits.images * 255 / 16)
    folder = Path(__file__).parent
    for name, part in (("train", slice(0, TRAIN)), ("t10k", slice(TRAIN, None))):
        write(folder / f"{name}-images-idx3-ubyte.gz", images[part])
        write(folder / f"{name}-labels-idx1-ubyte.gz", digits.target[part])


if __name__ == "__main__":
    main()
