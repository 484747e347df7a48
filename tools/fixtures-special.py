"""Known answers for special functions from SciPy: python3 tools/fixtures-special.py (needs scipy). Writes packages/core/test/fixtures/special.json: by
function the arguments, one list each, and the values.
"""
import json
import pathlib

import numpy as np
import scipy.special as sp


def pairs(a, b):
    return [np.repeat(a, len(b)), np.tile(b, len(a))]


line = np.array([-30, -9.5, -4, -2.25, -1, -0.5, -0.01, 0, 0.01, 0.5, 1, 1.5, 2.5, 5, 8, 9.5, 30, 200])
positive = np.array([0.001, 0.02, 0.3, 0.5, 1, 1.25, 1.5, 2, 3.75, 7.5, 20, 150, 3000])
gammas = np.array([-7.25, -2.5, -0.75, -0.01])
unit = np.array([1e-30, 1e-12, 1e-6, 0.001, 0.1, 0.13, 0.14, 0.25, 0.5, 0.75, 0.86, 0.87, 0.9, 0.99])
shapes = np.array([0.01, 0.5, 1, 3, 11, 13, 100, 2500])
spread = np.array([0.01, 0.3, 0.9, 1, 1.02, 1.5, 4])
incomplete = [np.repeat(shapes, len(spread)), np.outer(shapes, spread).reshape(-1)]
cases = {
    "gammaln": (sp.gammaln, [np.concatenate([gammas, positive])]),
    "digamma": (sp.digamma, [np.concatenate([gammas, positive])]),
    "polygamma1": (lambda x: sp.polygamma(1, x), [positive]),
    "polygamma4": (lambda x: sp.polygamma(4, x), [positive[1:-1]]),
    "betaln": (sp.betaln, pairs(positive[:-1], np.array([0.3, 2, 20]))),
    "gammainc": (sp.gammainc, incomplete),
    "gammaincc": (sp.gammaincc, incomplete),
    "i0e": (sp.i0e, [line]),
    "i1e": (sp.i1e, [line]),
    "ndtr": (sp.ndtr, [line[1:]]),
    "ndtri": (sp.ndtri, [unit]),
    "logNdtr": (sp.log_ndtr, [line[:-2]]),
    "erfcx": (sp.erfcx, [line[2:]]),
    "entr": (sp.entr, [np.concatenate([[0], positive])]),
    "relEntr": (sp.rel_entr, pairs(np.concatenate([[0], unit[3:]]), np.array([0.3, 2, 20]))),
    "klDiv": (sp.kl_div, pairs(np.concatenate([[0], unit[3:]]), np.array([0.3, 2, 20]))),
    "logit": (sp.logit, [unit[3:]]),
    "xlogy": (sp.xlogy, pairs(line, np.array([0, 0.3, 20]))),
    "xlog1py": (sp.xlog1py, pairs(line, np.array([-1, 1e-6, 20]))),
}


def plain(x):
    return [v if np.isfinite(v) else str(v) for v in np.asarray(x, dtype=float).tolist()]


out = {name: {"args": [plain(a) for a in args], "values": plain(f(*args))} for name, (f, args) in cases.items()}
path = pathlib.Path(__file__).parent.parent / "packages/core/test/fixtures/special.json"
path.write_text(json.dumps(out) + "\n")
