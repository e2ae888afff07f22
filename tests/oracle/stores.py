"""Feature stores and vectors that the mining oracle and benchmark share."""

import hashlib
import json
import pathlib

import numpy as np
from safetensors.numpy import save_file


def clustered_vectors(seed, count, dim, clusters, spread):
    """Unit-free float32 rows around random centres: many pairs are near.

    `spread` is the norm of the noise beside a centre of norm 1, different from
    row to row so that cosines lie on both sides of any threshold.
    """
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((clusters, dim))
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    noise = rng.standard_normal((count, dim))
    noise /= np.linalg.norm(noise, axis=1, keepdims=True)
    noise *= spread * rng.uniform(0.2, 1.0, (count, 1))
    scale = rng.uniform(0.5, 20.0, (count, 1))
    rows = (centres[rng.integers(clusters, size=count)] + noise) * scale
    return rows.astype(np.float32)


def write_store(folder, rows, shard=6000):
    """A store as another tool would write it: no note, no sha256 of pictures."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True)
    shards = []
    for begin in range(0, len(rows), shard):
        name = f"shard-{len(shards):05d}.safetensors"
        part = np.ascontiguousarray(rows[begin:begin + shard])
        save_file({"pooled": part}, folder / name)
        digest = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        shards.append({"file": name, "count": len(part), "sha256": digest})
    items = "index,id,path,label,status\n" + "".join(
        f"{i},p{i:06d},p{i:06d}.jpg,,ok\n" for i in range(len(rows)))
    (folder / "items.csv").write_text(items)
    manifest = {
        "schema": 1, "model": "made", "family": "made", "weights_sha256": "w",
        "preprocess": {}, "preprocess_sha256": "p", "dataset": "made",
        "items_sha256": hashlib.sha256(items.encode()).hexdigest(),
        "dtype": "fp32", "pool": "head", "count": len(rows),
        "dim": rows.shape[1], "tokens": None, "shards": shards,
        "complete": True,
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
