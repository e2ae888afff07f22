"""Small Florence-2 folders with random weights and a made vocabulary."""

import json

import torch
from encoder_parity import randomize
from transformers import (AutoTokenizer, Florence2Config,
                          Florence2ForConditionalGeneration)
from tokenizers import pre_tokenizers

TASK_TOKENS = (["<od>", "</od>", "<ocr>", "</ocr>"]
               + [f"<loc_{i}>" for i in range(1000)]
               + ["<cap>", "</cap>", "<ncap>", "</ncap>", "<dcap>", "</dcap>",
                  "<grounding>", "</grounding>", "<seg>", "</seg>", "<sep>",
                  "<region_cap>", "</region_cap>", "<region_to_desciption>",
                  "</region_to_desciption>", "<proposal>", "</proposal>",
                  "<poly>", "</poly>", "<and>"])
SPECIAL = ["<s>", "<pad>", "</s>", "<unk>"]
WORDS = ("the of what does image describe locate objects with category name in "
         "is a dog cat car left right facing red how many there two three "
         "don't it's I'll 12 345 ... ,").split()

END = 2.4

TOWER = dict(embed_dim=[16, 24, 32], depths=[1, 2, 1], num_heads=[2, 3, 4],
             num_groups=[4, 2, 8], patch_size=[7, 3, 3], patch_stride=[4, 2, 2],
             patch_padding=[3, 1, 1], patch_prenorm=[False, True, True],
             window_size=4)
TEXT = dict(model_type="bart", d_model=32, encoder_layers=2, decoder_layers=3,
            encoder_attention_heads=4, decoder_attention_heads=2,
            encoder_ffn_dim=48, decoder_ffn_dim=40,
            max_position_embeddings=128)


def byte_level_vocabulary():
    """Bytes, then each word grown from its first letter on, blanks in front."""
    tokens = SPECIAL + sorted(pre_tokenizers.ByteLevel.alphabet())
    merges = []
    for word in [w for word in WORDS for w in (word, "\u0120" + word)]:
        for end in range(2, len(word) + 1):
            merge = (word[:end - 1], word[end - 1])
            if merge not in merges:
                merges.append(merge)
                tokens.append(word[:end])
    return {token: i for i, token in enumerate(tokens + ["<mask>"])}, merges


def write_tokenizer(folder, saved=True, **config):
    """BART's files with the task tokens (`saved`, as a converted folder has
    them), or without, as the release with remote code. -> vocabulary size."""
    folder.mkdir(exist_ok=True)
    vocabulary, merges = byte_level_vocabulary()
    (folder / "vocab.json").write_text(json.dumps(vocabulary))
    lines = ["#version: 0.2"] + [" ".join(merge) for merge in merges]
    (folder / "merges.txt").write_text("\n".join(lines) + "\n")
    # As saved by older transformers.
    mask = dict(__type="AddedToken", content="<mask>", lstrip=True,
                rstrip=False, normalized=False, single_word=False, special=True)
    (folder / "tokenizer_config.json").write_text(json.dumps(
        {"tokenizer_class": "BartTokenizer", "mask_token": mask,
         "model_max_length": 1024} | config))
    if saved:
        tokenizer = reference_tokenizer(folder)
        for name in ("vocab.json", "merges.txt", "tokenizer_config.json"):
            (folder / name).unlink()
        tokenizer.save_pretrained(folder)
    return len(vocabulary) + len(TASK_TOKENS) + 1


def reference_tokenizer(folder):
    tokenizer = AutoTokenizer.from_pretrained(folder)
    if tokenizer.convert_tokens_to_ids("<loc_0>") in (None,
                                                      tokenizer.unk_token_id):
        tokenizer.add_special_tokens(
            {"additional_special_tokens": TASK_TOKENS + ["<image>"]})
    return tokenizer


def make_model(folder, seed, tower=None, text=None, tokenizer=True, half=False,
               **generation):
    vocabulary = write_tokenizer(folder, saved=tokenizer)
    vision = dict(TOWER if tower is None else tower)
    settings = TEXT | (text or {})
    settings.setdefault("vocab_size", vocabulary)
    vision.setdefault("projection_dim", settings["d_model"])
    model = Florence2ForConditionalGeneration(Florence2Config(
        vision_config=vision, text_config=settings,
        image_token_id=settings["vocab_size"] - 1)).eval()
    randomize(model, seed)
    with torch.no_grad():
        table = model.model.language_model.shared.weight
        table.mul_(2.0 / table.norm(dim=1, keepdim=True))
        # An end that comes now and then.
        table[2].mul_(END)
        # Attention that picks a few tokens, and what it finds counts: else all
        # pictures and prompts get one answer.
        for layer in model.model.language_model.decoder.layers:
            attention = layer.encoder_attn
            attention.q_proj.weight.mul_(4)
            attention.k_proj.weight.mul_(4)
            attention.out_proj.weight.mul_(4)
        # What half precision holds, as in the published ones: there layers of
        # few rows multiply by 16 bits.
        if half:
            for weight in model.parameters():
                weight.copy_(weight.half())
    model.tie_weights()
    config = model.generation_config
    config.update(decoder_start_token_id=2, bos_token_id=0, eos_token_id=2,
                  pad_token_id=1, forced_bos_token_id=0, forced_eos_token_id=2,
                  **generation)
    model.save_pretrained(folder)
    return model


def prompt_ids(tokenizer, text):
    return [0] + tokenizer(text, add_special_tokens=False)["input_ids"] + [2]


def reference_inputs(model, tokenizer, pixels, texts):
    """Ids with image tokens, padded to the right, and their mask."""
    tokens = model.get_image_features(pixels[:1]).pooler_output.shape[1]
    image = model.config.image_token_id
    rows = [[image] * tokens + prompt_ids(tokenizer, text) for text in texts]
    longest = max(map(len, rows))
    ids = torch.tensor([row + [1] * (longest - len(row)) for row in rows])
    mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row))
                         for row in rows])
    return dict(input_ids=ids, attention_mask=mask, pixel_values=pixels)
