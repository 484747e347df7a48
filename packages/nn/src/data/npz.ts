/** NumPy's archives, compressed or not: `np.savez`, `np.savez_compressed`, `np.load`. Core's `save` and `load` know the arrays in them. */
import { unzipSync, zipSync } from 'fflate'
import { CotangentError, type Tensor, numpy } from '@cotangent/core'
import { fail, inNameOf, reasonOf } from '@cotangent/core/extend'
import { checkBytes } from '../checks.ts'
import { crc32, zipEntries } from './zip.ts'

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
  checkBytes(name, bytes)
  const tensors = Object.entries(unpacked(bytes, name)).map(
    ([file, data]) => [file.replace(/\.npy$/, ''), inNameOf(`${name}: ${file}`, () => numpy.load(data))] as const,
  )
  return Object.fromEntries(tensors)
}

function unpacked(bytes: Uint8Array, name: string): Readonly<Record<string, Uint8Array>> {
  const refuse = (why: string, cause?: unknown): never => fail('ValueError', `${name}: is no .npz file, or damaged (${why}).`, cause)
  try {
    const files = unzipSync(bytes)
    // fflate does not look at the checksums.
    const wrong = zipEntries(bytes).find(e => !e.isNamedTwice || crc32(files[e.name] ?? new Uint8Array()) !== e.crc)
    return wrong === undefined ? files : refuse(`the checksum of ${wrong.name} is wrong`)
  } catch (cause) {
    return cause instanceof CotangentError ? fail('ValueError', cause.summary, cause) : refuse(reasonOf(cause), cause)
  }
}
