/**
 * The memory of kernels. Arrays of floats of 16 bits hold bits, and know by their class how these are read and written as numbers; all others are what they
 * look like.
 */
import { type DType, type TypedArray } from '../../dtype.ts'
import { type Half, halfBits, halfTable } from '../../half.ts'
import { storedView } from '../../stored.ts'

class Float16Bits extends Uint16Array<ArrayBuffer> {}
class Bfloat16Bits extends Uint16Array<ArrayBuffer> {}

/** The array of one buffer. */
export type Cells = Exclude<TypedArray, Float16Array> | Float16Bits | Bfloat16Bits
/** The arrays of all buffers of a graph, by BufferId. */
export type Memory = readonly Cells[]

/** `size` elements in a buffer of bytes, from `offset` on. */
export function cellsIn(dtype: DType, buffer: ArrayBuffer, offset: number, size: number): Cells {
  if (dtype === 'float16') return new Float16Bits(buffer, offset, size)
  if (dtype === 'bfloat16') return new Bfloat16Bits(buffer, offset, size)
  return storedView(dtype, buffer, offset, size) as Cells
}

const halfOf = (cells: Cells): Half | null => (cells instanceof Float16Bits ? 'float16' : cells instanceof Bfloat16Bits ? 'bfloat16' : null)

/** Elements as numbers: the array itself, or a view of it. */
export function numbersOf(cells: Cells): { readonly at: (k: number) => number; readonly put: (k: number, value: number) => void } | null {
  const half = halfOf(cells)
  if (half === null) return null
  const table = halfTable(half)
  return {
    at: k => table[cells[k] as number] as number,
    put: (k, value) => {
      cells[k] = halfBits(value, half)
    },
  }
}
