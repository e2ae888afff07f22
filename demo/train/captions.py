"""Captions that name the class, and a small CLIP-style tokenizer for them."""

import json
import pathlib
import random

from tokenizers import pre_tokenizers, trainers
from transformers import CLIPTokenizer

import fashion_mnist
import training

# The longest sequence that the text tower takes, markers included.
MAX_TOKENS = 32

LARGEST_VOCABULARY = 1536
_START = "<|startoftext|>"
_END = "<|endoftext|>"
_WORD_END = "</w>"

_TEMPLATES = (
    "{name}",
    "{article} {name}",
    "a photo of {article} {name}",
    "a photo of {article} {name}.",
    "a picture of {article} {name}",
    "an image of {article} {name}",
    "a small gray photo of {article} {name}",
    "a black and white picture of {article} {name}",
    "a low resolution photo of the {name}",
    "{article} {name} on a black background",
    "the {name} in a shop's catalogue",
    "this is {article} {name}.",
)

# Other names that a reader would use for a class, beside the first one.
_SYNONYMS = {
    "t-shirt": ("t-shirt", "tee shirt", "top"),
    "trousers": ("pair of trousers", "trousers", "pants"),
    "pullover": ("pullover", "sweater"),
    "ankle boot": ("ankle boot", "boot"),
    "bag": ("bag", "handbag"),
}
_WITHOUT_ARTICLE = ("trousers", "pants")

# Common words, so that the tokenizer also cuts sentences that are no captions
# into pieces of some length.
_COMMON_WORDS = """
about above across after again against almost along already also although
always among animal another answer any around as ask away back ball beautiful
because become before begin behind being below best better between beyond big
bird blue body book both bottom boy bright bring brown build building but call
camera car cat change child city clean clear clock close cloth clothing cloud
cold color come could country cut dark day deep different direction do does
dog door down draw drink drive during each early earth east easy eat edge eight
either empty end enough even evening every example eye face fall family far
fast father feel few field figure find fine fire first fish five flat floor
flower fly follow food foot for forest form forward four free friend from front
full game garden girl give glass go gold good great green ground group grow
half hand happy hard has have head hear heart heavy height help her here high
him his hold home horse hot hour house how however hundred idea important inside
into island it just keep kind king know known land language large last late
laugh lead learn leather leave left leg less letter life light like line list
listen little live long look love low machine make man many map mark may mean
measure men metal middle might mile mind minute money month moon more morning
most mother mountain move much music must name near need never new next night
nine no north not nothing notice now number object ocean of off often old once
one only open or orange order other our out outside over own page paint paper
part pass pattern people perhaps person piece place plain plane plant play
point possible power present pretty problem question quick quiet rain reach
read ready real red rest right ring river road rock room round run same say
school sea second see sentence set seven several shape she ship short should
show side simple since sing sit six size sky sleep slow small snow some song
soon sound south space stand star start state stay step still stone stop story
street striped strong study such sun sure surface system table take talk tall
teach tell ten test than that their them then there these they thing think
third those though thought thousand three through time together too toward town
travel tree true try turn two under until upon use very voice wait walk wall
want warm was watch water way wear weather week weight well west what wheel when
where which while white who whole why will wind window winter with without woman
wood word work world would write wrong year yellow yes yet you young your
"""


def caption(name: str, draw: random.Random) -> str:
    """A random caption of one class."""
    word = draw.choice(_SYNONYMS.get(name, (name,)))
    return _fill(draw.choice(_TEMPLATES), word)


def all_captions() -> list[str]:
    """Every caption of every class."""
    return [
        _fill(template, word)
        for name in fashion_mnist.CLASSES
        for word in _SYNONYMS.get(name, (name,))
        for template in _TEMPLATES
    ]


def _fill(template: str, word: str) -> str:
    article = "an" if word[0] in "aeiou" else "a"
    if word in _WITHOUT_ARTICLE:
        article = "some"
    return template.format(article=article, name=word)


def train_tokenizer() -> CLIPTokenizer:
    """Trains the byte-level BPE, with CLIP's layout of the vocabulary.

    The 256 byte characters come first, then the same at a word's end, then the
    merged pieces, then the two markers. Every string has tokens that way, also
    one with characters that the training text lacks.
    """
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    scratch = CLIPTokenizer().backend_tokenizer
    scratch.train_from_iterator(
        all_captions() + _COMMON_WORDS.split(),
        trainers.BpeTrainer(
            vocab_size=LARGEST_VOCABULARY,
            min_frequency=1,
            # Given as special tokens because those are numbered in order: the
            # library breaks ties between merges by number, and would number
            # these as its hash map happens to yield them.
            special_tokens=[character + _WORD_END for character in alphabet],
            initial_alphabet=alphabet,
            end_of_word_suffix=_WORD_END,
            show_progress=False,
        ),
    )
    merges = [
        tuple(pair) for pair in json.loads(scratch.to_str())["model"]["merges"]
    ]
    pieces = alphabet + [character + _WORD_END for character in alphabet]
    pieces += ["".join(pair) for pair in merges]
    pieces = list(dict.fromkeys(pieces)) + [_START, _END]
    return CLIPTokenizer(
        vocab={piece: index for index, piece in enumerate(pieces)},
        merges=merges,
        model_max_length=MAX_TOKENS,
    )


def save_tokenizer(tokenizer: CLIPTokenizer, folder: pathlib.Path) -> None:
    """Saves the tokenizer in both of the layouts that readers know."""
    tokenizer.save_pretrained(folder)
    # save_pretrained of transformers 5 leaves these three to older readers.
    tokenizer.backend_tokenizer.model.save(str(folder))
    training.save_json(
        folder / "special_tokens_map.json",
        {
            "bos_token": _START,
            "eos_token": _END,
            "unk_token": _END,
            "pad_token": _END,
        },
    )
