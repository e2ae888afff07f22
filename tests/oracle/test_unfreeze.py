"""Gradients of the last blocks against PyTorch's of transformers' models, on
random weights: the loss is a linear function of the feature map."""

import pytest
import torch
from encoder_parity import pixels, randomize, relative_error, run_probe
from safetensors.torch import load_file, save_file
from transformers import (Aimv2VisionConfig, Aimv2VisionModel,
                          CLIPVisionConfig, CLIPVisionModel, Dinov2Config,
                          Dinov2Model, Dinov2WithRegistersConfig,
                          Dinov2WithRegistersModel, SiglipVisionConfig,
                          SiglipVisionModel)

torch.set_num_threads(1)

MAX_ERROR = 1e-5
TOY = dict(hidden_size=48, num_hidden_layers=3, num_attention_heads=3,
           image_size=42, patch_size=14)
MLP = TOY | dict(intermediate_size=80)


def block_names(layer, attention, norms, parts):
    """Our names of a block's tensors, and the reference's that each stacks."""
    names = {"qkv": [f"{attention}.{part}" for part in parts["qkv"]],
             "out": [f"{attention}.{parts['out']}"],
             "norm1": [norms[0]], "norm2": [norms[1]],
             "up": parts["up"], "down": parts["down"]}
    return {f"{ours}.{kind}": [f"{layer}.{name}.{kind}" for name in theirs]
            for ours, theirs in names.items() for kind in ("weight", "bias")}


PROJECTIONS = {"qkv": ["q_proj", "k_proj", "v_proj"], "out": "out_proj"}


def clip_names(model, index):
    layer = next(name for name, _ in model.named_parameters()
                 if f"encoder.layers.{index}." in name)
    layer = layer[:layer.index(f".{index}.")] + f".{index}"
    return block_names(
        layer, "self_attn", ("layer_norm1", "layer_norm2"),
        PROJECTIONS | {"up": ["mlp.fc1"], "down": ["mlp.fc2"]})


def dinov2_names(model, index):
    layer = f"encoder.layer.{index}"
    swiglu = model.config.use_swiglu_ffn
    names = block_names(layer, "attention", ("norm1", "norm2"), {
        "qkv": PROJECTIONS["qkv"], "out": "o_proj",
        "up": ["mlp.gate_proj", "mlp.up_proj"] if swiglu else ["mlp.fc1"],
        "down": ["mlp.down_proj" if swiglu else "mlp.fc2"]})
    for scale in (1, 2):
        names[f"scale{scale}"] = [f"{layer}.layer_scale{scale}.lambda1"]
    return names


def aimv2_names(model, index):
    return block_names(
        f"encoder.layers.{index}", "attention", ("rms_norm1", "rms_norm2"),
        PROJECTIONS | {"up": ["ffn.gate_proj", "ffn.up_proj"],
                       "down": ["ffn.down_proj"]})


CASES = {
    "clip": (CLIPVisionModel, CLIPVisionConfig, MLP, clip_names, 1, None),
    "clip gelu": (CLIPVisionModel, CLIPVisionConfig,
                  MLP | {"hidden_act": "gelu"}, clip_names, 1, None),
    "siglip": (SiglipVisionModel, SiglipVisionConfig, MLP, clip_names, 0,
               "post_layernorm"),
    "dinov2": (Dinov2Model, Dinov2Config, TOY, dinov2_names, 1, "layernorm"),
    "dinov2 swiglu": (Dinov2Model, Dinov2Config,
                      TOY | {"use_swiglu_ffn": True, "qkv_bias": False},
                      dinov2_names, 1, "layernorm"),
    "registers": (Dinov2WithRegistersModel, Dinov2WithRegistersConfig,
                  TOY | {"num_register_tokens": 3}, dinov2_names, 4,
                  "layernorm"),
    "aimv2": (Aimv2VisionModel, Aimv2VisionConfig, MLP | {"use_head": False},
              aimv2_names, 0, "rms_norm"),
    "aimv2 biased": (Aimv2VisionModel, Aimv2VisionConfig,
                     MLP | {"use_head": False, "qkv_bias": True,
                            "mlp_bias": True}, aimv2_names, 0, "rms_norm"),
}


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("case", CASES)
def test_slopes(tmp_path, case, count):
    model_class, config_class, settings, names_of, prefix, norm = CASES[case]
    model = randomize(model_class(config_class(**settings)), 7)
    model.save_pretrained(tmp_path / "model")
    images = pixels(8, 3, 42, 42)
    along = torch.randn((3, 48, 3, 3),
                        generator=torch.Generator().manual_seed(9))
    tokens = model(images).last_hidden_state[:, prefix:]
    expected = tokens.reshape(3, 3, 3, 48).permute(0, 3, 1, 2)
    (expected * along).sum().backward()
    slopes = {name: parameter.grad
              for name, parameter in model.named_parameters()}

    source, target = tmp_path / "in.safetensors", tmp_path / "out.safetensors"
    save_file({"pixels": images, "along": along}, source)
    run_probe(tmp_path / "model", count, source, target,
              probe="unfreeze_probe")
    ours = load_file(target)
    for name in ("map", "frozen"):
        assert relative_error(ours.pop(name), expected.detach()) <= MAX_ERROR
    wanted = {f"{index}.{name}": theirs
              for index in range(3 - count, 3)
              for name, theirs in names_of(model, index).items()}
    if norm is not None:
        root = next(name[:-len(f"{norm}.weight")] for name in slopes
                    if name.endswith(f"{norm}.weight")
                    and "embeddings" not in name)
        wanted |= {f"norm.{kind}": [f"{root}{norm}.{kind}"]
                   for kind in ("weight", "bias")}
    wanted = {f"slope.{name}": theirs for name, theirs in wanted.items()
              if theirs[0] in slopes}
    assert set(ours) == set(wanted)
    for name, theirs in wanted.items():
        reference = torch.cat([slopes[part] for part in theirs])
        assert relative_error(ours[name], reference) <= MAX_ERROR, name
