/** The laws of the testing kit for the layers and activations beyond the first ones: derivatives, vmap, jit, on the reference and the cpu backend. */
import fc from 'fast-check'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { type Shape, type Tensor, init, random, tree } from '@cotangent/core'
import { type OpEntry, checkOperation } from '@cotangent/core/testing'
import * as nn from '@cotangent/nn'
import { entry, float, unary } from './support/entries.ts'

const piecewise = { secondOrder: 'piecewise linear' }
const activations: Readonly<Record<string, OpEntry>> = {
  relu6: { ...unary(nn.relu6), ...piecewise },
  leakyRelu: { ...unary(x => nn.leakyRelu(x)), ...piecewise },
  hardTanh: { ...unary(nn.hardTanh), ...piecewise },
  hardSigmoid: { ...unary(nn.hardSigmoid), ...piecewise },
  hardSwish: unary(nn.hardSwish, [-2.5, 2.5]),
  elu: unary(x => nn.elu(x)),
  selu: unary(nn.selu),
  celu: unary(x => nn.celu(x, { alpha: 2 })),
  squareplus: unary(x => nn.squareplus(x)),
  sparsePlus: unary(nn.sparsePlus, [-0.9, 0.9]),
  log1mexp: unary(nn.log1mexp, [0.2, 2]),
  silu: unary(nn.silu),
  gelu: unary(x => nn.gelu(x)),
  'gelu by erf': unary(x => nn.gelu(x, { approximate: false })),
  mish: unary(nn.mish),
  logSigmoid: unary(nn.logSigmoid),
  softSign: unary(nn.softSign, [0.1, 2]),
  standardize: unary(x => nn.standardize(x, { epsilon: 0.1 })),
}

/** A layer applied to its parameters and one input, for a batch of two. The cases differ by their numbers. */
function layerEntry(layer: unknown, shape: Shape, mode: nn.Mode = {}, more: Partial<OpEntry> = {}): OpEntry {
  const any = layer as nn.Layer<unknown, unknown>
  return entry(
    fc.constant(null),
    () => {
      const { params, state } = any.init(random.key(0), shape)
      const { leaves, structure } = tree.flatten(params)
      return {
        inputs: [float([2, ...shape]), ...leaves.map(t => float(t.shape, [-1, 1]))],
        call: (x, ...parts) => any.step(tree.unflatten(structure, parts), state, x as Tensor, mode)[0],
      }
    },
    { runs: 1, accuracy: { ulp: 128, of: 'largest', reason: 'sums of many terms, one after another' }, ...more },
  )
}
const small = { epsilon: 0.1 }
const layers: Readonly<Record<string, OpEntry>> = {
  conv1d: layerEntry(nn.conv1d(2, 3, { padding: 'CAUSAL' }), [4, 2]),
  conv2dTranspose: layerEntry(nn.conv2dTranspose(2, 2, { strides: 2 }), [2, 2, 1]),
  depthwiseConv2d: layerEntry(nn.depthwiseConv2d(2, { multiplier: 2 }), [3, 2, 2]),
  separableConv2d: layerEntry(nn.separableConv2d(2, 2), [2, 2, 2]),
  adaptiveAvgPool2d: layerEntry(nn.adaptiveAvgPool2d([2, 3]), [3, 5, 1]),
  adaptiveMaxPool1d: layerEntry(nn.adaptiveMaxPool1d(2), [5, 1], {}, piecewise),
  layerNorm: layerEntry(nn.layerNorm(small), [2, 3]),
  rmsNorm: layerEntry(nn.rmsNorm(small), [2, 3]),
  groupNorm: layerEntry(nn.groupNorm(2, small), [2, 4]),
  instanceNorm: layerEntry(nn.instanceNorm(small), [3, 2]),
  batchNorm: layerEntry(nn.batchNorm(small), [3, 2], { train: true }),
  rnn: layerEntry(nn.rnn(2), [2, 2]),
  lstm: layerEntry(nn.lstm(1), [2, 2]),
  gru: layerEntry(nn.gru(1), [2, 2]),
  multiHeadAttention: layerEntry(nn.multiHeadAttention(2, { groups: 1, causal: true, rotary: true }), [2, 4]),
  feedForward: layerEntry(nn.feedForward(3), [2]),
  gatedFeedForward: layerEntry(nn.gatedFeedForward(2), [2]),
  prelu: layerEntry(nn.prelu(), [2], {}, piecewise),
}

describe.each(['reference', 'cpu'] as const)('on %s', name => {
  let dispose: () => void | Promise<void> = () => {}
  beforeAll(async () => {
    const { backend } = await init({ backend: name, threads: 2 })
    dispose = () => backend.dispose()
  })
  afterAll(() => dispose())
  for (const [operation, e] of Object.entries({ ...activations, ...layers })) it(operation, () => checkOperation(operation, e, { runs: 2 }))
})
