"""MetaCLIP 2 against transformers, on random weights: CLIP's towers, pooled at
the end token wherever it is, with XLM-V's tokenizer. The probe steps are
`encode`, `text`, `info` and `tokenize-siglip`, which reads XLM-RoBERTa's class
too."""

import json

import pytest
import torch
from encoder_parity import (compare_fp32, compare_half, encode, pixels,
                            randomize, rename_keys, run_probe, texts_file)
from test_clip import TEXT, VISION, encode_text, reference, sizes
from test_siglip_tokenizer import (MARK, charsmap, compare, corpus,
                                   pieces_of, train_pieces)
from tokenizers import (AddedToken, Regex, Tokenizer, models, normalizers,
                        pre_tokenizers, processors)
from transformers import (AutoTokenizer, MetaClip2Config, MetaClip2Model,
                          MetaClip2VisionConfig, MetaClip2VisionModel,
                          MetaClip2VisionModelWithProjection)

torch.set_num_threads(1)

BOS, PAD, EOS, UNK, MASK = "<s>", "<pad>", "</s>", "<unk>", "<mask>"


def make(tmp_path, seed, vision=None, text=None, projection=24):
    model = randomize(MetaClip2Model(MetaClip2Config(
        vision_config=VISION | (vision or {}), text_config=TEXT | (text or {}),
        projection_dim=projection)), seed)
    folder = tmp_path / "model"
    model.save_pretrained(folder)
    assert json.loads((folder / "config.json").read_text())[
        "model_type"] == "metaclip_2"
    return model, folder


@pytest.mark.parametrize("changes", [
    {}, {"hidden_act": "gelu", "num_hidden_layers": 2},
    {"patch_size": 7, "image_size": 34},
], ids=lambda changes: "-".join(changes) or "plain")
def test_vision_toy(tmp_path, changes):
    model, folder = make(tmp_path, 1, changes)
    inputs = sizes()
    compare_fp32("metaclip2 toy", encode(folder, inputs, tmp_path),
                 reference(model.vision_model, model.visual_projection, inputs))


def test_vision_real_shape(tmp_path):
    """The huge model's width and patch, of one block."""
    model, folder = make(tmp_path, 21, dict(
        hidden_size=1280, intermediate_size=5120, num_attention_heads=16,
        num_hidden_layers=1, patch_size=14, image_size=224), projection=1024)
    inputs = {"crop": pixels(22, 1, 224, 224)}
    expected = reference(model.vision_model, model.visual_projection, inputs)
    compare_fp32("metaclip2 H14", encode(folder, inputs, tmp_path), expected)
    compare_half("metaclip2 H14 bf16", encode(folder, inputs, tmp_path, "bf16"),
                 expected, expected)


@pytest.mark.parametrize("prefixed", [False, True])
def test_vision_only(tmp_path, prefixed):
    model = randomize(MetaClip2VisionModel(MetaClip2VisionConfig(**VISION)), 41)
    folder = tmp_path / "model"
    model.save_pretrained(folder)

    def rename(name):
        bare = name.removeprefix("vision_model.")
        return "vision_model." + bare if prefixed else bare

    rename_keys(folder, rename)
    inputs = {"native": pixels(42, 2, 32, 32), "wide": pixels(43, 1, 24, 56)}
    compare_fp32("metaclip2 vision only", encode(folder, inputs, tmp_path),
                 reference(model, None, inputs))


def test_vision_only_with_projection(tmp_path):
    model = randomize(MetaClip2VisionModelWithProjection(
        MetaClip2VisionConfig(**VISION, projection_dim=20)), 51)
    folder = tmp_path / "model"
    model.save_pretrained(folder)
    inputs = {"native": pixels(52, 2, 32, 32)}
    compare_fp32("metaclip2 vision only", encode(folder, inputs, tmp_path),
                 reference(model.vision_model, model.visual_projection, inputs))


def test_info(tmp_path):
    model, folder = make(tmp_path, 61)
    info = json.loads(run_probe("info", folder))
    assert info["parameters"] == (model.vision_model.num_parameters() +
                                  model.visual_projection.weight.numel())
    assert info["unused_keys"] == []


def xlm_backend():
    """As a conversion of XLM-RoBERTa's pieces writes it: four special tokens in
    fairseq's order, the pieces, and the mask behind them. That the class has no
    step for runs of blanks, and cuts at any white space, is not in the file."""
    model = train_pieces()
    pieces = [(BOS, 0.0), (PAD, 0.0), (EOS, 0.0), (UNK, 0.0),
              *pieces_of(model)[3:], (MASK, 0.0)]
    backend = Tokenizer(models.Unigram(pieces, unk_id=3, byte_fallback=False))
    backend.normalizer = normalizers.Sequence([
        normalizers.Precompiled(charsmap(model)),
        normalizers.Replace(Regex(" {2,}"), " ")])
    backend.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first")
    backend.add_special_tokens(
        [BOS, PAD, EOS, UNK, AddedToken(MASK, lstrip=True)])
    backend.post_processor = processors.TemplateProcessing(
        single=f"{BOS} $A {EOS}", pair=f"{BOS} $A {EOS} {EOS} $B {EOS}",
        special_tokens=[(BOS, 0), (EOS, 2)])
    return backend


def xlm_config(**changes):
    mask = dict(content=MASK, lstrip=True, normalized=False, rstrip=False,
                single_word=False, special=True)
    last = xlm_backend().get_vocab_size() - 1
    plain = {str(i): mask | dict(content=token, lstrip=False)
             for i, token in enumerate((BOS, PAD, EOS, UNK))}
    return {"added_tokens_decoder": plain | {str(last): mask},
            "bos_token": BOS, "cls_token": BOS, "eos_token": EOS,
            "mask_token": MASK, "pad_token": PAD, "sep_token": EOS,
            "unk_token": UNK, "model_max_length": 512,
            "tokenizer_class": "XLMRobertaTokenizer"} | changes


def write_xlm(folder, config=None):
    folder.mkdir(exist_ok=True)
    xlm_backend().save(str(folder / "tokenizer.json"))
    if config is not None:
        (folder / "tokenizer_config.json").write_text(json.dumps(config))


def odd(seed, count):
    extra = [MASK, f"a {MASK} b", f"a{MASK}", PAD, UNK + BOS, "a\u3000b",
             f"a{MARK}b", f"{EOS}a", "a  \t b"]
    return extra + corpus(seed, count)


@pytest.mark.parametrize("changes", [
    {}, {"tokenizer_class": "XLMRobertaTokenizerFast"},
    {"mask_token": "[mask]"}, {"added_tokens_decoder": None},
    {"tokenizer_class": "PreTrainedTokenizerFast"},
], ids=lambda changes: "-".join(map(str, changes.values()))[:30] or "plain")
def test_tokenizer(tmp_path, changes):
    folder = tmp_path / "tokenizer"
    config = {key: value for key, value in xlm_config(**changes).items()
              if value is not None}
    write_xlm(folder, config)
    MetaClip2Config().save_pretrained(folder)
    reference_tokenizer = AutoTokenizer.from_pretrained(folder)
    assert type(reference_tokenizer).__name__ == (
        "TokenizersBackend" if "PreTrainedTokenizerFast" in changes.values()
        else "XLMRobertaTokenizer")
    compare("metaclip2 tokenizer", folder, odd(3, 1000), tmp_path,
            reference_tokenizer, 77)
    compare("metaclip2 tokenizer", folder, odd(4, 200), tmp_path,
            reference_tokenizer, 3)


def make_text(tmp_path, seed, config, **text):
    size = xlm_backend().get_vocab_size()
    model, folder = make(tmp_path, seed, text=dict(
        vocab_size=size, bos_token_id=0, eos_token_id=2, pad_token_id=1) | text)
    write_xlm(folder, config)
    return model, folder


@torch.inference_mode()
def reference_text(model, folder, texts):
    length = model.config.text_config.max_position_embeddings
    inputs = AutoTokenizer.from_pretrained(folder)(
        texts, padding=True, truncation=True, max_length=length,
        return_tensors="pt")
    return model.get_text_features(**inputs).pooler_output


@pytest.mark.parametrize("config", [True, False], ids=["config", "no_config"])
@pytest.mark.parametrize("settings", [
    {}, {"hidden_act": "gelu", "max_position_embeddings": 77},
], ids=["plain", "gelu"])
def test_text(tmp_path, settings, config):
    """The end token is 2, which CLIP's config takes for something else."""
    model, folder = make_text(tmp_path, 71, xlm_config() if config else None,
                              **settings)
    texts = odd(8, 100) + ["", "a photo of a cat", EOS, f"a {EOS} b",
                           "cat " * 100]
    ours, scale = encode_text(folder, texts, tmp_path)
    compare_fp32("metaclip2 text", {"embeds": ours},
                 {"embeds": reference_text(model, folder, texts)})
    assert scale == pytest.approx(model.logit_scale.exp().item(), rel=1e-6)


def test_text_real_shape(tmp_path):
    model, folder = make_text(
        tmp_path, 81, xlm_config(), hidden_size=1024, intermediate_size=4096,
        num_attention_heads=16, num_hidden_layers=1,
        max_position_embeddings=77)
    texts = ["a photo of a cat", "", "cat " * 100, "東京の写真"]
    ours, _ = encode_text(folder, texts, tmp_path)
    compare_fp32("metaclip2 text H14", {"embeds": ours},
                 {"embeds": reference_text(model, folder, texts)})


def test_text_without_a_tokenizer(tmp_path):
    _, folder = make(tmp_path, 91)
    target = tmp_path / "text.safetensors"
    with pytest.raises(AssertionError, match="no tokenizer.json"):
        run_probe("text", folder, texts_file(tmp_path, ["a"]), target)
