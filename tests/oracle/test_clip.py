"""CLIP's two towers against transformers, on random weights."""

import json

import pytest
import torch
from encoder_parity import (compare_both, compare_fp32, compare_half, encode,
                            pixels, randomize, record, rename_keys, run_probe,
                            shard, texts_file, vit_outputs)
from safetensors.torch import load_file
from test_tokenizer import BOS, EOS, corpus, train
from torch.utils.flop_counter import FlopCounterMode
from transformers import (CLIPConfig, CLIPModel, CLIPTokenizerFast,
                          CLIPVisionConfig, CLIPVisionModel,
                          CLIPVisionModelWithProjection)

torch.set_num_threads(1)

VISION = dict(hidden_size=48, intermediate_size=80, num_hidden_layers=3,
              num_attention_heads=3, image_size=32, patch_size=8)
TEXT = dict(hidden_size=40, intermediate_size=72, num_hidden_layers=3,
            num_attention_heads=5, vocab_size=60, max_position_embeddings=19,
            bos_token_id=58, eos_token_id=59, pad_token_id=1)


def make(tmp_path, seed, vision=None, text=None, projection=24):
    model = randomize(CLIPModel(CLIPConfig(
        vision_config=VISION | (vision or {}), text_config=TEXT | (text or {}),
        projection_dim=projection)), seed)
    folder = tmp_path / "model"
    model.save_pretrained(folder)
    return model, folder


@torch.inference_mode()
def reference(vision, projection, inputs):
    """`projection` is None where the head is the normed class token itself."""
    patch = vision.config.patch_size
    outputs = {}
    for name, images in inputs.items():
        result = vision(images.to(vision.dtype), interpolate_pos_encoding=True)
        normed = result.pooler_output
        shape = images.shape[2] // patch, images.shape[3] // patch
        outputs |= vit_outputs(
            name, shape, result.last_hidden_state,
            result.last_hidden_state[:, 1:], cls=normed,
            head=projection(normed) if projection else normed)
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
    }


@pytest.mark.parametrize("changes", [
    {},
    {"hidden_act": "gelu"},
    {"hidden_act": "gelu_pytorch_tanh", "layer_norm_eps": 1e-3},
    {"hidden_size": 40, "num_attention_heads": 5, "num_hidden_layers": 1},
    {"hidden_act": "relu", "patch_size": 7, "image_size": 34},
], ids=lambda changes: "-".join(changes) or "plain")
def test_vision_toy(tmp_path, changes):
    model, folder = make(tmp_path, 1, changes)
    inputs = sizes()
    compare_fp32("clip toy", encode(folder, inputs, tmp_path),
                 reference(model.vision_model, model.visual_projection, inputs))


def test_native_size_needs_no_interpolation(tmp_path):
    """The reference's plain call, as most of its users make it."""
    model, folder = make(tmp_path, 9)
    images = pixels(10, 2, 32, 32)
    with torch.inference_mode():
        expected = model.get_image_features(images).pooler_output
    ours = encode(folder, {"x": images}, tmp_path)
    compare_fp32("clip toy", ours, {"x.head": expected})


@pytest.mark.parametrize("dtype", ["bf16", "fp16"])
def test_vision_toy_half(tmp_path, dtype):
    model, folder = make(tmp_path, 11)
    inputs = {"native": pixels(12, 4, 32, 32), "wide": pixels(13, 2, 24, 56)}
    expected = reference(model.vision_model, model.visual_projection, inputs)
    model.to(torch.bfloat16 if dtype == "bf16" else torch.float16)
    theirs = reference(model.vision_model, model.visual_projection, inputs)
    compare_half(f"clip toy {dtype}", encode(folder, inputs, tmp_path, dtype),
                 expected, theirs)


@pytest.mark.parametrize("settings", [
    dict(hidden_size=768, intermediate_size=3072, num_attention_heads=12,
         num_hidden_layers=12, patch_size=32, image_size=224),
    dict(hidden_size=1024, intermediate_size=4096, num_attention_heads=16,
         num_hidden_layers=2, patch_size=14, image_size=224),
], ids=["B32", "L14"])
def test_vision_real_shapes(tmp_path, settings):
    width = 512 if settings["hidden_size"] == 768 else 768
    model, folder = make(tmp_path, 21, settings, projection=width)
    inputs = {"crop": pixels(22, 1, 224, 224)}
    expected = reference(model.vision_model, model.visual_projection, inputs)
    compare_fp32("clip real", encode(folder, inputs, tmp_path), expected)
    model.to(torch.bfloat16)
    theirs = reference(model.vision_model, model.visual_projection, inputs)
    compare_half("clip real bf16", encode(folder, inputs, tmp_path, "bf16"),
                 expected, theirs)


def test_sharded(tmp_path):
    model, folder = make(tmp_path, 31)
    shard(folder)
    inputs = {"native": pixels(32, 2, 32, 32)}
    compare_fp32("clip sharded", encode(folder, inputs, tmp_path),
                 reference(model.vision_model, model.visual_projection, inputs))


@pytest.mark.parametrize("prefixed", [False, True])
def test_vision_only(tmp_path, prefixed):
    model = randomize(CLIPVisionModel(CLIPVisionConfig(**VISION)), 41)
    folder = tmp_path / "model"
    model.save_pretrained(folder)

    def rename(name):
        bare = name.removeprefix("vision_model.")
        return "vision_model." + bare if prefixed else bare

    rename_keys(folder, rename)
    names = load_file(folder / "model.safetensors")
    assert all(name.startswith("vision_model.") == prefixed for name in names)
    inputs = {"native": pixels(42, 2, 32, 32), "wide": pixels(43, 1, 24, 56)}
    compare_fp32("clip vision only", encode(folder, inputs, tmp_path),
                 reference(model, None, inputs))


def test_vision_only_with_projection(tmp_path):
    model = randomize(CLIPVisionModelWithProjection(
        CLIPVisionConfig(**VISION, projection_dim=20)), 51)
    folder = tmp_path / "model"
    model.save_pretrained(folder)
    inputs = {"native": pixels(52, 2, 32, 32)}
    compare_fp32("clip vision only", encode(folder, inputs, tmp_path),
                 reference(model.vision_model, model.visual_projection, inputs))


def test_info(tmp_path):
    model, folder = make(tmp_path, 61)
    info = json.loads(run_probe("info", folder))
    image_side = (model.vision_model.num_parameters() +
                  model.visual_projection.weight.numel())
    assert info["parameters"] == image_side
    assert info["unused_keys"] == []


@pytest.mark.parametrize("height,width", [(32, 32), (24, 56)])
def test_operations(tmp_path, height, width):
    """The model's as published, whole blocks: what the reference does."""
    model = randomize(CLIPVisionModelWithProjection(
        CLIPVisionConfig(**VISION, projection_dim=20)), 62)
    folder = tmp_path / "model"
    model.save_pretrained(folder)
    model.set_attn_implementation("eager")  # its products are counted
    counter = FlopCounterMode(display=False)
    with torch.inference_mode(), counter:
        model(torch.zeros(1, 3, height, width), interpolate_pos_encoding=True)
    info = json.loads(run_probe("info", folder, height, width))
    assert info["flops"] == counter.get_total_flops()


def make_text(tmp_path, seed, vision=None, projection=24, **settings):
    """A model whose folder holds a tokenizer trained in the test."""
    tokens = tmp_path / "tokens"
    train(tokens)
    ids = json.loads((tokens / "vocab.json").read_text())
    changes = dict(vocab_size=len(ids), bos_token_id=ids[BOS],
                   eos_token_id=ids[EOS], pad_token_id=ids[EOS])
    model, folder = make(tmp_path, seed, vision, changes | settings, projection)
    for file in tokens.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    return model, folder


@torch.inference_mode()
def reference_text(model, folder, texts):
    length = model.config.text_config.max_position_embeddings
    tokenizer = CLIPTokenizerFast.from_pretrained(folder)
    inputs = tokenizer(texts, padding=True, truncation=True, max_length=length,
                       return_tensors="pt")
    return model.get_text_features(**inputs).pooler_output


def encode_text(folder, texts, tmp_path, dtype="fp32"):
    target = tmp_path / "text.safetensors"
    scale = run_probe("text", folder, texts_file(tmp_path, texts), target,
                      "--dtype", dtype)
    return load_file(target)["embeds"], float(scale)


@pytest.mark.parametrize("settings", [
    {},
    {"hidden_act": "gelu", "num_hidden_layers": 2},
    {"eos_token_id": 2},
    {"max_position_embeddings": 77, "hidden_size": 512,
     "num_attention_heads": 8, "intermediate_size": 2048,
     "num_hidden_layers": 4},
], ids=["plain", "gelu", "legacy_end", "real"])
def test_text(tmp_path, settings):
    model, folder = make_text(tmp_path, 71, **settings)
    texts = corpus(8)[:150] + ["", "a photo of a cat", EOS, "cat " * 100]
    ours, scale = encode_text(folder, texts, tmp_path)
    # In parts, whose padding differs from ours: an embedding does not depend on
    # its neighbours.
    expected = torch.cat([reference_text(model, folder, texts[i:i + 50])
                          for i in range(0, len(texts), 50)])
    compare_fp32("clip text", {"embeds": ours}, {"embeds": expected})
    assert scale == pytest.approx(model.logit_scale.exp().item(), rel=1e-6)


@pytest.mark.parametrize("dtype", ["bf16", "fp16"])
def test_text_half(tmp_path, dtype):
    model, folder = make_text(tmp_path, 81)
    texts = corpus(9)[:40]
    expected = {"embeds": reference_text(model, folder, texts)}
    model.to(torch.bfloat16 if dtype == "bf16" else torch.float16)
    theirs = {"embeds": reference_text(model, folder, texts)}
    ours, _ = encode_text(folder, texts, tmp_path, dtype)
    compare_half(f"clip text {dtype}", {"embeds": ours}, expected, theirs)


def test_old_config_dict(tmp_path):
    """`vision_config_dict`, where it is given, stands for `vision_config`."""
    model, folder = make(tmp_path, 91, {"hidden_act": "gelu"})
    config = json.loads((folder / "config.json").read_text())
    config["vision_config_dict"] = dict(config["vision_config"])
    config["vision_config"]["hidden_act"] = "relu"
    (folder / "config.json").write_text(json.dumps(config))
    loaded = CLIPModel.from_pretrained(folder)
    inputs = {"native": pixels(92, 2, 32, 32)}
    compare_fp32("clip config dict", encode(folder, inputs, tmp_path),
                 reference(loaded.vision_model, loaded.visual_projection,
                           inputs))
    record("clip config dict", activation=loaded.config.vision_config.hidden_act)


# LAION's two largest, whose heads are 80 and 104 wide, of one block.
WIDE_VISION = dict(num_attention_heads=16, num_hidden_layers=1, patch_size=14,
                   image_size=224, hidden_act="gelu")
WIDE_TEXT = dict(num_hidden_layers=1, max_position_embeddings=77,
                 hidden_act="gelu")
WIDE = {
    "H14": dict(
        projection=1024,
        vision=WIDE_VISION | dict(hidden_size=1280, intermediate_size=5120),
        text=WIDE_TEXT | dict(hidden_size=1024, intermediate_size=4096,
                              num_attention_heads=16)),
    "bigG14": dict(
        projection=1280,
        vision=WIDE_VISION | dict(hidden_size=1664, intermediate_size=8192),
        text=WIDE_TEXT | dict(hidden_size=1280, intermediate_size=5120,
                              num_attention_heads=20)),
}


@pytest.mark.parametrize("name", WIDE)
def test_wide_towers(tmp_path, name):
    towers = WIDE[name]
    model, folder = make_text(tmp_path, 101, towers["vision"],
                              towers["projection"], **towers["text"])
    # Few patches: bf16 is slow where no instructions serve it.
    inputs = {"wide": pixels(102, 1, 98, 126)}
    texts = ["a photo of a cat", "", "cat " * 100]

    def ours(dtype):
        return encode(folder, inputs, tmp_path, dtype) | {
            "embeds": encode_text(folder, texts, tmp_path, dtype)[0]}

    compare_both(
        f"clip {name}", ours,
        reference(model.vision_model, model.visual_projection, inputs) | {
            "embeds": reference_text(model, folder, texts)})
