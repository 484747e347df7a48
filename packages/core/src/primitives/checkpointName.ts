/** The identity, which gives a value a name that policies of `checkpoint` know (JAX: checkpoint_name). */
import { bind1 } from '../program/bind.ts'
import { first } from './family.ts'
import type { SimplePrimitive } from './primitive.ts'

export interface NameParams {
  readonly name: string
}

export const nameP: SimplePrimitive<NameParams> = {
  name: 'name',
  inputs: ['x'],
  abstractEval: avals => [first(avals)],
  jvp: (_, tangents) => [tangents[0] ?? null],
  transpose: cts => [cts[0] ?? null],
  batch: (tensors, axes, _, params) => ({ outputs: [bind1(nameP, tensors, params)], axes: [axes[0] ?? null] }),
  lower: (_, values) => [first(values)],
  evaluate: arrays => [first(arrays)],
}
