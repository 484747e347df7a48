/** Tensors as bytes of NumPy's files, `.npy` and `.npz` (numpy.lib.format, versions 1 to 3). */
import { type DType, hostArray, type TypedArray } from '../dtype.ts'
import { described, fail } from '../errors.ts'
import { halfBits, halfValue } from '../half.ts'
import { fromHost } from '../backend/execute.ts'
import { transpose } from '../primitives/transpose.ts'
import { type Shape, showShape, sizeOf } from '../shape.ts'
import { type Tensor, type TensorLike, toTensor } from '../tensor.ts'
import { type Codec, unzip, zip } from './zip.ts'

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]
/** Data begin at a multiple of this. */
const ALIGNMENT = 64

interface Kind {
  /** NumPy's name without the byte order. */
  readonly descr: string
  readonly bytes: number
  readonly set: (view: DataView, at: number, value: number) => void
}
const float32: Kind = { descr: 'f4', bytes: 4, set: (v, at, x) => v.setFloat32(at, x, true) }
const kinds = {
  float32,
  float64: { descr: 'f8', bytes: 8, set: (v, at, x) => v.setFloat64(at, x, true) },
  float16: { descr: 'f2', bytes: 2, set: (v, at, x) => v.setUint16(at, halfBits(x, 'float16'), true) },
  // NumPy itself has no bfloat16: float32 holds it exactly.
  bfloat16: float32,
  int32: { descr: 'i4', bytes: 4, set: (v, at, x) => v.setInt32(at, x, true) },
  uint32: { descr: 'u4', bytes: 4, set: (v, at, x) => v.setUint32(at, x, true) },
  int8: { descr: 'i1', bytes: 1, set: (v, at, x) => v.setInt8(at, x) },
  uint8: { descr: 'u1', bytes: 1, set: (v, at, x) => v.setUint8(at, x) },
  bool: { descr: 'b1', bytes: 1, set: (v, at, x) => v.setUint8(at, x) },
} satisfies Readonly<Record<DType, Kind>>

interface Reader {
  readonly dtype: DType
  readonly bytes: number
  readonly get: (view: DataView, at: number, little: boolean) => number
}
const readers: Readonly<Record<string, Reader>> = {
  f4: { dtype: 'float32', bytes: 4, get: (v, at, little) => v.getFloat32(at, little) },
  f8: { dtype: 'float64', bytes: 8, get: (v, at, little) => v.getFloat64(at, little) },
  f2: { dtype: 'float16', bytes: 2, get: (v, at, little) => halfValue(v.getUint16(at, little), 'float16') },
  i4: { dtype: 'int32', bytes: 4, get: (v, at, little) => v.getInt32(at, little) },
  u4: { dtype: 'uint32', bytes: 4, get: (v, at, little) => v.getUint32(at, little) },
  i1: { dtype: 'int8', bytes: 1, get: (v, at) => v.getInt8(at) },
  u1: { dtype: 'uint8', bytes: 1, get: (v, at) => v.getUint8(at) },
  b1: { dtype: 'bool', bytes: 1, get: (v, at) => Math.min(1, v.getUint8(at)) },
  i2: { dtype: 'int32', bytes: 2, get: (v, at, little) => v.getInt16(at, little) },
  u2: { dtype: 'int32', bytes: 2, get: (v, at, little) => v.getUint16(at, little) },
  i8: { dtype: 'int32', bytes: 8, get: (v, at, little) => Number(v.getBigInt64(at, little)) },
  u8: { dtype: 'uint32', bytes: 8, get: (v, at, little) => Number(v.getBigUint64(at, little)) },
}

/**
 * x of any shape as the bytes of a `.npy` file, which `np.load` reads; waits for the backend. bfloat16 is written as float32. NumPy: `save`,
 * which writes the file too.
 *
 * @example await writeFile('x.npy', save(x))
 */
export function save(x: TensorLike): Uint8Array {
  const t = toTensor(x, 'save'),
    { descr, bytes, set } = kinds[t.dtype] as Kind
  const sizes = t.ndim === 1 ? `${t.size},` : t.shape.join(', ')
  const text = `{'descr': '${bytes === 1 ? '|' : '<'}${descr}', 'fortran_order': False, 'shape': (${sizes}), }`
  const start = Math.ceil((MAGIC.length + 4 + text.length + 1) / ALIGNMENT) * ALIGNMENT
  const out = new Uint8Array(start + t.size * bytes),
    view = new DataView(out.buffer)
  out.set([...MAGIC, 1, 0])
  view.setUint16(MAGIC.length + 2, start - MAGIC.length - 4, true)
  out.set(new TextEncoder().encode(`${text.padEnd(start - MAGIC.length - 5)}\n`), MAGIC.length + 4)
  t.dataSync().forEach((value, i) => set(view, start + i * bytes, value))
  return out
}

/**
 * The tensor in the bytes of a `.npy` file. Integers of 16 and 64 bits become int32 (unsigned 64: uint32) if they fit, else that is an error; other
 * dtypes stay. NumPy: `load`, of a `.npz` file see `loadz`.
 */
export function load(bytes: Uint8Array): Tensor {
  return read('load', bytes)
}

/** Named tensors as the bytes of a `.npz` file. NumPy: `savez`. */
export function savez(tensors: Readonly<Record<string, TensorLike>>): Uint8Array {
  return packNpz(tensors)
}

/** The tensors in the bytes of a `.npz` file that is not compressed, by name. NumPy: `load`. */
export function loadz(bytes: Uint8Array): Readonly<Record<string, Tensor>> {
  return unpackNpz('loadz', bytes)
}

/** What `savez` does, compressed by `deflate` if there is one: nn's `encodeNpz` has one. */
export const packNpz = (tensors: Readonly<Record<string, TensorLike>>, deflate?: Codec): Uint8Array<ArrayBuffer> =>
  zip(
    Object.entries(tensors).map(([name, x]) => ({ name: `${name}.npy`, data: save(x) })),
    deflate,
  )

/** What `loadz` does, for another caller, and with `inflate` of compressed files too. */
export const unpackNpz = (where: string, bytes: Uint8Array, inflate?: Codec): Readonly<Record<string, Tensor>> =>
  Object.fromEntries(unzip(where, bytes, inflate).map(({ name, data }) => [name.replace(/\.npy$/, ''), read(`${where}: ${name}`, data)]))

interface Header {
  readonly descr: string
  readonly isFortran: boolean
  readonly shape: Shape
  readonly start: number
}

function headerOf(where: string, bytes: Uint8Array): Header {
  if (!(bytes instanceof Uint8Array)) fail('ValueError', `${where}: needs the bytes of a file as a Uint8Array, got ${described(bytes)}.`)
  // The magic, the version and the length of the header.
  if (MAGIC.some((byte, i) => bytes[i] !== byte) || bytes.length < MAGIC.length + 6)
    fail('ValueError', `${where}: the ${bytes.length} bytes are no .npy file. Pass what save or NumPy's save wrote.`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length),
    isFirst = bytes[MAGIC.length] === 1
  const from = MAGIC.length + (isFirst ? 4 : 6),
    start = from + (isFirst ? view.getUint16(MAGIC.length + 2, true) : view.getUint32(MAGIC.length + 2, true))
  const text = new TextDecoder().decode(bytes.subarray(from, start))
  const descr = /'descr': '([^']*)'/.exec(text)?.[1],
    order = /'fortran_order': (True|False)/.exec(text)?.[1],
    sizes = /'shape': \(([\d, ]*)\)/.exec(text)?.[1]
  if (descr === undefined || order === undefined || sizes === undefined)
    return fail('ValueError', `${where}: the header ${text.trim()} is not one of an array of numbers.`)
  const shape = sizes.split(',').flatMap(n => (n.trim() === '' ? [] : [Number(n)]))
  return { descr, isFortran: order === 'True', shape, start }
}

function read(where: string, bytes: Uint8Array): Tensor {
  const { descr, isFortran, shape, start } = headerOf(where, bytes)
  const reader = readers[descr.slice(1)]
  if (reader === undefined)
    return fail(
      'DTypeError',
      `${where}: there is no dtype for '${descr}'. Convert by astype in NumPy first; known are ${Object.keys(readers).join(', ')}.`,
    )
  const size = sizeOf(shape)
  if (bytes.length < start + size * reader.bytes)
    fail(
      'ValueError',
      `${where}: ${Math.max(0, bytes.length - start)} bytes of data are too few for ${size} elements of shape ${showShape(shape)}.`,
    )
  const host = hostArray(reader.dtype, size)
  fill(where, host, reader, new DataView(bytes.buffer, bytes.byteOffset + start), descr)
  return isFortran ? transpose(fromHost(host, shape.toReversed(), reader.dtype)) : fromHost(host, shape, reader.dtype)
}

function fill(where: string, host: TypedArray, { get, bytes, dtype }: Reader, view: DataView, descr: string): void {
  const isLittle = !descr.startsWith('>')
  for (let i = 0; i < host.length; i++) {
    const value = get(view, i * bytes, isLittle)
    host[i] = value
    if (bytes === 8 && dtype !== 'float64' && host[i] !== value)
      fail('ValueError', `${where}: ${value} at position ${i} does not fit ${dtype}.`)
  }
}
