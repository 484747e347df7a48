/** Contractions against their definition in float64. */
import type { BufferSpec, Load, Node } from '@cotangent/core/kernel'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { arbContraction, conv, directions, layers, matmulOptions, size } from '../../core/test/support/arbContractions.ts'
import { type Case, convForward, convShape, float32, matmul, randomData, withEpilogue } from '../../core/test/support/contractions.ts'
import { problemOf } from './contraction-kit.ts'
import { runKernel } from './draw.ts'
import { backendFor } from './kit.ts'

const op = (name: 'add' | 'max' | 'mul' | 'tanh', ...args: readonly number[]): Node => ({ op: name, dtype: 'float32', args })
const load = (buffer: number, strides: readonly number[]): Load => ({ op: 'load', buffer, dtype: 'float32', map: { offset: 0, strides } })

/** Bias, maximum and a residual, in two stores. */
function withBias(base: Case, m: number, n: number): Case {
  const nodes = (first: number): readonly Node[] => [
    load(first, [0, 0, 1]),
    op('add', 0, 1),
    { op: 'const', dtype: 'float32', value: 0 },
    op('max', 2, 3),
    load(first + 1, [m * n, n, 1]),
    op('add', 4, 5),
  ]
  return withEpilogue(base, [float32(n), base.buffers[2] as BufferSpec], nodes, [6, 2])
}

describe.each([
  ['a device', {}, 0.6],
  ['small textures', { textureSize: 64 }, 0.6],
  ['four targets, few textures', { targets: 4, textures: 8 }, 0.3],
] as const)('%s', (_, limits, share) => {
  const backend = backendFor({ debug: true, limits })
  afterAll(() => backend.dispose())
  const correct = (c: Case): void => {
    expect(problemOf(backend, c)).toBe('')
  }
  const runs = (n: number): { readonly numRuns: number } => ({ numRuns: Math.ceil(n * share) })

  test('matrix products of any sizes, transposes and batches', () => {
    fc.assert(
      fc.property(size, size, size, matmulOptions, (m, n, k, options) => correct(matmul(m, n, k, options))),
      runs(30),
    )
  })

  test.each([
    [70, 66, 40],
    [48, 1, 300],
    [1, 300, 48],
    [2, 50, 150],
    [64, 64, 128],
    [1, 1, 5003],
    [20, 52, 33],
    [96, 32, 4],
  ])('%i x %i, sum of %i', (m, n, k) => {
    for (const transposeA of [false, true]) for (const transposeB of [false, true]) correct(matmul(m, n, k, { transposeA, transposeB }))
  })

  test.each(directions)('convolutions: %s', (__, make) => {
    fc.assert(
      fc.property(conv, v => {
        const { ho, wo } = convShape(v)
        fc.pre(ho > 0 && wo > 0)
        correct(make(v))
      }),
      runs(15),
    )
  })

  test('epilogues with two stores', () => {
    fc.assert(
      fc.property(size, size, size, matmulOptions, (m, n, k, options) => correct(withBias(matmul(m, n, k, options), m, n))),
      runs(15),
    )
  })

  test('any affine maps', () => {
    fc.assert(
      fc.property(arbContraction, c => correct(c)),
      runs(60),
    )
  })
})

describe('the largest textures', () => {
  const backend = backendFor({ debug: true })
  afterAll(() => backend.dispose())

  const small = layers.filter(([, v]) => v.n * v.h * v.w * v.c * v.o * v.kh * v.kw < 4e6)
  test.each(small)('layers: %s', (_, v) => {
    for (const [, make] of directions)
      for (const nchw of [false, true]) {
        const c = make({ ...v, nchw })
        expect(problemOf(backend, c)).toBe('')
      }
  })

  test.each([
    [1, 1, 2 ** 22],
    [1, 8, 2 ** 19],
    [3, 1, 300_001],
  ])('%i x %i, a sum of %i has the error of its parts', (m, n, k) => {
    const c = matmul(m, n, k),
      [a, b] = [Float32Array.from({ length: m * k }, (_, i) => 1 + (i % 7) / 8), new Float32Array(k * n).fill(1 / 3)]
    const [sums] = runKernel(backend, c.contraction, c.buffers, [a, b, new Float32Array(m * n)])
    for (let i = 0; i < m; i++) {
      let exact = 0
      for (let j = 0; j < k; j++) exact += (a[i * k + j] as number) * Math.fround(1 / 3)
      for (let j = 0; j < n; j++) expect(Math.abs((sums?.[i * n + j] as number) / exact - 1)).toBeLessThan(2e-6)
    }
  })

  test('offsets known at run time, in operands, guards and stores', () => {
    const counter: BufferSpec = { dtype: 'int32', size: 1 }
    const base = convForward({ n: 1, h: 9, w: 9, c: 2, o: 8, kh: 3, kw: 3, pad: [1, 1] })
    const { contraction } = base
    const shifted: Case = {
      buffers: [float32(9 * 9 * 2 + 36), base.buffers[1] as BufferSpec, float32(9 * 9 * 8 + 20), counter],
      contraction: {
        ...contraction,
        a: {
          ...contraction.a,
          map: { ...contraction.a.map, dynamic: [{ buffer: 3, stride: 9 * 2 }] },
          guards: (contraction.a.guards ?? []).map((g, i) =>
            i === 0 ? { ...g, index: { ...g.index, dynamic: [{ buffer: 3, stride: 1 }] } } : g,
          ),
        },
        stores: contraction.stores.map(s => ({ ...s, map: { ...s.map, dynamic: [{ buffer: 3, stride: 10 }] } })),
      },
    }
    for (const count of [0, 1, 2]) {
      const data = [...randomData(shifted.buffers.slice(0, 3)), new Int32Array([count])]
      expect(problemOf(backend, shifted, data)).toBe('')
    }
  })
})
