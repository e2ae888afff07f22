#!/usr/bin/env python3
"""Probes by eyechart and by what people use for them, the runs interleaved.

  knn       10,000 rows against 60,000 of 768, k = 200. eyechart's time is that
            of `probe knn` less start and reading the stores: normalisation,
            search, the votes of four k. faiss-cpu's IndexFlatIP: normalisation,
            adding, search; no votes.
  logistic  the sweep over 45 values of C, validation, the fit on all rows.
            eyechart: `probe linear --protocol clip-logreg`; scikit-learn's
            LogisticRegression with lbfgs, 1,000 iterations at most.
  attentive a training step of 14 heads, of one head, and of one head as PyTorch
            runs it with the projections on all tokens.
  linear    a training step of 52 heads, of one head (one block), and of one
            head by PyTorch.
  live      what the sweeps cost where the encoder is in the loop: a picture's
            time in `encode` of a ViT-B/16 with random weights, and the heads'
            share of a step from the parts above at that shape.

    benchmarks/compare/probes.py --part knn logistic attentive linear live
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import common

PARTS = ["knn", "logistic", "attentive", "linear", "live"]


def parse():
    parser = common.parser(__doc__)
    parser.add_argument("--part", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--train", type=int, default=60000, help="k-NN rows")
    parser.add_argument("--test", type=int, default=10000, help="k-NN queries")
    parser.add_argument("--dim", type=int, default=768)
    parser.add_argument("--rows", type=int, default=5000, help="of logistic")
    return common.parse(parser)


options = parse()
common.limit_threads(options.threads)
sys.path.insert(0, str(common.ROOT / "tests/oracle"))
sys.dont_write_bytecode = True

import faiss  # noqa: E402
import numpy as np  # noqa: E402
import sklearn  # noqa: E402
import torch  # noqa: E402
from made_store import make_store  # noqa: E402
from safetensors.torch import load_file, save_file  # noqa: E402
from sklearn.linear_model import LogisticRegression  # noqa: E402

torch.set_num_threads(options.threads)
PROBE = options.binary.parents[1] / "tests/head_probe"


def clusters(rng, rows, classes, spread):
    labels = np.arange(rows) % classes
    centres = rng.standard_normal((classes, options.dim))
    made = centres[labels] + spread * rng.standard_normal((rows, options.dim))
    return made.astype(np.float32), labels


def eyechart(kind, folder, *more):
    run = subprocess.run(
        [options.binary, "probe", kind, "--train-store", folder / "train",
         "--test-store", folder / "test", "--threads", str(options.threads),
         "--json", *more], check=True, capture_output=True)
    return json.loads(run.stdout)


def write(folder, train, train_labels, test, test_labels):
    for name, rows, labels in (("train", train, train_labels),
                               ("test", test, test_labels)):
        make_store(folder / name, rows, [f"{i:06}" for i in range(len(rows))],
                   labels=labels)


def interleave(times, each):
    for run in range(options.runs + 1):
        for who, measure in each.items():
            seconds = measure()
            if run > 0:  # the first warms up
                times.setdefault(who, []).append(seconds)
    return times


def knn(folder):
    rng = np.random.default_rng(1)
    rows, labels = clusters(rng, options.train + options.test, 100, 4.0)
    train, test = rows[:options.train], rows[options.train:]
    write(folder, train, labels[:options.train], test, labels[options.train:])
    found = {}

    def ours():
        result = eyechart("knn", folder, "--k", "10,20,100,200", "--select",
                          "test")
        found["top1"] = result["top1"]
        return result["seconds"]

    def theirs():
        begin = time.perf_counter()
        unit = [x / np.linalg.norm(x, axis=1, keepdims=True)
                for x in (train, test)]
        index = faiss.IndexFlatIP(options.dim)
        index.add(unit[0])
        index.search(unit[1], 200)
        return time.perf_counter() - begin

    times = interleave({}, {"eyechart": ours, "faiss-cpu flat": theirs})
    print(f"\nk-NN of {options.test} against {options.train}, "
          f"d = {options.dim}, top-1 {found['top1']:.4f}")
    common.print_table(times, "eyechart")


def logistic(folder):
    rng = np.random.default_rng(2)
    rows, labels = clusters(rng, 2 * options.rows, 10, 7.0)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    train, test = rows[:options.rows], rows[options.rows:]
    train_labels, test_labels = labels[:options.rows], labels[options.rows:]
    write(folder, train, train_labels, test, test_labels)
    top1 = {}  # on the test rows, at each C

    # Chosen on the test rows by both: the only way to have the same rows fitted
    # and the same rows choose, and so to compare accuracies and not splits.
    def ours():
        result = eyechart("linear", folder, "--protocol", "clip-logreg",
                          "--validation", "0", "--select", "test")
        top1["eyechart"] = [point["test_top1"] for point in result["grid"]]
        return result["seconds"]

    grid = 10.0 ** np.linspace(-6, 5, 45)

    def right(c, **more):
        model = LogisticRegression(C=c, **{"max_iter": 1000, **more})
        model.fit(train, train_labels)
        return (model.predict(test) == test_labels).mean()

    def theirs():
        begin = time.perf_counter()
        top1["scikit-learn"] = [right(c) for c in grid]
        right(grid[int(np.argmax(top1["scikit-learn"]))])
        return time.perf_counter() - begin

    times = interleave({}, {"eyechart": ours, "scikit-learn": theirs})
    # By default it stops well before the optimum where C is large, which is a
    # regularisation of its own: accuracies compare at the optimum.
    optimum = [right(c, max_iter=100_000, tol=1e-7) for c in grid]
    apart = [np.abs(np.subtract(top1["eyechart"], other)).max() * options.rows
             for other in (optimum, top1["scikit-learn"])]
    print(f"\nlogistic regression, 45 C, {options.rows} x {options.dim}, "
          f"10 classes; best top-1 " +
          ", ".join(f"{who} {max(each):.4f}" for who, each in top1.items()) +
          f"\nfurthest apart at one C: {apart[0]:.0f} of {options.rows} test rows "
          f"where scikit-learn goes on to 1e-7, {apart[1]:.0f} where it stops by "
          "default, as timed")
    common.print_table(times, "eyechart")


def grid_step(folder, steps=6, **request):
    """Median seconds of a step of a grid, the first left out."""
    request = dict(request, data=str(folder / "data"), out=str(folder / "out"),
                   targets="classes", steps=steps, warmup=0, floor=0.0, seed=0)
    subprocess.run([PROBE], input=json.dumps(request), text=True, check=True)
    return float(load_file(folder / "out")["seconds"][1:].median())


def save_rows(folder, x, outputs):
    y = torch.arange(len(x)) % outputs
    save_file({"x": x, "y": y, "test": x[:2].clone()}, folder / "data")


def torch_step(model, optimizer, x, y):
    begin = time.perf_counter()
    optimizer.zero_grad()
    torch.nn.functional.cross_entropy(model(x), y).backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 3.0)
    optimizer.step()
    return time.perf_counter() - begin


class Attentive(torch.nn.Module):
    def __init__(self, width, heads, outputs):
        super().__init__()
        linear = torch.nn.Linear
        self.norm = torch.nn.BatchNorm1d(width, affine=False, eps=1e-6)
        self.key = linear(width, width, bias=False)
        self.value = linear(width, width, bias=False)
        self.query = torch.nn.Parameter(torch.randn(1, 1, width) * 0.02)
        self.linear = linear(width, outputs, bias=False)
        self.heads = heads

    def forward(self, x):
        x = self.norm(x.transpose(1, 2)).transpose(1, 2)
        b, n, c = x.shape
        split = lambda t: t.view(b, -1, self.heads,
                                 c // self.heads).transpose(1, 2)
        pooled = torch.nn.functional.scaled_dot_product_attention(
            split(self.query.expand(b, -1, -1)), split(self.key(x)),
            split(self.value(x)))
        return self.linear(pooled.transpose(1, 2).reshape(b, c))


def attentive(folder, batch=256, tokens=197, outputs=100):
    width = options.dim
    torch.manual_seed(0)
    x = torch.randn(batch, tokens, width)
    y = torch.arange(batch) % outputs
    save_rows(folder, x, outputs)
    rates = [5e-5, 1e-4, 2e-4, 3e-4, 5e-4, 1e-3, 2e-3]
    grid = [[r, d] for r in rates for d in (0.05, 0.1)]
    common_request = dict(form="attentive", outputs=outputs, batch=batch,
                          width=width, heads=12, clip=3.0)
    model = Attentive(width, 12, outputs)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    times = interleave({}, {
        "eyechart, 14 heads":
            lambda: grid_step(folder, points=grid, **common_request),
        "eyechart, 1 head":
            lambda: grid_step(folder, points=grid[:1], **common_request),
        "PyTorch, 1 head": lambda: torch_step(model, optimizer, x, y)})
    print(f"\nattentive, a step of {batch} x {tokens} tokens of {width}, "
          f"{outputs} classes")
    common.print_table(times, "eyechart, 14 heads")
    return batch, times


def linear(folder, batch=128, outputs=100):
    width = options.dim
    torch.manual_seed(0)
    x = torch.randn(batch, 5 * width)
    y = torch.arange(batch) % outputs
    save_rows(folder, x, outputs)
    rates = [1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2, 2e-2,
             5e-2, 0.1]
    columns = [(3 * width, width), (3 * width, 2 * width), (0, 4 * width),
               (0, 5 * width)]
    grid = [[*c, r] for c in columns for r in rates]
    common_request = dict(form="linear", outputs=outputs, batch=batch, steps=20)
    model = torch.nn.Linear(width, outputs)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    part = x[:, 3 * width:4 * width].contiguous()
    times = interleave({}, {
        "eyechart, 52 heads":
            lambda: grid_step(folder, points=grid, **common_request),
        "eyechart, 1 head":
            lambda: grid_step(folder, points=grid[:1], **common_request),
        "PyTorch, 1 head": lambda: torch_step(model, optimizer, part, y)})
    print(f"\nlinear, a step of {batch} rows of 5 x {width}, "
          f"{outputs} classes")
    common.print_table(times, "eyechart, 52 heads", unit="ms", scale=1e3)
    return batch, times


def picture_seconds(folder, count=48):
    """Seconds a picture of `encode`, ViT-B/16 at 224, random weights."""
    from PIL import Image
    from transformers import (CLIPImageProcessorPil, CLIPVisionConfig,
                              CLIPVisionModel)
    model = folder / "vit-b"
    config = CLIPVisionConfig(hidden_size=768, intermediate_size=3072,
                              num_hidden_layers=12, num_attention_heads=12,
                              patch_size=16)
    CLIPVisionModel(config).save_pretrained(model)
    CLIPImageProcessorPil().save_pretrained(model)
    pictures = folder / "pictures"
    pictures.mkdir()
    rng = np.random.default_rng(0)
    for i in range(count):
        pixels = rng.integers(0, 256, (224, 224, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(pictures / f"{i:03}.jpg")
    seconds = []
    for run in range(options.runs):
        result = subprocess.run(
            [options.binary, "encode", model, pictures, "-o",
             folder / f"store-{run}", "--batch", "16", "--threads",
             str(options.threads), "--json"], check=True, capture_output=True)
        seconds.append(json.loads(result.stdout)["seconds"] / count)
    return min(seconds)


def live(folder, parts):
    one = picture_seconds(folder)
    print(f"\nencoder in the loop: {1e3 * one:.1f} ms a picture (best of "
          f"{options.runs})")
    for name, (batch, times) in parts.items():
        many, single = (min(seconds) for who, seconds in times.items()
                        if who.startswith("eyechart"))
        ratio = (batch * one + many) / (batch * one + single)
        print(f"{name}: a step with all heads takes {ratio:.3f} x one with one "
              "head")


def main():
    common.print_machine(options.threads)
    common.print_versions(faiss, np, sklearn, torch)
    steps = {}
    for part in options.part:
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            if part in ("attentive", "linear"):
                steps[part] = globals()[part](folder)
            elif part == "live":
                live(folder, steps)
            else:
                globals()[part](folder)


if __name__ == "__main__":
    main()
