/** `x.at(...)` against NumPy (tools/fixtures-indexing.py); what is refused; gradients and transforms. */
import { describe, expect, test } from 'vitest'
import * as np from '../../src/numpy/index.ts'
import { array, iota, ones, slice, zeros } from '../../src/numpy/index.ts'
import type { Tensor } from '../../src/tensor.ts'
import { grad } from '../../src/transforms/grad.ts'
import { jit } from '../../src/transforms/jit.ts'
import { scan } from '../../src/transforms/loops.ts'
import { vmap } from '../../src/transforms/vmap.ts'
import known from '../fixtures/indexing.json' with { type: 'json' }
import { bool, float, int, values } from '../support/values.ts'

type Given = (typeof known.parts)[number]
const indexOf = (i: Given['at'][number]): np.AtIndex =>
  i !== null && typeof i === 'object' && !Array.isArray(i)
    ? array(i.tensor as never, { dtype: 'int32', shape: i.shape })
    : (i as np.AtIndex)
const counting = (shape: readonly number[]): Tensor => iota([shape.reduce((a, b) => a * b, 1)]).reshape(shape)

describe('as NumPy', () => {
  const partOf = (x: Tensor, { at }: Given): np.At => x.at(...at.map(indexOf))
  test.each(['set', 'add', 'multiply', 'min', 'max'] as const)('%s', name => {
    for (const given of known.parts) {
      const x = counting(given.shape)
      const made = partOf(x, given)[name](counting(given.result).add(1))
      expect([made.shape, ...made.dataSync()], JSON.stringify(given.at)).toEqual([given.shape, ...given[name]])
    }
  })
  test('get', () => {
    for (const given of known.parts) {
      const read = partOf(counting(given.shape), given).get()
      expect([read.shape, ...read.dataSync()], `${JSON.stringify(given.shape)} at ${JSON.stringify(given.at)}`).toEqual([
        given.result,
        ...given.get,
      ])
    }
  })
})

describe('forms of an index', () => {
  const x = counting([2, 3])
  test('slices as text and as objects', () => {
    expect(values(x.at('...', '1:').get())).toEqual(values(x.at(slice(null, null), slice(1, null)).get()))
    expect(values(x.at(slice(1), ' : : -1 ').get())).toEqual([[2, 1, 0]])
  })
  test('masks: lists and tensors, of one axis and of several', () => {
    expect(values(x.at([true, false]).get())).toEqual([[0, 1, 2]])
    expect(values(x.at(np.greater(x, 1)).get())).toEqual([2, 3, 4, 5])
    expect(values(x.at(np.greater(x, 9)).get())).toEqual([])
    expect(values(x.at(np.less(x, 3)).set(int(7, 8, 9)))).toEqual([
      [7, 8, 9],
      [3, 4, 5],
    ])
  })
  test('no index at all is the whole tensor, a scalar has a new axis', () => {
    expect(x.at().get().shape).toEqual([2, 3])
    expect(values(np.scalar(3).at(null).get())).toEqual([3])
    expect(values(np.scalar(3).at().add(1))).toBe(4)
  })
})

describe('out of range', () => {
  const x = float(1, 2, 3)
  test('index tensors: filled, clipped, dropped', () => {
    expect(values(x.at(int(0, 3, -3, -4)).get())).toEqual([1, NaN, 1, NaN])
    expect(values(x.at(int(3)).get({ fillValue: -1 }))).toEqual([-1])
    expect(values(x.at(int(7, -9)).get({ mode: 'clip' }))).toEqual([3, 1])
    expect(values(x.at(int(0, 3)).add(5))).toEqual([6, 2, 3])
    expect(values(x.at(int(0, 3)).add(5, { mode: 'clip' }))).toEqual([6, 2, 8])
  })
  test('integers throw, also under jit', () => {
    expect(() => x.at(3).get()).toThrow('at.get: index 3 is out of range for axis 0 of shape [3], which has size 3.')
    expect(() => jit((t: Tensor) => t.at(-4).set(0))(x)).toThrow(/at\.set: index -4 is out of range/)
    expect(() => x.at(0.5)).not.toThrow()
    expect(() => x.at(0.5).get()).toThrow(/an index is an integer, got 0.5/)
  })
})

describe('tensors do not change', () => {
  test('an assignment says what to write instead', () => {
    const x = ones([3]) as unknown as number[] & { extra: number }
    expect(() => (x[0] = 1)).toThrow('x[0] = v: tensors do not change. x.at(0).set(v) gives a new one.')
    expect(() => (x.extra = 1)).toThrow(/x\.extra = v: tensors do not change and take no properties/)
  })
  test('an update leaves the tensor as it is', () => {
    const x = zeros([2])
    x.at(0).set(1)
    expect(values(x)).toEqual([0, 0])
  })
})

describe('under transforms', () => {
  test('a mask that jit does not know, with one value', () => {
    const relu = jit((x: Tensor) => x.at(np.less(x, 0)).set(0))
    expect(values(relu(float(-1, 2)))).toEqual([0, 2])
    const rows = jit((x: Tensor, keep: Tensor) => x.at(keep).multiply(2))
    expect(values(rows(counting([2, 2]), bool(false, true)))).toEqual([
      [0, 1],
      [4, 6],
    ])
    expect(() => jit((x: Tensor) => x.at(np.less(x, 0)).get())(float(1))).toThrow(/TracerError|where\(mask, a, b\)/)
  })
  test('a mask is known under grad alone, and in a closure', () => {
    const positive = (x: Tensor): Tensor => x.at(np.greater(x, 0)).get().pow(2).sum()
    expect(values(grad(positive)(float(-1, 2, 3)) as Tensor)).toEqual([0, 4, 6])
    const mask = bool(true, false, true)
    expect(values(jit((x: Tensor) => x.at(mask).get())(float(1, 2, 3)))).toEqual([1, 3])
  })
  test('an index tensor in scan and vmap', () => {
    const [squares] = scan((x: Tensor, i: Tensor) => [x.at(i).set(i.mul(i)), null], zeros([4], { dtype: 'int32' }), iota([4]))
    expect(values(squares)).toEqual([0, 1, 4, 9])
    expect(values(vmap((x: Tensor, i: Tensor) => x.at(i).get())(counting([2, 3]), int(2, 0)))).toEqual([2, 3])
  })
  test('gradients by the tensor and by the values', () => {
    const loss = (x: Tensor, v: Tensor): Tensor =>
      x
        .at('::2')
        .set(v)
        .mul(float(1, 2, 3))
        .sum()
    const byBoth = grad(([x, v]: readonly [Tensor, Tensor]) => loss(x, v))([float(4, 5, 6), float(7, 8)])
    expect(byBoth.map(values)).toEqual([
      [0, 2, 0],
      [1, 3],
    ])
  })
})
