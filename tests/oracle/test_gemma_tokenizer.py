"""SigLIP 2's byte-fallback BPE against transformers: tokenizer.json as
GemmaTokenizer, Siglip2Tokenizer and TokenizersBackend read it. The probe step is
`tokenize-siglip`."""

import functools
import json
import random

import pytest
from test_siglip_tokenizer import (MARK, SYLLABLES, compare, corpus,
                                   every_character, training_text)
from tokenizers import (AddedToken, Tokenizer, models, normalizers,
                        pre_tokenizers, processors, trainers)
from transformers import AutoTokenizer, SiglipConfig

SPECIAL = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>"]
TURNS = ["<start_of_turn>", "<end_of_turn>"]
BYTES = [f"<0x{byte:02X}>" for byte in range(256)]


@functools.cache
def trained():
    """Tokens by id, and merges."""
    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.Metaspace()
    backend.train_from_iterator(
        training_text(), trainers.BpeTrainer(vocab_size=500,
                                             limit_alphabet=60,
                                             show_progress=False))
    model = json.loads(backend.to_str())["model"]
    tokens = sorted(model["vocab"], key=model["vocab"].get)
    merges = [tuple(merge) for merge in model["merges"]]
    # Runs of blanks and of line feeds are tokens of Gemma's too.
    for mark in MARK, "\n":
        tokens += [token for token in (mark, mark * 2, mark * 4)
                   if token not in tokens]
        merges += [(mark, mark), (mark * 2, mark * 2)]
    return tokens, merges


def vocabulary_and_merges(bytes_):
    """Gemma's order: special tokens, bytes, what merges make."""
    tokens, merges = trained()
    names = [*SPECIAL, *TURNS, *bytes_, *tokens]
    return {token: i for i, token in enumerate(names)}, merges


def gemma(bytes_=BYTES, **settings):
    """A backend as the file of Gemma's folders has it."""
    vocab, merges = vocabulary_and_merges(bytes_)
    backend = Tokenizer(models.BPE(**({
        "vocab": vocab, "merges": merges, "unk_token": "<unk>",
        "fuse_unk": True, "byte_fallback": True} | settings)))
    backend.normalizer = normalizers.Replace(" ", MARK)
    backend.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    backend.add_special_tokens([*SPECIAL, *TURNS])
    backend.post_processor = processors.TemplateProcessing(
        single="$A <eos>", pair="$A <eos> $B <eos>",
        special_tokens=[("<eos>", 1)])
    return backend


def gemma_config(**changes):
    """tokenizer_config.json as Google's SigLIP 2 folders have it."""
    decoder = {str(i): dict(content=token, lstrip=False, normalized=False,
                            rstrip=False, single_word=False, special=True)
               for i, token in enumerate([*SPECIAL, *TURNS])}
    return {"add_bos_token": False, "add_eos_token": True,
            "added_tokens_decoder": decoder,
            "additional_special_tokens": TURNS, "bos_token": "<bos>",
            "clean_up_tokenization_spaces": False, "do_lower_case": True,
            "eos_token": "<eos>", "model_input_names": ["input_ids"],
            "model_max_length": 64, "pad_token": "<pad>",
            "padding_side": "right", "tokenizer_class": "GemmaTokenizer",
            "unk_token": "<unk>"} | changes


def write_gemma(folder, backend=None, config=None, model_config=None):
    folder.mkdir(exist_ok=True)
    (backend or gemma()).save(str(folder / "tokenizer.json"))
    if config is not None:
        (folder / "tokenizer_config.json").write_text(json.dumps(config))
    (model_config or SiglipConfig()).save_pretrained(folder)


ODD = ["", " ", "  ", "   a", "a   ", "a     b", "\n", "\n\n\n\n\n", "a\n b\t",
       "\r\n", "\x00", "\x7f\x80", "\ufffd", "\U0001F600", "a\U0001F600b",
       "\U0001F468\u200d\U0001F469\u200d\U0001F467", "Ａ", "İ", "ﬁ",
       "caf\u00e9 cafe\u0301", MARK, MARK * 3, f" {MARK} ", "<0x41>", "<0xF0>",
       "<eos>", "a<eos>b", " <eos> ", "<pad><bos><unk><mask>", "<EOS>",
       "<start_of_turn>user\nhi<end_of_turn>", "PHOTO photo", "\ue000",
       "\U000E0001", "\U0010FFFF", "photo" * 100, "ab" * 3000, "z" * 500]


def gemma_corpus(seed, count):
    rng = random.Random(seed + 1000)
    made = ["".join(rng.choices([*SYLLABLES, " ", "  ", "\n", MARK, *SPECIAL,
                                 *TURNS, "é", "東", "\U0001F642"],
                                k=rng.randrange(40))) for _ in range(count)]
    return ODD + made + corpus(seed, count)


def check(group, folder, tmp_path, name, seed=1, count=500):
    reference = AutoTokenizer.from_pretrained(folder)
    assert type(reference).__name__ == name
    compare(group, folder, gemma_corpus(seed, count), tmp_path, reference)
    compare(group, folder, gemma_corpus(seed + 1, 100), tmp_path, reference,
            100_000)
    compare(group, folder, gemma_corpus(seed + 2, 100), tmp_path, reference, 2)
    return reference


def test_published(tmp_path):
    """The class that the folder names, under the model type `siglip`: no lower
    case, whatever "do_lower_case" says."""
    folder = tmp_path / "tokenizer"
    write_gemma(folder, config=gemma_config())
    reference = check("gemma published", folder, tmp_path, "GemmaTokenizer",
                      count=3000)
    compare("gemma every character", folder, every_character(), tmp_path,
            reference, 1_000_000)
    assert (reference("A cat")["input_ids"] != reference("a cat")["input_ids"])
    assert reference.pad_token_id == 0


@pytest.mark.parametrize("changes", [
    {"tokenizer_class": "GemmaTokenizerFast"},
    {"unk_token": "photo"},
    {"mask_token": "[mask]"},
    {"added_tokens_decoder": {
        "2": {"content": "<bos>", "special": True, "lstrip": True},
        "900": {"content": "[new]", "special": False}}},
], ids=lambda changes: "-".join(changes))
def test_config(tmp_path, changes):
    folder = tmp_path / "tokenizer"
    write_gemma(folder, config=gemma_config(**changes))
    check("gemma config", folder, tmp_path, "GemmaTokenizer", seed=11)


def test_lower_case(tmp_path):
    folder = tmp_path / "tokenizer"
    write_gemma(folder, config=gemma_config(tokenizer_class="Siglip2Tokenizer"))
    reference = check("gemma lower", folder, tmp_path, "Siglip2Tokenizer",
                      seed=21)
    compare("gemma lower", folder, every_character(), tmp_path, reference,
            1_000_000)


def test_the_class_stands_before_the_file(tmp_path):
    """What the class has of its own is not read from the file; its tokens are,
    where the config lists none."""
    folder = tmp_path / "tokenizer"
    backend = gemma(ignore_merges=True, byte_fallback=False, fuse_unk=False)
    backend.normalizer = normalizers.Sequence(
        [normalizers.Lowercase(), normalizers.Prepend(MARK)])
    backend.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    backend.post_processor = None
    backend.add_tokens([AddedToken("[new]", single_word=True)])
    config = gemma_config()
    del config["added_tokens_decoder"]
    write_gemma(folder, backend, config)
    check("gemma class", folder, tmp_path, "GemmaTokenizer", seed=31)


# As the file stands: what TokenizersBackend makes of it.
AS_IT_STANDS = {
    "plain": {},
    "ignore_merges": {"ignore_merges": True},
    "no_bytes": {"byte_fallback": False},
    "unknown_apart": {"byte_fallback": False, "fuse_unk": False},
    "no_unknown": {"byte_fallback": False, "unk_token": None},
    # Bytes that only some characters are spelled out of: an unknown token that
    # stands before those comes behind them.
    "some_bytes": {"bytes_": BYTES[:0xC0] + BYTES[0xC3:0xE4]},
    "some_bytes_apart": {"bytes_": BYTES[:0xC0] + BYTES[0xC3:0xE4],
                         "fuse_unk": False},
}


@pytest.mark.parametrize("name", AS_IT_STANDS)
def test_as_it_stands(tmp_path, name):
    folder = tmp_path / "tokenizer"
    write_gemma(folder, gemma(**AS_IT_STANDS[name]), gemma_config(
        tokenizer_class="PreTrainedTokenizerFast"))
    check(f"gemma json {name}", folder, tmp_path, "TokenizersBackend", seed=41)


@pytest.mark.parametrize("behavior", [
    "removed", "isolated", "merged_with_previous", "merged_with_next"])
@pytest.mark.parametrize("pattern", [" ", "ab"])
def test_split(tmp_path, behavior, pattern):
    folder = tmp_path / "tokenizer"
    backend = gemma(ignore_merges=True)
    backend.normalizer = normalizers.Prepend(MARK)
    backend.pre_tokenizer = pre_tokenizers.Split(pattern, behavior)
    write_gemma(folder, backend, gemma_config(
        tokenizer_class="PreTrainedTokenizerFast"))
    check("gemma split", folder, tmp_path, "TokenizersBackend", seed=51,
          count=200)
