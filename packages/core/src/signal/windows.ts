/** Windows by name. */
import { fail } from '../errors.ts'
import { array } from '../numpy/creation.ts'
import { bartlettAt, blackmanAt, boxcarAt, hammingAt, hannAt } from '../numpy/windowShapes.ts'
import { checkOptions } from '../options.ts'
import type { Tensor } from '../tensor.ts'

export type WindowName = 'boxcar' | 'bartlett' | 'hann' | 'hamming' | 'blackman'

const shapes: Readonly<Record<WindowName, (phase: number) => number>> = {
  boxcar: boxcarAt,
  bartlett: bartlettAt,
  hann: hannAt,
  hamming: hammingAt,
  blackman: blackmanAt,
}

export function windowValues(where: string, name: WindowName, n: number, periodic: boolean): readonly number[] {
  if (!Object.hasOwn(shapes, name))
    fail('ValueError', `${where}: the window must be one of ${Object.keys(shapes).join(', ')}, or a tensor, got '${String(name)}'.`)
  if (!Number.isInteger(n) || n < 1) fail('ValueError', `${where}: the length of the window must be a positive integer, got ${n}.`)
  const last = periodic ? n : n - 1
  return Array.from({ length: n }, (_, i) => (last === 0 ? 1 : shapes[name](i / last)))
}

/**
 * A window of length `n`, float32: periodic (default), as transforms want it, or symmetric, as in `numpy`. SciPy: `signal.get_window`.
 *
 * @example signal.getWindow('hann', 4) // [0, 0.5, 1, 0.5]
 */
export function getWindow(name: WindowName, n: number, options: { readonly periodic?: boolean } = {}): Tensor {
  const { periodic = true } = checkOptions('getWindow', options, 'periodic')
  return array(Float32Array.from(windowValues('getWindow', name, n, periodic)))
}
