"""Runs data_probe on many jobs at once and reads what it wrote."""

import os
import pathlib
import struct
import subprocess
from dataclasses import dataclass

import numpy as np

PROBE = pathlib.Path(os.environ.get("EYECHART_PROBES", ".")) / "data_probe"


@dataclass
class Result:
    values: np.ndarray | None  # None: it failed
    text: str  # the note, or the error


def run(jobs, folder):
    """Results of `jobs`, lists of fields, in their order. The probe must end
    well and print nothing, whatever the files hold."""
    listing = pathlib.Path(folder) / "jobs.tsv"
    output = pathlib.Path(folder) / "results.bin"
    listing.write_text("".join("\t".join(map(str, job)) + "\n" for job in jobs))
    done = subprocess.run(
        [PROBE, listing, output], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == "" and done.stdout == "", "the library printed"
    data = output.read_bytes()
    results, at = [], 0
    for _ in jobs:
        failed, height, width, size, length = struct.unpack_from("<5i", data, at)
        at += 20
        text = data[at : at + length].decode()
        at += length
        if failed:
            results.append(Result(None, text))
            continue
        count = height * width * 3
        dtype, shape = (
            (np.uint8, (height, width, 3))
            if size == 1
            else (np.float32, (3, height, width))
        )
        values = np.frombuffer(data, dtype, count, at).reshape(shape)
        at += count * size
        results.append(Result(values, text))
    assert at == len(data)
    return results


def photographs():
    """The 256 photographs, if they are here, else none."""
    places = [os.environ.get("EYECHART_DATA", "")]
    root = pathlib.Path(__file__).resolve().parents[2]
    places.append(root.parent / "shared" / "data" / "coco256")
    for place in places:
        if place and pathlib.Path(place).is_dir():
            found = sorted(pathlib.Path(place).rglob("*.jpg"))
            if found:
                return found
    return []
