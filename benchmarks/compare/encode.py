#!/usr/bin/env python3
"""Forward passes of CLIP's vision tower by eyechart and by the usual ways to run
it on a CPU: Hugging Face eager and sdpa, torch.compile, ONNX Runtime, OpenVINO.

All run the same random weights on the same pixels, in turn, in one run; the
time is of one call with pixels in memory, to the pooled embedding. The ceiling
is one product by oneDNN on packed weights, of the shape of the first MLP layer,
whatever eyechart multiplies with, timed in the same turns. GFLOP/s count what is
done, as `eyechart inspect` says: of the last block eyechart makes the class
token alone, peers the whole block. How many times as fast eyechart is goes by
time. A peer that is not installed, or does not run the dtype, is left out with a
line that says so.

    .deps/torch/bin/python -m pip install -r benchmarks/compare/requirements.txt
    .deps/torch/bin/python benchmarks/compare/encode.py --model B/16 --batch 8
"""

import os
import statistics
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
PEERS = ("eager", "sdpa", "compile", "onnxruntime", "openvino")


def parse():
    parser = common.parser(__doc__)
    parser.add_argument("--model", choices=MODELS, action="append")
    parser.add_argument("--batch", type=int, action="append")
    parser.add_argument("--dtype", choices=["fp32", "bf16"], action="append")
    parser.add_argument("--peer", choices=PEERS, action="append")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    return common.parse(parser)


options = parse()
common.limit_threads(options.threads)
os.environ["HF_HUB_OFFLINE"] = "1"

import torch  # noqa: E402
import transformers  # noqa: E402
from transformers import (CLIPVisionConfig,  # noqa: E402
                          CLIPVisionModelWithProjection)

PROBE = options.binary.resolve().parents[1] / "tests/encoder_probe"


def load(folder, dtype, attention):
    model = CLIPVisionModelWithProjection.from_pretrained(
        folder, attn_implementation=attention).eval()
    return model.to(torch.bfloat16 if dtype == "bf16" else torch.float32)


def torch_call(model, pixels, dtype):
    pixels = pixels.to(torch.bfloat16 if dtype == "bf16" else torch.float32)

    def call():
        with torch.inference_mode():
            return model(pixel_values=pixels).image_embeds.float()
    return call


class Embeds(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, pixel_values):
        return self.model(pixel_values=pixel_values).image_embeds


def onnx_file(folder, pixels):
    path = folder / f"model-{len(pixels)}.onnx"
    if not path.exists():
        with torch.inference_mode():
            torch.onnx.export(Embeds(load(folder, "fp32", "eager")), (pixels,),
                              path, dynamo=False, input_names=["pixel_values"])
    return path


def onnxruntime_call(folder, pixels, dtype):
    import onnxruntime
    if dtype != "fp32":
        raise RuntimeError("its CPU provider has no bf16")
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = options.threads
    session = onnxruntime.InferenceSession(
        onnx_file(folder, pixels), settings, providers=["CPUExecutionProvider"])
    array = pixels.numpy()
    return lambda: torch.from_numpy(
        session.run(None, {"pixel_values": array})[0])


def openvino_call(folder, pixels, dtype):
    import openvino
    core = openvino.Core()
    able = core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    if dtype == "bf16" and "BF16" not in able:
        raise RuntimeError("this processor has no bf16 for it")
    compiled = core.compile_model(
        core.read_model(onnx_file(folder, pixels)), "CPU",
        {"INFERENCE_PRECISION_HINT": "bf16" if dtype == "bf16" else "f32",
         "INFERENCE_NUM_THREADS": options.threads,
         "PERFORMANCE_HINT": "LATENCY"})
    request, array = compiled.create_infer_request(), pixels.numpy()
    return lambda: torch.from_numpy(next(iter(
        request.infer({0: array}).values())).copy())


def make_call(peer, folder, pixels, dtype):
    if peer == "onnxruntime":
        return onnxruntime_call(folder, pixels, dtype)
    if peer == "openvino":
        return openvino_call(folder, pixels, dtype)
    model = load(folder, dtype, "sdpa" if peer == "compile" else peer)
    if peer == "compile":
        model = torch.compile(model)
    return torch_call(model, pixels, dtype)


def seconds_of(call):
    begin = time.perf_counter()
    call()
    return time.perf_counter() - begin


def require_near(found, reference, who):
    """Whoever is timed computes the same: by cosine, as bf16 is not exact."""
    near = torch.nn.functional.cosine_similarity(found.float(), reference)
    assert near.min() > 0.99, f"{who} computes something else: {near.min()}"


def compare(name, batch, dtype, folder, info):
    settings = MODELS[name]
    torch.manual_seed(1)
    pixels = torch.randn(batch, 3, 224, 224)
    tokens = 1 + (224 // settings["patch_size"]) ** 2
    gemm = (batch * tokens, settings["hidden_size"],
            settings["intermediate_size"])
    ours = common.ServedProbe(PROBE, folder, pixels, dtype, options.threads)
    calls = {"eyechart": lambda: ours.ask("pass x")[0],
             "ceiling": lambda: ours.ask("gemm %d %d %d" % gemm)[0]}
    print(f"\nViT-{name}, batch {batch}, {dtype}")
    reference = torch_call(load(folder, "fp32", "sdpa"), pixels, "fp32")()
    own = torch.tensor(ours.ask("features x")).view(reference.shape)
    require_near(own, reference, "eyechart")
    for peer in options.peer or PEERS:
        try:
            call = make_call(peer, folder, pixels, dtype)
            require_near(call(), reference, peer)
            calls[peer] = lambda call=call: seconds_of(call)
        except (ImportError, RuntimeError) as error:
            print(f"  {peer} left out: {str(error).splitlines()[0]}")
    for call in calls.values():  # warm up
        call()
    times = {who: [] for who in calls}
    for _ in range(options.runs):
        for who, call in calls.items():
            times[who].append(call())
    ours.close()
    work = dict.fromkeys(times, info["flops"] * batch)  # whole blocks
    work |= {"eyechart": info["flops_pooled"] * batch,
             "ceiling": 2 * gemm[0] * gemm[1] * gemm[2]}

    def rate(who, pick):
        return work[who] / pick(times[who]) / 1e9

    print(f"  {'':14}{'best ms':>9}{'median ms':>11}{'GFLOP/s':>9}{'median':>8}"
          f"{'of ceiling':>12}{'median':>8}{'eyechart is':>13}{'by median':>11}")
    for who in times:
        picks = (min, statistics.median)
        share = [rate(who, pick) / rate("ceiling", pick) for pick in picks]
        faster = "" if who == "ceiling" else "".join(
            f"{pick(times[who]) / pick(times['eyechart']):{width}.2f}x"
            for pick, width in zip(picks, (12, 10)))
        print(f"  {who:14}{1e3 * min(times[who]):9.1f}"
              f"{1e3 * statistics.median(times[who]):11.1f}"
              f"{rate(who, min):9.1f}{rate(who, statistics.median):8.1f}"
              f"{share[0]:12.2f}{share[1]:8.2f}{faster}")


def main():
    torch.set_num_threads(options.threads)
    common.print_machine(options.threads)
    common.print_versions(torch, transformers)
    for name in options.model or MODELS:
        with tempfile.TemporaryDirectory() as where:
            folder = Path(where)
            torch.manual_seed(0)
            CLIPVisionModelWithProjection(CLIPVisionConfig(
                **MODELS[name], image_size=224, hidden_act="quick_gelu",
                projection_dim=512)).save_pretrained(folder)
            info = operations.count(options.binary, folder)
            print(f"\nViT-{name}: {operations.line(info)}")
            for dtype in options.dtype or ["fp32", "bf16"]:
                for batch in options.batch or [1, 8, 32]:
                    compare(name, batch, dtype, folder, info)


if __name__ == "__main__":
    sys.exit(main())
