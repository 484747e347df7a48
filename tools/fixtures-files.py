"""Files as NumPy writes them: python3 tools/fixtures-files.py. Writes packages/core/test/fixtures/files.json: `.npy` files of several dtypes and orders, and
one `.npz` file, in base64, with what they hold.
"""
import base64
import io
import json
import pathlib

import numpy as np


def encoded(write):
    out = io.BytesIO()
    write(out)
    return base64.b64encode(out.getvalue()).decode()


values = np.array([[0, 1, 2], [3, 100, 5]])
arrays = [values.astype(d) for d in ("<f2", "<f4", "<f8", ">f4", "<i4", "<u4", "i1", "u1", "?", "<i2", ">u2", "<i8", "<u8")]
arrays += [np.asfortranarray(values.astype("<f4")), np.float32(2.5), np.zeros((0, 3), np.float32), np.arange(3, dtype=np.int32)]
out = {
    "origin": f"NumPy {np.__version__}",
    "npy": [{"file": encoded(lambda f, a=a: np.save(f, a)), "shape": list(np.shape(a)), "values": np.asarray(a, float).reshape(-1).tolist()} for a in arrays],
    "npz": encoded(lambda f: np.savez(f, w=values.astype(np.float32), b=np.arange(3, dtype=np.int32))),
    "compressed": encoded(lambda f: np.savez_compressed(f, w=np.zeros(3))),
    "large": encoded(lambda f: np.save(f, np.array([2**40]))),
    "complex": encoded(lambda f: np.save(f, np.array([1j]))),
}
path = pathlib.Path(__file__).parent.parent / "packages/core/test/fixtures/files.json"
path.write_text(json.dumps(out, indent=1) + "\n")
