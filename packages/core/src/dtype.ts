/** Element types, and JAX's promotion lattice in 32-bit mode (https://docs.jax.dev/en/latest/type_promotion.html). */
import { fail } from './errors.ts'

export type DType = 'float32' | 'float64' | 'int32' | 'uint32' | 'bool'
export const dtypes: readonly DType[] = ['float32', 'float64', 'int32', 'uint32', 'bool']

/** The array that holds elements of a dtype on the host. Booleans are bytes 0 and 1. */
export type TypedArray = Float32Array | Float64Array | Int32Array | Uint32Array | Uint8Array

export const isFloat = (d: DType): boolean => d === 'float32' || d === 'float64'
export const isInteger = (d: DType): boolean => d === 'int32' || d === 'uint32'

export function checkDType(where: string, d: unknown): DType {
  return (dtypes as readonly unknown[]).includes(d)
    ? (d as DType)
    : fail('DTypeError', `${where}: unknown dtype ${JSON.stringify(d)}. Use one of ${dtypes.join(', ')}.`)
}

/** A new zero-filled host array of `size` elements. */
export function hostArray(d: DType, size: number): TypedArray {
  try {
    return newArray(d, size)
  } catch (cause) {
    return fail('BackendError', `out of memory: ${size} elements of ${d} do not fit. Use smaller shapes.`, cause)
  }
}
function newArray(d: DType, size: number): TypedArray {
  switch (d) {
    case 'float32':
      return new Float32Array(size)
    case 'float64':
      return new Float64Array(size)
    case 'int32':
      return new Int32Array(size)
    case 'uint32':
      return new Uint32Array(size)
    case 'bool':
      return new Uint8Array(size)
  }
}

/** The value that a tensor of dtype `d` stores for a JavaScript number: integers wrap modulo 2^32 (NaN and infinities give 0), as typed arrays do. */
export function convert(value: number, d: DType): number {
  switch (d) {
    case 'float32':
      return Math.fround(value)
    case 'float64':
      return value
    case 'int32':
      return value | 0
    case 'uint32':
      return value >>> 0
    case 'bool':
      return value !== 0 ? 1 : 0
  }
}

/** A dtype with JAX's weak flag: weak types come from JavaScript numbers and yield to any other dtype of their kind. */
export interface WeakDType {
  readonly dtype: DType
  readonly weak: boolean
}

/** In 32-bit mode JAX's lattice is a chain: bool, weak int, uint32, int32, weak float, float32, float64. Hence int32 with uint32 gives int32. */
const strongRank: Readonly<Record<DType, number>> = { bool: 0, uint32: 2, int32: 3, float32: 5, float64: 6 }
const weakRank: Readonly<Record<DType, number>> = { bool: 0, uint32: 1, int32: 1, float32: 4, float64: 4 }
const rankOf = ({ dtype, weak }: WeakDType): number => (weak ? weakRank : strongRank)[dtype]

/** The join of two dtypes: the higher one. float64 only where an operand has it. */
export function promote(a: WeakDType, b: WeakDType): WeakDType {
  const { dtype, weak } = rankOf(a) >= rankOf(b) ? a : b
  return { dtype, weak }
}
