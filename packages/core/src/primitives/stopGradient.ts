/** The identity with derivative zero. */
import { bind1 } from '../program/bind.ts'
import { isFloat } from '../dtype.ts'
import { type Tensor, type TensorLike, toTensor } from '../tensor.ts'
import { first } from './family.ts'
import { type NoParams, none, type SimplePrimitive } from './primitive.ts'

export const stopGradientP: SimplePrimitive<NoParams> = {
  name: 'stopGradient',
  inputs: ['x'],
  abstractEval: avals => [first(avals)],
  jvp: () => [null],
  transpose: none('no tangent passes through it'),
  batch: (tensors, axes) => ({ outputs: [bind1(stopGradientP, tensors)], axes }),
  lower: (_, values) => [first(values)],
  evaluate: arrays => [first(arrays)],
}

/** x, treated as a constant by all derivatives. */
export function constantOf(x: TensorLike): Tensor {
  const t = toTensor(x, 'stopGradient')
  return isFloat(t.dtype) && !('scalar' in t.value) ? bind1(stopGradientP, [t]) : t
}
