"""Known answers of losses from PyTorch: python3 tools/fixtures-nn-losses.py (Debian: python3-torch). Writes packages/nn/test/fixtures/losses.json.

Each entry holds one value an element or example, and the gradient of their weighted sum by the first argument. Inputs are values of a formula (torch_values.py).
"""
import torch
import torch.nn.functional as F

from torch_values import rounded, values, write

A, B = values([4, 3], 1), values([4, 3], 2)
PROBABILITY = torch.sigmoid(values([4, 3], 3))
BITS = (values([4, 3], 4) > 0).double()
SIGNS = 2 * BITS - 1
IDS = torch.tensor([2, 0, 1, 1])
CLASS_WEIGHTS = torch.tensor([0.5, 2.0, 1.0])
DISTRIBUTIONS = F.softmax(values([4, 3], 5), -1)
ANCHORS, POSITIVES, NEGATIVES = values([4, 5], 6), values([4, 5], 7), values([4, 5], 8)

LOSSES = {
    "meanSquaredError": (A, lambda x: F.mse_loss(x, B, reduction="none")),
    "meanAbsoluteError": (A, lambda x: F.l1_loss(x, B, reduction="none")),
    "huberLoss": (A, lambda x: F.huber_loss(x, B, reduction="none", delta=0.5)),
    "logCosh": (A, lambda x: torch.log(torch.cosh(x - B))),
    "hingeLoss": (A, lambda x: torch.relu(1 - SIGNS * x)),
    "squaredHingeLoss": (A, lambda x: torch.relu(1 - SIGNS * x) ** 2),
    "cosineDistance": (A, lambda x: 1 - F.cosine_similarity(x, B, -1)),
    "sigmoidCrossEntropy": (A, lambda x: F.binary_cross_entropy_with_logits(x, PROBABILITY, reduction="none")),
    "positiveWeight": (A, lambda x: F.binary_cross_entropy_with_logits(x, BITS, reduction="none", pos_weight=torch.tensor(3.0))),
    "logLoss": (PROBABILITY, lambda x: F.binary_cross_entropy(x, BITS, reduction="none")),
    "poissonLoss": (PROBABILITY, lambda x: F.poisson_nll_loss(x, BITS, log_input=False, eps=1e-7, reduction="none")),
    "poissonLog": (A, lambda x: F.poisson_nll_loss(x, BITS, log_input=True, reduction="none")),
    "classWeights": (A, lambda x: F.cross_entropy(x, IDS, CLASS_WEIGHTS, reduction="none")),
    "classWeightsOfDistributions": (A, lambda x: F.cross_entropy(x, DISTRIBUTIONS, CLASS_WEIGHTS, reduction="none")),
    "smoothLabels": (A, lambda x: F.cross_entropy(x, IDS, reduction="none", label_smoothing=0.1)),
    "klDivergenceOfLogs": (torch.log(PROBABILITY), lambda x: F.kl_div(x, torch.log(DISTRIBUTIONS), reduction="none", log_target=True).sum(-1)),
    # PyTorch adds its eps to each difference: without it on both sides.
    "tripletMarginLoss": (ANCHORS, lambda x: F.triplet_margin_loss(x, POSITIVES, NEGATIVES, eps=0, reduction="none")),
}


def entry(x, f):
    x = x.clone().requires_grad_()
    y = f(x)
    (y * values(list(y.shape), 9)).sum().backward()
    return {"each": rounded(y), "gradient": rounded(x.grad)}


def ctc():
    """A batch of different lengths; repeated labels; an example that has no alignment."""
    logits = (2 * values([4, 6, 4], 10)).requires_grad_()
    labels = torch.tensor([[1, 2, 3], [1, 1, 2], [3, 2, 2], [2, 2, 2]])
    steps, lengths = torch.tensor([6, 5, 4, 4]), torch.tensor([3, 3, 2, 3])
    loss = F.ctc_loss(F.log_softmax(logits, -1).transpose(0, 1), labels, steps, lengths, reduction="none", zero_infinity=True)
    (loss * torch.tensor([1.0, 2.0, -1.0, 1.0])).sum().backward()
    return {"labels": labels.tolist(), "steps": steps.tolist(), "lengths": lengths.tolist(), "each": rounded(loss), "gradient": rounded(logits.grad)}


write("losses.json", "fixtures-nn-losses.py", {**{name: entry(x, f) for name, (x, f) in LOSSES.items()},
                                               "weightedMean": rounded(F.cross_entropy(A, IDS, CLASS_WEIGHTS)), "ctc": ctc()})
