/** x log y where 0 log 0 is 0, and what entropies are made of. */
import { add, divide, multiply, negative, subtract } from '../primitives/arithmetic.ts'
import { bitwiseAnd } from '../primitives/bitwise.ts'
import { promoteElementwise, promoteFloats, toFloat } from '../primitives/cast.ts'
import { equal, greater, greaterEqual, isnan, less } from '../primitives/comparison.ts'
import { log, log1p } from '../primitives/exponential.ts'
import { where } from '../primitives/select.ts'
import type { Tensor, TensorLike } from '../tensor.ts'
import { customJvp } from '../transforms/custom.ts'

type Binary = (x: Tensor, y: Tensor) => Tensor

/** x f(y), which is 0 where x is 0 and f(y) is not NaN. By y the derivative is 0 there too; by x it is f(y). */
/* @__NO_SIDE_EFFECTS__ */
function weighted(name: string, f: (y: Tensor) => Tensor, inner: (y: Tensor) => Tensor): Binary {
  const value = (x: Tensor, y: Tensor): Tensor => {
    const off = bitwiseAnd(equal(x, 0), equal(isnan(y), false))
    return where(off, 0, multiply(x, f(where(off, 1, y))))
  }
  Object.defineProperty(value, 'name', { value: name })
  return customJvp(value, ([x, y], [dx, dy]) => {
    const off = equal(x, 0)
    const byY = where(off, 0, divide(x, where(off, 1, inner(y))))
    return [value(x, y), add(multiply(dx, f(y)), multiply(dy, byY))]
  })
}

const xlogyOf: Binary = /* @__PURE__ */ weighted('xlogy', log, y => y)
const xlog1pyOf: Binary = /* @__PURE__ */ weighted('xlog1py', log1p, y => add(y, 1))

const pair = (name: string, x: TensorLike, y: TensorLike): readonly [Tensor, Tensor] => {
  const [a, b] = promoteFloats(name, x, y)
  return promoteElementwise(name, a, b)
}

/** x log(y), 0 where x is 0. SciPy: `special.xlogy`. */
export function xlogy(x: TensorLike, y: TensorLike): Tensor {
  return xlogyOf(...pair('xlogy', x, y))
}
/** x log(1 + y), 0 where x is 0. SciPy: `special.xlog1py`. */
export function xlog1py(x: TensorLike, y: TensorLike): Tensor {
  return xlog1pyOf(...pair('xlog1py', x, y))
}

/** -x log(x) for x > 0, 0 at 0, minus infinity below. SciPy: `special.entr`. */
export function entr(x: TensorLike): Tensor {
  const t = toFloat('entr', x),
    positive = greater(t, 0),
    safe = where(positive, t, 1)
  // Neither positive nor negative: 0 stays 0 and NaN stays NaN.
  return where(less(t, 0), -Infinity, where(positive, negative(multiply(safe, log(safe))), multiply(t, 0)))
}

/**
 * The relative entropy's summand p log(p / q): 0 where p is 0 and q >= 0, infinite for q = 0 and for negative arguments. SciPy: `special.rel_entr`.
 */
export function relEntr(p: TensorLike, q: TensorLike): Tensor {
  const [x, y] = pair('relEntr', p, q)
  const both = bitwiseAnd(greater(x, 0), greater(y, 0)),
    none = bitwiseAnd(equal(x, 0), greaterEqual(y, 0))
  const a = where(both, x, 1),
    b = where(both, y, 1)
  const value = multiply(a, subtract(log(a), log(b)))
  return where(both, value, where(none, 0, where(isnan(add(x, y)), NaN, Infinity)))
}

/** p log(p / q) - p + q, the summand of the Kullback-Leibler divergence: never negative. SciPy: `special.kl_div`. */
export function klDiv(p: TensorLike, q: TensorLike): Tensor {
  const [x, y] = pair('klDiv', p, q)
  return add(subtract(relEntr(x, y), x), y)
}

/** log(p / (1 - p)), the inverse of `expit`: infinite at 0 and 1. SciPy: `special.logit`. */
export function logit(p: TensorLike): Tensor {
  const t = toFloat('logit', p)
  return subtract(log(t), log1p(negative(t)))
}
