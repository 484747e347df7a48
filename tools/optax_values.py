"""What the scripts fixtures-nn-optax*.py share: torch_values.py for JAX."""
import json
import math
import pathlib

import jax
import jax.numpy as jnp
import optax

DIGITS = 9


def values(shape, seed):
    """The tests make the same inputs: sin(seed + 1.7 i) rounded to 3 decimals."""
    return jnp.array([round(math.sin(seed + 1.7 * i), 3) for i in range(math.prod(shape))]).reshape(shape)


def rounded(t):
    return [float(f"{v:.{DIGITS}g}") for v in jnp.ravel(t).tolist()]


def gradient_of(f, x):
    """Of the sum of the results, each times a value of the formula."""
    return jax.grad(lambda v: jnp.sum(f(v) * values(list(jnp.shape(f(v))), 9)))(x)


def write(name, script, fixtures):
    """One line an entry."""
    fixtures = {"origin": f"optax {optax.__version__}, JAX {jax.__version__} in float64, written by tools/{script}", **fixtures}
    path = pathlib.Path(__file__).parent.parent / "packages/nn/test/fixtures" / name
    path.write_text("{\n" + ",\n".join(f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in fixtures.items()) + "\n}\n")
