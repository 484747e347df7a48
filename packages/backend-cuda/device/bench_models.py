"""The numbers of bench/rows.ts and the models of bench/workloads.ts, for bench.py."""
import numpy as np

# ---- the same numbers as bench/rows.ts


def uniform(seed, n, lo=-1.0, hi=1.0):
    i = np.arange(n, dtype=np.float64)
    return (lo + (hi - lo) * (((i + 1) * 0.6180339887498949 + seed * 0.7548776662466927) % 1)).astype(np.float32)


def ints(seed, n, k):
    i = np.arange(n, dtype=np.float64)
    return np.floor(k * (((i + 1) * 0.6180339887498949 + seed * 0.7548776662466927) % 1)).astype(np.int32)


def weights(seed, *shape):
    return uniform(seed, int(np.prod(shape)), -0.05, 0.05).reshape(shape)


def zeros(*shape):
    return np.zeros(shape, np.float32)


def mlp_data(short):
    batch, dims = (8, [784, 16, 10]) if short else (128, [784, 512, 512, 10])
    params = [p for l, (a, b) in enumerate(zip(dims, dims[1:])) for p in (weights(l, a, b), zeros(b))]
    return params, uniform(1, batch * dims[0], 0, 1).reshape(batch, dims[0]), ints(2, batch, 10)


def cnn_data(short):
    batch = 1 if short else 64
    params = [weights(1, 3, 3, 1, 32), zeros(32), weights(2, 3, 3, 32, 64), zeros(64),
              weights(3, 3136, 128), zeros(128), weights(4, 128, 10), zeros(10)]
    return params, uniform(3, batch * 784, 0, 1).reshape(batch, 28, 28, 1), ints(4, batch, 10)


def transformer_sizes(short, large):
    if short:
        return dict(B=1, S=8, D=16, H=2, F=32)
    return dict(B=8, S=1024, D=1024, H=16, F=4096) if large else dict(B=8, S=128, D=256, H=8, F=1024)


def transformer_data(s):
    d, f = s["D"], s["F"]
    shapes = [(d,), (d,), (d, 3 * d), (3 * d,), (d, d), (d,), (d,), (d,), (d, f), (f,), (f, d), (d,)]
    return [weights(i, *shape) for i, shape in enumerate(shapes)], uniform(30, s["B"] * s["S"] * d).reshape(s["B"], s["S"], d), np.int32(0)


# ---- the models, in what torch and jax.numpy have in common (`xp`), and `lib` for the rest


def mlp_logits(lib, p, x):
    for i in range(0, len(p), 2):
        x = x @ p[i] + p[i + 1]
        if i + 2 < len(p):
            x = lib.relu(x)
    return x


def cnn_logits(lib, p, x):
    k1, b1, k2, b2, w3, b3, w4, b4 = p
    x = lib.pool(lib.relu(lib.conv(x, k1) + b1))
    x = lib.pool(lib.relu(lib.conv(x, k2) + b2))
    return lib.relu(x.reshape(x.shape[0], 3136) @ w3 + b3) @ w4 + b4


def classify(logits):
    def loss(lib, p, x, y):
        z = logits(lib, p, x)
        return (lib.logsumexp(z) - lib.pick(z, y)).mean()
    return loss


def layer_norm(lib, x, g, b):
    c = x - lib.mean(x)
    return c / lib.xp.sqrt(lib.mean(c * c) + 1e-5) * g + b


def transformer(s):
    batch, length, width, heads = s["B"], s["S"], s["D"], s["H"]
    each = width // heads

    def loss(lib, p, x, _):
        g1, c1, wqkv, bqkv, wo, bo, g2, c2, w1, b1, w2, b2 = p
        qkv = layer_norm(lib, x, g1, c1) @ wqkv + bqkv
        q, k, v = [lib.permute(qkv[..., i * width:(i + 1) * width].reshape(batch, length, heads, each), (0, 2, 1, 3)) for i in range(3)]
        scores = (q @ lib.permute(k, (0, 1, 3, 2))) * each ** -0.5
        a = lib.softmax(lib.xp.where(lib.lower(length), scores, lib.constant(-1e9, scores))) @ v
        h = x + lib.permute(a, (0, 2, 1, 3)).reshape(batch, length, width) @ wo + bo
        y = h + lib.gelu(layer_norm(lib, h, g2, c2) @ w1 + b1) @ w2 + b2
        return (y * y).mean()
    return loss


def in_bfloat16(loss):
    """Computed in bfloat16, of parameters that stay float32."""
    return lambda lib, p, x, y: lib.float32(loss(lib, [lib.bfloat16(a) for a in p], lib.bfloat16(x), y))


def training(short):
    """Losses and their data, by the names of rows.ts."""
    small, large = transformer_sizes(short, False), transformer_sizes(short, True)
    return {
        "mlp_train": (classify(mlp_logits), lambda: mlp_data(short)),
        "mlp_bf16_train": (in_bfloat16(classify(mlp_logits)), lambda: mlp_data(short)),
        "cnn_train": (classify(cnn_logits), lambda: cnn_data(short)),
        "xformer_256_train": (transformer(small), lambda: transformer_data(small)),
        "xformer_1024_train": (transformer(large), lambda: transformer_data(large)),
        "xformer_1024_bf16_train": (in_bfloat16(transformer(large)), lambda: transformer_data(large)),
    }
