import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { setBackend } from '../../src/backend/current.ts'
import { lowerFor } from '../../src/backend/compile.ts'
import { createReference } from '../../src/backend/reference.ts'
import type { DType, TypedArray } from '../../src/dtype.ts'
import * as lax from '../../src/lax/index.ts'
import { checkKernels } from '../../src/lower/check.ts'
import { fuse } from '../../src/lower/fuse.ts'
import type { Kernel, KernelGraph } from '../../src/lower/kernel.ts'
import { lower } from '../../src/lower/lower.ts'
import { planMemory } from '../../src/lower/plan.ts'
import { asTiles } from '../../src/lower/winograd.ts'
import { findConvolution } from '../../src/lower/winograd/convolution.ts'
import * as np from '../../src/numpy/index.ts'
import type { Program } from '../../src/program/program.ts'
import { trace } from '../../src/program/trace.ts'
import type { Tensor } from '../../src/tensor.ts'
import { vjp } from '../../src/transforms/grad.ts'
import { runGraph } from '../support/runKernels.ts'

const backend = createReference()
setBackend(backend)

/** The Program's kernels, with `rewrite` in the place of each Contraction. */
function graphOf(
  program: Program,
  rewrite?: (k: Kernel & { kind: 'contraction' }, allocate: (dtype: DType, size: number) => number) => readonly Kernel[],
): KernelGraph {
  const lowered = fuse(lower(program)),
    buffers = [...lowered.buffers]
  const allocate = (dtype: DType, size: number): number => buffers.push({ dtype, size }) - 1
  const kernels = lowered.kernels.flatMap(k => (k.kind === 'contraction' && rewrite !== undefined ? rewrite(k, allocate) : [k]))
  return planMemory({
    buffers: buffers.map((b, id) => ({
      ...b,
      place: lowered.inputs.includes(id)
        ? { kind: 'input', index: lowered.inputs.indexOf(id) }
        : lowered.outputs.includes(id)
          ? { kind: 'output', index: lowered.outputs.indexOf(id) }
          : { kind: 'temporary' },
    })),
    inputs: lowered.inputs,
    outputs: lowered.outputs,
    kernels,
    donatable: lowered.inputs.map(() => false),
  })
}

/** Small integers, for which the direct sum is exact. */
const integers = (n: number, seed: number): Float64Array =>
  Float64Array.from({ length: n }, (_, i) => 4 * (((i + 1) * (2 * seed + 3)) % 7) - 12)

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

const layouts = [
  ['NHWC', 'HWIO', 'NHWC'],
  ['NCHW', 'OIHW', 'NCHW'],
  ['NHWC', 'OIHW', 'NCHW'],
] as const
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
  relu: fc.boolean(),
  block: fc.constantFrom(1, 100, 400, 1600, 1e9),
  seed: fc.nat(50),
})

describe('convolutions by tiles', () => {
  test('are the direct sums, with their gradients', () => {
    const rewritten = { convolutions: 0, gradients: 0 }
    fc.assert(
      fc.property(arbConvolution, ({ n, h, w, channels: [c, o], groups, padding, layout, window, relu, block, seed }) => {
        const size = (letters: string): number[] =>
          Array.from(
            letters,
            l =>
              ({
                N: n,
                C: c * groups,
                H: letters.includes('O') ? window[0] : h,
                W: letters.includes('O') ? window[1] : w,
                I: c,
                O: o * groups,
              })[l] as number,
          )
        const sizes = [size(layout[0]), size(layout[1])] as const
        const convolve = (x: Tensor, k: Tensor): Tensor => {
          const y = lax.convGeneralDilated(x, k, [1, 1], padding, { dimensionNumbers: layout, featureGroupCount: groups })
          return relu ? np.maximum(y.add(1), 0) : y
        }
        const f = (x: Tensor, k: Tensor): readonly Tensor[] => {
          const [y, pullback] = vjp(convolve, x, k)
          return [y, ...pullback(y.mul(2))]
        }
        const data = sizes.map((shape, i) =>
          integers(
            shape.reduce((a, b) => a * b, 1),
            seed + i,
          ),
        )
        const { program, captured } = trace(
          f,
          data.map((d, i) => np.array(d, { shape: sizes[i] as readonly number[], dtype: 'float64' }).aval),
          'test',
        )
        expect(captured).toHaveLength(0)
        const tiled = graphOf(program, (k, allocate) => {
          const kernels = asTiles(k, block, allocate)
          if (kernels.length > 1) rewritten[findConvolution(k)?.gradient === true ? 'gradients' : 'convolutions']++
          return kernels
        })
        checkKernels(tiled)
        expect(error(runGraph(backend, tiled, data), runGraph(backend, graphOf(program), data))).toBeLessThan(1e-12)
      }),
      { numRuns: 300 },
    )
    expect(Math.min(rewritten.convolutions, rewritten.gradients)).toBeGreaterThan(50)
  })

  test('only for backends that want them, and only where they pay', () => {
    const kinds = (winograd: number | undefined, channels: number, stride: number): readonly string[] => {
      const { program } = trace(
        (x: Tensor, k: Tensor) => [lax.convGeneralDilated(x, k, [stride, stride], 'SAME', { dimensionNumbers: layouts[0] })],
        [np.zeros([2, 16, 16, channels]).aval, np.zeros([3, 3, channels, channels]).aval],
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
