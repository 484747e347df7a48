import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { setBackend } from '../../src/backend/current.ts'
import { createReference } from '../../src/backend/reference.ts'
import { checkKernels } from '../../src/lower/check.ts'
import type { Contraction } from '../../src/lower/kernel.ts'
import { findConvolution } from '../../src/lower/winograd/convolution.ts'
import { splitPhases } from '../../src/lower/winograd/phases.ts'
import { type ConvolutionSpec, convolutionWithGradients, layouts } from '../support/convolutions.ts'
import { graphOf } from '../support/rewritten.ts'
import { difference, runGraph } from '../support/runKernels.ts'

const backend = createReference()
setBackend(backend)

const taps = fc.constantFrom(1, 2, 3, 4, 5, 6, 7, 3, 5, 7),
  steps = fc.constantFrom(1, 2, 2, 2, 3)
const arbConvolution = fc.record({
  n: fc.integer({ min: 1, max: 3 }),
  h: fc.oneof(fc.integer({ min: 1, max: 15 }), fc.integer({ min: 8, max: 15 })),
  w: fc.oneof(fc.integer({ min: 1, max: 15 }), fc.integer({ min: 8, max: 15 })),
  channels: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
  groups: fc.constantFrom(1, 1, 2),
  padding: fc.constantFrom(
    'SAME' as const,
    'VALID' as const,
    [
      [3, 1],
      [0, 2],
    ] as const,
    [
      [-1, 1],
      [2, -2],
    ] as const,
  ),
  layout: fc.constantFrom(...layouts),
  window: fc.tuple(taps, taps),
  strides: fc.tuple(steps, steps),
  dilation: fc.tuple(fc.constantFrom(1, 1, 1, 2), fc.constantFrom(1, 1, 1, 2)),
  relu: fc.boolean(),
  seed: fc.nat(50),
})

/** The Contractions that are split, with the numbers of taps along each axis of the window. */
function split(spec: ConvolutionSpec): readonly { readonly gradient: boolean; readonly window: readonly number[] }[] {
  const found: { gradient: boolean; window: readonly number[] }[] = []
  graphOf(convolutionWithGradients(spec).program, (k, allocate) => {
    const phases = splitPhases(k, allocate)
    const c = phases === null ? null : findConvolution(phases.convolution)
    if (phases !== null && c !== null)
      found.push({ gradient: c.gradient, window: c.window.map(i => phases.convolution.extents[i] as number) })
    return [k]
  })
  return found
}

describe('convolutions with strides by phases', () => {
  test('are exactly the direct sums, with the gradients of their taps', () => {
    const rewritten = { convolutions: 0, gradients: 0 }
    fc.assert(
      fc.property(arbConvolution, spec => {
        const { program, data } = convolutionWithGradients(spec)
        const phased = graphOf(program, (k: Contraction, allocate) => {
          const phases = splitPhases(k, allocate)
          if (phases === null) return [k]
          const c = findConvolution(phases.convolution)
          expect(c?.image.load.guards ?? []).toEqual([])
          rewritten[c?.gradient === true ? 'gradients' : 'convolutions']++
          return [phases.before, phases.convolution, ...phases.after]
        })
        checkKernels(phased)
        expect(difference(runGraph(backend, phased, data), runGraph(backend, graphOf(program), data))).toBe(undefined)
      }),
      { numRuns: 400 },
    )
    expect(Math.min(rewritten.convolutions, rewritten.gradients)).toBeGreaterThan(20)
  })

  test('where two windows of several taps move by steps of which one is longer than 1 and shorter than its window', () => {
    const spec: ConvolutionSpec = {
      n: 2,
      h: 15,
      w: 14,
      channels: [3, 4],
      groups: 1,
      padding: 'SAME',
      layout: layouts[0],
      window: [7, 7],
      strides: [2, 2],
      relu: false,
      seed: 0,
    }
    const both = (...window: readonly number[]): ReturnType<typeof split> => [
      { gradient: false, window },
      { gradient: true, window },
    ]
    expect(split(spec)).toEqual(both(4, 4))
    expect(split({ ...spec, strides: [3, 1], window: [6, 3] })).toEqual(both(2, 3))
    expect(split({ ...spec, strides: [1, 1] })).toEqual([])
    expect(split({ ...spec, window: [2, 2] })).toEqual([])
    expect(split({ ...spec, window: [1, 7] })).toEqual([])
  })
})
