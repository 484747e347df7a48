"""The recurrent network of rnn.ts in PyTorch: as a loop over steps, or as nn.RNN. Prints the median of a forward and backward pass."""
import json
import statistics
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F

kind, threads, samples = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
torch.set_num_threads(threads)
UNITS, STEPS, BATCH, CHARACTERS = 128, 64, 32, 64


def wave(rows, columns, phase):
    return torch.tensor((np.sin(np.arange(rows * columns).reshape(rows, columns) + phase) / 10).astype(np.float32), requires_grad=True)


def characters(shift):
    t, n = np.arange(STEPS)[:, None] + shift, np.arange(BATCH)[None]
    return torch.tensor((7 * t + 11 * n + t * n) % CHARACTERS)


embedding, wx, wh, wy = wave(CHARACTERS, UNITS, 0), wave(UNITS, UNITS, 1), wave(UNITS, UNITS, 2), wave(UNITS, CHARACTERS, 3)
b, by = torch.zeros(UNITS, requires_grad=True), torch.zeros(CHARACTERS, requires_grad=True)
text, target = characters(0), characters(1)
params = [embedding, wx, wh, b, wy, by]
rnn = torch.nn.RNN(UNITS, UNITS)
with torch.no_grad():
    for name, value in {"weight_ih_l0": wx.T, "weight_hh_l0": wh.T, "bias_ih_l0": b, "bias_hh_l0": b}.items():
        getattr(rnn, name).copy_(value)


def logits_by_loop():
    h, ys = torch.zeros(BATCH, UNITS), []
    for t in range(STEPS):
        h = torch.tanh(embedding[text[t]] @ wx + h @ wh + b)
        ys.append(h @ wy + by)
    return torch.stack(ys)


def logits_by_module():
    states, _ = rnn(F.embedding(text, embedding))
    return states @ wy + by


logits = logits_by_loop if kind == "loop" else logits_by_module
times = []
for i in range(samples + samples // 5):
    for p in params + list(rnn.parameters()):
        p.grad = None
    start = time.perf_counter()
    loss = F.cross_entropy(logits().reshape(-1, CHARACTERS), target.reshape(-1))
    loss.backward()
    value = loss.item()
    times.append(1000 * (time.perf_counter() - start))
print(json.dumps({"ms": statistics.median(times[samples // 5:]), "loss": value}))
