/** Types of `x.at(...)`; compiled, never run. */
import { type Tensor, slice } from '../../src/index.ts'

declare const x: Tensor

export const parts: readonly Tensor[] = [
  x.at(0, '1:-1:2', '...', null, [1, 2], [true, false], slice(1, null), x).get({ mode: 'clip' }),
  x.at().set(1, { mode: 'drop' }),
]
export const mistakes: readonly unknown[] = [
  // @ts-expect-error text that is no slice
  x.at('rows'),
  // @ts-expect-error reading has no mode 'drop'
  x.at(0).get({ mode: 'drop' }),
  // @ts-expect-error writing fills nothing
  x.at(0).set(1, { mode: 'fill' }),
  // @ts-expect-error tensors have no elements by number
  x[0],
]
