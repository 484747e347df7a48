/** Plain loops over host arrays, for `evaluate` rules. */
import type { Aval } from '../aval.ts'
import { type Shape, sizeOf, stridesOf } from '../shape.ts'
import { wrap } from './family.ts'
import type { HostArray } from './primitive.ts'

/** Visits every index of `shape` in row-major order. The array is reused: copy it to keep it. */
export function eachIndex(shape: Shape, visit: (index: readonly number[], flat: number) => void): void {
  const index = new Array<number>(shape.length).fill(0)
  for (let flat = 0, size = sizeOf(shape); flat < size; flat++) {
    visit(index, flat)
    for (let k = shape.length - 1; k >= 0; k--) {
      index[k] = (index[k] as number) + 1
      if ((index[k] as number) < (shape[k] as number)) break
      index[k] = 0
    }
  }
}

/** An array whose element at `index` is `element(index)`, wrapped to the dtype. */
export function hostFrom(aval: Aval, element: (index: readonly number[]) => number): HostArray {
  const data = new Float64Array(aval.size)
  eachIndex(aval.shape, (index, flat) => {
    data[flat] = wrap(element(index), aval.dtype)
  })
  return { aval, data }
}

/** A reader of single elements: `read(index)`. Indices must be in range. */
export function hostReader(x: HostArray): (index: readonly number[]) => number {
  const strides = stridesOf(x.aval.shape)
  return index => x.data[index.reduce((at, i, k) => at + i * (strides[k] as number), 0)] as number
}

/** Is `index` inside `shape`? */
export const isInside = (index: readonly number[], shape: Shape): boolean => index.every((i, k) => i >= 0 && i < (shape[k] as number))
