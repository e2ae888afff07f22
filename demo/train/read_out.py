"""A linear read-out of frozen features: which picture of a pair is it?"""

import torch
import torch.nn.functional as F

DECAYS = (1e-4, 1e-3, 1e-2, 1e-1)


def _fit(features: torch.Tensor, labels: torch.Tensor, decay: float):
    weight = torch.zeros(features.shape[1], requires_grad=True)
    bias = torch.zeros(1, requires_grad=True)
    solver = torch.optim.LBFGS(
        [weight, bias], max_iter=200, line_search_fn="strong_wolfe"
    )

    def closure():
        solver.zero_grad()
        scores = features @ weight + bias
        loss = F.binary_cross_entropy_with_logits(scores, labels)
        loss = loss + decay * weight.square().sum()
        loss.backward()
        return loss

    solver.step(closure)
    return weight.detach(), bias.detach()


def answers(
    train: torch.Tensor, test: torch.Tensor
) -> tuple[torch.Tensor, float]:
    """Trains on pairs and answers others.

    Logistic regression on standardised features; the decay is chosen on the
    last quarter of the training pairs.

    Args:
      train: features (2 P, D), the two pictures of a pair in turn.
      test: the same of other pairs.

    Returns:
      Which of the test pictures are right, (P', 2) bool, and the decay.
    """
    mean, deviation = train.mean(0), train.std(0).clamp(min=1e-6)
    train, test = (train - mean) / deviation, (test - mean) / deviation
    labels = torch.arange(len(train)) % 2 * 1.0
    cut = len(train) * 3 // 8 * 2
    best, chosen = -1.0, DECAYS[0]
    for decay in DECAYS:
        weight, bias = _fit(train[:cut], labels[:cut], decay)
        guessed = train[cut:] @ weight + bias > 0
        right = (guessed == (labels[cut:] > 0)).float().mean().item()
        if right > best:
            best, chosen = right, decay
    weight, bias = _fit(train, labels, chosen)
    right = (test @ weight + bias > 0) == (torch.arange(len(test)) % 2 > 0)
    return right.view(-1, 2), chosen
