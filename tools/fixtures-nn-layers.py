"""Known answers for packages/nn/test/layersTorch.test.ts from PyTorch: python3 tools/fixtures-nn-layers.py (Debian: python3-torch).

Writes packages/nn/test/fixtures/layers.json. A case has the layer's output, and the gradients of sum(output * values(shape, 90)) by its inputs and by its
parameters, in the order of the parameters' sorted paths. Inputs are values(shape, 1 + i), parameters values(shape, 20 + i) for the i-th path. Where
PyTorch has no such layer, its formula is written here.
"""
import math

import torch
import torch.nn.functional as F
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence
from torch.nn.utils.stateless import functional_call

from torch_values import back, images, kernel, padded, rounded, values, write

CASES = {}


def case(name, inputs, params, f):
    """f takes the parameters by path and the inputs."""
    p = {path: values(shape, 20 + i).requires_grad_() for i, (path, shape) in enumerate(sorted(params.items()))}
    xs = [values(shape, 1 + i).requires_grad_() for i, shape in enumerate(inputs)]
    y = f(p, *xs)
    (y * values(list(y.shape), 90)).sum().backward()
    CASES[name] = {"inputs": inputs, "shape": list(y.shape), "output": rounded(y), "byInput": [rounded(x.grad) for x in xs],
                   "byParameter": [rounded(t.grad) for t in p.values()]}


def conv(rank):
    return {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}[rank]


def convolutions():
    def make(strides, padding, dilation=1, groups=1):
        def f(p, x):
            rank = x.ndim - 2
            reach = [(k - 1) * dilation + 1 for k in p["kernel"].shape[:rank]]
            y = padded(images(x), reach, strides, padding, 0) if isinstance(padding, str) else F.pad(images(x), padding)
            return back(conv(rank)(y, kernel(p["kernel"]), p["bias"], strides, 0, dilation, groups))
        return f
    case("conv1d", [[2, 7, 3]], {"kernel": [3, 3, 2], "bias": [2]}, make([2], "SAME"))
    case("conv1d causal", [[1, 6, 2]], {"kernel": [3, 2, 2], "bias": [2]}, make([1], [4, 0], 2))
    case("conv2d dilation", [[1, 7, 6, 2]], {"kernel": [3, 2, 2, 2], "bias": [2]}, make([1, 1], "VALID", 2))
    case("conv2d groups", [[1, 4, 4, 4]], {"kernel": [3, 3, 2, 6], "bias": [6]}, make([2, 1], "SAME", 1, 2))
    case("conv3d", [[1, 3, 4, 3, 2]], {"kernel": [2, 3, 2, 2, 2], "bias": [2]}, make([1, 2, 1], "SAME"))


def transposed():
    """JAX's paddings: jax.lax._conv_transpose_padding. PyTorch's result without padding is cut to them."""
    def make(strides, padding):
        def f(p, x):
            rank = x.ndim - 2
            window = p["kernel"].shape[:rank]
            flipped = p["kernel"].flip(list(range(rank))).movedim(-2, 0).movedim(-1, 1)
            y = {1: F.conv_transpose1d, 2: F.conv_transpose2d, 3: F.conv_transpose3d}[rank](images(x), flipped, None, strides)
            cuts = []
            for k, s in zip(window, strides):
                total = k + s - 2 + (max(k - s, 0) if padding == "VALID" else 0)
                low = k - 1 if padding == "VALID" or s > k - 1 else math.ceil(total / 2)
                cuts = [low - (k - 1), total - low - (k - 1)] + cuts
            return back(F.pad(y, cuts)) + p["bias"]
        return f
    case("conv1dTranspose", [[1, 4, 2]], {"kernel": [3, 2, 2], "bias": [2]}, make([2], "SAME"))
    case("conv2dTranspose", [[1, 3, 2, 2]], {"kernel": [3, 2, 2, 3], "bias": [3]}, make([2, 3], "SAME"))
    case("conv2dTranspose valid", [[1, 3, 2, 2]], {"kernel": [3, 2, 2, 2], "bias": [2]}, make([2, 1], "VALID"))
    case("conv3dTranspose", [[1, 2, 2, 2, 1]], {"kernel": [2, 2, 3, 1, 2], "bias": [2]}, make([1, 2, 2], "SAME"))


def by_channel():
    def depthwise(x, w, strides):
        *window, c, m = w.shape
        y = padded(images(x), window, strides, "SAME", 0)
        return conv(len(window))(y, w.reshape(*window, c * m).movedim(-1, 0).unsqueeze(1), None, strides, 0, 1, c)

    def separable(p, x):
        return back(depthwise(x, p["depthwise"], [1] * (x.ndim - 2))) @ p["pointwise.kernel"] + p["pointwise.bias"]
    case("depthwiseConv1d", [[1, 4, 2]], {"kernel": [3, 2, 2], "bias": [4]}, lambda p, x: back(depthwise(x, p["kernel"], [1])) + p["bias"])
    case("depthwiseConv2d", [[1, 4, 5, 2]], {"kernel": [3, 2, 2, 2], "bias": [4]}, lambda p, x: back(depthwise(x, p["kernel"], [2, 1])) + p["bias"])
    case("separableConv1d", [[1, 4, 2]], {"depthwise": [3, 2, 1], "pointwise.kernel": [2, 3], "pointwise.bias": [3]}, separable)
    case("separableConv2d", [[1, 3, 4, 2]], {"depthwise": [3, 3, 2, 2], "pointwise.kernel": [4, 3], "pointwise.bias": [3]}, separable)


def pools():
    largest = {1: F.max_pool1d, 2: F.max_pool2d, 3: F.max_pool3d}
    average = {1: F.avg_pool1d, 2: F.avg_pool2d, 3: F.avg_pool3d}
    for rank, shape, window, strides in [(1, [1, 7, 2], [3], [2]), (2, [2, 5, 4, 2], [3, 2], [2, 2]), (3, [1, 4, 4, 3, 1], [2, 3, 2], [2, 1, 1])]:
        case(f"maxPool{rank}d", [shape], {}, lambda p, x: back(largest[rank](padded(images(x), window, strides, "SAME", -math.inf), window, strides)))
        ones = padded(images(torch.ones(shape)), window, strides, "SAME", 0)
        case(f"avgPool{rank}d", [shape], {}, lambda p, x: back(
            average[rank](padded(images(x), window, strides, "SAME", 0), window, strides) / average[rank](ones, window, strides)))
    case("globalMaxPool", [[2, 3, 4, 2]], {}, lambda p, x: F.adaptive_max_pool2d(images(x), 1)[:, :, 0, 0])
    case("globalAvgPool", [[2, 3, 4, 2]], {}, lambda p, x: F.adaptive_avg_pool2d(images(x), 1)[:, :, 0, 0])
    for rank, shape, bins in [(1, [2, 7, 2], [3]), (2, [1, 5, 6, 2], [3, 4]), (3, [1, 3, 4, 5, 1], [2, 2, 3])]:
        case(f"adaptiveMaxPool{rank}d", [shape], {}, lambda p, x: back(getattr(F, f"adaptive_max_pool{rank}d")(images(x), bins)))
        case(f"adaptiveAvgPool{rank}d", [shape], {}, lambda p, x: back(getattr(F, f"adaptive_avg_pool{rank}d")(images(x), bins)))


def norms():
    affine = {"scale": [4], "bias": [4]}
    case("layerNorm", [[2, 3, 4]], affine, lambda p, x: F.layer_norm(x, [4], p["scale"], p["bias"]))
    case("rmsNorm", [[2, 3, 4]], {"scale": [4]}, lambda p, x: x / torch.sqrt((x * x).mean(-1, keepdim=True) + 1e-5) * p["scale"])
    case("groupNorm", [[2, 3, 2, 4]], affine, lambda p, x: back(F.group_norm(images(x), 2, p["scale"], p["bias"])))
    case("instanceNorm", [[2, 3, 2, 4]], affine, lambda p, x: back(F.instance_norm(images(x), weight=p["scale"], bias=p["bias"])))
    case("batchNorm train", [[3, 2, 2, 4]], affine, lambda p, x: back(F.batch_norm(images(x), None, None, p["scale"], p["bias"], True)))
    mean, variance = values([4], 60), values([4], 61).abs()
    case("batchNorm", [[3, 2, 2, 4]], affine, lambda p, x: back(F.batch_norm(images(x), mean.clone(), variance.clone(), p["scale"], p["bias"])))
    # The running variance of PyTorch is unbiased, ours is not: 12 values a channel.
    mean, variance = mean.clone(), variance.clone() * 12 / 11
    F.batch_norm(images(values([3, 2, 2, 4], 1)), mean, variance, training=True, momentum=0.1)
    CASES["batchNorm train"]["statistics"] = [rounded(mean), rounded(variance * 11 / 12)]


def recurrent():
    def parts(p, prefix="", gru=False):
        """PyTorch's weights of the parameters at a prefix of ours: of inputs, of the carry, their two biases."""
        bias = p[prefix + "bias"]
        zero = torch.zeros_like(bias)
        second = torch.cat([zero[: 2 * len(zero) // 3], p[prefix + "recurrentBias"]]) if gru else zero
        return [p[prefix + "kernel"].T, p[prefix + "recurrentKernel"].T, bias, second]

    def run(kind, weights, x, both=False, lengths=None):
        """weights has four tensors a layer and direction. The functions that torch.nn.LSTM and its kin call."""
        count = len(weights) // 4
        start = torch.zeros(count, len(x), weights[1].shape[1])
        carry = (start, start) if kind == "lstm" else start
        how = (True, count // (2 if both else 1), 0.0, False, both)
        f = getattr(torch._VF, kind)
        if lengths is None:
            return f(x, carry, weights, *how, True)[0]
        packed = pack_padded_sequence(x, lengths, True)
        y = f(packed.data, packed.batch_sizes, carry, weights, *how)[0]
        return pad_packed_sequence(PackedSequence(y, packed.batch_sizes), True, total_length=x.shape[1])[0]

    def shapes(gates, inputs, units, prefix=""):
        return {prefix + "kernel": [inputs, gates * units], prefix + "recurrentKernel": [units, gates * units], prefix + "bias": [gates * units]}
    lengths = torch.tensor([4, 2])
    x = [[2, 4, 3]]
    case("rnn", x, shapes(1, 3, 2), lambda p, v: run("rnn_tanh", parts(p), v))
    case("lstm", x, shapes(4, 3, 2), lambda p, v: run("lstm", parts(p), v))
    case("gru", x, {**shapes(3, 3, 2), "recurrentBias": [2]}, lambda p, v: run("gru", parts(p, gru=True), v))
    case("lstm masked", x, shapes(4, 3, 2), lambda p, v: run("lstm", parts(p), v, lengths=lengths))
    case("bidirectional masked", x, {**shapes(4, 3, 2, "forward."), **shapes(4, 3, 2, "backward.")},
         lambda p, v: run("lstm", parts(p, "forward.") + parts(p, "backward."), v, True, lengths))
    case("stacked", x, {**shapes(4, 3, 2, "[0]."), **shapes(4, 2, 2, "[1].")}, lambda p, v: run("lstm", parts(p, "[0].") + parts(p, "[1]."), v))


def projections(prefix, width, inner=None, groups=None):
    inner = inner or width
    groups = groups or inner
    sizes = {"query": [width, inner], "key": [width, groups], "value": [width, groups], "out": [inner, width]}
    return {f"{prefix}{name}.{part}": shape if part == "kernel" else shape[1:] for name, shape in sizes.items() for part in ("kernel", "bias")}


def torch_attention(p, prefix, name):
    """Our parameters under PyTorch's names."""
    three = [prefix + part for part in ("query", "key", "value")]
    return {name + "in_proj_weight": torch.cat([p[t + ".kernel"].T for t in three]), name + "in_proj_bias": torch.cat([p[t + ".bias"] for t in three]),
            name + "out_proj.weight": p[prefix + "out.kernel"].T, name + "out_proj.bias": p[prefix + "out.bias"]}


def attention():
    layer = torch.nn.MultiheadAttention(4, 2, batch_first=True)
    padding = torch.tensor([[False, False, False], [False, False, True]])
    later = torch.triu(torch.ones(3, 3, dtype=torch.bool), 1)
    case("multiHeadAttention", [[2, 3, 4]], projections("", 4), lambda p, x: functional_call(
        layer, torch_attention(p, "", ""), (x, x, x), {"key_padding_mask": padding, "attn_mask": later})[0])
    case("crossAttention", [[2, 2, 4], [2, 3, 4]], projections("", 4), lambda p, x, m: functional_call(
        layer, torch_attention(p, "", ""), (x, m, m), {"key_padding_mask": padding})[0])

    def grouped(p, x):
        """Every head of keys and values serves two of the queries."""
        q, k, v = [(x @ p[t + ".kernel"] + p[t + ".bias"]).reshape(1, 3, -1, 2).transpose(1, 2) for t in ("query", "key", "value")]
        k, v = k.repeat_interleave(2, 1), v.repeat_interleave(2, 1)
        y = F.softmax(q @ k.transpose(2, 3) / math.sqrt(2), -1) @ v
        return y.transpose(1, 2).reshape(1, 3, 8) @ p["out.kernel"] + p["out.bias"]
    case("groupedQueries", [[1, 3, 4]], projections("", 4, 8, 4), grouped)


def transformers():
    block = {**projections("attention.", 4), "feedForward.up.kernel": [4, 6], "feedForward.up.bias": [6], "feedForward.down.kernel": [6, 4],
             "feedForward.down.bias": [4], **{f"{n}.{part}": [4] for n in ("attentionNorm", "feedForwardNorm") for part in ("scale", "bias")}}
    decoder = {**block, **projections("cross.", 4), "crossNorm.scale": [4], "crossNorm.bias": [4]}

    def names(p, norms):
        out = {"linear1.weight": p["feedForward.up.kernel"].T, "linear1.bias": p["feedForward.up.bias"], "linear2.weight": p["feedForward.down.kernel"].T,
               "linear2.bias": p["feedForward.down.bias"], **torch_attention(p, "attention.", "self_attn.")}
        for theirs, ours in norms.items():
            out |= {f"{theirs}.weight": p[f"{ours}.scale"], f"{theirs}.bias": p[f"{ours}.bias"]}
        return out
    for name, first in [("transformerBlock", True), ("transformerBlock postNorm", False)]:
        layer = torch.nn.TransformerEncoderLayer(4, 2, 6, 0.0, "gelu" if first else "relu", batch_first=True, norm_first=first)
        case(name, [[2, 3, 4]], block, lambda p, x: functional_call(layer, names(p, {"norm1": "attentionNorm", "norm2": "feedForwardNorm"}), (x,)))
    layer = torch.nn.TransformerDecoderLayer(4, 2, 6, 0.0, "relu", batch_first=True, norm_first=True)
    later = torch.triu(torch.ones(3, 3, dtype=torch.bool), 1)
    norms_of = {"norm1": "attentionNorm", "norm2": "crossNorm", "norm3": "feedForwardNorm"}
    case("decoderBlock", [[1, 3, 4], [1, 2, 4]], decoder, lambda p, x, m: functional_call(
        layer, {**names(p, norms_of), **torch_attention(p, "cross.", "multihead_attn.")}, (x, m), {"tgt_mask": later}))
    stack = {**{f"blocks[{i}].{name}": shape for i in (0, 1) for name, shape in block.items()}, "norm.scale": [4], "norm.bias": [4]}

    def of_stack(p, names_of):
        """Names of torch.nn.TransformerEncoder and TransformerDecoder."""
        out = {"norm.weight": p["norm.scale"], "norm.bias": p["norm.bias"]}
        for i in (0, 1):
            start = f"blocks[{i}]."
            own = {name[len(start):]: t for name, t in p.items() if name.startswith(start)}
            out |= {f"layers.{i}.{name}": t for name, t in names_of(own).items()}
        return out
    encoder = torch.nn.TransformerEncoder(torch.nn.TransformerEncoderLayer(4, 2, 6, 0.0, "relu", batch_first=True, norm_first=True), 2, torch.nn.LayerNorm(4))
    later = torch.triu(torch.ones(3, 3, dtype=torch.bool), 1)
    case("transformerEncoder", [[1, 3, 4]], stack, lambda p, x: functional_call(
        encoder, of_stack(p, lambda own: names(own, {"norm1": "attentionNorm", "norm2": "feedForwardNorm"})), (x, later)))
    decoders = torch.nn.TransformerDecoder(torch.nn.TransformerDecoderLayer(4, 2, 6, 0.0, "relu", batch_first=True, norm_first=True), 2, torch.nn.LayerNorm(4))
    both = {**{f"blocks[{i}].{name}": shape for i in (0, 1) for name, shape in decoder.items()}, "norm.scale": [4], "norm.bias": [4]}
    case("transformerDecoder", [[1, 3, 4], [1, 2, 4]], both, lambda p, x, m: functional_call(decoders, of_stack(
        p, lambda own: {**names(own, norms_of), **torch_attention(own, "cross.", "multihead_attn.")}), (x, m), {"tgt_mask": later}))
    case("gatedFeedForward", [[2, 4]], {"gate.kernel": [4, 6], "up.kernel": [4, 6], "down.kernel": [6, 4]},
         lambda p, x: (F.silu(x @ p["gate.kernel"]) * (x @ p["up.kernel"])) @ p["down.kernel"])


def others():
    case("dense", [[2, 3, 4]], {"kernel": [4, 3], "bias": [3]}, lambda p, x: F.linear(x, p["kernel"].T, p["bias"]))
    up = {"up.kernel": [4, 6], "up.bias": [6], "down.kernel": [6, 4], "down.bias": [4]}
    case("feedForward", [[2, 3, 4]], up, lambda p, x: F.linear(
        F.gelu(F.linear(x, p["up.kernel"].T, p["up.bias"]), approximate="tanh"), p["down.kernel"].T, p["down.bias"]))
    case("upsample", [[1, 2, 3, 2]], {}, lambda p, x: back(F.interpolate(images(x), scale_factor=(2, 3))))
    case("upsample linear", [[1, 2, 3, 2]], {}, lambda p, x: back(F.interpolate(images(x), scale_factor=2, mode="bilinear")))
    case("resize smaller", [[1, 3, 4, 1]], {}, lambda p, x: back(F.interpolate(images(x), size=(3, 2), mode="bilinear", antialias=True)))
    case("zeroPad", [[1, 2, 3, 2]], {}, lambda p, x: back(F.pad(images(x), [0, 2, 1, 1])))
    case("prelu", [[3, 4]], {"slope": [4]}, lambda p, x: F.prelu(x, p["slope"]))
    case("patchEmbedding", [[1, 5, 4, 1]], {"kernel": [2, 2, 1, 3], "bias": [3]},
         lambda p, x: F.conv2d(images(x), kernel(p["kernel"]), p["bias"], 2).flatten(2).transpose(1, 2))
    case("embedding", [], {"table": [5, 3]}, lambda p: F.embedding(torch.tensor([[4, 0], [2, 4]]), p["table"]))


def activations():
    x = torch.tensor([-20.0, -3.5, -0.75, -0.25, 0.25, 1.5, 4.0, 20.0])
    gelu = {"approximate": "tanh"}
    functions = {
        "relu6": F.relu6, "leakyRelu": F.leaky_relu, "elu": F.elu, "celu": F.celu, "selu": F.selu, "gelu": lambda v: F.gelu(v, **gelu), "geluExact": F.gelu,
        "silu": F.silu, "mish": F.mish, "glu": lambda v: F.glu(v, 0), "logSigmoid": F.logsigmoid, "softSign": F.softsign, "hardTanh": F.hardtanh,
        "hardSigmoid": F.hardsigmoid, "hardSwish": F.hardswish, "squareplus": lambda v: (v + torch.sqrt(v * v + 4)) / 2,
        "sparsePlus": lambda v: torch.where(v >= 1, v, ((v.clamp(-1, 1) + 1) ** 2) / 4), "sparseSigmoid": lambda v: (v.clamp(-1, 1) + 1) / 2,
        "standardize": lambda v: F.layer_norm(v, [8]), "log1mexp": lambda v: torch.log(-torch.expm1(-(v.abs() + 0.1))),
    }
    out = {}
    for name, f in functions.items():
        t = x.clone().requires_grad_()
        y = f(t)
        y.sum().backward() if name != "standardize" else (y * values([8], 90)).sum().backward()
        out[name] = [rounded(y), rounded(t.grad)]
    return {"x": x.tolist(), **out}


for group in (convolutions, transposed, by_channel, pools, norms, recurrent, attention, transformers, others):
    group()
write("layers.json", "fixtures-nn-layers.py", {"activations": activations(), **CASES})
