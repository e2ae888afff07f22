#!/usr/bin/env python3
"""Florence-2's answers by eyechart and by Hugging Face generate.

Both run the same random weights on the same pixels and prompt, in turn, in one
run: greedy search for exactly 64 tokens with the key-value cache, from pixels
in memory to ids. The checkpoint holds half precision, as the published ones do,
unless --stored fp32. "writing" leaves the vision tower and the projector out. A
table of 51,289 tokens and base shapes unless --small.

    .deps/torch/bin/python benchmarks/compare/generate.py --dtype fp32
"""

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import common

TOKENS = 64
PROMPT = "Locate the objects with category name in the image."


def parse():
    parser = common.parser(__doc__)
    parser.add_argument("--dtype", choices=["fp32", "bf16"], action="append")
    parser.add_argument("--batch", type=int, action="append")
    parser.add_argument("--side", type=int, default=768, help="of the pictures")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--attention", default="sdpa",
                        choices=["eager", "sdpa"], help="of Hugging Face")
    parser.add_argument("--stored", default="fp16", choices=["fp16", "fp32"],
                        help="what the checkpoint's file holds")
    parser.add_argument("--small", action="store_true",
                        help="toy shapes, to try the script")
    return common.parse(parser)


options = parse()
common.limit_threads(options.threads)
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["EYECHART_PROBES"] = str(options.binary.resolve().parents[1]
                                    / "tests")
sys.path.append(str(Path(__file__).resolve().parents[2] / "tests/oracle"))

import torch  # noqa: E402
import transformers  # noqa: E402
from florence2_toys import (TEXT, TOWER, prompt_ids,  # noqa: E402
                            reference_tokenizer, write_tokenizer)
from transformers import (Florence2Config,  # noqa: E402
                          Florence2ForConditionalGeneration)

BASE = dict(model_type="bart", d_model=768, encoder_layers=6, decoder_layers=6,
            encoder_attention_heads=12, decoder_attention_heads=12,
            encoder_ffn_dim=3072, decoder_ffn_dim=3072, vocab_size=51289,
            max_position_embeddings=4096)
PROBE = options.binary.resolve().parents[1] / "tests/florence2_probe"


def make(folder):
    vocabulary = write_tokenizer(folder)
    torch.manual_seed(0)
    text = TEXT | {"vocab_size": vocabulary} if options.small else BASE
    vision = dict(TOWER if options.small else {},
                  projection_dim=text["d_model"])
    model = Florence2ForConditionalGeneration(Florence2Config(
        vision_config=vision, text_config=text,
        image_token_id=text["vocab_size"] - 1))
    model.to(torch.half if options.stored == "fp16" else torch.float32)
    model.save_pretrained(folder)


class Eyechart(common.ServedProbe):
    def times(self):
        return self.ask(f"write x {PROMPT}")


class Peer:
    def __init__(self, folder, pixels, dtype):
        kind = torch.bfloat16 if dtype == "bf16" else torch.float32
        self.model = Florence2ForConditionalGeneration.from_pretrained(
            folder, attn_implementation=options.attention).eval().to(kind)
        self.pixels = pixels.to(kind)
        ids = prompt_ids(reference_tokenizer(folder), PROMPT)
        with torch.inference_mode():
            tokens = self.model.get_image_features(
                self.pixels[:1]).pooler_output.shape[1]
        image = self.model.config.image_token_id
        row = torch.tensor([[image] * tokens + ids])
        self.ids = row.expand(len(pixels), -1)

    @torch.inference_mode()
    def times(self):
        begin = time.perf_counter()
        # generate() runs the tower itself; its time alone is taken before.
        self.model.get_image_features(self.pixels)
        looked = time.perf_counter()
        out = self.model.generate(
            input_ids=self.ids, attention_mask=torch.ones_like(self.ids),
            pixel_values=self.pixels, max_new_tokens=TOKENS,
            min_new_tokens=TOKENS, do_sample=False, num_beams=1,
            use_cache=True)
        end = time.perf_counter()
        assert out.shape[1] == TOKENS + 1
        whole = end - looked
        return [whole, whole - (looked - begin)]


def compare(folder, dtype, batch):
    pixels = torch.randn(batch, 3, options.side, options.side)
    ours = Eyechart(PROBE, folder, pixels, dtype, options.threads)
    sides = {"eyechart": ours, "generate": Peer(folder, pixels, dtype)}
    for side in sides.values():
        side.times()
    times = {who: [] for who in sides}
    for _ in range(options.runs):
        for who, side in sides.items():
            times[who].append(side.times())
    ours.close()
    print(f"\nbase shapes, batch {batch}, {dtype}, {options.side} pixels, "
          f"{TOKENS} tokens, weights stored in {options.stored}, "
          f"Hugging Face {options.attention}")
    print(f"  {'':10}{'best s':>9}{'median s':>10}{'eyechart is':>13}"
          f"{'by median':>11}")
    for part, name in enumerate(("whole", "writing")):
        for who in sides:
            mine = [row[part] for row in times["eyechart"]]
            theirs = [row[part] for row in times[who]]
            print(f"  {who:10}{min(theirs):9.3f}"
                  f"{statistics.median(theirs):10.3f}"
                  f"{min(theirs) / min(mine):12.2f}x"
                  f"{statistics.median(theirs) / statistics.median(mine):10.2f}x"
                  f"  {name}")


def main():
    torch.set_num_threads(options.threads)
    common.print_machine(options.threads)
    common.print_versions(torch, transformers)
    with tempfile.TemporaryDirectory() as where:
        folder = Path(where)
        make(folder)
        for dtype in options.dtype or ["fp32", "bf16"]:
            for batch in options.batch or [1, 4]:
                compare(folder, dtype, batch)


if __name__ == "__main__":
    sys.exit(main())
