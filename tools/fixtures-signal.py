"""Known answers for images and sequences from JAX and SciPy: python3 tools/fixtures-signal.py (pip install jax scipy). Writes
packages/core/test/fixtures/signal.json. Inputs are values of sin(1.7 i^2), which the tests make themselves.
"""
import json
import pathlib

import jax.numpy as jnp
import numpy as np
import scipy.signal
from jax import image
from jax.scipy.ndimage import map_coordinates


def wave(*shape):
    return np.sin(1.7 * np.arange(np.prod(shape)) ** 2).reshape(shape)


picture = wave(5, 7)
at = [jnp.array([-1.2, 0.3, 1.7, 4.4, 6.0]), jnp.array([0.5, -0.6, 3.3, 7.1, 6.0])]
signal = wave(50)
options = dict(nperseg=8, noverlap=6, nfft=9)
_, _, spectrum = scipy.signal.stft(signal, **options)
out = {
    "resize": {
        f"{method} {antialias} {rows}": np.asarray(image.resize(picture, (rows, 4), method, antialias=antialias)).reshape(-1).tolist()
        for method in ("nearest", "linear", "cubic")
        for antialias in (True, False)
        for rows in (3, 9)
    },
    "mapCoordinates": {
        f"{mode} {order}": np.asarray(map_coordinates(jnp.array(picture), at, order, mode, 0.25)).tolist()
        for mode in ("constant", "nearest", "wrap", "mirror", "reflect")
        for order in (0, 1)
    },
    "stft": [spectrum.real.reshape(-1).tolist(), spectrum.imag.reshape(-1).tolist()],
}
path = pathlib.Path(__file__).parent.parent / "packages/core/test/fixtures/signal.json"
path.write_text(json.dumps(out) + "\n")
