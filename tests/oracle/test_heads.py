"""Heads and their optimisers, step by step, against PyTorch's own modules: the
attention head with its projections where the papers have them, one head at a
time, by autograd."""

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

PROBE = os.path.join(os.environ["EYECHART_PROBES"], "head_probe")
STEPS = 50


def run(tmp_path, x, y, test, **request):
    data, out = str(tmp_path / "data"), str(tmp_path / "out")
    save_file({"x": x, "y": y, "test": test}, data)
    request = dict(request, data=data, out=out)
    request.setdefault("steps", STEPS)
    request.setdefault("warmup", 0)
    request.setdefault("floor", 0.0)
    done = subprocess.run([PROBE], input=json.dumps(request), text=True,
                          capture_output=True)
    assert done.returncode == 0, done.stderr
    return load_file(out)


def head(found, when, g):
    prefix = f"{when}.{g}."
    return {k[len(prefix):]: v for k, v in found.items()
            if k.startswith(prefix)}


def loss_of(kind, scores, y):
    if kind == "classes":
        return functional.cross_entropy(scores, y)
    if kind == "labels":
        return functional.binary_cross_entropy_with_logits(scores, y)
    return functional.mse_loss(scores, y)


def targets(kind, n, outputs, rng):
    if kind == "classes":
        return torch.from_numpy(rng.integers(0, outputs, n))
    if kind == "labels":
        return torch.from_numpy(
            rng.integers(0, 2, (n, outputs)).astype(np.float32))
    return torch.from_numpy(rng.normal(size=(n, outputs)).astype(np.float32))


def normal(rng, *shape):
    return torch.from_numpy(rng.normal(size=shape).astype(np.float32))


def batches(x, y, batch):
    for step in range(STEPS):
        index = torch.arange(step * batch, (step + 1) * batch) % len(x)
        yield step, x[index], y[index]


class Attentive(nn.Module):
    """Keys and values by projections, attention by PyTorch's own function."""

    def __init__(self, width, heads, outputs):
        super().__init__()
        self.norm = nn.BatchNorm1d(width, affine=False, eps=1e-6)
        self.key = nn.Linear(width, width, bias=False)
        self.value = nn.Linear(width, width, bias=False)
        self.query = nn.Parameter(torch.zeros(1, 1, width))
        self.linear = nn.Linear(width, outputs, bias=False)
        self.heads = heads

    def load(self, p):
        with torch.no_grad():
            self.key.weight.copy_(p["key"])
            self.value.weight.copy_(p["value"])
            self.query.copy_(p["query"].view(1, 1, -1))
            self.linear.weight.copy_(p["linear"])
        return self

    def parts(self):
        return {"key": self.key.weight, "value": self.value.weight,
                "query": self.query.view(-1), "linear": self.linear.weight,
                "mean": self.norm.running_mean,
                "variance": self.norm.running_var}

    def attend(self, x):
        b, n, c = x.shape
        split = lambda t: t.view(t.shape[0], -1, self.heads,
                                 c // self.heads).transpose(1, 2)
        q = split(self.query.expand(b, -1, -1))
        pooled = functional.scaled_dot_product_attention(
            q, split(self.key(x)), split(self.value(x)))
        return pooled.transpose(1, 2).reshape(b, -1, c).mean(1)

    def forward(self, x):
        x = self.norm(x.transpose(1, 2)).transpose(1, 2)
        return self.linear(self.attend(x))


def close(found, wanted, what, bound=1e-5):
    for name, tensor in wanted.items():
        gap = (found[name] - tensor).abs().max().item()
        assert gap <= bound, f"{what} {name}: {gap}"


@pytest.mark.parametrize("kind", ["classes", "labels", "numbers"])
@pytest.mark.parametrize("seed", range(3))
def test_linear_heads_are_sgd_with_momentum(tmp_path, kind, seed):
    rng = np.random.default_rng([1, seed])
    n, d, outputs, batch = 60, 24, 5, 16
    x, test = normal(rng, n, d), normal(rng, 9, d)
    y = targets(kind, n, outputs, rng)
    columns = [(0, 24), (8, 8), (8, 16)]
    rates = [0.5, 0.01]
    points = [[*c, r] for c in columns for r in rates]
    found = run(tmp_path, x, y, test, form="linear", outputs=outputs,
                targets=kind, batch=batch, seed=seed, points=points)
    for g, (begin, count, rate) in enumerate(points):
        model = nn.Linear(count, outputs)
        start = head(found, "start", g)
        with torch.no_grad():
            model.weight.copy_(start["weight"])
            model.bias.copy_(start["bias"])
        assert start["bias"].abs().max() == 0
        assert 0.005 < start["weight"].std() < 0.02
        optimizer = torch.optim.SGD(model.parameters(), lr=rate, momentum=0.9)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(
            optimizer, STEPS, eta_min=0)
        for step, bx, by in batches(x, y, batch):
            loss = loss_of(kind, model(bx[:, begin:begin + count]), by)
            assert abs(loss.item() - found["loss"][step, g].item()) < 1e-5
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
        close(head(found, "end", g),
              {"weight": model.weight, "bias": model.bias}, f"head {g}")
        scores = model(test[:, begin:begin + count])
        assert (scores - found["scores"][g]).abs().max() < 1e-4


@pytest.mark.parametrize("kind", ["classes", "labels", "numbers"])
@pytest.mark.parametrize("tokens,width,heads", [(9, 24, 4), (1, 12, 12),
                                                (50, 36, 3)])
def test_attentive_heads_are_aims_under_adamw(tmp_path, kind, tokens, width,
                                              heads):
    rng = np.random.default_rng([2, tokens])
    n, outputs, batch, warmup, floor = 40, 6, 16, 7, 1e-5
    scale = torch.from_numpy(
        rng.uniform(0.2, 3, width).astype(np.float32))
    x = normal(rng, n, tokens, width) * scale + 0.7
    test = normal(rng, 8, tokens, width) * scale + 0.7
    y = targets(kind, n, outputs, rng)
    points = [[2e-3, 0.1], [5e-4, 0.05], [2e-3, 0.05]]
    # A clip that bites at some steps and not at others.
    clip = 0.5
    found = run(tmp_path, x, y, test, form="attentive", outputs=outputs,
                targets=kind, batch=batch, seed=3, points=points, width=width,
                heads=heads, clip=clip, warmup=warmup, floor=floor)
    clipped = 0
    for g, (rate, decay) in enumerate(points):
        model = Attentive(width, heads, outputs).load(head(found, "start", g))
        optimizer = torch.optim.AdamW(model.parameters(), lr=rate,
                                      betas=(0.9, 0.999), weight_decay=decay)
        for step, bx, by in batches(x, y, batch):
            if step < warmup:
                now = rate * (step + 1) / (warmup + 1)
            else:
                t = (step - warmup) / (STEPS - warmup)
                now = floor + (rate - floor) * (1 + math.cos(math.pi * t)) / 2
            for group in optimizer.param_groups:
                group["lr"] = now
            loss = loss_of(kind, model(bx), by)
            assert abs(loss.item() - found["loss"][step, g].item()) < 2e-5
            optimizer.zero_grad()
            loss.backward()
            norm = nn.utils.clip_grad_norm_(model.parameters(), clip)
            clipped += norm.item() > clip
            optimizer.step()
        close(head(found, "end", g), model.parts(), f"head {g}")
        model.eval()
        with torch.no_grad():
            assert (model(test) - found["scores"][g]).abs().max() < 1e-4
    if kind == "classes" and tokens == 9:
        assert 0 < clipped < STEPS * len(points)


class Mixture(nn.Module):
    """Adapters on all tokens, tokens mixed, then the read-out, as written
    down; nothing moved."""

    def __init__(self, c1, c2, width, heads, outputs, point):
        super().__init__()
        self.norm1 = nn.BatchNorm1d(c1, affine=False, eps=1e-6)
        self.norm2 = nn.BatchNorm1d(c2, affine=False, eps=1e-6)
        self.adapter1, self.adapter2 = nn.Linear(c1, width), nn.Linear(c2,
                                                                       width)
        self.read = Attentive(width, heads, outputs)
        self.read.norm = None
        self.c1 = c1
        self.interleaved, self.alpha, self.attentive = point[:3]

    def load(self, p):
        with torch.no_grad():
            for i, adapter in ((1, self.adapter1), (2, self.adapter2)):
                adapter.weight.copy_(p[f"adapter{i}"])
                adapter.bias.copy_(p[f"bias{i}"])
        self.read.load(p)
        return self

    def forward(self, x):
        x1 = self.norm1(x[..., :self.c1].transpose(1, 2)).transpose(1, 2)
        x2 = self.norm2(x[..., self.c1:].transpose(1, 2)).transpose(1, 2)
        m1, m2 = self.adapter1(x1), self.adapter2(x2)
        if self.interleaved:
            mixed = torch.stack([m1, m2], 2).flatten(1, 2)
        else:
            mixed = self.alpha * m1 + (1 - self.alpha) * m2
        pooled = self.read.attend(mixed) if self.attentive else mixed.mean(1)
        return self.read.linear(pooled)


def test_mixtures_are_adapters_mixed_and_read(tmp_path):
    rng = np.random.default_rng(5)
    n, tokens, c1, c2, width, heads, outputs = 40, 9, 10, 14, 12, 3, 4
    x, test = normal(rng, n, tokens, c1 + c2), normal(rng, 7, tokens, c1 + c2)
    y = targets("classes", n, outputs, rng)
    mixes = [(False, 0.0), (False, 0.25), (False, 1.0), (True, 0.5)]
    points = [[i, a, att, 2e-3, 0.05] for att in (True, False)
              for i, a in mixes]
    batch = 16
    found = run(tmp_path, x, y, test, form="mixture", outputs=outputs,
                targets="classes", batch=batch, seed=1, points=points,
                first_width=c1, second_width=c2, width=width, heads=heads,
                clip=3.0, floor=1e-5)
    for g, point in enumerate(points):
        model = Mixture(c1, c2, width, heads, outputs, point).load(
            head(found, "start", g))
        optimizer = torch.optim.AdamW(model.parameters(), lr=point[3],
                                      weight_decay=point[4])
        for step, bx, by in batches(x, y, batch):
            t = step / STEPS
            for group in optimizer.param_groups:
                group["lr"] = 1e-5 + (point[3] - 1e-5) * (
                    1 + math.cos(math.pi * t)) / 2
            loss = functional.cross_entropy(model(bx), by)
            assert abs(loss.item() - found["loss"][step, g].item()) < 2e-5
            optimizer.zero_grad()
            loss.backward()
            # What a read-out leaves out has a slope of zero here, and decays.
            for p in model.parameters():
                if p.grad is None:
                    p.grad = torch.zeros_like(p)
            nn.utils.clip_grad_norm_(model.parameters(), 3.0)
            optimizer.step()
        close(head(found, "end", g),
              {"adapter1": model.adapter1.weight,
               "bias1": model.adapter1.bias,
               "adapter2": model.adapter2.weight,
               "bias2": model.adapter2.bias,
               "key": model.read.key.weight,
               "value": model.read.value.weight,
               "query": model.read.query.view(-1),
               "linear": model.read.linear.weight}, f"point {point}")
        model.eval()
        with torch.no_grad():
            assert (model(test) - found["scores"][g]).abs().max() < 1e-4
