/** Contractions on the fake driver against their definition in float64: by the library, by tiles, by loops. */
import type { BufferSpec, DType, Node, TypedArray } from '@cotangent/core/kernel'
import fc from 'fast-check'
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createReference } from '../../core/src/backend/reference.ts'
import { planMemory } from '../../core/src/lower/plan.ts'
import { arbContraction, conv, directions, layers, matmulOptions, size } from '../../core/test/support/arbContractions.ts'
import { arbKernelCase } from '../../core/test/support/arbKernels.ts'
import {
  type Case,
  convForward,
  convShape,
  convWeight,
  float32,
  matmul,
  randomData,
  withEpilogue,
} from '../../core/test/support/contractions.ts'
import { difference, disjointPlan, runGraph } from '../../core/test/support/runKernels.ts'
import { backendFor, everyLibrary, fakeDriver } from './kit.ts'
import { emitKernel } from '../src/kernels/emit.ts'
import { emitGraph } from '../src/runtime/emitted.ts'
import { graphOf, load, op, problemOf, runCase, withBias, zero } from './support/contractions.ts'

const fake = await fakeDriver()
const orders = ['forward', 'reverse', 'shuffle'] as const
let turn = 0
beforeEach(() => fake.set({ threads: orders[turn++ % 3] ?? 'forward', blocks: orders[turn % 3] ?? 'forward' }))
afterEach(() => expect(fake.failure()).toBe(''))

/** Bias, maximum and a residual, in two stores. */
function withResidual(base: Case, m: number, n: number): Case {
  const nodes = (first: number): readonly Node[] => [
    load(first, [0, 0, 1]),
    op('add', 0, 1),
    zero,
    op('max', 2, 3),
    load(first + 1, [m * n, n, 1]),
    op('add', 4, 5),
  ]
  return withEpilogue(base, [float32(n), base.buffers[2] as BufferSpec], nodes, [6, 2])
}

/** Sizes of which all tiles are tried, with rests. */
const shapes = [
  [70, 66, 40],
  [48, 1, 300],
  [1, 300, 48],
  [2, 50, 150],
  [64, 64, 128],
  [1, 1, 20_003],
  [20, 52, 33],
  [96, 32, 4],
  [33, 35, 1030],
  [130, 140, 36],
] as const

describe.each([
  ['with the library', true],
  ['without the library', false],
] as const)('%s', (_, products) => {
  const backend = backendFor(products ? {} : { libraries: { ...everyLibrary(fake.library), cublasLt: 'none' } })
  afterAll(async () => (await backend).dispose())
  const correct = async (c: Case): Promise<void> => {
    expect(problemOf(await backend, c)).toBe('')
  }

  test('matrix products of any sizes, transposes and batches', async () => {
    await fc.assert(
      fc.asyncProperty(size, size, size, matmulOptions, (m, n, k, options) => correct(matmul(m, n, k, options))),
      { numRuns: 20 },
    )
  })

  test.each(shapes)('%i x %i, sum of %i', async (m, n, k) => {
    for (const transposeA of [false, true])
      for (const transposeB of [false, true]) await correct(matmul(m, n, k, { transposeA, transposeB }))
  })

  test('a bias and a relu, and two stores', async () => {
    for (const [m, n, k] of [
      [70, 66, 80],
      [36, 132, 72],
    ] as const)
      for (const options of [{}, { transposeA: true, transposeB: true }]) {
        const base = matmul(m, n, k, options)
        await correct(withBias(base, n, false))
        await correct(withBias(base, n, true))
        await correct(withResidual(base, m, n))
      }
  })
})

describe.each([
  ['tf32', 2 ** -11],
  ['bf16', 2 ** -9],
] as const)('tensor cores: %s', (precision, rounding) => {
  const backend = backendFor({ precision, libraries: { ...everyLibrary(fake.library), cublasLt: 'none' } })
  afterAll(async () => (await backend).dispose())
  const correct = async (c: Case): Promise<void> => {
    expect(problemOf(await backend, c, { rounding })).toBe('')
  }

  test.each([
    [70, 66, 40],
    [40, 36, 33],
    [20, 24, 300],
  ] as const)('%i x %i, sum of %i', async (m, n, k) => {
    for (const transposeA of [false, true])
      for (const transposeB of [false, true]) await correct(matmul(m, n, k, { transposeA, transposeB }))
  })

  test.each(layers.slice(1, 2))('layers: %s', async (_, v) => {
    for (const [, make] of directions) await correct(make(v))
  })

  test('operands that the format has give exact sums', async () => {
    const c = matmul(40, 48, 24),
      data = c.buffers.map(({ size: n }, i) => Float32Array.from({ length: n }, (_, e) => ((e * (7 + i)) % 31) - 15))
    const got = runCase(await backend, c, data),
      [a, b] = data as [Float32Array, Float32Array]
    const at = (i: number, j: number): number =>
      Array.from({ length: 24 }, (_, k) => (a[i * 24 + k] ?? 0) * (b[k * 48 + j] ?? 0)).reduce((x, y) => x + y, 0)
    expect([...(got[0] ?? [])]).toEqual(Array.from({ length: 40 * 48 }, (_, e) => at(Math.floor(e / 48), e % 48)))
  })
})

describe('tiles', () => {
  const backend = backendFor()
  afterAll(async () => (await backend).dispose())
  const correct = async (c: Case): Promise<void> => {
    expect(problemOf(await backend, c)).toBe('')
  }

  test.each(directions)('convolutions: %s', async (__, make) => {
    await fc.assert(
      fc.asyncProperty(conv, async v => {
        const { ho, wo } = convShape(v)
        fc.pre(ho > 0 && wo > 0)
        await correct(make(v))
      }),
      { numRuns: 12 },
    )
  })

  test.each(layers.slice(0, 4))('layers: %s', async (_, v) => {
    for (const [, make] of directions) for (const nchw of [false, true]) await correct(make({ ...v, nchw }))
  })

  test('any affine maps', async () => {
    await fc.assert(
      fc.asyncProperty(arbContraction, c => correct(c)),
      { numRuns: 40 },
    )
  })

  test('offsets known at run time, in operands, guards and stores', async () => {
    const { contraction, buffers } = convForward({ n: 1, h: 9, w: 9, c: 4, o: 8, kh: 3, kw: 3, pad: [1, 1] })
    const guards = (contraction.a.guards ?? []).map((g, i) =>
      i === 0 ? { ...g, index: { ...g.index, dynamic: [{ buffer: 3, stride: 1 }] } } : g,
    )
    const shifted: Case = {
      buffers: [float32(9 * 9 * 4 + 72), buffers[1] as BufferSpec, float32(9 * 9 * 8 + 20), { dtype: 'int32', size: 1 }],
      contraction: {
        ...contraction,
        a: { ...contraction.a, map: { ...contraction.a.map, dynamic: [{ buffer: 3, stride: 9 * 4 }] }, guards },
        stores: contraction.stores.map(s => ({ ...s, map: { ...s.map, dynamic: [{ buffer: 3, stride: 10 }] } })),
      },
    }
    for (const count of [0, 1, 2]) expect(problemOf(await backend, shifted, { counter: count })).toBe('')
  })

  test('random kernels', async () => {
    const reference = createReference(),
      own = await backend
    fc.assert(
      fc.property(
        arbKernelCase({
          kinds: ['contraction', 'loop'],
          kernels: 3,
          spaces: [
            [5, 6, 4],
            [8, 8],
            [7, 4, 12],
          ],
        }),
        ({ graph, inputs }) => {
          const expected = runGraph(reference, disjointPlan(graph), inputs)
          expect(difference(runGraph(own, planMemory(graph), inputs), expected)).toBe(undefined)
        },
      ),
      { numRuns: 40 },
    )
  })

  test('float64', async () => {
    const double = (spec: BufferSpec): BufferSpec => ({ ...spec, dtype: 'float64' })
    const dtype: DType = 'float64'
    for (const [m, n, k] of [
      [40, 36, 50],
      [70, 66, 20],
    ] as const) {
      const { buffers, contraction } = matmul(m, n, k, { transposeB: true })
      const { a, b } = contraction
      const epilogue: readonly Node[] = [{ op: 'reduced', dtype, index: 0 }]
      await correct({
        buffers: buffers.map(double),
        contraction: { ...contraction, dtype, a: { ...a, dtype }, b: { ...b, dtype }, epilogue },
      })
    }
  })

  test('each way is taken where it should be', async () => {
    const ways = async (c: Case): Promise<readonly string[]> => {
      fake.reset()
      await correct(c)
      return fake.log().map(l => l.name.replace(/_.*/, ''))
    }
    expect(await ways(matmul(64, 64, 128))).toEqual(['cublasLtMatmul'])
    expect(await ways(withBias(matmul(64, 64, 128), 64, true))).toEqual(['cublasLtMatmul'])
    // Small products with more work after them are one launch.
    expect(await ways(withResidual(matmul(64, 64, 128), 64, 64))).toEqual(['product'])
    expect(await ways(matmul(16, 16, 16))).toEqual(['product'])
    expect(await ways(matmul(40, 44, 2000, { sharedA: true }))).toEqual(['cublasLtMatmul'])
    expect(await ways(matmul(1, 300, 48))).toEqual(['loop'])
    expect(await ways(convForward({ n: 1, h: 12, w: 12, c: 8, o: 8, kh: 3, kw: 3, pad: [1, 1] }))).toEqual(['product'])
    // The sum is shared among blocks.
    expect(await ways(convWeight({ n: 4, h: 24, w: 24, c: 8, o: 8, kh: 3, kw: 3, pad: [1, 1] }))).toEqual(['product', 'loop'])
  })

  test('operands of 16 bits go to the library as they are, and to tensor cores', async () => {
    const own = await backend
    const ways = (c: Case, ...dtypes: readonly DType[]): readonly string[] => {
      fake.reset()
      const stored = { ...c, buffers: c.buffers.map((spec, i) => ({ ...spec, dtype: dtypes[i] ?? 'float32' })) }
      expect(problemOf(own, stored, { rounding: 2 ** -8 })).toBe('')
      return fake.log().map(l => l.name.replace(/_.*/, ''))
    }
    const product = matmul(64, 64, 128)
    for (const half of ['float16', 'bfloat16'] as const) {
      expect(ways(product, half, half, half)).toEqual(['cublasLtMatmul'])
      expect(ways(product, half, half)).toEqual(['cublasLtMatmul'])
      expect(ways(withBias(product, 64, true), half, half, half, half)).toEqual(['cublasLtMatmul'])
      // A bias of another dtype than the result's, and one operand of 32 bits.
      expect(ways(withBias(product, 64, true), half, half, half)).toEqual(['product'])
      expect(ways(product, half, 'float32', half)).toEqual(['product'])
      expect(ways(matmul(21, 18, 37), half, half, half)).toEqual(['product'])
      expect(ways(matmul(20, 20, 36, { transposeA: true, transposeB: true }), half, half, half)).toEqual(['product'])
    }
    expect(ways(matmul(20, 20, 36), 'float16', 'bfloat16')).toEqual(['product'])
    // Large ones, not computed: the operand that differs is copied, and the sums before other work are of float32.
    const large = (c: Case, ...dtypes: readonly DType[]): readonly string[] => {
      const stored = { ...c, buffers: c.buffers.map((spec, i) => ({ ...spec, dtype: dtypes[i] ?? 'float32' })) },
        { commands } = emitGraph(graphOf(stored), own.services.target, emitKernel)
      return [...commands.values()].flat().map(command => command.kind)
    }
    const big = matmul(200, 400, 420)
    expect(large(big, 'bfloat16', 'float32', 'bfloat16')).toEqual(['launch', 'product', 'launch'])
    expect(large(withBias(big, 400, true), 'float16', 'float16', 'float16')).toEqual(['product', 'launch'])
  })

  test('the same bits in any order of threads', async () => {
    const c = matmul(40, 44, 2000),
      own = await backend
    const data: readonly TypedArray[] = randomData(c.buffers)
    const bits = orders.map(threads => {
      fake.set({ threads, blocks: threads })
      return runCase(own, c, data)
    })
    for (const other of bits.slice(1)) expect(difference(other, bits[0] ?? [])).toBe(undefined)
  })
})
