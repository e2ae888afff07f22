"""Trains a small DINOv2 on Fashion-MNIST by self-distillation, without labels.

A student sees crops of a picture and learns to give them the prototype scores
that a teacher, the running average of the student, gives to other crops of the
same picture. Of DINOv2's recipe this keeps the multi-crop DINO loss on the
class token, Sinkhorn-Knopp centering of the teacher's scores and the KoLeo term
that spreads the class tokens of a batch; it leaves out the patch-level (iBOT)
loss. The student's large crops lose most of their patches at random, which
takes the place of DINOv2's masked patches and makes them cheap.
"""

import argparse
import copy
import math

import torch
import torch.nn.functional as F
from torch import nn
from transformers import Dinov2Config, Dinov2Model

import augment
import evaluate
import fashion_mnist
import training

LARGE_CROPS = 2
LOCAL_SIZE = 16  # pixels; four by four patches


class Head(nn.Module):
    """Class token to scores over prototypes, both at unit length.

    Batch norm tells pictures apart from the first step on, when the class
    tokens of all are still nearly the same.
    """

    def __init__(
        self, width: int, hidden: int, bottleneck: int, prototypes: int
    ):
        super().__init__()
        self.mlp = nn.Sequential(
            nn.Linear(width, hidden, bias=False),
            nn.BatchNorm1d(hidden),
            nn.GELU(),
            nn.Linear(hidden, hidden, bias=False),
            nn.BatchNorm1d(hidden),
            nn.GELU(),
            nn.Linear(hidden, bottleneck),
        )
        self.prototypes = nn.Parameter(torch.randn(prototypes, bottleneck))

    def forward(self, token: torch.Tensor) -> torch.Tensor:
        return (
            F.normalize(self.mlp(token), dim=-1)
            @ F.normalize(self.prototypes, dim=-1).T
        )


def class_token(model: Dinov2Model, pixels: torch.Tensor, keep: float = 1.0):
    """The class token after the final norm, from a share of the patches."""
    hidden = model.embeddings(pixels)
    if keep < 1:
        count, patches, width = hidden[:, 1:].shape
        order = torch.rand(count, patches).argsort(1)[
            :, : round(keep * patches)
        ]
        kept = hidden[:, 1:].gather(1, order[:, :, None].expand(-1, -1, width))
        hidden = torch.cat([hidden[:, :1], kept], 1)
    hidden = model.encoder(hidden).last_hidden_state
    return model.layernorm(hidden[:, 0])


@torch.no_grad()
def sinkhorn(scores: torch.Tensor, temperature: float, rounds: int = 3):
    """Soft assignments of a batch that use all prototypes equally."""
    plan = ((scores - scores.max()) / temperature).exp()
    samples, prototypes = plan.shape
    for _ in range(rounds):
        plan = plan / (plan.sum(0, keepdim=True).clamp(min=1e-12) * prototypes)
        plan = plan / (plan.sum(1, keepdim=True) * samples)
    return plan * samples


def dino_loss(student: torch.Tensor, targets: torch.Tensor, temperature: float):
    """Mean cross-entropy over all pairs of different crops.

    Args:
      student: scores (crops, B, K), the large crops first.
      targets: the teacher's assignments (large crops, B, K).
      temperature: the student's.
    """
    log_probability = (student / temperature).log_softmax(-1)
    losses = [
        -(targets[t] * log_probability[s]).sum(-1).mean()
        for t in range(targets.shape[0])
        for s in range(student.shape[0])
        if s != t
    ]
    return torch.stack(losses).mean()


def koleo_loss(tokens: torch.Tensor) -> torch.Tensor:
    """Minus the mean logarithm of the distance to the nearest neighbour."""
    unit = F.normalize(tokens, dim=-1)
    with torch.no_grad():
        nearest = (unit @ unit.T).fill_diagonal_(-2).argmax(1)
    return -(unit - unit[nearest]).norm(dim=-1).add(1e-6).log().mean()


def make_crops(images: torch.Tensor, options) -> list[torch.Tensor]:
    """Large crops first, then local ones; normalised pixel values."""

    def change(crop):
        crop = augment.random_tone(crop, options.gain, options.gamma)
        return fashion_mnist.to_pixel_values(augment.random_blur(crop, 0.8))

    size = fashion_mnist.IMAGE_SIZE
    areas = [(size, (options.split_area, 1.0))] * LARGE_CROPS
    areas += [
        (LOCAL_SIZE, (options.least_area, options.split_area))
    ] * options.local_crops
    return [
        change(augment.random_resized_crop(images, edge, area))
        for edge, area in areas
    ]


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    training.add_common_arguments(
        parser, "dinov2", steps=3000, batch=48, rate=2e-3
    )
    parser.add_argument("--width", type=int, default=96)
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--initializer-range", type=float, default=0.1)
    parser.add_argument("--local-crops", type=int, default=2)
    parser.add_argument("--keep", type=float, default=0.3)
    parser.add_argument("--split-area", type=float, default=0.6)
    parser.add_argument("--least-area", type=float, default=0.3)
    parser.add_argument("--gain", type=float, default=0.3)
    parser.add_argument("--gamma", type=float, default=0.3)
    parser.add_argument("--prototypes", type=int, default=256)
    parser.add_argument("--koleo", type=float, default=0.05)
    parser.add_argument("--momentum", type=float, default=0.96)
    parser.add_argument("--student-temperature", type=float, default=0.1)
    parser.add_argument("--teacher-temperature", type=float, default=0.04)
    parser.add_argument("--weight-decay", type=float, default=0.04)
    return parser.parse_args()


def main():
    options = parse_arguments()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    train = fashion_mnist.load(options.data, "train")

    config = Dinov2Config(
        image_size=fashion_mnist.IMAGE_SIZE,
        patch_size=4,
        hidden_size=options.width,
        num_hidden_layers=options.layers,
        num_attention_heads=options.width // 32,
        mlp_ratio=4,
        # The usual 0.02 suits widths near 1000; at this width the class token
        # would take in little of the picture for the first few hundred steps.
        initializer_range=options.initializer_range,
        # The mask token is a parameter of the patch-level loss only.
        use_mask_token=False,
    )
    student = nn.ModuleDict(
        {
            "body": Dinov2Model(config),
            "head": Head(options.width, 512, 64, options.prototypes),
        }
    )
    teacher = copy.deepcopy(student).requires_grad_(False)
    optimizer = torch.optim.AdamW(
        training.parameter_groups(student, options.weight_decay),
        lr=options.learning_rate,
    )
    run = training.Resumable(
        options.work,
        training.settings_of(options),
        {"student": student, "teacher": teacher, "optimizer": optimizer},
    )

    while run.step < options.steps:
        step = run.step
        training.begin_step(options.seed, step)
        training.set_rate(optimizer, options, step)
        picked = training.batch_indices(
            options.seed, step, options.batch, len(train.images)
        )
        images = fashion_mnist.to_unit(train.images[picked])
        crops = make_crops(images, options)
        large = torch.cat(crops[:LARGE_CROPS])

        with torch.no_grad():
            scores = teacher["head"](class_token(teacher["body"], large))
            targets = sinkhorn(scores, options.teacher_temperature)
            targets = targets.view(LARGE_CROPS, options.batch, -1)
        tokens = class_token(student["body"], large, options.keep)
        spread = sum(koleo_loss(part) for part in tokens.chunk(LARGE_CROPS))
        local = torch.cat(crops[LARGE_CROPS:])
        tokens = torch.cat([tokens, class_token(student["body"], local)])
        student_scores = student["head"](tokens)
        student_scores = student_scores.view(
            -1, options.batch, options.prototypes
        )
        match = dino_loss(student_scores, targets, options.student_temperature)
        loss = match + options.koleo * spread / LARGE_CROPS

        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(student.parameters(), 1.0)
        optimizer.step()
        # The teacher follows ever more slowly; it stands still at the end.
        share = 0.5 * (1 + math.cos(math.pi * step / options.steps))
        with torch.no_grad():
            for mine, theirs in zip(teacher.parameters(), student.parameters()):
                mine.lerp_(theirs, (1 - options.momentum) * share)
        run.advance()

        if run.step % 100 == 0 or run.step == options.steps:
            run.save()
            print(
                f"step {run.step} {run.times()} "
                f"match {match.item():.3f} koleo {spread.item() / 2:.3f} "
                + evaluate.glance(teacher["body"], train),
                flush=True,
            )

    options.out.mkdir(parents=True, exist_ok=True)
    teacher["body"].half().save_pretrained(options.out)
    training.save_preprocessor(options.out, "BitImageProcessor")
    print(f"saved {options.out} after {run.times()}", flush=True)


if __name__ == "__main__":
    main()
