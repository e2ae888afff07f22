"""Florence-2's language side against transformers, on random weights."""

import json

import pytest
import torch
from encoder_parity import (MAX_ERROR, compare_fp32, compare_half, pixels,
                            record, rename_keys, run_probe, shard)
from florence2_toys import (TEXT, make_model, prompt_ids, reference_inputs,
                            reference_tokenizer)
from safetensors.torch import load_file, save_file
from test_florence_vision import remote_name

torch.set_num_threads(1)

PROMPTS = ["what is in the image", "how many dogs are there?", "is it red",
           "<CAPTION>", "<OD>", "a", "", "don't locate the two objects, please",
           "<CAPTION_TO_PHRASE_GROUNDING> a dog facing left", "caf\u00e9 \U0001F600"]
EXPANDED = {
    "<CAPTION>": "What does the image describe?",
    "<OD>": "Locate the objects with category name in the image.",
    "<CAPTION_TO_PHRASE_GROUNDING> a dog facing left":
        "Locate the phrases in the caption: a dog facing left"}

BASE = dict(d_model=768, encoder_layers=6, decoder_layers=6,
            encoder_attention_heads=12, decoder_attention_heads=12,
            encoder_ffn_dim=3072, decoder_ffn_dim=3072,
            max_position_embeddings=1024)
BASE_VOCABULARY = 51289
SMALL_TOWER = dict(embed_dim=[16, 1024], depths=[1, 1], num_heads=[2, 32],
                   num_groups=[4, 32], patch_size=[7, 3], patch_stride=[8, 4],
                   patch_padding=[3, 1], patch_prenorm=[False, True])


def probe(*arguments):
    return run_probe(*arguments, probe="florence2_probe")


def answer(folder, images, cases, tmp_path, dtype="fp32"):
    source, target = tmp_path / "pixels.safetensors", tmp_path / "answers.json"
    save_file(images, source)
    file = tmp_path / "cases.json"
    file.write_text(json.dumps(cases))
    probe("answer", folder, source, file, target, "--dtype", dtype)
    return json.loads(target.read_text())


@torch.inference_mode()
def generate(model, tokenizer, images, prompts, **options):
    """Reference: ids a prompt, each prompt alone, cut behind the end token."""
    rows, scores = [], []
    for picture, text in prompts:
        inputs = reference_inputs(model, tokenizer, images[picture:picture + 1],
                                  [EXPANDED.get(text, text)])
        output = model.generate(**inputs, return_dict_in_generate=True,
                                output_scores=True, **options)
        row = output.sequences[0, 1:].tolist()
        rows.append(row[:row.index(2) + 1] if 2 in row else row)
        scores.append(output.sequences_scores[0].item()
                      if options.get("num_beams", 1) > 1 else 0.0)
    return rows, scores


def look(folder, images, tmp_path, dtype="fp32"):
    source, target = tmp_path / "pixels.safetensors", tmp_path / "out.safetensors"
    save_file(images, source)
    probe("look", folder, source, target, "--dtype", dtype)
    return load_file(target)


@torch.inference_mode()
def reference_bart(model, inputs):
    language = model.model.language_model.to(torch.float32)
    dtype = next(model.parameters()).dtype
    mask = inputs["mask"]
    encoder = model.model.language_model.encoder(
        inputs_embeds=inputs["embeddings"].to(dtype),
        attention_mask=mask).last_hidden_state
    decoder = language.decoder(
        input_ids=inputs["ids"].long(), encoder_hidden_states=encoder,
        encoder_attention_mask=mask, use_cache=False).last_hidden_state
    logits = model.lm_head(decoder)
    return {"encoder": encoder, "logits": logits, "stepwise": logits}


def bart_inputs(seed, width, vocabulary, batch=3, source=11, length=7):
    generator = torch.Generator().manual_seed(seed)
    mask = torch.ones(batch, source)
    if batch > 1:
        mask[1, source - 3:] = 0
    return {"embeddings": torch.randn((batch, source, width),
                                      generator=generator),
            "mask": mask,
            "ids": torch.randint(0, vocabulary, (batch, length),
                                 generator=generator).float()}


def run_bart(folder, inputs, tmp_path, dtype="fp32"):
    source, target = tmp_path / "in.safetensors", tmp_path / "bart.safetensors"
    save_file(inputs, source)
    probe("bart", folder, source, target, "--dtype", dtype)
    ours = load_file(target)
    keep = inputs["mask"].bool()
    ours["encoder"][~keep] = 1
    return ours


def masked(outputs, inputs):
    """Padding is never read, so nothing is asked of it."""
    outputs["encoder"] = outputs["encoder"].clone()
    outputs["encoder"][~inputs["mask"].bool()] = 1
    return outputs


@pytest.mark.parametrize("text", [
    {}, {"scale_embedding": True, "activation_function": "relu"},
    {"encoder_layers": 1, "decoder_layers": 1, "d_model": 48,
     "max_position_embeddings": 40},
], ids=lambda text: "-".join(text) or "plain")
def test_bart_toy(tmp_path, text):
    folder = tmp_path / "model"
    model = make_model(folder, 1, text=text)
    config = model.config.text_config
    inputs = bart_inputs(2, config.d_model, config.vocab_size)
    compare_fp32("florence2 bart toy", run_bart(folder, inputs, tmp_path),
                 masked(reference_bart(model, inputs), inputs))


def test_bart_base(tmp_path):
    folder = tmp_path / "model"
    model = make_model(folder, 3, text=BASE, tower=SMALL_TOWER)
    config = model.config.text_config
    inputs = bart_inputs(4, 768, config.vocab_size, batch=2, source=90)
    expected = masked(reference_bart(model, inputs), inputs)
    compare_fp32("florence2 bart base", run_bart(folder, inputs, tmp_path),
                 expected)
    for dtype in ("bf16", "fp16"):
        compare_half(f"florence2 bart base {dtype}",
                     run_bart(folder, inputs, tmp_path, dtype), expected,
                     expected)


def test_bart_large(tmp_path):
    folder = tmp_path / "model"
    model = make_model(folder, 5, half=True, tower=SMALL_TOWER, text=BASE | dict(
        d_model=1024, encoder_layers=2, decoder_layers=2,
        encoder_attention_heads=16, decoder_attention_heads=16,
        encoder_ffn_dim=4096, decoder_ffn_dim=4096,
        max_position_embeddings=4096))
    inputs = bart_inputs(6, 1024, model.config.text_config.vocab_size, batch=1,
                         source=60)
    compare_fp32("florence2 bart large", run_bart(folder, inputs, tmp_path),
                 masked(reference_bart(model, inputs), inputs))


@torch.inference_mode()
def test_picture_tokens(tmp_path):
    folder = tmp_path / "model"
    model = make_model(folder, 7)
    images = {"square": pixels(8, 2, 64, 64), "wide": pixels(9, 1, 48, 112)}
    expected = {name: model.get_image_features(image).pooler_output
                for name, image in images.items()}
    compare_fp32("florence2 picture tokens", look(folder, images, tmp_path),
                 expected)


@pytest.mark.parametrize("options", [
    dict(num_beams=1), dict(num_beams=3),
    dict(num_beams=1, half=True), dict(num_beams=3, half=True),
    dict(num_beams=3, no_repeat_ngram_size=3, early_stopping=True),
    dict(num_beams=4, length_penalty=0.0, early_stopping="never"),
    dict(num_beams=2, length_penalty=2.5, early_stopping="never",
         no_repeat_ngram_size=2),
    dict(num_beams=2, length_penalty=-1.0),
    dict(num_beams=1, no_repeat_ngram_size=1),
], ids=lambda options: "-".join(f"{k}={v}" for k, v in options.items()))
def test_generated_ids(tmp_path, options):
    """50 prompts and pictures, in batches of ours and one by one there."""
    folder = tmp_path / "model"
    options = dict(options)
    model = make_model(folder, 11, half=options.pop("half", False))
    tokenizer = reference_tokenizer(folder)
    images = pixels(12, 5, 48, 64)
    prompts = [(picture, text) for picture in range(5) for text in PROMPTS]
    options = options | dict(max_new_tokens=24)
    expected, scores = generate(model, tokenizer, images, prompts, **options)
    cases = [dict(pixels="x", options=options,
                  prompts=[dict(picture=p, text=t) for p, t in part])
             for part in (prompts[:7], prompts[7:8], prompts[8:])]
    written = [one for case in answer(folder, {"x": images}, cases, tmp_path)
               for one in case["written"]]
    ended = sum(row[-1] == 2 and len(row) < 24 for row in expected)
    # The start token is the end token: with no token twice there is no end; and
    # a penalty above 1 wants long answers.
    if (options.get("no_repeat_ngram_size") != 1
            and options.get("length_penalty", 1) <= 1):
        assert 3 <= ended < 48, "the cases say nothing about ends"
    assert len({tuple(row) for row in expected}) > 12, "all answers are alike"
    wrong = [(prompt, one["ids"], row) for prompt, one, row
             in zip(prompts, written, expected, strict=True)
             if one["ids"] != row]
    assert not wrong, (len(wrong), wrong[:3])
    worst = max(abs(one["score"] - score) / max(1, abs(score))
                for one, score in zip(written, scores, strict=True))
    assert worst < 1e-4
    record(f"florence2 ids {options}", prompts=len(prompts), ended=ended,
           score_error=worst)


def test_generation_options_of_the_folder(tmp_path):
    """What generation_config.json says holds without being asked for."""
    folder = tmp_path / "model"
    model = make_model(folder, 13, half=True, num_beams=3, no_repeat_ngram_size=2,
                       early_stopping=True, length_penalty=0.5,
                       max_new_tokens=17)
    tokenizer = reference_tokenizer(folder)
    images = pixels(14, 2, 48, 48)
    prompts = [(i % 2, text) for i, text in enumerate(PROMPTS)]
    expected, _ = generate(model, tokenizer, images, prompts)
    case = dict(pixels="x", options={},
                prompts=[dict(picture=p, text=t) for p, t in prompts])
    [result] = answer(folder, {"x": images}, [case], tmp_path)
    assert [one["ids"] for one in result["written"]] == expected


def test_base_greedy(tmp_path):
    folder = tmp_path / "model"
    model = make_model(folder, 15, text=BASE, tower=SMALL_TOWER)
    tokenizer = reference_tokenizer(folder)
    images = pixels(16, 2, 192, 192)
    prompts = [(0, PROMPTS[0]), (1, PROMPTS[4])]
    for options in (dict(max_new_tokens=12), dict(max_new_tokens=8, num_beams=3)):
        expected, _ = generate(model, tokenizer, images, prompts, **options)
        case = dict(pixels="x", options=options,
                    prompts=[dict(picture=p, text=t) for p, t in prompts])
        [result] = answer(folder, {"x": images}, [case], tmp_path)
        assert [one["ids"] for one in result["written"]] == expected


@torch.no_grad()
def base_with_vocabulary(folder, seed, stored):
    """The base model's language side with its whole vocabulary, behind a small
    tower; saved as `stored`."""
    model = make_model(folder, seed, tower=SMALL_TOWER,
                       text=BASE | dict(vocab_size=BASE_VOCABULARY))
    language = model.model.language_model
    # So wide, what is the same everywhere would choose among so many tokens.
    for name, parameter in language.named_parameters():
        if name.endswith("bias") or "embed_positions" in name:
            parameter.mul_(0.1)
    for parameter in model.parameters():
        parameter.copy_(parameter.to(stored))
    model.save_pretrained(folder)
    path = folder / "model.safetensors"
    if stored != torch.float32:
        save_file({name: tensor.to(stored)
                   for name, tensor in load_file(path).items()}, path)
    return model


@pytest.mark.parametrize("stored", [torch.float32, torch.float16],
                         ids=["fp32", "fp16"])
def test_base_vocabulary(tmp_path, stored):
    """Greedy search reads an 8-bit copy of the 51,289 rows first, beam search
    all of them."""
    folder = tmp_path / "model"
    model = base_with_vocabulary(folder, 21, stored)
    tokenizer = reference_tokenizer(folder)
    images = pixels(23, 2, 128, 128)
    prompts = [(i % 2, text) for i, text in enumerate(PROMPTS[:6])]
    searches = [dict(max_new_tokens=24, no_repeat_ngram_size=2),
                dict(max_new_tokens=12, num_beams=3)]
    cases = [dict(pixels="x", options=options,
                  prompts=[dict(picture=p, text=t) for p, t in prompts])
             for options in searches]
    results = answer(folder, {"x": images}, cases, tmp_path)
    for options, result in zip(searches, results, strict=True):
        expected, scores = generate(model, tokenizer, images, prompts,
                                    **options)
        assert len({tuple(row) for row in expected}) > 3, "answers are alike"
        assert max(map(max, expected)) > 20000, "the vocabulary is not used"
        assert [one["ids"] for one in result["written"]] == expected, options
        if "num_beams" in options:
            for one, score in zip(result["written"], scores, strict=True):
                assert abs(one["score"] - score) < 1e-4 * max(1, abs(score))
    if stored == torch.float32:
        # The projector's 24 x 24 cells, and their mean.
        image = pixels(22, 1, 768, 768)
        with torch.inference_mode():
            expected = model.get_image_features(image).pooler_output
        assert expected.shape[1:] == (577, 768)
        compare_fp32("florence2 picture tokens base",
                     look(folder, {"whole": image}, tmp_path),
                     {"whole": expected})


@torch.inference_mode()
def likelihood(model, tokenizer, image, text, choice):
    """Of the tokens behind <s>, as the model's loss has them."""
    inputs = reference_inputs(model, tokenizer, image,
                              [EXPANDED.get(text, text)])
    ids = tokenizer(choice, add_special_tokens=False)["input_ids"] + [2]
    logits = model(**inputs,
                   decoder_input_ids=torch.tensor([[2, 0] + ids[:-1]])).logits
    scores = torch.log_softmax(logits[0, 1:].double(), -1)
    return sum(scores[i, token].item() for i, token in enumerate(ids)), len(ids)


def test_likelihoods(tmp_path):
    folder = tmp_path / "model"
    model = make_model(folder, 17, half=True)
    tokenizer = reference_tokenizer(folder)
    images = pixels(18, 3, 48, 64)
    prompts = [(i % 3, text) for i, text in enumerate(PROMPTS)]
    choices = [["red", "two dogs", "", "a dog facing left<loc_3>"],
               ["yes"], ["no", "it's"]]
    answers = [choices[i % 3] for i in range(len(prompts))]
    case = dict(pixels="x", answers=answers,
                prompts=[dict(picture=p, text=t) for p, t in prompts])
    [result] = answer(folder, {"x": images}, [case], tmp_path)
    worst = 0.0
    for (picture, text), given, ours in zip(prompts, answers,
                                            result["likelihoods"], strict=True):
        for choice, (total, tokens) in zip(given, ours, strict=True):
            expected, count = likelihood(model, tokenizer,
                                         images[picture:picture + 1], text,
                                         choice)
            assert tokens == count
            worst = max(worst, abs(total - expected))
    assert worst < 1e-4
    record("florence2 likelihoods", max_error=worst)


@pytest.mark.parametrize("layout", ["remote", "biased", "sharded", "untied", "bin"])
def test_layouts(tmp_path, layout):
    folder = tmp_path / "model"
    model = make_model(folder, 19, tokenizer=layout not in ("remote", "biased"))
    if layout == "untied":
        model.config.tie_word_embeddings = False
        model.config.text_config.tie_word_embeddings = False
        table = model.lm_head.weight.detach().clone()
        model.lm_head.weight = torch.nn.Parameter(table.roll(1, 0))
        model.save_pretrained(folder)
    tokenizer = reference_tokenizer(folder)
    if layout in ("remote", "biased"):
        rename_keys(folder, remote_name)
        tensors = load_file(folder / "model.safetensors")
        for name in ("image_projection",):
            tensors[name] = tensors[name].T.contiguous()
        for side in ("encoder", "decoder"):
            tensors[f"language_model.model.{side}.embed_tokens.weight"] = (
                tensors["language_model.model.shared.weight"].clone())
        tensors["language_model.lm_head.weight"] = (
            tensors["language_model.model.shared.weight"].clone())
        bias = torch.zeros(1, len(model.get_input_embeddings().weight))
        if layout == "biased":
            # Large enough that other tokens win.
            bias.normal_(0, 0.5)
            model.lm_head.bias = torch.nn.Parameter(bias[0].clone())
        tensors["language_model.final_logits_bias"] = bias
        save_file(tensors, folder / "model.safetensors")
    elif layout == "sharded":
        shard(folder)
    elif layout == "bin":
        tensors = load_file(folder / "model.safetensors")
        torch.save(tensors, folder / "pytorch_model.bin")
        (folder / "model.safetensors").unlink()
    images = pixels(20, 2, 48, 48)
    prompts = [(i % 2, text) for i, text in enumerate(PROMPTS)]
    expected, _ = generate(model, tokenizer, images, prompts, max_new_tokens=12)
    case = dict(pixels="x", options=dict(max_new_tokens=12),
                prompts=[dict(picture=p, text=t) for p, t in prompts])
    [result] = answer(folder, {"x": images}, [case], tmp_path)
    assert [one["ids"] for one in result["written"]] == expected
