/** Known values are NumPy's (1.24). */
import { describe, expect, test } from 'vitest'
import { ediff1d, gradient, interp, trapezoid, unwrap } from '../../src/numpy/calculus.ts'
import { array } from '../../src/numpy/creation.ts'
import { polyadd, polyfit, polymul, polysub, polyval, vander } from '../../src/numpy/polynomial.ts'
import { cross, kron, matvec, vecdot, vecmat } from '../../src/numpy/products.ts'
import type { Tensor } from '../../src/tensor.ts'
import { grad } from '../../src/transforms/grad.ts'
import { useReference } from '../support/laws.ts'
import { double, float, int, values } from '../support/values.ts'

useReference()

const x = array([
  [3, 1, 2, 5],
  [7, 9, 4, 4.5],
])

describe('samples of functions', () => {
  test('integrals', () => {
    expect([
      values(trapezoid(x, { axis: 0 })),
      values(trapezoid(x, { x: float(0, 1, 3, 4.5) })),
      values(trapezoid(x, { dx: 0.5 })),
    ]).toEqual([
      [5, 5, 3, 4.75],
      [10.25, 27.375],
      [3.5, 9.375],
    ])
  })
  test('differences and slopes', () => {
    expect(values(ediff1d(x, { toBegin: float(9, 8), toEnd: 7 }))).toEqual([9, 8, -2, 1, 3, 2, 2, -5, 0.5, 7])
    expect(gradient(x, { spacing: [2, 0.5] }).map(values)).toEqual([
      [
        [2, 4, 1, -0.25],
        [2, 4, 1, -0.25],
      ],
      [
        [-4, -1, 4, 6],
        [4, -3, -4.5, 1],
      ],
    ])
    expect(values(gradient(float(0, 1, 9, 16), { spacing: float(0, 1, 3, 4), axis: 0 }))).toEqual(
      [1, 2, 6, 7].map(v => expect.closeTo(v, 5)),
    )
  })
  test('interpolation inside, outside, at doubled points, in a period', () => {
    const at = float(0, 1.5, 2, 9, -3),
      xp = float(1, 2, 4),
      fp = float(10, 20, 0)
    expect(values(interp(at, xp, fp))).toEqual([10, 15, 20, 0, 10])
    expect(values(interp(at, xp, fp, { left: -1, right: 5 }))).toEqual([-1, 15, 20, 5, -1])
    expect(values(interp(at, xp, fp, { left: 'extrapolate', right: 'extrapolate' }))).toEqual([0, 15, 20, -50, -30])
    expect(values(interp(float(0.5, 1, 1.5), float(0, 1, 1, 2), float(0, 1, 5, 6)))).toEqual([0.5, 5, 5.5])
    expect([values(interp(float(0, 3), float(1), float(10))), interp(NaN, xp, fp).item()]).toEqual([[10, 10], NaN])
    expect(values(interp(float(-180, -170, 0, 370), float(190, -190, 350, -350), float(5, 10, 3, 4), { period: 360 }))).toEqual([
      7.5, 5, 3.5, 4,
    ])
  })
  test('unwrapped phases', () => {
    expect(values(unwrap(float(0, 1, 2, -1, 0), { period: 4 }))).toEqual([0, 1, 2, 3, 4])
    expect(values(unwrap(float(0, 4, 3), { discont: 5 }))).toEqual([0, 4, 3])
  })
})

describe('polynomials', () => {
  const [p, q] = [int(1, 2), int(3, 4, 5)]
  test('arithmetic', () => {
    expect([polyadd(p, q), polysub(p, q), polymul(p, q), polyval(q, int(0, 1, 2)), polyadd(p, 1)].map(values)).toEqual([
      [3, 5, 7],
      [-3, -3, -3],
      [3, 10, 13, 10],
      [5, 12, 25],
      [1, 3],
    ])
    expect(values(vander(int(1, 2, 0), { count: 4 }))).toEqual([
      [1, 1, 1, 1],
      [8, 4, 2, 1],
      [0, 0, 0, 1],
    ])
    expect(values(vander(int(1, 2, 0), { increasing: true }))).toEqual([
      [1, 1, 1],
      [1, 2, 4],
      [1, 0, 0],
    ])
    expect(grad((t: Tensor) => vander(t, { count: 3 }).sum())(float(0, 2)).dataSync()).toEqual(Float32Array.of(1, 5))
  })
  test('a fit of points on a polynomial finds it, and weights decide where there is none', () => {
    const at = double(-2, -1, 0, 1, 3)
    const found = polyfit(at, polyval(double(2, -1, 0.5), at), 2)
    expect(values(found)).toEqual([2, -1, 0.5].map(v => expect.closeTo(v, 12)))
    expect(
      values(
        polyfit(
          double(0, 1, 2, 3, 4.5),
          array(
            [
              [1, 3],
              [2, 5],
              [4, 0],
              [1, 1],
              [2, 2],
            ],
            { dtype: 'float64' },
          ),
          3,
          { weights: double(1, 2, 1, 0.5, 1) },
        ),
      ),
    ).toEqual(
      [
        [-0.02316512, 0.76464696],
        [-0.19101397, -4.70240629],
        [1.5729099, 5.42288452],
        [0.8173734, 3.26211808],
      ].map(row => row.map(v => expect.closeTo(v, 7))),
    )
  })
})

describe('products', () => {
  test('of vectors and matrices in batches', () => {
    expect(
      [vecdot(x, float(1, 2, 0, 1)), vecdot(x, float(1, 10), { axis: 0 }), matvec(x, float(1, 2, 0, 1)), vecmat(float(1, 10), x)].map(
        values,
      ),
    ).toEqual([
      [10, 29.5],
      [73, 91, 42, 50],
      [10, 29.5],
      [73, 91, 42, 50],
    ])
  })
  test('of vectors in space and in the plane', () => {
    expect([cross(int(1, 2, 3), int(4, 5, 7)), cross(int(1, 2, 3), int(4, 5)), cross(int(1, 2), int(4, 5))].map(values)).toEqual([
      [-1, 5, -3],
      [-15, 12, -3],
      -3,
    ])
    expect(cross(array([[1], [2], [3]]), array([[4], [5], [7]]), { axis: 0 }).shape).toEqual([3, 1])
  })
  test('of blocks', () => {
    expect(
      values(
        kron(
          int(1, 2),
          array(
            [
              [1, 1],
              [0, 3],
            ],
            { dtype: 'int32' },
          ),
        ),
      ),
    ).toEqual([
      [1, 1, 2, 2],
      [0, 3, 0, 6],
    ])
  })
})
