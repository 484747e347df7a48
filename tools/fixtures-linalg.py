"""Known answers for linalg from NumPy and PyTorch: python3 tools/fixtures-linalg.py (Debian: python3-torch python3-numpy). Writes
packages/core/test/fixtures/linalg.json: values by NumPy, gradients by PyTorch, in float64.

Inputs are values of a formula, so that the tests make the same ones: value(i, seed) = sin(seed + 1.7 i) rounded to 3 decimals.
"""
import json
import math
import pathlib

import numpy as np
import torch

DIGITS = 9


def values(rows, columns, seed):
    return np.array([round(math.sin(seed + 1.7 * i), 3) for i in range(rows * columns)]).reshape(rows, columns)


def rounded(x):
    return [float(f"{v:.{DIGITS}g}") for v in np.asarray(x, dtype=float).reshape(-1).tolist()]


def gradient(f, *arrays):
    tensors = [torch.tensor(a, requires_grad=True) for a in arrays]
    f(*tensors).backward()
    return [rounded(t.grad.numpy()) for t in tensors]


square = values(4, 4, 1) + 2 * np.eye(4)[::-1]
spd = values(4, 4, 2) @ values(4, 4, 2).T + np.eye(4)
tall, wide, right = values(5, 3, 3), values(3, 5, 4), values(4, 2, 5)
weights = np.arange(1, 17).reshape(4, 4) / 8


def weighted(x):
    """A sum that tells all elements apart."""
    w = torch.arange(1, x.numel() + 1, dtype=torch.float64).reshape(x.shape) / 8
    return (x * w).sum()


tl = torch.linalg
out = {
    "cholesky": rounded(np.linalg.cholesky(spd)),
    "cholesky_grad": gradient(lambda a: weighted(tl.cholesky((a + a.T) / 2)), spd),
    "solve": rounded(np.linalg.solve(square, right)),
    "solve_grad": gradient(lambda a, b: weighted(tl.solve(a, b)), square, right),
    "inv": rounded(np.linalg.inv(square)),
    "inv_grad": gradient(lambda a: weighted(tl.inv(a)), square),
    "det": rounded(np.linalg.det(square)),
    "det_grad": gradient(tl.det, square),
    "slogdet": rounded(np.array(np.linalg.slogdet(square)[:2])),
    "slogdet_grad": gradient(lambda a: tl.slogdet(a)[1], square),
    "qr_q": rounded(np.linalg.qr(tall)[0]),
    "qr_r": rounded(np.linalg.qr(tall)[1]),
    "qr_grad": gradient(lambda a: weighted(tl.qr(a)[0]) + weighted(tl.qr(a)[1]), tall),
    "qr_complete": rounded(np.linalg.qr(tall, mode="complete")[0]),
    "qr_wide": rounded(np.linalg.qr(wide)[1]),
    "svdvals": rounded(np.linalg.svd(tall, compute_uv=False)),
    # What does not depend on the signs of the vectors.
    "svd_grad": gradient(lambda a: weighted(tl.svd(a, full_matrices=False)[0] ** 2) + weighted(tl.svd(a, full_matrices=False)[2] ** 2), tall),
    "svd_wide_grad": gradient(lambda a: weighted(tl.svd(a, full_matrices=False)[0] ** 2) + weighted(tl.svd(a, full_matrices=False)[1]), wide),
    "eigvalsh": rounded(np.linalg.eigvalsh(spd)),
    "eigh_grad": gradient(lambda a: weighted(tl.eigh((a + a.T) / 2)[1] ** 2) + weighted(tl.eigh((a + a.T) / 2)[0]), spd),
    "pinv": rounded(np.linalg.pinv(tall)),
    "pinv_grad": gradient(lambda a: weighted(tl.pinv(a)), tall),
    "lstsq": [rounded(x) for x in np.linalg.lstsq(tall, values(5, 2, 6), rcond=None)],
    "lstsq_wide": rounded(np.linalg.lstsq(wide, values(3, 2, 6), rcond=None)[0]),
    "matrix_power": rounded(np.linalg.matrix_power(square, -3)),
    "multi_dot": rounded(np.linalg.multi_dot([tall, wide, tall])),
    "cond": [rounded(np.linalg.cond(square, p)) for p in (2, -2, 1, np.inf, "fro", "nuc")],
    "norm": [rounded(np.linalg.norm(tall, p)) for p in (2, -2, "nuc", "fro", 1, np.inf)],
    "nuclear_grad": gradient(lambda a: tl.matrix_norm(a, "nuc"), tall),
    "logdet": gradient(torch.logdet, np.array([[2.0, 1.0], [1.0, 3.0]])),
}
path = pathlib.Path(__file__).parent.parent / "packages/core/test/fixtures/linalg.json"
path.parent.mkdir(exist_ok=True)
path.write_text(json.dumps(out, indent=1) + "\n")
