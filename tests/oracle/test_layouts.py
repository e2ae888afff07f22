"""The same models in other projects' layouts: file formats, key names and
configurations. Each is made from a random transformers model by renaming, and
has to give what the model itself gives."""

import collections
import json
import os
import subprocess
import zipfile

import pytest
import torch
from encoder_parity import (MAX_ERROR, compare_both, compare_fp32, encode,
                            pixels, randomize, relative_error, run_probe)
from PIL import Image
from safetensors.torch import load_file, save_file
from test_aimv2 import reference as aimv2_reference
from test_clip import TEXT, VISION, WIDE, encode_text, reference_text
from test_clip import reference as clip_reference
from test_dinov2 import TOY, registers_reference
from test_dinov2 import reference as dinov2_reference
from test_florence_vision import TOY as FLORENCE_TOY
from test_florence_vision import reference as florence_reference
from test_florence_vision import remote_name, whole_model
from test_tokenizer import BOS, EOS, corpus, train
from transformers import (Aimv2Config, Aimv2Model, Aimv2VisionConfig,
                          Aimv2VisionModel, CLIPConfig, CLIPModel,
                          Dinov2Config, Dinov2Model,
                          Dinov2WithRegistersConfig, Dinov2WithRegistersModel,
                          Florence2ForConditionalGeneration)

torch.set_num_threads(1)

EYECHART = os.path.join(os.environ["EYECHART_BIN"], "eyechart")
# Beside the weights in OpenAI's archives, and in none of open_clip's.
NUMBERS = {"input_resolution": torch.tensor(32),
           "context_length": torch.tensor(19), "vocab_size": torch.tensor(60)}


def eyechart(*arguments):
    run = subprocess.run([EYECHART, *map(str, arguments), "--json"],
                         capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def saved_state(model, folder):
    """Tensors under the names that save_pretrained gives them, which are not
    always those in memory. Leaves the folder without its weights."""
    model.save_pretrained(folder)
    path = folder / "model.safetensors"
    tensors = load_file(path)
    path.unlink()
    return tensors


INPUTS = {"native": pixels(2, 2, 32, 32), "wide": pixels(3, 1, 24, 56)}


def trained_tokens(tmp_path):
    """Of a tokenizer trained in the test: its folder, and what a text tower
    says of it."""
    tokens = tmp_path / "tokens"
    train(tokens)
    ids = json.loads((tokens / "vocab.json").read_text())
    return tokens, dict(vocab_size=len(ids), bos_token_id=ids[BOS],
                        eos_token_id=ids[EOS], pad_token_id=ids[EOS])


def expect_text(model, folder, tokens, tmp_path, group):
    """The text tower's embeddings and scale, whatever `folder` names it by."""
    for file in tokens.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    texts = corpus(8)[:40] + ["", "a photo of a cat", EOS, "cat " * 100]
    ours, scale = encode_text(folder, texts, tmp_path)
    compare_fp32(group, {"embeds": ours},
                 {"embeds": reference_text(model, tokens, texts)})
    assert scale == pytest.approx(model.logit_scale.exp().item(), rel=1e-6)


def make_clip(seed=1, heads=1, text=None, projection=24, **vision):
    """Heads are 64 wide in OpenAI's models, and not written down."""
    vision = VISION | dict(hidden_size=64 * heads, num_attention_heads=heads,
                           intermediate_size=256 * heads,
                           hidden_act="quick_gelu") | vision
    text = TEXT | dict(hidden_size=64, num_attention_heads=1,
                       intermediate_size=256, hidden_act="quick_gelu") | (
                           text or {})
    return randomize(CLIPModel(CLIPConfig(
        vision_config=vision, text_config=text, projection_dim=projection)),
                     seed)


def openai_names(model, folder, text_prefix=""):
    """CLIP's tensors as OpenAI and open_clip store them."""
    state = saved_state(model, folder)
    (folder / "config.json").unlink()
    tensors = {"logit_scale": state["logit_scale"],
               "visual.proj": state["visual_projection.weight"].T,
               text_prefix + "text_projection":
                   state["text_projection.weight"].T}

    def tower(native, prefix):
        layers = 1 + max(int(name.split(".")[3]) for name in state
                         if name.startswith(f"{native}.encoder.layers."))
        for i in range(layers):
            old = f"{native}.encoder.layers.{i}."
            new = f"{prefix}transformer.resblocks.{i}."
            for kind in ("weight", "bias"):
                tensors[f"{new}attn.in_proj_{kind}"] = torch.cat(
                    [state[f"{old}self_attn.{x}_proj.{kind}"] for x in "qkv"])
                for a, b in (("self_attn.out_proj", "attn.out_proj"),
                             ("layer_norm1", "ln_1"), ("layer_norm2", "ln_2"),
                             ("mlp.fc1", "mlp.c_fc"), ("mlp.fc2", "mlp.c_proj")):
                    tensors[f"{new}{b}.{kind}"] = state[f"{old}{a}.{kind}"]

    tower("vision_model", "visual.")
    tower("text_model", text_prefix)
    for old, new in (
            ("vision_model.embeddings.class_embedding",
             "visual.class_embedding"),
            ("vision_model.embeddings.patch_embedding.weight",
             "visual.conv1.weight"),
            ("vision_model.embeddings.position_embedding.weight",
             "visual.positional_embedding"),
            ("text_model.embeddings.token_embedding.weight",
             text_prefix + "token_embedding.weight"),
            ("text_model.embeddings.position_embedding.weight",
             text_prefix + "positional_embedding")):
        tensors[new] = state[old]
    for old, new in (("vision_model.pre_layrnorm", "visual.ln_pre"),
                     ("vision_model.post_layernorm", "visual.ln_post"),
                     ("text_model.final_layer_norm",
                      text_prefix + "ln_final")):
        for kind in ("weight", "bias"):
            tensors[f"{new}.{kind}"] = state[f"{old}.{kind}"]
    return {name: tensor.contiguous() for name, tensor in tensors.items()}


def expect_clip(model, folder, tmp_path, group):
    compare_fp32(group, encode(folder, INPUTS, tmp_path),
                 clip_reference(model.vision_model, model.visual_projection,
                                INPUTS))
    info = json.loads(run_probe("info", folder))
    assert info["unused_keys"] == []
    assert info["parameters"] == (model.vision_model.num_parameters() +
                                  model.visual_projection.weight.numel())


@pytest.mark.parametrize("named", [False, True], ids=["folder", "file"])
def test_openai_clip(tmp_path, named):
    """A state dictionary alone: nothing else says what it is."""
    model = make_clip(heads=2)
    path = tmp_path / "model" / "ViT-toy.pt"
    tensors = openai_names(model, path.parent) | NUMBERS
    torch.save(tensors, path)
    expect_clip(model, path if named else path.parent, tmp_path, "openai clip")


class Holder(torch.nn.Module):
    """Tensors by name in modules that do nothing, to be scripted."""

    def __init__(self, tensors):
        super().__init__()
        inside = collections.defaultdict(dict)
        for name, tensor in tensors.items():
            first, _, rest = name.partition(".")
            if rest:
                inside[first][rest] = tensor
            else:
                self.register_buffer(first, tensor)
        for name, part in inside.items():
            self.add_module(name, Holder(part))

    def forward(self, x):
        return x


def test_openai_archive(tmp_path):
    """OpenAI's own downloads are programs: refused, and read once they are
    converted as docs/models.md says."""
    model = make_clip(7)
    folder = tmp_path / "model"
    tensors = openai_names(model, folder) | NUMBERS
    archive = tmp_path / "ViT-toy.pt"
    torch.jit.script(Holder(tensors)).save(archive)
    assert "TorchScript" in refuse(archive)
    torch.save(torch.jit.load(archive, map_location="cpu").state_dict(),
               folder / "ViT-toy.pth")
    expect_clip(model, folder, tmp_path, "openai archive")


@pytest.mark.parametrize("heads", [1, 2])
def test_openai_clip_text(tmp_path, heads):
    """Nothing says where a text ends: at the last id of the vocabulary."""
    tokens, text = trained_tokens(tmp_path)
    assert text["eos_token_id"] == text["vocab_size"] - 1
    model = make_clip(3, text=text | dict(
        hidden_size=64 * heads, num_attention_heads=heads,
        intermediate_size=256 * heads))
    folder = tmp_path / "model"
    torch.save(openai_names(model, folder) | NUMBERS, folder / "ViT-toy.pt")
    expect_text(model, folder, tokens, tmp_path, "openai clip text")


def open_clip_config(**text):
    return json.dumps({
        "model_cfg": {
            "embed_dim": 24,
            "vision_cfg": {"image_size": 32, "layers": 3, "width": 48,
                           "patch_size": 8, "head_width": 16, "mlp_ratio": 2.5},
            "text_cfg": {"context_length": 19, "vocab_size": 60, "width": 40,
                         "heads": 5, "layers": 3} | text},
        "preprocess_cfg": {"mean": [0.1, 0.2, 0.3], "std": [0.5, 0.6, 0.7],
                           "interpolation": "bilinear"}})


@pytest.mark.parametrize("custom_text", [False, True])
def test_open_clip_text(tmp_path, custom_text):
    """Pooled at the largest id, as open_clip does, with an MLP of its own."""
    tokens, text = trained_tokens(tmp_path)
    model = randomize(CLIPModel(CLIPConfig(
        vision_config=VISION | dict(hidden_act="gelu", intermediate_size=120),
        text_config=TEXT | text | dict(hidden_act="gelu",
                                       intermediate_size=120),
        projection_dim=24)), 5)
    folder = tmp_path / "model"
    save_file(openai_names(model, folder, "text." if custom_text else ""),
              folder / "open_clip_model.safetensors")
    (folder / "open_clip_config.json").write_text(open_clip_config(
        vocab_size=text["vocab_size"], mlp_ratio=3.0))
    expect_text(model, folder, tokens, tmp_path, "open_clip text")


@pytest.mark.parametrize("custom_text", [False, True])
@pytest.mark.parametrize("wrapped", [False, True])
def test_open_clip(tmp_path, custom_text, wrapped):
    """The folder of a hub release: wider MLP, other heads, exact GELU."""
    model = randomize(CLIPModel(CLIPConfig(
        vision_config=VISION | dict(hidden_act="gelu", hidden_size=48,
                                    intermediate_size=120,
                                    num_attention_heads=3),
        text_config=TEXT | dict(hidden_act="gelu", intermediate_size=160),
        projection_dim=24)), 4)
    folder = tmp_path / "model"
    tensors = openai_names(model, folder, "text." if custom_text else "")
    if wrapped:  # as its training script saves
        torch.save({"epoch": 3, "name": "run", "state_dict":
                    {f"module.{k}": v for k, v in tensors.items()}},
                   folder / "open_clip_pytorch_model.bin")
    else:
        save_file(tensors, folder / "open_clip_model.safetensors")
    (folder / "open_clip_config.json").write_text(open_clip_config())
    expect_clip(model, folder, tmp_path, "open_clip")


def test_open_clip_beside_timm(tmp_path):
    """timm's folders on the hub hold both projects' weights."""
    model = make_clip(6, heads=2, hidden_act="gelu")
    folder = tmp_path / "model"
    save_file(openai_names(model, folder),
              folder / "open_clip_model.safetensors")
    save_file({"blocks.0.attn.qkv.weight": torch.zeros(6, 2)},
              folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps(
        {"architecture": "vit_base_patch32_clip_224", "num_classes": 24}))
    config = json.loads(open_clip_config())
    config["model_cfg"]["vision_cfg"] |= {"width": 128, "head_width": 64,
                                          "mlp_ratio": 4.0}
    (folder / "open_clip_config.json").write_text(json.dumps(config))
    expect_clip(model, folder, tmp_path, "open_clip beside timm")


@pytest.mark.parametrize("kind", ["folder", "file", "custom_text"])
def test_open_clip_without_its_config(tmp_path, kind):
    """H/14 has heads of 80 and gelu, which its weights do not tell."""
    case = OpenClipCase("H14", dict(vocab_size=60, bos_token_id=58,
                                    eos_token_id=59))
    folder = tmp_path / "model"
    case.write(folder)
    (folder / "open_clip_config.json").unlink()
    path = folder / "open_clip_model.safetensors"
    if kind == "custom_text":
        save_file({name if name.startswith(("visual.", "logit_scale"))
                   else f"text.{name}": tensor
                   for name, tensor in load_file(path).items()}, path)
    text = refuse(path if kind == "file" else folder)
    assert "open_clip_config.json" in text
    assert ("text." if kind == "custom_text" else "1280 wide") in text


def test_open_clip_of_openais_shapes(tmp_path):
    """B/32 is as wide and as deep as OpenAI's, with another activation: only a
    warning tells, until the config does."""
    model = randomize(CLIPModel(CLIPConfig(
        vision_config=VISION | dict(
            hidden_size=768, intermediate_size=3072, num_hidden_layers=12,
            num_attention_heads=12, image_size=224, patch_size=32,
            hidden_act="gelu"),
        text_config=TEXT, projection_dim=512)), 8).half()
    folder = tmp_path / "model"
    save_file({name: tensor for name, tensor
               in openai_names(model, folder).items()
               if name.startswith(("visual.", "logit_scale"))},
              folder / "ViT-B-32.safetensors")
    model.float()
    inputs = {"wide": pixels(9, 1, 64, 96)}
    expected = clip_reference(model.vision_model, model.visual_projection,
                              inputs)

    pictures = tmp_path / "pictures"
    pictures.mkdir()
    Image.new("RGB", (40, 30), (200, 30, 60)).save(pictures / "a.png")

    def assumed(*command):
        return [warning for warning in eyechart(*command)["warnings"]
                if "quick_gelu" in warning]

    warnings = assumed("inspect", folder)
    assert len(warnings) == 1 and "open_clip_config.json" in warnings[0]
    assert warnings == assumed("encode", folder, pictures, "-o",
                               tmp_path / "store")
    ours = encode(folder, inputs, tmp_path)
    assert relative_error(ours["wide.head"], expected["wide.head"]) > MAX_ERROR
    (folder / "open_clip_config.json").write_text(json.dumps({
        "model_cfg": {"embed_dim": 512,
                      "vision_cfg": {"image_size": 224, "layers": 12,
                                     "width": 768, "patch_size": 32},
                      "text_cfg": {"hf_model_name": "roberta-base"}}}))
    assert assumed("inspect", folder) == []
    compare_fp32("open_clip B32", encode(folder, inputs, tmp_path), expected)
    # And its text tower is one that is not known.
    words = eyechart("inspect", folder)["words"]
    assert words["loads"] is False and "hf_model_name" in words["problems"][0]


def meta_names(model, folder):
    names = {}
    for name, tensor in saved_state(model, folder).items():
        new = (name.replace("embeddings.cls_token", "cls_token")
               .replace("embeddings.mask_token", "mask_token")
               .replace("embeddings.register_tokens", "register_tokens")
               .replace("embeddings.position_embeddings", "pos_embed")
               .replace("embeddings.patch_embeddings.projection",
                        "patch_embed.proj")
               .replace("encoder.layer.", "blocks.")
               .replace("attention.output.dense", "attn.proj")
               .replace("layer_scale1.lambda1", "ls1.gamma")
               .replace("layer_scale2.lambda1", "ls2.gamma")
               .replace("mlp.weights_in", "mlp.w12")
               .replace("mlp.weights_out", "mlp.w3"))
        names[new.replace("layernorm.", "norm.")] = tensor
    for i in range(model.config.num_hidden_layers):
        for kind in ("weight", "bias"):
            parts = [names.pop(f"blocks.{i}.attention.attention.{x}.{kind}")
                     for x in ("query", "key", "value")]
            names[f"blocks.{i}.attn.qkv.{kind}"] = torch.cat(parts)
    return names


@pytest.mark.parametrize("swiglu", [False, True])
@pytest.mark.parametrize("registers", [False, True])
def test_meta_dinov2(tmp_path, swiglu, registers):
    settings = TOY | dict(hidden_size=128, num_attention_heads=2,
                          num_hidden_layers=2, use_swiglu_ffn=swiglu)
    if registers:
        model = Dinov2WithRegistersModel(Dinov2WithRegistersConfig(
            **settings, num_register_tokens=3))
    else:
        model = Dinov2Model(Dinov2Config(**settings))
    model = randomize(model, 5)
    folder = tmp_path / "model"
    tensors = meta_names(model, folder)
    (folder / "config.json").unlink()
    torch.save(tensors, folder / "dinov2_toy_pretrain.pth")
    inputs = {"native": pixels(6, 2, 42, 42), "wide": pixels(7, 1, 28, 70)}
    reference = registers_reference if registers else dinov2_reference
    compare_fp32("meta dinov2", encode(folder, inputs, tmp_path),
                 reference(model, inputs))
    info = json.loads(run_probe("info", folder))
    assert info["unused_keys"] == []
    assert info["parameters"] == model.num_parameters()


@pytest.mark.parametrize("config", [{"model_type": "bert"}, {"a": 1}])
def test_named_file_beside_another_config(tmp_path, config):
    model = randomize(Dinov2Model(Dinov2Config(**TOY | dict(
        hidden_size=128, num_attention_heads=2, num_hidden_layers=2))), 5)
    folder = tmp_path / "model"
    path = folder / "dinov2_toy_pretrain.pth"
    torch.save(meta_names(model, folder), path)
    (folder / "config.json").write_text(json.dumps(config))
    expect_dinov2(model, path, tmp_path, "meta dinov2 beside another config")


def expect_dinov2(model, folder, tmp_path, group):
    inputs = {"native": pixels(8, 2, 42, 42)}
    compare_fp32(group, encode(folder, inputs, tmp_path),
                 dinov2_reference(model.float(), inputs))


@pytest.mark.parametrize("kind", ["ordered", "plain", "parameters", "wrapped",
                                  "half", "bfloat16", "double", "one_storage"])
def test_pytorch_bin(tmp_path, kind):
    model = randomize(Dinov2Model(Dinov2Config(**TOY)), 9)
    if kind in ("half", "bfloat16", "double"):
        model = model.to({"half": torch.half, "bfloat16": torch.bfloat16,
                          "double": torch.double}[kind])
    folder = tmp_path / "model"
    state = saved_state(model, folder)
    if kind == "ordered":  # as state_dict() gives it, metadata and all
        state = collections.OrderedDict(state)
        state._metadata = model.state_dict()._metadata
    elif kind == "parameters":
        state = {name: torch.nn.Parameter(x) for name, x in state.items()}
    elif kind == "wrapped":
        state = {"model": state, "epoch": 7, "loss": 0.5, "done": True,
                 "names": ["a", None], "shape": (1, 2)}
    elif kind == "one_storage":  # views, some strided, of one flat buffer
        flat = torch.cat([x.flatten() for x in state.values()])
        views, at = {}, 0
        for name, x in state.items():
            piece = flat[at:at + x.numel()]
            if x.dim() == 2 and name.endswith("fc1.weight"):
                piece.copy_(x.T.reshape(-1))
                views[name] = piece.view(x.shape[1], x.shape[0]).T
            else:
                views[name] = piece.view(x.shape)
            at += x.numel()
        state = views
    torch.save(state, folder / "pytorch_model.bin")
    expect_dinov2(model, folder, tmp_path, f"pytorch bin {kind}")


def test_sharded_pytorch_bin(tmp_path):
    model = randomize(Dinov2Model(Dinov2Config(**TOY)), 11)
    folder = tmp_path / "model"
    state = saved_state(model, folder)
    names = sorted(state)
    weight_map = {}
    for part in range(2):
        file = f"pytorch_model-{part + 1:05d}-of-00002.bin"
        torch.save({name: state[name] for name in names[part::2]},
                   folder / file)
        weight_map.update(dict.fromkeys(names[part::2], file))
    (folder / "pytorch_model.bin.index.json").write_text(
        json.dumps({"weight_map": weight_map}))
    expect_dinov2(model, folder, tmp_path, "sharded pytorch bin")


class Payload:
    """What a hostile file would have run."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        import os
        return os.system, (f"touch {self.mark}",)


def refuse(folder):
    with pytest.raises(AssertionError) as error:
        run_probe("info", folder)
    return str(error.value)


def test_nothing_is_executed(tmp_path):
    model = randomize(Dinov2Model(Dinov2Config(**TOY)), 12)
    mark = tmp_path / "executed"
    folder = tmp_path / "model"
    torch.save(saved_state(model, folder) | {"extra": Payload(mark)},
               folder / "pytorch_model.bin")
    text = refuse(folder)
    assert "posix.system" in text and "pytorch_model.bin" in text
    assert not mark.exists()


def test_legacy_file_is_named(tmp_path):
    model = randomize(Dinov2Model(Dinov2Config(**TOY)), 13)
    folder = tmp_path / "model"
    torch.save(saved_state(model, folder), folder / "pytorch_model.bin",
               _use_new_zipfile_serialization=False)
    assert "before PyTorch 1.6" in refuse(folder)


@pytest.mark.parametrize("length", [640, 66176])
def test_header_length_that_looks_like_a_pickle(tmp_path, length):
    """It is what a safetensors file begins with, and 80 02 in its first bytes
    what a pickle does."""
    model = randomize(Dinov2Model(Dinov2Config(**TOY)), 15)
    folder = tmp_path / "model"
    tensors = list(saved_state(model, folder).items())
    # Three tensors leave room for the length that is wanted.
    files = {"a.safetensors": dict(tensors[:3]),
             "b.safetensors": dict(tensors[3:])}
    for file, part in files.items():
        save_file(part, folder / file)

    def header():
        return int.from_bytes((folder / "a.safetensors").read_bytes()[:8],
                              "little")
    padding = 1
    while header() != length:
        assert header() < length
        padding += max(8, length - header() - 64)
        save_file(files["a.safetensors"], folder / "a.safetensors",
                  metadata={"format": "pt", "x": "a" * padding})
    (folder / "model.safetensors.index.json").write_text(json.dumps(
        {"metadata": {}, "weight_map": {
            name: file for file, part in files.items() for name in part}}))
    inputs = {"native": pixels(16, 1, 42, 42)}
    compare_fp32("header length", encode(folder, inputs, tmp_path),
                 dinov2_reference(model, inputs))


def test_damaged_zips(tmp_path):
    """Cuts, flips and lies about sizes end in an error, never in a crash."""
    model = randomize(Dinov2Model(Dinov2Config(
        **TOY | dict(num_hidden_layers=1))), 14)
    folder = tmp_path / "model"
    path = folder / "pytorch_model.bin"
    torch.save(saved_state(model, folder), path)
    whole = path.read_bytes()
    generator = torch.Generator().manual_seed(15)

    def roll(limit):
        return int(torch.randint(limit, (1,), generator=generator))

    with zipfile.ZipFile(path) as archive:
        entries = {i.filename: archive.read(i) for i in archive.infolist()}
    pickled = next(name for name in entries if name.endswith("data.pkl"))

    def rewrite(pickle_bytes):
        with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
            for name, content in entries.items():
                archive.writestr(
                    name, pickle_bytes if name == pickled else content)

    def survives():
        from encoder_parity import PROBES
        code = subprocess.run([str(PROBES / "encoder_probe"), "info", str(folder)], check=False,
                              capture_output=True).returncode
        assert code in (0, 2), code

    for cut in [0, 3, 30, len(whole) // 2, len(whole) - 1, len(whole) - 30]:
        path.write_bytes(whole[:cut])
        assert "pytorch_model.bin" in refuse(folder)
    for _ in range(60):  # the pickle itself, inside a whole zip
        damaged = bytearray(entries[pickled])
        for _ in range(1 + roll(3)):
            damaged[roll(len(damaged))] = roll(256)
        rewrite(bytes(damaged))
        survives()
    # A tensor that claims more than its storage has.
    lie = entries[pickled].replace(b"M\x80\x10", b"M\x80\x7f")
    rewrite(lie)
    survives()
    compressed = tmp_path / "compressed"
    with zipfile.ZipFile(compressed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    path.write_bytes(compressed.read_bytes())
    assert "compressed" in refuse(folder)


def test_torchscript_is_not_weights(tmp_path):
    model = randomize(Dinov2Model(Dinov2Config(**TOY)), 16)
    folder = tmp_path / "model"
    saved_state(model, folder)
    torch.jit.script(torch.nn.Linear(2, 2)).save(folder / "pytorch_model.bin")
    assert "TorchScript" in refuse(folder)


def test_tensors_that_reach_beyond_their_storage(tmp_path):
    """The pickle's own sizes are not believed."""
    folder = tmp_path / "model"
    model = randomize(Dinov2Model(Dinov2Config(**TOY)), 17)
    saved_state(model, folder)
    path = folder / "pytorch_model.bin"
    torch.save({"embeddings.cls_token": torch.zeros(300)}, path)
    with zipfile.ZipFile(path) as archive:
        entries = {i.filename: archive.read(i) for i in archive.infolist()}
    pickled = next(name for name in entries if name.endswith("data.pkl"))
    size = b"M" + (300).to_bytes(2, "little")
    assert entries[pickled].count(size) == 2  # the storage's and the shape's
    entries[pickled] = entries[pickled].replace(
        size, b"J" + (1 << 28).to_bytes(4, "little"))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    assert "reaches beyond" in refuse(folder)


def test_missing_keys_are_all_listed(tmp_path):
    model = randomize(Dinov2Model(Dinov2Config(**TOY)), 18)
    folder = tmp_path / "model"
    model.save_pretrained(folder)
    path = folder / "model.safetensors"
    tensors = load_file(path)
    gone = ["encoder.layer.0.mlp.fc1.bias", "layernorm.weight"]
    for name in gone:
        del tensors[name]
    save_file(tensors, path)
    text = refuse(folder)
    assert "2 tensors are missing" in text and all(n in text for n in gone)


def apple_names(model, folder, lit):
    names = {}
    for name, tensor in saved_state(model, folder).items():
        new = (name.replace("embeddings.patch_embed", "preprocessor.patchifier.proj")
               .replace("embeddings.rms_norm", "preprocessor.patchifier.norm")
               .replace("encoder.layers.", "trunk.blocks.")
               .replace("attention.out_proj", "attn.proj")
               .replace("ffn.gate_proj", "mlp.fc1")
               .replace("ffn.down_proj", "mlp.fc2")
               .replace("ffn.up_proj", "mlp.fc3")
               .replace("rms_norm1", "norm_1").replace("rms_norm2", "norm_2")
               .replace("head.k_proj", "head.k").replace("head.v_proj", "head.v")
               .replace("head.output_proj", "head.linear")
               .replace("text_model.embeddings.token_embedding.weight",
                        "text_model.preprocessor.text_embedding.weight")
               .replace("text_model.embeddings.position_embedding.weight",
                        "text_model.preprocessor.positional_embedding"))
        if new.endswith("embeddings.position_embedding.weight"):
            new = new.replace("embeddings.position_embedding.weight",
                              "preprocessor.pos_embed")
            tensor = tensor.unsqueeze(0)
        head, _, last = new.rpartition("rms_norm.")
        if last == "weight" and "patchifier" not in new and new.endswith(
                "rms_norm.weight"):
            new = f"{head}trunk.post_trunk_norm.weight"
        names[new] = tensor
    for name in [n for n in names if ".attention.q_proj." in n]:
        parts = [names.pop(name.replace("q_proj", f"{x}_proj")) for x in "qkv"]
        names[name.replace("attention.q_proj", "attn.qkv")] = torch.cat(parts)
    if lit:
        renames = {"visual_projection.weight": "image_projector.weight",
                   "text_projection.weight": "text_projector.weight",
                   "logit_scale": "log_logit_scale"}
        names = {renames.get(n, n.replace("vision_model.", "image_encoder.")
                             .replace("text_model.", "text_encoder.")): t
                 for n, t in names.items()}
    return {n: t.contiguous() for n, t in names.items()}


@pytest.mark.parametrize("lit", [False, True])
@pytest.mark.parametrize("biased", [False, True])
def test_apple_aimv2(tmp_path, lit, biased):
    tower = dict(hidden_size=48, intermediate_size=80, num_hidden_layers=2,
                 num_attention_heads=3, qkv_bias=biased, mlp_bias=biased)
    vision = tower | dict(image_size=28, patch_size=7, use_head=lit)
    if lit:
        model = Aimv2Model(Aimv2Config(
            vision_config=vision, text_config=tower | dict(
                vocab_size=60, max_position_embeddings=19, eos_token_id=59),
            projection_dim=24))
    else:
        model = Aimv2VisionModel(Aimv2VisionConfig(**vision))
    model = randomize(model, 21)
    folder = tmp_path / "model"
    save_file(apple_names(model, folder, lit), folder / "model.safetensors")
    if not lit:
        config = json.loads((folder / "config.json").read_text())
        config["model_type"] = "aimv2"
        (folder / "config.json").write_text(json.dumps(config))
    inputs = {"native": pixels(22, 2, 28, 28)}
    with torch.inference_mode():
        tower = model.vision_model if lit else model
        result = tower(inputs["native"])
        expected = {"native.tokens": result.last_hidden_state,
                    "native.mean": result.last_hidden_state.mean(1)}
        if lit:
            expected["native.head"] = model.visual_projection(
                result.pooler_output)
    compare_fp32("apple aimv2", encode(folder, inputs, tmp_path), expected)
    info = json.loads(run_probe("info", folder))
    assert info["unused_keys"] == []


@pytest.mark.parametrize("biased", [False, True])
def test_apple_aimv2_text(tmp_path, biased):
    tokens, text = trained_tokens(tmp_path)
    tower = dict(hidden_size=48, intermediate_size=80, num_hidden_layers=2,
                 num_attention_heads=3, qkv_bias=biased, mlp_bias=biased)
    model = randomize(Aimv2Model(Aimv2Config(
        vision_config=tower | dict(image_size=28, patch_size=7, use_head=True),
        text_config=tower | dict(vocab_size=text["vocab_size"],
                                 eos_token_id=text["eos_token_id"],
                                 max_position_embeddings=19),
        projection_dim=24)), 23)
    folder = tmp_path / "model"
    save_file(apple_names(model, folder, lit=True),
              folder / "model.safetensors")
    expect_text(model, folder, tokens, tmp_path, "apple aimv2 text")


class OpenAiCase:
    """ViT-L/14 of OpenAI, or a toy; both towers."""
    text = True

    def __init__(self, real, text):
        if real:
            text = text | dict(hidden_size=768, num_attention_heads=12,
                               intermediate_size=3072, num_hidden_layers=1,
                               max_position_embeddings=77)
            self.model = make_clip(31, 16, text, 768, num_hidden_layers=1,
                                   image_size=224, patch_size=14)
        else:
            self.model = make_clip(31, text=text)
        sides = (98, 126) if real else (24, 56)
        self.inputs = {"wide": pixels(32, 1, *sides)}

    def write(self, folder):
        torch.save(openai_names(self.model, folder) | NUMBERS,
                   folder / "ViT-toy.pt")

    def reference(self):
        return clip_reference(self.model.vision_model,
                              self.model.visual_projection, self.inputs)


# What open_clip's own configurations say of the models in test_clip.WIDE.
OPEN_CLIP = {"H14": {"head_width": 80},
             "bigG14": {"head_width": 104, "mlp_ratio": 4.9231}}


class OpenClipCase(OpenAiCase):
    """A hub folder; `real` is the model's name."""

    def __init__(self, real, text):
        towers = WIDE[real or "H14"]
        vision, text = towers["vision"], towers["text"] | text
        self.cfg = OPEN_CLIP[real or "H14"]
        if not real:
            vision = vision | dict(hidden_size=160, intermediate_size=640,
                                   num_attention_heads=2)
            text = text | dict(hidden_size=64, intermediate_size=256,
                               num_attention_heads=4)
        self.model = randomize(CLIPModel(CLIPConfig(
            vision_config=vision, text_config=text,
            projection_dim=towers["projection"])), 33)
        self.inputs = {"wide": pixels(34, 1, 98, 126)}

    def write(self, folder):
        config = self.model.config
        vision, text = config.vision_config, config.text_config
        save_file(openai_names(self.model, folder),
                  folder / "open_clip_model.safetensors")
        (folder / "open_clip_config.json").write_text(json.dumps({
            "model_cfg": {
                "embed_dim": config.projection_dim,
                "vision_cfg": self.cfg | {
                    "image_size": 224, "layers": 1, "patch_size": 14,
                    "width": vision.hidden_size},
                "text_cfg": {
                    "context_length": 77, "layers": 1,
                    "vocab_size": text.vocab_size, "width": text.hidden_size,
                    "heads": text.num_attention_heads}},
            "preprocess_cfg": {}}))


class MetaCase:
    """DINOv2 giant with registers, or a toy."""
    text = False

    def __init__(self, real, _):
        wide = dict(hidden_size=1536, num_attention_heads=24, image_size=518)
        toy = dict(hidden_size=128, num_attention_heads=2, image_size=42)
        self.model = randomize(Dinov2WithRegistersModel(
            Dinov2WithRegistersConfig(
                **wide if real else toy, patch_size=14, num_hidden_layers=1,
                use_swiglu_ffn=True, num_register_tokens=4)), 35)
        self.inputs = {"wide": pixels(36, 1, 98, 126)}

    def write(self, folder):
        torch.save(meta_names(self.model, folder), folder / "dinov2.pth")
        (folder / "config.json").unlink()

    def reference(self):
        return registers_reference(self.model, self.inputs)


class AppleCase:
    """AIMv2 lit: large with both towers, or a toy."""
    text = True

    def __init__(self, real, text):
        vision, words = [dict(hidden_size=48, intermediate_size=80,
                              num_attention_heads=3)] * 2
        if real:
            vision = dict(hidden_size=1024, intermediate_size=2816,
                          num_attention_heads=8)
            words = dict(hidden_size=768, intermediate_size=2048,
                         num_attention_heads=6)
        self.model = randomize(Aimv2Model(Aimv2Config(
            vision_config=vision | dict(num_hidden_layers=1, patch_size=14,
                                        image_size=112, use_head=True),
            text_config=words | dict(
                num_hidden_layers=1, max_position_embeddings=77,
                vocab_size=text["vocab_size"],
                eos_token_id=text["eos_token_id"]),
            projection_dim=768)), 37)
        self.inputs = {"fixed": pixels(38, 1, 112, 112)}

    def write(self, folder):
        save_file(apple_names(self.model, folder, lit=True),
                  folder / "model.safetensors")

    def reference(self):
        return aimv2_reference(self.model.vision_model, self.inputs,
                               self.model.visual_projection)


class AppleVisionCase(AppleCase):
    """AIMv2 1B, native: the image tower alone, with a flat configuration."""
    text = False

    def __init__(self, real, _):
        wide = dict(hidden_size=2048, intermediate_size=5632,
                    num_attention_heads=16)
        toy = dict(hidden_size=48, intermediate_size=80, num_attention_heads=3)
        self.model = randomize(Aimv2VisionModel(Aimv2VisionConfig(
            **wide if real else toy, num_hidden_layers=1, patch_size=14,
            is_native=True, use_head=False)), 39)
        self.inputs = {"wide": pixels(40, 1, 98, 126)}

    def write(self, folder):
        save_file(apple_names(self.model, folder, lit=False),
                  folder / "model.safetensors")
        path = folder / "config.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | {
            "model_type": "aimv2"}))

    def reference(self):
        return aimv2_reference(self.model, self.inputs)


class FlorenceCase:
    """Florence-2's vision tower, base or a toy, in the remote code's names."""
    text = False

    def __init__(self, real, _):
        self.model = whole_model(
            Florence2ForConditionalGeneration, 41,
            dict(depths=[1, 1, 1, 1]) if real else FLORENCE_TOY)
        self.inputs = {"padded": pixels(42, 1, 72, 104)}

    def write(self, folder):
        torch.save({remote_name(name): tensor for name, tensor
                    in saved_state(self.model, folder).items()},
                   folder / "pytorch_model.bin")

    def reference(self):
        return florence_reference(self.model.model.vision_tower, self.inputs)


CASES = {"openai": OpenAiCase, "open_clip": OpenClipCase, "meta": MetaCase,
         "apple_lit": AppleCase, "apple": AppleVisionCase,
         "florence2": FlorenceCase}
STORED = {"fp16": torch.float16, "bf16": torch.bfloat16}


@pytest.mark.parametrize("layout,stored,real", [
    *((layout, stored, None) for layout in CASES for stored in STORED),
    ("openai", "fp16", "L14"), ("open_clip", "bf16", "H14"),
    ("open_clip", "fp16", "bigG14"), ("meta", "bf16", "giant"),
    ("apple_lit", "fp16", "large"), ("apple", "bf16", "1B"),
    ("florence2", "fp16", "base"),
], ids=lambda value: value or "toy")
def test_half_precision_files(tmp_path, layout, stored, real):
    """Toys and real widths, computed in fp32 and in bf16."""
    tokens, text = trained_tokens(tmp_path)
    case = CASES[layout](real, text)
    folder = tmp_path / "model"
    case.model.to(STORED[stored])
    case.write(folder)
    case.model.float()
    texts = ["a photo of a cat", "", "cat " * 100]
    if case.text:
        for file in tokens.iterdir():
            (folder / file.name).write_bytes(file.read_bytes())

    def ours(dtype):
        outputs = encode(folder, case.inputs, tmp_path, dtype)
        if case.text:
            outputs["embeds"], _ = encode_text(folder, texts, tmp_path, dtype)
        return outputs

    expected = case.reference()
    if case.text:
        expected["embeds"] = reference_text(case.model, tokens, texts)
    compare_both(f"{layout} {real or 'toy'} {stored} file", ours, expected)
