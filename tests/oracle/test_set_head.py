"""The set head against SciPy, transformers' RT-DETR and Deformable DETR, and
autograd: the matcher, the losses, deformable attention, and one training step
of the whole head."""

import json
import os
import subprocess

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from scipy.optimize import linear_sum_assignment
from transformers.loss.loss_deformable_detr import (
    DeformableDetrHungarianMatcher)
from transformers.models.rt_detr.image_processing_pil_rt_detr import (
    RTDetrImageProcessorPil)
from transformers.models.rt_detr.modeling_rt_detr import (
    MultiScaleDeformableAttention)

from set_transcription import SetHead, parted

PROBE = os.path.join(os.environ["EYECHART_PROBES"], "set_probe")
TOY = {"maps": [[48, 16]], "width": 32, "classes": 5, "queries": 20,
       "layers": 3, "heads": 4, "points": 3, "hidden": 64, "denoising": 0}
STEP = {"rate": 1e-3, "decay": 1e-2, "clip": 1.0, "epsilon": 1e-3}


def run(tmp_path, step, tensors, **request):
    data, out = str(tmp_path / "data"), str(tmp_path / "out")
    save_file({k: v.contiguous() for k, v in tensors.items()}, data)
    done = subprocess.run(
        [PROBE], input=json.dumps(dict(request, step=step, data=data, out=out)),
        text=True, capture_output=True)
    assert done.returncode == 0, done.stderr
    return load_file(out)


def near(found, wanted, bound, what=""):
    """Within `bound` of the wanted tensor's largest value, or of 1."""
    gap = (found - wanted).abs().max().item() if wanted.numel() else 0
    scale = max(1, wanted.abs().max().item() if wanted.numel() else 0)
    assert gap <= bound * scale, f"{what}: {gap} of {scale}"


def test_the_assignment_is_as_cheap_as_scipys(tmp_path):
    rng = np.random.default_rng(1)
    costs, unique = [], []
    for i in range(400):
        rows, columns = rng.integers(0, 40, 2)
        kind = i % 4
        if kind == 0:
            cost = rng.normal(size=(rows, columns))
        elif kind == 1:  # ties
            cost = rng.integers(-3, 4, (rows, columns)).astype(float)
        elif kind == 2:  # far apart
            cost = rng.normal(size=(rows, columns)) * 10.0 ** rng.integers(
                -6, 7, (rows, 1))
        else:  # forbidden pairs
            cost = rng.normal(size=(rows, columns))
            cost[rng.random((rows, columns)) < rng.choice([0.3, 0.9])] = np.inf
        costs.append(cost)
        unique.append(kind != 1)
    for bad in (np.nan, -np.inf):
        cost = rng.normal(size=(4, 5))
        cost[2, 3] = bad
        costs.append(cost)
        unique.append(True)
    # As many queries as there are, against the objects of a full picture.
    costs.append(rng.normal(size=(300, 40)))
    unique.append(True)
    found = run(tmp_path, "assign",
                {f"cost.{i}": torch.from_numpy(c) for i, c in enumerate(costs)},
                count=len(costs))
    refused = 0
    for i, cost in enumerate(costs):
        try:
            rows, columns = linear_sum_assignment(cost)
        except ValueError:
            assert f"error.{i}" in found
            refused += 1
            continue
        assert f"error.{i}" not in found
        ours = found[f"rows.{i}"].numpy(), found[f"columns.{i}"].numpy()
        assert len(set(ours[1])) == len(ours[1]) == len(rows)
        assert list(ours[0]) == sorted(set(ours[0]))
        total = cost[rows, columns].sum()
        assert abs(cost[ours].sum() - total) <= 1e-12 * max(1, abs(total))
        if unique[i]:
            np.testing.assert_array_equal(ours[0], rows)
            np.testing.assert_array_equal(ours[1], columns)
    assert refused > 10


def sampling_case(rng, b, q, h, d, points, levels):
    cells = sum(a * c for a, c in levels)
    normal = lambda *s: torch.from_numpy(rng.normal(size=s).astype(np.float32))
    # Many inside, some across the edge, some far outside.
    locations = 0.5 + 0.45 * normal(b, q, h, len(levels), points, 2)
    weights = torch.softmax(normal(b, q, h, len(levels) * points), -1).view(
        b, q, h, len(levels), points)
    return {"values": normal(b, cells, h, d), "locations": locations,
            "weights": weights, "slope": normal(b, q, h * d),
            "levels": torch.tensor(levels)}


@pytest.mark.parametrize("case", [
    dict(b=2, q=17, h=4, d=16, points=3, levels=[(9, 7), (5, 4), (3, 2)]),
    dict(b=1, q=50, h=8, d=32, points=4, levels=[(20, 20), (10, 10), (5, 5)]),
    dict(b=3, q=5, h=2, d=5, points=1, levels=[(1, 6)]),
    dict(b=2, q=9, h=3, d=11, points=2, levels=[(1, 1), (4, 1)])])
@pytest.mark.parametrize("how", ["loops", "strided", "double"])
def test_deformable_attention_and_its_slopes(tmp_path, case, how):
    rng = np.random.default_rng([2, case["q"]])
    tensors = sampling_case(rng, **case)
    found = run(tmp_path, "sample", tensors, double=how == "double",
                strided=how == "strided")
    kind = torch.float64 if how == "double" else torch.float32
    leaves = {k: tensors[k].to(kind).requires_grad_(True)
              for k in ("values", "locations", "weights")}
    wanted = MultiScaleDeformableAttention()(
        leaves["values"], tensors["levels"], case["levels"], None,
        leaves["locations"], leaves["weights"], 64)
    wanted.backward(tensors["slope"].to(kind))
    bound = 1e-12 if how == "double" else 2e-6
    near(found["out"], wanted.detach(), bound, "out")
    for name, leaf in leaves.items():
        near(found[name], leaf.grad, bound, name)


def prediction(rng, b, q, k):
    boxes = np.concatenate([rng.uniform(0.1, 0.9, (b, q, 2)),
                            rng.uniform(0.02, 0.5, (b, q, 2))], -1)
    return {"logits": torch.from_numpy(
        rng.normal(-2, 2, (b, q, k)).astype(np.float32)),
            "boxes": torch.from_numpy(boxes.astype(np.float32))}


def objects(rng, counts, k):
    return [{"class_labels": torch.from_numpy(rng.integers(0, k, n)),
             "boxes": prediction(rng, 1, n, 1)["boxes"][0]} for n in counts]


def tensors_of(said, targets):
    found = dict(said)
    for i, target in enumerate(targets):
        found[f"boxes.{i}"] = target["boxes"]
        found[f"classes.{i}"] = target["class_labels"]
    return found


# More objects than queries, none in one picture, none at all.
COUNTS = [[3, 7, 1], [0, 4], [40, 2, 0], [0, 0], [1]]


@pytest.mark.parametrize("counts", COUNTS)
@pytest.mark.parametrize("seed", range(4))
def test_matches_are_transformers(tmp_path, counts, seed):
    rng = np.random.default_rng([3, seed, sum(counts)])
    said = prediction(rng, len(counts), 25, 6)
    targets = objects(rng, counts, 6)
    found = run(tmp_path, "match", tensors_of(said, targets),
                pictures=len(counts))
    outputs = {"logits": said["logits"], "pred_boxes": said["boxes"]}
    model = SetHead(dict(TOY, queries=25, classes=6))
    deformable = DeformableDetrHungarianMatcher(2, 5, 2)
    for matcher in (model.matcher, deformable):
        rows, boxes, classes = [], [], []
        for i, (query, box) in enumerate(matcher(outputs, targets)):
            order = query.argsort()
            rows += (25 * i + query[order]).tolist()
            boxes.append(targets[i]["boxes"][box[order]])
            classes.append(targets[i]["class_labels"][box[order]])
        assert found["rows"].tolist() == rows
        assert torch.equal(found["boxes"], torch.cat(boxes))
        assert torch.equal(found["classes"], torch.cat(classes))


@pytest.mark.parametrize("varifocal", [True, False])
@pytest.mark.parametrize("counts", COUNTS)
def test_losses_are_transformers(tmp_path, counts, varifocal):
    rng = np.random.default_rng([4, sum(counts)])
    said = prediction(rng, len(counts), 25, 6)
    targets = objects(rng, counts, 6)
    count = max(1, sum(counts))
    found = run(tmp_path, "losses", tensors_of(said, targets),
                pictures=len(counts), objects=count, varifocal=varifocal)
    model = SetHead(dict(TOY, queries=25, classes=6, varifocal=varifocal))
    leaves = {"logits": said["logits"].clone().requires_grad_(True),
              "pred_boxes": said["boxes"].clone().requires_grad_(True)}
    wanted = model.set_losses(leaves, targets, count)
    sum(wanted.values()).backward()
    near(found["classes"], wanted["class"].detach(), 2e-6, "classes")
    near(found["l1"], wanted["l1"].detach(), 2e-6, "l1")
    near(found["giou"], wanted["giou"].detach(), 2e-6, "giou")
    near(found["logits"], leaves["logits"].grad, 2e-6, "slope of logits")
    near(found["boxes"], leaves["pred_boxes"].grad, 2e-6, "slope of boxes")


def parameters(tmp_path, options, rng):
    """Our start values, moved so that nothing is zero or alike."""
    start = run(tmp_path, "start", {"none": torch.zeros(1)}, **options)
    moved = {}
    for name, value in start.items():
        name = name.removeprefix("param.")
        noise = torch.from_numpy(
            rng.normal(size=value.shape).astype(np.float32))
        # The last box layers start as zeros: boxes then would not move.
        moved[name] = value + 0.05 * noise
    return moved


def scene(rng, options, sizes, counts):
    maps = [torch.from_numpy(rng.normal(
        size=(len(counts), width, *size)).astype(np.float32))
        for (width, _), size in zip(options["maps"], sizes)]
    stride = options["maps"][0][1]
    w, h = sizes[0][1] * stride, sizes[0][0] * stride
    pictures = []
    for n in counts:
        centre = rng.uniform(0.2, 0.8, (n, 2)) * [w, h]
        half = rng.uniform(0.02, 0.2, (n, 2)) * [w, h]
        pictures.append({
            "corners": torch.from_numpy(np.concatenate(
                [centre - half, centre + half], 1).astype(np.float32)),
            "classes": torch.from_numpy(
                rng.integers(0, options["classes"], n))})
    return maps, pictures


STEPS = {
    "varifocal": (TOY, [(6, 6)], [3, 0, 5]),
    "focal": (dict(TOY, varifocal=False), [(6, 6)], [3, 0, 5]),
    "wide": (dict(TOY, width=64, heads=8, points=4), [(4, 9)], [2, 2]),
    "fewer cells than queries": (dict(TOY, queries=300), [(2, 3)], [1, 4]),
    "more boxes than queries": (dict(TOY, queries=4), [(5, 5)], [9, 1]),
    "no boxes": (TOY, [(5, 5)], [0, 0]),
    "cells at the edge of a wide map": (dict(TOY, queries=30), [(2, 30)],
                                        [3, 2]),
    # Groups of a good and a bad copy of each object: 3, 1 as they are too many
    # for more, and none.
    "denoising": (dict(TOY, denoising=10), [(6, 6)], [3, 0, 2]),
    "denoising many boxes": (dict(TOY, denoising=5), [(6, 6)], [9, 1]),
    "denoising by the focal loss": (dict(TOY, denoising=100, varifocal=False),
                                    [(4, 9)], [2, 2]),
    "denoising no boxes": (dict(TOY, denoising=10), [(5, 5)], [0, 0]),
    "stages": (dict(TOY, maps=[[16, 8], [32, 16], [64, 32]]),
               [(8, 8), (4, 4), (2, 2)], [3, 1]),
}


@pytest.mark.parametrize("name", STEPS)
def test_one_training_step_is_the_transcriptions(tmp_path, name):
    options, sizes, counts = STEPS[name]
    rng = np.random.default_rng([5, len(name)])
    start = parameters(tmp_path, options, rng)
    maps, pictures = scene(rng, options, sizes, counts)
    tensors = {f"param.{k}": v for k, v in start.items()}
    tensors.update({f"map.{i}": m for i, m in enumerate(maps)})
    for i, picture in enumerate(pictures):
        tensors[f"corners.{i}"] = picture["corners"]
        tensors[f"classes.{i}"] = picture["classes"]
    found = run(tmp_path, "train", tensors, **options, **STEP)

    model = SetHead(options).load(start)
    own = model.by_our_names()
    # Vectors are not decayed.
    optimizer = torch.optim.AdamW(
        [{"params": [p for p in own.values() if p.dim() > 1],
          "weight_decay": STEP["decay"]},
         {"params": [p for p in own.values() if p.dim() <= 1],
          "weight_decay": 0}], lr=STEP["rate"], eps=STEP["epsilon"])
    targets = [{"class_labels": p["classes"],
                "boxes": parted(p["corners"], maps, options)}
               for p in pictures]
    draws = {k.removeprefix("draw."): v for k, v in found.items()
             if k.startswith("draw.")}
    assert bool(draws) == (options["denoising"] > 0 and sum(counts) > 0)
    said = model(maps, targets, draws or None)
    losses = model.losses(said, targets)
    for key, value in losses.items():
        near(found[f"loss.{key}"], torch.as_tensor(value).detach(), 1e-5, key)
    sum(losses.values()).backward()
    largest = max(p.grad.abs().max().item() for p in own.values()
                  if p.grad is not None)
    for key, parameter in own.items():
        slope = parameter.grad
        if slope is None:
            slope = torch.zeros_like(parameter)
        ours = found.get(f"slope.{key}", torch.zeros_like(parameter))
        gap = (ours - slope).abs().max().item()
        assert gap <= 1e-5 * max(1, largest), f"slope of {key}: {gap}"
    torch.nn.utils.clip_grad_norm_(own.values(), STEP["clip"])
    optimizer.step()
    moved = 0
    for key, parameter in own.items():
        near(found[f"end.{key}"], parameter.detach(), 1e-5, f"{key} after")
        moved = max(moved, (parameter.detach() - start[key]).abs().max().item())
    assert moved > 1e-5

    processor = RTDetrImageProcessorPil()
    stride = options["maps"][0][1]
    size = [[sizes[0][0] * stride, sizes[0][1] * stride]] * len(counts)

    class Said:
        logits = said["logits"][:, -1].detach()
        pred_boxes = said["boxes"][:, -1].detach()

    wanted = processor.post_process_object_detection(
        Said, threshold=-1, target_sizes=torch.tensor(size))
    for i, picture in enumerate(wanted):
        near(found[f"found.scores.{i}"], picture["scores"], 1e-5, "scores")
        apart = picture["scores"].diff().abs()
        if len(apart) and apart.min() < 1e-6:
            continue  # the order of near ties is nobody's
        assert torch.equal(found[f"found.classes.{i}"], picture["labels"])
        limit = torch.tensor([size[0][1], size[0][0]] * 2).float()
        inside = picture["boxes"].clamp_min(0).minimum(limit)
        near(found[f"found.corners.{i}"], inside, 1e-5, "corners")


def test_it_starts_as_published(tmp_path):
    start = run(tmp_path, "start", {"none": torch.zeros(1)}, **TOY)
    model = SetHead(TOY)
    own = model.by_our_names()
    for name, value in start.items():
        name = name.removeprefix("param.")
        reference = own[name].detach()
        assert value.shape == reference.shape, name
        # The rings of transformers' own start, and what it makes zero.
        if "cross.offsets" in name or "cross.weights" in name:
            model.decoder._init_weights(
                model.decoder.layers[0].encoder_attn)
            near(value, model.by_our_names()[
                name.replace("layer.1", "layer.0").replace(
                    "layer.2", "layer.0")].detach(), 1e-6, name)
        if name.endswith("box.2.weight") or name.endswith("box.2.bias"):
            assert value.abs().max() == 0, name
        if name.endswith("class.bias"):
            near(value.sigmoid(), torch.full_like(value, 0.01), 1e-6, name)
        if name.endswith("feed.0.weight"):
            wanted = (2 / sum(value.shape)) ** 0.5
            assert abs(value.std().item() / wanted - 1) < 0.1, name
