"""DINOv2 against transformers, on random weights."""

import json

import pytest
import torch
from encoder_parity import (compare_fp32, compare_half, encode, pixels,
                            randomize, rename_keys, run_probe, shard,
                            vit_outputs)
from torch.utils.flop_counter import FlopCounterMode
from transformers import (Dinov2Config, Dinov2ForImageClassification,
                          Dinov2Model, Dinov2WithRegistersConfig,
                          Dinov2WithRegistersForImageClassification,
                          Dinov2WithRegistersModel)

torch.set_num_threads(1)


def make(tmp_path, seed, cls=Dinov2Model, **settings):
    model = randomize(cls(Dinov2Config(**settings)), seed)
    folder = tmp_path / "model"
    model.save_pretrained(folder)
    return model, folder


@torch.inference_mode()
def reference(model, inputs):
    patch = model.config.patch_size
    outputs = {}
    for name, images in inputs.items():
        result = model(images.to(model.dtype))
        tokens = result.last_hidden_state
        shape = images.shape[2] // patch, images.shape[3] // patch
        outputs |= vit_outputs(name, shape, tokens, tokens[:, 1:],
                               head=result.pooler_output,
                               cls=result.pooler_output)
    return outputs


TOY = dict(hidden_size=48, num_hidden_layers=3, num_attention_heads=3,
           image_size=42, patch_size=14)


@pytest.mark.parametrize("changes", [
    {},
    {"hidden_act": "gelu_pytorch_tanh", "qkv_bias": False},
    {"use_swiglu_ffn": True, "use_mask_token": False},
    {"use_swiglu_ffn": True, "qkv_bias": False, "hidden_size": 40,
     "num_attention_heads": 5},
    {"use_swiglu_ffn": True, "hidden_act": "quick_gelu"},
    {"use_swiglu_ffn": True, "hidden_act": "mish", "num_hidden_layers": 1},
    {"hidden_act": "quick_gelu", "num_hidden_layers": 1, "mlp_ratio": 3,
     "layer_norm_eps": 1e-3},
    {"hidden_act": "relu", "patch_size": 7, "image_size": [35, 35]},
    {"hidden_act": "silu"},
], ids=lambda changes: "-".join(
    [*changes, changes.get("hidden_act", "")]) or "plain")
def test_toy(tmp_path, changes):
    model, folder = make(tmp_path, 1, **TOY | changes)
    inputs = {
        "native": pixels(2, 3, 42, 42),
        "larger": pixels(3, 2, 70, 70),
        "smaller": pixels(4, 2, 28, 28),
        "wide": pixels(5, 2, 28, 98),
        "uneven": pixels(6, 2, 47, 61),
        "same_count": pixels(7, 1, 14, 126),
        "one_more_pixel": pixels(8, 1, 43, 43),
    }
    compare_fp32("dinov2 toy", encode(folder, inputs, tmp_path),
                 reference(model, inputs))


@pytest.mark.parametrize("dtype", ["bf16", "fp16"])
@pytest.mark.parametrize("swiglu", [False, True])
def test_toy_half(tmp_path, dtype, swiglu):
    model, folder = make(tmp_path, 11, **TOY, use_swiglu_ffn=swiglu)
    inputs = {"native": pixels(12, 4, 42, 42), "wide": pixels(13, 2, 28, 70)}
    expected = reference(model, inputs)
    half = torch.bfloat16 if dtype == "bf16" else torch.float16
    theirs = reference(model.to(half), inputs)
    compare_half(f"dinov2 toy {dtype}", encode(folder, inputs, tmp_path, dtype),
                 expected, theirs)


@pytest.mark.parametrize("layers,settings", [
    (4, dict(hidden_size=384, num_attention_heads=6)),
    (2, dict(hidden_size=1024, num_attention_heads=16)),
    (1, dict(hidden_size=1536, num_attention_heads=24, use_swiglu_ffn=True,
             image_size=224)),
], ids=["S", "L", "g"])
def test_real_shapes(tmp_path, layers, settings):
    # The published checkpoints' table is for 518 pixels; they are used at 224.
    model, folder = make(tmp_path, 21, num_hidden_layers=layers,
                         **{"image_size": 518} | settings)
    inputs = {"crop": pixels(22, 1, 224, 224)}
    expected = reference(model, inputs)
    compare_fp32("dinov2 real", encode(folder, inputs, tmp_path), expected)
    theirs = reference(model.to(torch.bfloat16), inputs)
    compare_half("dinov2 real bf16", encode(folder, inputs, tmp_path, "bf16"),
                 expected, theirs)


@pytest.mark.parametrize("stored", [torch.float16, torch.bfloat16])
def test_half_precision_files(tmp_path, stored):
    model, folder = make(tmp_path, 31, **TOY)
    model.to(stored).save_pretrained(folder)
    inputs = {"native": pixels(32, 2, 42, 42)}
    compare_fp32("dinov2 half files", encode(folder, inputs, tmp_path),
                 reference(model.float(), inputs))


def test_sharded(tmp_path):
    model, folder = make(tmp_path, 41, **TOY)
    shard(folder)
    inputs = {"native": pixels(42, 2, 42, 42)}
    compare_fp32("dinov2 sharded", encode(folder, inputs, tmp_path),
                 reference(model, inputs))


def test_classifier_folder(tmp_path):
    model, folder = make(tmp_path, 51, Dinov2ForImageClassification, **TOY)
    inputs = {"native": pixels(52, 2, 42, 42)}
    compare_fp32("dinov2 classifier", encode(folder, inputs, tmp_path),
                 reference(model.dinov2, inputs))


def test_info(tmp_path):
    model, folder = make(tmp_path, 61, **TOY)
    rename_keys(folder, lambda name: name.replace("mask_token", "mask_tokem"))
    info = json.loads(run_probe("info", folder))
    assert info["unused_keys"] == ["embeddings.mask_tokem"]
    assert info["parameters"] == model.num_parameters() - TOY["hidden_size"]


REGISTERS = TOY | dict(num_register_tokens=3)


@torch.inference_mode()
def registers_reference(model, inputs):
    patch, first = model.config.patch_size, 1 + model.config.num_register_tokens
    outputs = {}
    for name, images in inputs.items():
        result = model(images.to(model.dtype))
        tokens = result.last_hidden_state
        shape = images.shape[2] // patch, images.shape[3] // patch
        outputs |= vit_outputs(name, shape, tokens, tokens[:, first:],
                               head=result.pooler_output,
                               cls=result.pooler_output)
    return outputs


def make_registers(tmp_path, seed, cls=Dinov2WithRegistersModel, **settings):
    model = randomize(cls(Dinov2WithRegistersConfig(**settings)), seed)
    folder = tmp_path / "model"
    model.save_pretrained(folder)
    return model, folder


@pytest.mark.parametrize("changes", [
    {},
    {"num_register_tokens": 1, "qkv_bias": False},
    {"use_swiglu_ffn": True, "hidden_act": "silu"},
    {"patch_size": 7, "image_size": [35, 35], "num_hidden_layers": 1},
], ids=lambda changes: "-".join(changes) or "plain")
def test_registers_toy(tmp_path, changes):
    model, folder = make_registers(tmp_path, 71, **REGISTERS | changes)
    inputs = {
        "native": pixels(72, 3, 42, 42),
        "larger": pixels(73, 2, 70, 70),
        "smaller": pixels(74, 2, 28, 28),
        "wide": pixels(75, 2, 28, 98),
        "uneven": pixels(76, 2, 47, 61),
        "same_count": pixels(77, 1, 14, 126),
    }
    compare_fp32("dinov2 registers toy", encode(folder, inputs, tmp_path),
                 registers_reference(model, inputs))


@pytest.mark.parametrize("dtype", ["bf16", "fp16"])
def test_registers_real_shapes(tmp_path, dtype):
    # As published: a table for 518 pixels, patches of 14, four registers.
    model, folder = make_registers(
        tmp_path, 81, hidden_size=768, num_attention_heads=12,
        num_hidden_layers=2, image_size=518, patch_size=14)
    inputs = {"crop": pixels(82, 1, 224, 224)}
    expected = registers_reference(model, inputs)
    compare_fp32("dinov2 registers real", encode(folder, inputs, tmp_path),
                 expected)
    half = torch.bfloat16 if dtype == "bf16" else torch.float16
    theirs = registers_reference(model.to(half), inputs)
    compare_half(f"dinov2 registers real {dtype}",
                 encode(folder, inputs, tmp_path, dtype), expected, theirs)


def test_registers_classifier_folder(tmp_path):
    model, folder = make_registers(
        tmp_path, 91, Dinov2WithRegistersForImageClassification, **REGISTERS)
    inputs = {"native": pixels(92, 2, 42, 42)}
    compare_fp32("dinov2 registers classifier",
                 encode(folder, inputs, tmp_path),
                 registers_reference(model.dinov2_with_registers, inputs))
    info = json.loads(run_probe("info", folder))
    assert info["unused_keys"] == []
    assert info["parameters"] == model.dinov2_with_registers.num_parameters()


@pytest.mark.parametrize("swiglu", [False, True])
@pytest.mark.parametrize("registers", [False, True])
@pytest.mark.parametrize("height,width", [(42, 42), (28, 70)])
def test_operations(tmp_path, swiglu, registers, height, width):
    """The model's as published, whole blocks: what the reference does."""
    if registers:
        model, folder = make_registers(tmp_path, 101, **REGISTERS,
                                       use_swiglu_ffn=swiglu)
    else:
        model, folder = make(tmp_path, 101, **TOY, use_swiglu_ffn=swiglu)
    model.set_attn_implementation("eager")  # its products are counted
    counter = FlopCounterMode(display=False)
    with torch.inference_mode(), counter:
        model(torch.zeros(1, 3, height, width))
    info = json.loads(run_probe("info", folder, height, width))
    assert info["flops"] == counter.get_total_flops()
