/** Samplers against JAX (tools/fixtures-random.py), their moments, and what gradients of draws estimate. */
import { describe, expect, test } from 'vitest'
import { array, eye } from '../../src/numpy/creation.ts'
import { cov } from '../../src/numpy/correlation.ts'
import { square } from '../../src/primitives/exponential.ts'
import { stack } from '../../src/numpy/manipulation.ts'
import { mean, variance } from '../../src/numpy/reduction.ts'
import { flip } from '../../src/primitives/reverse.ts'
import * as random from '../../src/random/index.ts'
import { gammainc } from '../../src/special/incompleteGamma.ts'
import type { Tensor } from '../../src/tensor.ts'
import { grad } from '../../src/transforms/grad.ts'
import { jit } from '../../src/transforms/jit.ts'
import { vmap } from '../../src/transforms/vmap.ts'
import known from '../fixtures/random.json' with { type: 'json' }
import { useReference } from '../support/laws.ts'

useReference()
const { key, split, splitBatch } = random
const list = (t: Tensor): number[] => Array.from(t.dataSync())
const shapes = (): Tensor => array([0.1, 0.5, 1, 2.5, 10, 300])
/** Tells the draws apart. */
const weighted = (draws: Tensor): Tensor => draws.mul(array([1, 2, 3, 4, 5, 6])).sum()
const matrix = (): Tensor =>
  array([
    [2, 0.5],
    [0.5, 1],
  ])

describe('JAX gives the same draws', () => {
  const k = key(7),
    six = [6]
  const draws: Readonly<Record<keyof typeof known, () => Tensor>> = {
    laplace: () => random.laplace(k, six),
    logistic: () => random.logistic(k, six),
    cauchy: () => random.cauchy(k, six),
    rademacher: () => random.rademacher(k, six),
    loggamma: () => random.loggamma(k, shapes()),
    gamma: () => random.gamma(k, shapes()),
    gammaGradient: () => grad((a: Tensor) => random.gamma(k, a).sum())(shapes()),
    loggammaGradient: () => grad((a: Tensor) => random.loggamma(k, a).sum())(shapes()),
    chisquareGradient: () => grad((a: Tensor) => weighted(random.chisquare(k, a)))(shapes()),
    tGradient: () => grad((a: Tensor) => weighted(random.t(k, a)))(shapes()),
    betaGradient: () => stack(grad(([a, b]: readonly [Tensor, Tensor]) => weighted(random.beta(k, a, b)))([shapes(), flip(shapes())])),
    dirichletGradient: () => grad((a: Tensor) => weighted(random.dirichlet(k, a)))(shapes()),
    beta: () => random.beta(k, 0.7, 2, six),
    dirichlet: () => random.dirichlet(k, shapes()),
    chisquare: () => random.chisquare(k, 3, six),
    t: () => random.t(k, 3, six),
    poissonSmall: () => random.poisson(k, 3, six),
    poissonLarge: () => random.poisson(k, 50, six),
    multivariateNormal: () => random.multivariateNormal(k, array([1, -1]), matrix(), [3]),
    orthogonal: () => random.orthogonal(k, 3),
    orthogonalWide: () => random.orthogonal(k, 2, { m: 3 }),
    ball: () => random.ball(k, 3, { shape: [2] }),
    ball1: () => random.ball(k, 3, { p: 1, shape: [2] }),
  }
  for (const name of Object.keys(draws) as (keyof typeof known)[])
    test(name, () => {
      const got = list(draws[name]()),
        wanted = known[name]
      // Relative to each value, and to 1 for small ones. The gradients of JAX are float32 sums themselves.
      const tolerance = name.endsWith('Gradient') ? 2e-3 : 1e-5
      wanted.forEach((w, i) =>
        expect(Math.abs((got[i] as number) - w), `element ${i}: ${got[i]} for ${w}`).toBeLessThan(tolerance * Math.max(1, Math.abs(w))),
      )
      expect(got.length).toBe(wanted.length)
    })
})

describe('moments', () => {
  const n = 1500
  /** Within 5 standard errors of the mean; the variance within 30 %. */
  const check = (x: Tensor, m: number, v: number): void => {
    expect(Math.abs(mean(x).item() - m)).toBeLessThan(5 * Math.sqrt(v / n))
    expect(Math.abs(variance(x).item() / v - 1)).toBeLessThan(0.3)
  }
  test('of one variable', () => {
    check(random.laplace(key(0), [n]), 0, 2)
    check(random.logistic(key(1), [n]), 0, Math.PI ** 2 / 3)
    check(random.rademacher(key(2), [n], { dtype: 'float32' }), 0, 1)
    check(random.gamma(key(3), 2.5, [n]), 2.5, 2.5)
    check(random.gamma(key(4), 0.3, [n]), 0.3, 0.3)
    check(random.chisquare(key(5), 4, [n]), 4, 8)
    check(random.t(key(6), 8, [n]), 0, 8 / 6)
    check(random.beta(key(7), 2, 3, [n]), 0.4, 0.04)
    check(random.poisson(key(8), 4, [n]).astype('float32'), 4, 4)
    check(random.poisson(key(9), 40, [n]).astype('float32'), 40, 40)
  })
  test('of vectors', () => {
    const x = random.multivariateNormal(key(0), array([1, -1]), matrix(), [n])
    list(mean(x, { axis: 0 })).forEach((m, i) => expect(Math.abs(m - [1, -1][i]!)).toBeLessThan(0.18))
    list(cov(x, { rowvar: false })).forEach((c, i) => expect(Math.abs(c - [2, 0.5, 0.5, 1][i]!)).toBeLessThan(0.3))
    const d = random.dirichlet(key(1), array([1, 2, 5]), [n])
    list(mean(d, { axis: 0 })).forEach((m, i) => expect(Math.abs(m - [1, 2, 5][i]! / 8)).toBeLessThan(0.02))
    list(d.sum({ axis: 1 })).forEach(s => expect(s).toBeCloseTo(1, 5))
    const b = random.ball(key(2), 3, { shape: [n] })
    const radii = list(b.mul(b).sum({ axis: 1 })).map(Math.sqrt)
    expect(Math.max(...radii)).toBeLessThanOrEqual(1)
    expect(radii.filter(r => r ** 3 < 0.5).length / n).toBeCloseTo(0.5, 1)
  })
  test('a quarter of Cauchy draws is above 1', () =>
    expect(list(random.cauchy(key(3), [n])).filter(v => v > 1).length / n).toBeCloseTo(0.25, 1))
  test('orthogonal matrices', () => {
    const q = random.orthogonal(key(4), 3, { shape: [2] })
    list(q.matmul(q.transpose([0, 2, 1])).sub(eye(3))).forEach(v => expect(Math.abs(v)).toBeLessThan(1e-5))
  })
})

test('methods of multivariateNormal have the same covariance', () => {
  for (const method of ['cholesky', 'eigh', 'svd'] as const) {
    const x = random.multivariateNormal(key(1), array([0, 0]), matrix(), [1000], { method })
    list(cov(x, { rowvar: false })).forEach((c, i) => expect(Math.abs(c - [2, 0.5, 0.5, 1][i]!), method).toBeLessThan(0.35))
  }
})

describe('keys', () => {
  const draws: readonly ((k: random.Key) => Tensor)[] = [
    k => random.gamma(k, shapes()),
    k => random.poisson(k, array([0.5, 3, 20])),
    k => random.beta(k, 0.5, 2, [2]),
    k => random.t(k, 3, [2]),
    k => random.dirichlet(k, array([0.1, 1])),
    k => random.laplace(k, [3]),
    k => random.orthogonal(k, 2),
  ]
  test('vmap over keys equals the loop, bit for bit', () => {
    for (const f of draws) expect(list(vmap(f)(splitBatch(key(3), 3)))).toEqual(split(key(3), 3).flatMap(k => list(f(k))))
  })
  test('jit equals eager, bit for bit', () => {
    for (const f of draws) expect(list(jit(f)(key(4)))).toEqual(list(f(key(4))))
  })
})

// The level F(x; a) of a draw x is the uniform number behind it, so that its derivatives by a along the draw are zero, of all orders.
describe('implicit derivatives keep the level of a draw', () => {
  const a = 1.5
  const level = {
    gamma: (v: Tensor): Tensor => gammainc(v, random.gamma(key(5), v)),
    chisquare: (v: Tensor): Tensor => gammainc(v.div(2), random.chisquare(key(6), v).div(2)),
  }
  test.each(Object.entries(level))('of %s', (_, f) => {
    const x = array(a, { dtype: 'float64' })
    expect(f(x).item()).toBeGreaterThan(0.01)
    expect(Math.abs(grad(f)(x).item())).toBeLessThan(1e-6)
    expect(Math.abs(grad(grad(f))(x).item())).toBeLessThan(1e-5)
  })
  test('of gamma, as a difference of quantiles', () => {
    const x = array(a, { dtype: 'float64' })
    const draw = (v: Tensor): Tensor => random.gamma(key(5), v)
    const value = draw(x).item(),
      share = gammainc(x, draw(x)).item()
    /** The x with gammainc(a, x) = share, by Newton's method. */
    const quantile = (shape: number): number => {
      let q = value
      const level = (t: Tensor): Tensor => gammainc(array(shape, { dtype: 'float64' }), t)
      for (let i = 0; i < 6; i++) {
        const at = array(q, { dtype: 'float64' })
        q -= (level(at).item() - share) / grad(level)(at).item()
      }
      return q
    }
    const h = 1e-4
    expect(Math.abs(grad(draw)(x).item() - (quantile(a + h) - quantile(a - h)) / (2 * h))).toBeLessThan(1e-6)
  })
})

describe('gradients of expectations', () => {
  const draw = (seed: number, a: Tensor): Tensor => random.gamma(key(seed), a, [2000])
  const meanSquare = (a: Tensor): Tensor => mean(square(draw(11, a)))
  test('of gamma variables: the mean is a, the mean square a (a + 1)', () => {
    expect(Math.abs(grad((a: Tensor) => mean(draw(12, a)))(1.5).item() - 1)).toBeLessThan(0.08)
    expect(Math.abs(grad(meanSquare)(1.5).item() - 4)).toBeLessThan(0.6)
  })
  test('of second order', () => expect(Math.abs(grad(grad(meanSquare))(1.5).item() - 2)).toBeLessThan(0.3))
  test('are finite for tiny and large shapes', () => {
    const g = grad((a: Tensor) => random.loggamma(key(13), a).sum())(array([1e-3, 0.02, 1, 1e3, 1e5]))
    expect(list(g).every(Number.isFinite)).toBe(true)
  })
})

test('rates without a distribution', () => {
  expect(list(random.poisson(key(0), array([0, -1, NaN, Infinity])))).toEqual([0, -1, -1, -1])
})
