"""Asks the small Florence-2 for captions, boxes and answers; scores them."""

import pathlib

import torch
from transformers import BartTokenizer, Florence2Processor

import features
import florence_tasks
import measures
import pictures

# Seeds below 100 were not trained on; evaluate.py --validation adds 100.
SEED = 3
BOX_OVERLAP = 0.5


@torch.inference_mode()
def answer(model, tokenizer, pixels, prompts: list[str], batch: int = 200):
    """Decoded answers to prompts, one a picture (uint8), markers removed.

    The sequence is that of Florence2Processor: picture tokens, then the prompt
    between its markers. Generation follows the folder's generation_config.json.
    """
    texts = []
    for start in range(0, len(prompts), batch):
        some = slice(start, start + batch)
        images = pictures.to_unit(pixels[some], model.device)
        images = pictures.normalize(images)
        ids = tokenizer(prompts[some], padding=True, return_tensors="pt")
        ids = ids.to(model.device)
        seen = model.model.get_image_features(images[:1]).pooler_output
        places = torch.full(
            (len(images), seen.shape[1]),
            model.config.image_token_id,
            device=model.device,
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


def plans(offset: int = 0, share: float = 1.0) -> list[pictures.Plan]:
    """The scenes and pattern pictures to ask about."""
    count, pairs = (max(1, round(share * full)) for full in (150, 20))
    return [
        pictures.Plan("scenes", SEED + offset, count),
        pictures.Plan("patterns", SEED + offset, pairs, steps=(0, 1, 2)),
    ]


def report(folder: pathlib.Path, options, offset: int = 0):
    """Asks and scores.

    Args:
      folder: of the checkpoint.
      options: evaluate.py's.
      offset: what is added to the seeds.

    Returns:
      a Markdown table, and a few of its scores in per cent by name; "all" is
      the mean of boxes found and answers right.
    """
    model = features.load(folder, options.device)
    tokenizer = BartTokenizer.from_pretrained(folder)
    processor = Florence2Processor.from_pretrained(folder)
    scenes, patterns = (
        pictures.load(plan, options.eyechart, threads=options.threads)
        for plan in plans(offset, options.share)
    )
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
    scores = {"things": 100 * score}
    for least in (0.25, BOX_OVERLAP):
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

    scores["boxes"] = 100 * hits / sum(map(len, scenes.boxes))

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
        scores[f"answers, {name}"] = 100 * sum(right) / len(right)
    scores["all"] = (scores["boxes"] + scores["answers, scenes"]) / 2
    text = "\n".join(
        "| " + " | ".join(row) + " |"
        for row in [["held out", "score"], ["---", "---"], *rows]
    )
    return text, {k: round(v, 2) for k, v in scores.items()}
