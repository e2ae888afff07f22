"""Trains a small AIMv2 by regressing patches, then caption tokens, in turn.

The encoder sees a picture's patches row by row. A prefix of random length is
seen by all patches, the others are seen by later ones alone (prefix attention),
so that the encoder can later be used with all patches seeing all. A small
causal decoder reads the encoder's patches and then the caption, and each place
predicts what comes next: the pixels of the next patch, normalised patch by
patch, where that lies after the prefix, and the caption's tokens. Captions are
those of the scenes and, for pattern pictures, the whole statement with the
property. Only the encoder is saved.
"""

import argparse

import torch
import torch.nn.functional as F
from torch import nn
from transformers import Aimv2VisionConfig, Aimv2VisionModel
from transformers.models.aimv2.modeling_aimv2 import Aimv2Encoder, Aimv2RMSNorm

import augment
import captions
import pictures
import training
import vocabulary


def make_config(options, layers: int) -> Aimv2VisionConfig:
    """Of the encoder, or with other layers of the decoder."""
    return Aimv2VisionConfig(
        image_size=pictures.SIZE,
        patch_size=options.patch,
        hidden_size=options.width,
        # Three matrices where others have two.
        intermediate_size=options.width * 8 // 3 // 8 * 8,
        num_hidden_layers=layers,
        num_attention_heads=options.width // 32,
        use_head=False,
        initializer_range=0.04,
    )


def prefix_mask(prefix: torch.Tensor, length: int) -> torch.Tensor:
    """Who sees whom: earlier ones and the prefix; bool (B, 1, T, T)."""
    place = torch.arange(length, device=prefix.device)
    earlier = place[None, :] <= place[:, None]
    in_prefix = place[None, :] < prefix[:, None]
    return (earlier[None] | in_prefix[:, None, :])[:, None]


def patch_pixels(images: torch.Tensor, patch: int) -> torch.Tensor:
    """Pixels by patch (B, T, 3 patch^2), each patch to mean 0, deviation 1."""
    rows = F.unfold(images, patch, stride=patch).transpose(1, 2)
    deviation, mean = torch.std_mean(rows, -1, keepdim=True)
    return (rows - mean) / (deviation + 1e-2)


class Decoder(nn.Module):
    """Causal over the encoder's patches and the caption's tokens."""

    def __init__(self, options, vocabulary_size: int):
        super().__init__()
        config = make_config(options, options.decoder_layers)
        config._attn_implementation = "sdpa"
        width = options.width
        self.inside = nn.Linear(width, width)
        self.token_embed = nn.Embedding(vocabulary_size, width)
        self.place_embed = nn.Embedding(vocabulary.CLIP_TOKENS, width)
        for table in (self.token_embed, self.place_embed):
            nn.init.normal_(table.weight, std=0.04)
        self.layers = Aimv2Encoder(config)
        self.norm = Aimv2RMSNorm(width)
        self.to_pixels = nn.Linear(width, 3 * options.patch**2)
        self.to_tokens = nn.Linear(width, vocabulary_size)

    def forward(self, patches: torch.Tensor, tokens: torch.Tensor):
        """Hidden states of all places, (B, patches + tokens, D)."""
        places = torch.arange(tokens.shape[1], device=tokens.device)
        words = self.token_embed(tokens) + self.place_embed(places)
        hidden = torch.cat([self.inside(patches), words], 1)
        length = hidden.shape[1]
        place = torch.arange(length, device=tokens.device)
        earlier = (place[None, :] <= place[:, None])[None, None]
        return self.norm(self.layers(hidden, earlier).last_hidden_state)


def losses(encoder, decoder, images, tokens, least: int, patch: int):
    """Errors of the next patches and of the caption's tokens.

    Args:
      encoder: Aimv2VisionModel.
      decoder: Decoder.
      images: normalised pixel values.
      tokens: captions with markers (B, L), filled up with -1.
      least: shortest prefix in patches.
      patch: edge of a patch.
    """
    hidden = encoder.embeddings(images)
    count, length = hidden.shape[:2]
    prefix = torch.randint(least, length, (count,), device=images.device)
    mask = prefix_mask(prefix, length)
    hidden = encoder.rms_norm(encoder.encoder(hidden, mask).last_hidden_state)
    hidden = decoder(hidden, tokens[:, :-1].clamp(min=0))

    # Weights rather than a selection, whose size would have to be waited for.
    place = torch.arange(1, length, device=images.device)
    wanted = (place[None, :] >= prefix[:, None]).float()
    guessed = decoder.to_pixels(hidden[:, : length - 1])
    errors = (guessed - patch_pixels(images, patch)[:, 1:]).square().mean(-1)
    pixels = (errors * wanted).sum() / wanted.sum()

    scores = decoder.to_tokens(hidden[:, length:])
    words = F.cross_entropy(
        scores.flatten(0, 1), tokens[:, 1:].flatten(), ignore_index=-1
    )
    return pixels, words


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    training.add_common_arguments(
        parser, "aimv2", steps=9500, batch=64, rate=1e-3
    )
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--decoder-layers", type=int, default=2)
    parser.add_argument("--patch", type=int, default=12)
    parser.add_argument("--least-prefix", type=int, default=8)
    parser.add_argument("--pixel-weight", type=float, default=0.4)
    return parser.parse_args()


def main():
    options = parse_arguments()
    training.begin(options)
    scenes, patterns = pictures.load_training(options)
    texts = captions.of_scenes(scenes.captions)
    texts += [row["statement"] for row in patterns.questions]
    tokenizer = vocabulary.train_clip_tokenizer(texts)
    rows = tokenizer(texts)["input_ids"]
    said = training.Rows(rows, -1, options.device)

    encoder = Aimv2VisionModel(make_config(options, options.layers))
    decoder = Decoder(options, len(tokenizer))
    both = nn.ModuleDict({"encoder": encoder, "decoder": decoder})
    both.to(options.device)
    optimizer = training.make_optimizer(both, options, betas=(0.9, 0.95))
    run = training.Run(options, {"models": both, "optimizer": optimizer})

    both.train()
    for step in run.steps():
        images, some, more = training.mixed_batch(
            options, step, scenes, patterns
        )
        images = augment.random_shift(images, pixels=5, zoom=0.1)
        images = augment.mild_tone(images)

        pixels, words = losses(
            encoder,
            decoder,
            pictures.normalize(images),
            said.some(torch.cat([some, more + len(scenes)])),
            options.least_prefix,
            options.patch,
        )
        loss = options.pixel_weight * pixels + words
        training.descend(optimizer, both, loss)
        run.log(
            "pixels {pixels:.3f} words {words:.3f}", pixels=pixels, words=words
        )

    options.out.mkdir(parents=True, exist_ok=True)
    encoder.half().save_pretrained(options.out)
    training.save_preprocessor(options.out, "CLIPImageProcessor")
    run.finish()


if __name__ == "__main__":
    main()
