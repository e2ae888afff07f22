"""Intervals, and scores of captions and boxes."""

import math

import numpy as np

Z = 1.959963984540054  # 95 % of a normal distribution


def wilson(correct: int, count: int) -> tuple[float, float]:
    """95 % Wilson score interval of a proportion."""
    share = correct / count
    middle = share + Z * Z / (2 * count)
    reach = Z * math.sqrt(
        share * (1 - share) / count + Z * Z / (4 * count * count)
    )
    scale = 1 + Z * Z / count
    return (middle - reach) / scale, (middle + reach) / scale


def percent(correct: int, count: int) -> str:
    """A share in per cent with its interval, for a table."""
    if count == 0:
        return "none"
    low, high = wilson(int(correct), int(count))
    return (
        f"{100 * correct / count:.1f} % [{100 * low:.1f}, {100 * high:.1f}]"
    )


def paired_difference(first: np.ndarray, second: np.ndarray):
    """Mean of first - second over the same pairs, with its 95 % interval.

    Args:
      first, second: right answers of each pair, (P, 2) bool. The pair is the
        unit, as its two answers are not independent.
    """
    difference = first.mean(1) - second.mean(1)
    middle = difference.mean()
    reach = Z * difference.std(ddof=1) / math.sqrt(len(difference))
    return middle, middle - reach, middle + reach


def things_in(caption: str, labels: list[str]) -> set[str]:
    """The labels that a caption names, in singular or plural."""
    words = caption.lower().replace(",", " ").split()
    text = " " + " ".join(words) + " "
    return {
        label
        for label in labels
        if f" {label} " in text
        or f" {label}s " in text
        or f" {label}es " in text
    }


def f1(found: list[set], truth: list[set]) -> tuple[float, int, int, int]:
    """F1 over all pictures, with right, found and true counts."""
    right = sum(len(a & b) for a, b in zip(found, truth))
    named = sum(map(len, found))
    true = sum(map(len, truth))
    return 2 * right / max(1, named + true), right, named, true


def overlap(first, second) -> float:
    """Intersection over union of two boxes (x0, y0, x1, y1)."""
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    area = sum((b[2] - b[0]) * (b[3] - b[1]) for b in (first, second))
    return shared / (area - shared)


def matched(found: list[tuple], truth: list[tuple], least: float) -> int:
    """How many found boxes hit a true one of their label, one to one.

    Args:
      found: (label, x0, y0, x1, y1), in the order of the answer.
      truth: the same.
      least: overlap of a hit.
    """
    left = list(truth)
    hits = 0
    for label, *box in found:
        scores = [
            overlap(box, other[1:]) if other[0] == label else 0.0
            for other in left
        ]
        best = int(np.argmax(scores)) if scores else -1
        if best >= 0 and scores[best] >= least:
            left.pop(best)
            hits += 1
    return hits
