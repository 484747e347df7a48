"""Known answers for packages/nn/test from PyTorch: python3 tools/fixtures-nn.py (Debian: python3-torch). Writes packages/nn/test/fixtures/torch.json.

Inputs are values of a formula, so that the tests make the same ones (torch_values.py).
"""
import math

import torch
import torch.nn.functional as F

from torch_values import back, images, padded, rounded, values, write


def convolutions():
    out = []
    for shape, window, filters, strides, padding in [
        ([2, 5, 4, 3], [3, 3], 2, [1, 1], "SAME"), ([2, 5, 4, 3], [3, 3], 2, [1, 1], "VALID"), ([1, 6, 5, 2], [3, 2], 3, [2, 1], "SAME"),
        ([1, 6, 7, 2], [2, 3], 3, [2, 2], "VALID"), ([1, 7, 6, 1], [5, 4], 2, [3, 2], "SAME"), ([2, 3, 3, 2], [1, 1], 4, [2, 2], "SAME"),
    ]:
        x = values(shape, 1).requires_grad_()
        kernel = values([*window, shape[3], filters], 2).requires_grad_()
        bias = values([filters], 3).requires_grad_()
        y = back(F.conv2d(padded(images(x), window, strides, padding, 0), kernel.permute(3, 2, 0, 1), bias, strides))
        loss = (y * values(list(y.shape), 4)).sum()
        loss.backward()
        out.append({"input": shape, "window": window, "filters": filters, "strides": strides, "padding": padding, "shape": list(y.shape),
                    "output": rounded(y), "inputGradient": rounded(x.grad), "kernelGradient": rounded(kernel.grad), "biasGradient": rounded(bias.grad)})
    return out


def pools():
    out = []
    for shape, window, strides, padding in [
        ([1, 4, 4, 2], [2, 2], [2, 2], "VALID"), ([1, 5, 5, 1], [2, 2], [2, 2], "SAME"), ([1, 5, 6, 1], [3, 2], [1, 2], "SAME"), ([2, 5, 4, 1], [3, 3], [2, 1], "VALID"),
    ]:
        x = values(shape, 5)
        largest = back(F.max_pool2d(padded(images(x), window, strides, padding, -math.inf), window, strides))
        ones = padded(torch.ones_like(images(x)), window, strides, padding, 0)
        mean = back(F.avg_pool2d(padded(images(x), window, strides, padding, 0), window, strides) / F.avg_pool2d(ones, window, strides))
        out.append({"input": shape, "window": window, "strides": strides, "padding": padding, "shape": list(mean.shape), "max": rounded(largest), "mean": rounded(mean)})
    return out


def losses():
    logits = (3 * values([5, 4], 6)).requires_grad_()
    ids = torch.tensor([3, 0, 2, 2, 1])
    weights = torch.tensor([1.0, 0.5, 0.0, 2.0, 1.5])
    each = F.cross_entropy(logits, ids, reduction="none")
    weighted = (each * weights).sum() / weights.sum()
    gradient = torch.autograd.grad(weighted, logits, retain_graph=True)[0]
    truth = F.softmax(values([5, 4], 7), -1)
    prediction = F.softmax(values([5, 4], 8), -1)
    a, b = values([3, 2, 2], 9), values([3, 2, 2], 10)
    return {
        "each": rounded(each), "mean": rounded(F.cross_entropy(logits, ids)), "sum": rounded(F.cross_entropy(logits, ids, reduction="sum")),
        "weighted": rounded(weighted), "weightedGradient": rounded(gradient), "distributions": rounded(F.cross_entropy(logits, truth)),
        "klDivergence": rounded(F.kl_div(prediction.log(), truth, reduction="batchmean")), "meanSquaredError": rounded(F.mse_loss(a, b)),
    }


def activations():
    x = torch.tensor([-30.0, -5.0, -1.0, -0.25, 0.0, 0.25, 1.0, 5.0, 30.0])
    return {"x": x.tolist(), **{name: rounded(f(x)) for name, f in {
        "relu": torch.relu, "sigmoid": torch.sigmoid, "tanh": torch.tanh, "softplus": lambda v: F.softplus(v, threshold=100), "softmax": lambda v: F.softmax(v, 0),
        "logSoftmax": lambda v: F.log_softmax(v, 0)}.items()}}


def traces():
    """100 steps on f(x, y) = (1 - x)^2 + 100 (y - x^2)^2 (Rosenbrock) and on a quadratic; every tenth point."""
    problems = {
        "quadratic": ([3.0, -2.0], lambda p: (0.5 * (p - torch.tensor([1.0, 0.5])) ** 2 * torch.tensor([1.0, 10.0])).sum(), 0.02, 0.1),
        "rosenbrock": ([-1.2, 1.0], lambda p: (1 - p[0]) ** 2 + 100 * (p[1] - p[0] ** 2) ** 2, 2e-4, 0.02),
    }
    optimizers = {
        "sgd": lambda p, rate, _: torch.optim.SGD([p], lr=rate),
        "momentum": lambda p, rate, _: torch.optim.SGD([p], lr=rate, momentum=0.9),
        "nesterov": lambda p, rate, _: torch.optim.SGD([p], lr=rate, momentum=0.9, nesterov=True),
        "adam": lambda p, _, rate: torch.optim.Adam([p], lr=rate),
        "adamOptions": lambda p, _, rate: torch.optim.Adam([p], lr=rate, betas=(0.8, 0.95), eps=1e-3),
    }
    out = []
    for problem, (start, f, rate, adam_rate) in problems.items():
        for optimizer, make in optimizers.items():
            p = torch.tensor(start, requires_grad=True)
            o = make(p, rate, adam_rate)
            points = []
            for i in range(100):
                o.zero_grad()
                f(p).backward()
                o.step()
                if i % 10 == 9:
                    points.append(rounded(p))
            out.append({"problem": problem, "optimizer": optimizer, "rate": adam_rate if optimizer.startswith("adam") else rate, "start": start, "points": points})
    return out


def initializers():
    """The parameters of the distributions: bounds of the uniform ones, standard deviations of the normal ones, for [3, 3, 8, 16] kernels."""
    w = torch.empty(16, 8, 3, 3)
    return {"shape": [3, 3, 8, 16], "fans": list(torch.nn.init._calculate_fan_in_and_fan_out(w)),
            "glorotUniformStd": float(math.sqrt(2 / sum(torch.nn.init._calculate_fan_in_and_fan_out(w)))),
            "heStd": float(torch.nn.init.calculate_gain("relu") / math.sqrt(72))}


write("torch.json", "fixtures-nn.py", {
    "convolutions": convolutions(), "pools": pools(), "losses": losses(), "activations": activations(), "traces": traces(), "initializers": initializers(),
})
