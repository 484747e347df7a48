/** vmap for users: axes as prefixes of the argument trees. */
import { showAval } from '../aval.ts'
import { described, fail } from '../errors.ts'
import { checkOptions } from '../options.ts'
import { inRegion, owned } from '../region.ts'
import { axisInScope } from '../program/axes.ts'
import type { Tensor } from '../tensor.ts'
import { type Flat, type Structure, type TreeNode, flattenTree, leafPaths, unflattenTree } from '../tree.ts'
import { flatFunction, nameOf, parameterName } from './functions.ts'
import { batchFlat, placeAxis } from './batch.ts'
import { named } from './grad.ts'
import type { Args } from './types.ts'

/** A tree prefix of `T` with an axis or `null` (not batched) at its ends. */
export type Axes<T> = number | null | (T extends Tensor | TreeNode ? never : { readonly [K in keyof T]?: Axes<T[K]> })

export interface VmapOptions<A extends Args, R> {
  /** The axis of each argument that is mapped over: one for all, or one an argument, each a tree prefix; `null`: not mapped. Default 0. */
  readonly inAxes?: number | { readonly [I in keyof A]: Axes<A[I]> }
  /** Where the mapped axis goes in the result, a tree prefix. Default 0. */
  readonly outAxes?: Axes<NoInfer<R>>
  /** A name for the mapped axis, by which `psum` and the other collectives in `f` mean it. */
  readonly axisName?: string
  /** The number of examples; needed when no argument is mapped. */
  readonly axisSize?: number
}

/**
 * Maps `f`, written for one example, over an axis of its arguments. The loop goes into the operations: `vmap` of a product of vectors is a matrix
 * product. Keys that an object prefix leaves out are not mapped. JAX: `vmap`.
 *
 * @example vmap((w: Tensor, x: Tensor) => w.mul(x).sum(), { inAxes: [null, 0] })(w, batch)
 */
export function vmap<A extends Args, R>(f: (...args: A) => R, options: VmapOptions<A, R> = {}): (...args: A) => R {
  const { inAxes = 0, outAxes = 0, axisName, axisSize } = checkOptions('vmap', options, 'inAxes', 'outAxes', 'axisName', 'axisSize')
  const what = `vmap of ${nameOf(f)}`
  if (typeof inAxes !== 'number' && !Array.isArray(inAxes))
    fail('ValueError', `${what}: inAxes is one axis for all arguments, or an array of one axis an argument, got ${described(inAxes)}.`)
  return named(
    `vmap(${nameOf(f)})`,
    (...args) =>
      inRegion(
        () => {
          if (axisName !== undefined) checkAxisName(what, axisName)
          if (typeof inAxes !== 'number' && inAxes.length !== args.length)
            fail(
              'TreeError',
              `${what}: inAxes lists ${inAxes.length} arguments, but the function was called with ${args.length}. List one axis each, null for what all examples share.`,
            )
          const prefixes = args.map((_, i): unknown => (typeof inAxes === 'number' ? inAxes : inAxes[i]) ?? null)
          // What is not mapped is passed on as it is, and need not be a tree: shapes, options, functions.
          const mapped = prefixes.flatMap((p, i) => (p === null ? [] : [i]))
          const flat = mapped.map(i => flattenTree(args[i], parameterName(f, i), true))
          const axes = flat.flatMap((t, k) => axesOf(what, prefixes[mapped[k] as number], t, parameterName(f, mapped[k] as number)))
          const leaves = flat.flatMap(t => t.leaves)
          const size = commonSize(
            what,
            leaves,
            axes,
            flat.flatMap((t, k) => leafPaths(t.structure, parameterName(f, mapped[k] as number))),
            axisSize,
          )
          const ofMapped = (...trees: unknown[]): unknown =>
            f(...(args.map((a, i) => (mapped.includes(i) ? trees[mapped.indexOf(i)] : a)) as unknown as A))
          const g = flatFunction(
            ofMapped,
            flat.map(t => t.structure),
            'the result',
          )
          const out = batchFlat(g.call, leaves, axes, { size, name: axisName ?? null }, what)
          const targets = prefixAxes(`${what}: outAxes`, outAxes, g.out(), 'the result')
          const outputs = owned(() => out.outputs.map((x, i) => placeOutput(what, x, out.axes[i] ?? null, targets[i] ?? null, size)))
          return { result: unflattenTree(g.out(), outputs) as R, tensors: outputs }
        },
        r => r.tensors,
      ).result,
  ) as (...args: A) => R
}

/** One axis a leaf, checked against its rank. Whole arguments that are plain numbers have no axis to map. */
function axesOf(what: string, prefix: unknown, { leaves, structure }: Flat, root: string): readonly (number | null)[] {
  return prefixAxes(`${what}: inAxes`, prefix, structure, root).map((axis, i) => {
    const t = leaves[i] as Tensor
    if (axis === null) return null
    if (!Number.isInteger(axis) || axis < -t.ndim || axis >= t.ndim)
      fail(
        'ShapeError',
        `${what}: ${leafPaths(structure, root)[i]} is ${showAval(t.aval)} and has no axis ${axis} to map over. Use null in inAxes for what all examples share.`,
      )
    return axis < 0 ? axis + t.ndim : axis
  })
}

/** Spreads a prefix over the leaves below it. */
function prefixAxes(where: string, prefix: unknown, structure: Structure, path: string): readonly (number | null)[] {
  if (prefix === null || prefix === undefined || typeof prefix === 'number')
    return new Array<number | null>(structure.size).fill(prefix ?? null)
  if (typeof prefix !== 'object' || structure.children.length === 0)
    return fail('TreeError', `${where}: at ${path} an axis (a number or null) is expected, got ${typeof prefix}.`)
  if (Array.isArray(prefix)) {
    if (structure.kind !== 'array' || prefix.length !== structure.children.length)
      fail('TreeError', `${where}: at ${path} it has ${prefix.length} entries, but the tree there is ${structure.key}.`)
    return prefix.flatMap((p, i) => prefixAxes(where, p, structure.children[i] as Structure, `${path}[${i}]`))
  }
  const stranger = Object.keys(prefix).find(k => !structure.keys.includes(k))
  if (structure.kind !== 'object' || stranger !== undefined)
    return fail('TreeError', `${where}: at ${path} it names ${stranger ?? 'fields'}, but the tree there is ${structure.key}.`)
  return structure.children.flatMap((c, i) => {
    const k = structure.keys[i] as string
    return prefixAxes(where, (prefix as Readonly<Record<string, unknown>>)[k], c, `${path}.${k}`)
  })
}

function checkAxisName(what: string, name: string): void {
  if (typeof name !== 'string' || name === '')
    fail('ValueError', `${what}: axisName must be a string that is not empty, got ${JSON.stringify(name)}.`)
  if (axisInScope(name) !== undefined)
    fail(
      'ValueError',
      `${what}: the axis name '${name}' is taken by a vmap around this one, which collectives inside could not mean any more. Choose another axisName.`,
    )
}

function commonSize(
  what: string,
  leaves: readonly Tensor[],
  axes: readonly (number | null)[],
  paths: readonly string[],
  given: number | undefined,
): number {
  if (given !== undefined && (!Number.isInteger(given) || given < 0))
    fail('ValueError', `${what}: axisSize must be a non-negative integer, got ${given}.`)
  const mapped = leaves.flatMap((t, i) => (axes[i] == null ? [] : [{ size: t.shape[axes[i]] as number, i }]))
  const [first] = mapped
  if (first === undefined)
    return (
      given ?? fail('ValueError', `${what}: nothing is mapped: inAxes is null for all arguments. Say how many examples: { axisSize: n }.`)
    )
  if (given !== undefined && first.size !== given)
    fail(
      'ShapeError',
      `${what}: ${show(first.i)} has ${first.size}, but axisSize is ${given}. Leave axisSize out where an argument is mapped.`,
    )
  const other = mapped.find(m => m.size !== first.size)
  if (other !== undefined)
    fail(
      'ShapeError',
      `${what}: mapped axes have different sizes: ${show(first.i)} has ${first.size}, ${show(other.i)} has ${other.size}. Use null in inAxes for what all examples share.`,
    )
  return first.size
  function show(i: number): string {
    return `axis ${axes[i]} of ${paths[i]} (${showAval((leaves[i] as Tensor).aval)})`
  }
}

function placeOutput(what: string, x: Tensor, axis: number | null, target: number | null, size: number): Tensor {
  if (target === null)
    return axis === null
      ? x
      : fail(
          'ValueError',
          `${what}: outAxes is null for a result that differs between examples. Give it an axis, or reduce over the batch.`,
        )
  const ndim = x.ndim + (axis === null ? 1 : 0)
  if (!Number.isInteger(target) || target < -ndim || target >= ndim)
    fail('ShapeError', `${what}: outAxes ${target} is out of range for a result of ${ndim} dimensions.`)
  return placeAxis(x, axis, target < 0 ? target + ndim : target, size)
}
