/** Reverses the order of elements along axes. Linear and its own inverse. */
import { checkOptions } from '../options.ts'
import { bind1 } from '../program/bind.ts'
import { type Index, indexScale, indexShift } from '../lower/lowering.ts'
import { normalizeAxes } from '../shape.ts'
import { type Tensor, type TensorLike, toTensor } from '../tensor.ts'
import { first } from './family.ts'
import { hostFrom, hostReader } from './host.ts'
import { linearJvp } from './linear.ts'
import { isUnknown, type SimplePrimitive } from './primitive.ts'
import { moveToFront } from './transpose.ts'

export interface ReverseParams {
  readonly axes: readonly number[]
}

export const reverseP: SimplePrimitive<ReverseParams> = {
  name: 'reverse',
  inputs: ['x'],
  abstractEval: avals => [first(avals)],
  jvp: (primals, tangents, outputs, params) => linearJvp(reverseP)(primals, tangents, outputs, params),
  transpose: ([ct], inputs, params) => [ct && isUnknown(first(inputs)) ? bind1(reverseP, [ct], params) : null],
  batch: (tensors, axes, _, params) => ({
    outputs: [bind1(reverseP, [moveToFront(first(tensors), first(axes) as number)], { axes: params.axes.map(k => k + 1) })],
    axes: [0],
  }),
  lower(l, values, { axes }, outputs) {
    const x = first(values),
      { shape } = x.aval
    const mirror = (i: Index, k: number): Index => (axes.includes(k) ? indexShift(indexScale(i, -1), (shape[k] as number) - 1) : i)
    return [l.elements(first(outputs), [x], (b, index) => b.read(x, index.map(mirror)), { cost: 0 })]
  },
  evaluate(arrays, { axes }, outputs) {
    const out = first(outputs),
      read = hostReader(first(arrays))
    return [hostFrom(out, index => read(index.map((i, k) => (axes.includes(k) ? (out.shape[k] as number) - 1 - i : i))))]
  },
}

/** x with the order of elements reversed along axes (default: all). NumPy: `flip`. */
export function flip(x: TensorLike, options: { readonly axis?: number | readonly number[] } = {}): Tensor {
  const { axis } = checkOptions('flip', options, 'axis')
  const t = toTensor(x, 'flip')
  const axes = normalizeAxes('flip', axis, t.ndim)
  return axes.length === 0 ? t : bind1(reverseP, [t], { axes })
}
