"""Trains a small DINOv2 on generated pictures by self-distillation, no labels.

A student sees crops of a picture and learns to give them the prototype scores
that a teacher, the running average of the student, gives to other crops of the
same picture. Of DINOv2's recipe this keeps the multi-crop DINO loss on the
class token, Sinkhorn-Knopp centering of the teacher's scores and the KoLeo term
that spreads the class tokens of a batch; it leaves out the patch-level (iBOT)
loss. The teacher sees two large crops, the student one of them and the local
ones. The student's large crop loses a quarter of its patches at random, which
takes the place of DINOv2's masked patches.

Crops are mild and never mirrored, so that side, number and heading are the same
in all crops of a picture. The two pictures of a pattern pair are in one batch
and are cropped, toned and thinned out alike: they are each other's nearest
neighbours there, and KoLeo draws them apart by what differs, the property.
Nothing says what that is or which picture has it.
"""

import argparse
import copy
import math

import torch
import torch.nn.functional as F
from torch import nn
from transformers import Dinov2Config, Dinov2Model

import augment
import pictures
import training

LARGE_CROPS = 2


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


def class_token(
    model: Dinov2Model, pixels: torch.Tensor, keep: float = 1, twins: int = 0
):
    """The class token after the final norm, from a share of the patches."""
    hidden = training.drop_patches(model.embeddings(pixels), keep, twins)
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
      student: scores (1 + local crops, B, K), of the first large crop first.
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
    twins = options.batch // 4
    crops = [(pictures.SIZE, (options.large_area, 1.0))] * LARGE_CROPS
    local = (options.local_size, (options.local_area, options.large_area))
    crops += [local] * options.local_crops
    return [
        pictures.normalize(
            augment.random_tone(
                augment.random_resized_crop(images, edge, area, twins=twins),
                gain=options.gain,
                gamma=options.gain,
                tint=options.tint,
                twins=twins,
            )
        )
        for edge, area in crops
    ]


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    training.add_common_arguments(
        parser, "dinov2", steps=520, batch=64, rate=1.5e-3
    )
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--patch", type=int, default=12)
    parser.add_argument("--initializer-range", type=float, default=0.06)
    parser.add_argument("--local-crops", type=int, default=2)
    parser.add_argument("--local-size", type=int, default=48)
    parser.add_argument("--keep", type=float, default=0.75)
    parser.add_argument("--large-area", type=float, default=0.7)
    parser.add_argument("--local-area", type=float, default=0.3)
    parser.add_argument("--gain", type=float, default=0.2)
    parser.add_argument("--tint", type=float, default=0.05)
    parser.add_argument("--prototypes", type=int, default=1024)
    parser.add_argument("--koleo", type=float, default=0.2)
    parser.add_argument("--momentum", type=float, default=0.99)
    parser.add_argument("--student-temperature", type=float, default=0.1)
    parser.add_argument("--teacher-temperature", type=float, default=0.04)
    return parser.parse_args()


def make_config(options) -> Dinov2Config:
    """A small tower without a token for masked patches."""
    return Dinov2Config(
        image_size=pictures.SIZE,
        patch_size=options.patch,
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


def pick(options, step: int, scenes, patterns) -> torch.Tensor:
    """A step's pictures: half scenes, half both pictures of pattern pairs."""
    half = options.batch // 2
    some = training.batch_indices(options.seed, step, half, len(scenes))
    pairs = training.batch_indices(
        options.seed, step, half // 2, len(patterns) // 2
    )
    more = torch.cat([2 * pairs, 2 * pairs + 1])
    return torch.cat([scenes.batch(some), patterns.batch(more)])


def main():
    options = parse_arguments()
    training.begin(options)
    scenes, patterns = pictures.load_training(options.eyechart)

    student = nn.ModuleDict(
        {
            "body": Dinov2Model(make_config(options)),
            "head": Head(options.width, 512, 64, options.prototypes),
        }
    )
    teacher = copy.deepcopy(student).requires_grad_(False)
    optimizer = torch.optim.AdamW(
        training.parameter_groups(student, options.weight_decay),
        lr=options.learning_rate,
    )
    run = training.Run(
        options,
        {"student": student, "teacher": teacher, "optimizer": optimizer},
    )

    for step in run.steps():
        crops = make_crops(pick(options, step, scenes, patterns), options)
        large = torch.cat(crops[:LARGE_CROPS])
        with torch.no_grad():
            scores = teacher["head"](class_token(teacher["body"], large))
            targets = sinkhorn(scores, options.teacher_temperature)
            targets = targets.view(LARGE_CROPS, options.batch, -1)
        keep = 1 if run.falling else options.keep
        tokens = class_token(
            student["body"], crops[0], keep, twins=options.batch // 4
        )
        spread = koleo_loss(tokens)
        local = torch.cat(crops[LARGE_CROPS:])
        tokens = torch.cat([tokens, class_token(student["body"], local)])
        student_scores = student["head"](tokens)
        student_scores = student_scores.view(
            -1, options.batch, options.prototypes
        )
        match = dino_loss(student_scores, targets, options.student_temperature)
        loss = match + options.koleo * spread

        training.descend(optimizer, student, loss)
        # Early on the average is over fewer steps.
        momentum = min(options.momentum, 1 - 1 / (step + 2))
        with torch.no_grad():
            for mine, theirs in zip(teacher.parameters(), student.parameters()):
                mine.lerp_(theirs, 1 - momentum)
        entropy = -(targets * (targets + 1e-9).log()).sum(-1).mean()
        run.log(
            f"match {match.item():.3f} of {math.log(options.prototypes):.2f}, "
            f"targets {entropy.item():.2f}, koleo {spread.item():.3f}"
        )

    options.out.mkdir(parents=True, exist_ok=True)
    teacher["body"].half().save_pretrained(options.out)
    training.save_preprocessor(options.out, "BitImageProcessor")
    print(f"saved {options.out} after {run.times()}", flush=True)


if __name__ == "__main__":
    main()
