"""Known answers for indexing and for the parts of floats from NumPy: python3 tools/fixtures-indexing.py. Writes packages/core/test/fixtures/indexing.json:
`parts`, random indices of tensors that count from 0, with what NumPy reads there and what it makes of updates; `floats`, functions of float32 numbers, as
their bits; `places`, results of other functions.
"""
import json
import pathlib
import random

import numpy as np

random.seed(7)


def bound():
    return random.choice([None, random.randint(-6, 6)])


def for_axis(n, advanced):
    """An index for an axis, as JSON and as NumPy has it."""
    kind = random.choice(["integer", "slice", "slice"] + (["tensor", "list", "mask"] if advanced else []))
    if kind == "integer":
        i = random.randint(-n, n - 1)
        return i, i
    if kind == "slice":
        start, stop, step = bound(), bound(), random.choice([None, 1, 2, -1, -3])
        text = f"{'' if start is None else start}:{'' if stop is None else stop}"
        return (text if step is None else f"{text}:{step}"), slice(start, stop, step)
    if kind == "list":
        values = [random.randint(-n, n - 1) for _ in range(2)]
        return values, values
    if kind == "mask":
        bits = [False] * n
        for i in random.sample(range(n), min(n, 2)):
            bits[i] = True
        return bits, np.array(bits)
    shape = random.choice([(), (1,), (2,), (3, 1), (3, 2)])
    values = np.array([random.randint(-n, n - 1) for _ in range(int(np.prod(shape)))], np.int32).reshape(shape)
    return {"tensor": values.tolist(), "shape": list(shape)}, values


def part():
    shape = [random.randint(1, 4) for _ in range(random.randint(1, 4))]
    x = np.arange(int(np.prod(shape)), dtype=np.int32).reshape(shape)
    used = random.randint(0, len(shape))
    front = random.randint(0, used)
    advanced = random.random() < 0.6
    axes = list(range(front)) + list(range(len(shape) - (used - front), len(shape)))
    items = [for_axis(shape[k], advanced) for k in axes]
    if front < used or random.random() < 0.3:
        items.insert(front, ("...", Ellipsis))
    for _ in range(random.choice([0, 0, 1, 2])):
        items.insert(random.randint(0, len(items)), (None, None))
    at = tuple(i for _, i in items)
    try:
        read = x[at]
    except IndexError:  # index arrays whose shapes do not broadcast
        return None
    values = np.arange(1, read.size + 1, dtype=np.int32).reshape(read.shape)
    made = {}
    for name, f in {"add": np.add.at, "multiply": np.multiply.at, "min": np.minimum.at, "max": np.maximum.at}.items():
        y = x.copy()
        f(y, at, values)
        made[name] = y.reshape(-1).tolist()
    y = x.copy()
    y[at] = values
    made["set"] = y.reshape(-1).tolist()
    return {"shape": shape, "at": [i for i, _ in items], "result": list(read.shape), "get": read.reshape(-1).tolist(), **made}


parts = [p for p in (part() for _ in range(160)) if p is not None]

f = np.float32
line = np.array([0.0, -0.0, 1, -1, 0.5, -0.75, 2.5, 3, -8, 1e-45, -1e-45, 1e-40, 1.1754944e-38, 3.4028235e38, -3.4028235e38, np.inf, -np.inf, np.nan, 0.1, -1e10, 16777216], f)
x, y = np.repeat(line, len(line)), np.tile(line, len(line))
shifts = np.array([-200, -150, -149, -127, -126, -24, -1, 0, 1, 100, 127, 128, 300], np.int32)
bits = lambda a: np.ascontiguousarray(a, f).view(np.uint32).tolist()
with np.errstate(all="ignore"):
    mantissa, exponent = np.frexp(line)
    fraction, whole = np.modf(line)
    floats = {
        "line": bits(line),
        "shifts": shifts.tolist(),
        "signbit": np.signbit(line[~np.isnan(line)]).tolist(),
        "copysign": bits(np.copysign(x, y)),
        "nextafter": bits(np.nextafter(x, y)),
        "fmax": bits(np.fmax(x, y)),
        "fmin": bits(np.fmin(x, y)),
        "heaviside": bits(np.heaviside(x, y)),
        "mantissa": bits(mantissa),
        # NumPy leaves the exponents of infinities and NaN open.
        "exponent": np.where(np.isfinite(line), exponent, 0).tolist(),
        "fraction": bits(fraction),
        "whole": bits(whole),
        "rint": bits(np.rint(line)),
        "ldexp": bits(np.ldexp(np.repeat(line, len(shifts)), np.tile(shifts, len(line)))),
        "cbrt": [None if not np.isfinite(v) else float(v) for v in np.cbrt(line.astype(np.float64))],
    }

a = np.arange(12).reshape(3, 4)
tall = np.zeros((7, 2), int)
np.fill_diagonal(tall, [1, 2, 3], wrap=True)
short = np.zeros((7, 2), int)
np.fill_diagonal(short, [1, 2, 3])
put = a.copy()
np.put(put, [-1, 0, 5, 5], [90, 91, 92])
wrapped = a.copy()
np.put(wrapped, [-1, 13, 30], [90, 91, 92], mode="wrap")
one, two = np.ones((2, 2), int), np.full((2, 1), 2)
results = {
    "resize": np.resize(a, (2, 7)),
    "rollaxis": np.rollaxis(np.arange(24).reshape(2, 3, 4), 2, 1),
    "block": np.block([[one, two], [np.full((1, 3), 3)]]),
    "blockOfMixedRanks": np.block([[one, 5 * np.ones((2, 3), int)], [np.arange(5)]]),
    "fillDiagonalWrapped": tall,
    "fillDiagonal": short,
    "put": put,
    "putWrapped": wrapped,
    "choose": np.choose([[2, 0], [5, -1]], [np.array([1, 2]), np.array([[10], [20]]), 7], mode="clip"),
    "chooseWrapped": np.choose([[2, 0], [5, -1]], [np.array([1, 2]), np.array([[10], [20]]), 7], mode="wrap"),
    "select": np.select([a < 3, a > 8], [a, a * a], 42),
    "piecewise": np.piecewise(a.astype(float), [a < 3, a > 8], [lambda v: -v, 7, lambda v: v * v]),
    "trilIndices": np.stack(np.tril_indices(3, 1, 4)),
    "triuIndices": np.stack(np.triu_indices(4, -1, 2)),
    "unravelIndex": np.stack(np.unravel_index([0, 5, 11], (3, 4))),
    "ravelMultiIndex": np.ravel_multi_index(([4, -1, 2], [1, 9, -7]), (3, 4), mode="wrap"),
    "indices": np.indices((2, 3)),
    "diagflat": np.diagflat([[1, 2], [3, 4]], -1),
    "columnStack": np.column_stack([[1, 2, 3], a]),
    "dstack": np.dstack([[1, 2, 3], [4, 5, 6]]),
    "applyAlongAxis": np.apply_along_axis(lambda v: np.outer(v[:2], v[:2]), 0, a),
    "vectorize": np.vectorize(lambda v, w: (v * w).sum(), signature="(n),(n)->()")(a, a[:1]),
    "bartlett": np.bartlett(6),
    "blackman": np.blackman(6),
    "hamming": np.hamming(6),
    "hanning": np.hanning(6),
    "geomspace": np.geomspace(-1000, -1, 4),
    "geomspaceOpen": np.geomspace(1, 256, 8, endpoint=False),
    "logspace": np.logspace(2, 3, 4, base=2),
    "bitwiseCount": np.array([bin(abs(v)).count("1") for v in (0, 1, -1, 255, -(2**31), 2**31 - 1)]),
}
places = {name: {"shape": list(r.shape), "data": r.reshape(-1).tolist()} for name, r in results.items()}

target = pathlib.Path(__file__).parent.parent / "packages/core/test/fixtures/indexing.json"
target.write_text(json.dumps({"numpy": np.__version__, "parts": parts, "floats": floats, "places": places}, separators=(",", ":"), allow_nan=False) + "\n")
print(len(parts), "parts,", target.stat().st_size, "bytes")
