/**
 * Contraction of two tensors: out[batch, lhs free, rhs free] = sum over the contracting axes of lhs * rhs.
 *
 * Bilinear, so that its derivatives are contractions again. Source of the rules: jax.lax.dot_general.
 */
import { type Aval, aval, showAval } from '../aval.ts'
import { checkDType, type DType, isFloat } from '../dtype.ts'
import { fail } from '../errors.ts'
import { range } from '../lists.ts'
import type { Index, Operand, Value } from '../lower/lowering.ts'
import { checkOptions } from '../options.ts'
import { promote } from '../promotion.ts'
import { bind1 } from '../program/bind.ts'
import { normalizeAxis, type Shape, showShape } from '../shape.ts'
import type { Tensor, TensorLike } from '../tensor.ts'
import { astype, promoteOperands } from './cast.ts'
import { eachIndex, hostFrom, hostReader } from './host.ts'
import { bilinearJvp } from './linear.ts'
import { type HostArray, isUnknown, type SimplePrimitive, knownFactor } from './primitive.ts'
import { transpose } from './transpose.ts'

export interface ContractParams {
  /** Contracted axes of lhs and rhs, paired by position. */
  readonly lhsContracting: readonly number[]
  readonly rhsContracting: readonly number[]
  /** Batch axes of lhs and rhs, paired by position: the leading axes of the result. */
  readonly lhsBatch: readonly number[]
  readonly rhsBatch: readonly number[]
}

/** The axes of one operand: what `transpose`, `batch` and `lower` work with. `free` is ascending. */
interface Side {
  readonly batch: readonly number[]
  readonly free: readonly number[]
  readonly contracting: readonly number[]
}

const sideOf = (ndim: number, batch: readonly number[], contracting: readonly number[]): Side => ({
  batch,
  contracting,
  free: range(0, ndim).filter(k => !batch.includes(k) && !contracting.includes(k)),
})
const sidesOf = (lhs: Aval, rhs: Aval, p: ContractParams): readonly [Side, Side] => [
  sideOf(lhs.shape.length, p.lhsBatch, p.lhsContracting),
  sideOf(rhs.shape.length, p.rhsBatch, p.rhsContracting),
]
const sizes = (a: Aval, axes: readonly number[]): number[] => axes.map(k => a.shape[k] as number)

export const contractP: SimplePrimitive<ContractParams> = {
  name: 'dotGeneral',
  inputs: ['lhs', 'rhs'],
  abstractEval([lhs, rhs], params) {
    const x = lhs as Aval,
      y = rhs as Aval
    checkOperands(x, y, params)
    const [a, b] = sidesOf(x, y, params)
    return [aval([...sizes(x, a.batch), ...sizes(x, a.free), ...sizes(y, b.free)], x.dtype, x.weak && y.weak)]
  },
  jvp: (primals, tangents, _, params) => [bilinearJvp(contractP, primals, tangents, params)],
  transpose([ct], [lhs, rhs], params) {
    const x = lhs as Tensor,
      y = rhs as Tensor,
      g = ct as Tensor
    const [a, b] = sidesOf(x.aval, y.aval, params)
    return isUnknown(x) ? [cotangent(g, knownFactor('dotGeneral', y), a, b, false), null] : [null, cotangent(g, x, b, a, true)]
  },
  batch([lhs, rhs], [i = null, j = null], _, params) {
    const x = lhs as Tensor,
      y = rhs as Tensor
    const p: ContractParams = {
      lhsContracting: shiftPast(params.lhsContracting, i),
      lhsBatch: shiftPast(params.lhsBatch, i),
      rhsContracting: shiftPast(params.rhsContracting, j),
      rhsBatch: shiftPast(params.rhsBatch, j),
    }
    if (i !== null && j !== null)
      return { outputs: [bind1(contractP, [x, y], { ...p, lhsBatch: [i, ...p.lhsBatch], rhsBatch: [j, ...p.rhsBatch] })], axes: [0] }
    const out = bind1(contractP, [x, y], p),
      [a, b] = sidesOf(x.aval, y.aval, p)
    const place = i !== null ? a.free.indexOf(i) : a.free.length + b.free.indexOf(j as number)
    return { outputs: [out], axes: [a.batch.length + place] }
  },
  lower(l, [lhs, rhs], params, [out]) {
    const x = lhs as Value,
      y = rhs as Value
    const [a, b] = sidesOf(x.aval, y.aval, params)
    const n = a.batch.length
    return [l.contract(out as Aval, sizes(x.aval, a.contracting), operand(x, a, n), operand(y, b, n + a.free.length))]
  },
  evaluate([lhs, rhs], params, [out]) {
    const x = lhs as HostArray,
      y = rhs as HostArray
    const [a, b] = sidesOf(x.aval, y.aval, params)
    const n = a.batch.length,
      m = n + a.free.length
    const readX = hostReader(x),
      readY = hostReader(y)
    const contracted = sizes(x.aval, a.contracting)
    return [
      hostFrom(out as Aval, index => {
        const batch = index.slice(0, n),
          i = scatterIndex(a, batch, index.slice(n, m)),
          j = scatterIndex(b, batch, index.slice(m))
        let sum = 0
        eachIndex(contracted, k => {
          a.contracting.forEach((axis, c) => (i[axis] = k[c] as number))
          b.contracting.forEach((axis, c) => (j[axis] = k[c] as number))
          sum = accumulate(sum, readX(i), readY(j), x.aval.dtype)
        })
        return sum
      }),
    ]
  },
}

/** sum + x * y, modulo 2^32 for integers: their products exceed float64's 53 bits. */
export const accumulate = (sum: number, x: number, y: number, dtype: Aval['dtype']): number =>
  isFloat(dtype) ? sum + x * y : (sum + Math.imul(x, y)) | 0

/** Puts positions of the batch and free axes in their places. */
function scatterIndex<T>(side: Side, batch: readonly T[], free: readonly T[]): T[] {
  const index: T[] = []
  side.batch.forEach((axis, k) => (index[axis] = batch[k] as T))
  side.free.forEach((axis, k) => (index[axis] = free[k] as T))
  return index
}

function operand(value: Value, side: Side, firstFree: number): Operand {
  return {
    value,
    at(output, reduced) {
      const index: Index[] = scatterIndex(side, output, output.slice(firstFree))
      side.contracting.forEach((axis, k) => (index[axis] = reduced[k] as Index))
      return { index }
    },
  }
}

/** Axis numbers after a new axis was put in at `at`. */
const shiftPast = (axes: readonly number[], at: number | null): readonly number[] =>
  at === null ? axes : axes.map(k => (k >= at ? k + 1 : k))

/** The cotangent of one operand (axes `mine`), from the cotangent of the result and the `other` operand. */
function cotangent(ct: Tensor, other: Tensor, mine: Side, theirs: Side, isRhs: boolean): Tensor {
  const n = mine.batch.length
  const otherFree = range(isRhs ? n : n + mine.free.length, theirs.free.length)
  const batch = range(0, n)
  // The contraction whose result has the operand's own layout where one has: contracted axes first (a kernel `[in, out]`) or free axes first.
  const contractedFirst = (mine.contracting[0] ?? 0) < (mine.free[0] ?? 0)
  const g = contractedFirst
    ? bind1(contractP, [other, ct], { lhsContracting: theirs.free, rhsContracting: otherFree, lhsBatch: theirs.batch, rhsBatch: batch })
    : bind1(contractP, [ct, other], { lhsContracting: otherFree, rhsContracting: theirs.free, lhsBatch: batch, rhsBatch: theirs.batch })
  // The contracted axes come in the order of the other operand.
  const contracted = mine.contracting
    .map((axis, k) => [axis, theirs.contracting[k] as number] as const)
    .sort((p, q) => p[1] - q[1])
    .map(([axis]) => axis)
  const layout = contractedFirst ? [...mine.batch, ...contracted, ...mine.free] : [...mine.batch, ...mine.free, ...contracted]
  return transpose(
    g,
    range(0, layout.length).map(k => layout.indexOf(k)),
  )
}

function checkOperands(x: Aval, y: Aval, p: ContractParams): void {
  const shown = `lhs ${showAval(x)}, rhs ${showAval(y)}`
  if (x.dtype !== y.dtype) fail('DTypeError', `dotGeneral: operands have different dtypes: ${shown}. Convert one with astype.`)
  if (x.dtype === 'bool') fail('DTypeError', `dotGeneral: needs numbers, got ${shown}. Convert with astype('int32') or astype('float32').`)
  checkPairs('contracting', p.lhsContracting, p.rhsContracting, x.shape, y.shape)
  checkPairs('batch', p.lhsBatch, p.rhsBatch, x.shape, y.shape)
  checkDistinct('lhs', [...p.lhsBatch, ...p.lhsContracting])
  checkDistinct('rhs', [...p.rhsBatch, ...p.rhsContracting])
}

function checkPairs(what: string, a: readonly number[], b: readonly number[], x: Shape, y: Shape): void {
  if (a.length !== b.length)
    fail('ShapeError', `dotGeneral: ${a.length} ${what} axes of lhs but ${b.length} of rhs. They pair up by position.`)
  a.forEach((i, k) => {
    const j = b[k] as number
    if (x[i] !== y[j])
      fail(
        'ShapeError',
        `dotGeneral: ${what} axis ${i} of lhs ${showShape(x)} has size ${x[i]}, axis ${j} of rhs ${showShape(y)} has size ${y[j]}. They must be equal.`,
      )
  })
}

function checkDistinct(side: string, axes: readonly number[]): void {
  if (new Set(axes).size !== axes.length)
    fail('ShapeError', `dotGeneral: an axis of ${side} is listed twice in [${axes.join(', ')}] (batch, then contracting axes).`)
}

/** Which axes of lhs and rhs are summed over, and which are batch axes. Pairs by position; negative axes count from the end. */
export interface DotDimensionNumbers {
  readonly contracting: readonly [lhs: readonly number[], rhs: readonly number[]]
  readonly batch?: readonly [lhs: readonly number[], rhs: readonly number[]]
}

export interface DotOptions {
  /** The dtype to sum and return in: float32 for float16 operands, int32 for int8. Default: that of the operands. */
  readonly preferredElementType?: DType
}

/**
 * General contraction (JAX: `lax.dot_general`). The result's axes are the batch axes, then the free axes of lhs, then those of rhs.
 *
 * @example dotGeneral(x, y, { contracting: [[2], [1]], batch: [[0], [0]] }) // [b, m, k] and [b, k, n] to [b, m, n]
 */
export function dotGeneral(lhs: TensorLike, rhs: TensorLike, dimensionNumbers: DotDimensionNumbers, options: DotOptions = {}): Tensor {
  const { preferredElementType: wanted } = checkOptions('dotGeneral', options, 'preferredElementType')
  const operands = promoteOperands('dotGeneral', lhs, rhs)
  const [x, y] = (wanted === undefined ? operands : operands.map(t => atLeast(t, wanted))) as [Tensor, Tensor]
  if (!Array.isArray(dimensionNumbers?.contracting))
    fail('ValueError', 'dotGeneral: needs the axes to sum over, one list an operand: { contracting: [[1], [0]], batch: [[], []] }.')
  const { contracting, batch = [[], []] } = dimensionNumbers
  const axes = (t: Tensor, list: readonly number[]): number[] => list.map(k => normalizeAxis('dotGeneral', k, t.ndim))
  const out = bind1(contractP, [x, y], {
    lhsContracting: axes(x, contracting[0]),
    rhsContracting: axes(y, contracting[1]),
    lhsBatch: axes(x, batch[0]),
    rhsBatch: axes(y, batch[1]),
  })
  return wanted === undefined ? out : astype(out, wanted)
}
/** x in a dtype that holds its values and those of another dtype. */
function atLeast(x: Tensor, dtype: DType): Tensor {
  const strong = { dtype: checkDType('dotGeneral', dtype), weak: false }
  return astype(x, promote({ dtype: x.dtype, weak: false }, strong).dtype)
}
