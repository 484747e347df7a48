/**
 * Collectives for users: what functions under `vmap(f, { axisName })` say to each other (JAX: jax.lax.psum and its kin). A function of one example
 * names the axis over its fellows and gets their sum, their blocks, its own number.
 */
import { showAval } from '../aval.ts'
import { fail } from '../errors.ts'
import { checkOptions } from '../options.ts'
import { divide } from '../primitives/arithmetic.ts'
import { astype, scalarOf } from '../primitives/cast.ts'
import { type NamesParams, pmaxP, pminP, psumP, pvaryP } from '../primitives/collective.ts'
import { allGatherP, allToAllP, axisIndexP, ppermuteP, psumScatterP } from '../primitives/exchange.ts'
import type { SimplePrimitive } from '../primitives/primitive.ts'
import { reshape } from '../primitives/reshape.ts'
import { type NamedAxis, axesInScope, axisInScope } from '../program/axes.ts'
import { bind1 } from '../program/bind.ts'
import { isFloat } from '../dtype.ts'
import { normalizeAxis } from '../shape.ts'
import type { Tensor, TensorLike } from '../tensor.ts'
import { type TreeOf, flattenTree, unflattenTree } from '../tree.ts'

/** One named axis, or several that count as one. */
export type AxisName = string | readonly string[]

function axis(where: string, name: string): NamedAxis {
  const found =
    typeof name === 'string' ? axisInScope(name) : fail('ValueError', `${where}: the name of an axis is a string, got ${typeof name}.`)
  if (found !== undefined) return found
  const names = axesInScope().map(a => `'${a.name}'`)
  return fail(
    'ValueError',
    `${where}: no axis is named '${name}' here; ${names.length === 0 ? 'none is' : `in scope: ${names.join(', ')}`}. Name it where it is mapped: vmap(f, { axisName: '${name}' }), and call ${where} inside of f.`,
  )
}

/** The axes of a name or list of names, none twice. */
function axes(where: string, names: AxisName): readonly NamedAxis[] {
  const list = Array.isArray(names) ? (names as readonly string[]) : [names as string]
  const twice = list.find((n, i) => list.indexOf(n) !== i)
  if (twice !== undefined) fail('ValueError', `${where}: names the axis '${twice}' twice. Name each axis once.`)
  return list.map(n => axis(where, n))
}

const leafwise = <T>(x: T, f: (t: Tensor) => Tensor): T => {
  const { leaves, structure } = flattenTree(x, 'x', true)
  return unflattenTree(structure, leaves.map(f)) as T
}

function reduceOver<T>(primitive: SimplePrimitive<NamesParams>, x: T, axisName: AxisName, prepare: (t: Tensor) => Tensor = t => t): T {
  const names = axes(primitive.name, axisName).map(a => a.name)
  return leafwise(x, t => (names.length === 0 ? t : bind1(primitive, [prepare(t)], { names })))
}
/** bool counts as 0 and 1. */
const asNumber = (t: Tensor): Tensor => (t.dtype === 'bool' ? astype(t, 'int32') : t)

/**
 * The sum over all examples of the named axis, the same for each of them; of each leaf, if `x` is a tree. Several names: over all of them. What does not
 * vary along the axis counts once an example: `psum(1, name)` is the size. JAX: `lax.psum`.
 *
 * @example vmap((x: Tensor) => x.div(psum(x, 'i')), { axisName: 'i' })(array([1, 3])) // [0.25, 0.75]
 */
export function psum(x: TensorLike, axisName: AxisName): Tensor
export function psum<T extends TreeOf<T>>(x: T, axisName: AxisName): T
export function psum(x: unknown, axisName: AxisName): unknown {
  return reduceOver(psumP, x, axisName, asNumber)
}

/** The mean over all examples of the named axis or axes, leaf by leaf. Integers become float32. JAX: `lax.pmean`. */
export function pmean(x: TensorLike, axisName: AxisName): Tensor
export function pmean<T extends TreeOf<T>>(x: T, axisName: AxisName): T
export function pmean(x: unknown, axisName: AxisName): unknown {
  const over = axes('pmean', axisName)
  const names = over.map(a => a.name),
    size = over.reduce((n, a) => n * a.size, 1)
  return leafwise(x, t => {
    const float = isFloat(t.dtype) ? t : astype(t, 'float32')
    return names.length === 0 ? float : divide(bind1(psumP, [float], { names }), scalarOf(size, float.dtype))
  })
}

/** The largest value among the examples of the named axis or axes, at each element and leaf. Ties share the gradient. JAX: `lax.pmax`. */
export function pmax(x: TensorLike, axisName: AxisName): Tensor
export function pmax<T extends TreeOf<T>>(x: T, axisName: AxisName): T
export function pmax(x: unknown, axisName: AxisName): unknown {
  return reduceOver(pmaxP, x, axisName)
}

/** The smallest value among the examples of the named axis or axes, at each element and leaf. Ties share the gradient. JAX: `lax.pmin`. */
export function pmin(x: TensorLike, axisName: AxisName): Tensor
export function pmin<T extends TreeOf<T>>(x: T, axisName: AxisName): T
export function pmin(x: unknown, axisName: AxisName): unknown {
  return reduceOver(pminP, x, axisName)
}

/**
 * `x` as a value of each example's own, although all share its numbers: its gradient is then one an example, not the sum over all. JAX: `lax.pvary`.
 *
 * @example vmap((x: Tensor) => grad(loss)(pvary(w, 'i'), x), { axisName: 'i' })(xs) // one gradient for each of xs
 */
export function pvary(x: TensorLike, axisName: AxisName): Tensor
export function pvary<T extends TreeOf<T>>(x: T, axisName: AxisName): T
export function pvary(x: unknown, axisName: AxisName): unknown {
  return reduceOver(pvaryP, x, axisName)
}

/** The number of examples along the named axis, or of all combinations along several. JAX: `lax.axis_size`. */
export const axisSize = (axisName: AxisName): number => axes('axisSize', axisName).reduce((n, a) => n * a.size, 1)

/** The number of this example along the named axis, an int32 scalar; along several, that of the combination, the last name running fastest. JAX: `lax.axis_index`. */
export function axisIndex(axisName: AxisName): Tensor {
  return axes('axisIndex', axisName).reduce<Tensor>(
    (index, { name, size }) => {
      const own = bind1(axisIndexP, [], { name, size })
      return index.mul(size).add(own)
    },
    scalarOf(0, 'int32'),
  )
}

export interface TiledOptions {
  /** Blocks are joined along an axis that is there, instead of stacked along one of their own. Default false. */
  readonly tiled?: boolean
}
export interface AllGatherOptions extends TiledOptions {
  /** Where the values are stacked, or with `tiled` joined. Default 0. */
  readonly axis?: number
}

/** The values of all examples of the named axis, stacked (or with `tiled` joined) along `axis`; each example gets the whole. Of trees leaf by leaf. JAX: `lax.all_gather`. */
export function allGather(x: TensorLike, axisName: string, options?: AllGatherOptions): Tensor
export function allGather<T extends TreeOf<T>>(x: T, axisName: string, options?: AllGatherOptions): T
export function allGather(x: unknown, axisName: string, options: AllGatherOptions = {}): unknown {
  const { axis: at = 0, tiled = false } = checkOptions('allGather', options, 'axis', 'tiled')
  const { name, size } = axis('allGather', axisName)
  return leafwise(x, t => {
    const dimension = normalizeAxis('allGather', at, tiled ? t.ndim : t.ndim + 1)
    const stacked = bind1(allGatherP, [t], { name, size, dimension })
    return tiled ? reshape(stacked, join(stacked.shape, dimension)) : stacked
  })
}

export interface PsumScatterOptions extends TiledOptions {
  /** The axis whose entries (with `tiled`: equal blocks) the examples share out. Default 0. */
  readonly scatterDimension?: number
}

/** The sum over all examples, of which example i keeps entry i of `scatterDimension` (with `tiled`: block i). Of trees leaf by leaf. JAX: `lax.psum_scatter`. */
export function psumScatter(x: TensorLike, axisName: string, options?: PsumScatterOptions): Tensor
export function psumScatter<T extends TreeOf<T>>(x: T, axisName: string, options?: PsumScatterOptions): T
export function psumScatter(x: unknown, axisName: string, options: PsumScatterOptions = {}): unknown {
  const { scatterDimension = 0, tiled = false } = checkOptions('psumScatter', options, 'scatterDimension', 'tiled')
  const { name, size } = axis('psumScatter', axisName)
  return leafwise(x, t => {
    const dimension = normalizeAxis('psumScatter', scatterDimension, t.ndim)
    return bind1(psumScatterP, [tiled ? reshape(t, cut('psumScatter', t, dimension, name, size)) : t], { name, size, dimension })
  })
}

/**
 * Sends each example's value to another: `pairs` of source and destination, each named at most once. Who gets none gets zeros. Of trees leaf by leaf.
 * JAX: `lax.ppermute`.
 *
 * @example vmap((x: Tensor) => ppermute(x, 'i', [[0, 1], [1, 2], [2, 0]]), { axisName: 'i' })(array([1, 2, 3])) // [3, 1, 2]
 */
export function ppermute(x: TensorLike, axisName: string, pairs: readonly (readonly [number, number])[]): Tensor
export function ppermute<T extends TreeOf<T>>(x: T, axisName: string, pairs: readonly (readonly [number, number])[]): T
export function ppermute(x: unknown, axisName: string, pairs: readonly (readonly [number, number])[]): unknown {
  const { name, size } = axis('ppermute', axisName)
  for (const [k, role] of ['source', 'destination'].entries()) {
    const positions = pairs.map(p => p[k] as number)
    const bad = positions.find((p, i) => !Number.isInteger(p) || p < 0 || p >= size || positions.indexOf(p) !== i)
    if (bad !== undefined)
      fail('ValueError', `ppermute: ${bad} is no ${role} along '${name}', or one twice. Name each of 0 to ${size - 1} at most once.`)
  }
  return leafwise(x, t => bind1(ppermuteP, [t], { name, size, pairs }))
}

/**
 * Entry j of `splitAxis` of example i becomes entry i of `concatAxis` of example j: a transposition between examples. With `tiled`, `splitAxis` is cut into
 * equal blocks and they are joined along `concatAxis`. Of trees leaf by leaf. JAX: `lax.all_to_all`.
 */
export function allToAll(x: TensorLike, axisName: string, splitAxis: number, concatAxis: number, options?: TiledOptions): Tensor
export function allToAll<T extends TreeOf<T>>(x: T, axisName: string, splitAxis: number, concatAxis: number, options?: TiledOptions): T
export function allToAll(x: unknown, axisName: string, splitAxis: number, concatAxis: number, options: TiledOptions = {}): unknown {
  const { tiled = false } = checkOptions('allToAll', options, 'tiled')
  const { name, size } = axis('allToAll', axisName)
  return leafwise(x, t => {
    const split = normalizeAxis('allToAll', splitAxis, t.ndim),
      concat = normalizeAxis('allToAll', concatAxis, t.ndim)
    const blocks = tiled ? reshape(t, cut('allToAll', t, split, name, size)) : t
    const out = bind1(allToAllP, [blocks], { name, size, split, concat })
    return tiled ? reshape(out, join(out.shape, concat)) : out
  })
}

/** The shape with axis `at` cut into `size` blocks. */
function cut(where: string, t: Tensor, at: number, name: string, size: number): readonly number[] {
  const n = t.shape[at] as number
  if (n % size !== 0)
    fail(
      'ShapeError',
      `${where}: axis ${at} of ${showAval(t.aval)} does not divide into ${size} equal blocks, one an example along '${name}'. Pad it.`,
    )
  return [...t.shape.slice(0, at), size, n / size, ...t.shape.slice(at + 1)]
}
/** The shape with axes `at` and `at + 1` as one. */
const join = (shape: readonly number[], at: number): readonly number[] => [
  ...shape.slice(0, at),
  (shape[at] as number) * (shape[at + 1] as number),
  ...shape.slice(at + 2),
]
