/**
 * Convolution (without flipping the kernel, as in deep learning), described like an einsum with windows. Each axis of lhs, rhs and the result has a
 * one-character label. Digits are spatial axes, letters work as in einsum: in lhs and rhs but not in the result: summed; in all three: a batch of
 * convolutions (groups are such axes); in lhs or rhs and the result: free. With stride s, padding p, dilations a of lhs and b of rhs:
 *
 *   out[x] = sum over w of lhs[(x s + w b - p) / a] rhs[w]    (terms where the position is no sample of lhs are left out)
 *
 * The form is closed under differentiation: cotangents of lhs and rhs are convolutions with roles and labels exchanged, and a batch axis is one more
 * letter. Source of the paddings: jax.lax.conv_general_dilated.
 */
import { type Aval, aval, showAval } from '../aval.ts'
import { fail } from '../errors.ts'
import { nth } from '../lists.ts'
import type { Guard } from '../lower/kernel.ts'
import { type Index, indexAdd, indexScale, indexShift, type Lowering, type Value } from '../lower/lowering.ts'
import { convolveByTiles } from '../lower/winograd.ts'
import { bind1 } from '../program/bind.ts'
import type { Tensor } from '../tensor.ts'
import { accumulate } from './contract.ts'
import { eachIndex, hostFrom, hostReader, isInside } from './host.ts'
import { bilinearJvp } from './linear.ts'
import { type HostArray, isUnknown, type SimplePrimitive, knownFactor } from './primitive.ts'
import { flip } from './reverse.ts'
import { zerosOf } from './zeros.ts'

export interface ConvolveParams {
  /** Labels of the axes: `n01c`, `01co` and `n01o` are images, kernels and result with channels last. */
  readonly lhs: string
  readonly rhs: string
  readonly out: string
  /** By spatial label: entry k belongs to the digit k. */
  readonly strides: readonly number[]
  readonly padding: readonly (readonly [low: number, high: number])[]
  readonly lhsDilation: readonly number[]
  readonly rhsDilation: readonly number[]
}

type Sizes = ReadonlyMap<string, number>

export const convolveP: SimplePrimitive<ConvolveParams> = {
  name: 'convolve',
  inputs: ['lhs', 'rhs'],
  abstractEval([lhs, rhs], params) {
    const x = lhs as Aval,
      w = rhs as Aval
    if (x.dtype !== w.dtype)
      fail(
        'DTypeError',
        `convGeneralDilated: operands have different dtypes: lhs ${showAval(x)}, rhs ${showAval(w)}. Convert one with astype.`,
      )
    if (x.dtype === 'bool') fail('DTypeError', `convGeneralDilated: needs numbers, got bool. Convert with astype('float32').`)
    const sizes = outputSizes(x, w, params)
    return [
      aval(
        Array.from(params.out, c => sizes.get(c) as number),
        x.dtype,
        x.weak && w.weak,
      ),
    ]
  },
  jvp: (primals, tangents, _, params) => [bilinearJvp(convolveP, primals, tangents, params)],
  transpose([ct], [lhs, rhs], params) {
    const x = lhs as Tensor,
      w = rhs as Tensor,
      g = ct as Tensor
    return isUnknown(x)
      ? [cotangentOfLhs(g, x.aval, knownFactor('convolve', w), params), null]
      : [null, cotangentOfRhs(g, x, w.aval, params)]
  },
  batch([lhs, rhs], [i = null, j = null], _, params) {
    const letter = unusedLetter(params)
    const insert = (labels: string, at: number | null): string => (at === null ? labels : labels.slice(0, at) + letter + labels.slice(at))
    const p = { ...params, lhs: insert(params.lhs, i), rhs: insert(params.rhs, j), out: insert(params.out, 0) }
    return { outputs: [bind1(convolveP, [lhs as Tensor, rhs as Tensor], p)], axes: [0] }
  },
  lower: (l, [lhs, rhs], params, [out]) => [lowerConvolve(l, lhs as Value, rhs as Value, params, out as Aval)],
  rewrite: convolveByTiles,
  evaluate([lhs, rhs], params, [out]) {
    const x = lhs as HostArray,
      w = rhs as HostArray,
      o = out as Aval
    const readX = hostReader(x),
      readW = hostReader(w),
      wSizes = sizesOf(w.aval, params.rhs),
      summed = summedLabels(params)
    return [
      hostFrom(o, index => {
        let sum = 0
        eachIndex(
          Array.from(summed, c => wSizes.get(c) as number),
          r => {
            const at = (c: string): number => r[summed.indexOf(c)] ?? (index[params.out.indexOf(c)] as number)
            const position = hostPosition(x.aval, params, index, at)
            if (position !== null) sum = accumulate(sum, readX(position), readW(Array.from(params.rhs, at)), o.dtype)
          },
        )
        return sum
      }),
    ]
  },
}

/** Where result `index` and the position `at` of each summed label meet lhs; null: not at a sample. For the oracle. */
function hostPosition(x: Aval, p: ConvolveParams, index: readonly number[], at: (label: string) => number): number[] | null {
  const position = Array.from(p.lhs, c => {
    const k = Number(c)
    return isSpatial(c)
      ? ((index[p.out.indexOf(c)] as number) * nth(p.strides, k) + at(c) * nth(p.rhsDilation, k) - nth(p.padding, k)[0]) /
          nth(p.lhsDilation, k)
      : at(c)
  })
  return position.every(Number.isInteger) && isInside(position, x.shape) ? position : null
}

const isSpatial = (label: string): boolean => label >= '0' && label <= '9'
const sizesOf = (a: Aval, labels: string): Sizes => new Map(Array.from(labels, (c, k) => [c, a.shape[k] as number]))
/** Size with `dilation - 1` zeros between neighbours. */
export const dilatedSize = (n: number, dilation: number): number => (n === 0 ? 0 : (n - 1) * dilation + 1)

/** Labels of the sum, spatial ones (the window) included, in the order of lhs: neighbours in memory stay neighbours. */
const summedLabels = (p: ConvolveParams): string =>
  Array.from(p.lhs)
    .filter(c => isSpatial(c) || !p.out.includes(c))
    .join('')

function unusedLetter({ lhs, rhs, out }: ConvolveParams): string {
  const used = lhs + rhs + out
  return (
    Array.from('abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ').find(c => !used.includes(c)) ??
    fail('ValueError', 'convGeneralDilated: more than 52 axes.')
  )
}

function outputSizes(x: Aval, w: Aval, p: ConvolveParams): Sizes {
  const shown = `lhs ${showAval(x)} (${p.lhs}), rhs ${showAval(w)} (${p.rhs})`
  if (x.shape.length !== p.lhs.length || w.shape.length !== p.rhs.length)
    fail('ShapeError', `convGeneralDilated: ranks do not fit the dimension numbers: ${shown}.`)
  const sizes = new Map<string, number>(),
    a = sizesOf(x, p.lhs),
    b = sizesOf(w, p.rhs)
  for (const c of p.lhs + p.rhs) {
    const n = a.get(c),
      m = b.get(c)
    if (isSpatial(c)) sizes.set(c, outputSize(n as number, m as number, p, Number(c)))
    else if (n !== undefined && m !== undefined && n !== m)
      fail('ShapeError', `convGeneralDilated: axis '${c}' has size ${n} in lhs and ${m} in rhs: ${shown}.`)
    else sizes.set(c, (n ?? m) as number)
  }
  return sizes
}

function outputSize(n: number, window: number, p: ConvolveParams, k: number): number {
  const [low, high] = nth(p.padding, k)
  const room = dilatedSize(n, nth(p.lhsDilation, k)) + low + high - dilatedSize(window, nth(p.rhsDilation, k))
  return room < 0 ? 0 : Math.floor(room / nth(p.strides, k)) + 1
}

// ---- derivatives ----------------------------------------------------------------------------------------

function cotangentOfLhs(ct: Tensor, lhs: Aval, rhs: Tensor, p: ConvolveParams): Tensor {
  if (ct.size * lhs.size * rhs.size === 0) return zerosOf(lhs)
  const x = sizesOf(lhs, p.lhs),
    w = sizesOf(rhs.aval, p.rhs),
    y = sizesOf(ct.aval, p.out)
  const padding = p.padding.map(([low], k) => {
    const size = (s: Sizes, dilation: readonly number[]): number => dilatedSize(s.get(String(k)) as number, nth(dilation, k))
    const before = size(w, p.rhsDilation) - low - 1
    return [before, size(x, p.lhsDilation) + size(w, p.rhsDilation) - 1 - size(y, p.strides) - before] as const
  })
  const spatial = Array.from(p.rhs).flatMap((c, axis) => (isSpatial(c) ? [axis] : []))
  return bind1(convolveP, [ct, flip(rhs, { axis: spatial })], {
    lhs: p.out,
    rhs: p.rhs,
    out: p.lhs,
    strides: p.lhsDilation,
    padding,
    lhsDilation: p.strides,
    rhsDilation: p.rhsDilation,
  })
}

function cotangentOfRhs(ct: Tensor, lhs: Tensor, rhs: Aval, p: ConvolveParams): Tensor {
  if (ct.size * lhs.size * rhs.size === 0) return zerosOf(rhs)
  const x = sizesOf(lhs.aval, p.lhs),
    w = sizesOf(rhs, p.rhs),
    y = sizesOf(ct.aval, p.out)
  const padding = p.padding.map(([low], k) => {
    const size = (s: Sizes, dilation: readonly number[]): number => dilatedSize(s.get(String(k)) as number, nth(dilation, k))
    return [low, size(y, p.strides) - size(x, p.lhsDilation) + size(w, p.rhsDilation) - low - 1] as const
  })
  return bind1(convolveP, [lhs, ct], {
    lhs: p.lhs,
    rhs: p.out,
    out: p.rhs,
    strides: p.rhsDilation,
    padding,
    lhsDilation: p.lhsDilation,
    rhsDilation: p.strides,
  })
}

// ---- lowering -------------------------------------------------------------------------------------------

/**
 * The results x = first + step x' along one spatial axis, whose taps w = tap + tapStep w' are those that meet samples of a dilated lhs. The
 * sample is then affine: offset + alongResult x' + alongTaps w'. Without dilation of lhs there is one phase, with everything.
 */
interface Phase {
  readonly first: number
  readonly step: number
  readonly count: number
  readonly tap: number
  readonly tapStep: number
  readonly taps: number
  readonly offset: number
  readonly alongResult: number
  readonly alongTaps: number
}

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b))

function phasesOf(results: number, window: number, p: ConvolveParams, k: number): Phase[] {
  const s = nth(p.strides, k),
    a = nth(p.lhsDilation, k),
    b = nth(p.rhsDilation, k),
    low = nth(p.padding, k)[0]
  const step = a / gcd(s, a),
    tapStep = a / gcd(b, a)
  return Array.from({ length: Math.min(step, results) }, (_, first) => {
    const tap = Array.from({ length: tapStep }, (_, w) => w).find(w => (first * s + w * b - low) % a === 0)
    const taps = tap === undefined || tap >= window ? 0 : Math.ceil((window - tap) / tapStep)
    return {
      first,
      step,
      count: Math.ceil((results - first) / step),
      tap: tap ?? 0,
      tapStep,
      taps,
      offset: (first * s + (tap ?? 0) * b - low) / a,
      alongResult: (step * s) / a,
      alongTaps: (tapStep * b) / a,
    }
  })
}

/** One contraction for each combination of phases, stored with strides where there are several. */
function lowerConvolve(l: Lowering, lhs: Value, rhs: Value, p: ConvolveParams, out: Aval): Value {
  const w = sizesOf(rhs.aval, p.rhs),
    y = sizesOf(out, p.out)
  const combinations = p.strides.reduce<Phase[][]>(
    (found, _, k) => {
      const phases = phasesOf(y.get(String(k)) as number, w.get(String(k)) as number, p, k)
      return found.flatMap(f => phases.map(phase => [...f, phase]))
    },
    [[]],
  )
  if (combinations.length === 1) return lowerPhases(l, lhs, rhs, p, out, combinations[0] as Phase[])
  const buffer = l.allocate(out)
  for (const phases of combinations) {
    const value = lowerPhases(l, lhs, rhs, p, out, phases)
    l.store(value, buffer, out.shape, index =>
      index.map((at, axis) => {
        const c = p.out[axis] as string,
          { first, step } = phases[Number(c)] ?? { first: 0, step: 1 }
        return isSpatial(c) ? indexShift(indexScale(at, step), first) : at
      }),
    )
  }
  return l.wrap(out, buffer)
}

function lowerPhases(l: Lowering, lhs: Value, rhs: Value, p: ConvolveParams, out: Aval, phases: readonly Phase[]): Value {
  const phaseOut = aval(
    Array.from(p.out, (c, axis) => (isSpatial(c) ? nth(phases, Number(c)).count : (out.shape[axis] as number))),
    out.dtype,
  )
  if (phases.some(phase => phase.taps === 0)) return l.elements(phaseOut, [], b => b.constant(0, out.dtype), { cost: 0 })
  const summed = summedLabels(p),
    w = sizesOf(rhs.aval, p.rhs)
  const reduced = Array.from(summed, c => (isSpatial(c) ? nth(phases, Number(c)).taps : (w.get(c) as number)))
  const labelled =
    (output: readonly Index[], sum: readonly Index[]): At =>
    c =>
      (sum[summed.indexOf(c)] ?? output[p.out.indexOf(c)]) as Index
  return l.contract(
    phaseOut,
    reduced,
    { value: lhs, at: (output, sum) => samples(lhs.aval, p, phases, c => output[p.out.indexOf(c)] as Index, labelled(output, sum)) },
    { value: rhs, at: (output, sum) => ({ index: taps(p, phases, labelled(output, sum)) }) },
  )
}

/** The index along the axis with a label; for a spatial one, along the taps. */
type At = (label: string) => Index

/** Where lhs is read: affine in the result (`output`) and the taps, guarded against the padding. */
function samples(
  lhs: Aval,
  p: ConvolveParams,
  phases: readonly Phase[],
  output: At,
  at: At,
): { readonly index: readonly Index[]; readonly guards: readonly Guard[] } {
  const index = Array.from(p.lhs, c => {
    if (!isSpatial(c)) return at(c)
    const { alongResult, alongTaps, offset } = nth(phases, Number(c))
    return indexShift(indexAdd(indexScale(output(c), alongResult), indexScale(at(c), alongTaps)), offset)
  })
  const guards = index.flatMap((i, axis) => (isSpatial(p.lhs[axis] as string) ? [{ index: i, extent: lhs.shape[axis] as number }] : []))
  return { index, guards }
}

/** Where rhs is read. */
const taps = (p: ConvolveParams, phases: readonly Phase[], at: At): Index[] =>
  Array.from(p.rhs, c => {
    if (!isSpatial(c)) return at(c)
    const { tap, tapStep } = nth(phases, Number(c))
    return indexShift(indexScale(at(c), tapStep), tap)
  })
