"""The pool `blocks`, what DINOv2's linear protocol reads, against transformers'
hidden states on random weights."""

import json
import os
import subprocess

import numpy as np
import pytest
import torch
from encoder_parity import randomize
from PIL import Image
from safetensors.torch import load_file
from transformers import (Aimv2VisionConfig, Aimv2VisionModel,
                          CLIPVisionConfig, CLIPVisionModel, Dinov2Config,
                          Dinov2Model, Dinov2WithRegistersConfig,
                          Dinov2WithRegistersModel, SiglipVisionConfig,
                          SiglipVisionModel)

BINARY = os.path.join(os.environ["EYECHART_BIN"], "eyechart")
SIDE = 42
SIZES = dict(hidden_size=48, num_hidden_layers=6, num_attention_heads=3,
             image_size=SIDE, patch_size=14)

# Class, config, final norm, tokens before the patches, whether there is a class
# token.
CASES = {
    "dinov2": (Dinov2Model, Dinov2Config(**SIZES), "layernorm", 1, True),
    "dinov2-short": (Dinov2Model,
                     Dinov2Config(**SIZES | dict(num_hidden_layers=2)),
                     "layernorm", 1, True),
    "registers": (Dinov2WithRegistersModel,
                  Dinov2WithRegistersConfig(**SIZES, num_register_tokens=3),
                  "layernorm", 4, True),
    "clip": (CLIPVisionModel,
             CLIPVisionConfig(**SIZES, intermediate_size=96),
             "post_layernorm", 1, True),
    "siglip": (SiglipVisionModel,
               SiglipVisionConfig(**SIZES, intermediate_size=96),
               "post_layernorm", 0, False),
    "aimv2": (Aimv2VisionModel,
              Aimv2VisionConfig(**SIZES, intermediate_size=96),
              "rms_norm", 0, False),
}

# What the pixels are: 0 ... 255 by 1/255, neither resized nor normalised.
PROCESSOR = dict(image_processor_type="CLIPImageProcessor", do_resize=False,
                 do_center_crop=False, do_rescale=True,
                 rescale_factor=1 / 255, do_normalize=False,
                 do_convert_rgb=True)


@pytest.mark.parametrize("name", CASES)
def test_blocks(tmp_path, name):
    make, config, norm, prefix, has_class = CASES[name]
    model = randomize(make(config), len(name))
    folder = tmp_path / "model"
    model.save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps(PROCESSOR))
    rng = np.random.default_rng(1)
    images = rng.integers(0, 256, (3, SIDE, SIDE, 3), dtype=np.uint8)
    for i, image in enumerate(images):
        (tmp_path / "pictures").mkdir(exist_ok=True)
        Image.fromarray(image).save(tmp_path / "pictures" / f"{i}.png")
    store = tmp_path / "store"
    run = subprocess.run([BINARY, "encode", folder, tmp_path / "pictures", "-o",
                          store, "--pool", "blocks"], capture_output=True,
                         text=True)
    assert run.returncode == 0, run.stderr
    ours = load_file(store / "shard-00000.safetensors")["pooled"]
    manifest = json.loads((store / "manifest.json").read_text())

    tower = getattr(model, "vision_model", model)
    pixels = torch.from_numpy(images).permute(0, 3, 1, 2).float() / 255
    with torch.inference_mode():
        states = tower(pixels, output_hidden_states=True).hidden_states
        blocks = min(4, config.num_hidden_layers)
        states = [getattr(tower, norm)(state) for state in states[-blocks:]]
        if has_class:
            parts = [state[:, 0] for state in states]
            parts.append(states[-1][:, prefix:].mean(1))
        else:
            parts = [state.mean(1) for state in states]
    wanted = torch.cat(parts, 1)
    assert manifest["pool"] == "blocks"
    assert manifest["parts"] == [f"block-{k}" for k in range(blocks, 0, -1)] + (
        ["mean"] if has_class else [])
    assert ours.shape == wanted.shape
    scale = wanted.abs().max()
    assert (ours - wanted).abs().max() < 2e-5 * scale
