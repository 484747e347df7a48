/** customBatching for users: what vmap makes of a function. */
import { showAval } from '../aval.ts'
import { fail } from '../errors.ts'
import { customBatchingP } from '../primitives/customBatching.ts'
import { bind, isConcrete } from '../program/bind.ts'
import type { Tensor } from '../tensor.ts'
import { type Structure, type TreeNode, checkSameStructure, flattenTree, leafPaths, unflattenTree } from '../tree.ts'
import { traceBody } from './control.ts'
import { checkFunction, flattenArguments, nameOf, unflattenAll } from './functions.ts'
import type { Args } from './types.ts'

/** One flag a tensor of `T`, or tree node: has it the batch axis? */
export type Batching<T> = T extends Tensor | TreeNode
  ? boolean
  : T extends string | null | undefined
    ? T
    : { readonly [K in keyof T]: Batching<T[K]> }

/**
 * `f` with a batching rule of its own: under `vmap`, `rule(axisSize, batched, ...args)` is called instead of mapping over the operations of `f`. Arguments come
 * with the axis in front where `batched` (a tree of flags for each) says so; it returns the result and the flags of the result, or one flag for all of it.
 * Forward mode differentiates the rule, too; in reverse mode the operations of `f` are batched each by its own. JAX: `custom_batching.custom_vmap`.
 *
 * @example const solve = customBatching(solveOne, (n, [a, b], as, bs) => [a ? solveEach(as, bs) : solveMany(as, bs), true])
 */
export function customBatching<A extends Args, R>(
  f: (...args: A) => R,
  rule: (
    axisSize: number,
    batched: { readonly [I in keyof A]: Batching<A[I]> },
    ...args: NoInfer<A>
  ) => readonly [out: NoInfer<R>, batched: boolean | Batching<NoInfer<R>>],
): (...args: A) => R {
  const where = `customBatching of ${nameOf(f)}`
  checkFunction(`${where}: the rule`, rule)
  return (...args) => {
    const flat = flattenArguments(f, args)
    const leaves = flat.flatMap(t => t.leaves),
      structures = flat.map(t => t.structure)
    if (isConcrete(leaves)) return f(...args)
    const { program, captured, out } = traceBody(
      f,
      structures,
      leaves.map(t => t.aval),
      where,
    )
    const flatRule = (size: number, batched: readonly boolean[], inputs: readonly Tensor[]) => {
      const flags = splitBy(structures, batched).map((own, i) => flagsOf(structures[i] as Structure, own))
      const result = rule(size, flags as never, ...(unflattenAll(structures, inputs) as unknown as NoInfer<A>))
      if (!Array.isArray(result) || result.length !== 2) fail('TreeError', `${where}: the rule must return [result, batched].`)
      const found = flattenTree(result[0], 'result', true)
      checkSameStructure(`${where}: the rule returns another tree than the function`, out, found.structure, 'result')
      const is = maskOf(where, out, result[1], 'batched')
      const paths = leafPaths(out, 'result')
      found.leaves.forEach((t, i) => {
        const { shape, dtype } = (program.outputs[i] as (typeof program.outputs)[number]).aval
        const expected = is[i] ? [size, ...shape] : shape
        if (t.dtype !== dtype || t.shape.join() !== expected.join())
          fail(
            'ShapeError',
            `${where}: the rule gives ${paths[i]} as ${showAval(t.aval)}, but ${is[i] ? `batched by ${size}` : 'not batched'} it must be ${dtype}[${expected.join()}].`,
          )
      })
      return { outputs: found.leaves, batched: is }
    }
    const params = { program, name: nameOf(f), numCaptured: captured.length, rule: flatRule }
    return unflattenTree(out, bind(customBatchingP, [...captured, ...leaves], params)) as R
  }
}

function splitBy(structures: readonly Structure[], flags: readonly boolean[]): readonly (readonly boolean[])[] {
  let from = 0
  return structures.map(s => flags.slice(from, (from += s.size)))
}

/** Flags in the place of tensors; a node of a class, which holds tensors, is one flag. */
function flagsOf(structure: Structure, flags: readonly boolean[]): unknown {
  switch (structure.kind) {
    case 'leaf':
    case 'node':
      return flags.some(Boolean)
    case 'constant':
    case 'static':
      return structure.value
    default: {
      const children = splitBy(structure.children, flags).map((own, i) => flagsOf(structure.children[i] as Structure, own))
      return structure.kind === 'array' ? children : Object.fromEntries(structure.keys.map((k, i) => [k, children[i]]))
    }
  }
}

/** One flag a leaf, from flags of a tree or one for all of it. */
function maskOf(where: string, structure: Structure, flags: unknown, path: string): readonly boolean[] {
  if (typeof flags === 'boolean') return new Array<boolean>(structure.size).fill(flags)
  if (structure.size === 0) return []
  if (typeof flags !== 'object' || flags === null || (structure.kind !== 'array' && structure.kind !== 'object'))
    return fail('TreeError', `${where}: the rule must return true or false at ${path}, or flags like its result; got ${String(flags)}.`)
  return structure.children.flatMap((c, i) => {
    const k = structure.kind === 'array' ? i : (structure.keys[i] as string)
    return maskOf(where, c, (flags as Readonly<Record<string | number, unknown>>)[k], `${path}.${k}`)
  })
}
