/** Transformations that are no optimisers by themselves: masks, clips, wrappers. */
import { describe, expect, it } from 'vitest'
import fc from 'fast-check'
import { type Tensor, array, init, jit, random, square, sum, tree, zeros } from '@cotangent/core'
import {
  type GradientTransformation,
  type StateOf,
  accumulate,
  adam,
  addDecayedWeights,
  addNoise,
  applyIfFinite,
  applyUpdates,
  backtracking,
  chain,
  clip,
  clipByBlockRms,
  clipByGlobalNorm,
  dense,
  ema,
  freeze,
  globalNorm,
  identity,
  keepParamsNonnegative,
  lbfgs,
  masked,
  orthogonalize,
  partition,
  reduceOnPlateau,
  sam,
  scale,
  scaleBySchedule,
  scaleByTrustRatio,
  scheduleFree,
  scheduleFreeParams,
  serial,
  setToZero,
  sgd,
  sophia,
  trace,
  zeroNans,
} from '@cotangent/nn'

await init({ backend: 'reference' })

const params = { body: { kernel: array([[1, 2]]), bias: array([3]) }, head: array([4, 5]) }
const grads = { body: { kernel: array([[1, 1]]), bias: array([1]) }, head: array([1, 1]) }
type Params = typeof params
const numbers = (t: unknown): readonly (readonly number[])[] => tree.leaves(t).map(x => [...x.dataSync()])
const one = <F extends StateOf>(t: GradientTransformation<F>, g: Params = grads, p: Params = params): Params =>
  jit((gs: Params, ps: Params) => t.update(gs, t.init(ps), ps)[0])(g, p)

describe('some of the parameters', () => {
  it('freeze: no updates by path', () => {
    expect(
      numbers(
        one(
          chain(
            sgd(1),
            freeze(path => path.startsWith('body')),
          ),
        ),
      ),
    ).toEqual([[0], [0, 0], [-1, -1]])
  })
  it('masked: others go through; the state is by path', () => {
    const t = masked(trace(), (_, leaf) => leaf.ndim === 2)
    expect(Object.keys(t.init(params).velocity)).toEqual(['body.kernel'])
    expect(numbers(one(masked(scale(3), (_, leaf) => leaf.ndim === 2)))).toEqual([[1], [3, 3], [1, 1]])
  })
  it('partition: a transformation a name, and an error for names without one', () => {
    const t = partition({ body: sgd(1), head: chain(scale(2), sgd(1)), rest: setToZero() }, path =>
      path === 'head' ? 'head' : path === 'body.bias' ? 'rest' : 'body',
    )
    expect(numbers(one(t))).toEqual([[0], [-1, -1], [-2, -2]])
    expect(() => partition({ a: sgd(1) }, () => 'b' as 'a').init(params)).toThrow(
      /partition: body.bias has the label 'b', but the transformations are a/,
    )
  })
  it('addDecayedWeights of matrices alone', () => {
    expect(numbers(one(addDecayedWeights(0.5, { mask: (_, leaf) => leaf.ndim === 2 })))).toEqual([[1], [1.5, 2], [1, 1]])
  })
  it('work with the parameters of layers', () => {
    const model = serial(dense(3), dense(2)),
      p = model.init(random.key(0), [4]).params
    const t = chain(
      adam(0.1),
      freeze(path => path.startsWith('[0]')),
    )
    const moved = applyUpdates(p, t.update(p, t.init(p), p)[0])
    expect(numbers(moved[0])).toEqual(numbers(p[0]))
    expect(numbers(moved[1].kernel)).not.toEqual(numbers(p[1].kernel))
  })
})

describe('clips', () => {
  it('clip, zeroNans, keepParamsNonnegative', () => {
    const g = { ...grads, head: array([NaN, -9]) }
    expect(numbers(one(chain(zeroNans(), clip(0.5)), g))).toEqual([[0.5], [0.5, 0.5], [0, -0.5]])
    expect(numbers(one(keepParamsNonnegative(), g, { ...params, head: array([1, 5]) }))[2]?.[1]).toBe(-5)
  })
  it('clipByGlobalNorm bounds the norm and keeps directions; smaller ones stay as they are', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -50, max: 50 }), { minLength: 2, maxLength: 2 }),
        fc.integer({ min: 1, max: 40 }),
        (xs, limit) => {
          const g = { ...grads, head: array(xs) },
            n = globalNorm(g).item(),
            clipped = one(clipByGlobalNorm(limit), g)
          expect(globalNorm(clipped).item()).toBeCloseTo(Math.min(n, limit), 3)
          ;[...clipped.head.dataSync()].forEach((v, i) => expect(v * Math.max(n, limit)).toBeCloseTo((xs[i] as number) * limit, 2))
        },
      ),
      { numRuns: 6 },
    )
  })
  it('scaleByTrustRatio: updates as long as the parameters, tensor by tensor; zeros and those not asked for stay', () => {
    const g = { body: { kernel: array([[4, 2]]), bias: array([0]) }, head: array([1, 1]) }
    const t = scaleByTrustRatio({ coefficient: 2, trust: path => path !== 'head' })
    const [bias, kernel, head] = numbers(one(t, g))
    expect([bias, head]).toEqual([[0], [1, 1]])
    ;[4, 2].forEach((v, i) => expect(kernel?.[i]).toBeCloseTo(v, 5))
  })
  it('clipByBlockRms', () =>
    expect(numbers(one(clipByBlockRms(0.5), { ...grads, head: array([0.1, 0.1]) })).map(x => x[0]?.toFixed(2))).toEqual([
      '0.50',
      '0.50',
      '0.10',
    ]))
})

describe('wrappers', () => {
  it('applyIfFinite changes nothing for NaN, until too many come in a row', () => {
    const t = applyIfFinite(trace(), 1),
      bad = { ...grads, head: array([NaN, 1]) }
    const step = jit((g: Params, s: ReturnType<typeof t.init<Params>>) => t.update(g, s, params))
    const [u1, s1] = step(bad, t.init(params))
    expect(numbers(u1)).toEqual([[0], [0, 0], [0, 0]])
    expect([s1.inARow.item(), s1.total.item(), s1.inner.count.item()]).toEqual([1, 1, 0])
    const [u2, s2] = step(grads, s1)
    expect(numbers(u2)).toEqual(numbers(grads))
    expect(s2.inARow.item()).toBe(0)
    expect(numbers(step(bad, s1)[0])[2]?.[0]).toBeNaN()
  })
  it('accumulate: a mean of gradients is as one batch', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 6, maxLength: 6 }), xs => {
        const t = accumulate(trace(), 3)
        let state = t.init(params)
        const seen: number[] = []
        for (const x of xs) {
          const [updates, next] = t.update({ ...grads, head: array([x, 0]) }, state, params)
          seen.push(updates.head.dataSync()[0] as number)
          state = next
        }
        const mean = (i: number): number => xs.slice(i, i + 3).reduce((a, b) => a + b, 0) / 3
        ;[0, 0, mean(0), 0, 0, 0.9 * mean(0) + mean(3)].forEach((w, i) => expect(seen[i]).toBeCloseTo(w, 4))
      }),
      { numRuns: 3 },
    )
  })
  it('ema of parameters; without debias it begins at 0', () => {
    expect(numbers(one(ema(0.9)))[0]?.[0]).toBeCloseTo(1, 5)
    expect(numbers(one(ema(0.9, { debias: false })))[0]?.[0]).toBeCloseTo(0.1, 5)
  })
  it('scaleBySchedule and identity', () => {
    expect(
      numbers(
        one(
          chain(
            scaleBySchedule(step => step.add(2)),
            identity(),
          ),
        ),
      ),
    ).toEqual([[2], [2, 2], [2, 2]])
  })
  it('addNoise: normal, of the variance eta / t^gamma, other at each step and leaf', () => {
    const t = addNoise(random.key(1), { eta: 4 }),
      p = { a: zeros([400]), b: zeros([400]) }
    const [u1, s1] = t.update(p, t.init(p), p),
      [u2] = t.update(p, s1, p)
    const spread = (x: Tensor): number => Math.sqrt(square(x).mean().item())
    expect(spread(u1.a)).toBeCloseTo(2, 0)
    expect(spread(u2.a) / spread(u1.a)).toBeCloseTo(2 ** -0.275, 0)
    expect(numbers(u1.a)).not.toEqual(numbers(u1.b))
  })
})

describe('optimisers that look at the loss', () => {
  const loss = (p: { readonly x: Tensor }): Tensor => sum(square(p.x).mul(array([1, 50]))),
    at = { x: array([1, 1]) },
    g = { x: array([2, 100]) }
  it('say what they need', () => {
    expect(() => sam(sgd(1)).update(g, sgd(1).init(at), at)).toThrow(/sam: needs the loss as a function of the parameters/)
    expect(() => sophia(1, random.key(0)).update(g, sophia(1, random.key(0)).init(at), at)).toThrow(/sophia: needs the loss/)
    expect(() => lbfgs(1, { lineSearch: true }).update(g, lbfgs().init(at), at)).toThrow(/lbfgs: the line search needs the loss/)
    expect(() => reduceOnPlateau().update(g, reduceOnPlateau().init(at), at)).toThrow(/reduceOnPlateau: needs the loss/)
  })
  it('sam takes the gradient where the loss is highest', () => {
    const [u] = sam(sgd(1), { rho: 0.1 }).update(g, sgd(1).init(at), at, { loss })
    const n = Math.hypot(2, 100)
    ;[2 * (1 + 0.2 / n), 100 * (1 + 10 / n)].forEach((w, i) => expect(-(u.x.dataSync()[i] as number)).toBeCloseTo(w, 4))
  })
  it('within masked the loss is one of the parameters that it takes', () => {
    const both = { x: at.x, y: array([3]) },
      t = masked(sam(sgd(1), { rho: 0.1 }), path => path === 'x')
    const [updates] = t.update({ x: g.x, y: array([7]) }, t.init(both), both, { loss: p => loss({ x: p.x.mul(p.y) }) })
    const [alone] = sam(sgd(1), { rho: 0.1 }).update(g, sgd(1).init(at), at, { loss: p => loss({ x: p.x.mul(3) }) })
    expect(numbers(updates)).toEqual([numbers(alone)[0], [7]])
  })
  it('backtracking halves until the loss falls enough', () => {
    expect(backtracking(loss, at, { x: array([-2, -100]) }, g).item()).toBe(1 / 64)
    expect(backtracking(loss, at, { x: array([-0.01, -0.01]) }, g).item()).toBe(1)
  })
  it('lbfgs with its line search solves a quadratic in a few steps', () => {
    const t = lbfgs(1, { lineSearch: true })
    const step = jit((p: typeof at, s: ReturnType<typeof t.init<typeof at>>) => {
      const grad = { x: p.x.mul(array([2, 100])) }
      const [u, next] = t.update(grad, s, p, { loss })
      return [applyUpdates(p, u), next] as const
    })
    let [p, s] = [at, t.init(at)]
    for (let i = 0; i < 12; i++) [p, s] = step(p, s)
    expect(loss(p).item()).toBeLessThan(1e-6)
  })
  it('scheduleFreeParams is the mean of the iterates', () => {
    const t = scheduleFree(sgd(0.1), 0.1)
    let p = at,
      s = t.init(at)
    const bases: number[] = []
    for (let i = 0; i < 4; i++) {
      const [u, next] = t.update({ x: array([1, i]) }, s, p)
      ;[p, s] = [applyUpdates(p, u), next]
      bases.push(s.base.x.dataSync()[1] as number)
    }
    expect(scheduleFreeParams(s, p).x.dataSync()[1]).toBeCloseTo(bases.reduce((a, b) => a + b, 0) / 4, 5)
  })
  it('orthogonalize brings singular values near 1', () => {
    const x = orthogonalize(random.normal(random.key(0), [5, 3]), 8)
    const gram = x.transpose().matmul(x).dataSync()
    ;[0, 4, 8].forEach(i => expect(Math.abs((gram[i] as number) - 1)).toBeLessThan(0.6))
  })
})
