"""100 steps of PyTorch's optimisers, and its schedules: python3 tools/fixtures-nn-optim.py (Debian: python3-torch). Writes packages/nn/test/fixtures/optim.json.

Problems: f(x, y) = (1 - x)^2 + 100 (y - x^2)^2 (Rosenbrock) and a quadratic; every tenth point. Rates and options are in the test beside their optimiser.
"""
import torch
from torch.optim import lr_scheduler as lr

from torch_values import rounded, write

PROBLEMS = {
    "quadratic": ([3.0, -2.0], lambda p: (0.5 * (p - torch.tensor([1.0, 0.5])) ** 2 * torch.tensor([1.0, 10.0])).sum()),
    "rosenbrock": ([-1.2, 1.0], lambda p: (1 - p[0]) ** 2 + 100 * (p[1] - p[0] ** 2) ** 2),
}
OPTIMIZERS = {
    "adamw": lambda p: torch.optim.AdamW(p, lr=0.05, weight_decay=0.1),
    "amsgrad": lambda p: torch.optim.Adam(p, lr=0.05, betas=(0.9, 0.9), amsgrad=True),
    # foreach: the loop over single tensors of PyTorch 1.13 multiplies the next product with the momentum twice.
    "nadam": lambda p: torch.optim.NAdam(p, lr=0.02, foreach=True),
    "radam": lambda p: torch.optim.RAdam(p, lr=5e-4, betas=(0.9, 0.99)),
    "adamax": lambda p: torch.optim.Adamax(p, lr=0.02),
    "adadelta": lambda p: torch.optim.Adadelta(p, lr=0.5),
    "adagrad": lambda p: torch.optim.Adagrad(p, lr=0.1),
    "rmsprop": lambda p: torch.optim.RMSprop(p, lr=0.01),
    "rmspropCentered": lambda p: torch.optim.RMSprop(p, lr=0.002, alpha=0.9, centered=True, momentum=0.5),
    "rprop": lambda p: torch.optim.Rprop(p, lr=0.01),
    "lbfgs": lambda p: torch.optim.LBFGS(p, lr=0.05, max_iter=1, history_size=5, tolerance_grad=0, tolerance_change=0),
    "weightDecay": lambda p: torch.optim.SGD(p, lr=1e-3, momentum=0.5, weight_decay=0.1),
}


def traces():
    out = {}
    for optimizer, make in OPTIMIZERS.items():
        for problem, (start, f) in PROBLEMS.items():
            p = torch.tensor(start, requires_grad=True)
            o = make([p])

            def closure():
                o.zero_grad()
                loss = f(p)
                loss.backward()
                return loss

            points = []
            for i in range(100):
                o.step(closure)
                if i % 10 == 9:
                    points += rounded(p)
            out[f"{optimizer} {problem}"] = points
    return out


SCHEDULES = {
    "linear": lambda o: lr.LinearLR(o, 0.25, 1, 8),
    "polynomial": lambda o: lr.PolynomialLR(o, 10, 2) if hasattr(lr, "PolynomialLR") else None,
    "exponential": lambda o: lr.ExponentialLR(o, 0.9),
    "step": lambda o: lr.StepLR(o, 5, 0.5),
    "multiStep": lambda o: lr.MultiStepLR(o, [4, 9], 0.1),
    "cosine": lambda o: lr.CosineAnnealingLR(o, 15, 0.1),
    "restarts": lambda o: lr.CosineAnnealingWarmRestarts(o, 5, 2, 0.1),
    "oneCycle": lambda o: lr.OneCycleLR(o, 0.8, 16, pct_start=0.25),
    "sequential": lambda o: lr.SequentialLR(o, [lr.LinearLR(o, 0.5, 1, 4), lr.ExponentialLR(o, 0.8)], [4]),
}


def schedules():
    out = {}
    for name, make in SCHEDULES.items():
        p = torch.zeros(1, requires_grad=True)
        o = torch.optim.SGD([p], lr=0.5)
        s = make(o)
        if s is None:
            continue
        out[name] = []
        for i in range(15):
            out[name].append(float(f"{o.param_groups[0]['lr']:.9g}"))
            o.step()
            s.step()
    return out


write("optim.json", "fixtures-nn-optim.py", {"traces": traces(), "schedules": schedules()})
