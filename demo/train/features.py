"""Features of pictures and texts by the saved folders' models."""

import hashlib
import pathlib

import numpy as np
import torch
import torch.nn.functional as F
from transformers import (
    Aimv2VisionModel,
    CLIPModel,
    CLIPTokenizer,
    Dinov2Model,
    Florence2ForConditionalGeneration,
)

import pictures

CLASSES = {
    "clip": CLIPModel,
    "dinov2": Dinov2Model,
    "aimv2": Aimv2VisionModel,
    "florence2": Florence2ForConditionalGeneration,
}


def load(folder: pathlib.Path, device: str = "cpu"):
    """The folder's model in single precision."""
    model = CLASSES[folder.name].from_pretrained(folder, dtype=torch.float32)
    return model.to(device).eval()


def _embed(model, pixels: torch.Tensor) -> torch.Tensor:
    if isinstance(model, CLIPModel):
        pooled = model.vision_model(pixel_values=pixels).pooler_output
        return model.visual_projection(pooled)
    hidden = model(pixel_values=pixels).last_hidden_state
    return hidden[:, 0] if isinstance(model, Dinov2Model) else hidden.mean(1)


@torch.inference_mode()
def of_pictures(model, pixels: np.ndarray, batch: int = 100) -> torch.Tensor:
    """Features (N, D) of uint8 pictures, not normalised.

    Of CLIP the projected embedding, of DINOv2 the class token, of AIMv2 the
    mean patch: eyechart's pools `head`, `cls` and `mean`.
    """
    parts = []
    for start in range(0, len(pixels), batch):
        some = pixels[start : start + batch]
        images = pictures.to_unit(some, model.device)
        parts.append(_embed(model, pictures.normalize(images)))
    return torch.cat(parts).cpu()


def of_plan(
    folder: pathlib.Path,
    plan: pictures.Plan,
    pixels: np.ndarray,
    device: str = "cpu",
) -> torch.Tensor:
    """Features of a whole set, kept under the weights' hash."""
    weights = (folder / "model.safetensors").read_bytes()
    name = f"{hashlib.sha256(weights).hexdigest()[:16]}-{plan.name()}.pt"
    path = pictures.DEFAULT_CACHE / "features" / name
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.save(of_pictures(load(folder, device), pixels), path)
    return torch.load(path)


@torch.inference_mode()
def of_texts(model: CLIPModel, folder: pathlib.Path, texts: list[str]):
    """Unit embeddings (T, D) of texts."""
    tokenizer = CLIPTokenizer.from_pretrained(folder)
    parts = []
    for start in range(0, len(texts), 200):
        tokens = tokenizer(
            texts[start : start + 200],
            padding=True,
            truncation=True,
            return_tensors="pt",
        ).to(model.device)
        pooled = model.text_model(**tokens).pooler_output
        parts.append(F.normalize(model.text_projection(pooled), dim=-1))
    return torch.cat(parts).cpu()
