/** Factorisations of matrices beyond a panel, whose blocks the op table's small ones do not reach: what defines each of them holds. */
import {
  type Tensor,
  abs,
  array,
  diagonal,
  eye,
  grad,
  init,
  jit,
  lax,
  linalg,
  log,
  matmul,
  max,
  swapaxes,
  take,
  tril,
  triu,
} from '@cotangent/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { backend } from '../src/index.ts'

type Dtype = 'float32' | 'float64'
let loaded: Awaited<ReturnType<typeof init>>['backend']
beforeAll(async () => {
  loaded = (await init({ backend, threads: 2 })).backend
})
afterAll(() => loaded.dispose())

const made = (shape: readonly number[], dtype: Dtype): Tensor => {
  const size = shape.reduce((a, b) => a * b, 1)
  return array(
    Float64Array.from({ length: size }, (_, k) => Math.sin(k * k * 0.37)),
    { shape, dtype },
  )
}
const mT = (x: Tensor): Tensor => swapaxes(x, -1, -2)
const off = (x: Tensor, y: Tensor): number => max(abs(x.sub(y))).item()
const dtypes: readonly (readonly [Dtype, number])[] = [
  ['float32', 2e-5],
  ['float64', 1e-13],
]
const definite = (n: number, dtype: Dtype): Tensor => {
  const a = made([n, n], dtype)
  return matmul(a, mT(a)).div(n).add(eye(n, { dtype }))
}

describe.each(dtypes)('%s', (dtype, bound) => {
  const unit = (n: number): Tensor => eye(n, { dtype })
  test.each([33, 100])('cholesky, triangularSolve, solve, inv, slogdet of %i rows', n => {
    const a = definite(n, dtype),
      b = made([n, 40], dtype),
      l = linalg.cholesky(a)
    expect(off(matmul(l, mT(l)), a)).toBeLessThan(bound)
    expect(off(tril(l), l)).toBe(0)
    for (const transposeA of [false, true])
      for (const lower of [false, true]) {
        const t = lower ? l : mT(l)
        const x = lax.triangularSolve(t, b, { leftSide: true, lower, transposeA })
        expect(off(matmul(transposeA ? mT(t) : t, x), b)).toBeLessThan(bound)
      }
    expect(off(matmul(a, linalg.solve(a, b)), b)).toBeLessThan(10 * bound)
    expect(off(matmul(a, linalg.inv(a)), unit(n))).toBeLessThan(10 * bound)
    expect(off(linalg.slogdet(a)[1], log(diagonal(l)).sum().mul(2))).toBeLessThan(100 * bound)
  })
  test.each([
    [70, 70],
    [100, 45],
    [45, 100],
  ])('lu and qr of %i by %i', (m, n) => {
    const a = made([2, m, n], dtype),
      k = Math.min(m, n)
    const [f, , order] = lax.lu(a)
    for (const i of [0, 1]) {
      const at = (x: Tensor): Tensor => x.slice(i, i + 1).reshape(x.shape.slice(1))
      const lower = tril(at(f), { offset: -1 })
        .matmul(eye(n, { columns: k, dtype }))
        .add(eye(m, { columns: k, dtype }))
      expect(off(matmul(lower, triu(at(f)).slice(0, k)), take(at(a), at(order), { axis: 0 }))).toBeLessThan(bound)
      expect(max(abs(lower)).item()).toBeLessThanOrEqual(1)
    }
    for (const mode of ['reduced', 'complete'] as const) {
      const [q, r] = linalg.qr(a, { mode })
      expect(off(matmul(q, r), a)).toBeLessThan(bound)
      expect(off(matmul(mT(q), q), unit(q.shape[2] as number))).toBeLessThan(bound)
      expect(off(triu(r), r)).toBe(0)
    }
  })
  test('svd and eigh: also of matrices without full rank', () => {
    for (const a of [made([40, 40], dtype), made([45, 12], dtype), matmul(made([40, 3], dtype), made([3, 37], dtype))]) {
      const [u, s, vh] = linalg.svd(a, { fullMatrices: false })
      expect(off(matmul(u.mul(s), vh), a)).toBeLessThan(bound)
      expect(off(matmul(mT(u), u), unit(s.size))).toBeLessThan(bound)
      expect(off(matmul(vh, mT(vh)), unit(s.size))).toBeLessThan(bound)
      const symmetric = matmul(a, mT(a)).div(10),
        [w, v] = linalg.eigh(symmetric)
      expect(off(matmul(v.mul(w), mT(v)), symmetric)).toBeLessThan(5 * bound)
      expect(off(matmul(mT(v), v), unit(w.size))).toBeLessThan(bound)
    }
  })
})

test('gradients through blocks, compiled', () => {
  const n = 40,
    a = definite(n, 'float64'),
    b = made([n, 2], 'float64')
  // log det A by each factorisation has the gradient A^-1.
  const inverse = linalg.inv(a)
  const logs = (x: Tensor): Tensor => log(abs(x)).sum()
  const logdets: Readonly<Record<string, (x: Tensor) => Tensor>> = {
    slogdet: x => linalg.slogdet(x)[1],
    cholesky: x => logs(diagonal(linalg.cholesky(x))).mul(2),
    qr: x => logs(diagonal(linalg.qr(x)[1])),
    lu: x => logs(diagonal(lax.lu(x)[0])),
    eigvalsh: x => logs(linalg.eigvalsh(x)),
    svdvals: x => logs(linalg.svdvals(x)),
  }
  for (const [name, f] of Object.entries(logdets)) expect(off(jit(grad(f))(a), inverse), name).toBeLessThan(1e-12)
  const [da, db] = jit(grad((x: Tensor, y: Tensor) => linalg.solve(x, y).sum(), { argnums: [0, 1] }))(a, b)
  const ones = eye(n, { dtype: 'float64' }).sum({ axis: 0 }).reshape([n, 1]).add(b.mul(0))
  expect(off(db, matmul(inverse, ones))).toBeLessThan(1e-12)
  expect(off(da, matmul(db, mT(matmul(inverse, b))).neg())).toBeLessThan(1e-12)
})
