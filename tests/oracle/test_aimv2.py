"""AIMv2's two towers against transformers, on random weights."""

import json
import math

import pytest
import torch
from encoder_parity import (compare_fp32, compare_half, encode, pixels,
                            randomize, record, rename_keys, run_probe, shard,
                            texts_file, vit_outputs)
from safetensors.torch import load_file, save_file
from test_tokenizer import EOS, corpus, train
from transformers import (Aimv2Config, Aimv2Model, Aimv2VisionConfig,
                          Aimv2VisionModel, CLIPTokenizerFast)

torch.set_num_threads(1)

VISION = dict(hidden_size=48, intermediate_size=80, num_hidden_layers=3,
              num_attention_heads=3, image_size=42, patch_size=14)
TEXT = dict(hidden_size=40, intermediate_size=72, num_hidden_layers=3,
            num_attention_heads=5, vocab_size=60, max_position_embeddings=19,
            eos_token_id=59)


def make(tmp_path, seed, **settings):
    model = randomize(Aimv2VisionModel(Aimv2VisionConfig(**VISION | settings)),
                      seed)
    folder = tmp_path / "model"
    model.save_pretrained(folder)
    return model, folder


def make_lit(tmp_path, seed, vision=None, text=None, **settings):
    """Attention is eager: with the default, the reference's text tower forgets
    that it is causal in batches without padding."""
    config = Aimv2Config(vision_config=VISION | (vision or {}),
                         text_config=TEXT | (text or {}),
                         **{"projection_dim": 24} | settings)
    model = randomize(Aimv2Model._from_config(config,
                                              attn_implementation="eager"),
                      seed)
    folder = tmp_path / "model"
    model.save_pretrained(folder)
    return model, folder


@torch.inference_mode()
def reference(vision, inputs, projection=None):
    patch = vision.config.patch_size
    outputs = {}
    for name, images in inputs.items():
        result = vision(images.to(vision.dtype))
        pools = {}
        if result.pooler_output is not None:
            head = result.pooler_output
            pools["head"] = projection(head) if projection else head
        shape = images.shape[2] // patch, images.shape[3] // patch
        tokens = result.last_hidden_state
        outputs |= vit_outputs(name, shape, tokens, tokens, **pools)
    return outputs


def keys(outputs):
    return {key for key in outputs if not key.endswith("_with_tokens")}


CHANGES = [
    {},
    {"use_head": False},
    {"qkv_bias": True},
    {"mlp_bias": True},
    {"qkv_bias": True, "mlp_bias": True, "rms_norm_eps": 1e-2},
    {"hidden_size": 40, "num_attention_heads": 5, "num_hidden_layers": 1},
    {"hidden_size": 36, "num_attention_heads": 1, "intermediate_size": 50},
    {"patch_size": 7, "image_size": 35, "num_attention_heads": 12},
    # Not divisible by the patch: what is over is cut off.
    {"image_size": 50},
]


def name_of(changes):
    return "-".join(changes) or "plain"


@pytest.mark.parametrize("changes", CHANGES, ids=name_of)
def test_fixed_toy(tmp_path, changes):
    model, folder = make(tmp_path, 1, **changes)
    side = model.config.image_size
    whole = side - side % model.config.patch_size
    inputs = {"fixed": pixels(2, 3, side, side),
              "whole": pixels(3, 2, whole, whole),
              # The same patches.
              "uneven": pixels(4, 1, whole + 2, whole + 5)}
    expected = reference(model, inputs)
    ours = encode(folder, inputs, tmp_path)
    assert keys(ours) == keys(expected)
    compare_fp32("aimv2 toy", ours, expected)


@pytest.mark.parametrize("changes", CHANGES, ids=name_of)
def test_native_toy(tmp_path, changes):
    model, folder = make(tmp_path, 11, **changes, is_native=True)
    assert "embeddings.position_embedding.weight" not in model.state_dict()
    inputs = {"square": pixels(12, 3, 42, 42), "wide": pixels(13, 2, 28, 98),
              "tall": pixels(14, 2, 84, 14), "uneven": pixels(15, 2, 61, 47),
              "one_patch": pixels(16, 2, 14, 20),
              "large": pixels(17, 1, 112, 140)}
    expected = reference(model, inputs)
    ours = encode(folder, inputs, tmp_path)
    assert keys(ours) == keys(expected)
    compare_fp32("aimv2 native toy", ours, expected)


@pytest.mark.parametrize("dtype", ["bf16", "fp16"])
@pytest.mark.parametrize("native", [False, True])
def test_toy_half(tmp_path, dtype, native):
    model, folder = make(tmp_path, 21, is_native=native)
    inputs = {"square": pixels(22, 4, 42, 42)}
    if native:
        inputs["wide"] = pixels(23, 2, 28, 70)
    expected = reference(model, inputs)
    half = torch.bfloat16 if dtype == "bf16" else torch.float16
    theirs = reference(model.to(half), inputs)
    compare_half(f"aimv2 toy {dtype}", encode(folder, inputs, tmp_path, dtype),
                 expected, theirs)


LARGE = dict(hidden_size=1024, intermediate_size=2816, num_attention_heads=8)


HUGE = dict(hidden_size=1536, intermediate_size=4096, num_attention_heads=12)


ONE_B = dict(hidden_size=2048, intermediate_size=5632, num_attention_heads=16)


GIANT = dict(hidden_size=3072, intermediate_size=8192, num_attention_heads=24,
             use_head=False)


@pytest.mark.parametrize("layers,size,dtypes,settings", [
    (2, (224, 224), ["fp32", "bf16"], LARGE | dict(use_head=False)),
    (1, (336, 336), ["fp32"], LARGE),
    # Half precision of this size takes minutes where no instructions serve it,
    # so it is tried on fewer patches.
    (1, (448, 448), ["fp32"], GIANT),
    (1, (112, 112), ["bf16"], GIANT),
    (1, (112, 112), ["fp32", "bf16"], HUGE),
    (1, (98, 154), ["fp32", "bf16"],
     ONE_B | dict(use_head=False, is_native=True)),
    (2, (210, 329), ["fp32", "bf16"],
     LARGE | dict(use_head=False, is_native=True)),
], ids=["large_224", "large_336_head", "3B_448", "3B_112", "huge_head",
        "1B_native", "large_native"])
def test_real_shapes(tmp_path, layers, size, dtypes, settings):
    model, folder = make(tmp_path, 31, num_hidden_layers=layers,
                         image_size=size[0], **settings)
    inputs = {"crop": pixels(32, 1, *size)}
    expected = reference(model, inputs)
    if "fp32" in dtypes:
        compare_fp32("aimv2 real", encode(folder, inputs, tmp_path), expected)
    if "bf16" in dtypes:
        theirs = reference(model.to(torch.bfloat16), inputs)
        compare_half("aimv2 real bf16",
                     encode(folder, inputs, tmp_path, "bf16"), expected, theirs)


@pytest.mark.parametrize("stored", [torch.float16, torch.bfloat16])
def test_half_precision_files(tmp_path, stored):
    model, folder = make(tmp_path, 41)
    model.to(stored).save_pretrained(folder)
    inputs = {"fixed": pixels(42, 2, 42, 42)}
    compare_fp32("aimv2 half files", encode(folder, inputs, tmp_path),
                 reference(model.float(), inputs))


def test_sharded(tmp_path):
    model, folder = make(tmp_path, 51)
    shard(folder)
    inputs = {"fixed": pixels(52, 2, 42, 42)}
    compare_fp32("aimv2 sharded", encode(folder, inputs, tmp_path),
                 reference(model, inputs))


@pytest.mark.parametrize("head", [False, True])
@pytest.mark.parametrize("native", [False, True])
def test_flat_config(tmp_path, head, native):
    """Apple's folders: `aimv2` with the image tower's keys at the top and none
    that tells of head or positions."""
    model, folder = make(tmp_path, 61, use_head=head, is_native=native,
                         num_hidden_layers=2)
    (folder / "config.json").write_text(json.dumps(VISION | {
        "model_type": "aimv2", "num_hidden_layers": 2, "num_channels": 3, "rms_norm_eps": 1e-5,
        "attention_dropout": 0.0, "projection_dropout": 0.0, "qkv_bias": False,
        "use_bias": False}))
    inputs = {"fixed": pixels(62, 2, 42, 42)}
    if native:
        inputs["wide"] = pixels(63, 2, 28, 70)
    expected = reference(model, inputs)
    ours = encode(folder, inputs, tmp_path)
    assert keys(ours) == keys(expected)
    compare_fp32("aimv2 flat config", ours, expected)


def test_flat_config_biases(tmp_path):
    """Apple's `use_bias` is of attention's output and the MLP, `qkv_bias` of
    the rest; the reference has the output's bias go with q, k and v."""
    model, folder = make(tmp_path, 71, mlp_bias=True, qkv_bias=True,
                         use_head=False)
    tensors = model.state_dict()
    for name in list(tensors):
        if name.endswith(("q_proj.bias", "k_proj.bias", "v_proj.bias")):
            tensors.pop(name).zero_()
    save_file(tensors, folder / "model.safetensors")
    config = VISION | {"model_type": "aimv2", "use_bias": True,
                       "qkv_bias": False}
    (folder / "config.json").write_text(json.dumps(config))
    inputs = {"fixed": pixels(72, 2, 42, 42)}
    compare_fp32("aimv2 flat config", encode(folder, inputs, tmp_path),
                 reference(model, inputs))


def test_prefixed_vision(tmp_path):
    model, folder = make(tmp_path, 81)
    rename_keys(folder, lambda name: "vision_model." + name)
    inputs = {"fixed": pixels(82, 2, 42, 42)}
    compare_fp32("aimv2 prefixed", encode(folder, inputs, tmp_path),
                 reference(model, inputs))


@pytest.mark.parametrize("vision", [
    {}, {"qkv_bias": True, "mlp_bias": True}, {"is_native": True},
], ids=name_of)
def test_lit_vision(tmp_path, vision):
    model, folder = make_lit(tmp_path, 91, vision)
    inputs = {"fixed": pixels(92, 3, 42, 42)}
    if vision.get("is_native"):
        inputs["wide"] = pixels(93, 2, 28, 70)
    compare_fp32("aimv2 lit vision", encode(folder, inputs, tmp_path),
                 reference(model.vision_model, inputs, model.visual_projection))


def closed_formula(config, height, width, projection=0):
    """Two operations a multiply-add: patches, blocks, head, projection."""
    patch, wide = config.patch_size, config.hidden_size
    tokens = (height // patch) * (width // patch)
    block = (4 * tokens * wide ** 2 + 2 * tokens ** 2 * wide +
             3 * tokens * wide * config.intermediate_size)
    total = (tokens * 3 * patch ** 2 * wide + config.num_hidden_layers * block)
    if config.use_head:
        total += 2 * tokens * wide ** 2 + 2 * tokens * wide + wide ** 2
    return 2 * (total + wide * projection)


@pytest.mark.parametrize("changes", CHANGES, ids=name_of)
def test_info(tmp_path, changes):
    model, folder = make(tmp_path, 101, **changes)
    info = json.loads(run_probe("info", folder))
    assert info["parameters"] == model.num_parameters()
    assert info["unused_keys"] == []
    side = model.config.image_size
    assert info["flops"] == closed_formula(model.config, side, side)


def test_info_lit(tmp_path):
    model, folder = make_lit(tmp_path, 102)
    info = json.loads(run_probe("info", folder))
    assert info["parameters"] == (model.vision_model.num_parameters() +
                                  model.visual_projection.weight.numel())
    assert info["unused_keys"] == []
    assert info["flops"] == closed_formula(model.vision_model.config, 42, 42, 24)


def make_text(tmp_path, seed, settings=None, **outer):
    """A model whose folder holds a tokenizer trained in the test."""
    tokens = tmp_path / "tokens"
    train(tokens)
    ids = json.loads((tokens / "vocab.json").read_text())
    changes = dict(vocab_size=len(ids), eos_token_id=ids[EOS])
    model, folder = make_lit(tmp_path, seed, text=changes | (settings or {}),
                             **outer)
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
    {"qkv_bias": True, "mlp_bias": True, "num_hidden_layers": 2},
    # A token that no text has: pooled at the first.
    {"eos_token_id": 10 ** 6},
    {"max_position_embeddings": 77, "hidden_size": 768,
     "num_attention_heads": 6, "intermediate_size": 2048,
     "num_hidden_layers": 3},
], ids=["plain", "biases", "no_end", "real"])
def test_text(tmp_path, settings):
    model, folder = make_text(tmp_path, 111, settings)
    texts = corpus(8)[:70] + ["", "a photo of a cat", EOS, "cat " * 100]
    ours, _ = encode_text(folder, texts, tmp_path)
    # In parts, whose padding differs from ours: an embedding does not depend on
    # its neighbours.
    expected = torch.cat([reference_text(model, folder, texts[i:i + 50])
                          for i in range(0, len(texts), 50)])
    compare_fp32("aimv2 text", {"embeds": ours}, {"embeds": expected})


def test_text_padded_sdpa(tmp_path):
    """The reference's default attention, as far as it is causal: a batch with
    padding."""
    model, folder = make_text(tmp_path, 121)
    loaded = Aimv2Model.from_pretrained(folder, attn_implementation="sdpa")
    texts = ["a photo of a cat", "cat", "a photo of the dog's clock"]
    ours, _ = encode_text(folder, texts, tmp_path)
    compare_fp32("aimv2 text", {"embeds": ours},
                 {"embeds": reference_text(loaded.eval(), folder, texts)})


@pytest.mark.parametrize("dtype", ["bf16", "fp16"])
def test_text_half(tmp_path, dtype):
    model, folder = make_text(tmp_path, 131)
    texts = corpus(9)[:40]
    expected = {"embeds": reference_text(model, folder, texts)}
    model.to(torch.bfloat16 if dtype == "bf16" else torch.float16)
    theirs = {"embeds": reference_text(model, folder, texts)}
    ours, _ = encode_text(folder, texts, tmp_path, dtype)
    compare_half(f"aimv2 text {dtype}", {"embeds": ours}, expected, theirs)


@pytest.mark.parametrize("stored", [-0.5, 3.0, 5.5])
@pytest.mark.parametrize("most", [100.0, 7.0, 0.5])
def test_logit_scale(tmp_path, stored, most):
    """Read back from the reference's own scores of one picture and text."""
    model, folder = make_text(tmp_path, 141, max_logit_scale=most)
    model.logit_scale.data.fill_(stored)
    model.save_pretrained(folder)
    text = ["a photo of a cat"]
    inputs = CLIPTokenizerFast.from_pretrained(folder)(text,
                                                       return_tensors="pt")
    images = pixels(142, 1, 42, 42)
    with torch.inference_mode():
        result = model(pixel_values=images, **inputs)
    expected = (result.logits_per_image /
                (result.image_embeds @ result.text_embeds.T)).item()
    _, ours = encode_text(folder, text, tmp_path)
    assert ours == pytest.approx(expected, rel=1e-5)
    record("aimv2 logit scale", ours=ours, reference=expected,
           clamped=ours != pytest.approx(math.exp(stored)))


def test_apple_text_config(tmp_path):
    """Apple's names in lit's config: `max_context_length`, `use_bias`, and
    nothing of a head."""
    model, folder = make_text(tmp_path, 151)
    config = json.loads((folder / "config.json").read_text())
    text, vision = config["text_config"], config["vision_config"]
    text["max_context_length"] = text.pop("max_position_embeddings")
    for tower in (text, vision):
        tower["model_type"] = "aimv2"
        tower["use_bias"] = tower.pop("mlp_bias")
    for key in ("use_head", "is_native"):
        del vision[key]
    (folder / "config.json").write_text(json.dumps(config))
    texts = ["a photo of a cat", "cat " * 100]
    ours, _ = encode_text(folder, texts, tmp_path)
    compare_fp32("aimv2 text", {"embeds": ours},
                 {"embeds": reference_text(model, folder, texts)})
    inputs = {"fixed": pixels(152, 2, 42, 42)}
    compare_fp32("aimv2 lit vision", encode(folder, inputs, tmp_path),
                 reference(model.vision_model, inputs, model.visual_projection))
