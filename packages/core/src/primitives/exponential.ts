/** Exponentials, logarithms, powers and the square root: elementwise on floats; integers are converted to float32 first. */
import { isFloat } from '../dtype.ts'
import type { InstructionName } from '../lower/instructions.ts'
import type { NodeId } from '../lower/kernel.ts'
import { bind1 } from '../program/bind.ts'
import { type Tensor, type TensorLike, toTensor } from '../tensor.ts'
import { add, divide, multiply, subtract } from './arithmetic.ts'
import { bitwiseAnd, rightShiftLogical } from './bitwise.ts'
import { broadcastTo } from './broadcast.ts'
import { promoteElementwise, promoteFloats, promoteOperands, scalarOf, toFloat } from './cast.ts'
import { equal, isfinite, notEqual } from './comparison.ts'
import { type Derivative, elementwise } from './family.ts'
import type { NoParams, SimplePrimitive } from './primitive.ts'
import { where } from './select.ts'

type Elementwise = SimplePrimitive<NoParams>

export const expP: Elementwise = elementwise({
  name: 'exp',
  inputs: ['x'],
  domain: 'float',
  cost: 8,
  derivatives: [(t, _, out) => multiply(t, out)],
})
export const expm1P: Elementwise = elementwise({
  name: 'expm1',
  inputs: ['x'],
  domain: 'float',
  cost: 8,
  derivatives: [(t, _, out) => multiply(t, add(out, 1))],
})
export const logP: Elementwise = elementwise({
  name: 'log',
  inputs: ['x'],
  domain: 'float',
  cost: 8,
  derivatives: [(t, [x]) => divide(t, x as Tensor)],
})
export const log1pP: Elementwise = elementwise({
  name: 'log1p',
  inputs: ['x'],
  domain: 'float',
  cost: 8,
  derivatives: [(t, [x]) => divide(t, add(x as Tensor, 1))],
})
/** Its derivative at 0 is infinite. */
export const sqrtP: Elementwise = elementwise({
  name: 'sqrt',
  inputs: ['x'],
  domain: 'float',
  cost: 4,
  derivatives: [(t, _, out) => multiply(t, divide(0.5, out))],
})
/** d/dx is 0 where y = 0, d/dy is 0 where x = 0, as in JAX. */
export const powP: Elementwise = elementwise({
  name: 'pow',
  publicName: 'power',
  inputs: ['x', 'y'],
  domain: 'float',
  cost: 20,
  derivatives: [
    (t, [x, y]) => {
      const flat = equal(y as Tensor, 0)
      return multiply(t, where(flat, 0, multiply(y as Tensor, bind1(powP, [x as Tensor, where(flat, 1, subtract(y as Tensor, 1))]))))
    },
    (t, [x], out) => multiply(t, multiply(log(where(equal(x as Tensor, 0), 1, x as Tensor)), out)),
  ],
})

/** 1 / (1 + exp(-x)): accurate for both signs of x, since exp(-x) may overflow to Infinity, whose reciprocal is the right 0. */
export const logisticP: Elementwise = elementwise({
  name: 'logistic',
  inputs: ['x'],
  domain: 'float',
  cost: 12,
  derivatives: [(t, _, out) => multiply(t, multiply(out, subtract(1, out)))],
  composite: {
    lower(b, [x], dtype) {
      const one = b.constant(1, dtype),
        e = b.apply('exp', [b.apply('neg', [x as NodeId], dtype)], dtype)
      return b.apply('div', [one, b.apply('add', [one, e], dtype)], dtype)
    },
    evaluate: ([x = NaN]) => 1 / (1 + Math.exp(-x)),
  },
})

/** log(exp(x) + exp(y)) = max + log1p(exp(-|x - y|)); of infinities the larger. */
export const logAddExpP: Elementwise = elementwise({
  name: 'logAddExp',
  publicName: 'logaddexp',
  inputs: ['x', 'y'],
  domain: 'float',
  cost: 20,
  derivatives: [softWinner(0), softWinner(1)],
  composite: {
    lower(b, [x, y], dtype) {
      const apply = (op: InstructionName, ...args: NodeId[]): NodeId => b.apply(op, args, dtype)
      const gap = apply('sub', x as NodeId, y as NodeId)
      const top = apply('max', x as NodeId, y as NodeId)
      const soft = apply('add', top, apply('log1p', apply('exp', apply('neg', apply('abs', gap)))))
      return apply('select', b.apply('isFinite', [gap], 'bool'), soft, top)
    },
    evaluate([x = NaN, y = NaN]) {
      const top = Math.max(x, y)
      return Number.isFinite(x - y) ? top + Math.log1p(Math.exp(-Math.abs(x - y))) : top
    },
  },
})

/** Derivative exp(x - out) of log-add-exp; where the result is infinite, the winner's share; NaN where it is. */
/* @__NO_SIDE_EFFECTS__ */
function softWinner(i: 0 | 1): Derivative {
  return (t, xs, out) => {
    const mine = xs[i] as Tensor,
      other = xs[1 - i] as Tensor,
      soft = isfinite(out)
    const share = exp(where(soft, subtract(mine, out), 0))
    return multiply(t, where(soft, share, where(equal(mine, out), where(equal(other, out), 0.5, 1), where(equal(out, out), 0, NaN))))
  }
}

/** e to the power x. NumPy: `exp`. */
export function exp(x: TensorLike): Tensor {
  return bind1(expP, [toFloat('exp', x)])
}
/** exp(x) - 1, accurate near 0. NumPy: `expm1`. */
export function expm1(x: TensorLike): Tensor {
  return bind1(expm1P, [toFloat('expm1', x)])
}
/** Natural logarithm: -Infinity at 0, NaN below. NumPy: `log`. */
export function log(x: TensorLike): Tensor {
  return bind1(logP, [toFloat('log', x)])
}
/** log(1 + x), accurate near 0. NumPy: `log1p`. */
export function log1p(x: TensorLike): Tensor {
  return bind1(log1pP, [toFloat('log1p', x)])
}
/** Square root; NaN below 0. Its derivative at 0 is infinite. NumPy: `sqrt`. */
export function sqrt(x: TensorLike): Tensor {
  return bind1(sqrtP, [toFloat('sqrt', x)])
}
/** log(exp(x) + exp(y)) without overflow. NumPy: `logaddexp`. */
export function logaddexp(x: TensorLike, y: TensorLike): Tensor {
  return bind1(logAddExpP, promoteFloats('logaddexp', x, y))
}
/** 1 / (1 + exp(-x)), the logistic sigmoid. JAX: `lax.logistic`; SciPy: `expit`. */
export function logistic(x: TensorLike): Tensor {
  return bind1(logisticP, [toFloat('logistic', x)])
}
/** x * x. NumPy: `square`. */
export function square(x: TensorLike): Tensor {
  const t = toTensor(x, 'square')
  return multiply(t, t)
}
/** 1 / x, always a float. NumPy: `reciprocal`. */
export function reciprocal(x: TensorLike): Tensor {
  return divide(1, toFloat('reciprocal', x))
}

/** Integral exponents up to this are repeated multiplications. */
const LARGEST_INTEGER_POWER = 64

/**
 * x to the power y. Integers to a non-negative integer power stay integers and wrap; otherwise the result is a float. An integral number as y is
 * repeated multiplication, which is faster and exact in its derivatives. Where x = 0 or y = 0 the derivatives are guarded as in JAX: d/dx is 0
 * at y = 0, d/dy is 0 at x = 0. NumPy: `power`.
 */
export function power(x: TensorLike, y: TensorLike): Tensor {
  if (typeof y === 'number' && Number.isInteger(y) && Math.abs(y) <= LARGEST_INTEGER_POWER) return integerPower(toTensor(x, 'power'), y)
  const [base, exponent] = promoteOperands('power', x, y)
  return isFloat(base.dtype) ? bind1(powP, [base, exponent]) : wholePower(base, exponent)
}

/** Binary exponentiation while tracing. */
function integerPower(x: Tensor, n: number): Tensor {
  if (n < 0 || x.dtype === 'bool') return n < 0 ? divide(1, integerPower(toFloat('power', x), -n)) : integerPower(toFloat('power', x), n)
  if (n === 0) return broadcastTo(scalarOf(1, x.dtype), x.shape)
  let result: Tensor | null = null
  for (let square = x, k = n; ; square = multiply(square, square), k >>= 1) {
    if (k & 1) result = result === null ? square : multiply(result, square)
    if (k <= 1) return result as Tensor
  }
}

/**
 * Binary exponentiation for integer tensors. As in JAX, six bits of the exponent are looked at: with more, all but 0, 1 and -1 overflow, and for
 * those the low bits suffice once 0 is treated apart. A negative exponent is meaningless.
 */
function wholePower(base: Tensor, exponent: Tensor): Tensor {
  const one = scalarOf(1, base.dtype)
  let result = where(multiply(equal(base, 0), notEqual(exponent, 0)), scalarOf(0, base.dtype), one)
  for (let bit = 0, square = base, rest = exponent; bit < 6; bit++) {
    result = where(bitwiseAnd(rest, 1), multiply(result, square), result)
    square = multiply(square, square)
    rest = rightShiftLogical(rest, 1)
  }
  return result
}
/** x to the power y as a float, also for integers. NumPy: `float_power` (in float32 unless an operand is float64). */
export function floatPower(x: TensorLike, y: TensorLike): Tensor {
  return typeof y === 'number'
    ? power(toFloat('floatPower', x), y)
    : power(...promoteElementwise('floatPower', toFloat('floatPower', x), toFloat('floatPower', y)))
}
