"""How many operations a CLIP vision tower takes, as `eyechart inspect` counts
them."""

import json
import subprocess


def count(binary, folder, side=224):
    """Operations of one picture of side x side pixels.

    Args:
      folder: the checkpoint; a preprocessor_config.json is written into it.

    Returns:
      `flops`, of the model as published, whole blocks, and `flops_pooled`, what
      eyechart does to embed a picture.
    """
    (folder / "preprocessor_config.json").write_text(json.dumps({
        "image_processor_type": "CLIPImageProcessor",
        "size": {"shortest_edge": side},
        "crop_size": {"height": side, "width": side}}))
    done = subprocess.run([binary, "inspect", folder, "--json"], check=True,
                          capture_output=True, text=True)
    return json.loads(done.stdout)


def line(info):
    """What is counted for whom."""
    return (f"{info['flops'] / 1e9:.2f} GFLOP a picture by peers, whole blocks; "
            f"{info['flops_pooled'] / 1e9:.2f} by eyechart, of the last block "
            f"the class token alone")
