/** Copies between host arrays and WebAssembly memory. Booleans are bytes on the host and int32 inside. */
import { type DType, fromStored, hostArray, isHalf, type StoredArray, toStored, type TypedArray } from '@cotangent/core/kernel'
import type { Memory } from './memory.ts'

/** Elements in memory; a view that the next allocation may detach. */
export function view(memory: Memory, address: number, dtype: DType, size: number): StoredArray {
  const buffer = memory.wasm.buffer
  switch (dtype) {
    case 'float32':
      return new Float32Array(buffer, address, size)
    case 'float64':
      return new Float64Array(buffer, address, size)
    case 'uint32':
      return new Uint32Array(buffer, address, size)
    case 'int32':
    case 'bool':
      return new Int32Array(buffer, address, size)
    case 'float16':
    case 'bfloat16':
      return new Uint16Array(buffer, address, size)
    case 'int8':
      return new Int8Array(buffer, address, size)
    case 'uint8':
      return new Uint8Array(buffer, address, size)
  }
}

/** Writes host data. Arrays of another type than the dtype's own are converted by value. */
export function store(memory: Memory, address: number, data: ArrayBufferView, dtype: DType, size: number): void {
  const target = view(memory, address, dtype, size),
    source = data as TypedArray
  if (dtype !== 'bool') target.set(toStored(source.length === size ? source : source.subarray(0, size), dtype))
  else for (let i = 0; i < size; i++) target[i] = source[i] === 0 ? 0 : 1
}

/** A new host array. */
export function load(memory: Memory, address: number, dtype: DType, size: number): TypedArray {
  if (isHalf(dtype)) return fromStored(view(memory, address, dtype, size).slice(), dtype)
  const copy = hostArray(dtype, size)
  copy.set(view(memory, address, dtype, size))
  return copy
}
