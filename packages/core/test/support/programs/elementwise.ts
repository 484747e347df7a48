/** Steps of random programs that work element by element. */
import { type DType, isFloat } from '../../../src/dtype.ts'
import {
  abs,
  arctan,
  bitwiseAnd,
  bitwiseNot,
  bitwiseOr,
  bitwiseXor,
  clip,
  cos,
  equal,
  erf,
  exp,
  floor,
  floorDivide,
  greater,
  greaterEqual,
  leftShift,
  less,
  log1p,
  logaddexp,
  maximum,
  minimum,
  negative,
  notEqual,
  remainder,
  rightShift,
  sign,
  sin,
  sqrt,
  square,
  tanh,
  where,
} from '../../../src/numpy/index.ts'
import { logistic } from '../../../src/lax/index.ts'
import { broadcastShapes } from '../../../src/shape.ts'
import type { Tensor } from '../../../src/tensor.ts'
import { type ProgramDraft, type Step, type Value, MAX_SIZE, castTo, castable, isWide, of, tame, tameIfLarge, toScalar } from './draft.ts'

type Unary = readonly [f: (x: Tensor) => Tensor, bound: (b: number) => number]

/** Smooth everywhere, and with small derivatives for small arguments. */
const smoothUnary: readonly Unary[] = [
  [sin, () => 1],
  [cos, () => 1],
  [tanh, () => 1],
  [arctan, () => 2],
  [erf, () => 1],
  [logistic, () => 1],
  [square, b => b * b],
  [x => exp(tanh(x)), () => 3],
  [x => log1p(square(x)), b => Math.log1p(b * b)],
  [x => sqrt(square(x).add(1)), b => b + 1],
  [x => logaddexp(x, 0), b => b + 1],
  [x => x.mul(0.5).sub(0.25), b => b],
]
/** Exact on small integers. */
const exactFloatUnary: readonly Unary[] = [
  [negative, b => b],
  [abs, b => b],
  [square, b => b * b],
  [sign, () => 1],
  [x => floor(x.mul(0.5)), b => b],
  [x => maximum(x, 0), b => b],
  [x => clip(x, -3, 2), () => 3],
  [x => x.mul(2).add(1), b => 2 * b + 1],
]
const integerUnary: readonly Unary[] = [
  [negative, b => b],
  [abs, b => b],
  [bitwiseNot, b => b + 1],
  [x => leftShift(x, 1), b => 2 * b],
  [x => rightShift(x, 1), b => b],
  [x => x.mul(x), b => b * b],
  [x => x.mul(100).add(7), b => 100 * b + 7],
  [x => minimum(x, 3), b => b],
]

/** Integers beyond this may have wrapped. */
const wrapped = (bound: number, dtype: DType): number => (isFloat(dtype) || (bound < 100 && !dtype.startsWith('u')) ? bound : Infinity)

function apply(d: ProgramDraft, v: Value, functions: readonly Unary[]): Value {
  const [f, bound] = d.choices.pick(functions)
  const x = f(v.x)
  return of(x, wrapped(bound(v.bound), x.dtype), v)
}

const exactUnary: Step = d => {
  const v = d.pick(x => x.exact)
  if (v === undefined) return undefined
  if (v.x.dtype === 'bool') return of(bitwiseNot(v.x), 1, v)
  return isFloat(v.x.dtype) ? apply(d, tame(v), exactFloatUnary) : apply(d, v, integerUnary)
}

/** Of a smooth value, or of small integers. */
const smooth: Step = d => {
  const v = d.pick(x => isWide(x.x.dtype))
  return v && { ...apply(d, tameIfLarge(v), smoothUnary), exact: false }
}

const cast: Step = d => {
  const to = d.choices.pick(d.options.dtypes)
  const v = d.pick(x => x.x.dtype !== to && castable(x, to))
  return v && castTo(v, to)
}

/** Two values whose shapes broadcast; the second is made a scalar if they do not. */
function pair(d: ProgramDraft, accept: (v: Value) => boolean): readonly [Value, Value] | undefined {
  const a = d.pick(accept),
    b = d.pick(accept)
  if (a === undefined || b === undefined) return undefined
  return fits(a.x, b.x) ? [a, b] : [a, toScalar(b)]
}
function fits(a: Tensor, b: Tensor): boolean {
  try {
    return broadcastShapes('pair', a.shape, b.shape).reduce((m, n) => m * n, 1) <= MAX_SIZE
  } catch {
    return false
  }
}

type Binary = readonly [f: (x: Tensor, y: Tensor) => Tensor, bound: (a: number, b: number) => number]
const add: Binary = [(x, y) => x.add(y), (a, b) => a + b]
const arithmetic: readonly Binary[] = [add, [(x, y) => x.sub(y), (a, b) => a + b], [(x, y) => x.mul(y), (a, b) => a * b]]
const exactBinary: readonly Binary[] = [...arithmetic, [maximum, (a, b) => Math.max(a, b)], [minimum, (a, b) => Math.max(a, b)]]
const smoothBinary: readonly Binary[] = [...arithmetic, [(x, y) => x.div(square(y).add(1)), a => a]]
const atLeastOne = (y: Tensor): Tensor => maximum(y, 1)
const integerBinary: readonly Binary[] = [
  [bitwiseAnd, () => Infinity],
  [bitwiseOr, () => Infinity],
  [bitwiseXor, () => Infinity],
  [(x, y) => floorDivide(x, atLeastOne(y)), a => a],
  [(x, y) => remainder(x, atLeastOne(y)), (_, b) => Math.max(1, b)],
]
const logical: readonly Binary[] = [
  [bitwiseAnd, () => 1],
  [bitwiseOr, () => 1],
  [bitwiseXor, () => 1],
]

const binary: Step = d => {
  const found = pair(d, () => true)
  if (found === undefined) return undefined
  const mixed = found[0].x.dtype !== found[1].x.dtype
  // Wrapped integers meet their own kind only.
  const [a, b] = (mixed ? found.map(tame) : found.map(v => (isFloat(v.x.dtype) ? tameIfLarge(v) : v))) as [Value, Value]
  const isExact = a.exact && b.exact,
    bools = a.x.dtype === 'bool' && b.x.dtype === 'bool'
  const [f, bound] = d.choices.pick(bools ? logical : isExact ? exactBinary : smoothBinary)
  const x = f(a.x, b.x)
  if (![a, b].every(v => castable(v, x.dtype))) return undefined
  return of(x, wrapped(bound(a.bound, b.bound), x.dtype), a, b)
}

const isInteger = (v: Value): boolean => !isFloat(v.x.dtype) && v.x.dtype !== 'bool'
const bits: Step = d => {
  const found = pair(d, isInteger)
  if (found === undefined) return undefined
  const a = found[0],
    b = castTo(found[1], a.x.dtype)
  const [f, bound] = d.choices.pick(integerBinary)
  return of(f(a.x, b.x), wrapped(bound(a.bound, b.bound), a.x.dtype), a, b)
}

const comparisons = [less, greater, greaterEqual, equal, notEqual]
const compare: Step = d => {
  const found = pair(d, v => v.exact)
  if (found === undefined) return undefined
  const [a, b] = (found[0].x.dtype === found[1].x.dtype ? found : found.map(tame)) as readonly [Value, Value]
  return of(d.choices.pick(comparisons)(a.x, b.x), 1, a, b)
}

const choose: Step = d => {
  const mask = d.pick(v => v.x.dtype === 'bool' && v.exact),
    a = d.pick()
  if (mask === undefined || a === undefined || !fits(mask.x, a.x)) return undefined
  const b = d.pick(v => castable(v, a.x.dtype) && (v.exact || !a.exact)) as Value
  const like = castTo(fits(where(mask.x, a.x, a.x), b.x) ? b : toScalar(b), a.x.dtype)
  return of(where(mask.x, a.x, like.x), Math.max(a.bound, like.bound), a, like)
}

export const elementwise: readonly Step[] = [smooth, binary, exactUnary, cast, bits, compare, choose, smooth, binary]
