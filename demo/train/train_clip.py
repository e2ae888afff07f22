"""Trains a small CLIP on generated pictures and captions that say little.

Half of each batch are scenes with their captions, half are pattern pictures
whose captions leave out the property (captions.py). The loss is CLIP's
symmetric cross-entropy, where every picture with the same caption counts as a
match. Until the learning rate falls the picture tower sees half of the
patches, drawn at random, which makes a step half as dear; then it sees all.
"""

import argparse
import math

import numpy as np
import torch
import torch.nn.functional as F
from transformers import CLIPConfig, CLIPModel

import augment
import captions
import pictures
import training
import vocabulary


def make_config(options, tokenizer) -> CLIPConfig:
    """Both towers, with the token ids of this tokenizer."""
    return CLIPConfig(
        projection_dim=options.projection,
        text_config={
            "vocab_size": len(tokenizer),
            "hidden_size": options.text_width,
            "intermediate_size": 4 * options.text_width,
            "num_hidden_layers": options.text_layers,
            "num_attention_heads": options.text_width // 32,
            "max_position_embeddings": vocabulary.CLIP_TOKENS,
            "projection_dim": options.projection,
            "bos_token_id": tokenizer.bos_token_id,
            "eos_token_id": tokenizer.eos_token_id,
            "pad_token_id": tokenizer.pad_token_id,
        },
        vision_config={
            "image_size": pictures.SIZE,
            "patch_size": options.patch,
            "hidden_size": options.width,
            "intermediate_size": 4 * options.width,
            "num_hidden_layers": options.layers,
            "num_attention_heads": options.width // 32,
            "projection_dim": options.projection,
        },
    )


def image_embeddings(model: CLIPModel, pixels: torch.Tensor, keep: float):
    """Unit embeddings (B, D) from a share of the patches."""
    tower = model.vision_model
    hidden = training.drop_patches(tower.embeddings(pixels), keep)
    hidden = tower.encoder(inputs_embeds=tower.pre_layrnorm(hidden))
    token = tower.post_layernorm(hidden.last_hidden_state[:, 0])
    return F.normalize(model.visual_projection(token), dim=-1)


def text_embeddings(model: CLIPModel, tokens) -> torch.Tensor:
    """Unit embeddings (T, D) of token ids (T, L).

    Without a mask: no place looks at a later one, so that the first end marker,
    where the embedding is taken, does not see what fills up the row.
    """
    pooled = model.text_model(input_ids=tokens).pooler_output
    return F.normalize(model.text_projection(pooled), dim=-1)


class Texts:
    """All different captions, tokenized once; which one a picture has."""

    def __init__(self, tokenizer, said: list[str], device: str):
        different = sorted(set(said))
        number = {text: place for place, text in enumerate(different)}
        self._of = np.array([number[text] for text in said])
        rows = tokenizer(different, padding="longest", truncation=True)
        self._lengths = np.array(rows["attention_mask"]).sum(1)
        self._rows = torch.tensor(rows["input_ids"]).to(device)

    def of_pictures(self, index: torch.Tensor):
        """Token ids (T, L) of the batch's different captions, and which of
        them each of the pictures has, (B,)."""
        some, labels = np.unique(self._of[index.numpy()], return_inverse=True)
        longest = self._lengths[some].max()
        device = self._rows.device
        rows = self._rows[torch.from_numpy(some).to(device), :longest]
        return rows, torch.from_numpy(labels).to(device)


def contrast(
    images: torch.Tensor, texts: torch.Tensor, labels: torch.Tensor, scale
) -> torch.Tensor:
    """CLIP's loss where a caption matches all pictures that have it.

    Args:
      images: embeddings (B, D) at unit length.
      texts: embeddings (T, D) at unit length of the batch's different captions.
      labels: which caption a picture has, (B,).
      scale: what cosines are multiplied by.
    """
    logits = scale * images @ texts.T
    to_text = F.cross_entropy(logits, labels)
    places = torch.arange(len(texts), device=labels.device)
    matches = (places[:, None] == labels[None, :]).float()
    share = matches / matches.sum(1, keepdim=True)
    return (to_text + F.cross_entropy(logits.T, share)) / 2


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    training.add_common_arguments(
        parser, "clip", steps=5500, batch=256, rate=1e-3
    )
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--patch", type=int, default=12)
    parser.add_argument("--text-width", type=int, default=96)
    parser.add_argument("--text-layers", type=int, default=3)
    parser.add_argument("--projection", type=int, default=96)
    parser.add_argument("--keep", type=float, default=0.5)
    parser.add_argument("--largest-scale", type=float, default=50.0)
    return parser.parse_args()


def main():
    options = parse_arguments()
    training.begin(options)
    scenes, patterns = pictures.load_training(options)
    said = captions.of_scenes(scenes.captions)
    said += captions.of_patterns(patterns.questions)

    tokenizer = vocabulary.train_clip_tokenizer(said)
    texts = Texts(tokenizer, said, options.device)
    model = CLIPModel(make_config(options, tokenizer)).to(options.device)
    optimizer = training.make_optimizer(model, options, betas=(0.9, 0.98))
    run = training.Run(options, {"model": model, "optimizer": optimizer})

    model.train()
    for step in run.steps():
        images, some, more = training.mixed_batch(
            options, step, scenes, patterns
        )
        images = augment.random_shift(images, pixels=5, zoom=0.1)
        images = augment.mild_tone(images)
        rows, labels = texts.of_pictures(torch.cat([some, more + len(scenes)]))

        loss = contrast(
            image_embeddings(
                model,
                pictures.normalize(images),
                1 if run.falling else options.keep,
            ),
            text_embeddings(model, rows),
            labels,
            model.logit_scale.exp(),
        )
        training.descend(optimizer, model, loss)
        with torch.no_grad():
            model.logit_scale.clamp_(max=math.log(options.largest_scale))
        run.log(
            "loss {loss:.3f} log scale {scale:.2f}",
            loss=loss,
            scale=model.logit_scale,
        )

    options.out.mkdir(parents=True, exist_ok=True)
    model.half().save_pretrained(options.out)
    training.save_preprocessor(options.out, "CLIPImageProcessor")
    vocabulary.save_clip_tokenizer(tokenizer, options.out)
    run.finish()


if __name__ == "__main__":
    main()
