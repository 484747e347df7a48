/** Counts 0, 1, 2, ... along one axis of a shape. */
import { aval } from '../aval.ts'
import { checkDType, type DType } from '../dtype.ts'
import { fail } from '../errors.ts'
import type { Index } from '../lower/lowering.ts'
import { checkOptions } from '../options.ts'
import { bind1 } from '../program/bind.ts'
import { checkShape, normalizeAxis, type Shape } from '../shape.ts'
import type { Tensor } from '../tensor.ts'
import { first } from './family.ts'
import { hostFrom } from './host.ts'
import { none, type SimplePrimitive } from './primitive.ts'

export interface IotaParams {
  readonly shape: Shape
  readonly axis: number
  readonly dtype: DType
}

export const iotaP: SimplePrimitive<IotaParams> = {
  name: 'iota',
  inputs: [],
  abstractEval: (_, { shape, dtype }) => [aval(shape, dtype)],
  jvp: () => [null],
  transpose: none('iota has no inputs'),
  batch: (_, __, ___, params) => ({ outputs: [bind1(iotaP, [], params)], axes: [null] }),
  lower: (l, _, { axis, dtype }, outputs) => [
    l.elements(first(outputs), [], (b, index) => b.iota(index[axis] as Index, dtype), { cost: 1 }),
  ],
  evaluate: (_, { axis }, outputs) => [hostFrom(first(outputs), index => index[axis] as number)],
}

/** 0, 1, 2, ... along `axis` (default 0) of a tensor of `shape`; default dtype int32. JAX: `lax.broadcasted_iota`. */
export function iota(shape: Shape, options: { readonly axis?: number; readonly dtype?: DType } = {}): Tensor {
  const { axis = 0, dtype = 'int32' } = checkOptions('iota', options, 'axis', 'dtype')
  checkShape('iota', shape)
  if (checkDType('iota', dtype) === 'bool') fail('DTypeError', 'iota: bool cannot count. Use int32.')
  return bind1(iotaP, [], { shape: [...shape], axis: normalizeAxis('iota', axis, shape.length), dtype })
}
