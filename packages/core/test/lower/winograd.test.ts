import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { setBackend } from '../../src/backend/current.ts'
import { lowerFor } from '../../src/backend/compile.ts'
import { createReference } from '../../src/backend/reference.ts'
import type { TypedArray } from '../../src/dtype.ts'
import * as lax from '../../src/lax/index.ts'
import { checkKernels } from '../../src/lower/check.ts'
import { asTiles } from '../../src/lower/winograd.ts'
import { findConvolution } from '../../src/lower/winograd/convolution.ts'
import * as np from '../../src/numpy/index.ts'
import { trace } from '../../src/program/trace.ts'
import type { Tensor } from '../../src/tensor.ts'
import { convolutionWithGradients, integers, layouts } from '../support/convolutions.ts'
import { graphOf } from '../support/rewritten.ts'
import { runGraph } from '../support/runKernels.ts'

const backend = createReference()
setBackend(backend)

/** The largest difference of two lists of results, as a part of the largest element. */
function error(actual: readonly TypedArray[], expected: readonly TypedArray[]): number {
  const errors = expected.map((want, i) => {
    const values = Array.from(want, Number),
      got = Array.from(actual[i] as TypedArray, Number)
    const scale = values.reduce((a, x) => Math.max(a, Math.abs(x)), 1)
    return values.reduce((a, x, j) => Math.max(a, Math.abs(x - (got[j] ?? Number.NaN)) / scale), 0)
  })
  return errors.every(Number.isFinite) ? Math.max(0, ...errors) : Number.NaN
}

const arbConvolution = fc.record({
  n: fc.integer({ min: 1, max: 3 }),
  h: fc.integer({ min: 1, max: 12 }),
  w: fc.integer({ min: 1, max: 12 }),
  channels: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
  groups: fc.constantFrom(1, 1, 2),
  padding: fc.constantFrom(
    'SAME' as const,
    'VALID' as const,
    [
      [2, 1],
      [0, 2],
    ] as const,
  ),
  layout: fc.constantFrom(...layouts),
  window: fc.tuple(fc.constantFrom(3, 3, 2, 4, 5), fc.constantFrom(3, 3, 2, 4, 5, 6)),
  strides: fc.constantFrom([1, 1] as const, [1, 1] as const, [2, 2] as const, [1, 2] as const),
  relu: fc.boolean(),
  block: fc.constantFrom(1, 100, 400, 1600, 1e9),
  seed: fc.nat(50),
})

describe('convolutions by tiles', () => {
  test('are the direct sums, with their gradients', () => {
    const rewritten = { convolutions: 0, gradients: 0, strided: 0 }
    fc.assert(
      fc.property(arbConvolution, ({ block, ...spec }) => {
        const { program, data } = convolutionWithGradients(spec)
        const tiled = graphOf(program, (k, allocate) => {
          const kernels = asTiles(k, block, allocate)
          const c = findConvolution(k)
          if (kernels.length > 1) rewritten[c === null ? 'strided' : c.gradient ? 'gradients' : 'convolutions']++
          return kernels
        })
        checkKernels(tiled)
        expect(error(runGraph(backend, tiled, data), runGraph(backend, graphOf(program), data))).toBeLessThan(1e-11)
      }),
      { numRuns: 300 },
    )
    expect(Math.min(rewritten.convolutions, rewritten.gradients, rewritten.strided)).toBeGreaterThan(40)
  })

  test('only for backends that want them, and only where they pay', () => {
    const kinds = (winograd: number | undefined, channels: number, stride: number, window = 3): readonly string[] => {
      const { program } = trace(
        (x: Tensor, k: Tensor) => [lax.convGeneralDilated(x, k, [stride, stride], 'SAME', { dimensionNumbers: layouts[0] })],
        [np.zeros([2, 16, 16, channels]).aval, np.zeros([window, window, channels, channels]).aval],
        'test',
      )
      const capabilities = { ...backend.capabilities, ...(winograd !== undefined && { winograd }) }
      return lowerFor(program, { ...backend, capabilities }).graph.kernels.map(k => k.kind)
    }
    expect(kinds(1e9, 32, 1)).toEqual(['loop', 'loop', 'contraction', 'loop'])
    expect(kinds(1e4, 32, 1)).toEqual(['loop', 'scan'])
    expect(kinds(undefined, 32, 1)).toEqual(['contraction'])
    expect(kinds(1e9, 4, 1)).toEqual(['contraction'])
    expect(kinds(1e9, 32, 2)).toEqual(['contraction'])
    expect(kinds(1e9, 32, 2, 7)).toEqual(['loop', 'loop', 'loop', 'contraction', 'loop'])
  })

  test('NaN reaches the results of the direct sum, and no others but in the same tile', () => {
    const n = 12
    const { program } = trace(
      (x: Tensor, k: Tensor) => [lax.convGeneralDilated(x, k, [1, 1], 'SAME', { dimensionNumbers: layouts[0] })],
      [np.zeros([1, n, n, 1], { dtype: 'float64' }).aval, np.zeros([3, 3, 1, 1], { dtype: 'float64' }).aval],
      'test',
    )
    const tiled = graphOf(program, (k, allocate) => asTiles(k, 1e9, allocate)),
      direct = graphOf(program)
    for (let i = 0; i < n * n; i += 5) {
      const data = [integers(n * n, 1), integers(9, 2)] as const
      data[0][i] = Number.NaN
      const [[got], [want]] = [runGraph(backend, tiled, data), runGraph(backend, direct, data)] as [[Float64Array], [Float64Array]]
      const far = (k: number): boolean => Math.abs(Math.floor(k / n) - Math.floor(i / n)) > 4 || Math.abs((k % n) - (i % n)) > 4
      want.forEach((y, k) => {
        if (Number.isNaN(y)) expect(got[k]).toBeNaN()
        else if (far(k)) expect(got[k]).toBeCloseTo(y, 9)
      })
    }
  })
})
