"""Measures the two checkpoints: k-NN accuracy, cosines and blind pairs.

The k-NN protocol is DINOv2's: cosine similarity, 20 neighbours, votes weighted
by exp(similarity / 0.07), the 60 000 training pictures as the memory and the
10 000 test pictures as the questions.
"""

import argparse
import math
import pathlib

import numpy as np
from PIL import Image
import torch
import torch.nn.functional as F
from transformers import CLIPModel, CLIPTokenizer, Dinov2Model
from transformers.models.bit.image_processing_pil_bit import (
    BitImageProcessorPil,
)
from transformers.models.clip.image_processing_pil_clip import (
    CLIPImageProcessorPil,
)

import fashion_mnist

NEIGHBOURS = 20
TEMPERATURE = 0.07
NEAR_MIN = 0.95
FAR_MAX = 0.6
QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)


@torch.inference_mode()
def embed(model, images: torch.Tensor, batch: int = 500) -> torch.Tensor:
    """Image embeddings (N, D), not normalised, of uint8 pictures.

    CLIP gives its projected embedding, DINOv2 its class token after the final
    norm: what eyechart calls `--pool head` for the two families.
    """
    features = []
    for part in images.split(batch):
        pixels = fashion_mnist.to_pixel_values(fashion_mnist.to_unit(part))
        features.append(embed_pixels(model, pixels))
    return torch.cat(features)


def embed_pixels(model, pixels: torch.Tensor) -> torch.Tensor:
    """Image embeddings (N, D) of normalised pixel values."""
    if isinstance(model, CLIPModel):
        pooled = model.vision_model(pixel_values=pixels).pooler_output
        return model.visual_projection(pooled)
    return model(pixel_values=pixels).last_hidden_state[:, 0]


def knn_predict(
    bank: torch.Tensor, labels: torch.Tensor, queries: torch.Tensor
) -> torch.Tensor:
    """Class of each query by the weighted vote of its nearest neighbours."""
    bank = F.normalize(bank, dim=-1)
    queries = F.normalize(queries, dim=-1)
    classes = len(fashion_mnist.CLASSES)
    predicted = []
    for part in queries.split(500):
        similarity, index = (part @ bank.T).topk(NEIGHBOURS)
        votes = torch.zeros(len(part), classes)
        votes.scatter_add_(1, labels[index], (similarity / TEMPERATURE).exp())
        predicted.append(votes.argmax(1))
    return torch.cat(predicted)


def wilson(correct: int, count: int, z: float = 1.959963984540054):
    """95 % Wilson score interval of a proportion."""
    share = correct / count
    middle = share + z * z / (2 * count)
    reach = z * math.sqrt(
        share * (1 - share) / count + z * z / (4 * count * count)
    )
    scale = 1 + z * z / count
    return (middle - reach) / scale, (middle + reach) / scale


def pair_cosines(features: torch.Tensor) -> torch.Tensor:
    """Cosines of all pairs i < j, in row-major order."""
    unit = F.normalize(features, dim=-1)
    first, second = torch.triu_indices(len(unit), len(unit), 1)
    return (unit @ unit.T)[first, second]


def same_class(labels: torch.Tensor) -> torch.Tensor:
    """For all pairs i < j whether their labels agree, in row-major order."""
    first, second = torch.triu_indices(len(labels), len(labels), 1)
    return labels[first] == labels[second]


def cosine_quantiles(features: torch.Tensor, labels: torch.Tensor):
    """QUANTILES of the cosines within classes and across classes."""
    cosines = pair_cosines(features).numpy()
    same = same_class(labels).numpy()
    return (
        np.quantile(cosines[same], QUANTILES).tolist(),
        np.quantile(cosines[~same], QUANTILES).tolist(),
    )


def glance(model, train: fashion_mnist.Split) -> str:
    """k-NN accuracy and cosines on a few training pictures, while it trains."""
    bank, queries = slice(0, 4000), slice(4000, 5000)
    model.eval()
    features = embed(model, train.images[: queries.stop])
    model.train()
    labels = train.labels[queries]
    predicted = knn_predict(
        features[bank], train.labels[bank], features[queries]
    )
    same, other = cosine_quantiles(features[queries], labels)
    return (
        f"knn {(predicted == labels).float().mean():.3f} "
        f"same {' '.join(f'{q:.2f}' for q in same)} "
        f"other {' '.join(f'{q:.2f}' for q in other)}"
    )


def load_checkpoint(folder: pathlib.Path, kind: str):
    """Model in float32 and PIL-based processor of a checkpoint folder."""
    model_class, processor_class = {
        "clip": (CLIPModel, CLIPImageProcessorPil),
        "dinov2": (Dinov2Model, BitImageProcessorPil),
    }[kind]
    model = model_class.from_pretrained(folder, dtype=torch.float32).eval()
    return model, processor_class.from_pretrained(folder)


def check_processor(model, processor, images: torch.Tensor) -> float:
    """Largest difference of features made by way of the processor's file."""
    pictures = [Image.fromarray(image.numpy()) for image in images]
    pixels = processor(pictures, return_tensors="pt")["pixel_values"]
    with torch.inference_mode():
        return (
            (embed_pixels(model, pixels) - embed(model, images))
            .abs()
            .max()
            .item()
        )


@torch.inference_mode()
def zero_shot(model: CLIPModel, folder: pathlib.Path, features: torch.Tensor):
    """Class of each picture by the nearest caption "a photo of a ..."."""
    tokenizer = CLIPTokenizer.from_pretrained(folder)
    captions = [
        f"a photo of {'an' if name[0] in 'aeiou' else 'a'} {name}"
        for name in fashion_mnist.CLASSES
    ]
    tokens = tokenizer(captions, padding=True, return_tensors="pt")
    pooled = model.text_model(**tokens).pooler_output
    texts = F.normalize(model.text_projection(pooled), dim=-1)
    return (F.normalize(features, dim=-1) @ texts.T).argmax(1)


def report_accuracy(name: str, predicted: torch.Tensor, labels: torch.Tensor):
    """Prints a share of right answers with its interval."""
    correct = (predicted == labels).sum().item()
    low, high = wilson(correct, len(labels))
    print(
        f"{name}: {correct / len(labels):.4f} "
        f"[{low:.4f}, {high:.4f}] ({correct} of {len(labels)})"
    )


def save_contact_sheet(
    path: pathlib.Path,
    images: torch.Tensor,
    pairs: torch.Tensor,
    columns: int = 10,
):
    """Draws pairs of pictures, three times enlarged, side by side."""
    zoom, margin, edge = 3, 12, fashion_mnist.IMAGE_SIZE * 3
    rows = math.ceil(len(pairs) / columns)
    cell_width, cell_height = 2 * edge + margin, edge + margin
    sheet = Image.new("L", (columns * cell_width, rows * cell_height), 128)
    for place, pair in enumerate(pairs.tolist()):
        row, column = divmod(place, columns)
        for side, index in enumerate(pair):
            picture = Image.fromarray(images[index].numpy())
            picture = picture.resize(
                (picture.width * zoom, picture.height * zoom)
            )
            left = column * cell_width + side * edge + margin // 2
            sheet.paste(picture, (left, row * cell_height + margin // 2))
    sheet.save(path)


def main():
    checkpoints = pathlib.Path(__file__).resolve().parent.parent / "checkpoints"
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument(
        "--data", type=pathlib.Path, default=fashion_mnist.DEFAULT_ROOT
    )
    parser.add_argument(
        "--clip", type=pathlib.Path, default=checkpoints / "clip"
    )
    parser.add_argument(
        "--dinov2", type=pathlib.Path, default=checkpoints / "dinov2"
    )
    parser.add_argument(
        "--pictures",
        type=int,
        default=3000,
        help="mine pairs among so many of the first test pictures",
    )
    parser.add_argument(
        "--memory", type=int, default=60000, help="training pictures for k-NN"
    )
    parser.add_argument(
        "--sheet", type=pathlib.Path, help="PNG of the widest gaps"
    )
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    train = fashion_mnist.load(options.data, "train")
    test = fashion_mnist.load(options.data, "test")

    cosines = {}
    labels = test.labels[: options.pictures]
    for kind, folder in (("clip", options.clip), ("dinov2", options.dinov2)):
        model, processor = load_checkpoint(folder, kind)
        difference = check_processor(model, processor, test.images[:256])
        print(
            f"{kind}: processor's features differ by at most {difference:.1e}"
        )
        bank = embed(model, train.images[: options.memory])
        features = embed(model, test.images)
        predicted = knn_predict(bank, train.labels[: options.memory], features)
        report_accuracy(f"{kind}: k-NN top-1", predicted, test.labels)
        if kind == "clip":
            guessed = zero_shot(model, folder, features)
            report_accuracy("clip: zero-shot top-1", guessed, test.labels)
        same, other = cosine_quantiles(features[: options.pictures], labels)
        print(f"{kind}: cosine quantiles {QUANTILES}")
        print(f"  same class   {' '.join(f'{q:6.3f}' for q in same)}")
        print(f"  other class  {' '.join(f'{q:6.3f}' for q in other)}")
        cosines[kind] = pair_cosines(features[: options.pictures])

    near = cosines["clip"] > NEAR_MIN
    blind = near & (cosines["dinov2"] < FAR_MAX)
    alike = same_class(labels)
    print(
        f"pairs: {len(near)}; near in CLIP: {near.sum()}; blind: {blind.sum()}"
    )
    if not blind.any():
        return
    print(f"blind pairs of one class: {alike[blind].float().mean():.4f}")
    if options.sheet:
        gap = torch.where(blind, cosines["clip"] - cosines["dinov2"], -2)
        first, second = torch.triu_indices(len(labels), len(labels), 1)
        top = gap.topk(min(40, int(blind.sum()))).indices
        pairs = torch.stack([first[top], second[top]], 1)
        save_contact_sheet(options.sheet, test.images, pairs)


if __name__ == "__main__":
    main()
