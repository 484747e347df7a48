/** The layers of fixtures/layers.json, and the check of one of them on the backend that is current. */
import { expect } from 'vitest'
import { type DType, type Shape, type Tensor, abs, array, jit, random, tree, vjp } from '@cotangent/core'
import * as nn from '@cotangent/nn'
import { close, values } from './numbers.ts'

/** tools/fixtures-nn-layers.py explains it. */
export interface LayerCase {
  readonly inputs: readonly (readonly number[])[]
  readonly shape: Shape
  readonly output: number[]
  readonly byInput: readonly number[][]
  readonly byParameter: readonly number[][]
  readonly statistics?: readonly [mean: number[], variance: number[]]
}

/** A layer whose inputs are one tensor, or several. */
type Any = nn.Layer<unknown, unknown, unknown>
/** Tensors are made when a backend is there. */
interface Subject {
  readonly layer: Any
  readonly mode?: () => nn.Mode
  readonly state?: () => unknown
  /** Where the layer has no tensor to differentiate by. */
  readonly ids?: () => Tensor
}
// The table holds layers of all parameters.
const subject = (layer: unknown, more: Omit<Subject, 'layer'> = {}): Subject => ({ layer: layer as Any, ...more })
const mask = (): Tensor =>
  array([
    [true, true, true],
    [true, true, false],
  ])
const lengths = (): Tensor => nn.sequenceMask(array([4, 2], { dtype: 'int32' }), 4)
const statistics = (): nn.BatchStatistics => ({ mean: values([4], 60), variance: abs(values([4], 61)) })
const preNorm = { heads: 2, feedForward: nn.feedForward(6, { activation: nn.relu }) }
export const exactGelu = (x: Tensor): Tensor => nn.gelu(x, { approximate: false })

export const layerSubjects: Readonly<Record<string, Subject>> = {
  dense: subject(nn.dense(3)),
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
  maxPool2d: subject(nn.maxPool2d([3, 2], { strides: 2, padding: 'SAME' })),
  avgPool2d: subject(nn.avgPool2d([3, 2], { strides: 2, padding: 'SAME' })),
  maxPool3d: subject(nn.maxPool3d([2, 3, 2], { strides: [2, 1, 1], padding: 'SAME' })),
  avgPool3d: subject(nn.avgPool3d([2, 3, 2], { strides: [2, 1, 1], padding: 'SAME' })),
  globalMaxPool: subject(nn.globalMaxPool()),
  globalAvgPool: subject(nn.globalAvgPool()),
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
    state: statistics,
  }),
  'batchNorm train': subject(nn.batchNorm({ momentum: 0.9 }), {
    mode: () => ({ train: true }),
    state: statistics,
  }),
  rnn: subject(nn.rnn(2)),
  lstm: subject(nn.lstm(2)),
  gru: subject(nn.gru(2)),
  'lstm masked': subject(nn.lstm(2), { mode: () => ({ mask: lengths() }) }),
  'bidirectional masked': subject(nn.bidirectional(nn.lstmCell(2)), { mode: () => ({ mask: lengths() }) }),
  stacked: subject(nn.recurrent(nn.stackedCell(nn.lstmCell(2), nn.lstmCell(2)))),
  multiHeadAttention: subject(nn.multiHeadAttention(2, { causal: true }), { mode: () => ({ mask: mask() }) }),
  crossAttention: subject(nn.crossAttention(2)),
  groupedQueries: subject(nn.multiHeadAttention(4, { groups: 2, headWidth: 2 })),
  transformerBlock: subject(nn.transformerBlock({ heads: 2, feedForward: nn.feedForward(6, { activation: exactGelu }) })),
  'transformerBlock postNorm': subject(nn.transformerBlock({ ...preNorm, preNorm: false })),
  decoderBlock: subject(nn.decoderBlock(preNorm)),
  transformerEncoder: subject(nn.transformerEncoder(2, { ...preNorm, causal: true })),
  transformerDecoder: subject(nn.transformerDecoder(2, preNorm)),
  feedForward: subject(nn.feedForward(6)),
  gatedFeedForward: subject(nn.gatedFeedForward(6)),
  prelu: subject(nn.prelu()),
  upsample: subject(nn.serial(nn.upsample([2, 3]))),
  'upsample linear': subject(nn.serial(nn.upsample(2, { method: 'linear' }))),
  'resize smaller': subject(nn.serial(nn.resize([3, 2], { method: 'linear' }))),
  zeroPad: subject(nn.serial(nn.zeroPad([1, [0, 2]]))),
  patchEmbedding: subject(nn.patchEmbedding(2, 3)),
  embedding: subject(nn.embedding(5, 3), {
    ids: () =>
      array(
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
  if (name === 'crossAttention') return [...tensors, mask()]
  return tensors.length === 1 ? tensors[0] : tensors
}

type Tensors = readonly Tensor[]
/** Of parameters and inputs. */
interface Answers {
  readonly y: Tensor
  readonly byParameter: Tensors
  readonly byInput: Tensors
  readonly state: unknown
}
type Run = (params: Tensors, inputs: Tensors, cotangent: Tensor) => Answers

/** The case's layer, parameters and inputs in this dtype (default float32), and what runs it. */
function prepared(name: string, wanted: LayerCase, dtype: DType = 'float32') {
  const { layer, mode, state, ids } = layerSubjects[name] as Subject
  const made = layer.init(random.key(0), (ids?.().shape ?? (wanted.inputs[0] as Shape)).slice(1))
  const { structure, leaves } = tree.flatten(made.params)
  const step = (p: Tensors, xs: Tensors): readonly [unknown, unknown] =>
    layer.step(tree.unflatten(structure, p), state?.() ?? made.state, inputOf(name, xs, ids?.()), mode?.() ?? {})
  const run: Run = (params, inputs, cotangent) => {
    const [output, pullback] = vjp((p: Tensors, xs: Tensors) => step(p, xs)[0] as Tensor, params, inputs)
    const [p, xs] = pullback(cotangent)
    return { y: output, byParameter: p, byInput: xs, state: step(params, inputs)[1] }
  }
  const params = leaves.map((t, i) => values(t.shape, 20 + i).astype(dtype)),
    inputs = wanted.inputs.map((s, i) => values(s, 1 + i).astype(dtype))
  return { made, run, params, inputs, cotangent: values(wanted.shape, 90).astype(dtype) }
}

/** Shapes, output, gradients by inputs and parameters, and the next state; eagerly or compiled. */
export function checkLayer(name: string, wanted: LayerCase, compiled = false): void {
  const { made, run, params, inputs, cotangent } = prepared(name, wanted)
  expect(made.output).toEqual(wanted.shape.slice(1))
  const { y, byParameter, byInput, state } = (compiled ? jit(run) : run)(params, inputs, cotangent),
    paths = tree.paths(made.params)
  expect(y.shape).toEqual(wanted.shape)
  close(y, wanted.output, 4e-6, 'output')
  byInput.forEach((g, i) => close(g, wanted.byInput[i] as number[], 1e-5, `gradient by input ${i}`))
  byParameter.forEach((g, i) => close(g, wanted.byParameter[i] as number[], 1e-5, `gradient by ${paths[i]}`))
  if (wanted.statistics === undefined) return
  const { mean, variance } = state as nn.BatchStatistics
  close(mean, wanted.statistics[0])
  close(variance, wanted.statistics[1])
}

/** Parameters and inputs of 16 bits give results and gradients of 16 bits, about those of float32. */
export function checkNarrowLayer(name: string, wanted: LayerCase, dtype: 'bfloat16' | 'float16'): void {
  const { run, params, inputs, cotangent } = prepared(name, wanted, dtype)
  const { y, byParameter, byInput } = run(params, inputs, cotangent)
  const tolerance = dtype === 'bfloat16' ? 0.06 : 0.008
  const narrow = (t: Tensor, answer: readonly number[], what: string): void => {
    expect(t.dtype, what).toBe(dtype)
    close(t, answer, tolerance, what)
  }
  narrow(y, wanted.output, 'output')
  byInput.forEach((g, i) => narrow(g, wanted.byInput[i] as number[], `gradient by input ${i}`))
  byParameter.forEach((g, i) => narrow(g, wanted.byParameter[i] as number[], `gradient by parameter ${i}`))
}

/** `count` of the cases, which differ from run to run by the seed: for backends that are slow in tests. */
export const inTurn = <T>(cases: Readonly<Record<string, T>>, count: number, seed: number): readonly (readonly [name: string, T])[] => {
  const all = Object.entries(cases)
  return Array.from({ length: count }, (_, i) => all[(seed + Math.floor((i * all.length) / count)) % all.length] as readonly [string, T])
}
