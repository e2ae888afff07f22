"""Trains a small CLIP on Fashion-MNIST with captions that name the class.

Each step sets a batch of pictures against one random caption of every class.
Pictures are drawn to the caption of their class and captions to all pictures of
their class, by CLIP's symmetric cross-entropy; as a caption fits every picture
of its class, all of them count as its matches.

The logit scale is learned, as CLIP's is, and kept below 20 where CLIP allows
100: the higher the scale, the less is gained by drawing a picture all the way
to its caption, and the wider a class stays.
"""

import argparse
import math
import random

import torch
import torch.nn.functional as F
from transformers import CLIPConfig, CLIPModel

import augment
import captions
import evaluate
import fashion_mnist
import training


def make_config(options, tokenizer) -> CLIPConfig:
    """Both towers, with the token ids of this tokenizer."""
    return CLIPConfig(
        projection_dim=options.projection,
        text_config={
            "vocab_size": len(tokenizer),
            "hidden_size": options.text_width,
            "intermediate_size": 4 * options.text_width,
            "num_hidden_layers": 2,
            "num_attention_heads": options.text_width // 32,
            "max_position_embeddings": captions.MAX_TOKENS,
            "projection_dim": options.projection,
            "bos_token_id": tokenizer.bos_token_id,
            "eos_token_id": tokenizer.eos_token_id,
            "pad_token_id": tokenizer.pad_token_id,
        },
        vision_config={
            "image_size": fashion_mnist.IMAGE_SIZE,
            "patch_size": options.patch,
            "hidden_size": options.width,
            "intermediate_size": 4 * options.width,
            "num_hidden_layers": options.layers,
            "num_attention_heads": options.width // 32,
            "projection_dim": options.projection,
        },
    )


def contrast(
    images: torch.Tensor, texts: torch.Tensor, labels: torch.Tensor, scale
) -> torch.Tensor:
    """CLIP's loss where a caption matches all pictures of its class.

    Args:
      images: embeddings (B, D) at unit length.
      texts: embeddings (classes, D) at unit length, one caption a class.
      labels: class numbers (B,).
      scale: what cosines are multiplied by.
    """
    logits = scale * images @ texts.T
    to_text = F.cross_entropy(logits, labels)
    matches = F.one_hot(labels, len(texts)).float().T
    present = matches.sum(1) > 0
    share = matches[present] / matches[present].sum(1, keepdim=True)
    to_image = F.cross_entropy(logits.T[present], share)
    return (to_text + to_image) / 2


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    training.add_common_arguments(
        parser, "clip", steps=2800, batch=256, rate=1e-3
    )
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--patch", type=int, default=7)
    parser.add_argument("--text-width", type=int, default=64)
    parser.add_argument("--projection", type=int, default=64)
    parser.add_argument("--largest-scale", type=float, default=20.0)
    parser.add_argument("--weight-decay", type=float, default=0.05)
    return parser.parse_args()


def main():
    options = parse_arguments()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    train = fashion_mnist.load(options.data, "train")

    tokenizer = captions.train_tokenizer()
    model = CLIPModel(make_config(options, tokenizer))
    optimizer = torch.optim.AdamW(
        training.parameter_groups(model, options.weight_decay),
        lr=options.learning_rate,
        betas=(0.9, 0.98),
    )
    run = training.Resumable(
        options.work,
        training.settings_of(options),
        {"model": model, "optimizer": optimizer},
    )

    model.train()
    while run.step < options.steps:
        step = run.step
        training.begin_step(options.seed, step)
        training.set_rate(optimizer, options, step)
        picked = training.batch_indices(
            options.seed, step, options.batch, len(train.images)
        )
        images = fashion_mnist.to_unit(train.images[picked])
        images = augment.random_shift(images, pixels=2, degrees=8, zoom=0.1)
        images = augment.random_tone(images, gain=0.2, gamma=0.2)
        draw = random.Random(options.seed * 1_000_003 + step)
        texts = [captions.caption(name, draw) for name in fashion_mnist.CLASSES]

        output = model(
            pixel_values=fashion_mnist.to_pixel_values(images),
            **tokenizer(texts, padding=True, return_tensors="pt"),
        )
        loss = contrast(
            output.image_embeds,
            output.text_embeds,
            train.labels[picked],
            model.logit_scale.exp(),
        )
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        with torch.no_grad():
            model.logit_scale.clamp_(max=math.log(options.largest_scale))
        run.advance()

        if run.step % 100 == 0 or run.step == options.steps:
            run.save()
            print(
                f"step {run.step} {run.times()} "
                f"loss {loss.item():.3f} "
                f"scale {model.logit_scale.exp().item():.1f} "
                + evaluate.glance(model, train),
                flush=True,
            )

    options.out.mkdir(parents=True, exist_ok=True)
    model.half().save_pretrained(options.out)
    training.save_preprocessor(options.out, "CLIPImageProcessor")
    captions.save_tokenizer(tokenizer, options.out)
    print(f"saved {options.out} after {run.times()}", flush=True)


if __name__ == "__main__":
    main()
