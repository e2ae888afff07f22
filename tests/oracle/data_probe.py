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


def read_record(stream):
    failed, height, width, size, length = struct.unpack("<5i", stream.read(20))
    text = stream.read(length).decode()
    if failed:
        return Result(None, text)
    dtype, shape = (
        (np.uint8, (height, width, 3))
        if size == 1
        else (np.float32, (3, height, width))
    )
    values = np.frombuffer(stream.read(height * width * 3 * size), dtype)
    return Result(values.reshape(shape), text)


def line(job):
    return "\t".join(map(str, job)) + "\n"


def run(jobs, folder):
    """Results of `jobs`, lists of fields, in their order. The probe must end
    well and print nothing, whatever the files hold."""
    listing = pathlib.Path(folder) / "jobs.tsv"
    output = pathlib.Path(folder) / "results.bin"
    listing.write_text("".join(map(line, jobs)))
    done = subprocess.run(
        [PROBE, listing, output], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == "" and done.stdout == "", "the library printed"
    with open(output, "rb") as stream:
        results = [read_record(stream) for _ in jobs]
        assert not stream.read(1)
    return results


class Session:
    """A probe that is asked job by job, for timings taken in turn."""

    def __init__(self):
        self.process = subprocess.Popen(
            [PROBE, "/dev/stdin", "/dev/stdout"], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE)

    def ask(self, job):
        self.process.stdin.write(line(job).encode())
        self.process.stdin.flush()
        result = read_record(self.process.stdout)
        assert result.values is not None, f"{job}: {result.text}"
        return result

    def seconds(self, job, repeats):
        """The seconds of each of `repeats` runs, and the job's result."""
        result = self.ask(["time", repeats, *job])
        return list(map(float, result.text.split())), result.values

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()


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
