/** Layers and activations against PyTorch's answers (fixtures/layers.json, written by tools/fixtures-nn-layers.py): values and all gradients. */
import { describe, expect, it } from 'vitest'
import { type Shape, type Tensor, array, init, random, tree, vjp } from '@cotangent/core'
import * as nn from '@cotangent/nn'
import { close, readFixtures, values } from './support/fixtures.ts'

await init({ backend: 'reference' })

interface Case {
  readonly inputs: readonly (readonly number[])[]
  readonly shape: Shape
  readonly output: number[]
  readonly byInput: readonly number[][]
  readonly byParameter: readonly number[][]
  readonly statistics?: readonly [mean: number[], variance: number[]]
}
type Activations = Readonly<Record<string, readonly [value: number[], gradient: number[]]>> & { readonly x: number[] }
const fixtures = readFixtures<Readonly<Record<string, Case>> & { readonly origin: string; readonly activations: Activations }>(
  'layers.json',
)

/** A layer whose inputs are one tensor, or several. */
type Any = nn.Layer<unknown, unknown, unknown>
interface Subject {
  readonly layer: Any
  readonly mode?: nn.Mode
  readonly state?: unknown
  /** The shape of one example where the layer has no tensor to differentiate by. */
  readonly ids?: Tensor
}
// The table holds layers of all parameters.
const subject = (layer: unknown, more: Omit<Subject, 'layer'> = {}): Subject => ({ layer: layer as Any, ...more })
const mask = array([
  [true, true, true],
  [true, true, false],
])
const lengths = nn.sequenceMask(array([4, 2], { dtype: 'int32' }), 4)
const postNorm = { heads: 2, preNorm: false, feedForward: nn.feedForward(6, { activation: nn.relu }) }
const exact = (x: Tensor): Tensor => nn.gelu(x, { approximate: false })

const subjects: Readonly<Record<string, Subject>> = {
  conv1d: subject(nn.conv1d(2, 3, { strides: 2 })),
  'conv1d causal': subject(nn.conv1d(2, 3, { padding: 'CAUSAL', dilation: 2 })),
  'conv2d dilation': subject(nn.conv2d(2, [3, 2], { padding: 'VALID', dilation: 2 })),
  'conv2d groups': subject(nn.conv2d(6, 3, { strides: [2, 1], groups: 2 })),
  conv3d: subject(nn.conv3d(2, [2, 3, 2], { strides: [1, 2, 1] })),
  conv1dTranspose: subject(nn.conv1dTranspose(2, 3, { strides: 2 })),
  conv2dTranspose: subject(nn.conv2dTranspose(3, [3, 2], { strides: [2, 3] })),
  'conv2dTranspose valid': subject(nn.conv2dTranspose(2, [3, 2], { strides: [2, 1], padding: 'VALID' })),
  conv3dTranspose: subject(nn.conv3dTranspose(2, [2, 2, 3], { strides: [1, 2, 2] })),
  depthwiseConv2d: subject(nn.depthwiseConv2d([3, 2], { strides: [2, 1], multiplier: 2 })),
  depthwiseConv1d: subject(nn.depthwiseConv1d(3, { multiplier: 2 })),
  separableConv1d: subject(nn.separableConv1d(3, 3)),
  separableConv2d: subject(nn.separableConv2d(3, 3, { multiplier: 2 })),
  maxPool1d: subject(nn.maxPool1d(3, { strides: 2, padding: 'SAME' })),
  avgPool1d: subject(nn.avgPool1d(3, { strides: 2, padding: 'SAME' })),
  maxPool3d: subject(nn.maxPool3d([2, 3, 2], { strides: [2, 1, 1], padding: 'SAME' })),
  avgPool3d: subject(nn.avgPool3d([2, 3, 2], { strides: [2, 1, 1], padding: 'SAME' })),
  adaptiveMaxPool1d: subject(nn.adaptiveMaxPool1d(3)),
  adaptiveAvgPool1d: subject(nn.adaptiveAvgPool1d(3)),
  adaptiveMaxPool2d: subject(nn.adaptiveMaxPool2d([3, 4])),
  adaptiveAvgPool2d: subject(nn.adaptiveAvgPool2d([3, 4])),
  adaptiveMaxPool3d: subject(nn.adaptiveMaxPool3d([2, 2, 3])),
  adaptiveAvgPool3d: subject(nn.adaptiveAvgPool3d([2, 2, 3])),
  layerNorm: subject(nn.layerNorm()),
  rmsNorm: subject(nn.rmsNorm()),
  groupNorm: subject(nn.groupNorm(2)),
  instanceNorm: subject(nn.instanceNorm()),
  batchNorm: subject(nn.batchNorm(), {
    state: {
      mean: values([4], 60),
      variance: values([4], 61)
        .mul(values([4], 61))
        .pow(0.5),
    },
  }),
  'batchNorm train': subject(nn.batchNorm({ momentum: 0.9 }), {
    mode: { train: true },
    state: {
      mean: values([4], 60),
      variance: values([4], 61)
        .mul(values([4], 61))
        .pow(0.5),
    },
  }),
  rnn: subject(nn.rnn(2)),
  lstm: subject(nn.lstm(2)),
  gru: subject(nn.gru(2)),
  'lstm masked': subject(nn.lstm(2), { mode: { mask: lengths } }),
  'bidirectional masked': subject(nn.bidirectional(nn.lstmCell(2)), { mode: { mask: lengths } }),
  stacked: subject(nn.recurrent(nn.stackedCell(nn.lstmCell(2), nn.lstmCell(2)))),
  multiHeadAttention: subject(nn.multiHeadAttention(2, { causal: true }), { mode: { mask } }),
  crossAttention: subject(nn.crossAttention(2)),
  groupedQueries: subject(nn.multiHeadAttention(4, { groups: 2, headWidth: 2 })),
  transformerBlock: subject(nn.transformerBlock({ heads: 2, feedForward: nn.feedForward(6, { activation: exact }) })),
  'transformerBlock postNorm': subject(nn.transformerBlock(postNorm)),
  decoderBlock: subject(nn.decoderBlock({ ...postNorm, preNorm: true })),
  gatedFeedForward: subject(nn.gatedFeedForward(6)),
  prelu: subject(nn.prelu()),
  patchEmbedding: subject(nn.patchEmbedding(2, 3)),
  embedding: subject(nn.embedding(5, 3), {
    ids: array(
      [
        [4, 0],
        [2, 4],
      ],
      { dtype: 'int32' },
    ),
  }),
}

/** What the case's inputs are for the layer: cross-attention gets a tuple, with the mask of the memory that the fixture has. */
function inputOf(name: string, tensors: readonly Tensor[], ids: Tensor | undefined): unknown {
  if (ids !== undefined) return ids
  if (name === 'crossAttention') return [...tensors, mask]
  return tensors.length === 1 ? tensors[0] : tensors
}

describe(`layers as ${fixtures.origin}`, () => {
  for (const [name, { layer, mode = {}, state, ids }] of Object.entries(subjects)) {
    it(name, () => {
      const wanted = fixtures[name] as Case
      const shape = (ids?.shape ?? (wanted.inputs[0] as Shape)).slice(1)
      const made = layer.init(random.key(0), shape)
      expect(made.output).toEqual(wanted.shape.slice(1))
      const { structure, leaves } = tree.flatten(made.params)
      const params = leaves.map((t, i) => values(t.shape, 20 + i)),
        inputs = wanted.inputs.map((s, i) => values(s, 1 + i))
      const run = (p: readonly Tensor[], xs: readonly Tensor[]) =>
        layer.step(tree.unflatten(structure, p), state ?? made.state, inputOf(name, xs, ids), mode)
      const [y, pullback] = vjp((p: readonly Tensor[], xs: readonly Tensor[]) => run(p, xs)[0] as Tensor, params, inputs)
      expect(y.shape).toEqual(wanted.shape)
      close(y, wanted.output, 4e-6, 'output')
      const [byParameter, byInput] = pullback(values(wanted.shape, 90))
      const paths = tree.paths(made.params)
      byInput.forEach((g, i) => close(g, wanted.byInput[i] as number[], 1e-5, `gradient by input ${i}`))
      byParameter.forEach((g, i) => close(g, wanted.byParameter[i] as number[], 1e-5, `gradient by ${paths[i]}`))
      if (wanted.statistics === undefined) return
      const next = run(params, inputs)[1] as nn.BatchStatistics
      close(next.mean, wanted.statistics[0])
      close(next.variance, wanted.statistics[1])
    })
  }
  it('every case of the file has its layer', () => {
    const { origin: _o, activations: _a, ...cases } = fixtures
    expect(Object.keys(subjects).sort()).toEqual(Object.keys(cases).sort())
  })
})

describe(`activations as ${fixtures.origin}`, () => {
  const { x, ...wanted } = fixtures.activations
  const special: Readonly<Record<string, (x: Tensor) => Tensor>> = {
    geluExact: exact,
    glu: v => nn.glu(v, { axis: 0 }),
    log1mexp: v => nn.log1mexp(v.mul(v).pow(0.5).add(0.1)),
  }
  const functions = nn as unknown as typeof special
  for (const [name, [value, gradient]] of Object.entries(wanted)) {
    it(name, () => {
      const f = (special[name] ?? functions[name]) as (x: Tensor) => Tensor
      const [y, pullback] = vjp((v: Tensor) => f(v), array(x))
      close(y, value)
      const [g] = pullback(name === 'standardize' ? values([8], 90) : y.mul(0).add(1))
      close(g, gradient, 4e-6)
    })
  }
})
