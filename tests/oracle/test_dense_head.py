"""The dense detection head against its published description, written down in
PyTorch: losses by transformers' functions, cells by a transcription of the
paper, training step by step by autograd."""

import json
import math
import os
import subprocess

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn import functional
from transformers.loss.loss_for_object_detection import (generalized_box_iou,
                                                         sigmoid_focal_loss)

PROBE = os.path.join(os.environ["EYECHART_PROBES"], "detection_probe")


def run(tmp_path, tensors, **request):
    data, out = str(tmp_path / "data"), str(tmp_path / "out")
    save_file({k: v.contiguous() for k, v in tensors.items()}, data)
    done = subprocess.run([PROBE], text=True, capture_output=True,
                          input=json.dumps(dict(request, data=data, out=out)))
    assert done.returncode == 0, done.stderr
    return load_file(out)


def normal(rng, *shape):
    return torch.from_numpy(rng.normal(size=shape).astype(np.float32))


def boxes_in(rng, n, width, height, least=3.0):
    """n boxes, from small to nearly the whole picture."""
    size = np.exp(rng.uniform(np.log(least), np.log(min(width, height)),
                              (n, 2)))
    low = rng.uniform(0, 1, (n, 2)) * (np.array([width, height]) - size)
    return torch.from_numpy(
        np.concatenate([low, low + size], 1).astype(np.float32))


def focal_sum(logits, truth):
    """transformers' is a mean over the second dimension."""
    flat = logits.reshape(1, -1)
    return sigmoid_focal_loss(flat, truth.reshape(1, -1), 1) * flat.shape[1]


# Losses.

@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("classes", [1, 7])
def test_losses_are_transformers(tmp_path, seed, classes):
    rng = np.random.default_rng([1, seed, classes])
    n = 60
    logits = normal(rng, n, classes) * 4
    labels = torch.from_numpy(rng.integers(-2, classes, n))
    boxes, others = boxes_in(rng, n, 90, 70), boxes_in(rng, n, 90, 70)
    found = run(tmp_path, {"logits": logits, "classes": labels, "boxes": boxes,
                           "others": others}, do="losses")
    kept = labels != -2
    truth = functional.one_hot(labels[kept] + 1, classes + 1)[:, 1:].float()
    wanted = focal_sum(logits[kept], truth)
    torch.testing.assert_close(found["focal"], wanted, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(found["giou"],
                               generalized_box_iou(boxes, others),
                               rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(
        found["l1"], functional.l1_loss(boxes, others, reduction="sum"),
        rtol=1e-5, atol=1e-6)


# Cells.

def points_of(grids):
    return np.concatenate([
        np.stack(np.meshgrid((np.arange(w) + 0.5) * s,
                             (np.arange(h) + 0.5) * s), -1).reshape(-1, 2)
        for h, w, s in grids])


def cells_of(grids, boxes, labels, ignored, radius=1.5, reach=8):
    """FCOS, section 3.2 and its centre sampling, every cell against every
    box: class, box and centreness of each, -1 or -2 where none."""
    points = points_of(grids)
    stride = np.concatenate([np.full(h * w, s) for h, w, s in grids])
    level = np.concatenate([np.full(h * w, i)
                            for i, (h, w, s) in enumerate(grids)])
    low = np.array([0] + [reach * s for _, _, s in grids[:-1]])[level]
    high = np.array([reach * s for _, _, s in grids[:-1]] + [np.inf])[level]
    found = np.full(len(points), -1)
    corners = np.zeros((len(points), 4))
    centreness = np.zeros(len(points))
    for x1, y1, x2, y2 in np.asarray(ignored, np.float64).reshape(-1, 4):
        x, y = points.T
        found[(x > x1) & (x < x2) & (y > y1) & (y < y2)] = -2
    boxes = np.asarray(boxes, np.float64)
    for i, (x, y) in enumerate(points):
        best = np.inf
        for box, label in zip(boxes, labels):
            x1, y1, x2, y2 = box
            sides = np.array([x - x1, y - y1, x2 - x, y2 - y])
            near = max(abs(x - (x1 + x2) / 2), abs(y - (y1 + y2) / 2))
            area = (x2 - x1) * (y2 - y1)
            if (sides.min() > 0 and near < radius * stride[i]
                    and low[i] <= sides.max() <= high[i] and area < best):
                best, found[i], corners[i] = area, label, box
                l, t, r, b = sides
                centreness[i] = math.sqrt(min(l, r) / max(l, r)
                                          * min(t, b) / max(t, b))
    return found, corners, centreness


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("strides", [(8, 16, 32), (7, 14, 28)])
def test_cells_are_fcos(tmp_path, seed, strides):
    rng = np.random.default_rng([2, seed])
    height, width = rng.integers(90, 400, 2)
    grids = [(math.ceil(height / s), math.ceil(width / s), s) for s in strides]
    tensors, wanted = {}, []
    for i in range(3):
        n = int(rng.integers(0, 12))
        boxes = boxes_in(rng, n, width, height, least=2.0)
        if seed % 2:  # whole numbers: points on edges, equal areas
            boxes = (boxes / 4).round() * 4
        labels = torch.from_numpy(rng.integers(0, 5, n))
        tensors[f"corners.{i}"], tensors[f"classes.{i}"] = boxes, labels
        ignored = boxes_in(rng, 2, width, height)
        if i:
            tensors[f"ignored.{i}"] = ignored
        wanted.append(cells_of(grids, boxes, labels, ignored if i else []))
    found = run(tmp_path, tensors, do="cells", grids=grids, pictures=3,
                radius=1.5, reach=8)
    classes, corners, centreness = (np.concatenate(x) for x in zip(*wanted))
    assert (found["classes"].numpy() == classes).all()
    cells = found["cells"].numpy()
    assert (cells == np.flatnonzero(classes >= 0)).all()
    assert (found["corners"].numpy() == corners[cells]).all()
    np.testing.assert_allclose(found["centreness"].numpy(), centreness[cells],
                               rtol=1e-6)


# The head.

class ChannelNorm(nn.LayerNorm):
    def __init__(self, width):
        super().__init__(width, eps=1e-6)

    def forward(self, x):
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class Pyramid(nn.Module):
    """ViTDet's simple feature pyramid, layer by layer."""

    def __init__(self, maps, width):
        super().__init__()
        self.sources, self.strides = [], []
        self.levels = nn.ModuleList()
        for target in (8, 16, 32):
            source = min(range(len(maps)),
                         key=lambda i: abs(math.log2(maps[i][1] / target)))
            c, stride = maps[source]
            scale = 2.0 ** round(math.log2(stride / target))
            if scale == 4:
                layers = [nn.ConvTranspose2d(c, c // 2, 2, 2),
                          ChannelNorm(c // 2), nn.GELU(),
                          nn.ConvTranspose2d(c // 2, c // 4, 2, 2)]
                c //= 4
            elif scale == 2:
                layers = [nn.ConvTranspose2d(c, c // 2, 2, 2)]
                c //= 2
            else:
                layers = [nn.MaxPool2d(2, 2, ceil_mode=True)
                          for _ in range(round(-math.log2(scale)))]
            layers += [nn.Conv2d(c, width, 1, bias=False), ChannelNorm(width),
                       nn.Conv2d(width, width, 3, padding=1, bias=False),
                       ChannelNorm(width)]
            self.sources.append(source)
            self.strides.append(int(stride / scale))
            self.levels.append(nn.Sequential(*layers))

    def forward(self, maps):
        return [level(maps[i]) for level, i in zip(self.levels, self.sources)]


def tower_of(width, count):
    layers = []
    for _ in range(count):
        layers += [nn.Conv2d(width, width, 3, padding=1),
                   nn.GroupNorm(32, width), nn.ReLU()]
    return nn.Sequential(*layers)


class Fcos(nn.Module):
    def __init__(self, maps, width, classes, count):
        super().__init__()
        self.maps, self.classes = maps, classes
        self.pyramid = Pyramid(maps, width)
        self.class_tower = tower_of(width, count)
        self.box_tower = tower_of(width, count)
        self.class_ = nn.Conv2d(width, classes, 3, padding=1)
        self.box = nn.Conv2d(width, 4, 3, padding=1)
        self.centreness = nn.Conv2d(width, 1, 3, padding=1)
        self.scale = nn.Parameter(torch.ones(3))

    def named(self):
        """Parameters by eyechart's names."""
        made = {}
        for i, level in enumerate(self.pyramid.levels):
            own = [m for m in level if list(m.parameters())]
            parts = ["lateral", "lateral_norm", "output", "output_norm"]
            parts = {4: [], 5: ["stretch0"],
                     7: ["stretch0", "norm1", "stretch1"]}[len(own)] + parts
            for part, module in zip(parts, own):
                for name, p in module.named_parameters():
                    made[f"pyramid.{i}.{part}.{name}"] = p
        for tower in ("class_tower", "box_tower"):
            for i, module in enumerate(getattr(self, tower)):
                norm = "norm." if isinstance(module, nn.GroupNorm) else ""
                for name, p in module.named_parameters():
                    made[f"{tower}.{i // 3}.{norm}{name}"] = p
        for part in ("class_", "box", "centreness"):
            for name, p in getattr(self, part).named_parameters():
                made[f"{part.rstrip('_')}.{name}"] = p
        made["scale"] = self.scale
        return made

    def load(self, found, prefix):
        named = self.named()
        wanted = {k[len(prefix):] for k in found if k.startswith(prefix)}
        assert wanted == set(named), wanted ^ set(named)
        with torch.no_grad():
            for name, p in named.items():
                p.copy_(found[prefix + name])
        return self

    def forward(self, maps):
        rows = lambda x: x.flatten(2).transpose(1, 2)
        logits, sides, centres, grids = [], [], [], []
        levels = self.pyramid(maps)
        for level, stride, scale in zip(levels, self.pyramid.strides,
                                        self.scale):
            c, b = self.class_tower(level), self.box_tower(level)
            logits.append(rows(self.class_(c)))
            sides.append(torch.exp(rows(self.box(b)) * scale) * stride)
            centres.append(rows(self.centreness(b)).squeeze(2))
            grids.append((*level.shape[2:], stride))
        sides = torch.cat(sides, 1)
        points = torch.from_numpy(points_of(grids).astype(np.float32))
        boxes = torch.cat([points - sides[..., :2], points + sides[..., 2:]],
                          -1)
        return torch.cat(logits, 1), boxes, torch.cat(centres, 1), grids

    def losses(self, maps, targets):
        logits, boxes, centres, grids = self(maps)
        wanted = [cells_of(grids, t["corners"], t["classes"],
                           t.get("ignored", [])) for t in targets]
        labels, corners, centreness = (
            torch.from_numpy(np.stack(x)) for x in zip(*wanted))
        there, kept = labels >= 0, labels != -2
        truth = functional.one_hot(labels.clamp(min=-1) + 1,
                                   self.classes + 1)[..., 1:].float()
        n = max(1, int(there.sum()))
        weights = centreness[there].float()
        giou = torch.diagonal(generalized_box_iou(boxes[there],
                                                  corners[there].float()))
        return {
            "class": focal_sum(logits[kept], truth[kept]) / n,
            "box": ((1 - giou) * weights).sum() / max(1e-6, weights.sum()),
            "centreness": functional.binary_cross_entropy_with_logits(
                centres[there], weights, reduction="sum") / n}

    @torch.no_grad()
    def detect(self, maps, least, most):
        logits, boxes, centres, _ = self(maps)
        stride = self.maps[0][1]
        h, w = (size * stride for size in maps[0].shape[2:])
        scores = (logits.sigmoid() * centres.sigmoid()[..., None]).sqrt()
        found = []
        for i in range(len(scores)):
            flat = scores[i].flatten()
            order = flat.argsort(descending=True, stable=True)
            order = order[flat[order] >= least][:most]
            b = boxes[i][order // self.classes]
            b = torch.stack([b[:, 0].clamp(0, w), b[:, 1].clamp(0, h),
                             b[:, 2].clamp(0, w), b[:, 3].clamp(0, h)], 1)
            found.append((b, flat[order], order % self.classes))
        return found


CASES = {
    "stride14": dict(maps=[[24, 14]], sizes=[(8, 6)]),
    "stride16odd": dict(maps=[[32, 16]], sizes=[(7, 9)]),
    "stride32": dict(maps=[[32, 32]], sizes=[(5, 4)]),
    "stride8": dict(maps=[[16, 8]], sizes=[(13, 11)]),
    "stages": dict(maps=[[8, 4], [12, 8], [16, 16], [24, 32]],
                   sizes=[(32, 24), (16, 12), (8, 6), (4, 3)]),
}


def case(rng, maps, sizes, pictures, classes, empty=(1,)):
    tensors, targets = {}, []
    height, width = (s * maps[0][1] for s in sizes[0])
    for i, ((c, _), (h, w)) in enumerate(zip(maps, sizes)):
        scale = torch.from_numpy(
            rng.uniform(0.3, 2, (c, 1, 1)).astype(np.float32))
        tensors[f"map.{i}"] = normal(rng, pictures, c, h, w) * scale + 0.3
        tensors[f"test.{i}"] = normal(rng, 2, c, h, w) * scale + 0.3
    for i in range(pictures):
        n = 0 if i in empty else int(rng.integers(1, 6))
        target = {"corners": boxes_in(rng, n, width, height, least=8.0),
                  "classes": torch.from_numpy(rng.integers(0, classes, n))}
        if i % 3 == 0:
            target["ignored"] = boxes_in(rng, 1, width, height)
        targets.append(target)
        tensors.update({f"{k}.{i}": v for k, v in target.items()})
    return tensors, targets


def train(tmp_path, rng_seed, maps, sizes, *, steps, classes=3, width=64,
          layers=2, batch=4, pictures=10, rate=1e-4, decay=0.05, clip=3.0,
          warmup=3, floor=1e-6, average=0.9, empty=(1,)):
    rng = np.random.default_rng(rng_seed)
    tensors, targets = case(rng, maps, sizes, pictures, classes, empty)
    found = run(tmp_path, tensors, do="train", kind="dense", maps=maps,
                width=width, classes=classes, layers=layers, seed=3,
                steps=steps, batch=batch, pictures=pictures, rate=rate,
                decay=decay, clip=clip, warmup=warmup, floor=floor,
                average=average, min_score=0.02, most=60)
    # Losses bend (ReLU, the corners of GIoU), and where rounding decides on which
    # side of a bend a step falls, PyTorch itself goes two ways from starts that
    # are 1e-7 apart. So it may start that far off, but then has to agree to the
    # end.
    for start in range(4):
        made = follow(found, tensors, targets, start, maps, width, classes,
                      layers, steps, batch, pictures, rate, decay, clip, warmup,
                      floor, average)
        if not isinstance(made, str):
            return found, *made
    raise AssertionError(made)


def nudge(named, start):
    """Values by start 1, 2, ... as far away as rounding; by start 0 as given."""
    if start == 0:
        return
    generator = torch.Generator().manual_seed(start)
    with torch.no_grad():
        for p in named.values():
            p.mul_(1 + 1e-7 * torch.randn(p.shape, generator=generator))


def follow(found, tensors, targets, start, maps, width, classes, layers, steps,
           batch, pictures, rate, decay, clip, warmup, floor, average):
    """The reference's training beside `found`, or where the two part."""
    model = Fcos(maps, width, classes, layers).load(found, "start.")
    named = model.named()
    nudge(named, start)
    averages = {k: p.detach().clone() for k, p in named.items()}
    optimizer = torch.optim.AdamW(
        [{"params": [p for p in named.values() if p.dim() > 1],
          "weight_decay": decay},
         {"params": [p for p in named.values() if p.dim() == 1],
          "weight_decay": 0.0}], lr=rate, betas=(0.9, 0.999), eps=1e-8)
    first = [tensors[f"test.{i}"] for i in range(len(maps))]
    with torch.no_grad():
        levels = model.pyramid(first)
    clipped = 0
    for step in range(steps):
        if step < warmup:
            now = rate * (step + 1) / (warmup + 1)
        else:
            t = (step - warmup) / (steps - warmup)
            now = floor + (rate - floor) * (1 + math.cos(math.pi * t)) / 2
        for group in optimizer.param_groups:
            group["lr"] = now
        index = [(step * batch + i) % pictures for i in range(batch)]
        losses = model.losses(
            [tensors[f"map.{i}"][index] for i in range(len(maps))],
            [targets[i] for i in index])
        for name, value in losses.items():
            gap = abs(value.item() - found[f"loss.{name}"][step].item())
            if gap >= 2e-5 * max(1, abs(value.item())):
                return f"step {step}: {name} is {gap} off"
        optimizer.zero_grad()
        sum(losses.values()).backward()
        norm = nn.utils.clip_grad_norm_(model.parameters(), clip).item()
        off = abs(norm - found["norm"][step].item()) / norm
        if off >= 1e-4:
            return f"step {step}: the slope's norm is {off} off"
        clipped += norm > clip
        optimizer.step()
        d = min(average, (1 + step) / (10 + step))
        with torch.no_grad():
            for name, p in named.items():
                averages[name].mul_(d).add_(p, alpha=1 - d)
    return model, averages, levels, first, clipped


def farthest(found, prefix, wanted):
    gaps = {k: (found[prefix + k] - v).abs().max().item()
            for k, v in wanted.items()}
    worst = max(gaps, key=gaps.get)
    return gaps[worst], worst


@pytest.mark.parametrize("name", CASES)
def test_a_step_is_the_published_heads(tmp_path, name):
    found, model, averages, levels, _, _ = train(
        tmp_path, [3, len(name)], **CASES[name], steps=1, warmup=0)
    for i, level in enumerate(levels):
        gap = (found[f"level.{i}"] - level).abs().max().item()
        assert gap < 1e-5, (i, gap)
    gap, worst = farthest(found, "end.", model.named())
    assert gap < 1e-5, worst
    assert farthest(found, "average.", averages)[0] < 1e-5
    # Adam makes a whole step of the smallest gradient, and of its rounding: the
    # bound above is of the worst of 200,000 values. On the average they agree.
    for key, tensor in model.named().items():
        moved = (found[f"end.{key}"] - found[f"start.{key}"]).abs().mean()
        off = (found[f"end.{key}"] - tensor).abs().mean()
        assert off <= 1e-4 * moved, (key, off, moved)
        if key in ("class.weight", "box.weight"):
            assert moved > 5e-5, (key, moved)


@pytest.mark.parametrize("name", ["stride14", "stages"])
@pytest.mark.parametrize("classes,layers", [(3, 2), (1, 1)])
def test_fifty_steps_and_what_is_then_found(tmp_path, name, classes, layers):
    found, model, averages, _, test, clipped = train(
        tmp_path, [4, classes], **CASES[name], steps=50, classes=classes,
        layers=layers, clip=1.0)
    assert 0 < clipped
    gap, worst = farthest(found, "end.", model.named())
    assert gap < 1e-4, worst
    assert farthest(found, "average.", averages)[0] < 1e-4
    for i, (corners, scores, labels) in enumerate(
            model.load(found, "end.").detect(test, 0.02, 60)):
        assert len(scores) > 10
        torch.testing.assert_close(found[f"found.{i}.scores"], scores,
                                   rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(found[f"found.{i}.corners"], corners,
                                   rtol=1e-4, atol=1e-3)
        assert (found[f"found.{i}.classes"] == labels).all()


def test_a_batch_without_boxes(tmp_path):
    found, model, _, _, _, _ = train(
        tmp_path, [5], **CASES["stride16odd"], steps=1, warmup=0,
        empty=range(10))
    assert found["loss.box"][0] == 0 and found["loss.centreness"][0] == 0
    assert farthest(found, "end.", model.named())[0] < 1e-5
