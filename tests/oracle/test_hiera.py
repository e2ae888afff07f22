"""Hiera against transformers, on random weights."""

import json

import pytest
import torch
from encoder_parity import (compare_fp32, compare_half, encode, pixels,
                            randomize, run_probe, shard)
from torch.utils.flop_counter import FlopCounterMode
from transformers import (HieraBackbone, HieraConfig,
                          HieraForImageClassification, HieraForPreTraining,
                          HieraModel)
from transformers.models.hiera.modeling_hiera import HieraEncoder

torch.set_num_threads(1)

TOY = dict(embed_dim=16, image_size=[64, 64], depths=[1, 2, 2, 1],
           num_heads=[1, 2, 4, 8])


def make(tmp_path, seed, cls=HieraModel, **settings):
    model = randomize(cls(HieraConfig(**settings)), seed)
    folder = tmp_path / "model"
    model.save_pretrained(folder)
    return model, folder


@torch.inference_mode()
def reference(model, inputs):
    config = model.config
    outputs = {}
    for name, images in inputs.items():
        # The reference puts maps together for the configured size alone; the
        # rule itself knows any.
        sized = HieraConfig(**config.to_dict() | {
            "image_size": list(images.shape[2:])})
        model.encoder.schedule = HieraEncoder(sized).schedule
        result = model(images.to(model.dtype), interpolate_pos_encoding=True,
                       output_hidden_states=True)
        tokens = result.last_hidden_state
        outputs[f"{name}.tokens"] = tokens
        pools = {"mean": tokens.float().mean(1)}
        if model.pooler is not None:
            pools["head"] = result.pooler_output
        for pool, value in pools.items():
            outputs[f"{name}.{pool}"] = value
            outputs[f"{name}.{pool}_with_tokens"] = value
        maps = [stage.permute(0, 3, 1, 2).contiguous()
                for stage in result.reshaped_hidden_states[1:]]
        outputs |= {f"{name}.stage{i}": stage for i, stage in enumerate(maps)}
        outputs[f"{name}.map"] = outputs[f"{name}.map_with_stages"] = maps[-1]
    return outputs


INPUTS = {"native": (2, 3, 64, 64), "larger": (3, 2, 96, 96),
          "wide": (4, 2, 32, 128), "tall": (5, 1, 160, 64),
          "smallest": (6, 2, 32, 32)}


@pytest.mark.parametrize("changes", [
    {},
    {"hidden_act": "gelu_pytorch_tanh", "mlp_ratio": 2.5,
     "layer_norm_eps": 1e-3},
    {"masked_unit_attention": [True, True, True, False]},
    {"masked_unit_attention": [False, True, False, True]},
    {"masked_unit_attention": [False] * 4},
    {"embed_dim_multiplier": 1.5, "num_heads": [2, 3, 4, 6]},
    # Stages that do not pool: mask units are then smaller, tokens stay unrolled.
    {"num_query_pool": 2},
    {"num_query_pool": 1, "masked_unit_attention": [True] * 4},
    {"num_query_pool": 0},
    # A mask unit of more cells than the stages pool.
    {"depths": [1, 1], "num_heads": [1, 2], "num_query_pool": 1,
     "masked_unit_attention": [True, False]},
    {"depths": [2, 1, 1], "num_heads": [1, 2, 4], "num_query_pool": 2,
     "masked_unit_attention": [True, True, False]},
    {"patch_size": [4, 4], "patch_stride": [4, 4], "patch_padding": [0, 0]},
    {"patch_size": [3, 3], "patch_stride": [2, 2], "patch_padding": [1, 1],
     "image_size": [32, 32]},
], ids=lambda changes: "-".join(changes) or "plain")
def test_toy(tmp_path, changes):
    model, folder = make(tmp_path, 1, **TOY | changes)
    inputs = {name: pixels(*shape) for name, shape in INPUTS.items()}
    compare_fp32("hiera toy", encode(folder, inputs, tmp_path),
                 reference(model, inputs))


@pytest.mark.parametrize("dtype", ["bf16", "fp16"])
def test_toy_half(tmp_path, dtype):
    model, folder = make(tmp_path, 11, **TOY)
    inputs = {"native": pixels(12, 4, 64, 64), "wide": pixels(13, 2, 32, 96)}
    expected = reference(model, inputs)
    half = torch.bfloat16 if dtype == "bf16" else torch.float16
    theirs = reference(model.to(half), inputs)
    compare_half(f"hiera toy {dtype}", encode(folder, inputs, tmp_path, dtype),
                 expected, theirs)


@pytest.mark.parametrize("settings", [
    dict(depths=[1, 2, 7, 2]),
    dict(depths=[2, 3, 4, 3]),
    dict(embed_dim=144, num_heads=[2, 4, 8, 16], depths=[1, 1, 2, 1]),
    dict(embed_dim=256, num_heads=[4, 8, 16, 32], depths=[1, 1, 1, 1]),
], ids=["tiny", "base", "large", "huge"])
def test_real_shapes(tmp_path, settings):
    model, folder = make(tmp_path, 21, **settings)
    inputs = {"native": pixels(22, 1, 224, 224)}
    expected = reference(model, inputs)
    compare_fp32("hiera real", encode(folder, inputs, tmp_path), expected)
    if settings.get("embed_dim", 96) > 96:
        # Fewer cells: bf16 is slow where no instructions serve it.
        inputs = {"small": pixels(23, 1, 64, 96)}
        expected = reference(model, inputs)
    theirs = reference(model.to(torch.bfloat16), inputs)
    compare_half("hiera real bf16", encode(folder, inputs, tmp_path, "bf16"),
                 expected, theirs)


@pytest.mark.parametrize("stored", [torch.float16, torch.bfloat16])
def test_half_precision_files(tmp_path, stored):
    model, folder = make(tmp_path, 31, **TOY)
    model.to(stored).save_pretrained(folder)
    inputs = {"native": pixels(32, 2, 64, 64)}
    compare_fp32("hiera half files", encode(folder, inputs, tmp_path),
                 reference(model.float(), inputs))


def test_sharded(tmp_path):
    model, folder = make(tmp_path, 41, **TOY)
    shard(folder)
    inputs = {"native": pixels(42, 2, 64, 64)}
    compare_fp32("hiera sharded", encode(folder, inputs, tmp_path),
                 reference(model, inputs))


def test_classifier_folder(tmp_path):
    model, folder = make(tmp_path, 51, HieraForImageClassification, **TOY)
    inputs = {"native": pixels(52, 2, 64, 64)}
    compare_fp32("hiera classifier", encode(folder, inputs, tmp_path),
                 reference(model.hiera, inputs))
    assert json.loads(run_probe("info", folder))["unused_keys"] == []


def test_folders_without_a_pooler(tmp_path):
    """Pre-training's and the backbone class's: no head, the same trunk."""
    inputs = {"native": pixels(62, 2, 64, 64)}
    for cls in (HieraForPreTraining, HieraBackbone):
        model, folder = make(tmp_path, 61, cls, **TOY,
                             decoder_hidden_size=16, decoder_depth=1,
                             decoder_num_heads=2)
        trunk = HieraModel(model.config, add_pooling_layer=False)
        state = model.hiera if cls is HieraForPreTraining else model
        trunk.load_state_dict(state.state_dict(), strict=False)
        ours = encode(folder, inputs, tmp_path)
        assert "native.head" not in ours
        compare_fp32("hiera without pooler", ours,
                     reference(trunk.eval(), inputs))
        assert json.loads(run_probe("info", folder))["unused_keys"] == []


@pytest.mark.parametrize("changes", [
    {}, {"masked_unit_attention": [True, False, True, False]},
    {"num_query_pool": 2}, {"embed_dim_multiplier": 1.5,
                            "num_heads": [2, 3, 4, 6]},
], ids=lambda changes: "-".join(changes) or "plain")
@pytest.mark.parametrize("height,width", [(64, 64), (32, 96)])
def test_operations_and_parameters(tmp_path, changes, height, width):
    model, folder = make(tmp_path, 71, **TOY | changes)
    counter = FlopCounterMode(display=False)
    with torch.inference_mode(), counter:
        model(torch.zeros(1, 3, height, width), interpolate_pos_encoding=True)
    info = json.loads(run_probe("info", folder, height, width))
    assert info["flops"] == pytest.approx(counter.get_total_flops(), rel=1e-9)
    assert info["parameters"] == model.num_parameters()
    pooled = model.config.num_query_pool
    assert info["strides"] == [4 * 2 ** min(i, pooled) for i in range(4)]
