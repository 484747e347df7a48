/** Initialisers with structure, regularisers, constraints. */
import { describe, expect, it } from 'vitest'
import fc from 'fast-check'
import { type Tensor, abs, array, grad, init, matmul, max, random, sqrt, square, sum, transpose } from '@cotangent/core'
import { applyUpdates, chain, constraints, initializers, regularizers, sgd } from '@cotangent/nn'
import { values } from './support/fixtures.ts'

await init({ backend: 'reference' })

describe('initialisers', () => {
  const far = (x: Tensor, y: Tensor): number => max(abs(x.sub(y))).item()
  const identity = (n: number): Tensor => initializers.identity()(random.key(0), [n, n])
  it('orthogonal: columns or rows of the matrix before the last axis', () => {
    fc.assert(
      fc.property(fc.constantFrom([3, 5], [5, 3], [4, 4], [2, 3, 4]), fc.nat(99), (shape, seed) => {
        const w = initializers
          .orthogonal(2)(random.key(seed), shape)
          .reshape([-1, shape[shape.length - 1] as number])
        const [rows = 0, columns = 0] = w.shape
        const gram = rows < columns ? matmul(w, transpose(w)) : matmul(transpose(w), w)
        expect(far(gram.div(4), identity(Math.min(rows, columns)))).toBeLessThan(1e-5)
      }),
      { numRuns: 6 },
    )
  })
  it('deltaOrthogonal: such a matrix at the centre', () => {
    const w = initializers.deltaOrthogonal()(random.key(1), [3, 4, 2, 3])
    const centre = w.reshape([12, 2, 3]).slice(5, 6).reshape([2, 3])
    expect(far(matmul(centre, transpose(centre)), identity(2))).toBeLessThan(1e-5)
    expect(sum(square(w)).item()).toBeCloseTo(2, 4)
    expect(() => initializers.deltaOrthogonal()(random.key(1), [3, 4, 3])).toThrow(/in <= out/)
  })
  it('truncatedNormal keeps within two standard deviations', () => {
    expect(max(abs(initializers.truncatedNormal(0.5)(random.key(0), [200]))).item()).toBeLessThanOrEqual(1)
  })
})

it('regularisers: sums over the tensors that are asked for', () => {
  const params = { b: array([-1, 2]), w: array([[3, -4]]) },
    filter = (_: string, leaf: Tensor): boolean => leaf.ndim > 1
  expect(regularizers.l1(0.1)(params).item()).toBeCloseTo(1)
  expect(regularizers.l2(0.1, { filter })(params).item()).toBeCloseTo(2.5)
  expect(regularizers.l1l2(0.1, 0.01)(params).item()).toBeCloseTo(1.3)
  expect([...grad((p: typeof params) => regularizers.l2(0.5)(p))(params).w.dataSync()]).toEqual([3, -4])
})

describe('constraints', () => {
  const w = values([3, 4], 1).mul(3)
  const norms = (x: Tensor): readonly number[] => [...sqrt(sum(square(x), { axis: 0 })).dataSync()]
  it('bring the norms of units where they belong', () => {
    const before = norms(w)
    norms(constraints.maxNorm(2)(w)).forEach((n, i) => expect(n).toBeCloseTo(Math.min(before[i] as number, 2), 4))
    norms(constraints.unitNorm()(w)).forEach(n => expect(n).toBeCloseTo(1, 4))
    norms(constraints.minMaxNorm(3, 4, 0.5)(w)).forEach((n, i) => {
      const b = before[i] as number
      expect(n).toBeCloseTo((b + Math.min(Math.max(b, 3), 4)) / 2, 4)
    })
    expect([
      ...constraints
        .nonNegative()(array([-1, 2]))
        .dataSync(),
    ]).toEqual([0, 2])
  })
  it('hold after each update, for the parameters that are asked for', () => {
    const optimizer = chain(sgd(1), constraints.constrained(constraints.nonNegative(), { filter: path => path === 'a' }))
    const params = { a: array([1, 5]), b: array([1, 5]) }
    const [updates] = optimizer.update({ a: array([3, 3]), b: array([3, 3]) }, optimizer.init(params), params)
    const moved = applyUpdates(params, updates)
    expect([...moved.a.dataSync(), ...moved.b.dataSync()]).toEqual([0, 2, -2, 2])
  })
})
