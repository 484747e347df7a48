/** Shapes, positions, choices, functions of functions, windows: values by NumPy (tools/fixtures-indexing.py). */
import { describe, expect, test } from 'vitest'
import * as np from '../../src/numpy/index.ts'
import { arange, array, full, iota, ones, zeros } from '../../src/numpy/index.ts'
import type { Tensor } from '../../src/tensor.ts'
import known from '../fixtures/indexing.json' with { type: 'json' }
import { int, values } from '../support/values.ts'

const a = (): Tensor => iota([12]).reshape([3, 4])
const whole = (shape: readonly number[], value: number): Tensor => full(shape, value, { dtype: 'int32' })
const made: Readonly<Record<Exclude<keyof typeof known.places, 'bitwiseCount'>, () => Tensor>> = {
  resize: () => np.resize(a(), [2, 7]),
  rollaxis: () => np.rollaxis(iota([24]).reshape([2, 3, 4]), 2, { start: 1 }),
  block: () => np.block([[whole([2, 2], 1), whole([2, 1], 2)], [whole([1, 3], 3)]]),
  blockOfMixedRanks: () => np.block([[whole([2, 2], 1), whole([2, 3], 5)], [iota([5])]]),
  fillDiagonalWrapped: () => np.fillDiagonal(zeros([7, 2]), int(1, 2, 3), { wrap: true }),
  fillDiagonal: () => np.fillDiagonal(zeros([7, 2]), int(1, 2, 3)),
  put: () => np.put(a(), int(-1, 0, 5, 5), int(90, 91, 92)),
  putWrapped: () => np.put(a(), int(-1, 13, 30), int(90, 91, 92), { mode: 'wrap' }),
  choose: () => np.choose(int(2, 0, 5, -1).reshape([2, 2]), [int(1, 2), int(10, 20).reshape([2, 1]), 7]),
  chooseWrapped: () => np.choose(int(2, 0, 5, -1).reshape([2, 2]), [int(1, 2), int(10, 20).reshape([2, 1]), 7], { mode: 'wrap' }),
  select: () => np.select([np.less(a(), 3), np.greater(a(), 8)], [a(), a().mul(a())], { otherwise: 42 }),
  piecewise: () => np.piecewise(a().astype('float32'), [np.less(a(), 3), np.greater(a(), 8)], [v => v.neg(), 7, v => v.mul(v)]),
  trilIndices: () => np.stack(np.trilIndices(3, { offset: 1, columns: 4 })),
  triuIndices: () => np.stack(np.triuIndices(4, { offset: -1, columns: 2 })),
  unravelIndex: () => np.stack(np.unravelIndex(int(0, 5, 11), [3, 4])),
  ravelMultiIndex: () => np.ravelMultiIndex([int(4, -1, 2), int(1, 9, -7)], [3, 4], { mode: 'wrap' }),
  indices: () => np.indices([2, 3]),
  diagflat: () => np.diagflat(int(1, 2, 3, 4).reshape([2, 2]), { offset: -1 }),
  columnStack: () => np.columnStack([int(1, 2, 3), a()]),
  dstack: () => np.dstack([int(1, 2, 3), int(4, 5, 6)]),
  applyAlongAxis: () => np.applyAlongAxis(v => np.outer(v.slice(0, 2), v.slice(0, 2)), 0, a()),
  vectorize: () => np.vectorize((v: Tensor, w: Tensor) => v.mul(w).sum(), { signature: '(n),(n)->()' })(a(), a().slice(0, 1)),
  bartlett: () => np.bartlett(6),
  blackman: () => np.blackman(6),
  hamming: () => np.hamming(6),
  hanning: () => np.hanning(6),
  geomspace: () => np.geomspace(-1000, -1, { count: 4 }),
  geomspaceOpen: () => np.geomspace(1, 256, { count: 8, endpoint: false }),
  logspace: () => np.logspace(2, 3, { count: 4, base: 2 }),
}

test.each(Object.keys(made) as (keyof typeof made)[])('%s as NumPy', name => {
  const { shape, data } = known.places[name],
    got = made[name]()
  expect(got.shape).toEqual(shape)
  const largest = Math.max(...data.map(Math.abs))
  data.forEach((wanted, i) => expect(Math.abs((got.dataSync()[i] as number) - wanted)).toBeLessThanOrEqual(2 ** -21 * largest))
})

describe('what the op table does not draw', () => {
  test('shapes that broadcast', () => {
    expect(np.broadcastShapes([3, 1], [4], [])).toEqual([3, 4])
    expect(np.broadcastShapes()).toEqual([])
    expect(() => np.broadcastShapes([2], [3])).toThrow(/broadcastShapes: shapes \[2\] and \[3\] do not broadcast/)
    expect(() => np.broadcastShapes([-1])).toThrow(/broadcastShapes/)
  })
  test('arrayEquiv of shapes that do not broadcast', () => {
    expect(values(np.arrayEquiv(ones([2]), ones([3])))).toBe(false)
    expect(values(np.arrayEquiv(ones([2, 3]), 1))).toBe(true)
  })
  test('a copy stays when its source is disposed of', () => {
    const x = array([1, 2, 3]),
      y = np.copy(x)
    x.dispose()
    expect(values(y)).toEqual([1, 2, 3])
  })
  test('asarray takes what array takes', () => {
    expect(values(np.asarray([[1], [2]], { dtype: 'int32' }))).toEqual([[1], [2]])
    const x = arange(3)
    expect(np.asarray(x)).toBe(x)
  })
  test('applyAlongAxis without any vector', () => {
    expect(np.applyAlongAxis(v => np.outer(v, v), 1, zeros([0, 3])).shape).toEqual([0, 3, 3])
  })
})
