/** The IDX format of MNIST (http://yann.lecun.com/exdb/mnist): 0, 0, a code for the type, the number of axes, their sizes and the elements, big-endian. */
import type { TypedArray } from '@cotangent/core'
import { fail, sizeOf } from '@cotangent/core/extend'
import { checkBytes } from '../checks.ts'
import { type HostArray, checkHostArray } from './dataset.ts'

interface Kind {
  readonly bytes: number
  readonly make: (n: number) => TypedArray
  readonly get: (view: DataView, at: number) => number
  readonly set: (view: DataView, at: number, value: number) => void
}
const kinds: Readonly<Record<number, Kind>> = {
  0x08: { bytes: 1, make: n => new Uint8Array(n), get: (v, at) => v.getUint8(at), set: (v, at, x) => v.setUint8(at, x) },
  0x09: { bytes: 1, make: n => new Int8Array(n), get: (v, at) => v.getInt8(at), set: (v, at, x) => v.setInt8(at, x) },
  // There is no dtype of 16 bits: read as int32, never written.
  0x0b: { bytes: 2, make: n => new Int32Array(n), get: (v, at) => v.getInt16(at), set: (v, at, x) => v.setInt16(at, x) },
  0x0c: { bytes: 4, make: n => new Int32Array(n), get: (v, at) => v.getInt32(at), set: (v, at, x) => v.setInt32(at, x) },
  0x0d: { bytes: 4, make: n => new Float32Array(n), get: (v, at) => v.getFloat32(at), set: (v, at, x) => v.setFloat32(at, x) },
  0x0e: { bytes: 8, make: n => new Float64Array(n), get: (v, at) => v.getFloat64(at), set: (v, at, x) => v.setFloat64(at, x) },
}

/**
 * The array in the bytes of an IDX file. `name` stands for them in messages: the path.
 * @throws ValueError if they are something else, or cut short.
 */
export function decodeIdx(bytes: Uint8Array, name: string = 'IDX'): HostArray {
  const refuse = (why: string): never => fail('ValueError', `${name}: ${why}`)
  checkBytes(name, bytes)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
    ndim = bytes[3] ?? 0,
    header = 4 + 4 * ndim
  const kind = kinds[bytes[2] ?? 0]
  if (bytes.length < header || ndim === 0 || view.getUint16(0) !== 0 || kind === undefined) return refuse('is no IDX file.')
  const shape = Array.from({ length: ndim }, (_, i) => view.getUint32(4 + 4 * i))
  const size = sizeOf(shape)
  if (bytes.length !== header + size * kind.bytes)
    refuse(
      `says ${shape.join(' x ')} = ${size * kind.bytes} bytes, but ${bytes.length - header} follow the header: it is cut short or damaged.`,
    )
  const data = kind.make(size)
  if (kind.bytes === 1) new Uint8Array(data.buffer).set(bytes.subarray(header))
  else for (let i = 0; i < size; i++) data[i] = kind.get(view, header + i * kind.bytes)
  return { data, shape }
}

const codes = new Map<unknown, number>([
  [Uint8Array, 0x08],
  [Int8Array, 0x09],
  [Int32Array, 0x0c],
  [Float32Array, 0x0d],
  [Float64Array, 0x0e],
])

/** An array as the bytes of an IDX file. */
export function encodeIdx({ data, shape }: HostArray): Uint8Array<ArrayBuffer> {
  checkHostArray('encodeIdx', { data, shape })
  const code = codes.get(data.constructor)
  if (code === undefined) fail('DTypeError', `encodeIdx: IDX has no ${data.constructor.name}. Convert to an Int32Array or Float32Array.`)
  const { bytes, set } = kinds[code] as Kind
  const start = 4 + 4 * shape.length
  const out = new Uint8Array(start + bytes * data.length),
    view = new DataView(out.buffer)
  out.set([0, 0, code, shape.length])
  shape.forEach((size, i) => view.setUint32(4 + 4 * i, size))
  for (let i = 0; i < data.length; i++) set(view, start + i * bytes, data[i] as number)
  return out
}
