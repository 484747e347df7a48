/** NumPy's archives, compressed or not: `np.savez`, `np.savez_compressed`, `np.load`. Core's `save` and `load` know the arrays in them. */
import { unzipSync, zipSync } from 'fflate'
import { type Tensor, numpy } from '@cotangent/core'
import { fail } from '@cotangent/core/extend'

export interface NpzOptions {
  /** Default false: random numbers do not shrink. */
  readonly compress?: boolean
}

/** Named tensors as the bytes of a `.npz` file. */
export function encodeNpz(tensors: Readonly<Record<string, Tensor>>, { compress = false }: NpzOptions = {}): Uint8Array<ArrayBuffer> {
  const files = Object.fromEntries(Object.entries(tensors).map(([name, t]) => [`${name}.npy`, numpy.save(t)]))
  return zipSync(files, { level: compress ? 6 : 0 })
}

/**
 * The tensors in the bytes of a `.npz` file. `name` stands for them in messages: the path.
 * @throws ValueError if they are no such file, or damaged.
 */
export function decodeNpz(bytes: Uint8Array, name: string = 'npz'): Readonly<Record<string, Tensor>> {
  const tensors = Object.entries(unzipped(bytes, name)).map(([file, data]) => [file.replace(/\.npy$/, ''), numpy.load(data)] as const)
  return Object.fromEntries(tensors)
}

function unzipped(bytes: Uint8Array, name: string): Readonly<Record<string, Uint8Array>> {
  try {
    return unzipSync(bytes)
  } catch (cause) {
    fail('ValueError', `${name}: is no .npz file, or damaged (${cause instanceof Error ? cause.message : String(cause)}).`, cause)
  }
}
