#!/usr/bin/env python3
"""Forward passes of CLIP's vision tower on a GPU by eyechart and by Hugging Face
transformers: eager, sdpa, torch.compile.

All run the same random weights on the same pixels, in turn, in one run. Timed
is one batch from float32 pixels in pinned host memory to its float32 embeddings
on the host: copies both ways, the cast and the wait are in it, decoding is not.
Ours goes through the engine that `eyechart encode` runs batches with, CUDA
graphs on; "overlapped" is that engine as the command uses it, the next batch
begun before the last is fetched. fp32 is without TF32. The ceiling is cuBLAS's
product of the shape of the first MLP layer, twenty between two waits. TFLOP/s
count what is done, as `eyechart inspect` says: of the last block eyechart makes
the class token alone, peers the whole block. How many times as fast eyechart is
goes by time.

torch.compile takes tens of seconds a model and mode, so that few cases have it
(COMPILED), and last; what --seconds leaves no time for is named.

    python3 benchmarks/compare/encode_cuda.py --probe build/cuda/tests/encoder_probe
"""

import copy
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import common
import operations

MODELS = {
    "B/16": dict(hidden_size=768, intermediate_size=3072, num_hidden_layers=12,
                 num_attention_heads=12, patch_size=16),
    "L/14": dict(hidden_size=1024, intermediate_size=4096, num_hidden_layers=24,
                 num_attention_heads=16, patch_size=14),
}
COMPILED = [("B/16", "bf16", 32, "reduce-overhead"),
            ("B/16", "bf16", 1, "reduce-overhead"),
            ("L/14", "bf16", 32, "reduce-overhead"),
            ("B/16", "bf16", 32, "max-autotune-no-cudagraphs")]
PRODUCTS = 20
OVERLAPPED = 8
OURS = "eyechart"
# Of the largest embedding value, between ours and eager in the same precision.
TOLERANCE = {"fp32": 1e-4, "bf16": 5e-2, "fp16": 1e-2}


def parse():
    parser = common.parser(__doc__)
    parser.add_argument("--probe", type=Path,
                        help="encoder_probe (default: that of --binary's build)")
    parser.add_argument("--device", default="cuda", help="cpu: to try this file")
    parser.add_argument("--model", choices=MODELS, action="append")
    parser.add_argument("--batch", type=int, action="append")
    parser.add_argument("--dtype", choices=["bf16", "fp16", "fp32"],
                        action="append")
    parser.add_argument("--no-compile", action="store_true")
    parser.add_argument("--layers", type=int, help="fewer: to try this file")
    parser.add_argument("--seconds", type=float, default=85,
                        help="no case begins after so many")
    options = common.parse(parser)
    options.model = options.model or list(MODELS)
    options.batch = options.batch or [1, 8, 32, 256]
    options.dtype = options.dtype or ["bf16", "fp16", "fp32"]
    if options.probe:  # of one build
        options.binary = options.probe.resolve().parents[1] / "bin/eyechart"
    else:
        options.probe = (options.binary.resolve().parents[1] /
                         "tests/encoder_probe")
    return options


begin = time.perf_counter()
options = parse()
os.environ["HF_HUB_OFFLINE"] = "1"

import torch  # noqa: E402
import transformers  # noqa: E402
from safetensors.torch import save_file  # noqa: E402
from transformers import (CLIPVisionConfig,  # noqa: E402
                          CLIPVisionModelWithProjection)

TYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
ON_GPU = options.device != "cpu"


def synchronize():
    if ON_GPU:
        torch.cuda.synchronize()


def seconds_of(call):
    synchronize()
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


class Model:
    """Weights of one shape: in a folder for ours, in memory for theirs."""

    def __init__(self, name, folder):
        settings = MODELS[name]
        if options.layers:
            settings = settings | {"num_hidden_layers": options.layers}
        torch.manual_seed(0)
        with torch.device(options.device):
            whole = CLIPVisionModelWithProjection(CLIPVisionConfig(
                **settings, image_size=224, hidden_act="quick_gelu",
                projection_dim=512)).eval()
        whole.save_pretrained(folder)
        self.theirs = {dtype: copy.deepcopy(whole).to(TYPES[dtype])
                       for dtype in options.dtype}
        self.folder, self.settings = folder, settings
        self.info = operations.count(options.binary, folder)

    def gemm(self, batch):
        tokens = 1 + (224 // self.settings["patch_size"]) ** 2
        return (batch * tokens, self.settings["hidden_size"],
                self.settings["intermediate_size"])


class Probe:
    """encoder_probe serve, for all batches."""

    def __init__(self, folder, pixels, dtype):
        self.process = subprocess.Popen(
            [options.probe, "serve", folder, pixels, "--dtype", dtype,
             "--device", options.device], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True)

    def ask(self, line):
        print(line, file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline()
        assert answer, "encoder_probe has ended"
        return float(answer)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def torch_call(model, host, kind):
    def call():
        with torch.inference_mode():
            pixels = host.to(options.device, non_blocking=True).to(kind)
            return model(pixel_values=pixels).image_embeds.float().cpu()
    return call


def with_attention(model, implementation, call):
    """Chosen before the clock runs."""
    model.set_attn_implementation(implementation)
    return seconds_of(call)


def product_seconds(shape, kind):
    a = torch.randn(shape[:2], device=options.device).to(kind)
    b = torch.randn(shape[1:], device=options.device).to(kind)

    def products():
        for _ in range(PRODUCTS):
            a @ b
        synchronize()
    return lambda: seconds_of(products) / PRODUCTS


def check(ours, theirs, dtype):
    error = abs(ours - theirs[0, 0].item()) / theirs.abs().max().item()
    assert error <= TOLERANCE[dtype], f"{dtype}: they differ by {error:.2g}"


def compare(name, model, probe, batch, dtype, host, mode=None):
    kind = TYPES[dtype]
    theirs = model.theirs[dtype]
    calls = {OURS: lambda: probe.ask(f"pass x{batch}")}
    plain = torch_call(theirs, host, kind)
    if mode is None:
        calls["overlapped"] = lambda: probe.ask(f"passes x{batch} {OVERLAPPED}")
        calls["ceiling"] = product_seconds(model.gemm(batch), kind)
        for peer in ("eager", "sdpa"):
            calls[peer] = lambda peer=peer: with_attention(theirs, peer, plain)
    else:
        theirs.set_attn_implementation("sdpa")
        torch.compiler.reset()
        compiled = torch_call(torch.compile(theirs, mode=mode, dynamic=False),
                              host, kind)
        start = time.perf_counter()
        for _ in range(3):  # compiles, then records its graphs
            compiled()
        print(f"\n{mode}: {time.perf_counter() - start:.0f} s until it ran")
        calls[mode] = lambda: seconds_of(compiled)
    check(probe.ask(f"pooled x{batch}"), plain(), dtype)
    for _ in range(2):  # ours records its graph the second time
        for call in calls.values():
            call()
    times = {who: [] for who in calls}
    for _ in range(options.runs):
        for who, call in calls.items():
            times[who].append(call())
    show(name, model, batch, dtype, times)


def show(name, model, batch, dtype, times):
    m, k, n = model.gemm(batch)
    work = dict.fromkeys(times, model.info["flops"] * batch)  # whole blocks
    work |= dict.fromkeys((OURS, "overlapped"),
                          model.info["flops_pooled"] * batch)
    work["ceiling"] = 2 * m * k * n

    def rate(who, pick):
        return work[who] / pick(times[who]) / 1e12

    picks = (min, statistics.median)
    print(f"\nViT-{name}, batch {batch}, {dtype}\n"
          f"  {'':27}{'best ms':>9}{'median ms':>11}{'TFLOP/s':>9}"
          f"{'median':>8}{'of ceiling':>12}{'median':>8}{'eyechart is':>13}"
          f"{'by median':>11}")
    for who in times:
        share = [rate(who, pick) / rate("ceiling", pick) for pick in picks
                 ] if "ceiling" in times else []
        shares = "".join(f"{value:{width}.2f}"
                         for value, width in zip(share, (12, 8)))
        faster = "" if who == "ceiling" else "".join(
            f"{pick(times[who]) / pick(times[OURS]):{width}.2f}x"
            for pick, width in zip(picks, (12, 10)))
        print(f"  {who:27}{1e3 * min(times[who]):9.3f}"
              f"{1e3 * statistics.median(times[who]):11.3f}"
              f"{rate(who, min):9.1f}{rate(who, statistics.median):8.1f}"
              f"{shares:20}{faster}", flush=True)


def print_device():
    common.print_machine(os.cpu_count())
    if ON_GPU:
        print(f"device    {torch.cuda.get_device_name()}, CUDA "
              f"{torch.version.cuda}")
    common.print_versions(torch, transformers)


def main():
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    transformers.utils.logging.disable_progress_bar()
    print_device()
    with tempfile.TemporaryDirectory() as where:
        run(Path(where))


def run(scratch):
    torch.manual_seed(1)
    hosts = {b: torch.randn(b, 3, 224, 224) for b in options.batch}
    save_file({f"x{b}": host for b, host in hosts.items()},
              scratch / "pixels.safetensors")
    if ON_GPU:
        hosts = {b: host.pin_memory() for b, host in hosts.items()}
    models = {name: Model(name, scratch / name.replace("/", ""))
              for name in options.model}
    for name, model in models.items():
        print(f"ViT-{name}: {operations.line(model.info)}")
    # All are started before any is timed: each waits for its turn.
    probes = {(name, dtype): Probe(model.folder, scratch / "pixels.safetensors",
                                   dtype)
              for name, model in models.items() for dtype in options.dtype}
    first = min(options.batch)
    for probe in probes.values():
        probe.ask(f"pass x{first}")
    print(f"ready after {time.perf_counter() - begin:.0f} s", flush=True)
    plan = [(name, dtype, batch, None) for dtype in options.dtype
            for batch in options.batch for name in options.model]
    if not options.no_compile:
        plan += [c for c in COMPILED if c[:2] in probes and c[2] in hosts]
    for case in plan:
        name, dtype, batch, mode = case
        if time.perf_counter() - begin > options.seconds:
            print("left out for want of time:", *filter(None, case))
            continue
        try:
            compare(name, models[name], probes[name, dtype], batch, dtype,
                    hosts[batch], mode)
        except RuntimeError as error:
            print("failed:", *filter(None, case), str(error).splitlines()[0])
    for probe in probes.values():
        probe.close()
    print(f"\n{time.perf_counter() - begin:.0f} s")


if __name__ == "__main__":
    sys.exit(main())
