/**
 * Convolutions with strides as convolutions with stride 1 over more channels. With the taps numbered w = g q + p,
 *
 *   y_o = sum over w of x_{g o + w} t_w = sum over p and q of x^p_{o + q} t_{g q + p}     where x^p_i = x_{g i + p}:
 *
 * the sum over the g phases x^p of convolutions with stride 1, whose windows have ceil(n / g) of the n taps; taps beyond the n-th are zero.
 * Along two axes there are g g' phases. The gradient of the taps splits in the same way, and its elements beyond the n-th are dropped.
 *
 * A copy of the samples puts phases and channels side by side and resolves guards, since the transforms of Winograd's form read each sample
 * several times, many of them at one point, and along the channels.
 */
import { sizeOf, stridesOf } from '../../shape.ts'
import { BodyBuilder, elementwise } from '../body.ts'
import type { Affine, Contraction, Guard, Load, Loop, Node } from '../kernel.ts'
import { uses } from '../operands.ts'
import { mapAffines, mapLoad } from '../rewrite.ts'
import { type Convolution, findConvolution, type Pair } from './convolution.ts'
import type { Allocate } from './tiles.ts'

/** A Contraction as a convolution with stride 1, or the gradient of the taps of one, with the kernels to be run before and after it. */
export interface Phases {
  readonly before: Loop
  readonly convolution: Contraction
  readonly after: readonly Loop[]
}

/** Numbers of axes, as those of a Convolution; along a moving axis samples advance by `steps` of those along its window's. */
interface Strided {
  readonly image: 'a' | 'b'
  readonly moving: Pair
  readonly window: Pair
  readonly steps: Pair
  readonly gradient: boolean
}

/** Null where `k` is no convolution with strides, and no gradient of the taps of one. */
export function splitPhases(k: Contraction, allocate: Allocate): Phases | null {
  const c = findStrided(k, false) ?? findStrided(k, true)
  if (c === null) return null
  const { sums, after } = withWholePhases(k, c, allocate)
  const windows = c.window.map((axis, i) => ({ axis, step: c.steps[i] as number })).sort((x, y) => y.axis - x.axis)
  const split = windows.reduce((s, { axis, step }) => (step === 1 ? s : splitAxis(s, axis, step)), sums)
  const found = findConvolution(split)
  return found === null || found.gradient !== c.gradient ? null : { ...copySamples(split, found, allocate), after }
}

function findStrided(k: Contraction, gradient: boolean): Strided | null {
  const inWindow = (axis: number): boolean => axis < k.parallel === gradient
  for (const image of ['a', 'b'] as const) {
    const [load, other] = image === 'a' ? [k.a, k.b] : [k.b, k.a]
    const pairs = k.extents.flatMap((n, w) => {
      if (!inWindow(w) || uses(other, w) === gradient) return []
      const steps = k.extents.map((_, m) => (!inWindow(m) && uses(other, m) === gradient ? stepBetween(load, m, w) : 0))
      const m = steps.findIndex(step => step >= 1 && step < n)
      return m < 0 ? [] : [{ m, w, step: steps[m] as number }]
    })
    const [one, two] = pairs
    if (pairs.length === 2 && one !== undefined && two !== undefined && one.m !== two.m && Math.max(one.step, two.step) > 1)
      return { image, moving: [one.m, two.m], window: [one.w, two.w], steps: [one.step, two.step], gradient }
  }
  return null
}

/** How many steps along axis `w` a step along axis `m` is; 0 if that is no whole number. */
function stepBetween({ map, guards }: Load, m: number, w: number): number {
  const step = (map.strides[m] as number) / (map.strides[w] as number)
  const fits = ({ index: { strides } }: Guard): boolean => strides[m] === step * (strides[w] as number)
  return Number.isInteger(step) && (guards ?? []).every(fits) ? step : 0
}

/** Windows of whole phases. Taps beyond the last are zero; results beyond it go to a buffer from which `after` takes the others. */
function withWholePhases(k: Contraction, c: Strided, allocate: Allocate): { readonly sums: Contraction; readonly after: readonly Loop[] } {
  const ragged = ([0, 1] as const).filter(i => (k.extents[c.window[i]] as number) % c.steps[i] !== 0)
  if (ragged.length === 0) return { sums: k, after: [] }
  const extents = [...k.extents]
  for (const i of ragged) extents[c.window[i]] = Math.ceil((k.extents[c.window[i]] as number) / c.steps[i]) * c.steps[i]
  const along = (factors: ReadonlyMap<number, number>): Affine => ({ offset: 0, strides: k.extents.map((_, i) => factors.get(i) ?? 0) })
  const onTaps = ragged.map((i): Guard => ({ index: along(new Map([[c.window[i], 1]])), extent: k.extents[c.window[i]] as number }))
  const onSamples = ragged.map((i): Guard => {
    const [m, w, step] = [c.moving[i], c.window[i], c.steps[i]]
    const index = along(
      new Map([
        [m, step],
        [w, 1],
      ]),
    )
    return { index, extent: step * ((k.extents[m] as number) - 1) + (k.extents[w] as number) }
  })
  const image = guarded(k[c.image], onSamples)
  const other = c.image === 'a' ? k.b : k.a
  const taps = c.gradient ? other : guarded(other, onTaps)
  const sums = { ...k, extents, ...(c.image === 'a' ? { a: image, b: taps } : { a: taps, b: image }) }
  return c.gradient ? throughBuffer(sums, k, allocate) : { sums, after: [] }
}

/** The load under further guards, without those that one of its own implies. */
function guarded(n: Load, more: readonly Guard[]): Load {
  const own = n.guards ?? []
  const needed = more.filter(g => !own.some(h => implies(h, g)))
  return needed.length === 0 ? n : { ...n, guards: [...own, ...needed] }
}

/** Does `g`, whose index has no offset, hold from above wherever `h` holds? */
function implies(h: Guard, g: Guard): boolean {
  const axis = g.index.strides.findIndex(s => s === 1)
  const factor = h.index.strides[axis] ?? 0
  const parallel = h.index.dynamic === undefined && h.index.strides.every((s, i) => s === factor * (g.index.strides[i] as number))
  return factor > 0 && parallel && h.extent - h.index.offset <= factor * g.extent
}

/** Stores the plain sums; the epilogue of `k`, which has fewer of them, follows. */
function throughBuffer(
  sums: Contraction,
  k: Contraction,
  allocate: Allocate,
): { readonly sums: Contraction; readonly after: readonly Loop[] } {
  const shape = sums.extents.slice(0, k.parallel)
  const buffer = allocate(k.dtype, sizeOf(shape))
  const map: Affine = { offset: 0, strides: stridesOf(shape) }
  const read = (n: Node): Node => (n.op === 'reduced' ? { op: 'load', buffer, dtype: k.dtype, map } : n)
  return {
    sums: { ...sums, epilogue: [{ op: 'reduced', dtype: k.dtype, index: 0 }], stores: [{ buffer, map, value: 0 }] },
    after: [elementwise(k.extents.slice(0, k.parallel), k.epilogue.map(read), k.stores)],
  }
}

/** An axis as two: index `step * i + j`. */
function splitAxis(k: Contraction, axis: number, step: number): Contraction {
  const extents = k.extents.flatMap((n, i) => (i === axis ? [n / step, step] : [n]))
  const split = (a: Affine): Affine => ({ ...a, strides: a.strides.flatMap((s, i) => (i === axis ? [step * s, s] : [s])) })
  return mapAffines(k, extents, axis < k.parallel ? k.parallel + 1 : k.parallel, split, split)
}

/** Reads the samples from a copy `[...images, y, x, ...phases and channels]`. */
function copySamples(
  k: Contraction,
  { image: { load, moving }, window, gradient }: Convolution,
  allocate: Allocate,
): Omit<Phases, 'after'> {
  const others = k.extents.flatMap((_, i) => (uses(load, i) && !window.includes(i) && !moving.includes(i) ? [i] : []))
  const isChannel = (i: number): boolean => i < k.parallel === gradient
  const axes = [...others.filter(i => !isChannel(i)), ...moving, ...others.filter(isChannel)]
  const taps = (i: number): number => k.extents[window[moving.indexOf(i)] ?? -1] ?? 1
  const extents = axes.map(i => (k.extents[i] as number) + taps(i) - 1)
  const strides = stridesOf(extents)
  const buffer = allocate(load.dtype, sizeOf(extents))
  const b = new BodyBuilder(extents)
  const value = b.push(mapLoad(load, a => ({ ...a, strides: axes.map(i => a.strides[i] as number) })))
  const along = (i: number): number => strides[axes.indexOf(moving[window.indexOf(i)] ?? i)] ?? 0
  const copied: Load = { op: 'load', buffer, dtype: load.dtype, map: { offset: 0, strides: k.extents.map((_, i) => along(i)) } }
  return {
    before: elementwise(extents, b.nodes(), [{ buffer, map: { offset: 0, strides }, value }]),
    convolution: { ...k, ...(load === k.a ? { a: copied } : { b: copied }) },
  }
}
