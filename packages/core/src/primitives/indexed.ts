/**
 * What gather and scatter share: elements of x are addressed by index tensors, as in NumPy's x[i, :, j].
 *
 * `axes[k]` is the axis of x that index tensor k runs along. The index tensors broadcast to one shape S. Axes of x without an index are "windows": they
 * are taken as a whole. The indexed result (of gather; the updates of scatter) has shape [...S, ...windows]. A pair [axis, position] says that x's
 * `axis` is at the same position as axis `position` of S, without an index tensor: for batches and for takeAlongAxis.
 */
import { type Aval, showAval } from '../aval.ts'
import { fail } from '../errors.ts'
import type { NodeId } from '../lower/kernel.ts'
import { type Body, type Index, indexConstant, type Value } from '../lower/lowering.ts'
import { broadcastShapes, type Shape, showShape } from '../shape.ts'
import { hostReader } from './host.ts'
import type { HostArray } from './primitive.ts'

/** Out of bounds: `clip` takes the nearest element; `fill` reads a fill value and does not write. */
export type IndexMode = 'clip' | 'fill'

export interface IndexParams {
  readonly axes: readonly number[]
  readonly paired: readonly (readonly [axis: number, position: number])[]
  readonly mode: IndexMode
  /** Indices from -n to -1 count from the end. */
  readonly negative: boolean
}

/** The shape S of the index tensors and the window axes of x. */
export interface IndexedLayout {
  readonly indexShape: Shape
  readonly windows: readonly number[]
}

export function indexedLayout(where: string, x: Aval, indices: readonly Aval[], { axes, paired, mode }: IndexParams): IndexedLayout {
  for (const i of indices)
    if (i.dtype !== 'int32') fail('DTypeError', `${where}: indices must be int32, got ${showAval(i)}. Convert with astype('int32').`)
  const used = [...axes, ...paired.map(([axis]) => axis)]
  if (axes.length !== indices.length || new Set(used).size !== used.length || used.some(k => !(k >= 0 && k < x.shape.length)))
    fail(
      'ShapeError',
      `${where}: ${indices.length} index tensors for axes [${axes.join(', ')}] of shape ${showShape(x.shape)}: each axis needs one index tensor, once.`,
    )
  const indexShape = broadcastShapes(where, ...indices.map(i => i.shape))
  for (const [axis, position] of paired) {
    const n = x.shape[axis] as number
    if (indexShape[position] !== 1 && indexShape[position] !== n)
      fail(
        'ShapeError',
        `${where}: axis ${position} of the indices ${showShape(indexShape)} has size ${indexShape[position]}, axis ${axis} of x ${showShape(x.shape)} has size ${n}. They must be equal, or 1 in the indices.`,
      )
    indexShape[position] = n
  }
  const empty = axes.find(k => x.shape[k] === 0)
  if (mode === 'clip' && empty !== undefined && !indexShape.includes(0))
    fail('ShapeError', `${where}: axis ${empty} of shape ${showShape(x.shape)} is empty: there is no element to clip to. Use mode 'fill'.`)
  return { indexShape, windows: x.shape.map((_, k) => k).filter(k => !used.includes(k)) }
}

/** [...S, ...windows]. */
export const indexedShape = (x: Aval, { indexShape, windows }: IndexedLayout): number[] => [
  ...indexShape,
  ...windows.map(k => x.shape[k] as number),
]

/** Params after a batch axis was put into x at `axis` (null: none) and in front of S (if `positions`). */
export function shiftIndexParams<P extends IndexParams>(params: P, axis: number | null, positions: boolean): P {
  const shift = (k: number): number => (axis !== null && k >= axis ? k + 1 : k)
  const paired = params.paired.map(([k, position]) => [shift(k), positions ? position + 1 : position] as const)
  return { ...params, axes: params.axes.map(shift), paired: axis !== null && positions ? [[axis, 0] as const, ...paired] : paired }
}

/** Where a point of [...S, ...windows] is in x: affine positions plus int32 nodes along the indexed axes. */
export interface IndexedAddress {
  readonly index: readonly Index[]
  readonly indirect: readonly { readonly axis: number; readonly node: NodeId }[]
  /** bool: are all indices in range? null: always (clipped). */
  readonly inside: NodeId | null
}

export function lowerAddress(
  b: Body,
  x: Aval,
  indices: readonly Value[],
  params: IndexParams,
  { indexShape, windows }: IndexedLayout,
  point: readonly Index[],
): IndexedAddress {
  const index = x.shape.map(() => indexConstant(0, b.axes))
  for (const [axis, position] of params.paired) index[axis] = point[position] as Index
  windows.forEach((axis, k) => (index[axis] = point[indexShape.length + k] as Index))
  let inside: NodeId | null = null
  const indirect = indices.map((value, k) => {
    const axis = params.axes[k] as number,
      n = x.shape[axis] as number,
      lead = indexShape.length - value.aval.shape.length
    const position = resolve(
      b,
      b.read(
        value,
        value.aval.shape.map((size, i) => (size === 1 ? indexConstant(0, b.axes) : (point[lead + i] as Index))),
      ),
      n,
      params,
    )
    if (position.inside !== null) inside = inside === null ? position.inside : b.apply('and', [inside, position.inside], 'bool')
    return { axis, node: position.node }
  })
  return { index, indirect, inside }
}

/** The index as a valid position. */
function resolve(
  b: Body,
  index: NodeId,
  n: number,
  { mode, negative }: IndexParams,
): { readonly node: NodeId; readonly inside: NodeId | null } {
  const int = (v: number): NodeId => b.constant(v, 'int32')
  const compare = (op: 'lt' | 'ge', x: NodeId, y: number): NodeId => b.apply(op, [x, int(y)], 'bool')
  const i = negative ? b.apply('select', [compare('lt', index, 0), b.apply('add', [index, int(n)], 'int32'), index], 'int32') : index
  const node = b.apply('max', [b.apply('min', [i, int(n - 1)], 'int32'), int(0)], 'int32')
  return { node, inside: mode === 'clip' ? null : b.apply('and', [compare('ge', i, 0), compare('lt', i, n)], 'bool') }
}

/** The position in x of a point of [...S, ...windows], or null where an index is out of bounds; for `evaluate` rules. */
export function hostAddress(
  x: Aval,
  indices: readonly HostArray[],
  params: IndexParams,
  { indexShape, windows }: IndexedLayout,
): (point: readonly number[]) => number[] | null {
  const readers = indices.map(hostReader)
  return point => {
    const index = x.shape.map(() => 0)
    for (const [axis, position] of params.paired) index[axis] = point[position] as number
    windows.forEach((axis, k) => (index[axis] = point[indexShape.length + k] as number))
    let inside = true
    indices.forEach(({ aval: { shape } }, k) => {
      const axis = params.axes[k] as number,
        n = x.shape[axis] as number,
        lead = indexShape.length - shape.length
      const raw = (readers[k] as (i: readonly number[]) => number)(shape.map((size, d) => (size === 1 ? 0 : (point[lead + d] as number))))
      const i = params.negative && raw < 0 ? raw + n : raw
      inside &&= i >= 0 && i < n
      index[axis] = Math.min(n - 1, Math.max(0, i))
    })
    return inside || params.mode === 'clip' ? index : null
  }
}
