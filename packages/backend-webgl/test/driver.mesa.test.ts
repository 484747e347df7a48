/** A small run on Mesa's llvmpipe, where other things are simplified, guarded and cut off than on SwiftShader. */
import { array, jit, mean, square, stack, type Tensor, tanh, valueAndGrad, vjp } from '@cotangent/core'
import type { Backend, Loop } from '@cotangent/core/kernel'
import { describeBackend } from '@cotangent/core/testing'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, inject, it, test } from 'vitest'
import '../../../scripts/provided.ts'
import { createReference } from '../../core/src/backend/reference.ts'
import { setBackend } from '../../core/src/backend/current.ts'
import { planMemory } from '../../core/src/lower/plan.ts'
import { arbContraction, conv, directions, matmulOptions, size } from '../../core/test/support/arbContractions.ts'
import { arbKernelCase } from '../../core/test/support/arbKernels.ts'
import { convShape, matmul } from '../../core/test/support/contractions.ts'
import { onePartOf } from '../../core/test/support/parts.ts'
import { difference, disjointPlan, runGraph } from '../../core/test/support/runKernels.ts'
import { elementwise, graphOf } from '../../core/test/support/smallGraphs.ts'
import { backend as webgl } from '../src/index.ts'
import { problemOf } from './contraction-kit.ts'
import { backendFor } from './kit.ts'

/** Mesa takes long to compile: a part of the functions in each run, which the seed chooses. */
describeBackend('webgl', () => webgl.load({}), { describe, it, beforeAll, afterAll }, { runs: 1, only: onePartOf(12, inject('seed')) })

describe('kernels', () => {
  const reference = createReference(),
    backend = backendFor()
  afterAll(() => backend.dispose())

  test.each([
    [['loop'], 12],
    [['scatter'], 8],
    [['loop', 'scatter', 'sort', 'cumulative', 'while', 'scan', 'branch'], 12],
  ] as const)('%s', (kinds, numRuns) => {
    fc.assert(
      fc.property(arbKernelCase({ kinds, dtypes: ['float32', 'int32', 'uint32', 'bool'], kernels: 2 }), ({ graph, inputs }) => {
        const expected = runGraph(reference, disjointPlan(graph), inputs)
        expect(difference(runGraph(backend, planMemory(graph), inputs), expected)).toBe(undefined)
      }),
      { numRuns },
    )
  })

  test('the sign of a size that is NaN', () => {
    const sign: Loop = {
      ...elementwise(4),
      epilogue: [
        { op: 'load', dtype: 'float32', buffer: 0, map: { offset: 0, strides: [1] } },
        { op: 'abs', dtype: 'float32', args: [0] },
        { op: 'sign', dtype: 'float32', args: [1] },
      ],
      stores: [{ buffer: 1, map: { offset: 0, strides: [1] }, value: 2 }],
    }
    const graph = graphOf([sign], [['float32', 4]], [['float32', 4]])
    expect(runGraph(backend, graph, [Float32Array.of(NaN, -2, 0, Infinity)])).toEqual([Float32Array.of(NaN, 1, 0, 1)])
  })

  test('sums of more terms than a fragment may go through', () => {
    const n = 70_001
    const sums: Loop = {
      ...elementwise(3),
      extents: [3, n],
      body: [{ op: 'load', dtype: 'int32', buffer: 0, map: { offset: 0, strides: [1, 3] } }],
      reductions: [{ op: 'sum', dtype: 'int32', value: 0 }],
      epilogue: [{ op: 'reduced', dtype: 'int32', index: 0 }],
    }
    const graph = graphOf([sums], [['int32', 3 * n]], [['int32', 3]])
    expect(runGraph(backend, graph, [new Int32Array(3 * n).fill(1)])).toEqual([Int32Array.of(n, n, n)])
  })

  test('matrix products', () => {
    const products = fc.tuple(size, size, size, matmulOptions).map(([m, n, k, options]) => matmul(m, n, k, options))
    fc.assert(
      fc.property(products, c => {
        expect(problemOf(backend, c)).toBe('')
      }),
      { numRuns: 6 },
    )
    expect(problemOf(backend, matmul(70, 66, 700))).toBe('')
  })

  test.each(directions)('convolutions: %s', (_, make) => {
    fc.assert(
      fc.property(conv, v => {
        const { ho, wo } = convShape(v)
        fc.pre(ho > 0 && wo > 0)
        expect(problemOf(backend, make(v))).toBe('')
      }),
      { numRuns: 3 },
    )
  })

  test('contractions by any affine maps', () => {
    fc.assert(
      fc.property(arbContraction, c => {
        expect(problemOf(backend, c)).toBe('')
      }),
      { numRuns: 6 },
    )
  })
})

describe('whole programs', () => {
  let before: Backend | null
  const backend = backendFor()
  beforeAll(() => {
    before = setBackend(backend)
  })
  afterAll(() => {
    setBackend(before)
    return backend.dispose()
  })

  test('results of draws that are under way are read when they are there', () => {
    for (let i = 0; i < 100; i++) {
      const n = 2 + (i % 3),
        values = Array.from({ length: n }, (_, k) => i + k / 16)
      const at = values.map(v => array(v))
      for (const x of at) x.dataSync()
      const [, pull] = vjp((...x: Tensor[]) => stack(x), ...values.map(v => array(v)))
      expect(pull(array(values.map(v => -v - 0.5))).map(x => x.item())).toEqual(values.map(v => -v - 0.5))
    }
  })

  test('a network learns as on the reference', () => {
    const step = (w: Tensor, v: Tensor, x: Tensor, y: Tensor): readonly Tensor[] => {
      const [loss, [dw, dv]] = valueAndGrad((a: Tensor, b: Tensor) => mean(square(tanh(x.matmul(a)).matmul(b).sub(y))), {
        argnums: [0, 1],
      })(w, v)
      return [w.sub(dw.mul(0.1)), v.sub(dv.mul(0.1)), loss]
    }
    const wave = (n: number, f: number): number[] => Array.from({ length: n }, (_, i) => Math.sin(f * (i + 1)))
    const losses = (): number[] => {
      const compiled = jit(step)
      const [x, y] = [array(wave(32 * 7, 1.3)).reshape([32, 7]), array(wave(32 * 3, 0.7)).reshape([32, 3])]
      let [w, v] = [array(wave(7 * 17, 2.1)).reshape([7, 17]), array(wave(17 * 3, 3.7)).reshape([17, 3])]
      return Array.from({ length: 20 }, () => {
        const [nextW, nextV, loss] = compiled(w, v, x, y) as [Tensor, Tensor, Tensor]
        ;[w, v] = [nextW, nextV]
        return loss.item()
      })
    }
    const got = losses()
    setBackend(createReference())
    const want = losses()
    setBackend(backend)
    got.forEach((loss, i) => expect(Math.abs(loss / (want[i] as number) - 1)).toBeLessThan(1e-5))
    expect(got[19]).toBeLessThan(0.7 * (got[0] as number))
  })
})
