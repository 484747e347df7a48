/** What layers, losses and metrics do at their edges: kinks, keys, names, shapes that do not fit. */
import { describe, expect, it } from 'vitest'
import fc from 'fast-check'
import { type Tensor, CotangentError, arange, array, explain, grad, init, jit, ones, random, sum, tree, vmap, zeros } from '@cotangent/core'
import {
  type Layer,
  accuracy,
  conv2d,
  dense,
  dropout,
  flatten,
  klDivergence,
  logSoftmax,
  maxPool2d,
  meanSquaredError,
  named,
  relu,
  serial,
  sigmoid,
  softmax,
  softmaxCrossEntropy,
  softplus,
  stateless,
} from '@cotangent/nn'

await init({ backend: 'reference' })

const key = random.key(3)
const numbers = (t: Tensor): readonly number[] => [...t.dataSync()]
/** The typed error that a call must raise. */
function errorOf(call: () => unknown): string {
  try {
    call()
  } catch (e) {
    if (e instanceof CotangentError) return `${e.kind}: ${e.message}`
    throw e
  }
  throw new Error('no error')
}

describe('activations at their edges', () => {
  it('relu: derivative 0 at 0, NaN stays NaN, integers stay integers', () => {
    expect(numbers(grad((x: Tensor) => sum(relu(x)))(array([-1, 0, 2])))).toEqual([0, 0, 1])
    expect(numbers(relu(array([NaN, Infinity, -Infinity])))).toEqual([NaN, Infinity, 0])
    expect(relu(array([-1, 2], { dtype: 'int32' })).dtype).toBe('int32')
  })
  it('sigmoid keeps its relative accuracy far out', () => {
    expect(sigmoid(array(-30)).item() / 9.357622968839299e-14).toBeCloseTo(1, 5)
    expect(numbers(sigmoid(array([-Infinity, Infinity])))).toEqual([0, 1])
  })
  it('softmax of one infinite logit, of all equal ones, along another axis', () => {
    expect(numbers(softmax(array([-Infinity, 0])))).toEqual([0, 1])
    expect(numbers(softmax(zeros([2, 4]), { axis: 0 }))).toEqual(new Array<number>(8).fill(0.5))
    expect(logSoftmax(array([[1000, 0]])).shape).toEqual([1, 2])
  })
  it('softplus does not overflow', () => expect(numbers(softplus(array([-200, 0, 200])))).toEqual([0, Math.fround(Math.LN2), 200]))
})

describe('composition', () => {
  it('named runs in the order in which the layers are written, whatever their names', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.stringMatching(/^[a-z]{1,4}$/), { minLength: 1, maxLength: 6 }), names => {
        const order: string[] = []
        const spy = (name: string): Layer<null> =>
          stateless<null>(
            (_, input) => ({ params: null, output: input }),
            (_, x) => {
              order.push(name)
              return x
            },
          )
        const model = named(Object.fromEntries(names.map(n => [n, spy(n)])))
        const { params } = model.init(key, [1])
        expect(Object.keys(params)).toEqual(names)
        model.apply(params, zeros([1, 1]))
        expect(order).toEqual(names)
      }),
      { numRuns: 20 },
    )
  })
  it('named refuses numbers as names: JavaScript would reorder them', () => {
    expect(errorOf(() => named({ b: relu, 1: relu }))).toMatch(/ValueError: named: a layer cannot be called "1"/)
  })
  it('names are the paths of the parameters', () => {
    const { params } = named({ stem: dense(3), body: serial(relu, dense(2)) }).init(key, [4])
    expect([...tree.paths(params)].sort()).toEqual(['body[1].bias', 'body[1].kernel', 'stem.bias', 'stem.kernel'])
  })
  it('each layer has a key of its own, the same for the same seed', () => {
    const twins = serial(dense(4), dense(4))
    const { params } = twins.init(key, [4])
    expect(numbers(params[0].kernel)).not.toEqual(numbers(params[1].kernel))
    expect(numbers(twins.init(random.key(3), [4]).params[1].kernel)).toEqual(numbers(params[1].kernel))
  })
  it('says what parameters of another model lack', () => {
    const model = serial(dense(3), relu)
    expect(errorOf(() => model.apply(undefined as never, zeros([1, 4])))).toMatch(
      /TreeError: serial: needs parameters for the layers 0, 1, got none\. Pass what init gave/,
    )
    expect(errorOf(() => named({ a: relu }).apply({ b: null } as never, zeros([1])))).toMatch(
      /named: needs parameters for the layers a, got some for b/,
    )
  })
  it('threads state through layers that have it', () => {
    interface Count {
      readonly calls: Tensor
    }
    const counter: Layer<null, Count> = {
      init: (_, input) => ({ params: null, state: { calls: zeros([]) }, output: input }),
      step: (_, state, x) => [x, { calls: state.calls.add(1) }],
      apply: (_, x) => x,
    }
    const model = serial(counter, relu, serial(relu, counter))
    const { params, state } = model.init(key, [2])
    const [, once] = model.step(params, state, ones([1, 2]))
    const [y, twice] = model.step(params, once, ones([1, 2]))
    expect(y.shape).toEqual([1, 2])
    expect([twice[0]?.calls.item(), twice[1], twice[2]?.[1]?.calls.item()]).toEqual([2, null, 2])
  })
  it('works under jit, vmap over models, and grad', () => {
    const model = serial(dense(3), relu, dense(1))
    const member = (i: Tensor) => model.init(random.foldIn(key, i), [2]).params
    const ensemble = vmap(member)(arange(5))
    expect(ensemble[0].kernel.shape).toEqual([5, 2, 3])
    const predict = jit(vmap((p: ReturnType<typeof member>, x: Tensor) => model.apply(p, x), { inAxes: [0, null] }))
    expect(predict(ensemble, zeros([4, 2])).shape).toEqual([5, 4, 1])
    expect(explain(predict).traces).toHaveLength(1)
  })
})

describe('dropout', () => {
  const x = ones([400]),
    train = { train: true, key }
  const zerosOf = (y: Tensor): string =>
    numbers(y)
      .map(v => (v === 0 ? '0' : '1'))
      .join('')
  it('the same key drops the same elements; layers of one model drop different ones', () => {
    const drop = dropout(0.5)
    expect(zerosOf(drop.apply(null, x, train))).toBe(zerosOf(drop.apply(null, x, train)))
    expect(zerosOf(drop.apply(null, x, train))).not.toBe(zerosOf(drop.apply(null, x, { train: true, key: random.key(4) })))
    // Half of what the first layer keeps is lost to the second; with one mask for both, all 200 would stay.
    const twice = serial(drop, drop).apply([null, null], x, train)
    expect(numbers(twice).filter(v => v !== 0).length).toBeLessThan(150)
  })
  it('needs its key only while training, and only where it drops', () => {
    const model = serial(dense(2), dropout(0.3))
    const { params } = model.init(key, [3])
    expect(model.apply(params, zeros([1, 3])).shape).toEqual([1, 2])
    expect(errorOf(() => model.apply(params, zeros([1, 3]), { train: true }))).toMatch(
      /ValueError: dropout: training needs randomness\. Pass \{ train: true, key \}/,
    )
    expect(dropout(0).apply(null, x, { train: true })).toBe(x)
    for (const rate of [1, -0.1, NaN]) expect(errorOf(() => dropout(rate))).toMatch(/\[0, 1\)/)
  })
  it('passes the gradient of what it keeps, scaled alike', () => {
    const y = dropout(0.75).apply(null, x, train)
    expect(numbers(grad((a: Tensor) => sum(dropout(0.75).apply(null, a, train)))(x))).toEqual(numbers(y))
  })
  it('differs from step to step under jit when the key does', () => {
    const f = jit((k: typeof key) => dropout(0.5).apply(null, x, { train: true, key: k }))
    const [a, b] = random.split(key)
    expect(zerosOf(f(a))).not.toBe(zerosOf(f(b)))
  })
})

describe('shapes that do not fit are refused by name', () => {
  const ids = array([0, 1], { dtype: 'int32' })
  const cases: readonly (readonly [what: string, call: () => unknown, message: RegExp])[] = [
    ['dense on a scalar', () => dense(3).init(key, []), /ShapeError: dense\(3\): needs examples of shape \[\.\.\., in\], got \[\]/],
    [
      'convolution of one image',
      () => conv2d(3, 3).apply(conv2d(3, 3).init(key, [5, 5, 1]).params, zeros([5, 5, 1])),
      /ShapeError: conv2d\(3\): needs images \[n, h, w, c\], got \[5, 5, 1\]\. .*expandDims/,
    ],
    [
      'convolution on vectors',
      () => conv2d(3, 3).init(key, [5]),
      /ShapeError: conv2d\(3\): needs examples of shape \[h, w, c\], got \[5\]/,
    ],
    ['pooling on vectors', () => maxPool2d(2).init(key, [5]), /ShapeError: maxPool2d: needs examples/],
    [
      'mean squared error that would broadcast',
      () => meanSquaredError(zeros([4, 1]), zeros([4])),
      /ShapeError: meanSquaredError: predictions \[4, 1\] and targets \[4\] need the same shape/,
    ],
    ['divergence that would broadcast', () => klDivergence(zeros([4, 2]), zeros([2])), /ShapeError: klDivergence: q \[4, 2\] and p \[2\]/],
    [
      'weights that would broadcast',
      () => softmaxCrossEntropy(zeros([2, 3]), ids, { weights: ones([2, 1]) }),
      /ShapeError: softmaxCrossEntropy: weights \[2, 1\] must have the leading axes of the losses \[2\]/,
    ],
    [
      'labels of another number',
      () => softmaxCrossEntropy(zeros([3, 3]), ids),
      /ShapeError: softmaxCrossEntropy: logits \[3, 3\] need class ids of shape \[3\], got int32\[2\]/,
    ],
    [
      'accuracy that would broadcast',
      () => accuracy(zeros([2, 3]), ids.reshape([2, 1])),
      /ShapeError: accuracy: logits \[2, 3\] need class ids of shape \[2\], got \[2, 1\]/,
    ],
  ]
  for (const [what, call, message] of cases) it(what, () => expect(errorOf(call)).toMatch(message))
})

describe('losses at their edges', () => {
  it('the divergence from a distribution with zeros has finite gradients where the truth has them too', () => {
    const p = array([1, 0])
    expect(numbers(grad((q: Tensor) => klDivergence(q, p))(array([1, 0])))).toEqual([-1, 0])
    expect(klDivergence(array([0, 1]), p).item()).toBe(Infinity)
  })
  it('cross-entropy of class ids accepts logits of -Infinity for other classes', () => {
    expect(softmaxCrossEntropy(array([[0, -Infinity]]), array([0], { dtype: 'int32' })).item()).toBe(0)
  })
  it('cross-entropy has any number of leading axes', () => {
    const logits = random.normal(key, [2, 3, 4])
    expect(softmaxCrossEntropy(logits, zeros([2, 3], { dtype: 'int32' }), { reduction: 'none' }).shape).toEqual([2, 3])
  })
  it('an empty batch has a shape', () => {
    expect(flatten(zeros([0, 2, 3])).shape).toEqual([0, 6])
    expect(dense(2).apply(dense(2).init(key, [6]).params, zeros([0, 6])).shape).toEqual([0, 2])
  })
})
