/** Reductions over sliding windows, in JAX's terms. */
import { fail } from '../errors.ts'
import { checkOptions } from '../options.ts'
import { windowMaxP, windowMinP, type WindowParams, windowSumP } from '../primitives/reduceWindow.ts'
import type { SimplePrimitive } from '../primitives/primitive.ts'
import { bind1 } from '../program/bind.ts'
import { checkIntegers, showShape } from '../shape.ts'
import { type Tensor, type TensorLike, toTensor } from '../tensor.ts'
import { dilatedSize } from '../primitives/convolve.ts'
import { type Padding, resolvePadding } from './convolution.ts'

export type WindowOperator = 'sum' | 'max' | 'min'
const operators: Record<WindowOperator, SimplePrimitive<WindowParams>> = { sum: windowSumP, max: windowMaxP, min: windowMinP }

export interface ReduceWindowOptions {
  /** Steps between the elements of a window, one entry an axis. Default 1. */
  readonly windowDilation?: readonly number[]
}

/**
 * Sum, maximum or minimum over sliding windows; all lists have one entry an axis of x. What lies in the padding does not count. The gradient of max and min
 * goes to the first of equal elements. JAX: `lax.reduce_window`.
 *
 * @example reduceWindow(images, 'max', [1, 2, 2, 1], [1, 2, 2, 1], 'VALID') // 2x2 pooling of [n, h, w, c]
 */
export function reduceWindow(
  x: TensorLike,
  operator: WindowOperator,
  windowDimensions: readonly number[],
  windowStrides: readonly number[],
  padding: Padding,
  options: ReduceWindowOptions = {},
): Tensor {
  checkOptions('reduceWindow', options, 'windowDilation')
  const t = toTensor(x, 'reduceWindow'),
    primitive = operators[operator]
  if ((primitive as unknown) === undefined)
    fail('ValueError', `reduceWindow: the operator must be 'sum', 'max' or 'min', got ${JSON.stringify(operator)}.`)
  const { windowDilation = t.shape.map(() => 1) } = options
  for (const [what, list] of Object.entries({ windowDimensions, windowStrides, windowDilation })) checkIntegers('reduceWindow', what, list)
  if ([windowDimensions, windowStrides, windowDilation].some(v => v.length !== t.ndim))
    fail(
      'ShapeError',
      `reduceWindow: windowDimensions [${windowDimensions.join(', ')}], windowStrides [${windowStrides.join(', ')}] and windowDilation need one entry for each of the ${t.ndim} axes of shape ${showShape(t.shape)}.`,
    )
  const reach = windowDimensions.map((n, k) => dilatedSize(n, windowDilation[k] as number))
  return bind1(primitive, [t], {
    window: [...windowDimensions],
    strides: [...windowStrides],
    padding: resolvePadding('reduceWindow', padding, t.shape, reach, windowStrides),
    dilation: [...windowDilation],
  })
}
