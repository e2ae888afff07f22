"""Small byte-level tokenizers in the layouts of CLIP and of Florence-2."""

import json
import pathlib

from tokenizers import (
    AddedToken,
    Tokenizer,
    models,
    pre_tokenizers,
    trainers,
)
from transformers import BartTokenizer, CLIPTokenizer

import training

# The longest sequence that CLIP's text tower takes, markers included.
CLIP_TOKENS = 48
BART_TOKENS = 160

LARGEST_VOCABULARY = 1200
_START = "<|startoftext|>"
_END = "<|endoftext|>"
_WORD_END = "</w>"

# Common words, so that sentences that are no captions also become pieces of
# some length.
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


def train_clip_tokenizer(texts: list[str]) -> CLIPTokenizer:
    """Trains a byte-level BPE, with CLIP's layout of the vocabulary.

    The 256 byte characters come first, then the same at a word's end, then the
    merged pieces, then the two markers. Every string has tokens that way, also
    one with characters that the training text lacks.
    """
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    scratch = CLIPTokenizer().backend_tokenizer
    scratch.train_from_iterator(
        texts + _COMMON_WORDS.split(),
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
    merges = _merges(scratch)
    pieces = alphabet + [character + _WORD_END for character in alphabet]
    pieces += ["".join(pair) for pair in merges]
    pieces = list(dict.fromkeys(pieces)) + [_START, _END]
    return CLIPTokenizer(
        vocab={piece: index for index, piece in enumerate(pieces)},
        merges=merges,
        model_max_length=CLIP_TOKENS,
    )


def _merges(tokenizer: Tokenizer) -> list[tuple[str, str]]:
    rows = json.loads(tokenizer.to_str())["model"]["merges"]
    return [tuple(pair) for pair in rows]


def save_clip_tokenizer(tokenizer: CLIPTokenizer, folder: pathlib.Path) -> None:
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


# Florence-2's own tokens, in the order of the published vocabulary: BART's
# come first, then the first list, then the places, then the second list.
_FLORENCE_BEFORE = ("<od>", "</od>", "<ocr>", "</ocr>")
_FLORENCE_AFTER = (
    *("<cap>", "</cap>", "<ncap>", "</ncap>", "<dcap>", "</dcap>"),
    *("<grounding>", "</grounding>", "<seg>", "</seg>", "<sep>"),
    *("<region_cap>", "</region_cap>", "<region_to_desciption>"),
    *("</region_to_desciption>", "<proposal>", "</proposal>", "<poly>"),
    *("</poly>", "<and>"),
)
IMAGE_TOKEN = "<image>"
BINS = 1000  # of a box's coordinates


def train_florence_tokenizer(texts: list[str]) -> BartTokenizer:
    """Trains BART's kind of byte-level BPE and adds Florence-2's tokens.

    The markers have BART's numbers (<s> 0, <pad> 1, </s> 2, <unk> 3); pieces
    follow, then <mask>, then Florence-2's tokens and the 1000 places.
    """
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    markers = ["<s>", "<pad>", "</s>", "<unk>"]
    scratch = Tokenizer(models.BPE())
    scratch.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    scratch.train_from_iterator(
        texts + [" " + word for word in _COMMON_WORDS.split()],
        trainers.BpeTrainer(
            vocab_size=LARGEST_VOCABULARY - len(alphabet),
            min_frequency=1,
            special_tokens=alphabet,
            initial_alphabet=alphabet,
            show_progress=False,
        ),
    )
    merges = _merges(scratch)
    pieces = markers + alphabet + ["".join(pair) for pair in merges]
    pieces = [*dict.fromkeys(pieces), "<mask>"]
    tokenizer = BartTokenizer(
        vocab={piece: index for index, piece in enumerate(pieces)},
        merges=merges,
        model_max_length=BART_TOKENS,
        extra_special_tokens={"image_token": IMAGE_TOKEN},
    )
    places = [f"<loc_{bin}>" for bin in range(BINS)]
    tokenizer.add_tokens(
        [
            AddedToken(text, special=False, normalized=False)
            for text in (*_FLORENCE_BEFORE, *places, *_FLORENCE_AFTER)
        ]
    )
    return tokenizer
