/**
 * How the product reads an operand. A texel has four consecutive places of the sum (`along`) or of the rows or columns (`across`). Operands
 * that lie so in their buffers are read there; the others are packed first: copied, with their guards resolved and the sum filled up with
 * zeros to a multiple of four.
 */
import { type Affine, type BufferId, type Load, type Loop, strideAt, type Group, type Roles } from '@cotangent/core/kernel'
import { type Layout, layoutOf, type TextureSpec } from '../pass.ts'

export type Direction = 'along' | 'across'

/** An operand whose texels the product can read as they are. */
export interface Operand {
  readonly buffer: BufferId
  readonly direction: Direction
  /** Address of its element, without guards. */
  readonly map: Affine
  /** Elements from one place of the sum to the next. */
  readonly step: number
}

/** A copy of an operand, and the Loop that makes it. */
export interface Packing {
  readonly direction: Direction
  readonly map: Affine
  /** Elements from one line to the next: lines are rows or columns (`along`) or places of the sum (`across`), padded to whole texels. */
  readonly pitch: number
  readonly size: number
  readonly loop: (target: BufferId) => Loop
}

/** Rows or columns of an operand, and what it has in common with the other one. */
interface Sides {
  readonly load: Load
  readonly own: Group
  readonly batch: Group
  readonly sum: Group
  readonly extents: readonly number[]
}

export const sidesOf = ({ contraction, batch, rows, columns, sum }: Roles, side: 'a' | 'b'): Sides => ({
  load: contraction[side],
  own: side === 'a' ? rows : columns,
  batch,
  sum,
  extents: contraction.extents,
})

const multipleOf4 = (n: number): number => 4 * Math.ceil(n / 4)
const last = (axes: readonly number[]): number => axes.at(-1) as number

/** The stride of places that are counted through a group's axes, if there is one. */
function strideOfPlaces(map: Affine, { axes }: Group, extents: readonly number[]): number | undefined {
  const chained = axes.every((k, i) => i === 0 || strideAt(map, axes[i - 1] as number) === strideAt(map, k) * (extents[k] as number))
  return chained ? (axes.length === 0 ? 0 : strideAt(map, last(axes))) : undefined
}

const inTexels = ({ offset, dynamic = [] }: Affine): boolean => offset % 4 === 0 && dynamic.every(d => d.stride % 4 === 0)
const wholeTexels = (map: Affine, axes: readonly number[]): boolean => axes.every(k => strideAt(map, k) % 4 === 0)

/** The operand as it lies in its buffer. */
export function inPlace(sides: Sides): Operand | undefined {
  const { load, own, batch, sum, extents } = sides,
    { map, buffer } = load
  const step = strideOfPlaces(map, sum, extents)
  if ((load.guards ?? []).length > 0 || step === undefined || sum.size % 4 !== 0 || !inTexels(map) || !wholeTexels(map, batch.axes))
    return undefined
  if (step === 1 && wholeTexels(map, own.axes)) return { buffer, map, step, direction: 'along' }
  if (!fillsTexels(sides) || step % 4 !== 0) return undefined
  return { buffer, map, step, direction: 'across' }
}

/** Are four consecutive rows or columns one texel? */
function fillsTexels({ load: { map }, own: { axes }, extents }: Sides): boolean {
  const [inner, outer] = [last(axes), axes.slice(0, -1)]
  if (axes.length === 0 || strideAt(map, inner) !== 1 || !wholeTexels(map, outer)) return false
  return axes.length === 1 || (extents[inner] as number) % 4 === 0
}

/** How to copy the operand. */
export function packingOf(sides: Sides): Packing {
  const { own, batch, sum, extents, load } = sides
  const direction = copiesAlong(sides) ? 'along' : 'across'
  const [outer, inner] = direction === 'along' ? [own, sum] : [sum, own]
  const pitch = multipleOf4(inner.size),
    lines = direction === 'along' ? outer.size : multipleOf4(outer.size)
  const strides = extents.map(() => 0)
  const walk = ({ axes }: Group, unit: number): void => {
    let stride = unit
    for (const k of axes.toReversed()) {
      strides[k] = stride
      stride *= extents[k] as number
    }
  }
  walk(inner, 1)
  walk(outer, pitch)
  walk(batch, pitch * lines)
  // A Loop may only have axes that its store walks.
  const axes = [...batch.axes, ...outer.axes, ...inner.axes]
  const narrow = (map: Affine): Affine => ({ ...map, strides: axes.map(k => strideAt(map, k)) })
  const guards = (load.guards ?? []).map(g => ({ ...g, index: narrow(g.index) }))
  const source: Load = { ...load, map: narrow(load.map), ...(guards.length > 0 && { guards }) }
  const map = { offset: 0, strides }
  return {
    direction,
    map,
    pitch,
    size: pitch * lines * batch.size,
    loop: target => ({
      kind: 'loop',
      extents: axes.map(k => extents[k] as number),
      parallel: axes.length,
      body: [],
      bodyStores: [],
      reductions: [],
      epilogue: [source],
      stores: [{ buffer: target, map: narrow(map), value: 0 }],
    }),
  }
}

/** Does a copy that keeps places of the sum together read whole texels, and one across not? */
function copiesAlong(sides: Sides): boolean {
  const { load, own, batch, sum, extents } = sides,
    { map } = load
  const unguarded = (axis: number | undefined): boolean =>
    axis !== undefined && (load.guards ?? []).every(g => strideAt(g.index, axis) === 0)
  const whole = (inner: Group, outer: Group): boolean => {
    const axis = inner.axes.at(-1)
    if (axis === undefined || strideAt(map, axis) !== 1 || (extents[axis] as number) % 4 !== 0 || !unguarded(axis)) return false
    return inTexels(map) && wholeTexels(map, [...inner.axes.slice(0, -1), ...outer.axes, ...batch.axes])
  }
  return whole(sum, own) && !whole(own, sum)
}

export const packed = (buffer: BufferId, { direction, map }: Packing, sum: Group): Operand => ({
  buffer,
  direction,
  map,
  step: sum.axes.length === 0 ? 0 : strideAt(map, last(sum.axes)),
})

/**
 * A texture for the copy, in which the product steps from place to place: whole lines of texels beside one another (`along`), or one, two
 * or four (`across`). Undefined where the largest texture is too small.
 */
export function specOfPacked({ size, direction, pitch }: Packing, limit: number): TextureSpec | undefined {
  const texels = size / 4,
    line = pitch / 4
  const lines = direction === 'along' ? Math.max(1, Math.round(Math.sqrt(texels) / line)) : [1, 2, 4].find(n => texels <= n * line * limit)
  const width = line * (lines ?? 0),
    height = Math.ceil(texels / width)
  if (width > 0 && width <= limit && height <= limit) return { dtype: 'float32', width, height }
  const plain = layoutOf(size, limit)
  return plain && { dtype: 'float32', ...plain }
}

/** How the texel of the next round is found: beside the one before, below it, or by its number (in textures of a power of two's width). */
export type Walk = { readonly by: 'x' | 'y'; readonly texels: number } | { readonly by: 'number' }

/** A round is four places of the sum. */
export const texelsPerRound = ({ direction, step }: Operand): number => (direction === 'along' ? 1 : step)

export function walkOf(operand: Operand, { width, height }: Layout, { contraction, sum }: Roles): Walk {
  const texels = texelsPerRound(operand)
  if (height === 1) return { by: 'x', texels }
  if (texels % width === 0) return { by: 'y', texels: texels / width }
  const inLine = operand.direction === 'along' && sum.size <= 4 * lineUnit(operand, width, contraction.parallel)
  return inLine ? { by: 'x', texels } : { by: 'number' }
}

/** Sums begin at multiples of so many texels, of which a line has a multiple. */
function lineUnit({ map: { offset, strides, dynamic = [] } }: Operand, width: number, parallel: number): number {
  const outer = strides.slice(0, parallel)
  return [offset, ...outer, ...dynamic.map(d => d.stride)].reduce((unit, n) => gcd(unit, Math.abs(n) / 4), width)
}

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b))
