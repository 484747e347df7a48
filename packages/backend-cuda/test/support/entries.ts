/** What reductions and transpositions are tested with. */
import { type ComputeDType, hostArray, type ReduceOp, type TypedArray } from '@cotangent/core/kernel'

/** Ties everywhere, and products that are exact. */
export const entries = (op: ReduceOp, dtype: ComputeDType, size: number): TypedArray =>
  hostArray(dtype, size).map((_, i) => (op === 'prod' ? 1 - 2 * (i % 2) : (Math.imul(i, 40503) >>> 5) % (dtype === 'bool' ? 2 : 7)))
