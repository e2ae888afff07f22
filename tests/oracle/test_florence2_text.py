"""Florence-2's tokenizer, prompts and answers against transformers."""

import json
import random

import pytest
from encoder_parity import record, run_probe, texts_file
from florence2_toys import reference_tokenizer, write_tokenizer
from test_tokenizer import corpus, fuzzed
from transformers.models.florence2.processing_florence2 import \
    Florence2Processor

TASKS = {"<OD>": "bboxes", "<CAPTION_TO_PHRASE_GROUNDING>": "bboxes",
         "<OCR_WITH_REGION>": "quad_boxes", "<CAPTION>": "text",
         "<REGION_PROPOSAL>": "bboxes",
         "<REFERRING_EXPRESSION_SEGMENTATION>": "polygons",
         "<OPEN_VOCABULARY_DETECTION>": None}
BANNED = ["it", "the image"]
CONFIG = {"ocr": {"AREA_THRESHOLD": 0.01}, "pure_text": {},
          "phrase_grounding": {"banned_grounding_tokens": BANNED},
          "description_with_bboxes": {}, "description_with_polygons": {},
          "polygons": {}, "bboxes": {},
          "description_with_bboxes_or_polygons": {}}


class ImageProcessor:
    image_seq_length = 4


def make_plain(tokenizer):
    plain = Florence2Processor.__new__(Florence2Processor)
    tokenizer.image_token, tokenizer.image_token_id = "<image>", 0
    original = Florence2Processor.__mro__[1].__init__
    Florence2Processor.__mro__[1].__init__ = lambda self, *a, **k: None
    try:
        plain.__init__(image_processor=ImageProcessor(), tokenizer=tokenizer,
                       post_processor_config=CONFIG)
    finally:
        Florence2Processor.__mro__[1].__init__ = original
    return plain


def tokenize(folder, texts, tmp_path):
    target = tmp_path / "ids.json"
    run_probe("tokenize", folder, texts_file(tmp_path, texts), target,
              probe="florence2_probe")
    return json.loads(target.read_text())


SPECIALS = ["<s>", "</s>", "<pad>", " <mask>", "<mask> ", "<loc_7>",
            "<loc_1000>", "<od>", "<poly>x", "  <sep>", "<loc_", "<image>"]


def spiced(texts, seed):
    rng = random.Random(seed)
    out = []
    for text in texts:
        if rng.random() < 0.3:
            cut = rng.randrange(len(text) + 1)
            text = text[:cut] + rng.choice(SPECIALS) + text[cut:]
        out.append(text)
    return out


@pytest.mark.parametrize("saved", [True, False], ids=["converted", "remote"])
@pytest.mark.parametrize("config", [{}, {"add_prefix_space": True}],
                         ids=["plain", "prefix"])
def test_tokenizer(tmp_path, saved, config):
    folder = tmp_path / "tokenizer"
    write_tokenizer(folder, saved=saved, **config)
    reference = reference_tokenizer(folder)
    texts = spiced(corpus(1 + saved), 3)
    if config:
        texts = texts[:2000]
    if not saved:  # the picture's own token is the converted folders'
        texts = [text.replace("<image>", "") for text in texts]
    expected = reference(texts, add_special_tokens=False)["input_ids"]
    wrong = []
    for text, ids, ours in zip(texts, expected,
                               tokenize(folder, texts, tmp_path), strict=True):
        want = [ids, reference.decode(ids),
                reference.decode(ids, skip_special_tokens=True)]
        if ours != want:
            wrong.append((text, ours, want))
    assert not wrong, (len(wrong), wrong[:3])
    record("florence2 tokenizer", strings=len(texts),
           ids=sum(map(len, expected)))


def test_prompts(tmp_path):
    folder = tmp_path / "tokenizer"
    write_tokenizer(folder)
    processor = make_plain(reference_tokenizer(folder))
    prompts = list(processor.task_prompts_without_inputs)
    prompts += [token + text for token in processor.task_prompts_with_input
                for text in ("", " a dog", "a \u00e9 <loc_1> ", "\x1cx\u3000")]
    prompts += ["", "what?", "<NO_TASK> x", "say <OPEN_VOCABULARY_DETECTION> x"]
    target = tmp_path / "out.json"
    run_probe("expand", texts_file(tmp_path, prompts), target,
              probe="florence2_probe")
    assert json.loads(target.read_text()) == processor._construct_prompts(prompts)


def made_answer(rng):
    """A plausible answer, or a spoilt one."""
    pieces = []
    for _ in range(rng.randrange(1, 6)):
        kind = rng.randrange(10)
        if kind < 5:
            pieces.append(rng.choice(["dog", " cat ", "it", "the image", "caf\u00e9",
                                      "two\nlines", "\n", " ", "\u3000x", "a<b",
                                      "sign 12", "\x1cy", "<od>", "od>z", "",
                                      fuzzed(rng)[:20].replace("\ud800", "")]))
        if kind == 5:
            pieces.append(rng.choice(["<poly>", "</poly>", "<sep>", "<s>",
                                      "</s>", "<pad>", "<loc_>", "<loc_a>",
                                      "<loc_12", "<s<s>>", "<box>"]))
        count = rng.choice([4, 4, 4, 8, 8, 1, 2, 3, 5, 9, 12, 16])
        locations = [f"<loc_{rng.choice([rng.randrange(1000), 1000, 4321])}>"
                     if rng.random() < 0.1 else f"<loc_{rng.randrange(1000)}>"
                     for _ in range(count)]
        shape = rng.randrange(8)
        if shape == 0:
            pieces.append("<poly>" + "".join(locations) + "</poly>")
        elif shape == 1:
            cut = rng.randrange(count + 1)
            pieces.append("".join(locations[:cut]) + "<sep>"
                          + "".join(locations[cut:]))
        elif shape == 2:
            cut = rng.randrange(count + 1)
            pieces.append("<poly>" + "".join(locations[:cut]) + "<sep>"
                          + "".join(locations[cut:]) + "</poly>")
        else:
            pieces.append("".join(locations))
    return "".join(pieces)


def test_answers(tmp_path):
    folder = tmp_path / "tokenizer"
    write_tokenizer(folder)
    processor = make_plain(reference_tokenizer(folder))
    (folder / "processor_config.json").write_text(
        json.dumps({"post_processor_config": CONFIG}))
    rng = random.Random(4)
    cases = []
    for _ in range(3000):
        text = made_answer(rng)
        for task in TASKS:
            cases.append(dict(text=text, task=task,
                              width=rng.choice([640, 1, 333, 4000]),
                              height=rng.choice([480, 7, 1000, 3001])))
    file, target = tmp_path / "cases.json", tmp_path / "out.json"
    file.write_text(json.dumps(cases))
    run_probe("parse", folder, file, target, probe="florence2_probe")
    found = dict.fromkeys(TASKS, 0)
    for case, ours in zip(cases, json.loads(target.read_text()), strict=True):
        task = case["task"]
        reference = processor.post_process_generation(
            text=case["text"], task=task,
            image_size=(case["width"], case["height"]))[task]
        if task == "<CAPTION>":
            assert ours["text"] == reference, case
            found[task] += 1
            continue
        want = {"bboxes": [], "quad_boxes": [], "polygons": [], "labels": []}
        for key, value in reference.items():
            want["labels" if "labels" in key else key] += value
        got = {key: ours[key] for key in want}
        assert got == want, case
        found[task] += len(want["labels"])
    assert min(found.values()) > 300, found
    record("florence2 answers", **{k.strip("<>").lower(): v
                                   for k, v in found.items()})
