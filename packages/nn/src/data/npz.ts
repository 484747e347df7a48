/** NumPy's archives, compressed or not: `np.savez`, `np.savez_compressed`, `np.load`. Core's `savez` and `loadz`, with DEFLATE. */
import { deflateSync, inflateSync } from 'fflate'
import type { Tensor } from '@cotangent/core'
import { packNpz, unpackNpz } from '@cotangent/core/extend'

export interface NpzOptions {
  /** Default false: random numbers do not shrink. */
  readonly compress?: boolean
}

/** Named tensors as the bytes of a `.npz` file. */
export const encodeNpz = (tensors: Readonly<Record<string, Tensor>>, { compress = false }: NpzOptions = {}): Uint8Array<ArrayBuffer> =>
  packNpz(tensors, compress ? data => deflateSync(data) : undefined)

/**
 * The tensors in the bytes of a `.npz` file. `name` stands for them in messages: the path.
 * @throws ValueError if they are no such file, or damaged.
 */
export const decodeNpz = (bytes: Uint8Array, name: string = 'npz'): Readonly<Record<string, Tensor>> =>
  unpackNpz(name, bytes, data => inflateSync(data))
