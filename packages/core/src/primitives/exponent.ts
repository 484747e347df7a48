/**
 * Floats and powers of two: the exponent of a float, scaling by a power of two, and the cube root. Made of comparisons and of multiplications by powers of
 * two, which are exact, instead of bits, so that they hold for all float dtypes.
 */
import type { DType } from '../dtype.ts'
import type { InstructionName } from '../lower/instructions.ts'
import type { NodeId } from '../lower/kernel.ts'
import type { Body } from '../lower/lowering.ts'
import { bind1 } from '../program/bind.ts'
import type { Tensor, TensorLike } from '../tensor.ts'
import { divide, multiply } from './arithmetic.ts'
import { astype, toFloat } from './cast.ts'
import { square } from './exponential.ts'
import { elementwise } from './family.ts'
import type { NoParams, SimplePrimitive } from './primitive.ts'

type Elementwise = SimplePrimitive<NoParams>

/** 2^k for which 2^(2^k) is the largest step: 2^64 in float32, 2^512 in float64, of which four in a row cross the whole range. */
const largestStep = (dtype: DType): number => (dtype === 'float64' ? 9 : 6)
const power = (k: number): number => 2 ** (2 ** k)
/** k, k - 1, ..., 0 */
const downFrom = (k: number): readonly number[] => Array.from({ length: k + 1 }, (_, i) => k - i)

/** Nodes of one dtype. */
const nodes = (b: Body, dtype: DType) => ({
  number: (v: number): NodeId => b.constant(v, dtype),
  apply: (op: InstructionName, ...args: readonly NodeId[]): NodeId => b.apply(op, args, dtype),
  test: (op: InstructionName, x: NodeId, y: number): NodeId => b.apply(op, [x, b.constant(y, dtype)], 'bool'),
})

/** The exponent e, in the dtype of x, with |x| = m 2^e and 1/2 <= m < 1; 0 for 0, NaN and infinities. */
export const exponentP: Elementwise = elementwise({
  name: 'exponent',
  inputs: ['x'],
  domain: 'float',
  cost: 20,
  derivatives: ['zero'],
  composite: { lower: (b, [x], dtype) => lowerExponent(b, x as NodeId, dtype), evaluate: ([x = NaN]) => exponentOf(x) },
})

/** By halving the interval: as long as |x| is not in [1, 2), it moves by the largest power of two that does not take it past. */
function lowerExponent(b: Body, x: NodeId, dtype: DType): NodeId {
  const { number, apply, test } = nodes(b, dtype),
    top = largestStep(dtype)
  let size = apply('abs', x),
    e = number(1)
  const move = (outside: NodeId, factor: number, steps: number): void => {
    size = apply('select', outside, apply('mul', size, number(factor)), size)
    e = apply('select', outside, apply('add', e, number(steps)), e)
  }
  for (const k of downFrom(top)) move(test('ge', size, power(k)), 1 / power(k), 2 ** k)
  // Once more the largest step: subnormal numbers go further down than normal ones go up.
  for (const k of [top, ...downFrom(top)]) move(test('lt', size, 2 / power(k)), power(k), -(2 ** k))
  const isPlain = b.apply('and', [b.apply('isFinite', [x], 'bool'), test('ne', x, 0)], 'bool')
  return apply('select', isPlain, e, number(0))
}

function exponentOf(x: number): number {
  if (!Number.isFinite(x) || x === 0) return 0
  let e = Math.max(-1074, Math.floor(Math.log2(Math.abs(x))) - 1)
  while (Math.abs(x) >= 2 ** e) e++
  return e
}

/** x 2^n for a whole n given as a float, rounded once. |n| may be up to 300 in float32, 2200 in float64. */
export const scaleP: Elementwise = elementwise({
  name: 'scaleByPower',
  publicName: 'ldexp',
  inputs: ['x', 'n'],
  domain: 'float',
  cost: 20,
  derivatives: [(t, [, n]) => bind1(scaleP, [t, n as Tensor]), 'zero'],
  transpose: [(ct, [, n]) => bind1(scaleP, [ct, n as Tensor]), null],
  composite: {
    lower: (b, [x, n], dtype) => lowerScale(b, x as NodeId, n as NodeId, dtype),
    evaluate: ([x = NaN, n = NaN]) => scaled(x, n),
  },
})

/** First what is left over from whole steps, as one factor, then the steps: only the last one can leave the normal numbers, and rounds. */
function lowerScale(b: Body, x: NodeId, n: NodeId, dtype: DType): NodeId {
  const { number, apply, test } = nodes(b, dtype),
    top = largestStep(dtype)
  const down = test('lt', n, 0)
  const step = (k: number): NodeId => apply('select', down, number(1 / power(k)), number(power(k)))
  let left = apply('abs', n)
  const taken = (k: number): NodeId => {
    const isTaken = test('ge', left, 2 ** k)
    left = apply('select', isTaken, apply('sub', left, number(2 ** k)), left)
    return isTaken
  }
  const steps = [top, top, top, top].map(taken)
  const factor = downFrom(top - 1).reduce((f, k) => apply('select', taken(k), apply('mul', f, step(k)), f), number(1))
  return steps.reduce((y, isTaken) => apply('select', isTaken, apply('mul', y, step(top)), y), apply('mul', x, factor))
}

function scaled(x: number, n: number): number {
  const most = Math.max(-1000, Math.min(1000, n))
  return n === most ? x * 2 ** n : scaled(x * 2 ** Math.trunc(n / 3), n - Math.trunc(n / 3))
}

/** x^(1/3) by the power function and a step of Newton's method; the derivative at 0 is infinite. */
export const cbrtP: Elementwise = elementwise({
  name: 'cbrt',
  inputs: ['x'],
  domain: 'float',
  cost: 24,
  derivatives: [(t, _, out) => divide(t, multiply(3, square(out)))],
  composite: { lower: (b, [x], dtype) => lowerCbrt(b, x as NodeId, dtype), evaluate: ([x = NaN]) => Math.cbrt(x) },
})

function lowerCbrt(b: Body, x: NodeId, dtype: DType): NodeId {
  const { number, apply, test } = nodes(b, dtype),
    size = apply('abs', x)
  const near = apply('pow', size, number(1 / 3))
  const excess = apply('sub', near, apply('div', size, apply('mul', near, near)))
  const root = apply('sub', near, apply('mul', excess, number(1 / 3)))
  const isPlain = b.apply('and', [b.apply('isFinite', [x], 'bool'), test('ne', x, 0)], 'bool')
  return apply('select', isPlain, apply('select', test('lt', x, 0), apply('neg', root), root), x)
}

/** The cube root, also of negative numbers. NumPy: `cbrt`. */
export function cbrt(x: TensorLike): Tensor {
  return bind1(cbrtP, [toFloat('cbrt', x)])
}
/** See `exponentP`. */
export const exponent = (x: Tensor): Tensor => bind1(exponentP, [x])
/** x 2^n for integers or whole floats n, within the bounds of `scaleP`. */
export const scaleByPower = (x: Tensor, n: Tensor): Tensor => bind1(scaleP, [x, astype(n, x.dtype)])
