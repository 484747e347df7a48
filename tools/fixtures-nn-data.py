"""Files as Python's own libraries write them: python3 tools/fixtures-nn-data.py. Writes packages/nn/test/fixtures/data.json: a compressed `.npz` by NumPy, a
`.safetensors` by the words of its specification, a `.wav` by the module wave, a table by the module csv, the log-mel spectrum of a sound by SciPy, and tf-idf
by NumPy as scikit-learn's documentation defines it.
"""
import base64
import csv
import io
import json
import pathlib
import struct
import wave

import numpy as np
import scipy
import scipy.signal


def text(data):
    return base64.b64encode(data).decode()


def npz():
    out = io.BytesIO()
    np.savez_compressed(out, w=np.arange(60, dtype=np.float32).reshape(3, 20), half=np.array([1, -0.5, 65504], np.float16), n=np.array(7, np.int64))
    return text(out.getvalue())


def safetensors():
    tensors = [("a.weight", "F32", np.array([[1.5, -2]], "<f4")), ("b", "BF16", np.array([0x3F80, 0xC000], "<u2")), ("c", "F16", np.array([1, 2], "<f2")), ("d", "BOOL", np.array([True, False]))]
    header, data = {"__metadata__": {"format": "pt"}}, b""
    for name, dtype, x in tensors:
        header[name] = {"dtype": dtype, "shape": list(x.shape), "data_offsets": [len(data), len(data) + x.nbytes]}
        data += x.tobytes()
    encoded = json.dumps(header, separators=(",", ":")).encode()
    encoded += b" " * (-len(encoded) % 8)
    return text(struct.pack("<Q", len(encoded)) + encoded + data)


def wav(width, values, channels=2):
    out = io.BytesIO()
    with wave.open(out, "wb") as f:
        f.setnchannels(channels)
        f.setsampwidth(width)
        f.setframerate(8000)
        f.writeframes(b"".join(int(v).to_bytes(width, "little", signed=width > 1) for v in values))
    return text(out.getvalue())


def table():
    out = io.StringIO()
    csv.writer(out).writerows([["name", "x, y", 'a "b"'], ["line\nbreak", "1", ""], ["", "-2.5e3", '""']])
    return out.getvalue()


def log_mel():
    """As `logMel` says: a window whose sum is one, zeros of half a window at both ends, filters with peaks of one on the scale of HTK."""
    rate, bands, window, hop, nfft = 8000, 8, 200, 80, 256
    x = np.sin(np.arange(400) ** 2 / 300)
    _, _, z = scipy.signal.stft(x, rate, nperseg=window, noverlap=window - hop, nfft=nfft, boundary="zeros", padded=True)
    mel = lambda f: 2595 * np.log10(1 + f / 700)
    edges = 700 * (10 ** (np.linspace(mel(0), mel(rate / 2), bands + 2) / 2595) - 1)
    f = np.fft.rfftfreq(nfft, 1 / rate)
    filters = [np.maximum(0, np.minimum((f - a) / (b - a), (c - f) / (c - b))) for a, b, c in zip(edges, edges[1:], edges[2:])]
    return np.log(np.maximum(np.array(filters) @ np.abs(z) ** 2, 1e-10)).T.round(5).tolist()


def tf_idf():
    counts = np.array([[1, 2, 0], [0, 1, 0], [3, 0, 0], [0, 0, 0]], float)
    idf = np.log((1 + len(counts)) / (1 + (counts > 0).sum(0))) + 1
    weighted = counts * idf
    norms = np.linalg.norm(weighted, axis=1, keepdims=True)
    return {"counts": counts.tolist(), "idf": idf.tolist(), "rows": (weighted / np.where(norms == 0, 1, norms)).tolist()}


out = {
    "origin": f"NumPy {np.__version__}, SciPy {scipy.__version__}",
    "npz": npz(),
    "safetensors": safetensors(),
    "wav": [
        {"file": wav(1, [0, 128, 255, 64]), "values": [-1, 0, 127 / 128, -0.5]},
        {"file": wav(2, [-32768, 0, 16384, 1]), "values": [-1, 0, 0.5, 2**-15]},
        {"file": wav(3, [-(2**23), 2**22, -1, 0]), "values": [-1, 0.5, -(2**-23), 0]},
        {"file": wav(4, [-(2**31), 2**30, 0, 0]), "values": [-1, 0.5, 0, 0]},
    ],
    "csv": table(),
    "logMel": log_mel(),
    "tfIdf": tf_idf(),
}
path = pathlib.Path(__file__).parent.parent / "packages/nn/test/fixtures/data.json"
path.write_text(json.dumps(out, indent=1) + "\n")
