"""Known answers for samplers from JAX on CPU: python3 tools/fixtures-random.py (pip install jax). Writes packages/core/test/fixtures/random.json: draws of
shape [6] with key(7), float32, and implicit derivatives of gamma variables and of what is made of them.
"""
import json
import pathlib

import jax
import jax.numpy as jnp
from jax import random as r

k = r.key(7)
shape = (6,)
shapes = jnp.array([0.1, 0.5, 1.0, 2.5, 10.0, 300.0])
weights = jnp.arange(1.0, 7.0)
cov = jnp.array([[2.0, 0.5], [0.5, 1.0]])
out = {
    "laplace": r.laplace(k, shape),
    "logistic": r.logistic(k, shape),
    "cauchy": r.cauchy(k, shape),
    "rademacher": r.rademacher(k, shape),
    "loggamma": r.loggamma(k, shapes),
    "gamma": r.gamma(k, shapes),
    "gammaGradient": jax.grad(lambda a: r.gamma(k, a).sum())(shapes),
    "loggammaGradient": jax.grad(lambda a: r.loggamma(k, a).sum())(shapes),
    # Weights tell the draws apart: a plain sum over a Dirichlet draw is constant.
    "chisquareGradient": jax.grad(lambda a: (r.chisquare(k, a) * weights).sum())(shapes),
    "tGradient": jax.grad(lambda a: (r.t(k, a) * weights).sum())(shapes),
    "betaGradient": jnp.stack(jax.grad(lambda a, b: (r.beta(k, a, b) * weights).sum(), (0, 1))(shapes, shapes[::-1])),
    "dirichletGradient": jax.grad(lambda a: (r.dirichlet(k, a) * weights).sum())(shapes),
    "beta": r.beta(k, 0.7, 2.0, shape),
    "dirichlet": r.dirichlet(k, shapes),
    "chisquare": r.chisquare(k, 3.0, shape),
    "t": r.t(k, 3.0, shape),
    "poissonSmall": r.poisson(k, 3.0, shape),
    "poissonLarge": r.poisson(k, 50.0, shape),
    "multivariateNormal": r.multivariate_normal(k, jnp.array([1.0, -1.0]), cov, (3,)),
    "orthogonal": r.orthogonal(k, 3),
    "orthogonalWide": r.orthogonal(k, 2, m=3),
    "ball": r.ball(k, 3, 2, (2,)),
    "ball1": r.ball(k, 3, 1, (2,)),
}
path = pathlib.Path(__file__).parent.parent / "packages/core/test/fixtures/random.json"
path.write_text(json.dumps({name: [float(v) for v in x.reshape(-1)] for name, x in out.items()}, indent=1) + "\n")
