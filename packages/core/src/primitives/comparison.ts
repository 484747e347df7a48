/** Comparisons, elementwise with NumPy broadcasting: the result is bool, with derivative zero. Comparisons with NaN are false (notEqual: true). */
import { isFloat } from '../dtype.ts'
import { bind1 } from '../program/bind.ts'
import { type Tensor, type TensorLike, toTensor } from '../tensor.ts'
import { abs } from './arithmetic.ts'
import { broadcastTo } from './broadcast.ts'
import { promoteOperands, scalarOf } from './cast.ts'
import { type ElementwiseRule, elementwise } from './family.ts'
import type { NoParams, SimplePrimitive } from './primitive.ts'

type Elementwise = SimplePrimitive<NoParams>

/* @__NO_SIDE_EFFECTS__ */
function comparison(name: 'eq' | 'ne' | 'lt' | 'le' | 'gt' | 'ge', publicName: string): Elementwise {
  const rule: ElementwiseRule = {
    name,
    publicName,
    inputs: ['x', 'y'],
    domain: 'any',
    derivatives: ['zero', 'zero'],
    cost: 1,
    result: 'bool',
  }
  return elementwise(rule)
}

export const eqP: Elementwise = comparison('eq', 'equal')
export const neP: Elementwise = comparison('ne', 'notEqual')
export const ltP: Elementwise = comparison('lt', 'less')
export const leP: Elementwise = comparison('le', 'lessEqual')
export const gtP: Elementwise = comparison('gt', 'greater')
export const geP: Elementwise = comparison('ge', 'greaterEqual')
export const isFiniteP: Elementwise = elementwise({
  name: 'isFinite',
  publicName: 'isfinite',
  inputs: ['x'],
  domain: 'float',
  derivatives: ['zero'],
  cost: 1,
  result: 'bool',
})

/** x == y, elementwise. NumPy: `equal`. */
export function equal(x: TensorLike, y: TensorLike): Tensor {
  return bind1(eqP, promoteOperands('equal', x, y))
}
/** x != y, elementwise. NumPy: `not_equal`. */
export function notEqual(x: TensorLike, y: TensorLike): Tensor {
  return bind1(neP, promoteOperands('notEqual', x, y))
}
/** x < y, elementwise. NumPy: `less`. */
export function less(x: TensorLike, y: TensorLike): Tensor {
  return bind1(ltP, promoteOperands('less', x, y))
}
/** x <= y, elementwise. NumPy: `less_equal`. */
export function lessEqual(x: TensorLike, y: TensorLike): Tensor {
  return bind1(leP, promoteOperands('lessEqual', x, y))
}
/** x > y, elementwise. NumPy: `greater`. */
export function greater(x: TensorLike, y: TensorLike): Tensor {
  return bind1(gtP, promoteOperands('greater', x, y))
}
/** x >= y, elementwise. NumPy: `greater_equal`. */
export function greaterEqual(x: TensorLike, y: TensorLike): Tensor {
  return bind1(geP, promoteOperands('greaterEqual', x, y))
}

/** Neither NaN nor infinite; integers always are. NumPy: `isfinite`. */
export function isfinite(x: TensorLike): Tensor {
  const t = toTensor(x, 'isfinite')
  return isFloat(t.dtype) ? bind1(isFiniteP, [t]) : constantPredicate(true, t)
}
/** Is it NaN? NumPy: `isnan`. */
export function isnan(x: TensorLike): Tensor {
  const t = toTensor(x, 'isnan')
  return isFloat(t.dtype) ? notEqual(t, t) : constantPredicate(false, t)
}
/** Is it plus or minus infinity? NumPy: `isinf`. */
export function isinf(x: TensorLike): Tensor {
  const t = toTensor(x, 'isinf')
  return isFloat(t.dtype) ? equal(abs(t), Infinity) : constantPredicate(false, t)
}

const constantPredicate = (value: boolean, like: Tensor): Tensor => broadcastTo(scalarOf(value ? 1 : 0, 'bool'), like.shape)
