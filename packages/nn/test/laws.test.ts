/** The laws of the testing kit for layers, activations and losses: derivatives, vmap, jit, on the reference and the cpu backend. */
import fc from 'fast-check'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { type Tensor, init, random } from '@cotangent/core'
import { type InputSpec, type OpEntry, checkOperation } from '@cotangent/core/testing'
import {
  avgPool2d,
  conv2d,
  dense,
  dropout,
  klDivergence,
  logSoftmax,
  maxPool2d,
  meanSquaredError,
  relu,
  sigmoid,
  softmax,
  softmaxCrossEntropy,
  softplus,
  tanh,
} from '@cotangent/nn'
import { entry, float, small, unary } from './support/entries.ts'

const classIds = (n: number, classes: number): InputSpec => ({ shape: [n], dtype: 'int32', range: [0, classes - 1] })
const strides = fc.constantFrom<1 | 2>(1, 2),
  padding = fc.constantFrom<'SAME' | 'VALID'>('SAME', 'VALID')

const logits = fc.record({ n: small, classes: fc.integer({ min: 2, max: 5 }) })
const images = fc.record({
  n: small,
  h: fc.integer({ min: 3, max: 5 }),
  w: fc.integer({ min: 3, max: 5 }),
  c: fc.integer({ min: 1, max: 2 }),
  strides,
  padding,
})
const piecewise = { secondOrder: 'piecewise linear' }

const entries: Readonly<Record<string, OpEntry>> = {
  relu: { ...unary(relu), ...piecewise },
  sigmoid: unary(sigmoid),
  tanh: unary(tanh),
  softplus: unary(softplus),
  softmax: unary(x => softmax(x)),
  logSoftmax: unary(x => logSoftmax(x)),
  dense: entry(fc.record({ n: small, from: small, to: small }), ({ n, from, to }) => ({
    inputs: [float([from, to]), float([to]), float([n, from])],
    call: (kernel, bias, x) => dense(to).apply({ kernel: kernel as Tensor, bias: bias as Tensor }, x as Tensor),
  })),
  conv2d: entry(images, ({ n, h, w, c, ...options }) => ({
    inputs: [float([3, 2, c, 2]), float([2]), float([n, h, w, c])],
    call: (kernel, bias, x) => conv2d(2, [3, 2], options).apply({ kernel: kernel as Tensor, bias: bias as Tensor }, x as Tensor),
  })),
  maxPool2d: entry(
    images,
    ({ n, h, w, c, ...options }) => ({ inputs: [float([n, h, w, c])], call: x => maxPool2d(2, options).apply(null, x as Tensor) }),
    piecewise,
  ),
  avgPool2d: entry(images, ({ n, h, w, c, ...options }) => ({
    inputs: [float([n, h, w, c])],
    call: x => avgPool2d([2, 3], options).apply(null, x as Tensor),
  })),
  dropout: entry(
    logits,
    ({ n, classes }) => ({
      inputs: [float([n, classes])],
      call: x => dropout(0.4).apply(null, x as Tensor, { train: true, key: random.key(1) }),
    }),
    { batched: 'a batch draws one mask for all examples' },
  ),
  softmaxCrossEntropy: entry(logits, ({ n, classes }) => ({
    inputs: [float([n, classes]), classIds(n, classes), float([n], [0.1, 1])],
    call: (z, ids, weights) => softmaxCrossEntropy(z as Tensor, ids as Tensor, { weights: weights as Tensor }),
  })),
  'softmaxCrossEntropy of distributions': entry(logits, ({ n, classes }) => ({
    inputs: [float([n, classes]), float([n, classes], [0.1, 1])],
    call: (z, p) => softmaxCrossEntropy(z as Tensor, p as Tensor),
  })),
  meanSquaredError: entry(logits, ({ n, classes }) => ({
    inputs: [float([n, classes]), float([n, classes])],
    call: (a, b) => meanSquaredError(a as Tensor, b as Tensor),
  })),
  klDivergence: entry(logits, ({ n, classes }) => ({
    inputs: [float([n, classes], [0.1, 1]), float([n, classes], [0.1, 1])],
    call: (q, p) => klDivergence(q as Tensor, p as Tensor),
  })),
}

describe.each(['reference', 'cpu'] as const)('on %s', name => {
  let dispose: () => void | Promise<void> = () => {}
  beforeAll(async () => {
    const { backend } = await init({ backend: name, threads: 2 })
    dispose = () => backend.dispose()
  })
  afterAll(() => dispose())
  for (const [operation, e] of Object.entries(entries)) it(operation, () => checkOperation(operation, e, { runs: 8 }))
})
