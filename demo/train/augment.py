"""Random picture changes on whole batches: a few tensor operations each.

All functions take and return gray pictures (B, 1, H, W) in [0, 1], before
normalisation, so that what lies outside a picture is black like Fashion-MNIST's
own background. Every picture of a batch draws its own parameters.
"""

import math

import torch
import torch.nn.functional as F


def _uniform(count: int, low: float, high: float) -> torch.Tensor:
    return torch.empty(count).uniform_(low, high)


def random_resized_crop(
    images: torch.Tensor,
    size: int,
    area: tuple[float, float],
    aspect: tuple[float, float] = (3 / 4, 4 / 3),
    flip: bool = True,
) -> torch.Tensor:
    """Cuts a random box from each picture and resizes it to size x size.

    Args:
      images: the batch.
      size: edge of the result in pixels.
      area: range of the box's share of the picture's area.
      aspect: range of width / height, drawn evenly in its logarithm.
      flip: whether half of the pictures are mirrored left to right.
    """
    count = images.shape[0]
    share = _uniform(count, *area)
    ratio = _uniform(count, math.log(aspect[0]), math.log(aspect[1])).exp()
    # In affine_grid's coordinates the picture spans [-1, 1], so that a box of
    # half-width w lies inside when its centre is within 1 - w of the middle.
    half_width = (share * ratio).sqrt().clamp(max=1)
    half_height = (share / ratio).sqrt().clamp(max=1)
    centre_x = _uniform(count, -1, 1) * (1 - half_width)
    centre_y = _uniform(count, -1, 1) * (1 - half_height)
    mirror = torch.ones(count)
    if flip:
        mirror[torch.rand(count) < 0.5] = -1
    zero = torch.zeros(count)
    transform = torch.stack(
        [
            torch.stack([half_width * mirror, zero, centre_x], 1),
            torch.stack([zero, half_height, centre_y], 1),
        ],
        1,
    )
    return _sample(images, transform, size)


def random_shift(
    images: torch.Tensor, pixels: float, degrees: float, zoom: float
) -> torch.Tensor:
    """Mirrors half of the pictures and moves, turns and scales all a little."""
    count, _, size, _ = images.shape
    angle = _uniform(count, -degrees, degrees) * (math.pi / 180)
    scale = _uniform(count, 1 - zoom, 1 + zoom)
    mirror = torch.where(torch.rand(count) < 0.5, -1.0, 1.0)
    cosine, sine = angle.cos() * scale, angle.sin() * scale
    reach = 2 * pixels / size
    transform = torch.stack(
        [
            torch.stack(
                [cosine * mirror, -sine, _uniform(count, -reach, reach)], 1
            ),
            torch.stack(
                [sine * mirror, cosine, _uniform(count, -reach, reach)], 1
            ),
        ],
        1,
    )
    return _sample(images, transform, size)


def random_tone(
    images: torch.Tensor, gain: float, gamma: float
) -> torch.Tensor:
    """Changes brightness (a factor) and contrast (an exponent).

    Args:
      images: the batch.
      gain: the factor is drawn from [1 - gain, 1 + gain].
      gamma: the exponent's logarithm is drawn from [-gamma, gamma].
    """
    count = images.shape[0]
    factor = _uniform(count, 1 - gain, 1 + gain).view(-1, 1, 1, 1)
    exponent = _uniform(count, -gamma, gamma).exp().view(-1, 1, 1, 1)
    # Interpolation may leave -1e-8, whose power is not a number.
    return (images.clamp(0, 1).pow(exponent) * factor).clamp(0, 1)


def random_blur(images: torch.Tensor, strongest: float) -> torch.Tensor:
    """Mixes each picture with its 3x3 binomial blur, by a random amount."""
    line = torch.tensor([0.25, 0.5, 0.25])
    kernel = (line[:, None] * line[None, :]).view(1, 1, 3, 3)
    blurred = F.conv2d(images, kernel, padding=1)
    amount = _uniform(images.shape[0], 0, strongest).view(-1, 1, 1, 1)
    return torch.lerp(images, blurred, amount)


def _sample(
    images: torch.Tensor, transform: torch.Tensor, size: int
) -> torch.Tensor:
    grid = F.affine_grid(
        transform, [images.shape[0], 1, size, size], align_corners=False
    )
    return F.grid_sample(
        images, grid, mode="bilinear", padding_mode="zeros", align_corners=False
    )
