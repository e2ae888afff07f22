"""SigLIP's two towers against transformers, on random weights."""

import json

import pytest
import torch
from encoder_parity import (compare_both, compare_fp32, compare_half, encode,
                            pixels, randomize, rename_keys, run_probe, shard,
                            texts_file, vit_outputs)
from safetensors.torch import load_file, save_file
from test_gemma_tokenizer import (gemma, gemma_config, gemma_corpus,
                                  write_gemma)
from test_siglip_tokenizer import (FAST, corpus, fast, published_config,
                                   write_pieces)
from transformers import (AutoTokenizer, PreTrainedTokenizerFast, SiglipConfig,
                          SiglipForImageClassification, SiglipModel,
                          SiglipVisionConfig, SiglipVisionModel)

torch.set_num_threads(1)

VISION = dict(hidden_size=48, intermediate_size=80, num_hidden_layers=3,
              num_attention_heads=3, image_size=32, patch_size=8)
TEXT = dict(hidden_size=40, intermediate_size=72, num_hidden_layers=3,
            num_attention_heads=5, vocab_size=800, max_position_embeddings=19,
            bos_token_id=1, eos_token_id=1, pad_token_id=1, projection_size=48)


def spread(model, seed):
    """Also what `randomize` knows by no name: the head's probe."""
    randomize(model, seed)
    vision = getattr(model, "vision_model", model)
    if getattr(vision, "head", None) is not None:
        generator = torch.Generator().manual_seed(seed + 1)
        with torch.no_grad():
            probe = vision.head.probe
            probe.copy_(torch.randn(probe.shape, generator=generator))
    return model


def make(tmp_path, seed, vision=None, text=None):
    model = spread(SiglipModel(SiglipConfig(
        vision_config=VISION | (vision or {}), text_config=TEXT | (text or {}))),
        seed)
    folder = tmp_path / "model"
    model.save_pretrained(folder)
    return model, folder


@torch.inference_mode()
def reference(vision, inputs):
    patch = vision.config.patch_size
    outputs = {}
    for name, images in inputs.items():
        result = vision(images.to(vision.dtype), interpolate_pos_encoding=True)
        shape = images.shape[2] // patch, images.shape[3] // patch
        tokens = result.last_hidden_state
        head = result.pooler_output
        outputs |= vit_outputs(name, shape, tokens, tokens,
                               **({} if head is None else {"head": head}))
    return outputs


def sizes():
    return {
        "native": pixels(2, 3, 32, 32),
        "larger": pixels(3, 2, 48, 48),
        "smaller": pixels(4, 2, 16, 16),
        "wide": pixels(5, 2, 24, 56),
        "uneven": pixels(6, 2, 37, 51),
        "same_count": pixels(7, 1, 16, 64),
        "one_more_pixel": pixels(8, 1, 33, 33),
        "one_patch": pixels(9, 2, 8, 8),
    }


def check_keys(ours, expected):
    """No pool that the reference does not have: `cls` above all."""
    assert set(ours) == set(expected)


@pytest.mark.parametrize("changes", [
    {},
    {"hidden_act": "gelu"},
    {"hidden_act": "quick_gelu", "layer_norm_eps": 1e-3},
    {"hidden_size": 40, "num_attention_heads": 5, "num_hidden_layers": 1},
    {"hidden_act": "relu", "patch_size": 7, "image_size": 34},
    {"vision_use_head": False},
], ids=lambda changes: "-".join(changes) or "plain")
def test_vision_toy(tmp_path, changes):
    model, folder = make(tmp_path, 1, changes)
    inputs = sizes()
    ours = encode(folder, inputs, tmp_path)
    expected = reference(model.vision_model, inputs)
    check_keys(ours, expected)
    compare_fp32("siglip toy", ours, expected)


def test_native_size_needs_no_interpolation(tmp_path):
    """The reference's plain call, as most of its users make it; 34 pixels in
    patches of 7 leave six over."""
    model, folder = make(tmp_path, 9, {"image_size": 34, "patch_size": 7})
    images = pixels(10, 2, 34, 34)
    with torch.inference_mode():
        expected = model.get_image_features(images).pooler_output
    ours = encode(folder, {"x": images}, tmp_path)
    compare_fp32("siglip toy", ours, {"x.head": expected})


@pytest.mark.parametrize("dtype", ["bf16", "fp16"])
def test_vision_toy_half(tmp_path, dtype):
    model, folder = make(tmp_path, 11)
    inputs = {"native": pixels(12, 4, 32, 32), "wide": pixels(13, 2, 24, 56)}
    expected = reference(model.vision_model, inputs)
    model.to(torch.bfloat16 if dtype == "bf16" else torch.float16)
    theirs = reference(model.vision_model, inputs)
    compare_half(f"siglip toy {dtype}", encode(folder, inputs, tmp_path, dtype),
                 expected, theirs)


REAL = {
    "B16": dict(hidden_size=768, intermediate_size=3072, num_attention_heads=12,
                num_hidden_layers=2, patch_size=16, image_size=224),
    "L16": dict(hidden_size=1024, intermediate_size=4096,
                num_attention_heads=16, num_hidden_layers=1, patch_size=16,
                image_size=256),
    "So400m14": dict(hidden_size=1152, intermediate_size=4304,
                     num_attention_heads=16, num_hidden_layers=1, patch_size=14,
                     image_size=384),
}


@pytest.mark.parametrize("name", REAL)
def test_vision_real_shapes(tmp_path, name):
    model = spread(SiglipVisionModel(SiglipVisionConfig(**REAL[name])), 21)
    folder = tmp_path / "model"
    model.save_pretrained(folder)
    side = REAL[name]["image_size"]
    inputs = {"crop": pixels(22, 1, side, side)}
    if name == "B16":
        inputs["other"] = pixels(23, 1, 256, 384)
    expected = reference(model, inputs)
    compare_fp32(f"siglip {name}", encode(folder, inputs, tmp_path), expected)
    kinds = {"bf16": torch.bfloat16}
    if name == "B16":  # the reference is slow in fp16
        kinds["fp16"] = torch.float16
    for dtype, kind in kinds.items():
        model.to(kind)
        theirs = reference(model, inputs)
        compare_half(f"siglip {name} {dtype}",
                     encode(folder, inputs, tmp_path, dtype), expected, theirs)


def test_sharded(tmp_path):
    model, folder = make(tmp_path, 31)
    shard(folder)
    inputs = {"native": pixels(32, 2, 32, 32)}
    compare_fp32("siglip sharded", encode(folder, inputs, tmp_path),
                 reference(model.vision_model, inputs))


@pytest.mark.parametrize("kind", [torch.bfloat16, torch.float16])
def test_half_precision_file(tmp_path, kind):
    model, folder = make(tmp_path, 35)
    model.to(kind).save_pretrained(folder)
    assert {tensor.dtype for tensor
            in load_file(folder / "model.safetensors").values()} == {kind}
    inputs = {"native": pixels(36, 2, 32, 32)}
    compare_fp32("siglip half file", encode(folder, inputs, tmp_path),
                 reference(model.float().vision_model, inputs))


@pytest.mark.parametrize("head", [True, False])
@pytest.mark.parametrize("prefixed", [False, True])
def test_vision_only(tmp_path, prefixed, head):
    model = spread(SiglipVisionModel(
        SiglipVisionConfig(**VISION, vision_use_head=head)), 41)
    folder = tmp_path / "model"
    model.save_pretrained(folder)

    def rename(name):
        bare = name.removeprefix("vision_model.")
        return "vision_model." + bare if prefixed else bare

    rename_keys(folder, rename)
    names = load_file(folder / "model.safetensors")
    assert all(name.startswith("vision_model.") == prefixed for name in names)
    inputs = {"native": pixels(42, 2, 32, 32), "wide": pixels(43, 1, 24, 56)}
    ours = encode(folder, inputs, tmp_path)
    expected = reference(model, inputs)
    check_keys(ours, expected)
    compare_fp32("siglip vision only", ours, expected)


def test_classifier(tmp_path):
    """A classifier's folder holds the image tower and another head."""
    model = spread(SiglipForImageClassification(SiglipConfig(
        vision_config=VISION, text_config=TEXT, num_labels=5)), 45)
    folder = tmp_path / "model"
    model.save_pretrained(folder)
    inputs = {"native": pixels(46, 2, 32, 32)}
    compare_fp32("siglip classifier", encode(folder, inputs, tmp_path),
                 reference(model.vision_model, inputs))


@pytest.mark.parametrize("head", [True, False])
def test_info(tmp_path, head):
    model, folder = make(tmp_path, 61, {"vision_use_head": head})
    tensors = load_file(folder / "model.safetensors")
    save_file(tensors | {"vision_model.extra": torch.zeros(3)},
              folder / "model.safetensors")
    info = json.loads(run_probe("info", folder))
    assert info["parameters"] == model.vision_model.num_parameters()
    assert info["unused_keys"] == ["vision_model.extra"]
    width, inner, layers, patch = 48, 80, 3, 8
    tokens = (32 // patch) ** 2
    block = (4 * tokens * width * width + 2 * tokens * tokens * width +
             2 * tokens * width * inner)
    pool = ((2 + 2 * tokens) * width * width + 2 * tokens * width +
            2 * width * inner)
    patches = tokens * 3 * patch * patch * width
    assert info["flops"] == 2 * (patches + layers * block + head * pool)


def with_pieces(model, folder, config=None):
    write_pieces(folder)
    model.config.save_pretrained(folder)  # write_pieces writes one of its own
    if config is not None:
        (folder / "tokenizer_config.json").write_text(json.dumps(config))


@torch.inference_mode()
def reference_text(model, folder, texts):
    """As the reference's documentation has it: padding to the full length."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    length = model.config.text_config.max_position_embeddings
    inputs = tokenizer(texts, padding="max_length", truncation=True,
                       max_length=length, return_tensors="pt")
    return model.get_text_features(**inputs).pooler_output


def encode_text(folder, texts, tmp_path, dtype="fp32"):
    target = tmp_path / "text.safetensors"
    scale = run_probe("text", folder, texts_file(tmp_path, texts), target,
                      "--dtype", dtype)
    result = load_file(target)
    return result["embeds"], float(scale), result["logit_bias"].item()


TEXTS = ["", "a photo of a cat", "</s>", "cat " * 100]


@pytest.mark.parametrize("settings", [
    {},
    {"hidden_act": "gelu", "num_hidden_layers": 1},
    {"projection_size": None},
    {"max_position_embeddings": 64, "hidden_size": 768,
     "num_attention_heads": 12, "intermediate_size": 3072,
     "num_hidden_layers": 3, "projection_size": 768},
], ids=lambda settings: "-".join(settings)[:20] or "plain")
def test_text(tmp_path, settings):
    model, folder = make(tmp_path, 71, text=settings)
    with_pieces(model, folder, published_config())
    texts = corpus(8, 150) + TEXTS
    ours, scale, bias = encode_text(folder, texts, tmp_path)
    expected = reference_text(model, folder, texts)
    compare_fp32("siglip text", {"embeds": ours}, {"embeds": expected})
    assert scale == pytest.approx(model.logit_scale.exp().item(), rel=1e-6)
    assert bias == pytest.approx(model.logit_bias.item(), rel=1e-6)


@pytest.mark.parametrize("config", [
    None,
    {"model_input_names": ["input_ids", "attention_mask"],
     "padding_side": "left"},
], ids=["no_config", "left"])
def test_text_with_mask(tmp_path, config):
    """Where the files do not leave it out, the reference's tokenizer gives a
    mask, and padding is not attended to."""
    model, folder = make(tmp_path, 75)
    with_pieces(model, folder, config and published_config() | config)
    texts = corpus(8, 150) + TEXTS
    ours, _, _ = encode_text(folder, texts, tmp_path)
    expected = reference_text(model, folder, texts)
    compare_fp32("siglip text mask", {"embeds": ours}, {"embeds": expected})


def test_text_stops_where_the_tokenizer_does(tmp_path):
    model, folder = make(tmp_path, 76)
    with_pieces(model, folder, published_config() | {"model_max_length": 9})
    texts = corpus(8, 50) + TEXTS
    ours, _, _ = encode_text(folder, texts, tmp_path)
    inputs = AutoTokenizer.from_pretrained(folder)(
        texts, padding="max_length", truncation=True, return_tensors="pt")
    assert inputs["input_ids"].shape[1] == 9
    with torch.inference_mode():
        expected = model.get_text_features(**inputs).pooler_output
    compare_fp32("siglip text", {"embeds": ours}, {"embeds": expected})


def test_text_tokenizer_json(tmp_path):
    model, folder = make(tmp_path, 77)
    PreTrainedTokenizerFast(
        tokenizer_object=fast(FAST["siglip"]), eos_token="</s>",
        unk_token="<unk>", pad_token="<pad>", model_max_length=19,
        model_input_names=["input_ids"]).save_pretrained(folder)
    texts = corpus(9, 100) + TEXTS
    ours, _, _ = encode_text(folder, texts, tmp_path)
    expected = reference_text(model, folder, texts)
    compare_fp32("siglip text json", {"embeds": ours}, {"embeds": expected})


@pytest.mark.parametrize("changes", [
    {}, {"padding_side": None, "model_input_names": None},
    {"pad_token": None}, {"tokenizer_class": "Siglip2Tokenizer"},
], ids=["published", "left_with_mask", "no_pad", "lower_case"])
def test_text_siglip2(tmp_path, changes):
    """Gemma's tokenizer, as the fixed-size SigLIP 2 has it: padded with 0, not
    with the config's 1, to the full length, no mask; where the files do not say
    so, to the left and with a mask, as the class has it."""
    model, folder = make(tmp_path, 79, text=dict(
        vocab_size=gemma().get_vocab_size() + 8, max_position_embeddings=64))
    config = {key: value for key, value in gemma_config(**changes).items()
              if value is not None}
    write_gemma(folder, config=config, model_config=model.config)
    texts = gemma_corpus(9, 60) + TEXTS + ["A Photo", "word " * 70]
    assert model.config.text_config.pad_token_id == 1
    assert AutoTokenizer.from_pretrained(folder).pad_token_id == 0
    ours, _, _ = encode_text(folder, texts, tmp_path)
    expected = reference_text(model, folder, texts)
    compare_fp32("siglip2 text", {"embeds": ours}, {"embeds": expected})


@pytest.mark.parametrize("dtype", ["bf16", "fp16"])
def test_text_half(tmp_path, dtype):
    model, folder = make(tmp_path, 81)
    with_pieces(model, folder, published_config())
    texts = corpus(9, 40)
    expected = {"embeds": reference_text(model, folder, texts)}
    model.to(torch.bfloat16 if dtype == "bf16" else torch.float16)
    theirs = {"embeds": reference_text(model, folder, texts)}
    ours, _, _ = encode_text(folder, texts, tmp_path, dtype)
    compare_half(f"siglip text {dtype}", {"embeds": ours}, expected, theirs)


def test_text_so400m(tmp_path):
    """Heads of 72, as the image tower's."""
    model, folder = make(tmp_path, 91, text=dict(
        hidden_size=1152, num_attention_heads=16, intermediate_size=4304,
        num_hidden_layers=1, max_position_embeddings=64, projection_size=1152))
    with_pieces(model, folder, published_config())

    def ours(dtype):
        return {"embeds": encode_text(folder, TEXTS, tmp_path, dtype)[0]}

    compare_both("siglip text So400m", ours,
                 {"embeds": reference_text(model, folder, TEXTS)})
