import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { nest } from '../../src/host.ts'
import {
  arange,
  array,
  diag,
  diagonal,
  eye,
  full,
  fullLike,
  linspace,
  meshgrid,
  ones,
  onesLike,
  scalar,
  trace,
  tri,
  tril,
  triu,
  zeros,
  zerosLike,
} from '../../src/numpy/creation.ts'
import { add } from '../../src/primitives/arithmetic.ts'
import type { NestedArray, Tensor } from '../../src/tensor.ts'
import { jit } from '../../src/transforms/jit.ts'
import { vmap } from '../../src/transforms/vmap.ts'
import { useReference } from '../support/laws.ts'
import { float, int, values } from '../support/values.ts'

useReference()

describe('array', () => {
  test('dtypes of what it is given', () => {
    const dtypes = [
      [1, 2],
      [true, false],
      [],
      new Float64Array(1),
      new Float32Array(1),
      new Int32Array(1),
      new Uint32Array(1),
      new Uint8Array(1),
      new Uint8ClampedArray(1),
      new Int8Array(1),
      new Int16Array(1),
      3,
    ].map(x => array(x).dtype)
    expect(dtypes).toEqual([
      'float32',
      'bool',
      'float32',
      'float32',
      'float32',
      'int32',
      'uint32',
      'uint8',
      'uint8',
      'int8',
      'int32',
      'float32',
    ])
    expect(array(new Float64Array([1 / 3]), { dtype: 'float64' }).item()).toBe(1 / 3)
    expect(values(array([1.9, -1], { dtype: 'uint32' }))).toEqual([1, 4294967295])
    expect(values(array([2, 0], { dtype: 'bool' }))).toEqual([true, false])
  })
  test('copies, and takes a shape', () => {
    const data = Float32Array.of(1, 2, 3, 4),
      t = array(data, { shape: [2, 2] })
    data[0] = 9
    expect(values(t)).toEqual([
      [1, 2],
      [3, 4],
    ])
    expect(() => array(data, { shape: [3] })).toThrow(/array: 4 elements do not fill shape \[3\]/)
  })
  test('nest is its inverse', () => {
    const nested: fc.Arbitrary<NestedArray> = fc.array(fc.nat(3), { minLength: 1, maxLength: 3 }).chain(shape => {
      const build = (k: number): fc.Arbitrary<NestedArray> =>
        k === shape.length
          ? fc.integer({ min: -99, max: 99 })
          : fc.array(build(k + 1), { minLength: shape[k] as number, maxLength: shape[k] as number })
      return build(0)
    })
    fc.assert(
      fc.property(nested, x => {
        const t = array(x)
        // What lies inside an empty axis cannot be seen from outside.
        if (!t.shape.includes(0)) expect(nest(t.dataSync(), t.shape, t.dtype)).toEqual(x)
      }),
      { numRuns: 40 },
    )
  })
  test('ragged nesting and foreign values are named with their place', () => {
    expect(() => array([[1, 2], [3]])).toThrow(/array: ragged nesting: array\[1\] has shape \[1\], array\[0\] has \[2\]/)
    expect(() => array([[[1]], [[1, 2]]])).toThrow(/array\[1\] has shape \[1, 2\]/)
    expect(() => array([1, 'a'] as unknown as number[])).toThrow(/array: array\[1\] is string. Nest arrays of numbers/)
    expect(() => array([scalar(1)] as unknown as number[])).toThrow(/join tensors with stack/)
    expect(() => array(new BigInt64Array(1))).toThrow(/BigInt64Array is not accepted/)
  })
})

test('constants', () => {
  expect(values(zeros([2]))).toEqual([0, 0])
  expect(ones([2], { dtype: 'int32' }).dtype).toBe('int32')
  expect(values(full([2, 2], float(1, 2)))).toEqual([
    [1, 2],
    [1, 2],
  ])
  expect([full([1], 7).dtype, full([1], true).dtype]).toEqual(['float32', 'bool'])
  const x = int(1, 2)
  expect([zerosLike(x), onesLike(x), fullLike(x, 7.5), onesLike(x, { dtype: 'bool', shape: [1] })].map(t => [t.dtype, values(t)])).toEqual([
    ['int32', [0, 0]],
    ['int32', [1, 1]],
    ['int32', [7, 7]],
    ['bool', [true]],
  ])
  expect(() => zeros([-1])).toThrow(/zeros: a shape holds non-negative integers/)
  // A scalar is not weak: it decides the dtype, as an array would.
  expect(add(scalar(1), int(1)).dtype).toBe('float32')
})

test('arange', () => {
  expect([arange(3), arange(1, 4), arange(1, 7, { step: 2 }), arange(3, 0, { step: -1 }), arange(0)].map(values)).toEqual([
    [0, 1, 2],
    [1, 2, 3],
    [1, 3, 5],
    [3, 2, 1],
    [],
  ])
  expect([arange(3).dtype, arange(0, 1, { step: 0.25 }).dtype, arange(3, undefined, { dtype: 'float64' }).dtype]).toEqual([
    'int32',
    'float32',
    'float64',
  ])
  expect(values(arange(0, 1, { step: 0.25 }))).toEqual([0, 0.25, 0.5, 0.75])
  expect(values(arange(1.5, 3.5, { dtype: 'int32' }))).toEqual([1, 2])
  expect(() => arange(0, 1, { step: 0 })).toThrow(/a step that is not 0/)
})

test('linspace hits both ends', () => {
  expect(values(linspace(0, 1, { count: 5 }))).toEqual([0, 0.25, 0.5, 0.75, 1])
  expect(values(linspace(0, 1, { count: 4, endpoint: false }))).toEqual([0, 0.25, 0.5, 0.75])
  expect([values(linspace(2, 5, { count: 1 })), linspace(0, 1).size, values(linspace(1, 2, { count: 0 }))]).toEqual([[2], 50, []])
  expect(values(linspace(float(0, 10), float(1, 20), { count: 3 }))).toEqual([
    [0, 10],
    [0.5, 15],
    [1, 20],
  ])
  expect((values(linspace(0, 0.1, { count: 7 })) as number[]).at(-1)).toBe(Math.fround(0.1))
})

test('meshgrid', () => {
  const [x, y] = meshgrid([int(1, 2, 3), int(4, 5)]) as [Tensor, Tensor]
  expect([values(x), values(y)]).toEqual([
    [
      [1, 2, 3],
      [1, 2, 3],
    ],
    [
      [4, 4, 4],
      [5, 5, 5],
    ],
  ])
  expect(meshgrid([int(1, 2, 3), int(4, 5), int(0)], { indexing: 'ij' }).map(t => t.shape)).toEqual([
    [3, 2, 1],
    [3, 2, 1],
    [3, 2, 1],
  ])
})

describe('matrices', () => {
  const m = array([
    [1, 2, 3],
    [4, 5, 6],
    [7, 8, 9],
  ])
  test('eye and tri', () => {
    expect(values(eye(2, { columns: 3, offset: 1 }))).toEqual([
      [0, 1, 0],
      [0, 0, 1],
    ])
    expect(values(tri(2, { columns: 3 }))).toEqual([
      [1, 0, 0],
      [1, 1, 0],
    ])
  })
  test('tril, triu, diagonal, trace', () => {
    expect(values(tril(m))).toEqual([
      [1, 0, 0],
      [4, 5, 0],
      [7, 8, 9],
    ])
    expect(values(triu(m, { offset: 1 }))).toEqual([
      [0, 2, 3],
      [0, 0, 6],
      [0, 0, 0],
    ])
    expect([diagonal(m), diagonal(m, { offset: 1 }), diagonal(m, { offset: -2 }), diagonal(m, { offset: 5 })].map(values)).toEqual([
      [1, 5, 9],
      [2, 6],
      [7],
      [],
    ])
    expect(trace(m).item()).toBe(15)
    expect(values(vmap((x: Tensor) => trace(x))(zeros([4, 2, 3])))).toEqual([0, 0, 0, 0])
    expect(() => tril(float(1))).toThrow(/tril: needs at least 2 axes, got shape \[1\]/)
  })
  test('diag goes both ways', () => {
    expect(values(diag(int(1, 2)))).toEqual([
      [1, 0],
      [0, 2],
    ])
    expect(values(diag(int(1, 2), { offset: 1 }))).toEqual([
      [0, 1, 0],
      [0, 0, 2],
      [0, 0, 0],
    ])
    fc.assert(
      fc.property(fc.array(fc.nat(9), { minLength: 1, maxLength: 4 }), fc.integer({ min: -2, max: 2 }), (xs, offset) => {
        expect(values(diag(diag(int(...xs), { offset }), { offset }))).toEqual(xs)
      }),
      { numRuns: 20 },
    )
  })
  test('they are constants of a jitted function', () =>
    expect(values(jit((x: Tensor) => x.mul(eye(2)))(ones([2, 2])))).toEqual([
      [1, 0],
      [0, 1],
    ]))
})
