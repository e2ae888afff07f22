"""Exported programs against the modules they were made from."""

import json
import os
import shutil
import subprocess

import pytest
import torch
from encoder_parity import compare_fp32, encode, pixels, run_probe

torch.set_num_threads(1)

PREPROCESS = {"image_processor_type": "CLIPImageProcessor",
              "size": {"shortest_edge": 28},
              "crop_size": {"height": 28, "width": 28}}


class Tiny(torch.nn.Module):
    """A convolution, two tokens before the patches, a pooled vector."""

    def __init__(self):
        super().__init__()
        self.patch = torch.nn.Conv2d(3, 24, 7, stride=7)
        self.first = torch.nn.Parameter(torch.randn(1, 2, 24))
        self.head = torch.nn.Linear(24, 10)

    def forward(self, x):
        feature_map = self.patch(x)
        tokens = feature_map.flatten(2).transpose(1, 2)
        tokens = torch.cat([self.first.expand(x.shape[0], -1, -1), tokens], 1)
        return self.head(tokens[:, 0]), tokens, feature_map


class Named(torch.nn.Module):
    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, x):
        pooled, tokens, feature_map = self.inner(x)
        return {"embedding": pooled, "hidden": tokens, "grid": feature_map}


@pytest.fixture
def module():
    torch.manual_seed(1)
    return Tiny().eval()


def write(folder, **settings):
    config = {"model": "model.pt", "format": "torchscript", "image_size": 28,
              "preprocess": PREPROCESS, "prefix": 2,
              "outputs": {"pooled": 0, "tokens": 1, "feature_map": 2}}
    folder.mkdir(exist_ok=True)
    (folder / "eyechart.json").write_text(json.dumps(config | settings))


@torch.inference_mode()
def expected(module, inputs):
    outputs = {}
    for name, images in inputs.items():
        pooled, tokens, feature_map = module(images)
        outputs |= {f"{name}.head": pooled, f"{name}.tokens": tokens,
                    f"{name}.map": feature_map,
                    f"{name}.mean": tokens[:, 2:].mean(1)}
    return outputs


@pytest.mark.parametrize("kind", ["traced", "scripted", "named", "fixed_batch"])
def test_torchscript(tmp_path, module, kind):
    folder = tmp_path / "model"
    inputs = {"native": pixels(2, 3, 28, 28)}
    if kind == "named":
        write(folder, any_size=True,
              outputs={"pooled": "embedding", "tokens": "hidden",
                       "feature_map": "grid"})
        script = torch.jit.script(Named(module))
        inputs["wide"] = pixels(3, 2, 28, 42)
    elif kind == "fixed_batch":
        # Fails for any batch but two.
        class Two(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.inner = module

            def forward(self, x):
                return self.inner(x.view(2, 3, 28, 28))
        write(folder, batch=2)
        script = torch.jit.trace(Two(), pixels(4, 2, 28, 28))
    else:
        write(folder)
        script = (torch.jit.script(module) if kind == "scripted" else
                  torch.jit.trace(module, pixels(4, 2, 28, 28)))
    script.save(folder / "model.pt")
    compare_fp32(f"torchscript {kind}", encode(folder, inputs, tmp_path),
                 expected(module, inputs))
    info = json.loads(run_probe("info", folder))
    assert info["parameters"] == sum(p.numel() for p in module.parameters())


@pytest.mark.skipif(shutil.which("c++") is None, reason="no C++ compiler")
def test_aotinductor(tmp_path, module):
    folder = tmp_path / "model"
    write(folder, format="aotinductor", model="model.pt2")
    batch = torch.export.Dim("batch", min=1, max=64)
    program = torch.export.export(module, (pixels(5, 2, 28, 28),),
                                  dynamic_shapes=({0: batch},))
    torch._inductor.aoti_compile_and_package(
        program, package_path=str(folder / "model.pt2"))
    inputs = {"native": pixels(6, 3, 28, 28)}
    compare_fp32("aotinductor", encode(folder, inputs, tmp_path),
                 expected(module, inputs))


def test_preprocess_stands_before_files_beside_it(tmp_path, module):
    """Left over by whoever saved the model that was exported."""
    folder = tmp_path / "model"
    write(folder)
    torch.jit.script(module).save(folder / "model.pt")

    def preprocess():
        run = subprocess.run(
            [os.path.join(os.environ["EYECHART_BIN"], "eyechart"), "inspect",
             str(folder), "--json"], capture_output=True, text=True,
            check=False)
        assert run.returncode == 0, run.stderr
        return json.loads(run.stdout)["preprocess"]

    alone = preprocess()
    other = PREPROCESS | {"size": {"shortest_edge": 14},
                          "image_mean": [0.5, 0.5, 0.5]}
    (folder / "preprocessor_config.json").write_text(json.dumps(other))
    assert preprocess() == alone
    (folder / "processor_config.json").write_text(
        json.dumps({"image_processor": other}))
    assert preprocess() == alone


@pytest.mark.parametrize("settings,said", [
    (dict(outputs={"pooled": 7}), "outputs.pooled"),
    (dict(outputs={"pooled": "x"}), "outputs.pooled"),
    (dict(outputs={"tokens": 0}), "3 extents"),
    (dict(format="onnx"), "torchscript or aotinductor"),
    (dict(model="absent.pt"), "absent.pt"),
    (dict(model="../model.pt"), "../model.pt"),
    (dict(format="aotinductor"), "AOTInductor"),
    (dict(imagesize=3), "imagesize"),
    (dict(image_size=[28]), "image_size"),
    (dict(prefix=99), "prefix"),
    (dict(image_size=5), "failed on pixels"),
    (dict(), "no TorchScript"),
])
def test_mistakes_are_named(tmp_path, module, settings, said):
    folder = tmp_path / "model"
    write(folder, **settings)
    if said == "no TorchScript":
        shutil.copy(__file__, folder / "model.pt")
    else:
        torch.jit.trace(module, pixels(7, 2, 28, 28)).save(folder / "model.pt")
    with pytest.raises(AssertionError) as error:
        run_probe("info", folder)
    assert said in str(error.value)
