"""What Florence-2 is asked and should answer, as token ids.

Prompts are the sentences that Florence2Processor makes of its task names.
Boxes come from left to right, each after its label, as `label<loc_x0><loc_y0>
<loc_x1><loc_y1>` in thousandths of the picture.
"""

import dataclasses

import torch

import pictures
import vocabulary

CAPTION = "What does the image describe?"
DETECTION = "Locate the objects with category name in the image."


def boxes_to_text(boxes: list[tuple]) -> str:
    """Florence-2's text of (label, x0, y0, x1, y1) in pixels."""
    bins = vocabulary.BINS
    text = ""
    for label, *edges in boxes:
        text += label
        for edge in edges:
            place = int(edge * bins // pictures.SIZE)
            text += f"<loc_{min(place, bins - 1)}>"
    return text


def answer_text(row: dict) -> str:
    """The text of a question's right option."""
    return row["option_" + row["answer"]]


@dataclasses.dataclass
class Asked:
    """Questions with answers, by picture.

    Attributes:
      picture: which picture each is about, a number of its own set.
      prompt: token ids of each prompt, with its markers.
      answer: token ids of each answer, with its markers.
    """

    picture: list[int]
    prompt: list[list[int]]
    answer: list[list[int]]

    def of_pictures(self, count: int) -> list[list[int]]:
        """The questions' numbers by picture."""
        result = [[] for _ in range(count)]
        for number, picture in enumerate(self.picture):
            result[picture].append(number)
        return result


def _asked(tokenizer, picture, prompts, answers) -> Asked:
    return Asked(
        list(picture),
        tokenizer(prompts)["input_ids"],
        tokenizer(answers)["input_ids"],
    )


def captions(tokenizer, texts: list[str]) -> Asked:
    """One caption a picture."""
    prompts = [CAPTION] * len(texts)
    return _asked(tokenizer, range(len(texts)), prompts, texts)


def detections(tokenizer, boxes: list[list[tuple]]) -> Asked:
    """All boxes of a picture."""
    prompts = [DETECTION] * len(boxes)
    texts = [boxes_to_text(found) for found in boxes]
    return _asked(tokenizer, range(len(boxes)), prompts, texts)


def questions(tokenizer, rows: list[dict], paths: list[str]) -> Asked:
    """The rows of questions.csv.

    Args:
      tokenizer: of the model.
      rows: of the file.
      paths: the pictures' paths in the order of their pixels.
    """
    place = {path: i for i, path in enumerate(paths)}
    return _asked(
        tokenizer,
        [place[row["path"]] for row in rows],
        [row["question"] for row in rows],
        [answer_text(row) for row in rows],
    )


def pad(rows: list[list[int]], filler: int) -> torch.Tensor:
    """Rows of different lengths as one (B, T)."""
    longest = max(map(len, rows))
    return torch.tensor([row + [filler] * (longest - len(row)) for row in rows])
