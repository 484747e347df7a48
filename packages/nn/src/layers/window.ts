/** Sizes of windows that move over one to three spatial axes. */
import type { Shape, Tensor } from '@cotangent/core'
import { fail, showShape } from '@cotangent/core/extend'
import { shapeError } from '../layer.ts'

/** `SAME`: as many results as steps, zeros on both sides; `VALID`: no padding; or the padding before and after each spatial axis. */
export type Padding = 'SAME' | 'VALID' | readonly (readonly [low: number, high: number])[]
/** One number for all spatial axes, or one for each. */
export type Sizes1 = number | readonly [number]
export type Sizes2 = number | readonly [number, number]
export type Sizes3 = number | readonly [number, number, number]
export type Sizes = number | readonly number[]

export function perAxis(name: string, rank: number, n: Sizes): readonly number[] {
  const list = typeof n === 'number' ? new Array<number>(rank).fill(n) : n
  if (list.length !== rank || list.some(v => !Number.isInteger(v) || v < 1))
    fail('ValueError', `${name}: needs a positive integer, or one for each of its ${rank} axes, got ${JSON.stringify(n)}.`)
  return list
}

/** The layouts of images, kernels and results by number of spatial axes, channels last. */
export const layouts: Readonly<Record<number, readonly [string, string, string]>> = {
  1: ['NWC', 'WIO', 'NWC'],
  2: ['NHWC', 'HWIO', 'NHWC'],
  3: ['NDHWC', 'DHWIO', 'NDHWC'],
}
const axisNames: Readonly<Record<number, string>> = { 1: 't', 2: 'h, w', 3: 'd, h, w' }
const kinds: Readonly<Record<number, readonly [many: string, one: string]>> = {
  1: ['sequences', 'sequence'],
  2: ['images', 'image'],
  3: ['volumes', 'volume'],
}

/** The spatial sizes and the number of channels of one example. */
export function splitExample(name: string, rank: number, input: Shape): readonly [sizes: Shape, channels: number] {
  if (input.length !== rank + 1) shapeError(name, `[${axisNames[rank]}, c]`, input)
  return [input.slice(0, rank), input[rank] as number]
}

export function checkBatch(name: string, rank: number, x: Tensor): void {
  const [many, one] = kinds[rank] as readonly [string, string]
  if (x.ndim !== rank + 2)
    fail(
      'ShapeError',
      `${name}: needs ${many} [n, ${axisNames[rank]}, c], got ${showShape(x.shape)}. One ${one} gets its batch axis by expandDims(x, 0).`,
    )
}

export interface Window {
  readonly size: readonly number[]
  readonly strides: readonly number[]
  /** Steps between the elements of a window. */
  readonly dilation: readonly number[]
  readonly padding: Padding
}

/** Sizes of the spatial axes after a window has moved over them. */
export function windowOutput(name: string, sizes: Shape, { size, strides, dilation, padding }: Window): Shape {
  if (typeof padding === 'string' ? padding !== 'SAME' && padding !== 'VALID' : padding.length !== sizes.length)
    fail(
      'ValueError',
      `${name}: padding is 'SAME', 'VALID', or a pair [before, after] for each of ${sizes.length} axes, got ${JSON.stringify(padding)}.`,
    )
  return sizes.map((n, k) => {
    const stride = strides[k] as number,
      reach = ((size[k] as number) - 1) * (dilation[k] as number) + 1
    if (padding === 'SAME') return Math.ceil(n / stride)
    const [low, high] = padding === 'VALID' ? [0, 0] : (padding[k] ?? [0, 0])
    if (reach > n + low + high)
      fail(
        'ShapeError',
        `${name}: a window of ${reach} does not fit into axis ${k} of ${showShape(sizes)}. Take a smaller one, or padding 'SAME'.`,
      )
    return Math.floor((n + low + high - reach) / stride) + 1
  })
}
