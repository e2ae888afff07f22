"""CLIP's tokenizer against the fast one of transformers."""

import gzip
import json
import os
import pathlib
import random
import unicodedata

import pytest
from encoder_parity import record, run_probe, texts_file
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers
from transformers import CLIPTokenizerFast

STRINGS = 10_000
LENGTH = 77
BOS, EOS = "<|startoftext|>", "<|endoftext|>"

WORDS = ("the a photo of cat dog clock's I'll we're they've don't it's I'd I'm "
         "HTTP2 3.14 naïve café Straße İstanbul ΣΊΣΥΦΟΣ Ἀθῆναι ǅungla ﬁne "
         "東京 写真 サル 한국어 العربية हिन्दी ไทย עברית 🙂 👩‍👩‍👧 🇸🇪 ½ ² ⅷ ৪ "
         "--- ... ?! '' \" <| |> `` _x_ e-mail@host #tag 50% ¿qué?").split()
SPACES = [" ", "  ", "\t", "\n", "\r\n", "\x0b", "\x0c", "\x1c", "\x85",
          "\u00a0", "\u1680", "\u2003", "\u200b", "\u2028", "\u3000", "\ufeff",
          ""]
COMBINING = ["\u0301", "\u0308", "\u0327", "\u0338", "\u093c", "\u05b0",
             "\ufe0f", "\u200d", "\u1161", "\u11a8"]
SPECIALS = [BOS, EOS, BOS.upper(), " " + EOS + " ", "<|startoftext|",
            "<|ENDOFTEXT|>", "x" + EOS + "y", "!" + BOS, "'s" + EOS]


def assigned(rng):
    """A character of any assigned kind but surrogates and private use."""
    while True:
        plane = rng.choice([0x250, 0x3000, 0x10000, 0x1F000, 0x20000, 0x110000])
        character = chr(rng.randrange(plane))
        if unicodedata.category(character) not in ("Cs", "Cn", "Co"):
            return character


def fuzzed(rng):
    kind = rng.randrange(8)
    if kind == 0:
        return "".join(assigned(rng) for _ in range(rng.randrange(12)))
    if kind == 1:
        return "".join(chr(rng.randrange(128)) for _ in range(rng.randrange(40)))
    pieces = []
    for _ in range(rng.randrange(200 if kind == 2 else 14)):
        piece = rng.choice(WORDS)
        change = rng.randrange(12)
        if change == 0:
            piece = rng.choice(SPECIALS)
        elif change == 1:
            piece = piece.upper()
        elif change == 2:
            piece += rng.choice(COMBINING)
        elif change == 3:
            piece = unicodedata.normalize(
                rng.choice(["NFC", "NFD", "NFKC", "NFKD"]), piece)
        elif change == 4:
            piece = assigned(rng) + piece
        elif change == 5:
            cut = rng.randrange(len(piece) + 1)
            piece = piece[:cut] + rng.choice(["'", "'s", "’s", "1", "_"]) + piece[cut:]
        elif change == 6:
            piece *= rng.randrange(1, 30)
        pieces += [piece, rng.choice(SPACES if rng.random() < 0.3 else [" "])]
    return "".join(pieces)


def corpus(seed):
    rng = random.Random(seed)
    return [fuzzed(rng) for _ in range(STRINGS)]


def train(folder):
    """A small vocabulary, trained on made text, as vocab.json and merges.txt."""
    backend = Tokenizer(models.BPE(end_of_word_suffix="</w>"))
    backend.normalizer = normalizers.Lowercase()
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    rng = random.Random(5)
    text = [" ".join(rng.choices(WORDS, k=8)) for _ in range(2000)]
    backend.train_from_iterator(text, trainers.BpeTrainer(
        vocab_size=900, end_of_word_suffix="</w>", show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    model = json.loads(backend.to_str())["model"]
    vocabulary = model["vocab"]
    # What CLIP's own vocabulary has and the trainer leaves out.
    for character in sorted(pre_tokenizers.ByteLevel.alphabet()):
        vocabulary.setdefault(character + "</w>", len(vocabulary))
    for token in (BOS, EOS):
        vocabulary[token] = len(vocabulary)
    write_vocabulary(folder, vocabulary,
                     [tuple(merge) for merge in model["merges"]])


def write_vocabulary(folder, vocabulary, merges):
    folder.mkdir(exist_ok=True)
    (folder / "vocab.json").write_text(json.dumps(vocabulary), encoding="utf-8")
    lines = ["#version: 0.2"] + [" ".join(merge) for merge in merges]
    (folder / "merges.txt").write_text("\n".join(lines) + "\n",
                                       encoding="utf-8")


def openai_merges():
    """OpenAI's own file, where the data folder has it."""
    root = pathlib.Path(__file__).resolve().parents[2]
    data = pathlib.Path(os.environ.get("EYECHART_DATA", root / "../shared/data"))
    path = data / "clip" / "bpe_simple_vocab_16e6.txt.gz"
    if not path.exists():
        pytest.skip(f"{path} is not there (EYECHART_DATA names another folder)")
    lines = gzip.decompress(path.read_bytes()).decode("utf-8").split("\n")
    return [tuple(line.split()) for line in lines[1:49152 - 256 - 2 + 1]]


def openai(folder):
    merges = openai_merges()
    # The order of the file's own vocabulary: bytes as GPT-2 lists them (those
    # that print, then the others), the same at the end of a word, the merges.
    prints = [*range(33, 127), *range(161, 173), *range(174, 256)]
    characters = [chr(byte) for byte in prints]
    characters += [chr(256 + i) for i in range(256 - len(prints))]
    tokens = characters + [character + "</w>" for character in characters]
    tokens += ["".join(merge) for merge in merges] + [BOS, EOS]
    write_vocabulary(folder, {token: i for i, token in enumerate(tokens)},
                     merges)


def compare(group, folder, texts, tmp_path, length=LENGTH):
    reference = CLIPTokenizerFast.from_pretrained(folder)
    expected = reference(texts, truncation=True, max_length=length)["input_ids"]
    target = tmp_path / "ids.json"
    run_probe("tokenize", folder, texts_file(tmp_path, texts), target, length)
    ours = json.loads(target.read_text())
    wrong = [(text, got, want) for text, got, want
             in zip(texts, ours, expected, strict=True) if got != want]
    assert not wrong, (len(wrong), wrong[:5])
    record(group, strings=len(texts), ids=sum(map(len, expected)))


def test_trained_vocabulary(tmp_path):
    folder = tmp_path / "tokenizer"
    train(folder)
    compare("tokenizer trained", folder, corpus(1), tmp_path)
    compare("tokenizer long", folder, corpus(2)[:2000], tmp_path, 100_000)
    compare("tokenizer short", folder, corpus(3)[:500], tmp_path, 2)


def test_openai_vocabulary(tmp_path):
    folder = tmp_path / "tokenizer"
    openai(folder)
    compare("tokenizer openai", folder, corpus(4), tmp_path)


def test_tokenizer_json(tmp_path):
    folder, saved = tmp_path / "tokenizer", tmp_path / "saved"
    train(folder)
    CLIPTokenizerFast.from_pretrained(folder).save_pretrained(saved)
    assert not (saved / "vocab.json").exists()
    compare("tokenizer.json", saved, corpus(6)[:2000], tmp_path)


@pytest.mark.parametrize("where", ["tokenizer_config", "special_tokens_map"])
@pytest.mark.parametrize("flags", [
    {"normalized": True},
    {"lstrip": True, "rstrip": True},
    {"single_word": True},
], ids=lambda flags: "-".join(flags))
def test_flags_of_special_tokens(tmp_path, where, flags):
    folder = tmp_path / "tokenizer"
    train(folder)
    ids = json.loads((folder / "vocab.json").read_text())

    def token(content, special=True):
        return dict(content=content, lstrip=False, rstrip=False,
                    normalized=False, single_word=False, special=special) | flags

    if where == "tokenizer_config":
        config = {"tokenizer_class": "CLIPTokenizer",
                  "bos_token": BOS, "eos_token": EOS, "pad_token": EOS,
                  "unk_token": EOS,
                  "added_tokens_decoder": {str(ids[BOS]): token(BOS),
                                           str(ids[EOS]): token(EOS)}}
    else:
        config = {key: {k: v for k, v in token(content).items()
                        if k != "special"}
                  for key, content in (("bos_token", BOS), ("eos_token", EOS),
                                       ("unk_token", EOS), ("pad_token", EOS))}
    (folder / f"{where}.json").write_text(json.dumps(config))
    compare(f"tokenizer flags {where}", folder, corpus(7)[:2000], tmp_path)


def test_every_character(tmp_path):
    """Each code point in a context where its class, its case and its
    composition show."""
    folder = tmp_path / "tokenizer"
    train(folder)
    texts = []
    block = 64
    for first in range(0, 0x110000, block):
        characters = [chr(c) for c in range(first, first + block)
                      if not 0xD800 <= c < 0xE000
                      and unicodedata.category(chr(c)) not in ("Cn", "Co")]
        if characters:
            texts.append(" ".join(f"a{c}b !{c}1 {c}" for c in characters))
    compare("tokenizer every character", folder, texts, tmp_path, 1_000_000)
