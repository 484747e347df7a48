"""The MNIST program of examples/mnist in PyTorch: one epoch of the MLP at batch 32, feeding and loss logging included. Prints seconds an epoch."""
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F

folder, epochs, threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
torch.set_num_threads(threads)


def idx(name, header):
    return np.fromfile(f"{folder}/{name}", np.uint8)[header:]


images = idx("train-images-idx3-ubyte", 16).reshape(-1, 784)
labels = torch.from_numpy(idx("train-labels-idx1-ubyte", 8).astype(np.int64))
x = torch.from_numpy(images.astype(np.float32) / 255)
torch.manual_seed(0)
model = torch.nn.Sequential(torch.nn.Linear(784, 64), torch.nn.ReLU(), torch.nn.Linear(64, 10))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
BATCH = 32
for epoch in range(epochs):
    start = time.perf_counter()
    order = torch.randperm(len(x))
    total, recent = 0.0, 0.0
    for i in range(0, len(x), BATCH):
        rows = order[i:i + BATCH]
        optimizer.zero_grad(set_to_none=True)
        loss = F.cross_entropy(model(x[rows]), labels[rows])
        loss.backward()
        optimizer.step()
        value = loss.item()
        total += value
        recent += value
        if (i // BATCH + 1) % 50 == 0:
            recent = 0.0
    print(f"epoch {time.perf_counter() - start:.4f} loss {total / (len(x) / BATCH):.4f}", flush=True)
