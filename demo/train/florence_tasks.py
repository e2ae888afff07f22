"""What Florence-2 is asked and should answer, as token ids.

Prompts are the sentences that Florence2Processor makes of its task names.
Boxes come from left to right, each after its label, as `label<loc_x0><loc_y0>
<loc_x1><loc_y1>` in thousandths of the picture.
"""

import dataclasses

import torch

import pictures
import training
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
    prompt: training.Rows
    answer: training.Rows

    def some(self, index: torch.Tensor):
        """Prompts (N, P) and answers (N, A) of some questions."""
        return self.prompt.some(index), self.answer.some(index)

    def of_pictures(self, count: int) -> list[list[int]]:
        """The questions' numbers by picture."""
        result = [[] for _ in range(count)]
        for number, picture in enumerate(self.picture):
            result[picture].append(number)
        return result


def _rows(tokenizer, texts: list[str], device: str) -> training.Rows:
    """Tokenizes each different text once."""
    different = sorted(set(texts))
    ids = dict(zip(different, tokenizer(different)["input_ids"]))
    return training.Rows(
        [ids[text] for text in texts], tokenizer.pad_token_id, device
    )


def _asked(tokenizer, picture, prompts, answers, device: str) -> Asked:
    return Asked(
        list(picture),
        _rows(tokenizer, prompts, device),
        _rows(tokenizer, answers, device),
    )


def captions(tokenizer, texts: list[str], device: str) -> Asked:
    """One caption a picture."""
    prompts = [CAPTION] * len(texts)
    return _asked(tokenizer, range(len(texts)), prompts, texts, device)


class Detections:
    """All boxes of a picture, which move when the picture does."""

    def __init__(self, tokenizer, boxes: list[list[tuple]], device: str):
        prompt = tokenizer([DETECTION])["input_ids"]
        self._prompt = training.Rows(prompt, tokenizer.pad_token_id, device)
        texts = [boxes_to_text(found) for found in boxes]
        rows = tokenizer(texts)["input_ids"]
        self._first = tokenizer.convert_tokens_to_ids("<loc_0>")
        self._answer = training.Rows(rows, tokenizer.pad_token_id, device)
        # The edges in the order of the places, in whole 1/64 of a pixel.
        self._edges = training.Rows(
            [
                self._edges_of(row, [e for box in found for e in box[1:]])
                for row, found in zip(rows, boxes)
            ],
            0,
            device,
        )

    def _edges_of(self, row: list[int], edges: list[float]) -> list[int]:
        """At each token that is a place its edge; 0 at the others."""
        rest = iter(edges)
        last = self._first + vocabulary.BINS
        return [
            round(64 * next(rest)) if self._first <= token < last else 0
            for token in row
        ]

    def some(self, index: torch.Tensor, moved: torch.Tensor):
        """Prompts (N, P) and answers (N, A) of pictures that were moved.

        Args:
          index: which pictures, (N,).
          moved: augment.shift_with_places()'s second, of the N and of others.
        """
        answers = self._answer.some(index)
        edges = self._edges.some(index) / 64
        last = self._first + vocabulary.BINS
        is_place = (answers >= self._first) & (answers < last)
        # x and y take turns.
        axis = (is_place.cumsum(1) - 1).clamp(min=0) % 2
        change = moved[: len(answers)]
        factor, offset = (
            change[..., part].gather(1, axis) for part in (0, 1)
        )
        edges = edges * factor + offset
        bins = (edges * vocabulary.BINS / pictures.SIZE).floor()
        places = self._first + bins.clamp(0, vocabulary.BINS - 1).long()
        prompts = self._prompt.some(torch.zeros_like(index))
        return prompts, torch.where(is_place, places, answers)


def questions(
    tokenizer, rows: list[dict], paths: list[str], device: str
) -> Asked:
    """The rows of questions.csv.

    Args:
      tokenizer: of the model.
      rows: of the file.
      paths: the pictures' paths in the order of their pixels.
      device: where the token ids are kept.
    """
    place = {path: i for i, path in enumerate(paths)}
    return _asked(
        tokenizer,
        [place[row["path"]] for row in rows],
        [row["question"] for row in rows],
        [answer_text(row) for row in rows],
        device,
    )
