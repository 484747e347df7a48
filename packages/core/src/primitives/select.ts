/** select(predicate, a, b): a where the predicate holds, b elsewhere. Linear in a and b. */
import { type Aval, aval, showAval } from '../aval.ts'
import { fail } from '../errors.ts'
import { bind1 } from '../program/bind.ts'
import { broadcastShapes } from '../shape.ts'
import { type Tensor, type TensorLike, toTensor } from '../tensor.ts'
import { broadcastTo, sumTo } from './broadcast.ts'
import { astype, promoteOperands, scalarOf } from './cast.ts'
import { batchElementwise, mapHost } from './family.ts'
import { isUnknown, type MaybeTensor, type NoParams, type SimplePrimitive } from './primitive.ts'

/** Broadcasts its three operands. A predicate of NaN-producing work hides the value but not the gradient of the other branch: guard its argument. */
export const selectP: SimplePrimitive<NoParams> = {
  name: 'select',
  inputs: ['predicate', 'a', 'b'],
  abstractEval(avals) {
    const [p, a, b] = avals as readonly [Aval, Aval, Aval]
    const shown = `predicate ${showAval(p)}, values ${showAval(a)} and ${showAval(b)}`
    if (p.dtype !== 'bool')
      fail('DTypeError', `where: the predicate must be bool, got ${shown}. Compare it, for example with notEqual(p, 0).`)
    if (a.dtype !== b.dtype) fail('DTypeError', `where: values have different dtypes: ${shown}. Convert one with astype.`)
    return [aval(broadcastShapes('where', p.shape, a.shape, b.shape), a.dtype, a.weak && b.weak)]
  },
  jvp([p], [, ta, tb], [out]) {
    if (ta == null && tb == null) return [null]
    return [broadcastTo(selectLinear(p as Tensor, ta ?? null, tb ?? null), (out as Tensor).shape)]
  },
  transpose([ct], inputs) {
    const [p, a, b] = inputs
    const one = (x: typeof a, whenTrue: boolean): MaybeTensor => {
      if (x === undefined || !isUnknown(x) || ct == null) return null
      return sumTo(selectLinear(p as Tensor, whenTrue ? ct : null, whenTrue ? null : ct), x.aval.shape)
    }
    return [null, one(a, true), one(b, false)]
  },
  batch: (tensors, axes) => batchElementwise(selectP, tensors, axes),
  lower: (l, values, _, [out]) => [l.elementwise(out as Aval, values, (b, args) => b.apply('select', args, (out as Aval).dtype), 1)],
  evaluate: (arrays, _, [out]) => [mapHost(out as Aval, arrays, ([p, a, b]) => (p !== 0 ? (a as number) : (b as number)))],
}

/** select where a missing side is zero; one of them is there. */
function selectLinear(p: Tensor, a: MaybeTensor, b: MaybeTensor): Tensor {
  const zero = scalarOf(0, ((a ?? b) as Tensor).dtype)
  return bind1(selectP, [p, a ?? zero, b ?? zero])
}

/**
 * a where the condition holds, b elsewhere; all three broadcast. A condition that is not bool holds where it is not zero. The gradient of the
 * side that is not taken is zero times that side's derivative: where this may be infinite, make its argument harmless with another `where`.
 * NumPy: `where` with three arguments.
 *
 * @example where(x.greater(0), x, 0) // relu
 */
export function where(condition: TensorLike, a: TensorLike, b: TensorLike): Tensor {
  const predicate = astype(toTensor(condition, 'where'), 'bool')
  return bind1(selectP, [predicate, ...promoteOperands('where', a, b)])
}
