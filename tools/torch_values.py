"""What the scripts fixtures-nn*.py share: inputs by a formula, answers rounded, layouts with the channels last."""
import json
import math
import pathlib

import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
DIGITS = 9


def values(shape, seed):
    """The tests make the same inputs: sin(seed + 1.7 i) rounded to 3 decimals."""
    n = math.prod(shape)
    return torch.tensor([round(math.sin(seed + 1.7 * i), 3) for i in range(n)]).reshape(shape)


def rounded(t):
    return [float(f"{v:.{DIGITS}g}") for v in t.detach().reshape(-1).tolist()]


def same_padding(size, window, stride):
    """TensorFlow's and JAX's SAME: ceil(size / stride) outputs, the odd pixel at the end."""
    total = max((math.ceil(size / stride) - 1) * stride + window - size, 0)
    return total // 2, total - total // 2


def padded(x, window, stride, padding, fill):
    """x is [n, c, ...] with any number of spatial axes."""
    if padding == "VALID":
        return x
    sides = [same_padding(x.shape[k + 2], window[k], stride[k]) for k in range(len(window))]
    return F.pad(x, [p for side in reversed(sides) for p in side], value=fill)


def images(x):
    """[n, ..., c] to PyTorch's [n, c, ...]."""
    return x.movedim(-1, 1)


def back(y):
    return y.movedim(1, -1)


def kernel(w):
    """[..., in, out] to PyTorch's [out, in, ...]."""
    return w.movedim(-1, 0).movedim(-1, 1)


def write(name, script, fixtures):
    """One line an entry."""
    fixtures = {"origin": f"PyTorch {torch.__version__} in float64, written by tools/{script}", **fixtures}
    path = pathlib.Path(__file__).parent.parent / "packages/nn/test/fixtures" / name
    path.write_text("{\n" + ",\n".join(f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in fixtures.items()) + "\n}\n")
