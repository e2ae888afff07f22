"""Feature stores written by another tool than eyechart, with given features."""

import hashlib
import json
from pathlib import Path

import torch
from safetensors.torch import save_file

DTYPES = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def make_store(folder, features, ids, dtype="fp32", shard_rows=4096,
               labels=None):
    """Writes `features` (N, D) and returns them as float32, as they are read
    back: rounded to `dtype`. items.csv has no `note` and no `sha256`."""
    folder = Path(folder)
    folder.mkdir(parents=True)
    rounded = torch.from_numpy(features).to(DTYPES[dtype])
    shards = []
    for begin in range(0, len(rounded), shard_rows):
        part = rounded[begin:begin + shard_rows].contiguous()
        file = folder / f"shard-{begin // shard_rows:05d}.safetensors"
        save_file({"pooled": part}, file)
        shards.append({"file": file.name, "count": len(part),
                       "sha256": sha256(file.read_bytes())})
    labels = [""] * len(ids) if labels is None else labels
    rows = [f"{i},{name},{name}.png,{label},ok\n"
            for i, (name, label) in enumerate(zip(ids, labels))]
    items = "index,id,path,label,status\n" + "".join(rows)
    (folder / "items.csv").write_text(items)
    (folder / "manifest.json").write_text(json.dumps({
        "schema": 1, "model": folder.name, "family": "made",
        "weights_sha256": "0" * 64, "preprocess": {},
        "preprocess_sha256": sha256(b"{}"), "dataset": "made",
        "items_sha256": sha256(items.encode()), "dtype": dtype, "pool": "head",
        "count": len(rounded), "dim": rounded.shape[1], "tokens": None,
        "shards": shards, "complete": True}))
    return rounded.float().numpy()
