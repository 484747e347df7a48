"""A training row of rss.ts in PyTorch: prints the resident set in kilobytes before the row is made, and its peak after some steps."""
import json
import re
import sys

import torch
import torch.nn.functional as F

group, spec, threads, steps = sys.argv[1], json.loads(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
torch.set_num_threads(threads)
torch.manual_seed(0)


def resident(what):
    with open("/proc/self/status") as status:
        return int(re.search(what + r":\s+(\d+)", status.read()).group(1))


def weights(*shape):
    return (torch.rand(shape) - 0.5) * 0.1


def training(forward, params, x, y):
    """Adam on copies of the parameters, as in workloads.ts."""
    copies = [p.clone().requires_grad_() for p in params]
    optimizer = torch.optim.Adam(copies, lr=1e-3, eps=1e-7)

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss = F.cross_entropy(forward(copies, x), y)
        loss.backward()
        optimizer.step()

    return step


def mlp(dims, batch):
    params = [p for n, m in zip(dims, dims[1:]) for p in (weights(n, m), torch.zeros(m))]

    def forward(p, h):
        for i in range(0, len(p), 2):
            h = torch.addmm(p[i + 1], h, p[i])
            if i + 2 < len(p):
                h = torch.relu(h)
        return h

    return training(forward, params, torch.rand(batch, dims[0]), torch.randint(10, (batch,)))


def cnn(batch):
    params = [weights(32, 1, 3, 3), torch.zeros(32), weights(64, 32, 3, 3), torch.zeros(64)]
    params += [weights(3136, 128), torch.zeros(128), weights(128, 10), torch.zeros(10)]

    def forward(p, x):
        a = F.max_pool2d(torch.relu(F.conv2d(x, p[0], p[1], padding=1)), 2)
        b = F.max_pool2d(torch.relu(F.conv2d(a, p[2], p[3], padding=1)), 2)
        return torch.addmm(p[7], torch.relu(torch.addmm(p[5], b.reshape(batch, -1), p[4])), p[6])

    return training(forward, params, torch.rand(batch, 1, 28, 28), torch.randint(10, (batch,)))


def xformer(B=8, S=128, D=256, H=8, width=1024):
    norm = (torch.ones(D), torch.zeros(D))
    leaves = [*norm, weights(D, 3 * D), torch.zeros(3 * D), weights(D, D), torch.zeros(D)]
    leaves += [*[t.clone() for t in norm], weights(D, width), torch.zeros(width), weights(width, D), torch.zeros(D)]
    leaves.append(torch.rand(B, S, D))
    mask = torch.triu(torch.full((S, S), float("-inf")), 1)
    for leaf in leaves:
        leaf.requires_grad_()

    def block(g1, c1, wqkv, bqkv, wo, bo, g2, c2, w1, b1, w2, b2, x):
        h = F.layer_norm(x, (D,), g1, c1)
        q, k, v = [t.reshape(B, S, H, D // H).transpose(1, 2) for t in (h @ wqkv + bqkv).chunk(3, -1)]
        a = torch.softmax(q @ k.transpose(-1, -2) * (D // H) ** -0.5 + mask, -1) @ v
        x = x + a.transpose(1, 2).reshape(B, S, D) @ wo + bo
        return x + F.gelu(F.layer_norm(x, (D,), g2, c2) @ w1 + b1, approximate="tanh") @ w2 + b2

    return lambda: torch.autograd.grad((block(*leaves) ** 2).mean(), leaves)


with open("/proc/self/clear_refs", "w") as reset:
    reset.write("5")  # the peak starts anew
baseline = resident("VmRSS")
step = {"mlp": lambda: mlp(spec["dims"], spec["batch"]), "cnn": lambda: cnn(spec["batch"]), "xformer": xformer}[group]()
for _ in range(steps):
    step()
print(json.dumps({"baseline": baseline, "peak": resident("VmHWM")}))
