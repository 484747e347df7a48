/**
 * Elements as bytes in a backend's memory: `bitsOf(dtype)` bits each, little endian as the host's, floats of 16 bits as their bits. Backends upload
 * `toStored(data)` and read back `fromStored(bytes)`.
 */
import { type DType, hostArray, isHalf, type TypedArray } from './dtype.ts'
import { type Half, halfBits, halfTable, hasFloat16Array } from './half.ts'

export type StoredArray = TypedArray | Uint16Array

/** The elements of a host array as they are stored. Shares memory with it where nothing has to be converted. */
export function toStored(data: TypedArray, dtype: DType): StoredArray {
  if (!isHalf(dtype)) return data
  if (hasFloat16Array && dtype === 'float16' && data instanceof Float16Array)
    return new Uint16Array(data.buffer, data.byteOffset, data.length)
  return dtype === 'bfloat16' && data instanceof Float32Array ? bfloat16Bits(data) : bitsFrom(data, dtype)
}

function bitsFrom(data: TypedArray, dtype: Half): Uint16Array {
  const bits = new Uint16Array(data.length)
  for (let i = 0; i < bits.length; i++) bits[i] = halfBits(data[i] as number, dtype)
  return bits
}

/** The upper halves, rounded by integer arithmetic: half of the last place less one bit, plus that bit of the upper half, makes ties even. */
function bfloat16Bits(data: Float32Array): Uint16Array {
  const words = new Uint32Array(data.buffer, data.byteOffset, data.length),
    bits = new Uint16Array(data.length)
  for (let i = 0; i < bits.length; i++) {
    const w = words[i] as number
    bits[i] = (w & 0x7fffffff) > 0x7f800000 ? 0x7fc0 : (w + 0x7fff + ((w >>> 16) & 1)) >>> 16
  }
  return bits
}

/** The host array of stored elements. Shares memory with them where nothing has to be converted. */
export function fromStored(stored: StoredArray, dtype: DType): TypedArray {
  if (!isHalf(dtype)) return stored as TypedArray
  if (hasFloat16Array && dtype === 'float16') return new Float16Array(stored.buffer as ArrayBuffer, stored.byteOffset, stored.length)
  const out = hostArray(dtype, stored.length),
    table = halfTable(dtype)
  for (let i = 0; i < out.length; i++) out[i] = table[stored[i] as number] as number
  return out
}

const storedArrays = {
  float32: Float32Array,
  float64: Float64Array,
  float16: Uint16Array,
  bfloat16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int8: Int8Array,
  uint8: Uint8Array,
  bool: Uint8Array,
} satisfies Readonly<Record<DType, unknown>>

/** Stored elements in a buffer of bytes. */
export const storedView = (dtype: DType, buffer: ArrayBuffer, offset: number, size: number): StoredArray =>
  new storedArrays[dtype](buffer, offset, size)
