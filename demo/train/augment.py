"""Random picture changes on whole batches: a few tensor operations each.

All functions take and return pictures (B, 3, H, W) in [0, 1], before
normalisation. Every picture of a batch draws its own parameters, but for twins:
the last `twins` pictures are changed as the `twins` pictures before them. None
mirrors a picture: which way a thing faces has to mean something. Where a change
would look outside a picture, its border is repeated.
"""

import math

import torch
import torch.nn.functional as F


def _uniform(
    images: torch.Tensor, low: float, high: float, twins: int = 0
) -> torch.Tensor:
    """One value a picture; the last `twins` have those of the ones before."""
    values = torch.empty(len(images) - twins, device=images.device)
    values.uniform_(low, high)
    return torch.cat([values, values[len(values) - twins :]])


def random_resized_crop(
    images: torch.Tensor,
    size: int,
    area: tuple[float, float],
    aspect: tuple[float, float] = (0.9, 1.11),
    twins: int = 0,
) -> torch.Tensor:
    """Cuts a random box from each picture and resizes it to size x size.

    Args:
      images: the batch.
      size: edge of the result in pixels.
      area: range of the box's share of the picture's area.
      aspect: range of width / height, drawn evenly in its logarithm.
      twins: how many pictures at the end are changed as others.
    """
    share = _uniform(images, *area, twins)
    low, high = math.log(aspect[0]), math.log(aspect[1])
    ratio = _uniform(images, low, high, twins).exp()
    # In affine_grid's coordinates the picture spans [-1, 1], so that a box of
    # half-width w lies inside when its centre is within 1 - w of the middle.
    half_width = (share * ratio).sqrt().clamp(max=1)
    half_height = (share / ratio).sqrt().clamp(max=1)
    centre_x = _uniform(images, -1, 1, twins) * (1 - half_width)
    centre_y = _uniform(images, -1, 1, twins) * (1 - half_height)
    return _sample(images, half_width, half_height, centre_x, centre_y, size)


def random_shift(
    images: torch.Tensor, pixels: float, zoom: float
) -> torch.Tensor:
    """Moves and scales all pictures a little."""
    return shift_with_places(images, pixels, zoom)[0]


def shift_with_places(images: torch.Tensor, pixels: float, zoom: float):
    """Moves and scales all pictures a little, and says where things went.

    Returns:
      the pictures, and (B, 2, 2): factor and offset in pixels of x, then of y.
      A point at x of the picture is at factor * x + offset afterwards.
    """
    size = images.shape[2]
    scale = _uniform(images, 1 - zoom, 1 + zoom)
    reach = 2 * pixels / size
    right = _uniform(images, -reach, reach)
    down = _uniform(images, -reach, reach)
    # A place u of the result shows scale * u + right, both in [-1, 1].
    factor = 1 / scale
    places = [
        torch.stack([factor, size / 2 * (1 - factor * (1 + to))], 1)
        for to in (right, down)
    ]
    shifted = _sample(images, scale, scale, right, down, size)
    return shifted, torch.stack(places, 1)


def random_tone(
    images: torch.Tensor,
    gain: float,
    gamma: float,
    tint: float,
    twins: int = 0,
) -> torch.Tensor:
    """Changes brightness (a factor), contrast (an exponent) and hue.

    Args:
      images: the batch.
      gain: the factor is drawn from [1 - gain, 1 + gain].
      gamma: the exponent's logarithm is drawn from [-gamma, gamma].
      tint: each channel has a factor of its own in [1 - tint, 1 + tint].
      twins: how many pictures at the end are changed as others.
    """
    factor = _uniform(images, 1 - gain, 1 + gain, twins).view(-1, 1, 1, 1)
    channels = torch.stack(
        [_uniform(images, 1 - tint, 1 + tint, twins) for _ in range(3)], 1
    ).view(-1, 3, 1, 1)
    exponent = _uniform(images, -gamma, gamma, twins).exp().view(-1, 1, 1, 1)
    # Interpolation may leave -1e-8, whose power is not a number.
    toned = images.clamp(0, 1).pow(exponent) * (factor * channels)
    return toned.clamp(0, 1)


def mild_tone(images: torch.Tensor) -> torch.Tensor:
    """random_tone so slight that a named colour keeps its name."""
    return random_tone(images, gain=0.1, gamma=0.1, tint=0.03)


def _sample(images, half_width, half_height, right, down, size: int):
    zero = torch.zeros_like(right)
    rows = [
        torch.stack([half_width, zero, right], 1),
        torch.stack([zero, half_height, down], 1),
    ]
    grid = F.affine_grid(
        torch.stack(rows, 1),
        [images.shape[0], 3, size, size],
        align_corners=False,
    )
    return F.grid_sample(
        images, grid, padding_mode="border", align_corners=False
    )
