"""Checkpoints with one thing wrong, through the program: whatever it is, the
exit code is 0 or 2, what is said names a file, and features that are stored
are finite.

The demo's four checkpoints are changed by a seed: a value of a JSON file
replaced or left out, a line of merges.txt, the header of the weights or some
of their bytes. Each runs `inspect`, where that ends well `encode` of two
pictures, and what reads or writes words. Some are run by the tests; more by

    EYECHART_MUTANTS=2000 EYECHART_MUTANT_SEED=5 pytest test_mutants.py
"""

import copy
import json
import os
import random
import resource
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import load_file

EYECHART = Path(os.environ["EYECHART_BIN"]) / "eyechart"
DEMO = Path(__file__).resolve().parents[2] / "demo/checkpoints"
COUNT = int(os.environ.get("EYECHART_MUTANTS", "40"))
SEED = int(os.environ.get("EYECHART_MUTANT_SEED", "1"))
SECONDS = 60  # a step of a model of a million parameters takes one
MEMORY = 8 << 30

VALUES = [0, -1, 1, 2, 3, 7, 2**31, 2**62, 2**63, -2**63, 1e308, 1e-320, 3.5,
          -0.5, True, False, "x", "", None, [], [0], [1, 2], {}, {"a": 1}]
# Nothing of a message that people should see.
INSIDE = ["internal", "terminate", "std::", "Exception raised", "frame #",
          "bad_alloc"]


def places(value, at=()):
    """The paths to all values below `value`, those of long lists left out."""
    items = (value.items() if isinstance(value, dict) else
             enumerate(value[:3]) if isinstance(value, list) else ())
    for key, below in items:
        yield (*at, key)
        yield from places(below, (*at, key))


def mutate_json(draw, content):
    content = copy.deepcopy(content)
    path = draw.choice(sorted(places(content), key=str))
    parent = content
    for key in path[:-1]:
        parent = parent[key]
    if isinstance(parent, dict) and draw.random() < 0.15:
        del parent[path[-1]]
        return f"{path} left out", content
    parent[path[-1]] = draw.choice(VALUES)
    return f"{path} = {parent[path[-1]]!r}", content


def mutate_lines(draw, text):
    lines = text.split("\n")
    at = draw.randrange(len(lines))
    lines[at] = draw.choice(["", "a ", " a", "a", "a b c", lines[0],
                             lines[at] + "\x00"])
    return f"line {at + 1} = {lines[at]!r}", "\n".join(lines)


def mutate_weights(draw, data):
    length = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + length])
    name = draw.choice(sorted(set(header) - {"__metadata__"}))
    tensor = header[name]
    what = draw.choice(["shape", "dtype", "offsets", "left out", "values",
                        "cut"])
    if what == "cut":
        at = draw.randrange(len(data))
        return f"cut after {at} bytes", data[:at]
    if what == "values":
        begin = 8 + length + tensor["data_offsets"][0]
        value = draw.choice([b"\xff\xff", b"\x00\x7c", b"\xff\x7b"])
        return (f"{name}[0] = {value.hex()}",
                data[:begin] + value + data[begin + 2:])
    if what == "left out":
        del header[name]
    elif what == "shape":
        shape = tensor["shape"]
        tensor["shape"] = draw.choice([shape[::-1], [*shape, 1], [], [0],
                                       [2**62, 4], [-1], shape + shape])
    elif what == "dtype":
        tensor["dtype"] = draw.choice(["F32", "I64", "BOOL", "F8_E4M3", "x"])
    else:
        tensor["data_offsets"] = draw.choice([[0, 2**62], [-2, 0], [4, 2], []])
    text = json.dumps(header).encode()
    return (f"{name}: {what} {tensor}",
            struct.pack("<Q", len(text)) + text + data[8 + length:])


def mutate(draw, folder):
    """Changes one file; says how."""
    file = draw.choice(sorted(
        path for path in folder.iterdir()
        if path.suffix in (".json", ".txt", ".safetensors")
        and path.name != "training.json"))
    if file.suffix == ".json":
        how, content = mutate_json(draw, json.loads(file.read_text()))
        changed = json.dumps(content).encode()
    elif file.suffix == ".txt":
        how, content = mutate_lines(draw, file.read_text())
        changed = content.encode()
    else:
        how, changed = mutate_weights(draw, file.read_bytes())
    file.write_bytes(changed)
    return f"{file.name}: {how}"


def run(*arguments):
    def limit():
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    return subprocess.run([EYECHART, *map(str, arguments)], preexec_fn=limit,
                          capture_output=True, text=True, errors="replace",
                          timeout=SECONDS, check=False)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Two classes of a picture each."""
    folder = tmp_path_factory.mktemp("pictures")
    draw = np.random.default_rng(SEED)
    for name in ("cat", "dog"):
        (folder / name).mkdir()
        pixels = draw.integers(0, 256, (30, 40, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / name / "one.png")
    return folder


@pytest.fixture(scope="module")
def questions(pictures):
    """Beside the pictures, as paths are relative to it."""
    file = pictures / "questions.csv"
    file.write_text("id,path,question,option_a,option_b,answer\n"
                    "1,cat/one.png,what is it,cat,dog,a\n")
    return file


def steps(family, model, pictures, questions, out):
    yield "inspect", ("inspect", model, "--json")
    yield "encode", ("encode", model, pictures, "-o", out / "store")
    if family == "clip":
        yield "words", ("probe", "zero-shot", model, pictures, "-o",
                        out / "words", "--json")
    if family == "florence2":
        yield "words", ("ask", model, questions, "--scoring", "likelihood",
                        "--json")


@pytest.mark.parametrize("number", range(COUNT))
def test_one_thing_wrong(number, pictures, questions, tmp_path):
    draw = random.Random(f"{SEED}/{number}")
    family = draw.choice(["aimv2", "clip", "dinov2", "florence2"])
    model = tmp_path / family
    model.mkdir()
    for path in (DEMO / family).iterdir():
        (model / path.name).write_bytes(path.read_bytes())
    how = f"{family}/{mutate(draw, model)}"[:300]
    for step, arguments in steps(family, model, pictures, questions, tmp_path):
        ran = run(*arguments)
        said = f"{how}: {step}: {ran.returncode}: {ran.stderr[-1500:]}"
        assert ran.returncode in (0, 2), said
        assert not any(word in ran.stderr for word in INSIDE), said
        if ran.returncode == 2:
            assert str(model) in ran.stderr or family in ran.stderr, said
            assert len(ran.stderr) < 4000, said
            return
        if step == "encode":
            for shard in (tmp_path / "store").glob("*.safetensors"):
                assert np.isfinite(load_file(shard)["pooled"]).all(), said
