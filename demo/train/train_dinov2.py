"""Trains a small DINOv2 on generated pictures by self-distillation, no labels.

A student sees crops of a picture and learns to give them the prototype scores
that a teacher, the running average of the student, gives to other crops of the
same picture. As DINOv2's recipe has it, there are four parts: the multi-crop
DINO loss on the class token; the iBOT loss, which asks for the teacher's scores
of patches that the student does not see; Sinkhorn-Knopp centering of both; and
the KoLeo term that spreads the class tokens of a batch. `--contrast` adds a
fifth that DINOv2 lacks: the student's class token has to find the teacher's of
the same picture among those of the batch.

Crops are mild and never mirrored, and local ones are large, so that side,
number and heading are the same in all crops of a picture. The two pictures of a
pattern pair are in one batch and are cropped, toned and masked alike: they are
each other's nearest neighbours there, and KoLeo (and the contrast) draw them
apart by what differs, the property. Nothing says what that is or which picture
has it.
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

# Of the large crops the student sees the first with patches masked.
LARGE_CROPS = 2


class Head(nn.Module):
    """Tokens to scores over prototypes, both at unit length.

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

    def forward(self, tokens: torch.Tensor):
        """(N, D) to unit vectors (N, bottleneck) and scores (N, prototypes)."""
        unit = F.normalize(self.mlp(tokens), dim=-1)
        return unit, unit @ F.normalize(self.prototypes, dim=-1).T


def tokens_of(model: Dinov2Model, pixels: torch.Tensor, masked=None):
    """All tokens (B, 1 + patches, D) after the final norm.

    Args:
      model: the body.
      pixels: normalised.
      masked: patches that are not seen, bool (B, patches).
    """
    hidden = model.embeddings(pixels, bool_masked_pos=masked)
    return model.layernorm(model.encoder(hidden).last_hidden_state)


def random_masks(count: int, side: int, share: float, twins: int, device):
    """Which patches to mask: the same number in each picture, in clumps.

    Clumps, as a single patch is too easily told from those around it.

    Returns:
      Numbers of the masked patches, (B, round(share * side^2)).
    """
    draws = count - twins
    coarse = torch.rand(draws, 1, 4, 4, device=device)
    smooth = F.interpolate(coarse, size=(side, side), mode="bilinear")
    noise = smooth.flatten(1) + 0.3 * torch.rand(draws, side**2, device=device)
    chosen = noise.topk(round(share * side**2), 1).indices
    return torch.cat([chosen, chosen[draws - twins :]])


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
      student: scores (crops, B, K), of the large crops first.
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


def contrast_loss(student: torch.Tensor, teacher: torch.Tensor, scale: float):
    """The student's crops have to find the teacher's of the same picture.

    Args:
      student: unit vectors (crops, B, D), of the large crops first.
      teacher: unit vectors (large crops, B, D).
      scale: what cosines are multiplied by.
    """
    labels = torch.arange(student.shape[1], device=student.device)
    losses = [
        F.cross_entropy(scale * student[s] @ teacher[t].T, labels)
        for t in range(teacher.shape[0])
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


def make_crops(images: torch.Tensor, options, twins: int):
    """Large crops first, then local ones; normalised pixel values."""
    crops = [(pictures.SIZE, (options.large_area, 1.0))] * LARGE_CROPS
    local = (options.local_size, (options.local_area, options.local_most))
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
        parser, "dinov2", steps=2600, batch=128, rate=1.5e-3
    )
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--patch", type=int, default=12)
    parser.add_argument("--initializer-range", type=float, default=0.06)
    parser.add_argument("--pattern-share", type=float, default=0.5)
    parser.add_argument("--local-crops", type=int, default=2)
    parser.add_argument("--local-size", type=int, default=48)
    parser.add_argument("--mask", type=float, default=0.4)
    parser.add_argument("--large-area", type=float, default=0.7)
    parser.add_argument("--local-area", type=float, default=0.4)
    parser.add_argument("--local-most", type=float, default=0.8)
    parser.add_argument("--gain", type=float, default=0.2)
    parser.add_argument("--tint", type=float, default=0.05)
    parser.add_argument("--prototypes", type=int, default=1024)
    parser.add_argument("--patch-prototypes", type=int, default=512)
    parser.add_argument("--dino", type=float, default=1.0)
    parser.add_argument("--ibot", type=float, default=1.0)
    parser.add_argument("--koleo", type=float, default=0.2)
    parser.add_argument("--contrast", type=float, default=0.0)
    parser.add_argument("--contrast-scale", type=float, default=10.0)
    parser.add_argument("--momentum", type=float, default=0.996)
    parser.add_argument("--student-temperature", type=float, default=0.1)
    parser.add_argument("--teacher-temperature", type=float, default=0.04)
    return parser.parse_args()


def make_config(options) -> Dinov2Config:
    """A small tower, with the token for masked patches."""
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
        use_mask_token=True,
    )


def pick(options, step: int, scenes, patterns):
    """A step's pictures: scenes, then both pictures of pattern pairs.

    Returns:
      the pictures, and how many pairs there are: their second pictures come
      last, in the order of the first ones.
    """
    twins = round(options.batch * options.pattern_share / 2)
    rest = options.batch - 2 * twins
    some = training.batch_indices(options.seed, step, rest, len(scenes))
    pairs = training.batch_indices(
        options.seed, step, twins, len(patterns) // 2
    )
    more = torch.cat([2 * pairs, 2 * pairs + 1])
    return torch.cat([scenes.batch(some), patterns.batch(more)]), twins


def losses(student, teacher, crops, chosen, options) -> dict:
    """The parts of the loss, and the entropy of the teacher's assignments.

    Args:
      student, teacher: body, head and patch_head.
      crops: of make_crops().
      chosen: numbers of the patches masked in the first crop, (B, M).
      options: the arguments.
    """
    batch = options.batch
    width = options.width
    place = chosen[..., None].expand(-1, -1, width)
    with torch.no_grad():
        seen = tokens_of(teacher["body"], torch.cat(crops[:LARGE_CROPS]))
        wanted, scores = teacher["head"](seen[:, 0])
        wanted = wanted.view(LARGE_CROPS, batch, -1)
        targets = sinkhorn(scores, options.teacher_temperature)
        targets = targets.view(LARGE_CROPS, batch, -1)
        hidden = seen[:batch, 1:].gather(1, place).flatten(0, 1)
        _, scores = teacher["patch_head"](hidden)
        patch_targets = sinkhorn(scores, options.teacher_temperature)

    masked = torch.zeros(
        batch, (pictures.SIZE // options.patch) ** 2, device=chosen.device
    )
    masked = masked.scatter(1, chosen, 1.0).bool()
    large = torch.cat(crops[:LARGE_CROPS])
    masked = torch.cat([masked, torch.zeros_like(masked)])
    tokens = tokens_of(student["body"], large, masked)
    local = tokens_of(student["body"], torch.cat(crops[LARGE_CROPS:]))
    whole = torch.cat([tokens[:, 0], local[:, 0]])
    unit, scores = student["head"](whole)
    count = LARGE_CROPS + options.local_crops
    _, guessed = student["patch_head"](
        tokens[:batch, 1:].gather(1, place).flatten(0, 1)
    )
    guessed = (guessed / options.student_temperature).log_softmax(-1)
    parts = {
        "dino": dino_loss(
            scores.view(count, batch, -1),
            targets,
            options.student_temperature,
        ),
        "ibot": -(patch_targets * guessed).sum(-1).mean(),
        # Of the crop that is seen whole.
        "koleo": koleo_loss(tokens[batch:, 0]),
        "entropy": -(targets * (targets + 1e-9).log()).sum(-1).mean(),
    }
    if options.contrast:
        parts["contrast"] = contrast_loss(
            unit.view(count, batch, -1), wanted, options.contrast_scale
        )
    return parts


def main():
    options = parse_arguments()
    training.begin(options)
    scenes, patterns = pictures.load_training(options)

    student = nn.ModuleDict(
        {
            "body": Dinov2Model(make_config(options)),
            "head": Head(options.width, 512, 64, options.prototypes),
            "patch_head": Head(
                options.width, 256, 64, options.patch_prototypes
            ),
        }
    ).to(options.device)
    teacher = copy.deepcopy(student).requires_grad_(False)
    optimizer = training.make_optimizer(student, options)
    run = training.Run(
        options,
        {"student": student, "teacher": teacher, "optimizer": optimizer},
    )
    averages = list(teacher.parameters())
    weights = list(student.parameters())
    side = pictures.SIZE // options.patch

    for step in run.steps():
        images, twins = pick(options, step, scenes, patterns)
        crops = make_crops(images, options, twins)
        chosen = random_masks(
            options.batch, side, options.mask, twins, images.device
        )
        parts = losses(student, teacher, crops, chosen, options)
        loss = sum(
            getattr(options, name) * value
            for name, value in parts.items()
            if name != "entropy"
        )
        training.descend(optimizer, student, loss)
        # Early on the average is over fewer steps; while the learning rate
        # falls it grows longer, as DINO's does.
        share = max(1 / (step + 2), (1 - options.momentum) * run.fall)
        with torch.no_grad():
            torch._foreach_lerp_(averages, weights, share)
        run.log(
            f"of {math.log(options.prototypes):.2f}: "
            + " ".join(f"{name} {{{name}:.3f}}" for name in parts),
            **parts,
        )

    options.out.mkdir(parents=True, exist_ok=True)
    teacher["body"].half().save_pretrained(options.out)
    training.save_preprocessor(options.out, "BitImageProcessor")
    run.finish()


if __name__ == "__main__":
    main()
