/** Devices that can do less than the one of the tests, tensors of awkward sizes, and sizes that no texture has. */
import { hostArray, type TypedArray } from '@cotangent/core/kernel'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { createReference } from '../../core/src/backend/reference.ts'
import { convert, dtypes as allDTypes } from '../../core/src/dtype.ts'
import { planMemory } from '../../core/src/lower/plan.ts'
import { arbKernelCase } from '../../core/test/support/arbKernels.ts'
import { difference, disjointPlan, runGraph } from '../../core/test/support/runKernels.ts'
import { elementwise, graphOf } from '../../core/test/support/smallGraphs.ts'
import { backendFor } from './kit.ts'

const reference = createReference()

describe('a device with few texture units and targets, that reads 32-bit numbers only', () => {
  const backend = backendFor({ limits: { textures: 6, targets: 2, narrowReads: new Set() } })
  afterAll(() => backend.dispose())
  test('gives the bits of the reference', () => {
    fc.assert(
      fc.property(arbKernelCase({ kinds: ['loop'], dtypes: ['float32', 'int32', 'bool'], kernels: 3 }), ({ graph, inputs }) => {
        const expected = runGraph(reference, disjointPlan(graph), inputs)
        expect(difference(runGraph(backend, planMemory(graph), inputs), expected)).toBe(undefined)
      }),
      { numRuns: 60 },
    )
  })
  test.each(allDTypes.filter(d => d !== 'float64'))('reads %s back', async dtype => {
    const values = Array.from({ length: 37 }, (_, i) => convert(dtype === 'uint32' ? i : i - 18, dtype))
    const data = hostArray(dtype, 37)
    data.set(values)
    const buffer = backend.upload(data, dtype)
    expect([...backend.readSync(buffer)]).toEqual(values)
    expect([...(await backend.read(buffer))]).toEqual(values)
    backend.free(buffer)
  })
  test.each([3, 20, 60])('adds %i tensors in one kernel', n => {
    const load = (buffer: number) => ({ op: 'load', buffer, dtype: 'float32', map: { offset: 0, strides: [1] } }) as const
    const adds = Array.from({ length: n - 1 }, (_, i) => ({ op: 'add', dtype: 'float32', args: [i === 0 ? 0 : n + i - 1, i + 1] }) as const)
    const epilogue = [...Array.from({ length: n }, (_, i) => load(i)), ...adds]
    const kernel = {
      ...elementwise(11, {}, n),
      epilogue,
      stores: [{ buffer: n, map: { offset: 0, strides: [1] }, value: epilogue.length - 1 }],
    }
    const inputs = Array.from({ length: n }, (_, i) => Float32Array.from({ length: 11 }, (_, k) => i * k))
    const graph = graphOf(
      [kernel],
      inputs.map(x => ['float32', x.length] as const),
      [['float32', 11]],
    )
    expect(difference(runGraph(backend, graph, inputs), runGraph(reference, graph, inputs))).toBe(undefined)
  })
})

describe('a device with the least that WebGL2 promises, and little textures', () => {
  const backend = backendFor({ limits: { textureSize: 64, textures: 16, targets: 4, floatBlend: false } })
  afterAll(() => backend.dispose())
  test('gives the bits of the reference', () => {
    const kinds = ['loop', 'scatter', 'sort', 'cumulative', 'scan', 'branch'] as const
    fc.assert(
      fc.property(arbKernelCase({ kinds, dtypes: ['float32', 'int32', 'bool'], kernels: 3 }), ({ graph, inputs }) => {
        const expected = runGraph(reference, disjointPlan(graph), inputs)
        expect(difference(runGraph(backend, planMemory(graph), inputs), expected)).toBe(undefined)
      }),
      { numRuns: 40 },
    )
  })
})

describe('textures of at most 4096', () => {
  const backend = backendFor({ limits: { textureSize: 4096 } })
  afterAll(() => backend.dispose())
  const primes = [1, 2, 3, 5, 7, 11, 101, 4093, 4099, 16381, 65537, 1048573]
  const doubled = (data: TypedArray): Float32Array => Float32Array.from(data, x => x + x)

  test.each(primes)('%i elements', n => {
    const x = Float32Array.from({ length: n }, (_, i) => i - 0.5)
    const add = { op: 'add', dtype: 'float32', args: [0, 0] } as const
    const kernel = elementwise(n)
    const graph = graphOf(
      [{ ...kernel, epilogue: [...kernel.epilogue, add], stores: [{ buffer: 1, map: { offset: 0, strides: [1] }, value: 1 }] }],
      [['float32', n]],
      [['float32', n]],
    )
    expect(runGraph(backend, graph, [x])).toEqual([doubled(x)])
  })

  test.each([
    [3, 1048573],
    [1048573, 3],
    [2, 500009],
    [1009, 1013],
    [4099, 257],
    [1, 1000003],
  ])('transposes [%i, %i]', (rows, columns) => {
    const x = Int32Array.from({ length: rows * columns }, (_, i) => i)
    const transpose = {
      ...elementwise(1),
      extents: [columns, rows],
      parallel: 2,
      epilogue: [{ op: 'load', buffer: 0, dtype: 'int32', map: { offset: 0, strides: [1, columns] } }],
      stores: [{ buffer: 1, map: { offset: 0, strides: [rows, 1] }, value: 0 }],
    } as const
    const graph = graphOf([transpose], [['int32', x.length]], [['int32', x.length]])
    const [got] = runGraph(backend, graph, [x]) as [TypedArray]
    expect(got.findIndex((v, e) => v !== (e % rows) * columns + Math.floor(e / rows))).toBe(-1)
  })

  test('16 million elements', () => {
    const n = 2 ** 24 - 3,
      graph = graphOf([elementwise(n, { map: { offset: n - 1, strides: [-1] } })], [['float32', n]], [['float32', n]])
    const [got] = runGraph(backend, graph, [Float32Array.from({ length: n }, (_, i) => i)]) as [TypedArray]
    expect(got.findIndex((v, i) => v !== n - 1 - i)).toBe(-1)
  })

  test('a tensor that fits no texture is refused', () => {
    const graph = graphOf([elementwise(2 ** 27)], [['float32', 2 ** 27]], [['float32', 2 ** 27]])
    expect(() => backend.compile(graph)).toThrow(/134217728 elements is too large: one texture holds 67108864/)
  })
})
