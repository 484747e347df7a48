/** Matrices that are singular, degenerate, empty or not finite: what is promised there. */
import { describe, expect, test } from 'vitest'
import * as la from '../../src/linalg/index.ts'
import { array, eye, ones, zeros } from '../../src/numpy/creation.ts'
import { lu } from '../../src/linalg/lu.ts'
import type { Tensor } from '../../src/tensor.ts'
import { grad } from '../../src/transforms/grad.ts'
import { useReference } from '../support/laws.ts'

useReference()
const numbers = (x: Tensor): number[] => Array.from(x.dataSync())
const isFinite = (x: Tensor): boolean => numbers(x).every(Number.isFinite)
const near = (x: Tensor, y: Tensor, digits = 5): void => {
  const wanted = numbers(y)
  numbers(x).forEach((v, i) => expect(v).toBeCloseTo(wanted[i] as number, digits))
}

describe('gradients are finite where values are', () => {
  test('eigenvalues that are equal: vectors have no derivative, values have', () => {
    expect(numbers(grad((x: Tensor) => la.eigh(x)[1].sum())(eye(3)))).toEqual(new Array(9).fill(0))
    near(grad((x: Tensor) => la.eigvalsh(x).sum())(eye(3)), eye(3))
    // Not equal as numbers, but to working accuracy.
    const rotated = array([
      [2, 0, 0],
      [0, 1.0000001, 0],
      [0, 0, 1],
    ])
    expect(isFinite(grad((x: Tensor) => la.eigh(x)[1].sum())(rotated))).toBe(true)
  })
  test('singular values that are equal or zero', () => {
    for (const x of [eye(3), zeros([3, 3]), ones([3, 2]), ones([2, 3])]) {
      const f = (a: Tensor): Tensor =>
        la
          .svd(a, { fullMatrices: false })
          .map(y => y.mul(y).mul(y).sum())
          .reduce((p, q) => p.add(q))
      expect(isFinite(grad(f)(x))).toBe(true)
    }
  })
  test('det of singular matrices: the cofactors, also where the zero pivot is not the last', () => {
    const rank2 = array([
      [1, 2, 3, 4],
      [2, 4, 6, 8],
      [1, 0, 1, 0],
      [2, 0, 2, 0],
    ])
    expect(numbers(grad(la.det)(rank2))).toEqual(new Array(16).fill(0))
    // The first column is zero: only its cofactors are not.
    const first = array([
      [0, 1, 2, 0],
      [0, 3, 1, 1],
      [0, 0, 1, 2],
      [0, 1, 0, 1],
    ])
    const g = numbers(grad(la.det)(first))
    for (let i = 0; i < 4; i++) {
      const unit = [0, 1, 2, 3].map(k => (k === i ? 1 : 0))
      const filled = array(
        [
          [1, 2, 0],
          [3, 1, 1],
          [0, 1, 2],
          [1, 0, 1],
        ].map((row, k) => [unit[k] as number, ...row]),
      )
      expect(g[4 * i]).toBeCloseTo(la.det(filled).item(), 5)
    }
    near(grad(la.det)(zeros([2, 2])), zeros([2, 2]))
  })
  test('norms by singular values at zero', () => {
    for (const ord of [2, -2, 'nuc'] as const) expect(isFinite(grad((x: Tensor) => la.norm(x, { ord }))(zeros([2, 3])))).toBe(true)
  })
  test('pinv and lstsq of matrices without full rank', () => {
    near(la.pinv(ones([3, 2])), ones([2, 3]).mul(1 / 6))
    expect(isFinite(grad((x: Tensor) => la.pinv(x).sum())(ones([3, 2])))).toBe(true)
    expect(la.lstsq(ones([3, 2]), ones([3]))[2].item()).toBe(1)
    near(la.lstsq(ones([3, 2]), ones([3]))[0], array([0.5, 0.5]))
  })
  test('qr of a square matrix that is complete already has derivatives; a tall one says why not', () => {
    expect(
      isFinite(
        grad((x: Tensor) => la.qr(x, { mode: 'complete' })[0].sum())(
          array([
            [2, 1],
            [1, 3],
          ]),
        ),
      ),
    ).toBe(true)
    expect(() => grad((x: Tensor) => la.qr(x, { mode: 'complete' })[0].sum())(ones([3, 2]))).toThrow(/qr: .*'reduced'/)
    expect(() => grad((x: Tensor) => la.svd(x)[0].sum())(ones([3, 2]))).toThrow(/fullMatrices: false/)
  })
})

describe('singular, indefinite, not finite', () => {
  test('cholesky gives NaN, in the whole lower triangle', () => {
    expect(
      numbers(
        la.cholesky(
          array([
            [1, 2],
            [2, 1],
          ]),
        ),
      ),
    ).toEqual([Number.NaN, 0, Number.NaN, Number.NaN])
  })
  test('determinants of singular matrices', () => {
    const [sign, log] = la.slogdet(ones([4, 4]))
    expect([sign.item(), log.item(), la.det(ones([4, 4])).item()]).toEqual([0, -Infinity, 0])
  })
  test('lu of zeros, and its pivots', () => {
    const [factors, pivots, order] = lu(
      array([
        [0, 2],
        [1, 3],
      ]),
    )
    expect([numbers(factors), numbers(pivots), numbers(order)]).toEqual([
      [1, 3, 0, 2],
      [1, 1],
      [1, 0],
    ])
    expect(numbers(lu(zeros([2, 3]))[0])).toEqual(new Array(6).fill(0))
  })
  test('NaN in, NaN out, and the loops end', () => {
    const x = array([
      [Number.NaN, 1],
      [1, 2],
    ])
    for (const y of [la.eigvalsh(x), la.svdvals(x), la.det(x), la.inv(x)]) expect(numbers(y).some(Number.isNaN)).toBe(true)
  })
  test('very small and very large elements', () => {
    for (const scale of [1e-30, 1e30]) {
      const x = array([
        [2, 1],
        [1, 3],
      ]).mul(scale)
      expect(la.svdvals(x).div(scale).sum().item()).toBeCloseTo(5, 4)
      expect(la.eigvalsh(x).div(scale).sum().item()).toBeCloseTo(5, 4)
      near(
        la.qr(x)[0].matmul(la.qr(x)[1]).div(scale),
        array([
          [2, 1],
          [1, 3],
        ]),
      )
    }
  })
})

describe('sizes', () => {
  test('empty matrices and stacks', () => {
    const shapes = (...xs: readonly Tensor[]): number[][] => xs.map(x => [...x.shape])
    expect(la.det(zeros([0, 0])).item()).toBe(1)
    expect(shapes(la.inv(zeros([0, 0])), la.cholesky(zeros([2, 0, 0])))).toEqual([
      [0, 0],
      [2, 0, 0],
    ])
    expect(shapes(...la.qr(zeros([3, 0])), ...la.qr(zeros([0, 3])))).toEqual([
      [3, 0],
      [0, 0],
      [0, 0],
      [0, 3],
    ])
    near(la.qr(zeros([2, 0]), { mode: 'complete' })[0], eye(2))
    expect(shapes(...la.svd(zeros([0, 3, 2])), ...la.eigh(zeros([0, 0])))).toEqual([[0, 3, 3], [0, 2], [0, 2, 2], [0], [0, 0]])
    expect(shapes(la.pinv(zeros([3, 0])), la.solve(zeros([0, 0]), zeros([0, 2])))).toEqual([
      [0, 3],
      [0, 2],
    ])
    expect(la.matrixRank(zeros([0, 3])).item()).toBe(0)
  })
  test('full matrices are orthogonal, also of zeros', () => {
    for (const x of [ones([3, 2]), zeros([2, 4]), ones([1, 3])]) {
      const [u, , vh] = la.svd(x)
      near(u.transpose().matmul(u), eye(x.shape[0] as number))
      near(vh.matmul(vh.transpose()), eye(x.shape[1] as number))
    }
  })
})
