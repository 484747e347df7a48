"""Values and gradients of core's functions by NumPy, SciPy and PyTorch: python3 tools/fixtures-values.py (Debian: python3-torch python3-scipy). Writes
packages/core/test/fixtures/values.json.

An entry is a call `name(*tensors, *args)`. Inputs are drawn by integer arithmetic, so that the test makes the same ones, and are exact in float32. Values are
NumPy's or SciPy's in float64. A gradient is that of the sum of all results, each element times its number / 8: PyTorch's where `torch` is given, else central
differences with one step of Richardson's extrapolation.
"""
import json
import pathlib
import re

import numpy as np
import scipy
import scipy.signal
import scipy.special as sp
import torch

DIGITS = 10
out = []


def drawn(shape, low, high, seed, dtype):
    i = np.arange(int(np.prod(shape)), dtype=np.int64)
    h = (seed * 7919 + i * 10473 + 12345) % 65521
    u = ((h * h + 31 * h) % 65521) / 65521
    if dtype == "float32":
        x = np.floor((low + (high - low) * u) * 256) / 256
    else:
        x = np.floor(low + u * (high - low + 1))
    return (x != 0 if dtype == "bool" else x.astype({"float32": np.float64}.get(dtype, dtype))).reshape(shape)


def F(*shape, low=-2, high=2):
    return shape, low, high, "float32"


def I(*shape, low=-9, high=9):
    return shape, low, high, "int32"


def B(*shape):
    return shape, 0, 1, "bool"


def plain(v):
    return float(f"{v:.{DIGITS}g}") if np.isfinite(v) else str(v)


def numbers(x):
    return [plain(v) for v in np.asarray(x, dtype=float).reshape(-1).tolist()]


def parts(y):
    return list(y) if isinstance(y, (tuple, list)) else [y]


def loss(f, xs):
    total, n = 0.0, 0
    for y in parts(f(*xs)):
        flat = np.asarray(y, dtype=float).reshape(-1)
        total += (flat * (np.arange(n + 1, n + 1 + flat.size) / 8)).sum()
        n += flat.size
    return total


def differences(f, xs, which):
    def slope(k, at, h):
        moved = []
        for s in (h, -h):
            ys = [x.copy() for x in xs]
            ys[k].reshape(-1)[at] += s
            moved.append(loss(f, ys))
        return (moved[0] - moved[1]) / (2 * h)

    return [numbers([(4 * slope(k, i, 1e-4) - slope(k, i, 2e-4)) / 3 for i in range(xs[k].size)]) for k in which]


def autograd(f, xs, which):
    ts = [torch.tensor(x, requires_grad=k in which) for k, x in enumerate(xs)]
    total, n = 0.0, 0
    for y in parts(f(*ts)):
        w = torch.arange(n + 1, n + 1 + y.numel(), dtype=torch.float64) / 8
        total = total + (y.reshape(-1) * w).sum()
        n += y.numel()
    total.backward()
    return [numbers(ts[k].grad.numpy()) for k in which]


def E(name, inputs, f=None, torch_f=None, args=(), grad=True, as_list=False):
    """A call. Without f: NumPy's function of the name in snake case; torch_f True: PyTorch's function of f's name."""
    snake = re.sub(r"([A-Z])", lambda m: "_" + m.group(1).lower(), name.split(".")[-1])
    f = f or getattr(np, snake)
    if torch_f is True:
        known = {"power": "pow", "broadcast_arrays": "broadcast_tensors", "concatenate": "cat"}.get(snake, snake)
        torch_f = getattr(torch, known, None) or getattr(torch.special, known)
    seed = len(out) + 1
    xs = [drawn(*spec[:3], seed + 100 * k, spec[3]) for k, spec in enumerate(inputs)]
    entry = {"name": name, "inputs": [{"shape": s, "low": lo, "high": hi, "dtype": d} for s, lo, hi, d in inputs], "seed": seed}
    if args:
        entry["args"] = list(args)
    if as_list:
        entry["list"] = True
    ys = [np.asarray(y) for y in parts(f(*xs))]
    entry["shapes"] = [list(y.shape) for y in ys]
    entry["values"] = sum((numbers(y) for y in ys), [])
    entry["whole"] = all(y.dtype.kind in "iub" for y in ys)
    which = [k for k, spec in enumerate(inputs) if spec[3] == "float32"]
    if grad and which and not entry["whole"]:
        entry["by"] = "PyTorch" if torch_f else "differences"
        entry["gradients"] = autograd(torch_f, xs, which) if torch_f else differences(f, xs, which)
    out.append(entry)


POS = dict(low=0.2, high=3)
UNIT = dict(low=-0.9, high=0.9)
v, m = F(6), F(3, 4)

# Elementwise functions of one argument.
for name in "negative square exp exp2 expm1 sin cos arctan sinh cosh tanh arcsinh deg2rad rad2deg".split():
    E(name, [v], torch_f=True)
for name in "sqrt reciprocal log log2 log10 log1p abs".split():
    E(name, [F(6, **POS)], torch_f=True)
for name in "arcsin arccos arctanh".split():
    E(name, [F(6, **UNIT)], torch_f=True)
E("tan", [F(6, low=-1.3, high=1.3)], torch_f=True)
E("arccosh", [F(6, low=1.2, high=3)], torch_f=True)
E("cbrt", [F(6, **POS)])
E("sinc", [F(6, low=0.1, high=0.9)], torch_f=True)
for name in "sign floor ceil round trunc rint".split():
    E(name, [F(6, low=-3, high=3)], grad=False, f=getattr(np, name))
for name in "isnan isinf isfinite signbit isneginf isposinf".split():
    E(name, [v])
E("nanToNum", [v])
E("modf", [F(4, low=1.1, high=1.9)])
E("frexp", [F(4, low=1.1, high=1.9)], grad=False)
E("logicalNot", [B(5)])
E("bitwiseNot", [I(5)])
E("bitwiseCount", [I(5, low=0)], lambda x: np.array([bin(i).count("1") for i in x]))

# Special functions.
ts = torch.special
E("erf", [v], sp.erf, True)
E("erfc", [v], sp.erfc, True)
E("erfInv", [F(6, **UNIT)], sp.erfinv, torch.erfinv)
E("lax.logistic", [v], sp.expit, torch.sigmoid)
for name in "gammaln digamma".split():
    E(f"special.{name}", [F(6, **POS)], getattr(sp, name), True)
E("special.polygamma", [F(6, **POS)], lambda x: sp.polygamma(1, x), lambda x: torch.polygamma(1, x))
out[-1]["before"] = [1]
E("special.betaln", [F(4, **POS), F(4, **POS)], sp.betaln)
E("special.gammainc", [F(4, **POS), F(4, **POS)], sp.gammainc)
E("special.gammaincc", [F(4, **POS), F(4, **POS)], sp.gammaincc)
for name, f in {"i0e": sp.i0e, "i1e": sp.i1e, "ndtr": sp.ndtr, "erfcx": sp.erfcx, "entr": sp.entr}.items():
    E(f"special.{name}", [F(6, **POS)], f, getattr(ts, name))
E("special.ndtri", [F(6, low=0.05, high=0.95)], sp.ndtri, ts.ndtri)
E("special.logit", [F(6, low=0.05, high=0.95)], sp.logit, ts.logit)
E("special.logNdtr", [v], sp.log_ndtr, ts.log_ndtr)
E("special.xlogy", [F(4), F(4, **POS)], sp.xlogy, ts.xlogy)
E("special.xlog1py", [F(4), F(4, **POS)], sp.xlog1py, ts.xlog1py)
E("special.relEntr", [F(4, **POS), F(4, **POS)], sp.rel_entr)
E("special.klDiv", [F(4, **POS), F(4, **POS)], sp.kl_div)

# Of two arguments, which broadcast.
two, positive = [F(2, 3), F(3)], [F(2, 3, **POS), F(3, **POS)]
for name in "add subtract multiply maximum minimum fmax fmin hypot logaddexp logaddexp2 arctan2".split():
    E(name, two, torch_f=True)
for name in "divide power floatPower".split():
    E(name, positive, torch_f=True)
for name in "remainder fmod".split():
    E(name, [F(2, 3, low=0.1, high=0.9), F(3, low=1.1, high=2)], torch_f=True)
E("floorDivide", [F(5), F(5, **POS)], grad=False)
E("divmod", [I(5), I(5, low=2)])
E("copysign", two, torch_f=True)
E("heaviside", two, grad=False)
E("ldexp", [F(5), I(5)], lambda x, n: np.ldexp(x, n.astype(int)))
for name in "equal notEqual less lessEqual greater greaterEqual".split():
    E(name, [I(8, low=0, high=3), I(8, low=0, high=3)])
E("isclose", two)
for name in "logicalAnd logicalOr logicalXor".split():
    E(name, [B(5), B(5)])
for name in "bitwiseAnd bitwiseOr bitwiseXor".split():
    E(name, [I(5), I(5)])
for name in "leftShift rightShift".split():
    E(name, [I(5), I(5, low=0, high=4)])
E("where", [B(2, 3), F(3), F(2, 1)], torch_f=True)
E("clip", [v], lambda x: np.clip(x, -1.03, 1.07), lambda x: torch.clip(x, -1.03, 1.07), args=[-1.03, 1.07])

# Reductions.
axis = {"axis": 1}


def along(f, *rest, **options):
    return lambda x: f(x, *rest, axis=1, **options)


def torch_along(f, *rest, **options):
    return lambda x: f(x, *rest, dim=1, **options)


for name in "sum mean prod".split():
    E(name, [m], along(getattr(np, name)), torch_along(getattr(torch, name)), args=[axis])
E("variance", [m], along(np.var), torch_along(torch.var, unbiased=False), args=[axis])
E("std", [m], along(np.std), torch_along(torch.std, unbiased=False), args=[axis])
E("logsumexp", [m], along(sp.logsumexp), torch_along(torch.logsumexp), args=[axis])
for name in "max min".split():
    E(name, [m], along(getattr(np, name)), torch_along(getattr(torch, f"a{name}")), args=[axis])
E("ptp", [m], along(np.ptp), lambda x: torch.amax(x, 1) - torch.amin(x, 1), args=[axis])
for name in "argmax argmin".split():
    E(name, [m], along(getattr(np, name)), args=[axis])
for name in "all any countNonzero".split():
    E(name, [B(3, 4)], along({"countNonzero": np.count_nonzero}.get(name) or getattr(np, name)), args=[axis])
E("average", [m], along(np.average, weights=[1, 2, 3, 4]), args=[{"axis": 1, "weights": {"tensor": [1, 2, 3, 4]}}])
E("median", [m], along(np.median), args=[axis])
for name, q in {"quantile": 0.3, "percentile": 30}.items():
    E(name, [m], along(getattr(np, name), q), args=[q, axis])
E("norm", [m], np.linalg.norm, torch.linalg.norm)
E("vectorNorm", [m], lambda x: np.linalg.norm(x, 3, axis=1), lambda x: torch.linalg.vector_norm(x, 3, dim=1), args=[{"ord": 3, "axis": 1}])
for name in "cumsum cumprod".split():
    E(name, [m], along(getattr(np, name)), torch_along(getattr(torch, name)), args=[axis])
E("lax.cumlogsumexp", [m], along(np.logaddexp.accumulate), torch_along(torch.logcumsumexp), args=[axis])
E("lax.cummax", [m], along(np.maximum.accumulate), lambda x: torch.cummax(x, 1)[0], args=[axis])
E("lax.cummin", [m], along(np.minimum.accumulate), lambda x: torch.cummin(x, 1)[0], args=[axis])
for name in "nansum nanprod nanmean nanvar nanstd nanmax nanmin nanmedian nancumsum nancumprod".split():
    E(name, [m], along(getattr(np, name)), args=[axis])
for name in "nanargmax nanargmin".split():
    E(name, [m], along(getattr(np, name)), args=[axis])
for name, q in {"nanquantile": 0.3, "nanpercentile": 30}.items():
    E(name, [m], along(getattr(np, name), q), args=[q, axis])
E("cov", [m], torch_f=True)
E("corrcoef", [m], torch_f=True)

# Moving elements.
t3 = F(2, 3, 2)
E("reshape", [m], lambda x: x.reshape(2, 6), args=[[2, 6]])
E("ravel", [m], torch_f=True)
E("transpose", [t3], lambda x: np.transpose(x, (2, 0, 1)), lambda x: x.permute(2, 0, 1), args=[[2, 0, 1]])
E("swapaxes", [t3], lambda x: np.swapaxes(x, 0, 2), lambda x: torch.swapaxes(x, 0, 2), args=[0, 2])
E("moveaxis", [t3], lambda x: np.moveaxis(x, 0, 2), lambda x: torch.moveaxis(x, 0, 2), args=[0, 2])
E("rollaxis", [t3], lambda x: np.rollaxis(x, 2), args=[2])
E("expandDims", [v], lambda x: x[:, None], args=[1])
E("squeeze", [F(3, 1)], lambda x: x[:, 0])
E("broadcastTo", [F(3)], lambda x: np.broadcast_to(x, (2, 3)), lambda x: torch.broadcast_to(x, (2, 3)), args=[[2, 3]])
E("flip", [m], along(np.flip), args=[axis])
for name in "fliplr flipud rot90".split():
    E(name, [m], torch_f=True)
E("roll", [m], lambda x: np.roll(x, 2, 1), lambda x: torch.roll(x, 2, 1), args=[2, axis])
E("tile", [F(2, 2)], lambda x: np.tile(x, (2, 2)), lambda x: torch.tile(x, (2, 2)), args=[[2, 2]])
E("repeat", [m], lambda x: np.repeat(x, 2, 1), lambda x: torch.repeat_interleave(x, 2, 1), args=[2, axis])
E("pad", [F(2, 2)], lambda x: np.pad(x, 1), lambda x: torch.nn.functional.pad(x, (1, 1, 1, 1)), args=[1])
pair = [F(2, 3), F(2, 3)]
for name in "stack hstack vstack dstack concatenate".split():
    E(name, pair, lambda *xs, f=getattr(np, name): f(xs), lambda *xs, f=getattr(torch, {"concatenate": "cat"}.get(name, name)): f(xs), as_list=True)
E("columnStack", [F(3), F(3, 2)], lambda *xs: np.column_stack(xs), lambda *xs: torch.column_stack(xs), as_list=True)
E("append", [v, F(2)])
for name in "atleast1d atleast2d atleast3d".split():
    E(name, [F(3)], getattr(np, f"{name[:7]}_{name[7:]}"), grad=False)
E("split", [F(6)], lambda x: np.split(x, 3), args=[3])
E("arraySplit", [F(7)], lambda x: np.array_split(x, 3), args=[3])
E("unstack", [m], lambda x: list(x))
for name in "hsplit vsplit".split():
    E(name, [F(4, 4)], lambda x, f=getattr(np, name): f(x, 2), args=[2])
E("dsplit", [F(1, 2, 4)], lambda x: np.dsplit(x, 2), args=[2])
E("resize", [v], lambda x: np.resize(x, (3, 3)), args=[[3, 3]])
E("diag", [F(3)], torch_f=True)
E("diagflat", [F(2, 2)], torch_f=True)
E("diagonal", [m], torch_f=True)
E("trace", [F(3, 3)], torch_f=True)
E("tril", [m], torch_f=True)
E("triu", [m], torch_f=True)

# Products, polynomials, calculus.
E("matmul", [F(2, 3), F(3, 4)], torch_f=True)
E("dot", [F(2, 3), F(3)], lambda a, b: a @ b, lambda a, b: a @ b)
E("inner", [F(2, 3), F(4, 3)], torch_f=True)
E("outer", [F(2), F(3)], torch_f=True)
E("vdot", [v, v], torch_f=True)
E("kron", [F(2, 2), F(1, 3)], torch_f=True)
E("cross", [F(2, 3), F(2, 3)], torch_f=lambda a, b: torch.cross(a, b, dim=1))
E("tensordot", [F(2, 3, 2), F(3, 2, 2)], lambda a, b: np.tensordot(a, b, 2), lambda a, b: torch.tensordot(a, b, 2))
E("matvec", [F(2, 3), F(3)], lambda a, b: a @ b, lambda a, b: a @ b)
E("vecmat", [F(2), F(2, 3)], lambda a, b: a @ b, lambda a, b: a @ b)
E("vecdot", [F(2, 3), F(2, 3)], lambda a, b: (a * b).sum(-1), lambda a, b: (a * b).sum(-1))
E("einsum", [F(2, 3), F(3, 2)], lambda a, b: np.einsum("ij,jk->ki", a, b), lambda a, b: torch.einsum("ij,jk->ki", a, b))
out[-1]["before"] = ["ij,jk->ki"]
for name in "convolve correlate".split():
    E(name, [F(6), F(3)])
for name in "polyadd polysub polymul".split():
    E(name, [F(4), F(2)])
E("polyval", [F(3), F(2, 2)])
E("vander", [F(3)])
E("polyfit", [F(6), F(6)], lambda x, y: np.polyfit(x, y, 2), args=[2])
E("trapezoid", [m], np.trapz, torch.trapezoid)
E("diff", [m], torch_f=True)
E("ediff1d", [v])
E("gradient", [v], torch_f=lambda x: torch.gradient(x)[0], args=[{"axis": 0}])
E("interp", [F(4, low=0.1, high=2.9), F(4)], lambda x, fp: np.interp(x, [0, 1, 2, 3], fp))
out[-1]["order"] = [0, {"tensor": [0, 1, 2, 3]}, 1]
E("unwrap", [F(5, low=-9, high=9)])

# Positions, order, sets.
E("take", [m, I(3, low=0, high=3)], lambda x, i: np.take(x, i.astype(int), 1), args=[axis])
E("takeAlongAxis", [m, I(3, 2, low=0, high=3)], lambda x, i: np.take_along_axis(x, i.astype(int), 1), args=[1])
E("sort", [m], torch_f=lambda x: torch.sort(x)[0])
E("argsort", [m])
E("searchsorted", [F(5), F(6)], lambda a, x: np.searchsorted(np.sort(a), x), grad=False)
out[-1]["sorted"] = True
E("digitize", [F(6), F(4)], lambda x, a: np.digitize(x, np.sort(a)), grad=False)
out[-1]["sorted"] = True
E("bincount", [I(9, low=0, high=4)])
E("unique", [I(9, low=0, high=4)])
E("isin", [I(6, low=0, high=4), I(2, low=0, high=4)])
for name in "union1d setdiff1d".split():
    E(name, [I(6, low=0, high=4), I(3, low=0, high=6)])
E("flatnonzero", [I(8, low=0, high=1)])
E("nonzero", [I(2, 4, low=0, high=1)])
E("argwhere", [I(2, 4, low=0, high=1)])
E("extract", [B(6), F(6)])
E("compress", [B(4), m], lambda c, x: np.compress(c, x, 1), args=[axis])
E("delete", [v, I(2, low=0, high=5)], lambda x, i: np.delete(x, i.astype(int)))
E("histogram", [F(9)], lambda x: np.histogram(x, 3, (-2, 2))[0], args=[{"bins": 3, "range": [-2, 2]}])
out[-1]["first"] = True
E("ravelMultiIndex", [I(3, low=0, high=2), I(3, low=0, high=3)], lambda a, b: np.ravel_multi_index((a, b), (3, 4)), as_list=True, args=[[3, 4]])
E("unravelIndex", [I(4, low=0, high=11)], lambda i: np.unravel_index(i, (3, 4)), args=[[3, 4]])
for name in "trilIndicesFrom triuIndicesFrom".split():
    E(name, [F(3, 3)])
E("diagIndicesFrom", [F(3, 3)])

# Creation.
E("arange", [], lambda: np.arange(1, 7, 2), args=[1, 7, {"step": 2}])
E("linspace", [], lambda: np.linspace(0, 1, 5), args=[0, 1, {"count": 5}])
E("logspace", [], lambda: np.logspace(0, 1, 5), args=[0, 1, {"count": 5}])
E("geomspace", [], lambda: np.geomspace(1, 9, 5), args=[1, 9, {"count": 5}])
E("eye", [], lambda: np.eye(3, 4, 1), args=[3, {"columns": 4, "offset": 1}])
E("tri", [], lambda: np.tri(3, 4, 1), args=[3, {"columns": 4, "offset": 1}])
E("indices", [], lambda: np.indices((2, 3)), args=[[2, 3]])
for name in "bartlett blackman hamming hanning".split():
    E(name, [], lambda f=getattr(np, name): f(7), args=[7])
for name in "trilIndices triuIndices diagIndices".split():
    E(name, [], lambda f=getattr(np, re.sub("I", "_i", name)): f(3), args=[3])
for name in "fftfreq rfftfreq".split():
    E(f"fft.{name}", [], lambda f=getattr(np.fft, name): f(7), args=[7])
E("meshgrid", [F(2), F(3)], lambda *xs: np.meshgrid(*xs), as_list=True)

# Linear algebra.
tl = torch.linalg


def spread(x):
    return x + np.diag([3.0, 6, 9]) if isinstance(x, np.ndarray) else x + torch.diag(torch.tensor([3.0, 6, 9], dtype=torch.float64))


square = F(3, 3, low=-1, high=1)
for name in "inv det pinv svdvals cond".split():
    f = {"svdvals": lambda x: np.linalg.svd(x, compute_uv=False)}.get(name) or getattr(np.linalg, name)
    E(f"linalg.{name}", [square], lambda x, f=f: f(spread(x)), lambda x, f=getattr(tl, name): f(spread(x)))
    out[-1]["spread"] = True
for name in "cholesky eigvalsh".split():
    def symmetric(x):
        return (x + x.T) / 2
    E(f"linalg.{name}", [square], lambda x, f=getattr(np.linalg, name): f(symmetric(spread(x))), lambda x, f=getattr(tl, name): f(symmetric(spread(x))))
    out[-1]["spread"] = out[-1]["symmetric"] = True
E("linalg.slogdet", [square], lambda x: tuple(np.linalg.slogdet(spread(x))), lambda x: tuple(tl.slogdet(spread(x))))
out[-1]["spread"] = True
E("linalg.solve", [square, F(3, 2)], lambda a, b: np.linalg.solve(spread(a), b), lambda a, b: tl.solve(spread(a), b))
out[-1]["spread"] = True
E("linalg.matrixPower", [square], lambda x: np.linalg.matrix_power(spread(x), 3), lambda x: tl.matrix_power(spread(x), 3), args=[3])
out[-1]["spread"] = True
E("linalg.matrixTranspose", [m], lambda x: x.T, lambda x: x.T)
E("linalg.matrixRank", [square], np.linalg.matrix_rank)
E("linalg.multiDot", [F(2, 3), F(3, 4), F(4, 2)], lambda *xs: np.linalg.multi_dot(xs), lambda *xs: tl.multi_dot(xs), as_list=True)

# Fourier transforms of real tensors, as real and imaginary parts.
def pair_of(z):
    return (np.real(z), np.imag(z)) if isinstance(z, np.ndarray) else (z.real, z.imag)


for name in "fft rfft ifft".split():
    E(f"fft.{name}", [F(6)], lambda x, f=getattr(np.fft, name): pair_of(f(x)), lambda x, f=getattr(torch.fft, name): pair_of(f(x.to(torch.complex128) if f is not torch.fft.rfft else x)))
for name in "fftshift ifftshift".split():
    E(f"fft.{name}", [F(5)], getattr(np.fft, name), getattr(torch.fft, name))

# Options.
for decimals in (1, -1):
    E("round", [F(6, low=-30, high=30)], lambda x, d=decimals: np.round(x, d), grad=False, args=[{"decimals": decimals}])
E("diff", [m], lambda x: np.diff(x, 2, 0, prepend=1, append=2), args=[{"axis": 0, "n": 2, "prepend": 1, "append": 2}])
E("diagonal", [t3], lambda x: np.diagonal(x, 1, 2, 0), lambda x: torch.diagonal(x, 1, 2, 0), args=[{"offset": 1, "axis1": 2, "axis2": 0}])
E("trace", [t3], lambda x: np.trace(x, 0, 0, 1), args=[{"axis1": 0, "axis2": 1}])

path = pathlib.Path(__file__).parent.parent / "packages/core/test/fixtures/values.json"
head = {"origin": f"NumPy {np.__version__}, SciPy {scipy.__version__}, PyTorch {torch.__version__}"}
lines = ",\n".join(json.dumps(e, separators=(",", ":")) for e in out)
path.write_text(f'{{"origin":{json.dumps(head["origin"])},"entries":[\n{lines}\n]}}\n')
print(len({e["name"] for e in out}), "names,", sum("gradients" in e for e in out), "gradients,", path.stat().st_size, "bytes")
