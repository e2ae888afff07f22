"""SigLIP's tokenizers against those of transformers: spiece.model as
SiglipTokenizer reads it, tokenizer.json as PreTrainedTokenizerFast does."""

import io
import json
import random
import string
import unicodedata

import pytest
import sentencepiece
from encoder_parity import record, run_probe, texts_file
from test_tokenizer import COMBINING, SPACES, WORDS, assigned
from tokenizers import (AddedToken, Regex, Tokenizer, models, normalizers,
                        pre_tokenizers, processors, trainers)
from transformers import (AutoTokenizer, PreTrainedTokenizerFast, SiglipConfig,
                          SiglipTokenizer)

STRINGS = 10_000
LENGTH = 64
EOS, UNK, MARK = "</s>", "<unk>", "\u2581"

SPECIALS = [EOS, UNK, f" {EOS} ", f"x{EOS}y", EOS + EOS, "</S>", "<s>", MARK,
            MARK + MARK, f"a{MARK}b", f"{EOS}\x1c a", "<0x41>", "[new]",
            " [new]", "[NEW]"]
# Strings whose segmentations tie, or nearly so.
SYLLABLES = "a ab ba aab aba bab o oo of fo pho photo to".split()


def fuzzed(rng):
    kind = rng.randrange(10)
    if kind == 0:
        return "".join(assigned(rng) for _ in range(rng.randrange(12)))
    if kind == 1:
        return "".join(chr(rng.randrange(128)) for _ in range(rng.randrange(40)))
    if kind == 2:
        return "".join(rng.choices(SYLLABLES, k=rng.randrange(60)))
    pieces = []
    for _ in range(rng.randrange(200 if kind == 3 else 14)):
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
            piece = (piece[:cut] + rng.choice(string.punctuation) + piece[cut:])
        elif change == 6:
            piece *= rng.randrange(1, 30)
        pieces += [piece, rng.choice(SPACES + ["\x1c", "\x1f"]
                                     if rng.random() < 0.3 else [" "])]
    return "".join(pieces)


def corpus(seed, count=STRINGS):
    rng = random.Random(seed)
    fixed = ["", " ", MARK, EOS, UNK, "a photo of a cat", "A Photo, of a CAT!",
             "cat " * 3000, "\x00", "a\x00b", "ab" * 5000]
    return fixed + [fuzzed(rng) for _ in range(count)]


def training_text():
    rng = random.Random(5)
    words = [word.lower() for word in WORDS] + SYLLABLES
    made = ["".join(rng.choices(SYLLABLES + words, k=rng.randrange(1, 4)))
            for _ in range(300)]
    return [" ".join(rng.choices(words + made, k=8)) for _ in range(3000)]


def train_pieces(**settings):
    """A SentencePiece Unigram model with T5's special tokens."""
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(**({
        "sentence_iterator": iter(training_text()), "model_writer": model,
        "vocab_size": 500, "model_type": "unigram", "pad_id": 0, "bos_id": -1,
        "eos_id": 1, "unk_id": 2, "hard_vocab_limit": False, "minloglevel": 2}
        | settings))
    return model.getvalue()


def write_pieces(folder, **settings):
    folder.mkdir(exist_ok=True)
    (folder / "spiece.model").write_bytes(train_pieces(**settings))
    SiglipConfig().save_pretrained(folder)


def compare(group, folder, texts, tmp_path, reference, length=LENGTH):
    expected = [reference(text, truncation=True, max_length=length)["input_ids"]
                for text in texts]
    target = tmp_path / "ids.json"
    run_probe("tokenize-siglip", folder, texts_file(tmp_path, texts), target,
              length)
    ours = json.loads(target.read_text())
    wrong = [(text, got, want) for text, got, want
             in zip(texts, ours, expected, strict=True) if got != want]
    assert not wrong, (len(wrong), wrong[:5])
    record(group, strings=len(texts), ids=sum(map(len, expected)))


def compare_auto(group, folder, texts, tmp_path, length=LENGTH):
    reference = AutoTokenizer.from_pretrained(folder)
    assert isinstance(reference, SiglipTokenizer)
    compare(group, folder, texts, tmp_path, reference, length)


@pytest.mark.parametrize("settings", [
    {},
    {"byte_fallback": True},
    {"normalization_rule_name": "identity"},
    {"normalization_rule_name": "nmt_nfkc_cf", "character_coverage": 0.98},
    {"add_dummy_prefix": False, "remove_extra_whitespaces": False},
    {"split_by_whitespace": False, "vocab_size": 700},
    {"user_defined_symbols": ["[new]", "photo"]},
], ids=lambda settings: "-".join(settings) or "plain")
def test_pieces(tmp_path, settings):
    folder = tmp_path / "tokenizer"
    write_pieces(folder, **settings)
    texts = corpus(1, 1000 if settings else STRINGS)
    compare_auto("siglip pieces", folder, texts, tmp_path)
    compare_auto("siglip pieces long", folder, corpus(2, 500), tmp_path, 100_000)
    compare_auto("siglip pieces short", folder, corpus(3, 500), tmp_path, 1)


def test_saved_tokenizer(tmp_path):
    folder = tmp_path / "tokenizer"
    write_pieces(folder)
    SiglipTokenizer.from_pretrained(folder, do_lower_case=False).save_pretrained(
        folder)
    compare_auto("siglip saved", folder, corpus(4, 2000), tmp_path)


def published_config():
    """tokenizer_config.json as Google's folders have it."""
    def token(content):
        return dict(content=content, lstrip=True, normalized=False, rstrip=True,
                    single_word=False, special=True)

    return {"added_tokens_decoder": {"1": token(EOS), "2": token(UNK)},
            "additional_special_tokens": [], "do_lower_case": True,
            "eos_token": EOS, "pad_token": EOS, "unk_token": UNK,
            "model_input_names": ["input_ids"], "model_max_length": 64,
            "tokenizer_class": "SiglipTokenizer"}


@pytest.mark.parametrize("changes", [
    {},
    {"tokenizer_class": "SiglipTokenizerFast"},
    {"eos_token": "[new]", "pad_token": "<pad>"},
    {"do_lower_case": False},
    {"added_tokens_decoder": {"1": {"content": EOS, "special": True},
                              "600": {"content": "[new]", "special": True}}},
], ids=lambda changes: "-".join(changes) or "plain")
def test_tokenizer_config(tmp_path, changes):
    folder = tmp_path / "tokenizer"
    write_pieces(folder)
    (folder / "tokenizer_config.json").write_text(
        json.dumps(published_config() | changes))
    compare_auto("siglip config", folder, corpus(5, 3000), tmp_path)


def test_special_tokens_map(tmp_path):
    folder = tmp_path / "tokenizer"
    write_pieces(folder)
    (folder / "special_tokens_map.json").write_text(json.dumps(
        {"eos_token": {"content": "photo", "lstrip": True, "rstrip": True,
                       "normalized": False, "single_word": False},
         "unk_token": UNK, "pad_token": EOS}))
    (folder / "added_tokens.json").write_text(json.dumps({"[new]": 600}))
    compare_auto("siglip map", folder, corpus(6, 3000), tmp_path)


def test_every_character(tmp_path):
    """Each code point where its case, its class and its replacement show."""
    folder = tmp_path / "tokenizer"
    write_pieces(folder)
    texts = every_character()
    compare_auto("siglip every character", folder, texts, tmp_path, 1_000_000)


def every_character():
    texts, block = [], 64
    for first in range(0, 0x110000, block):
        characters = [chr(c) for c in range(first, first + block)
                      if not 0xD800 <= c < 0xE000
                      and unicodedata.category(chr(c)) not in ("Cn", "Co")]
        if characters:
            texts.append(" ".join(f"a{c}b Σ{c} !{c}1 e{c} {c}\u0301"
                                  for c in characters))
    return texts


def pieces_of(model):
    processor = sentencepiece.SentencePieceProcessor(model_proto=model)
    return [(processor.id_to_piece(i), processor.get_score(i))
            for i in range(processor.get_piece_size())]


def charsmap(model):
    from sentencepiece import sentencepiece_model_pb2
    proto = sentencepiece_model_pb2.ModelProto.FromString(model)
    return proto.normalizer_spec.precompiled_charsmap


def siglip_normalizer(model):
    """What a conversion of SiglipTokenizer to a fast one makes of it."""
    return normalizers.Sequence([
        normalizers.Lowercase(),
        normalizers.Replace(
            Regex("[" + "".join("\\" + c for c in string.punctuation) + "]"), ""),
        normalizers.Replace(Regex(r"\s+"), " "),
        normalizers.Strip(),
        normalizers.Precompiled(charsmap(model)),
        normalizers.Replace(Regex(" {2,}"), " "),
    ])


def metaspace(**settings):
    return pre_tokenizers.Metaspace(**settings)


def fast(settings):
    """A Unigram backend and its vocabulary's size."""
    model = train_pieces(byte_fallback=settings.get("bytes", False))
    if settings.get("trained"):
        backend = Tokenizer(models.Unigram())
        backend.pre_tokenizer = metaspace()
        backend.train_from_iterator(training_text(), trainers.UnigramTrainer(
            vocab_size=500, special_tokens=["<pad>", EOS, UNK], unk_token=UNK,
            show_progress=False))
    else:
        backend = Tokenizer(models.Unigram(
            pieces_of(model), unk_id=2,
            byte_fallback=settings.get("bytes", False)))
    backend.normalizer = settings["normalizer"](model)
    backend.pre_tokenizer = settings["pre_tokenizer"]
    backend.add_special_tokens(["<pad>", EOS, UNK])
    if settings.get("added"):
        backend.add_tokens(settings["added"])
    if settings.get("template", True):
        backend.post_processor = processors.TemplateProcessing(
            single="$A </s>", pair="$A </s> $B </s>", special_tokens=[(EOS, 1)])
    return backend


def none(_):
    return None


FAST = {
    "siglip": {"normalizer": siglip_normalizer, "pre_tokenizer": metaspace()},
    "precompiled": {
        "normalizer": lambda m: normalizers.Precompiled(charsmap(m)),
        "pre_tokenizer": pre_tokenizers.Sequence(
            [pre_tokenizers.WhitespaceSplit(), metaspace()])},
    "trained": {"normalizer": none, "pre_tokenizer": metaspace(),
                "trained": True},
    "bytes": {"normalizer": none, "pre_tokenizer": metaspace(), "bytes": True},
    "first": {"normalizer": none,
              "pre_tokenizer": metaspace(prepend_scheme="first")},
    "never": {"normalizer": none, "template": False,
              "pre_tokenizer": metaspace(prepend_scheme="never", split=False)},
    "no_words": {"normalizer": lambda _: normalizers.Sequence(
        [normalizers.NFKC(), normalizers.Prepend(MARK),
         normalizers.Replace(" ", MARK)]), "pre_tokenizer": None},
    "forms": {"normalizer": lambda _: normalizers.Sequence(
        [normalizers.Nmt(), normalizers.NFKD(), normalizers.StripAccents(),
         normalizers.Strip(left=True, right=False)]),
        "pre_tokenizer": metaspace()},
    "added": {"normalizer": lambda _: normalizers.Lowercase(),
              "pre_tokenizer": metaspace(prepend_scheme="first"),
              "added": [AddedToken("[new]", normalized=True, lstrip=True),
                        AddedToken("photo", single_word=True, rstrip=True,
                                   normalized=False)]},
}


@pytest.mark.parametrize("name", FAST)
def test_tokenizer_json(tmp_path, name):
    folder = tmp_path / "tokenizer"
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=fast(FAST[name]), eos_token=EOS, unk_token=UNK,
        pad_token="<pad>", model_max_length=LENGTH)
    tokenizer.save_pretrained(folder)
    SiglipConfig().save_pretrained(folder)
    reference = AutoTokenizer.from_pretrained(folder)
    assert reference.is_fast
    group = f"siglip json {name}"
    compare(group, folder, corpus(7), tmp_path, reference)
    compare(group, folder, corpus(8, 300), tmp_path, reference, 100_000)
    compare(group, folder, corpus(9, 300), tmp_path, reference, 2)
    if FAST[name]["normalizer"] is not none:
        compare(group, folder, every_character(), tmp_path, reference,
                1_000_000)


def test_tokenizer_json_alone(tmp_path):
    """Without another file; the reference opens it under the fast class."""
    folder = tmp_path / "tokenizer"
    folder.mkdir()
    fast(FAST["siglip"]).save(str(folder / "tokenizer.json"))
    reference = PreTrainedTokenizerFast(
        tokenizer_file=str(folder / "tokenizer.json"))
    compare("siglip json alone", folder, corpus(10, 2000), tmp_path, reference)


def test_pieces_stand_before_json(tmp_path):
    """Google's folders hold both; the class that they name reads the first."""
    folder = tmp_path / "tokenizer"
    write_pieces(folder)
    fast(FAST["never"]).save(str(folder / "tokenizer.json"))
    compare_auto("siglip both", folder, corpus(11, 2000), tmp_path)
    (folder / "tokenizer_config.json").write_text(
        json.dumps({"tokenizer_class": "PreTrainedTokenizerFast"}))
    reference = AutoTokenizer.from_pretrained(folder)
    assert reference.is_fast
    compare("siglip both", folder, corpus(12, 2000), tmp_path, reference)
