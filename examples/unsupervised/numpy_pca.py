"""Writes numpy-pca.ts: variances of the principal components of MNIST, by NumPy in float64. Run: python3 numpy_pca.py FOLDER > numpy-pca.ts"""
import sys
import numpy as np


def images(name):
    raw = np.fromfile(f"{sys.argv[1]}/{name}", np.uint8)[16:]
    return raw.reshape(-1, 784) / 255


def variances(x, count=32):
    centred = x - x.mean(0)
    return np.linalg.eigvalsh(centred.T @ centred / len(x))[::-1][:count]


values = ", ".join(f"{v:.9g}" for v in variances(images("train-images-idx3-ubyte")))
print(f"/** Variances of the first 32 principal components of the 60,000 training images, by NumPy {np.__version__} in float64: numpy_pca.py made this file. */")
print(f"export const numpyVariances: readonly number[] = [{values}]")
