"""Florence-2's vision tower, DaViT, against transformers, on random weights."""

import json

import pytest
import torch
from encoder_parity import (compare_fp32, compare_half, encode, pixels,
                            randomize, rename_keys, run_probe, shard,
                            vit_outputs)
from safetensors.torch import load_file
from torch.utils.flop_counter import FlopCounterMode
from transformers import (Florence2Config, Florence2ForConditionalGeneration,
                          Florence2Model, Florence2VisionConfig)
from transformers.models.florence2.modeling_florence2 import \
    Florence2VisionBackbone

torch.set_num_threads(1)

TOY = dict(embed_dim=[16, 24, 32], depths=[1, 2, 1], num_heads=[2, 3, 4],
           num_groups=[4, 2, 8], patch_size=[7, 3, 3], patch_stride=[4, 2, 2],
           patch_padding=[3, 1, 1], patch_prenorm=[False, True, True],
           window_size=4)
LARGE = dict(embed_dim=[256, 512, 1024, 2048], num_heads=[8, 16, 32, 64],
             num_groups=[8, 16, 32, 64])


def make(tmp_path, seed, **settings):
    model = randomize(
        Florence2VisionBackbone(Florence2VisionConfig(**settings)), seed)
    folder = tmp_path / "model"
    model.save_pretrained(folder)
    return model, folder


def whole_model(cls, seed, vision):
    text = dict(model_type="bart", vocab_size=64, d_model=16, encoder_layers=1,
                decoder_layers=1, encoder_attention_heads=2,
                decoder_attention_heads=2, encoder_ffn_dim=16,
                decoder_ffn_dim=16, max_position_embeddings=32)
    config = Florence2Config(vision_config=dict(vision, projection_dim=16),
                             text_config=text, image_token_id=63)
    return randomize(cls(config), seed)


@torch.inference_mode()
def reference(model, inputs):
    stages = []
    hooks = [blocks[-1].register_forward_hook(
        lambda module, args, output: stages.append(output))
        for blocks in model.blocks]
    outputs = {}
    for name, images in inputs.items():
        stages.clear()
        result = model(images.to(model.dtype)).last_hidden_state
        tokens = result.flatten(2).transpose(1, 2)
        outputs |= vit_outputs(name, result.shape[2:], tokens, tokens)
        outputs |= {f"{name}.stage{i}": stage.float()
                    for i, stage in enumerate(stages)}
        outputs[f"{name}.map_with_stages"] = result
    for hook in hooks:
        hook.remove()
    return outputs


@pytest.mark.parametrize("changes", [
    {},
    {"qkv_bias": False, "mlp_ratio": 2.5, "window_size": 5},
    {"activation_function": "gelu_pytorch_tanh", "window_size": 1,
     "patch_prenorm": [True, False, True]},
    # Kernels that leave cells at the edge, and a window above the map.
    {"patch_size": [5, 2, 4], "patch_stride": [3, 2, 3],
     "patch_padding": [0, 1, 2], "window_size": 40},
    {"embed_dim": [24], "depths": [2], "num_heads": [3], "num_groups": [1],
     "patch_size": [4], "patch_stride": [4], "patch_padding": [0],
     "patch_prenorm": [False]},
], ids=lambda changes: "-".join(changes) or "plain")
def test_toy(tmp_path, changes):
    model, folder = make(tmp_path, 1, **TOY | changes)
    inputs = {
        "whole_windows": pixels(2, 3, 64, 64),
        "padded": pixels(3, 2, 72, 72),
        "wide": pixels(4, 2, 32, 150),
        "tall": pixels(5, 1, 133, 47),
        "tiny": pixels(6, 2, 17, 19),
    }
    compare_fp32("florence_vision toy", encode(folder, inputs, tmp_path),
                 reference(model, inputs))


@pytest.mark.parametrize("dtype", ["bf16", "fp16"])
def test_toy_half(tmp_path, dtype):
    model, folder = make(tmp_path, 11, **TOY)
    inputs = {"whole_windows": pixels(12, 2, 64, 64),
              "padded": pixels(13, 1, 50, 90)}
    expected = reference(model, inputs)
    half = torch.bfloat16 if dtype == "bf16" else torch.float16
    theirs = reference(model.to(half), inputs)
    compare_half(f"florence_vision toy {dtype}",
                 encode(folder, inputs, tmp_path, dtype), expected, theirs)


def test_base(tmp_path):
    model, folder = make(tmp_path, 21)
    inputs = {"native": pixels(22, 1, 768, 768)}
    compare_fp32("florence_vision base", encode(folder, inputs, tmp_path),
                 reference(model, inputs))


def test_large(tmp_path):
    model, folder = make(tmp_path, 31, depths=[1, 1, 1, 1], **LARGE)
    # 384 pixels: maps of 96, 48, 24 and 12 cells; 416 is padded throughout.
    inputs = {"half": pixels(32, 1, 384, 384), "uneven": pixels(33, 1, 416, 224)}
    compare_fp32("florence_vision large", encode(folder, inputs, tmp_path),
                 reference(model, inputs))
    # The bound alone, as below.
    small = {"small": pixels(34, 1, 96, 160)}
    expected = reference(model, small)
    compare_half("florence_vision large bf16",
                 encode(folder, small, tmp_path, "bf16"), expected, expected)


def test_real_half(tmp_path):
    # The reference's own half precision takes minutes at this width where the
    # processor has none: the bound that needs no look at it is asked for.
    model, folder = make(tmp_path, 41, depths=[1, 1, 2, 1])
    inputs = {"small": pixels(42, 1, 192, 256)}
    expected = reference(model, inputs)
    for dtype in ("bf16", "fp16"):
        compare_half(f"florence_vision base {dtype}",
                     encode(folder, inputs, tmp_path, dtype), expected, expected)


@pytest.mark.parametrize("cls,prefix", [
    (Florence2ForConditionalGeneration, "model.vision_tower."),
    (Florence2Model, "vision_tower."),
])
def test_whole_model(tmp_path, cls, prefix):
    model = whole_model(cls, 51, TOY)
    folder = tmp_path / "model"
    model.save_pretrained(folder)
    tower = model.get_submodule(prefix.rstrip("."))
    inputs = {"padded": pixels(52, 2, 72, 56)}
    compare_fp32("florence2", encode(folder, inputs, tmp_path),
                 reference(tower, inputs))
    info = json.loads(run_probe("info", folder))
    assert info["family"] == "florence2"
    assert info["unused_keys"] == []
    assert info["parameters"] == tower.num_parameters()


def test_config_of_the_remote_code(tmp_path):
    """The spelling of the release whose configuration is a remote class."""
    model = whole_model(Florence2Model, 61, TOY)
    folder = tmp_path / "model"
    model.save_pretrained(folder)
    config = json.loads((folder / "config.json").read_text())
    vision = {key: TOY[key] for key in TOY if key != "embed_dim"}
    config["vision_config"] = vision | {
        "model_type": "davit", "dim_embed": TOY["embed_dim"],
        "drop_path_rate": 0.1, "enable_checkpoint": False,
        "projection_dim": 16,
        "visual_temporal_embedding": {"type": "COSINE",
                                      "max_temporal_embeddings": 100},
        "image_pos_embed": {"type": "learned_abs_2d",
                            "max_pos_embeddings": 50},
        "image_feature_source": ["spatial_avg_pool", "temporal_avg_pool"]}
    (folder / "config.json").write_text(json.dumps(config))
    inputs = {"padded": pixels(62, 2, 72, 56)}
    compare_fp32("florence2 remote config", encode(folder, inputs, tmp_path),
                 reference(model.vision_tower, inputs))


def remote_name(name):
    """A tensor's name in the remote-code release, from the native one."""
    name = name.removeprefix("model.")
    if not name.startswith("vision_tower."):
        for old, new in (
                ("multi_modal_projector.image_position_embed",
                 "image_pos_embed"),
                ("multi_modal_projector.image_projection.weight",
                 "image_projection"),
                ("multi_modal_projector.", ""),
                ("language_model.", "language_model.model."),
                ("lm_head.", "language_model.lm_head.")):
            if name.startswith(old):
                return new + name.removeprefix(old)
        return name
    for kind, attention in (("spatial_block", "window_attn"),
                            ("channel_block", "channel_attn")):
        for old, new in ((".conv1.", ".conv1.fn.dw."),
                         (".conv2.", ".conv2.fn.dw."),
                         (".norm1.", f".{attention}.norm."),
                         (".norm2.", ".ffn.norm."),
                         (f".{attention}.", f".{attention}.fn."),
                         (".ffn.fc", ".ffn.fn.net.fc")):
            if f".{kind}{old}" in name:
                return name.replace(f".{kind}{old}", f".{kind}{new}")
    return name.replace(".conv.", ".proj.")


def test_remote_code_names(tmp_path):
    model = whole_model(Florence2ForConditionalGeneration, 65, TOY)
    folder = tmp_path / "model"
    model.save_pretrained(folder)
    rename_keys(folder, remote_name)
    names = load_file(folder / "model.safetensors")
    assert "vision_tower.blocks.1.1.channel_block.ffn.fn.net.fc2.bias" in names
    assert not any(name.startswith("model.") for name in names)
    inputs = {"padded": pixels(66, 2, 72, 56)}
    tower = model.model.vision_tower
    compare_fp32("florence2 remote code", encode(folder, inputs, tmp_path),
                 reference(tower, inputs))
    info = json.loads(run_probe("info", folder))
    assert info["unused_keys"] == []
    assert info["parameters"] == tower.num_parameters()


@pytest.mark.parametrize("stored", [torch.float16, torch.bfloat16])
def test_half_precision_files(tmp_path, stored):
    model, folder = make(tmp_path, 71, **TOY)
    model.to(stored).save_pretrained(folder)
    inputs = {"padded": pixels(72, 2, 72, 72)}
    compare_fp32("florence_vision half files", encode(folder, inputs, tmp_path),
                 reference(model.float(), inputs))


def test_sharded(tmp_path):
    model, folder = make(tmp_path, 81, **TOY)
    shard(folder)
    inputs = {"padded": pixels(82, 2, 72, 72)}
    compare_fp32("florence_vision sharded", encode(folder, inputs, tmp_path),
                 reference(model, inputs))


def test_unknown_keys(tmp_path):
    _, folder = make(tmp_path, 91, **TOY)
    model = Florence2VisionBackbone(Florence2VisionConfig(**TOY | {
        "depths": [1, 3, 1]}))
    model.save_pretrained(folder)
    config = json.loads((folder / "config.json").read_text())
    config["depths"] = [1, 2, 1]
    (folder / "config.json").write_text(json.dumps(config))
    unused = json.loads(run_probe("info", folder))["unused_keys"]
    assert len(unused) == 32
    assert all(key.startswith("blocks.1.2.") for key in unused)
    rename_keys(folder, lambda name: "vision_tower." + name)
    assert [name.removeprefix("vision_tower.") for name in
            json.loads(run_probe("info", folder))["unused_keys"]] == unused


@pytest.mark.parametrize("settings,height,width", [
    (TOY, 64, 64), (TOY, 75, 130), (TOY | {"window_size": 7}, 64, 96),
    (dict(depths=[1, 1, 2, 1]), 128, 160),
], ids=["toy", "uneven", "padded", "base"])
def test_operations_and_parameters(tmp_path, settings, height, width):
    model, folder = make(tmp_path, 101, **settings)
    model.set_attn_implementation("eager")
    counter = FlopCounterMode(display=False)
    with torch.inference_mode(), counter:
        model(torch.zeros(1, 3, height, width))
    info = json.loads(run_probe("info", folder, height, width))
    assert info["flops"] == pytest.approx(counter.get_total_flops(), rel=1e-9)
    assert info["parameters"] == model.num_parameters()
    strides = torch.tensor(model.config.patch_stride).cumprod(0).tolist()
    assert info["strides"] == strides
