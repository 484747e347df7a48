/** Convolutions in JAX's terms: layouts by name, strides, paddings, dilations, groups. */
import { fail, inNameOf } from '../errors.ts'
import { checkOptions } from '../options.ts'
import { promoteOperands } from '../primitives/cast.ts'
import { convolveP, dilatedSize } from '../primitives/convolve.ts'
import { reshape } from '../primitives/reshape.ts'
import { flip } from '../primitives/reverse.ts'
import { swapaxes } from '../primitives/transpose.ts'
import { bind1 } from '../program/bind.ts'
import { checkIntegers, showShape } from '../shape.ts'
import type { Tensor, TensorLike } from '../tensor.ts'

/** `SAME`: as many results as steps of the stride, zeros on both sides (more at the end); `SAME_LOWER`: more at the start; `VALID`: no padding. */
export type Padding = 'SAME' | 'SAME_LOWER' | 'VALID' | readonly (readonly [low: number, high: number])[]

/**
 * Layouts of lhs, rhs and the result, one letter an axis: N batch, C channels (features), O and I the output and input channels of the kernel, and
 * any other letter a spatial axis. `['NHWC', 'HWIO', 'NHWC']`.
 */
export type ConvDimensionNumbers = readonly [lhs: string, rhs: string, out: string]

export interface ConvOptions {
  /** Steps between neighbours of lhs, with zeros in between (a transposed convolution). Default 1. */
  readonly lhsDilation?: readonly number[]
  /** Steps between taps of the kernel. Default 1. */
  readonly rhsDilation?: readonly number[]
  /** Default: channels first, `['NCHW', 'OIHW', 'NCHW']` for two spatial axes, as JAX. */
  readonly dimensionNumbers?: ConvDimensionNumbers
  /** Channels are convolved in this many separate groups. Default 1. */
  readonly featureGroupCount?: number
  /** The batch is split in this many groups, each with its part of the kernel's output channels. Default 1. */
  readonly batchGroupCount?: number
}

const where = 'convGeneralDilated'
const bad = (what: string): never => fail('ShapeError', `${where}: ${what}`)

/** Labels of `convolveP`, before groups: n, c, o, and a digit for each spatial axis in the kernel's order. */
function labelsOf(
  dimensionNumbers: ConvDimensionNumbers,
  ndim: number,
): { readonly lhs: string; readonly rhs: string; readonly out: string } {
  const [lhs, rhs, out] = dimensionNumbers
  const spatial = Array.from(rhs).filter(c => c !== 'O' && c !== 'I')
  const translate = (spec: string, names: Record<string, string>): string => {
    const labels = Array.from(spec, c => names[c] ?? (spatial.includes(c) ? String(spatial.indexOf(c)) : '?'))
    if (labels.includes('?') || new Set(labels).size !== ndim || labels.length !== ndim)
      bad(
        `dimension numbers [${dimensionNumbers.join(', ')}] do not describe ${ndim} axes: each layout needs its two letters (N and C, or O and I) and the same ${ndim - 2} spatial letters, once each.`,
      )
    return labels.join('')
  }
  return { lhs: translate(lhs, { N: 'n', C: 'c' }), rhs: translate(rhs, { O: 'o', I: 'c' }), out: translate(out, { N: 'n', C: 'o' }) }
}

const channelsFirst = (spatial: number): ConvDimensionNumbers => {
  const letters = Array.from({ length: spatial }, (_, k) => String(k)).join('')
  return [`NC${letters}`, `OI${letters}`, `NC${letters}`]
}

/** Splits the axis `label` of `x` in `count` groups: label `g` in front of it. */
function splitGroups(x: Tensor, labels: string, label: string, count: number): readonly [Tensor, string] {
  const axis = labels.indexOf(label),
    n = x.shape[axis] as number
  return [
    reshape(x, [...x.shape.slice(0, axis), count, n / count, ...x.shape.slice(axis + 1)]),
    `${labels.slice(0, axis)}g${labels.slice(axis)}`,
  ]
}

/**
 * General convolution in any number of spatial dimensions (JAX: `lax.conv_general_dilated`; the kernel is not flipped).
 *
 * Backends may compute large convolutions with small windows, and their gradients, in Winograd's form, as other libraries do. An infinite or NaN
 * element then makes results up to a few places beside its window NaN too, and results that would be infinite are NaN;
 * magnitudes beyond 1e36 may overflow.
 *
 * @example convGeneralDilated(images, kernels, [1, 1], 'SAME', { dimensionNumbers: ['NHWC', 'HWIO', 'NHWC'] })
 */
export function convGeneralDilated(
  lhs: TensorLike,
  rhs: TensorLike,
  windowStrides: readonly number[],
  padding: Padding,
  options: ConvOptions = {},
): Tensor {
  checkOptions('convGeneralDilated', options, 'lhsDilation', 'rhsDilation', 'dimensionNumbers', 'featureGroupCount', 'batchGroupCount')
  const [x, w] = promoteOperands(where, lhs, rhs) as readonly [Tensor, Tensor]
  const spatial = x.ndim - 2
  if (spatial < 0 || w.ndim !== x.ndim)
    bad(`lhs and rhs need the same rank, at least 2, got shapes ${showShape(x.shape)} and ${showShape(w.shape)}.`)
  const ones = new Array<number>(spatial).fill(1)
  const { lhsDilation = ones, rhsDilation = ones, featureGroupCount = 1, batchGroupCount = 1 } = options
  checkSteps('windowStrides', windowStrides, spatial)
  checkSteps('lhsDilation', lhsDilation, spatial)
  checkSteps('rhsDilation', rhsDilation, spatial)
  const labels = labelsOf(options.dimensionNumbers ?? channelsFirst(spatial), x.ndim)
  checkChannels(x, w, labels, featureGroupCount, batchGroupCount)
  const size = (t: Tensor, spec: string): number[] => ones.map((_, k) => t.shape[spec.indexOf(String(k))] as number)
  if (typeof padding === 'string' && lhsDilation.some(d => d !== 1))
    fail('ValueError', `${where}: padding '${padding}' has no meaning with lhsDilation. Use convTranspose, or give pairs [low, high].`)
  const windows = size(w, labels.rhs).map((n, k) => dilatedSize(n, rhsDilation[k] as number))
  const pads = resolvePadding(where, padding, size(x, labels.lhs), windows, windowStrides)
  const params = { strides: windowStrides, padding: pads, lhsDilation, rhsDilation }
  if (featureGroupCount * batchGroupCount === 1) return bind1(convolveP, [x, w], { ...labels, ...params })

  const groups = featureGroupCount * batchGroupCount
  const [xs, lhsLabels] = splitGroups(x, labels.lhs, featureGroupCount > 1 ? 'c' : 'n', groups)
  const [ws, rhsLabels] = splitGroups(w, labels.rhs, 'o', groups)
  const y = bind1(convolveP, [xs, ws], { ...params, lhs: lhsLabels, rhs: rhsLabels, out: labels.out.replace('o', 'go') })
  const channel = labels.out.indexOf('o')
  return reshape(y, [
    ...y.shape.slice(0, channel),
    (y.shape[channel] as number) * (y.shape[channel + 1] as number),
    ...y.shape.slice(channel + 2),
  ])
}

function checkSteps(name: string, steps: readonly number[], spatial: number): void {
  if (!Array.isArray(steps)) checkIntegers(where, name, steps)
  if (steps.length !== spatial || steps.some(s => !Number.isInteger(s) || s < 1))
    fail('ValueError', `${where}: ${name} must be ${spatial} positive integers, one a spatial axis, got [${steps.join(', ')}].`)
}

function checkChannels(
  x: Tensor,
  w: Tensor,
  labels: { readonly lhs: string; readonly rhs: string },
  features: number,
  batches: number,
): void {
  const n = x.shape[labels.lhs.indexOf('n')] as number,
    c = x.shape[labels.lhs.indexOf('c')] as number
  const i = w.shape[labels.rhs.indexOf('c')] as number,
    o = w.shape[labels.rhs.indexOf('o')] as number
  const shapes = `lhs ${showShape(x.shape)} (${labels.lhs}), rhs ${showShape(w.shape)} (${labels.rhs})`
  for (const [name, count] of [
    ['featureGroupCount', features],
    ['batchGroupCount', batches],
  ] as const)
    if (!Number.isInteger(count) || count < 1) fail('ValueError', `${where}: ${name} must be a positive integer, got ${count}.`)
  if (features > 1 && batches > 1) fail('ValueError', `${where}: featureGroupCount and batchGroupCount cannot both be above 1.`)
  if (c !== i * features)
    bad(
      `lhs has ${c} channels, but the kernel has ${i} input channels for ${features} group${features === 1 ? '' : 's'}: ${shapes}. They must be equal (times the number of groups).`,
    )
  if (o % (features * batches) !== 0) bad(`the kernel's ${o} output channels do not divide into ${features * batches} groups: ${shapes}.`)
  if (n % batches !== 0) bad(`the batch of ${n} does not divide into ${batches} groups: ${shapes}.`)
}

/** Paddings as pairs. `windows` are sizes with dilation. Source of SAME: jax.lax.padtype_to_pads. */
export function resolvePadding(
  caller: string,
  padding: Padding,
  sizes: readonly number[],
  windows: readonly number[],
  strides: readonly number[],
): readonly (readonly [number, number])[] {
  if (typeof padding !== 'string') {
    if (padding.length !== sizes.length || padding.some(p => p.length !== 2 || !p.every(Number.isInteger)))
      fail(
        'ShapeError',
        `${caller}: padding must be 'SAME', 'SAME_LOWER', 'VALID' or ${sizes.length} pairs [low, high] of integers, got ${JSON.stringify(padding)}.`,
      )
    return padding
  }
  switch (padding) {
    case 'VALID':
      return sizes.map(() => [0, 0])
    case 'SAME':
    case 'SAME_LOWER':
      return sizes.map((n, k) => {
        const stride = strides[k] as number
        const total = Math.max(0, (Math.ceil(n / stride) - 1) * stride + (windows[k] as number) - n)
        const less = Math.floor(total / 2)
        return padding === 'SAME' ? [less, total - less] : [total - less, less]
      })
    default:
      return fail('ValueError', `${caller}: unknown padding '${String(padding)}'. Use 'SAME', 'SAME_LOWER', 'VALID' or pairs [low, high].`)
  }
}

export interface ConvTransposeOptions {
  readonly rhsDilation?: readonly number[]
  /** Default: channels last, `['NHWC', 'HWIO', 'NHWC']` for two spatial axes, as JAX. */
  readonly dimensionNumbers?: ConvDimensionNumbers
  /** Flips the kernel's spatial axes and exchanges its channels first: the gradient of the forward convolution with this kernel. Default false. */
  readonly transposeKernel?: boolean
}

/**
 * Transposed ("fractionally strided") convolution: upsamples by `strides`. `SAME` gives n * stride results along an axis, `VALID` the largest number.
 * JAX: `lax.conv_transpose`.
 */
export function convTranspose(
  lhs: TensorLike,
  rhs: TensorLike,
  strides: readonly number[],
  padding: Padding,
  options: ConvTransposeOptions = {},
): Tensor {
  return inNameOf('convTranspose', () => {
    checkIntegers('convTranspose', 'strides', strides)
    checkOptions('convTranspose', options, 'rhsDilation', 'dimensionNumbers', 'transposeKernel')
    const [x, w] = promoteOperands('convTranspose', lhs, rhs) as readonly [Tensor, Tensor]
    if (strides.length !== x.ndim - 2 || strides.some(s => s < 1))
      fail('ValueError', `convTranspose: strides must be ${x.ndim - 2} positive integers, one a spatial axis, got [${strides.join(', ')}].`)
    const spatial = strides.length,
      ones = new Array<number>(spatial).fill(1)
    const { rhsDilation = ones, transposeKernel = false } = options
    const letters = 'HWD'.slice(0, spatial)
    const dimensionNumbers = options.dimensionNumbers ?? ([`N${letters}C`, `${letters}IO`, `N${letters}C`] as const)
    const axes = Array.from(dimensionNumbers[1]).flatMap((c, k) => (c === 'I' || c === 'O' ? [] : [k]))
    const pads =
      typeof padding !== 'string'
        ? padding
        : axes.map((axis, k) =>
            transposePadding(dilatedSize(w.shape[axis] as number, rhsDilation[k] as number), strides[k] as number, padding),
          )
    const kernel = transposeKernel
      ? swapaxes(flip(w, { axis: axes }), dimensionNumbers[1].indexOf('I'), dimensionNumbers[1].indexOf('O'))
      : w
    return convGeneralDilated(x, kernel, ones, pads, { lhsDilation: strides, rhsDilation, dimensionNumbers })
  })
}

/** Source: jax.lax._conv_transpose_padding. */
function transposePadding(window: number, stride: number, padding: 'SAME' | 'SAME_LOWER' | 'VALID'): readonly [number, number] {
  if (padding === 'SAME_LOWER') fail('ValueError', `convTranspose: padding must be 'SAME', 'VALID' or pairs [low, high], got 'SAME_LOWER'.`)
  const same = window + stride - 2
  const total = padding === 'SAME' ? same : same + Math.max(window - stride, 0)
  const low = padding === 'VALID' || stride > window - 1 ? window - 1 : Math.ceil(total / 2)
  return [low, total - low]
}
