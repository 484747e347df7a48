/** Stacks of matrices `[batch, m, n]` and their blocks: what the blocked algorithms are made of. */
import { abs } from '../primitives/arithmetic.ts'
import { astype, scalarOf } from '../primitives/cast.ts'
import { equal, isfinite } from '../primitives/comparison.ts'
import { concatenate } from '../primitives/concatenate.ts'
import { dynamicSlice } from '../primitives/dynamicSlice.ts'
import { power } from '../primitives/exponential.ts'
import { iota } from '../primitives/iota.ts'
import { max } from '../primitives/reduce.ts'
import { floor } from '../primitives/rounding.ts'
import { where } from '../primitives/select.ts'
import { slice } from '../primitives/slice.ts'
import { swapaxes } from '../primitives/transpose.ts'
import { takeAlongAxis } from '../numpy/indexing.ts'
import { log2 } from '../numpy/math.ts'
import { reshape } from '../primitives/reshape.ts'
import { broadcastTo } from '../primitives/broadcast.ts'
import type { Tensor } from '../tensor.ts'

/** Matrices up to this size are factored column by column, larger ones by blocks, whose work is in matrix products. */
export const PANEL = 32

/** Where to cut `n` > PANEL in two: near the middle, at a multiple of the panel. */
export const cut = (n: number): number => PANEL * Math.ceil(n / (2 * PANEL))

export const sizesOf = (a: Tensor): readonly [batch: number, rows: number, columns: number] => a.shape as readonly [number, number, number]

/** Rows `r0` to `r1 - 1` and columns `c0` to `c1 - 1`. */
export const block = (a: Tensor, r0: number, r1: number, c0: number, c1: number): Tensor =>
  slice(a, [0, r0, c0], [a.shape[0] as number, r1, c1])
export const rowsOf = (a: Tensor, from: number, to: number): Tensor => block(a, from, to, 0, sizesOf(a)[2])
export const columnsOf = (a: Tensor, from: number, to: number): Tensor => block(a, 0, sizesOf(a)[1], from, to)

export const beside = (...parts: readonly Tensor[]): Tensor => concatenate(parts, { axis: 2 })
export const below = (...parts: readonly Tensor[]): Tensor => concatenate(parts, { axis: 1 })
export const mT = (a: Tensor): Tensor => swapaxes(a, -1, -2)

export const zeroBlock = (like: Tensor, rows: number, columns: number): Tensor =>
  broadcastTo(scalarOf(0, like.dtype), [like.shape[0] as number, rows, columns])

/** `[1, m, 1]` and `[1, 1, n]`: the numbers of rows and columns. */
export const rowNumbers = (m: number): Tensor => iota([1, m, 1], { axis: 1 })
export const columnNumbers = (n: number): Tensor => iota([1, 1, n], { axis: 2 })

const zero = (): Tensor => scalarOf(0, 'int32')
/** Column k, a computed number: `[batch, m, 1]`. */
export const columnAt = (a: Tensor, k: Tensor): Tensor => dynamicSlice(a, [zero(), zero(), k], [sizesOf(a)[0], sizesOf(a)[1], 1])
/** Row k: `[batch, 1, n]`. */
export const rowAt = (a: Tensor, k: Tensor): Tensor => dynamicSlice(a, [zero(), k, zero()], [sizesOf(a)[0], 1, sizesOf(a)[2]])
/** Element (i, j): `[batch, 1, 1]`. */
export const elementAt = (a: Tensor, i: Tensor, j: Tensor): Tensor => dynamicSlice(a, [zero(), i, j], [sizesOf(a)[0], 1, 1])

/** Rows of each matrix in another order: `order` `[batch, m]` or `[m]`. */
export const permuteRows = (a: Tensor, order: Tensor): Tensor =>
  takeAlongAxis(a, reshape(order, [...order.shape.slice(0, -1), order.shape.at(-1) as number, 1]), -2, { mode: 'clip' })
/** Columns of each matrix `[batch, m, n]` in another order `[batch, n]`. */
export const permuteColumns = (a: Tensor, order: Tensor): Tensor =>
  takeAlongAxis(a, reshape(order, [order.shape[0] as number, 1, order.shape[1] as number]), 2, { mode: 'clip' })

/** The power of two below the largest magnitude of each matrix `[batch, 1, 1]`: matrices divided by it have squares that neither overflow nor vanish. */
export function scaleOf(a: Tensor): Tensor {
  const largest = max(abs(a), { axis: [1, 2], keepdims: true })
  const usable = where(largest.greater(0), where(isfinite(largest), largest, 1), 1)
  return power(2, floor(log2(usable)))
}

/** The first columns of the identity, `[batch, rows, columns]`. */
export const identityStack = (like: Tensor, rows: number, columns: number): Tensor =>
  broadcastTo(astype(equal(rowNumbers(rows), columnNumbers(columns)), like.dtype), [like.shape[0] as number, rows, columns])
