"""Random-weight models and the comparison with transformers, shared by the
encoder oracles."""

import json
import os
import pathlib
import subprocess

import torch
from safetensors.torch import load_file, save_file

PROBES = pathlib.Path(os.environ["EYECHART_PROBES"])

# Design section 5.
MAX_ERROR = 2e-5
MIN_COSINE_FP32 = 0.999999
MIN_COSINE_HALF = 0.999


def randomize(model, seed):
    """Spreads every parameter, so that a tensor left out or swapped shows:
    fresh models have norms of one, biases of zero and layer scales of one."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            if "norm" in name or "layrnorm" in name or "lambda1" in name:
                base = 1.0 if name.endswith(("weight", "lambda1")) else 0.0
                parameter.copy_(base + 0.3 * noise)
            elif parameter.dim() >= 2 and "embed" not in name:
                parameter.copy_(noise * 0.8 / parameter[0].numel() ** 0.5)
            elif parameter.dim() == 0:
                parameter.copy_(parameter + 0.1 * noise)
            elif "patch" in name and parameter.dim() == 4:
                parameter.copy_(noise * 0.8 / parameter[0].numel() ** 0.5)
            else:
                parameter.copy_(0.5 * noise)
    return model.eval()


def pixels(seed, batch, height, width):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn((batch, 3, height, width), generator=generator)


def run_probe(*arguments, probe="encoder_probe"):
    """Standard output. Half precision is the processor's own wherever it has
    it, even where eyechart would compute in float32 because that is faster."""
    if "--dtype" in arguments:
        arguments += ("--half", "computes")
    result = subprocess.run([str(PROBES / probe), *map(str, arguments)],
                            capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout


def encode(folder, inputs, tmp_path, dtype="fp32"):
    """What our encoder gives for {name: pixels}."""
    source, target = tmp_path / "pixels.safetensors", tmp_path / "out.safetensors"
    save_file(inputs, source)
    run_probe("encode", folder, source, target, "--dtype", dtype)
    return load_file(target)


def relative_error(ours, reference):
    assert ours.shape == reference.shape
    return float((ours - reference).abs().max() / reference.abs().max())


def cosine(ours, reference):
    """The worst feature vector's; a map's vectors are along its channels."""
    if reference.dim() == 4:
        ours, reference = ours.movedim(1, -1), reference.movedim(1, -1)
    ours = ours.double().reshape(-1, ours.shape[-1])
    reference = reference.double().reshape(-1, reference.shape[-1])
    return float(torch.nn.functional.cosine_similarity(ours, reference).min())


def record(group, **numbers):
    """Prints what was measured; appended to a file where one is named."""
    line = json.dumps({"group": group, **numbers})
    print(line)
    if path := os.environ.get("EYECHART_PARITY_LOG"):
        with open(path, "a", encoding="utf-8") as log:
            log.write(line + "\n")


def compare_fp32(group, ours, reference):
    """`reference` is {key: tensor}; all its keys must be in `ours`."""
    worst, lowest = 0.0, 1.0
    for key, expected in reference.items():
        got = ours[key]
        worst = max(worst, relative_error(got, expected))
        lowest = min(lowest, cosine(got, expected))
        assert relative_error(got, expected) <= MAX_ERROR, key
        assert cosine(got, expected) >= MIN_COSINE_FP32, key
    record(group, max_relative_error=worst, min_cosine=lowest)


def compare_half(group, ours, reference, reference_half):
    """Half precision against the fp32 reference: within the bound, or no worse
    than the reference's own half precision."""
    lowest, theirs = 1.0, 1.0
    for key, expected in reference.items():
        bound = cosine(reference_half[key].float(), expected)
        lowest = min(lowest, cosine(ours[key], expected))
        theirs = min(theirs, bound)
        assert cosine(ours[key], expected) >= min(MIN_COSINE_HALF, bound), key
    record(group, min_cosine=lowest, reference_min_cosine=theirs)


def compare_both(group, ours, expected):
    """`ours(dtype)` in fp32 and in bf16. The reference's own bf16, slow where
    the processor has none, is not looked at: the bound itself is asked for."""
    compare_fp32(group, ours("fp32"), expected)
    compare_half(f"{group} bf16", ours("bf16"), expected, expected)


def vit_outputs(name, patches_shape, tokens, patch_tokens, **pools):
    """The keys of the probe for one input, from the reference's tensors."""
    batch, count, width = patch_tokens.shape
    rows, columns = patches_shape
    assert count == rows * columns
    grid = patch_tokens.reshape(batch, rows, columns, width)
    outputs = {f"{name}.tokens": tokens,
               f"{name}.map": grid.permute(0, 3, 1, 2).contiguous()}
    pools["mean"] = patch_tokens.float().mean(1)
    for pool, value in pools.items():
        outputs[f"{name}.{pool}"] = value
        outputs[f"{name}.{pool}_with_tokens"] = value
    return outputs


def shard(folder):
    """Rewrites model.safetensors as three files and an index."""
    tensors = load_file(folder / "model.safetensors")
    names = sorted(tensors)
    weight_map = {}
    for part in range(3):
        file = f"model-{part + 1:05d}-of-00003.safetensors"
        mine = {name: tensors[name] for name in names[part::3]}
        save_file(mine, folder / file)
        weight_map.update(dict.fromkeys(mine, file))
    (folder / "model.safetensors").unlink()
    index = {"metadata": {"total_size": 0}, "weight_map": weight_map}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))


def rename_keys(folder, rename):
    """Rewrites the weights with every name passed through `rename`."""
    path = folder / "model.safetensors"
    tensors = {rename(name): tensor.clone()
               for name, tensor in load_file(path).items()}
    save_file(tensors, path)


def texts_file(tmp_path, texts):
    path = tmp_path / "texts.json"
    path.write_text(json.dumps(texts), encoding="utf-8")
    return path
