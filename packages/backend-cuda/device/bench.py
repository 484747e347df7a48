"""PyTorch's and JAX's columns of the comparison: the rows of rows.ts, with bench_models.py.

python3 bench.py --json FILE [--short] [--libraries torch-eager,torch-compile,jax] [--mode max-autotune]. Without a GPU PyTorch runs on the processor,
which only shows that this program works. The file is written after each row. `--warm` runs each row once, which fills the caches of compilers.
Libraries, and forms of them (torch.compile came with PyTorch 2), that are not there are left out by name.
"""
import argparse
import json
import sys
import time

import numpy as np

sys.dont_write_bytecode = True  # the folder may be read-only, or a repository
from bench_models import training, uniform

parser = argparse.ArgumentParser()
parser.add_argument("--json", required=True)
parser.add_argument("--short", action="store_true")
parser.add_argument("--warm", action="store_true")
parser.add_argument("--libraries", default="torch-eager,torch-compile,jax", type=lambda text: text.split(","))
parser.add_argument("--rows", default=None, type=lambda text: text.split(","))
# Of torch.compile: max-autotune searches for minutes, reduce-overhead takes cuBLAS' products and CUDA graphs.
parser.add_argument("--mode", default="max-autotune")
options = parser.parse_args()
SHORT = options.short
BEFORE, BATCHES, STEPS = (1, 1, 1) if options.warm else (1, 2, 1) if SHORT else (20, 5, 100)

TRAINING = training(SHORT)
# In bfloat16 the precision of float32 products does not matter.
trained = lambda precision: [(row, of) for row, of in TRAINING.items() if precision == "float32" or "bf16" not in row]
N = 48 if SHORT else 4096
ELEMENTS = 1 << 12 if SHORT else 1 << 26
results = []


def save():
    with open(options.json, "w") as file:
        json.dump(results, file, indent=1)


def measure(run, wait):
    def timed(count):
        start = time.perf_counter()
        for _ in range(count):
            last = run()
        wait(last)
        return (time.perf_counter() - start) * 1e3 / count
    first = timed(1)
    timed(BEFORE)
    times = sorted(timed(STEPS) for _ in range(BATCHES))
    return {"first": first, "median": times[BATCHES // 2], "least": times[0]}


def record(library, row, precision, work):
    """`work` gives (run, wait, check), made anew for the check since training goes on."""
    if options.rows is not None and row not in options.rows:
        return
    entry = {"row": row, "precision": precision, "library": library}
    try:
        run, wait, _ = work()
        entry.update(measure(run, wait))
        entry["check"] = [] if options.warm else work()[2]()
    except Exception as error:  # a row that a library cannot do is a finding, not the end
        text = f"{type(error).__name__}: {error}".split("\n")[0][:300]
        entry.update({"problem": text, "first": None, "median": None, "least": None, "check": []})
    results.append(entry)
    save()
    print(library, row, precision, entry.get("problem") or f"{entry['median']:.4f} ms", flush=True)


def ends(flat):
    return [int(flat.shape[0]), float(flat[0]), float(flat[-1])]


def losses(step):
    values = [float(step()) for _ in range(11)]
    return [values[0], values[1], values[10]]


# ---- PyTorch


def run_torch():
    import torch
    import torch.nn.functional as F

    device = "cuda" if torch.cuda.is_available() else "cpu"
    wait = (lambda _: torch.cuda.synchronize()) if device == "cuda" else (lambda _: None)
    to = lambda a: torch.from_numpy(np.ascontiguousarray(a)).to(device)

    class Lib:
        xp = torch
        relu = staticmethod(torch.relu)
        logsumexp = staticmethod(lambda z: torch.logsumexp(z, -1))
        pick = staticmethod(lambda z, y: z.gather(1, y[:, None])[:, 0])
        mean = staticmethod(lambda x: x.mean(-1, keepdim=True))
        softmax = staticmethod(lambda x: torch.softmax(x, -1))
        gelu = staticmethod(lambda x: 0.5 * x * (torch.tanh(0.7978845608028654 * (x + 0.044715 * x * x * x)) + 1))
        permute = staticmethod(lambda x, axes: x.permute(axes))
        lower = staticmethod(lambda n: torch.ones(n, n, dtype=torch.bool, device=device).tril())
        constant = staticmethod(lambda v, like: torch.tensor(v, dtype=like.dtype, device=device))
        bfloat16 = staticmethod(lambda x: x.bfloat16())
        float32 = staticmethod(lambda x: x.float())
        # NHWC, as in the others; PyTorch's own order comes from the strides (channels_last).
        conv = staticmethod(lambda x, w: F.conv2d(x.permute(0, 3, 1, 2), w.permute(3, 2, 0, 1), padding="same").permute(0, 2, 3, 1))
        pool = staticmethod(lambda x: F.max_pool2d(x.permute(0, 3, 1, 2), 2).permute(0, 2, 3, 1))

    def train(loss, data, form):
        def work():
            params, x, y = data()
            p = [to(a).requires_grad_() for a in params]
            x, y = to(x), torch.as_tensor(y, device=device).long()
            on = {"fused": True, "capturable": True} if device == "cuda" else {}
            optimizer = torch.optim.Adam(p, lr=1e-3, eps=1e-7, **on)
            f = lambda: loss(Lib, p, x, y)
            update = optimizer.step
            if form == "compile":
                f = torch.compile(f, mode=options.mode)
                update = torch.compile(optimizer.step)

            def step():
                optimizer.zero_grad(set_to_none=True)
                value = f()
                value.backward()
                # max-autotune's graphs use the memory of results again
                value = value.detach().clone()
                update()
                return value
            return step, wait, lambda: losses(step)
        return work

    def matmul(precision, form):
        def work():
            a, b = to(uniform(1, N * N).reshape(N, N)), to(uniform(2, N * N).reshape(N, N))
            f = (lambda: (a.bfloat16() @ b.bfloat16()).float()) if precision == "bf16" else (lambda: a @ b)
            f = torch.compile(f, mode=options.mode) if form == "compile" else f
            return f, wait, lambda: ends(f().flatten().cpu())
        return work

    def elementwise(form):
        def work():
            x = torch.arange(ELEMENTS, dtype=torch.float32, device=device) / ELEMENTS
            y = x + 1
            f = lambda: torch.tanh(x) * y + x
            f = torch.compile(f, mode=options.mode) if form == "compile" else f
            return f, wait, lambda: ends(f().cpu())
        return work

    can_compile = hasattr(torch, "compile") and device == "cuda"
    if not can_compile:
        print(f"torch {torch.__version__} on {device}: torch.compile is left out", flush=True)
    for form in [f for f in ("eager", "compile") if f"torch-{f}" in options.libraries and (f == "eager" or can_compile)]:
        name = f"torch {torch.__version__} {form} on {device}" + (f" ({options.mode})" if form == "compile" else "")

        def fresh():
            if hasattr(torch, "_dynamo"):
                torch._dynamo.reset()
        for precision in ("float32", "tf32"):
            torch.set_float32_matmul_precision("highest" if precision == "float32" else "high")
            torch.backends.cudnn.allow_tf32 = precision == "tf32"
            for row, (loss, data) in trained(precision):
                fresh()
                record(name, row, precision, train(loss, data, form))
            record(name, "matmul_4096", precision, matmul(precision, form))
        if device == "cuda" or SHORT:
            record(name, "matmul_4096", "bf16", matmul("bf16", form))
        fresh()
        record(name, "elementwise", "float32", elementwise(form))


# ---- JAX


def run_jax():
    import jax
    import jax.numpy as jnp

    device = jax.devices()[0].platform
    name = f"jax {jax.__version__} jit on {device}"
    wait = jax.block_until_ready

    class Lib:
        xp = jnp
        relu = staticmethod(lambda x: jnp.maximum(x, 0))
        logsumexp = staticmethod(lambda z: jax.nn.logsumexp(z, axis=-1))
        pick = staticmethod(lambda z, y: jnp.take_along_axis(z, y[:, None], axis=1)[:, 0])
        mean = staticmethod(lambda x: x.mean(-1, keepdims=True))
        softmax = staticmethod(lambda x: jax.nn.softmax(x, axis=-1))
        gelu = staticmethod(lambda x: 0.5 * x * (jnp.tanh(0.7978845608028654 * (x + 0.044715 * x * x * x)) + 1))
        permute = staticmethod(jnp.transpose)
        lower = staticmethod(lambda n: jnp.tri(n, dtype=bool))
        constant = staticmethod(lambda v, like: v)
        bfloat16 = staticmethod(lambda x: x.astype(jnp.bfloat16))
        float32 = staticmethod(lambda x: x.astype(jnp.float32))
        conv = staticmethod(lambda x, w: jax.lax.conv_general_dilated(x, w, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")))
        pool = staticmethod(lambda x: jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID"))

    def adam(state, g):
        p, m, v, t = state
        t = t + 1
        m = [0.9 * a + 0.1 * b for a, b in zip(m, g)]
        v = [0.999 * a + 0.001 * b * b for a, b in zip(v, g)]
        rate, correction = 1e-3 / (1 - 0.9 ** t), 1 / (1 - 0.999 ** t)
        return [a - rate * b / (jnp.sqrt(c * correction) + 1e-7) for a, b, c in zip(p, m, v)], m, v, t

    def train(loss, data):
        def work():
            params, x, y = data()
            p = [jnp.asarray(a) for a in params]
            state = (p, [jnp.zeros_like(a) for a in p], [jnp.zeros_like(a) for a in p], jnp.float32(0))
            x, y = jnp.asarray(x), jnp.asarray(y)

            def raw(s, x, y):
                value, g = jax.value_and_grad(lambda q: loss(Lib, q, x, y))(s[0])
                return value, adam(s, g)
            f, held = jax.jit(raw, donate_argnums=0), [state]

            def step():
                value, held[0] = f(held[0], x, y)
                return value
            return step, lambda _: wait(held[0]), lambda: losses(step)
        return work

    def simple(f, *arguments):
        def work():
            g, a = jax.jit(f), [make() for make in arguments]
            return (lambda: g(*a)), wait, lambda: ends(np.asarray(g(*a)).reshape(-1))
        return work

    square = lambda seed: lambda: jnp.asarray(uniform(seed, N * N).reshape(N, N))
    for precision, setting in (("float32", "highest"), ("tf32", "tensorfloat32"), ("bf16", "BF16_BF16_F32")):
        jax.config.update("jax_default_matmul_precision", setting)
        if precision != "bf16":
            for row, (loss, data) in trained(precision):
                record(name, row, precision, train(loss, data))
        record(name, "matmul_4096", precision, simple(lambda a, b: a @ b, square(1), square(2)))
    line = lambda: jnp.arange(ELEMENTS, dtype=jnp.float32) / ELEMENTS
    record(name, "elementwise", "float32", simple(lambda x, y: jnp.tanh(x) * y + x, line, lambda: line() + 1))


save()
for title, run in (("torch", run_torch), ("jax", run_jax)):
    if not any(library.startswith(title) for library in options.libraries):
        continue
    try:
        run()
    except ImportError as error:
        print(f"{title} is left out: {error}", flush=True)
