/** Layers, losses and optimisers together: known answers and laws. */
import { describe, expect, it } from 'vitest'
import fc from 'fast-check'
import { concatAll } from 'fp-ts/lib/Monoid.js'
import { type Tensor, CotangentError, array, grad, init, jit, random, sum, tree, valueAndGrad, zeros } from '@cotangent/core'
import {
  type GradientTransformation,
  type StateOf,
  accuracy,
  adam,
  applyUpdates,
  avgPool2d,
  chain,
  conv2d,
  dense,
  dropout,
  flatten,
  identity,
  klDivergence,
  logSoftmax,
  maxPool2d,
  meanSquaredError,
  momentum,
  monoid,
  named,
  opaque,
  relu,
  serial,
  sgd,
  sigmoid,
  softmax,
  softmaxCrossEntropy,
} from '../src/index.ts'

await init({ backend: 'reference' })

const close = (got: Tensor, wanted: readonly number[], digits = 5): void => {
  const data = [...got.dataSync()]
  expect(data.length).toBe(wanted.length)
  wanted.forEach((w, i) => expect(data[i]).toBeCloseTo(w, digits))
}

describe('losses', () => {
  const logits = array([
    [2, 1, 3],
    [1, 2, 3],
  ])
  it('cross-entropy of class ids and its gradient (PyTorch 1.13)', () => {
    const [value, g] = valueAndGrad((z: Tensor) => softmaxCrossEntropy(z, array([2, 0], { dtype: 'int32' })))(logits)
    close(value, [1.40760596444])
    close(g, [0.12236424, 0.04501529, -0.16737952, -0.45498471, 0.12236424, 0.33262048])
  })
  it('cross-entropy of distributions equals that of class ids for one-hot rows', () => {
    close(
      softmaxCrossEntropy(
        logits,
        array([
          [0, 0, 1],
          [1, 0, 0],
        ]),
      ),
      [1.40760596444],
    )
  })
  it('reductions and weights', () => {
    const labels = array([2, 0], { dtype: 'int32' })
    const each = softmaxCrossEntropy(logits, labels, { reduction: 'none' })
    expect(each.shape).toEqual([2])
    close(softmaxCrossEntropy(logits, labels, { reduction: 'sum' }), [2 * 1.40760596444])
    close(softmaxCrossEntropy(logits, labels, { weights: array([1, 0]) }), [each.dataSync()[0] as number])
  })
  it('refuses labels that fit neither form, naming the shapes', () => {
    expect(() => softmaxCrossEntropy(logits, array([1, 2, 0], { dtype: 'int32' }))).toThrow(
      /softmaxCrossEntropy: logits \[2, 3\].*int32\[3\]/,
    )
    expect(() => softmaxCrossEntropy(logits, zeros([2, 2]))).toThrow(CotangentError)
  })
  it('KL divergence (PyTorch 1.13)', () => {
    close(klDivergence(array([0.2, 0.3, 0.5]), array([0.5, 0.3, 0.2])), [0.274887234])
    close(klDivergence(array([0.5, 0.5]), array([1, 0])), [Math.log(2)])
  })
  it('mean squared error', () => {
    close(
      meanSquaredError(
        array([
          [1, 2],
          [3, 4],
        ]),
        array([
          [1, 0],
          [0, 4],
        ]),
      ),
      [(2 + 4.5) / 2],
    )
  })
})

describe('activations', () => {
  it('softmax (tfjs-core softmax_test.ts), logSoftmax, sigmoid, relu', () => {
    close(softmax(array([2, 1, 3])), [0.24472847, 0.09003057, 0.66524095])
    close(logSoftmax(array([2, 1, 3])), [0.24472847, 0.09003057, 0.66524095].map(Math.log))
    close(sigmoid(array([0, 2, -200])), [0.5, 1 / (1 + Math.exp(-2)), 0])
    close(relu(array([-1, 0, 2])), [0, 0, 2])
  })
  it('do not overflow, and have finite gradients far out', () => {
    close(softmax(array([1000, 0])), [1, 0])
    for (const x of [-1e4, 1e4]) expect(Number.isFinite(grad((t: Tensor) => sum(sigmoid(t)))(array([x])).dataSync()[0])).toBe(true)
  })
  it('softmax rows sum to one for any logits', () => {
    fc.assert(
      fc.property(fc.array(fc.float({ min: -80, max: 80, noNaN: true }), { minLength: 1, maxLength: 6 }), xs => {
        expect(sum(softmax(array(xs))).item()).toBeCloseTo(1, 5)
      }),
      { numRuns: 50 },
    )
  })
})

describe('layers', () => {
  const key = random.key(0)
  it('serial initialises and applies; shapes follow', () => {
    const model = serial(conv2d(4, 3), relu, maxPool2d(2), flatten, dense(5))
    const { params, state, output } = model.init(key, [6, 6, 1])
    expect(state).toBeNull()
    expect(output).toEqual([5])
    expect(params[0].kernel.shape).toEqual([3, 3, 1, 4])
    expect(params[4].kernel.shape).toEqual([36, 5])
    expect(model.apply(params, zeros([2, 6, 6, 1])).shape).toEqual([2, 5])
  })
  it('named keeps the names', () => {
    const model = named({ stem: dense(3), act: relu, head: dense(2) })
    const { params } = model.init(key, [4])
    expect(Object.keys(params)).toEqual(['stem', 'act', 'head'])
    expect(model.apply(params, zeros([1, 4])).shape).toEqual([1, 2])
  })
  it('say which layer got a wrong shape', () => {
    expect(() => serial(dense(3), conv2d(2, 3)).init(key, [4])).toThrow(/conv2d\(2\): needs examples of shape \[h, w, c\], got \[3\]/)
  })
  it('pooling takes the maximum and the mean of each window', () => {
    const x = array([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]).reshape([1, 4, 4, 1])
    close(maxPool2d(2).apply(null, x), [6, 8, 14, 16])
    close(avgPool2d(2).apply(null, x), [3.5, 5.5, 11.5, 13.5])
    // SAME pads one row and column on each side, which the mean does not count.
    close(avgPool2d(3, { strides: 3, padding: 'SAME' }).apply(null, x), [3.5, 5.5, 11.5, 13.5])
  })
  it('dropout drops while training alone, keeps the mean, and needs a key', () => {
    const x = zeros([1000]).add(1)
    expect(dropout(0.5).apply(null, x)).toBe(x)
    const y = dropout(0.25).apply(null, x, { train: true, key })
    const values = new Set([...y.dataSync()].map(v => v.toFixed(4)))
    expect([...values].sort()).toEqual(['0.0000', '1.3333'])
    expect(y.mean().item()).toBeCloseTo(1, 1)
    expect(() => dropout(0.5).apply(null, x, { train: true })).toThrow(/dropout: training needs randomness/)
    expect(() => dropout(1)).toThrow(/\[0, 1\)/)
  })
  it('accuracy counts the right ones', () => {
    expect(
      accuracy(
        array([
          [1, 2],
          [3, 0],
          [0, 1],
          [5, 4],
        ]),
        array([1, 0, 0, 0], { dtype: 'int32' }),
      ).item(),
    ).toBe(0.75)
  })
})

describe('optimisers', () => {
  const run = <F extends StateOf>(optimizer: GradientTransformation<F>, steps: number, compiled: boolean): readonly number[] => {
    const gradient = grad((p: { x: Tensor }) => sum(p.x.mul(p.x)))
    const raw = (p: { x: Tensor }, s: ReturnType<typeof optimizer.init<{ x: Tensor }>>) => {
      const [updates, next] = optimizer.update(gradient(p), s, p)
      return [applyUpdates(p, updates), next] as const
    }
    const step = compiled ? jit(raw) : raw
    let params = { x: array([2, 4]) },
      state = optimizer.init(params)
    for (let i = 0; i < steps; i++) [params, state] = step(params, state)
    return [...params.x.dataSync()]
  }
  it('adam, two steps (tfjs-core adam_optimizer_test.ts)', () => {
    const optimizer = adam(0.1, { b1: 0.8, b2: 0.9 })
    run(optimizer, 1, false).forEach((v, i) => expect(v).toBeCloseTo([1.9, 3.9][i] as number, 5))
    run(optimizer, 2, false).forEach((v, i) => expect(v).toBeCloseTo([1.8000001, 3.8002][i] as number, 3))
  })
  it('sgd and momentum follow their formulas', () => {
    expect(run(sgd(0.1), 1, false)).toEqual([2 * 0.8, 4 * 0.8].map(Math.fround))
    const [x] = run(momentum(0.1, { decay: 0.5 }), 2, false)
    // v1 = 4, x1 = 1.6; v2 = 2 + 3.2, x2 = 1.6 - 0.52
    expect(x).toBeCloseTo(1.08, 5)
    const [y] = run(momentum(0.1, { decay: 0.5, nesterov: true }), 1, false)
    expect(y).toBeCloseTo(2 - 0.1 * (4 + 2), 5)
  })
  it('run alike eager and jitted', () => {
    for (const o of [opaque(sgd(0.1)), opaque(momentum(0.05)), opaque(adam(0.1)), opaque(chain(momentum(0.05), sgd(-1)))])
      run(o, 5, true).forEach((v, i) => expect(v).toBeCloseTo(run(o, 5, false)[i] as number, 5))
  })
  it('a schedule sees the step, from 0', () => {
    const [x] = run(
      sgd(step => step.astype('float32').mul(0.1)),
      2,
      true,
    )
    expect(x).toBeCloseTo(2 * 0.8, 5)
  })
  it('chain is a monoid: unit and associativity of the updates', () => {
    const arb = fc.constantFrom(opaque(sgd(-0.5)), opaque(momentum(0.3)), opaque(adam(0.2)), opaque(identity()))
    fc.assert(
      fc.property(arb, arb, arb, (a, b, c) => {
        const same = (x: typeof a, y: typeof a): void => expect(run(x, 3, false)).toEqual(run(y, 3, false))
        same(monoid.concat(monoid.empty, a), a)
        same(monoid.concat(a, monoid.empty), a)
        same(monoid.concat(monoid.concat(a, b), c), monoid.concat(a, monoid.concat(b, c)))
        same(concatAll(monoid)([a, b, c]), opaque(chain(a, b, c)))
      }),
      { numRuns: 8 },
    )
  })
  it('does not touch what it was given', () => {
    const params = { x: array([1, 2]) },
      optimizer = adam(0.1)
    optimizer.update(params, optimizer.init(params), params)
    expect(tree.leaves(params).map(t => [...t.dataSync()])).toEqual([[1, 2]])
  })
})
