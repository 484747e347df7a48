/** Inputs and batched functions that the tests of collectives share, on the reference backend: whoever imports them runs there. */
import fc from 'fast-check'
import { array } from '../../src/numpy/creation.ts'
import type { Tensor } from '../../src/tensor.ts'
import { vmap } from '../../src/transforms/vmap.ts'
import { useReference } from './laws.ts'
import { float } from './values.ts'

useReference()

export const values = (shape: readonly number[]): fc.Arbitrary<Tensor> =>
  fc
    .array(fc.integer({ min: -8, max: 8 }), { minLength: shape.reduce((n, d) => n * d, 1), maxLength: shape.reduce((n, d) => n * d, 1) })
    .map(xs => array(xs.map(v => v / 5)).reshape(shape))

export const x = float(1, 2, 3),
  w = array(2)
export const rows = array([
  [1, 2, 3],
  [4, 5, 6],
  [7, 8, 9],
])
export const named = <R>(f: (y: Tensor) => R): ((y: Tensor) => R) => vmap(f, { axisName: 'i' })
export const once = <R>(f: (y: Tensor) => R): ((y: Tensor) => R) => vmap(f, { axisName: 'i', outAxes: null })
