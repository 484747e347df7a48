/** Values by NumPy, gradients by PyTorch (tools/fixtures-linalg.py), in float64. */
import { describe, expect, test } from 'vitest'
import * as la from '../../src/linalg/index.ts'
import { arange, array, eye } from '../../src/numpy/creation.ts'
import { flip } from '../../src/primitives/reverse.ts'
import type { Tensor } from '../../src/tensor.ts'
import { grad } from '../../src/transforms/grad.ts'
import known from '../fixtures/linalg.json' with { type: 'json' }
import { useReference } from '../support/laws.ts'

useReference()

const double = (data: readonly number[], ...shape: number[]): Tensor => array(Float64Array.from(data), { shape, dtype: 'float64' })
/** The inputs of the script. */
const made = (rows: number, columns: number, seed: number): Tensor =>
  double(
    Array.from({ length: rows * columns }, (_, i) => Math.round(Math.sin(seed + 1.7 * i) * 1000) / 1000),
    rows,
    columns,
  )
const identity = (n: number): Tensor => eye(n, { dtype: 'float64' })
const square = (): Tensor => made(4, 4, 1).add(flip(identity(4), { axis: 0 }).mul(2))
const spd = (): Tensor =>
  made(4, 4, 2)
    .matmul(made(4, 4, 2).transpose())
    .add(identity(4))
const tall = (): Tensor => made(5, 3, 3)
const wide = (): Tensor => made(3, 5, 4)
const right = (): Tensor => made(4, 2, 5)

const weighted = (x: Tensor): Tensor =>
  x
    .mul(
      arange(1, x.size + 1)
        .reshape(x.shape)
        .astype(x.dtype),
    )
    .mul(1 / 8)
    .sum()
const squares = (x: Tensor): Tensor => x.mul(x)

function same(got: Tensor, wanted: readonly number[]): void {
  const data = Array.from(got.dataSync())
  expect(data.length).toBe(wanted.length)
  const scale = Math.max(1, ...wanted.map(Math.abs))
  data.forEach((v, i) => expect(Math.abs(v - (wanted[i] as number)), `element ${i}: ${v}, not ${wanted[i]}`).toBeLessThan(2e-8 * scale))
}
const gradient = (f: (x: Tensor) => Tensor, at: Tensor, wanted: readonly (readonly number[])[]): void =>
  same(grad(f)(at), wanted[0] as readonly number[])

describe('values and gradients', () => {
  test('cholesky', () => {
    same(la.cholesky(spd()), known.cholesky)
    gradient(a => weighted(la.cholesky(a)), spd(), known.cholesky_grad)
  })
  test('solve and inv', () => {
    same(la.solve(square(), right()), known.solve)
    const both = grad((a: Tensor, b: Tensor) => weighted(la.solve(a, b)), { argnums: [0, 1] })(square(), right())
    both.forEach((g, i) => same(g, known.solve_grad[i] as number[]))
    same(la.inv(square()), known.inv)
    gradient(a => weighted(la.inv(a)), square(), known.inv_grad)
  })
  test('det and slogdet', () => {
    same(la.det(square()), known.det)
    gradient(la.det, square(), known.det_grad)
    la.slogdet(square()).forEach((x, i) => same(x, [known.slogdet[i] as number]))
    gradient(a => la.slogdet(a)[1], square(), known.slogdet_grad)
    gradient(a => la.slogdet(a)[1], double([2, 1, 1, 3], 2, 2), known.logdet)
  })
  test('qr', () => {
    const [q, r] = la.qr(tall())
    same(q, known.qr_q)
    same(r, known.qr_r)
    gradient(
      a =>
        la
          .qr(a)
          .map(weighted)
          .reduce((x, y) => x.add(y)),
      tall(),
      known.qr_grad,
    )
    same(la.qr(tall(), { mode: 'complete' })[0], known.qr_complete)
    same(la.qr(wide())[1], known.qr_wide)
  })
  test('svd', () => {
    same(la.svdvals(tall()), known.svdvals)
    const thin = (a: Tensor) => la.svd(a, { fullMatrices: false })
    gradient(a => weighted(squares(thin(a)[0])).add(weighted(squares(thin(a)[2]))), tall(), known.svd_grad)
    gradient(a => weighted(squares(thin(a)[0])).add(weighted(thin(a)[1])), wide(), known.svd_wide_grad)
  })
  test('eigh', () => {
    same(la.eigvalsh(spd()), known.eigvalsh)
    gradient(a => weighted(squares(la.eigh(a)[1])).add(weighted(la.eigh(a)[0])), spd(), known.eigh_grad)
  })
  test('pinv and lstsq', () => {
    same(la.pinv(tall()), known.pinv)
    gradient(a => weighted(la.pinv(a)), tall(), known.pinv_grad)
    la.lstsq(tall(), made(5, 2, 6)).forEach((x, i) => same(x, known.lstsq[i] as number[]))
    same(la.lstsq(wide(), made(3, 2, 6))[0], known.lstsq_wide)
  })
  test('powers, chains, condition numbers and norms', () => {
    same(la.matrixPower(square(), -3), known.matrix_power)
    same(la.multiDot([tall(), wide(), tall()]), known.multi_dot)
    const orders = [2, -2, 1, Infinity, 'fro', 'nuc'] as const
    orders.forEach((p, i) => same(la.cond(square(), { p }), known.cond[i] as number[]))
    const norms = [2, -2, 'nuc', 'fro', 1, Infinity] as const
    norms.forEach((ord, i) => same(la.norm(tall(), { ord }), known.norm[i] as number[]))
    gradient(a => la.norm(a, { ord: 'nuc' }), tall(), known.nuclear_grad)
  })
})

test('the logarithm of a determinant and its gradient by PyTorch 1.13', () => {
  const a = double([2, 1, 1, 3], 2, 2),
    logdet = (x: Tensor): Tensor => la.slogdet(x)[1]
  expect(logdet(a).item()).toBeCloseTo(1.6094379124341003, 14)
  Array.from(grad(logdet)(a).dataSync()).forEach((v, i) => expect(v).toBeCloseTo([0.6, -0.2, -0.2, 0.4][i] as number, 14))
})
