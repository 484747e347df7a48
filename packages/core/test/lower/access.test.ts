import { describe, expect, test } from 'vitest'
import { accessOf, canReplace } from '../../src/lower/access.ts'
import type { Affine, BufferSpec, Kernel, Load, Loop } from '../../src/lower/kernel.ts'

const grid: Affine = { offset: 0, strides: [3, 1] }
const load: Load = { op: 'load', dtype: 'float32', buffer: 0, map: grid }
/** b1 = -b0, both of 6 elements; b2: one int32; b3: 6 bools. */
const negate: Loop = {
  kind: 'loop',
  extents: [2, 3],
  parallel: 2,
  body: [],
  bodyStores: [],
  reductions: [],
  epilogue: [load, { op: 'neg', dtype: 'float32', args: [0] }],
  stores: [{ buffer: 1, map: grid, value: 1 }],
}
const buffers: readonly BufferSpec[] = [
  { dtype: 'float32', size: 6 },
  { dtype: 'float32', size: 6 },
  { dtype: 'int32', size: 1 },
  { dtype: 'bool', size: 6 },
  { dtype: 'float64', size: 6 },
  { dtype: 'int32', size: 6 },
]
const withLoad = (changes: Partial<Load>): Loop => ({
  ...negate,
  epilogue: [{ ...load, ...changes }, negate.epilogue[1] as Loop['epilogue'][number]],
})
const inBody: Loop = {
  ...negate,
  parallel: 1,
  body: negate.epilogue,
  bodyStores: negate.stores,
  reductions: [{ op: 'sum', dtype: 'float32', value: 0 }],
  epilogue: [{ op: 'reduced', dtype: 'float32', index: 0 }],
  stores: [],
}
const rowSums: Loop = {
  ...inBody,
  extents: [6, 1],
  bodyStores: [],
  stores: [{ buffer: 1, map: { offset: 0, strides: [1] }, value: 0 }],
}

describe('a store may take the place of what is loaded', () => {
  test('if each point loads what it stores', () => {
    expect(canReplace(negate, 0, 1, buffers)).toBe(true)
    expect(canReplace(inBody, 0, 1, buffers)).toBe(true)
    expect(canReplace(negate, 1, 1, buffers)).toBe(true)
  })

  const refused: Record<string, readonly [Kernel, source: number, target: number]> = {
    'at another place': [withLoad({ map: { offset: 5, strides: [-3, -1] } }), 0, 1],
    'shifted by a scalar': [withLoad({ map: { ...grid, dynamic: [{ buffer: 2, stride: 1 }] } }), 0, 1],
    'behind a guard': [withLoad({ guards: [{ index: grid, extent: 4 }] }), 0, 1],
    'through an index': [
      {
        ...negate,
        epilogue: [
          { op: 'const', dtype: 'int32', value: 0 },
          { ...load, indirect: [{ index: 0, stride: 1 }] },
        ],
      },
      0,
      1,
    ],
    'also in the body, before the epilogue stores it': [rowSums, 0, 1],
    'also in the epilogue, after the body stored it': [
      { ...inBody, epilogue: [{ ...load, map: { offset: 0, strides: [1] } }], stores: [] },
      0,
      1,
    ],
    'to a bool, which may be narrower': [{ ...negate, stores: [{ buffer: 3, map: grid, value: 1 }] }, 0, 3],
    'to a wider element': [{ ...negate, stores: [{ buffer: 4, map: grid, value: 1 }] }, 0, 4],
    twice: [{ ...negate, stores: [...negate.stores, { buffer: 1, map: { offset: 5, strides: [-3, -1] }, value: 0 }] }, 0, 1],
    'and both are stored': [{ ...negate, stores: [...negate.stores, { buffer: 0, map: grid, value: 0 }] }, 0, 1],
    'not at all: the target is another': [negate, 0, 5],
    'in a kernel that is no loop': [
      {
        kind: 'cumulative',
        op: 'sum',
        dtype: 'float32',
        outer: 1,
        length: 6,
        inner: 1,
        reverse: false,
        input: 0,
        output: 1,
      },
      0,
      1,
    ],
  }
  for (const [name, [kernel, source, target]] of Object.entries(refused))
    test(`but not ${name}`, () => expect(canReplace(kernel, source, target, buffers)).toBe(false))

  test('but not of a term of an address', () => {
    const specs = buffers.map(b => ({ ...b, size: 1 }))
    const scalar: Affine = { offset: 0, strides: [] },
      shifted: Affine = { ...scalar, dynamic: [{ buffer: 2, stride: 1 }] }
    const kernel = (map: Affine): Loop => ({
      ...negate,
      extents: [],
      parallel: 0,
      epilogue: [
        { ...load, map },
        { op: 'load', dtype: 'int32', buffer: 2, map: scalar },
      ],
      stores: [{ buffer: 5, map: scalar, value: 1 }],
    })
    expect(canReplace(kernel(scalar), 2, 5, specs)).toBe(true)
    expect(canReplace(kernel(shifted), 2, 5, specs)).toBe(false)
  })
})

test('what kernels overwrite', () => {
  const overwrites = (kernel: Kernel): number[] => [...accessOf(kernel, buffers).overwrites]
  expect(overwrites(negate)).toEqual([1])
  expect(overwrites({ ...negate, extents: [1, 3] })).toEqual([])
  expect(
    overwrites({
      ...negate,
      extents: [1, 3],
      stores: [...negate.stores, { buffer: 1, map: { offset: 3, strides: [3, 1] }, value: 1 }],
    }),
  ).toEqual([1])
  expect(
    overwrites({
      kind: 'scatter',
      extents: [2, 3],
      body: [load],
      buffer: 1,
      combine: 'set',
      map: grid,
      indirect: [],
      value: 0,
    }),
  ).toEqual([])
})
