"""100 steps of optax' optimisers, and its schedules: pip install optax; python3 tools/fixtures-nn-optax-optim.py. Writes packages/nn/test/fixtures/optax-optim.json.

The problem is a quadratic of { b: [4], w: [3, 4] }; every twentieth point, b before w.
"""
import jax

jax.config.update("jax_enable_x64", True)
import jax.numpy as jnp
import optax
from optax import contrib

from optax_values import rounded, values, write

START = {"b": values([4], 1), "w": values([3, 4], 2)}
TARGET = {"b": values([4], 3), "w": values([3, 4], 4)}
CURVATURE = {"b": 1 + jnp.abs(values([4], 5)), "w": 1 + jnp.abs(values([3, 4], 6))}
MATRICES = lambda p: jax.tree.map(lambda x: x.ndim == 2, p)


def loss(p):
    return sum(jnp.sum(0.5 * c * (x - t) ** 2) for x, t, c in zip(*map(jax.tree.leaves, (p, TARGET, CURVATURE))))


OPTIMIZERS = {
    "lion": optax.lion(0.01, weight_decay=0.1),
    "lamb": optax.lamb(0.02, weight_decay=0.1, mask=MATRICES),
    "lars": optax.lars(0.5, weight_decay=0.1, trust_coefficient=0.01),
    "novograd": optax.novograd(0.02, weight_decay=0.01),
    "adabelief": optax.adabelief(0.05, eps=1e-12, eps_root=1e-12),
    "yogi": optax.yogi(0.05),
    "adafactor": optax.adafactor(0.05, min_dim_size_to_factor=3),
    "sm3": optax.chain(optax.scale_by_sm3(0.9), optax.scale(-0.1)),
    "sophia": contrib.sophia(0.02, gamma=0.5),
    "prodigy": contrib.prodigy(1.0, estim_lr0=1e-2),
    "scheduleFree": contrib.schedule_free(optax.sgd(0.1), 0.1),
    "accumulate": optax.MultiSteps(optax.adam(0.05), 3).gradient_transformation(),
    "plateau": optax.chain(optax.adam(0.2), contrib.reduce_on_plateau(factor=0.5, patience=2, accumulation_size=3, cooldown=1)),
    "adaptiveGradClip": optax.chain(optax.adaptive_grad_clip(0.1), optax.sgd(0.2)),
    "clipByGlobalNorm": optax.chain(optax.clip_by_global_norm(0.5), optax.sgd(0.1)),
    "ema": optax.chain(optax.ema(0.9), optax.sgd(0.1)),
    "muon": contrib.muon(0.02),
}


def run(step, carry):
    """Every twentieth of 100 steps; step gives the next carry and the parameters."""
    _, points = jax.lax.scan(lambda c, _: step(c), carry, None, length=100)
    return [v for i in range(19, 100, 20) for leaf in jax.tree.leaves(points) for v in rounded(leaf[i])]


def trace(name, optimizer):
    params = {"w": START["w"]} if name == "muon" else START
    f = (lambda p: loss({**TARGET, **p})) if name == "muon" else loss

    def step(carry):
        params, state = carry
        value, grads = jax.value_and_grad(f)(params)
        extra = {"sophia": {"obj_fn": f}, "plateau": {"value": value}}.get(name, {})
        updates, state = optimizer.update(grads, state, params, **extra)
        params = optax.apply_updates(params, updates)
        return (params, state), params

    return run(step, (params, optimizer.init(params)))


def lookahead():
    optimizer = optax.lookahead(optax.adam(0.05), 5, 0.6)
    start = optax.LookaheadParams.init_synced(START)

    def step(carry):
        params, state = carry
        updates, state = optimizer.update(jax.grad(loss)(params.fast), state, params)
        params = optax.apply_updates(params, updates)
        return (params, state), params.fast

    return run(step, (start, optimizer.init(start)))


SCHEDULES = {
    "linear": optax.linear_schedule(0.1, 0.7, 8, 3),
    "polynomial": optax.polynomial_schedule(0.1, 0.7, 2, 8, 3),
    "exponentialDecay": optax.exponential_decay(0.5, 4, 0.6, 2, False, 0.15),
    "staircase": optax.exponential_decay(0.5, 4, 0.6, 2, True),
    "piecewiseConstant": optax.piecewise_constant_schedule(0.5, {4: 0.5, 9: 0.1}),
    "piecewiseInterpolate": optax.schedules.piecewise_interpolate_schedule("linear", 0.5, {4: 2, 9: 0.1}),
    "cosineDecay": optax.cosine_decay_schedule(0.5, 10, 0.1, 1.5),
    "warmupCosine": optax.warmup_cosine_decay_schedule(0.1, 0.5, 4, 12, 0.05, 2),
    "warmupExponential": optax.warmup_exponential_decay_schedule(0.1, 0.5, 4, 3, 0.7),
    "oneCycle": optax.cosine_onecycle_schedule(12, 0.5, 0.25),
    "sgdr": optax.sgdr_schedule([{"init_value": 0.1, "peak_value": 0.5, "warmup_steps": 2, "decay_steps": 6}, {"init_value": 0.0, "peak_value": 0.3, "warmup_steps": 1, "decay_steps": 8}]),
}

write("optax-optim.json", "fixtures-nn-optax-optim.py", {
    "traces": {**{name: trace(name, o) for name, o in OPTIMIZERS.items()}, "lookahead": lookahead()},
    "schedules": {name: [float(f"{float(s(jnp.asarray(i))):.9g}") for i in range(16)] for name, s in SCHEDULES.items()},
})
