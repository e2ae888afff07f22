"""Asks the small Florence-2 for captions, boxes and answers; scores them."""

import pathlib

import torch
from transformers import BartTokenizer, Florence2Processor

import features
import florence_tasks
import measures
import pictures

TEST_SCENES = pictures.Plan("scenes", 3, 150)
TEST_PATTERNS = pictures.Plan("patterns", 3, 20, steps=(0, 1, 2))
BOX_OVERLAP = 0.5


@torch.inference_mode()
def answer(model, tokenizer, pixels, prompts: list[str], batch: int = 50):
    """Decoded answers to prompts, one a picture (uint8), markers removed.

    The sequence is that of Florence2Processor: picture tokens, then the prompt
    between its markers. Generation follows the folder's generation_config.json.
    """
    texts = []
    for start in range(0, len(prompts), batch):
        some = slice(start, start + batch)
        images = pictures.normalize(pictures.to_unit(pixels[some]))
        ids = tokenizer(prompts[some], padding=True, return_tensors="pt")
        seen = model.model.get_image_features(images[:1]).pooler_output
        places = torch.full(
            (len(images), seen.shape[1]), model.config.image_token_id
        )
        generated = model.generate(
            input_ids=torch.cat([places, ids["input_ids"]], 1),
            attention_mask=torch.cat(
                [torch.ones_like(places), ids["attention_mask"]], 1
            ),
            pixel_values=images,
        )
        for row in tokenizer.batch_decode(generated):
            for marker in ("<s>", "</s>", "<pad>"):
                row = row.replace(marker, "")
            texts.append(row.strip())
    return texts


def _boxes(processor: Florence2Processor, text: str) -> list[tuple]:
    parsed = processor.post_process_generation(
        text=text, task="<OD>", image_size=(pictures.SIZE, pictures.SIZE)
    )["<OD>"]
    return [
        (label, *box)
        for label, box in zip(parsed["labels"], parsed["bboxes"])
    ]


def report(folder: pathlib.Path, program: pathlib.Path) -> str:
    """Asks and scores; a Markdown table."""
    model = features.load(folder)
    tokenizer = BartTokenizer.from_pretrained(folder)
    processor = Florence2Processor.from_pretrained(folder)
    scenes = pictures.load(TEST_SCENES, program)
    patterns = pictures.load(TEST_PATTERNS, program)
    count = len(scenes)

    labels = sorted({box[0] for found in scenes.boxes for box in found})
    told = answer(
        model, tokenizer, scenes.pixels, [florence_tasks.CAPTION] * count
    )
    named = [measures.things_in(text, labels) for text in told]
    true = [
        measures.things_in(row["caption"], labels) for row in scenes.captions
    ]
    score, right, found, wanted = measures.f1(named, true)
    rows = [
        ["things named in captions, F1", f"{100 * score:.1f} %"],
        ["of the named ones there", measures.percent(right, found)],
        ["of those there named", measures.percent(right, wanted)],
    ]

    texts = answer(
        model, tokenizer, scenes.pixels, [florence_tasks.DETECTION] * count
    )
    boxes = [_boxes(processor, text) for text in texts]
    for least in (BOX_OVERLAP, 0.25):
        hits = sum(
            measures.matched(mine, theirs, least)
            for mine, theirs in zip(boxes, scenes.boxes)
        )
        rows += [
            [
                f"`<OD>` precision, overlap {least}",
                measures.percent(hits, sum(map(len, boxes))),
            ],
            [
                f"`<OD>` recall, overlap {least}",
                measures.percent(hits, sum(map(len, scenes.boxes))),
            ],
        ]

    place = {row["path"]: i for i, row in enumerate(scenes.captions)}
    asked = scenes.questions
    pixels = scenes.pixels[[place[row["path"]] for row in asked]]
    for name, some, views in (
        ("scenes", asked, pixels),
        ("patterns", patterns.questions, patterns.pixels),
    ):
        said = answer(
            model, tokenizer, views, [row["question"] for row in some]
        )
        right = [
            text == florence_tasks.answer_text(row)
            for text, row in zip(said, some)
        ]
        for pattern in sorted({row["pattern"] for row in some}):
            here = [
                ok for ok, row in zip(right, some) if row["pattern"] == pattern
            ]
            rows.append(
                [
                    f"answers, {name}, {pattern}",
                    measures.percent(sum(here), len(here)),
                ]
            )
        rows.append(
            [f"answers, {name}, all", measures.percent(sum(right), len(right))]
        )
    return "\n".join(
        "| " + " | ".join(row) + " |"
        for row in [["held out", "score"], ["---", "---"], *rows]
    )
