"""The demo's trained Florence-2, from picture files to boxes and chosen
options: `detect predict` and `ask` beside transformers' own processor, search
and post-processor."""

import collections
import csv
import json
import os
import pathlib
import subprocess

import pytest
import torch
from PIL import Image
from transformers import Florence2ForConditionalGeneration, Florence2Processor

torch.set_num_threads(1)

EYECHART = os.path.join(os.environ["EYECHART_BIN"], "eyechart")
ROOT = pathlib.Path(__file__).resolve().parents[2]
CHECKPOINT = ROOT / "demo/checkpoints/florence2"
END = 2
# Log-likelihoods of ours and theirs differ by rounding.
CLEAR = 1e-3


def eyechart(*arguments):
    run = subprocess.run([EYECHART, *map(str, arguments)], capture_output=True,
                         text=True)
    assert run.returncode == 0, run.stderr


def rows_of(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module", name="reference")
def reference_fixture():
    model = Florence2ForConditionalGeneration.from_pretrained(
        CHECKPOINT, dtype=torch.float32).eval()
    return model, Florence2Processor.from_pretrained(CHECKPOINT)


@pytest.fixture(scope="module", name="sets")
def sets_fixture(tmp_path_factory):
    """Held-out pictures, larger than the model's so that they are resized."""
    folder = tmp_path_factory.mktemp("pictures")
    made = {"scenes": ["--count", 6], "patterns": ["--pairs", 1]}
    for kind, count in made.items():
        eyechart("generate", kind, *count, "--seed", 7, "--size", 160, "-o",
                 folder / kind)
    return folder


def inputs_of(reference, path, prompt):
    image = Image.open(path).convert("RGB")
    return image, reference[1](text=prompt, images=image, return_tensors="pt")


@torch.inference_mode()
def written(reference, path, prompt, skip_special=False):
    model, processor = reference
    image, inputs = inputs_of(reference, path, prompt)
    ids = model.generate(**inputs)
    [text] = processor.batch_decode(ids, skip_special_tokens=skip_special)
    return image.size, text


@torch.inference_mode()
def likelihoods(reference, path, prompt, options):
    """Of each option its tokens' log-likelihood behind <s>, end included, and
    their number."""
    model, processor = reference
    _, inputs = inputs_of(reference, path, prompt)
    result = []
    for option in options:
        ids = processor.tokenizer(option,
                                  add_special_tokens=False)["input_ids"] + [END]
        logits = model(**inputs, decoder_input_ids=torch.tensor(
            [[END, 0] + ids[:-1]])).logits
        scores = torch.log_softmax(logits[0, 1:].double(), -1)
        result.append((sum(scores[i, token].item()
                           for i, token in enumerate(ids)), len(ids)))
    return result


def test_boxes(tmp_path, reference, sets):
    images = sets / "scenes" / "images"
    eyechart("detect", "predict", CHECKPOINT, images, "-o",
             tmp_path / "boxes.json", "--threads", 1)
    ours = json.loads((tmp_path / "boxes.json").read_text())
    labels = {one["id"]: one["name"] for one in ours["categories"]}
    found = collections.defaultdict(list)
    for box in ours["annotations"]:
        x, y, width, height = box["bbox"]
        found[box["image_id"]].append(
            (labels[box["category_id"]], [x, y, x + width, y + height]))
    assert len(ours["images"]) == 6
    assert sum(map(len, found.values())) > 6, "next to nothing was found"
    for image in ours["images"]:
        size, text = written(reference, images / image["file_name"], "<OD>")
        assert size == (image["width"], image["height"])
        theirs = reference[1].post_process_generation(
            text=text, task="<OD>", image_size=size)["<OD>"]
        mine = found[image["id"]]
        assert [label for label, _ in mine] == theirs["labels"], text
        for (_, box), expected in zip(mine, theirs["bboxes"], strict=True):
            assert max(abs(a - b) for a, b in zip(box, expected)) <= 1


@pytest.mark.parametrize("kind", ["scenes", "patterns"])
@pytest.mark.parametrize("scoring", ["likelihood", "likelihood-mean"])
def test_options(tmp_path, reference, sets, kind, scoring):
    folder = sets / kind
    eyechart("ask", CHECKPOINT, folder, "--scoring", scoring, "-o", tmp_path,
             "--threads", 1)
    ours = {row["id"]: row for row in rows_of(tmp_path / "outcomes.csv")}
    questions = rows_of(folder / "questions.csv")
    assert len(ours) == len(questions)
    ties, chosen = 0, set()
    for question in questions:
        options = [question[f"option_{mark}"] for mark in "abcd"
                   if question[f"option_{mark}"]]
        scores = [total / count if scoring == "likelihood-mean" else total
                  for total, count in likelihoods(
                      reference, folder / question["path"],
                      question["question"], options)]
        row = ours[question["id"]]
        own = scores.pop("abcd".index(question["answer"]))
        lead = own - max(scores)
        assert abs(float(row["score"]) - lead) < CLEAR, question
        scores.insert("abcd".index(question["answer"]), own)
        best, second = sorted(scores, reverse=True)[:2]
        if best - second < 2 * CLEAR:
            ties += 1
            continue
        chosen.add(f"({'abcd'[scores.index(best)]})")
        assert row["prediction"] == f"({'abcd'[scores.index(best)]})", question
    assert ties <= 2 and len(chosen) > 1


@pytest.mark.parametrize("kind", ["scenes", "patterns"])
def test_written_answers(tmp_path, reference, sets, kind):
    """What the reference writes, read as anybody's answers are."""
    folder = sets / kind
    questions = rows_of(folder / "questions.csv")
    with open(tmp_path / "answers.csv", "w", newline="",
              encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "answer"])
        for question in questions:
            _, text = written(reference, folder / question["path"],
                              question["question"], skip_special=True)
            writer.writerow([question["id"], text.strip()])
    eyechart("ask", folder, "--answers", tmp_path / "answers.csv", "-o",
             tmp_path / "theirs")
    eyechart("ask", CHECKPOINT, folder, "--scoring", "generate", "-o",
             tmp_path / "ours", "--threads", 1)
    ours, theirs = (
        {row["id"]: (row["prediction"], row["status"])
         for row in rows_of(tmp_path / name / "outcomes.csv")}
        for name in ("ours", "theirs"))
    assert len(ours) == len(questions)
    assert len({prediction for prediction, _ in ours.values()}) > 1
    assert ours == theirs
