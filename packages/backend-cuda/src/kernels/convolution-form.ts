/**
 * Contractions that are convolutions in one or two dimensions, as cuDNN thinks of them, or gradients of a convolution's filter. The gradient by the
 * image is a convolution too (of each phase of a stride, as core lowers it), with the filter turned round and its channels exchanged.
 *
 * One operand is the image. Axes that only it has are `own`, those that only the other has are filters, those that both have are groups; all
 * reduced axes are in both. A window is an own axis and a reduced one along which the image is read together: positions and taps of a convolution,
 * taps and positions of a gradient.
 */
import {
  type Affine,
  type Contraction,
  dropGuards,
  type Guard,
  type Load,
  mapAffines,
  sizeOf,
  strideAt,
  uses,
} from '@cotangent/core/kernel'
import type { ConvolutionShape, EmitContext } from '../command.ts'
import { layoutOf } from './convolution-layout.ts'
import { splitChannels } from './convolution-split.ts'

/** A window's axes, either of which may have had the size 1. Without a guard it never leaves the image. */
export interface Window {
  readonly own: number | undefined
  readonly reduced: number | undefined
  readonly guard: Guard | undefined
}

/** The axes of a contraction whose image is `a`. */
export interface Axes {
  readonly contraction: Contraction
  readonly own: readonly number[]
  readonly filters: readonly number[]
  readonly groups: readonly number[]
  readonly reduced: readonly number[]
}

export interface Form {
  /** With the image as `a`, and all its reduced axes walked upwards. */
  readonly contraction: Contraction
  readonly shape: ConvolutionShape
  /** The image's first element. */
  readonly imageOffset: number
  /** By axis, in a filter and in a result as cuDNN has them. */
  readonly filterStrides: readonly number[]
  readonly outputStrides: readonly number[]
  /** By axis, in an array with one element a channel of the result. */
  readonly channelStrides: readonly number[]
}

export function formOf(context: EmitContext, { a, b, ...rest }: Contraction): Form | undefined {
  if (rest.extents.includes(0) || rest.dtype !== 'float32' || a.dtype !== 'float32' || b.dtype !== 'float32') return undefined
  return formWithImage(context, { ...rest, a, b }) ?? formWithImage(context, { ...rest, a: b, b: a })
}

function formWithImage(context: EmitContext, given: Contraction): Form | undefined {
  const upward = upwards({ ...given, a: dropGuards(given.a, given.extents), b: dropGuards(given.b, given.extents) }),
    apart = splitChannels(upward)
  return (apart === undefined ? undefined : formOfAxes(context, apart)) ?? formOfAxes(context, upward)
}

function formOfAxes(context: EmitContext, contraction: Contraction): Form | undefined {
  const axes = axesOf(contraction)
  if (!isPlain(contraction.a) || !isPlain(contraction.b) || (contraction.b.guards ?? []).length > 0 || axes === undefined) return undefined
  const guarded = guardedWindows(axes)
  if (guarded === undefined) return undefined
  for (const windows of windowSets(axes, guarded)) {
    const form = layoutOf(context, axes, windows)
    if (form !== undefined) return form
  }
  return undefined
}

const isPlain = ({ map, indirect, guards = [] }: Load): boolean =>
  (indirect ?? []).length === 0 && [map, ...guards.map(g => g.index)].every(m => (m.dynamic ?? []).length === 0)

function axesOf(contraction: Contraction): Axes | undefined {
  const { a, b, extents, parallel } = contraction,
    all = extents.map((_, k) => k),
    outer = all.slice(0, parallel),
    reduced = all.slice(parallel)
  if (!reduced.every(k => uses(a, k) && uses(b, k)) || !outer.every(k => uses(a, k) || uses(b, k))) return undefined
  return {
    contraction,
    own: outer.filter(k => !uses(b, k)),
    filters: outer.filter(k => !uses(a, k)),
    groups: outer.filter(k => uses(a, k) && uses(b, k)),
    reduced,
  }
}

/** With each reduced axis along which the image is read backwards turned round. */
function upwards(c: Contraction): Contraction {
  const turned = c.extents.map((n, k) => (k >= c.parallel && strideAt(c.a.map, k) < 0 ? n : 0))
  const turn = (map: Affine): Affine => ({
    ...map,
    offset: map.offset + map.strides.reduce((sum, s, k) => sum + ((turned[k] as number) > 0 ? s * ((turned[k] as number) - 1) : 0), 0),
    strides: map.strides.map((s, k) => ((turned[k] as number) > 0 ? -s : s)),
  })
  return mapAffines(c, c.extents, c.parallel, turn, map => map)
}

/** Have they no axis in common? */
const areApart = (a: Window, b: Window): boolean =>
  (a.own === undefined || a.own !== b.own) && (a.reduced === undefined || a.reduced !== b.reduced)

/** One for each guard; undefined where a guard is none of a window. */
function guardedWindows({ contraction, own, reduced }: Axes): readonly Window[] | undefined {
  const windows = (contraction.a.guards ?? []).map((guard): Window | undefined => {
    const along = contraction.extents.flatMap((_, k) => (strideAt(guard.index, k) === 0 ? [] : [k]))
    const ownAxes = along.filter(k => own.includes(k)),
      reducedAxes = along.filter(k => reduced.includes(k))
    if (ownAxes.length > 1 || reducedAxes.length > 1 || along.length > ownAxes.length + reducedAxes.length) return undefined
    return { own: ownAxes[0], reduced: reducedAxes[0], guard }
  })
  if (windows.length > 2 || windows.includes(undefined)) return undefined
  const [first, second] = windows as Window[]
  return second === undefined || areApart(first as Window, second) ? (windows as Window[]) : undefined
}

/**
 * What may be all windows, most first: the guarded ones, pairs of axes that no guard tells of, and beside a window in one direction positions
 * without taps in the other.
 */
function windowSets(axes: Axes, guarded: readonly Window[]): readonly (readonly Window[])[] {
  const { own, reduced } = axes,
    pairs = own.flatMap(o => reduced.map((r): Window => ({ own: o, reduced: r, guard: undefined })))
  const extended = (set: readonly Window[], by: readonly Window[]): readonly (readonly Window[])[] =>
    by.filter(b => set.every(w => areApart(w, b))).map(b => [...set, b])
  const lone = (set: readonly Window[]): readonly Window[] =>
    isForward(axes, set)
      ? own.map(o => ({ own: o, reduced: undefined, guard: undefined }))
      : reduced.map(r => ({ own: undefined, reduced: r, guard: undefined }))
  if (guarded.length === 2) return [guarded]
  const single = guarded.length === 1 ? [guarded] : pairs.map(p => [p])
  return [...single.flatMap(s => extended(s, pairs)), ...single.flatMap(s => extended(s, lone(s))), ...single]
}

/** Is it a convolution rather than the gradient of a filter? A filter has fewer taps than positions. */
export const isForward = ({ contraction: { extents } }: Axes, windows: readonly Window[]): boolean => {
  const count = (axes: readonly (number | undefined)[]): number => sizeOf(axes.map(k => (k === undefined ? 1 : (extents[k] as number))))
  return count(windows.map(w => w.reduced)) <= count(windows.map(w => w.own))
}
