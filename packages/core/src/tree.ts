/**
 * Trees of tensors (JAX: pytrees): plain objects, arrays, tuples, `null`, `undefined`, strings, `Static` values, fp-ts Option and Either, keys and
 * classes that implement `TreeNode`. A tree is its tensors ("leaves", object keys sorted) and its structure, which is all the rest.
 *
 * `flattenTree` is on the hot path of `jit`: it keeps no paths. When something is no tensor, the tree is walked once more to name it.
 */
import { fail } from './errors.ts'
import { type Tensor, isTensor, toTensor } from './tensor.ts'
import { checkSameStructure, explainTree, leafPaths } from './tree/paths.ts'
import {
  DEEPEST,
  type Fields,
  type Static,
  Structure,
  type TreeNode,
  flatten,
  isNode,
  isPlain,
  isStatic,
  noChildren,
  noKeys,
  sameStructure,
  staticKey,
} from './tree/structure.ts'

export { checkSameStructure, leafPaths, structureDifference } from './tree/paths.ts'
export { flatten, sameStructure, staticKey, staticValue, type Static, type Structure, type TreeNode } from './tree/structure.ts'

// ---- types ----------------------------------------------------------------------------------------------

/** What a type shows where a tree should hold a tensor and does not. */
export interface NotATensor<T, Hint extends string> {
  readonly found: T
  readonly hint: Hint
}
type Hint<T> =
  T extends PromiseLike<unknown>
    ? 'await it'
    : T extends Collection
      ? 'use a plain object or array'
      : T extends number | boolean
        ? 'to train it: scalar(x); to keep it: Static'
        : 'close over it, or wrap it: Static'
type Leaf = Tensor | string | null | undefined | Static<unknown> | TreeNode
type Collection = ReadonlyMap<unknown, unknown> | ReadonlySet<unknown> | ArrayBufferView | Date
type Foreign = number | boolean | bigint | symbol | Collection | PromiseLike<unknown> | ((...args: never[]) => unknown)
type TensorsIn<T> = T extends Leaf ? T : T extends Foreign ? NotATensor<T, Hint<T>> : TreeOf<T>

/**
 * Bound for a tree of tensors and keys, `<P extends TreeOf<P>>`: itself where every leaf is one, `NotATensor` at the leaves that are not.
 * Unlike a recursive index signature it accepts interfaces and keeps tuples. Bounds the differentiated argument only: elsewhere trees are
 * checked at run time, since generic code could not prove the bound for `{ a: P, b: Q }`.
 */
export type TreeOf<T> = object & { readonly [K in keyof T]: T extends Leaf ? T[K] : TensorsIn<T[K]> }

/** Results are tensors where a number was accepted. */
export type Settled<T> = Tensor extends T ? Tensor : T

// ---- taking apart and putting together -------------------------------------------------------------------

const leafStructure = new Structure('leaf', noChildren)
const nullStructure = new Structure('constant', noChildren, noKeys, null)
const undefinedStructure = new Structure('constant', noChildren)

/** Not a tree: recognised without a path, which `explainTree` finds. */
const notATree = Symbol('not a tree')

export interface Flat {
  readonly leaves: readonly Tensor[]
  readonly structure: Structure
}

/** Takes a tree apart. `root` names it in messages. With `lift`, a number or boolean in place of the whole tree is a scalar. */
export function flattenTree(t: unknown, root = 'tree', lift = false): Flat {
  const leaves: Tensor[] = []
  if (lift && (typeof t === 'number' || typeof t === 'boolean')) return { leaves: [toTensor(t, root)], structure: leafStructure }
  const structure = take(t, leaves)
  return structure === notATree ? explainTree(t, root) : { leaves, structure }
}

function take(t: unknown, leaves: Tensor[], depth = 0): Structure | typeof notATree {
  if (isTensor(t)) {
    leaves.push(t)
    return leafStructure
  }
  if (t === null) return nullStructure
  if (t === undefined) return undefinedStructure
  if (typeof t === 'string') return new Structure('constant', noChildren, noKeys, t)
  if (typeof t !== 'object' || depth > DEEPEST) return notATree
  if (Array.isArray(t)) {
    const children = takeAll(t, leaves, depth + 1)
    return children === notATree ? notATree : new Structure('array', children)
  }
  if (isNode(t)) {
    const [parts, rebuild] = t[flatten]()
    const children = takeAll(parts, leaves, depth + 1)
    return children === notATree ? notATree : new Structure('node', children, noKeys, t.constructor, rebuild)
  }
  if (isStatic(t)) return new Structure('static', noChildren, noKeys, t)
  if (!isPlain(t)) return notATree
  const keys = sortedKeys(t)
  const children = new Array<Structure>(keys.length)
  for (let i = 0; i < keys.length; i++) {
    const s = take((t as Fields)[keys[i] as string], leaves, depth + 1)
    if (s === notATree) return notATree
    children[i] = s
  }
  return new Structure('object', children, keys)
}

function sortedKeys(t: object): string[] {
  const keys = Object.keys(t)
  for (let i = 1; i < keys.length; i++) if ((keys[i] as string) < (keys[i - 1] as string)) return keys.sort()
  return keys
}

function takeAll(parts: readonly unknown[], leaves: Tensor[], depth: number): readonly Structure[] | typeof notATree {
  const out = new Array<Structure>(parts.length)
  for (let i = 0; i < parts.length; i++) {
    const s = take(parts[i], leaves, depth)
    if (s === notATree) return notATree
    out[i] = s
  }
  return out
}

/** Appends the leaves of `t` if it has this structure; allocates nothing else. The fast path of `jit`. */
export function matchTree(s: Structure, t: unknown, leaves: Tensor[], lift = false): boolean {
  switch (s.kind) {
    case 'leaf':
      if (isTensor(t)) leaves.push(t)
      else if (lift && (typeof t === 'number' || typeof t === 'boolean')) leaves.push(toTensor(t, 'argument'))
      else return false
      return true
    case 'constant':
      return t === s.value
    case 'static':
      return typeof t === 'object' && t !== null && isStatic(t) && sameStatic(t.value, (s.value as Static<unknown>).value)
    case 'array':
      return Array.isArray(t) && matchAll(s, t, leaves)
    case 'object':
      return typeof t === 'object' && t !== null && matchFields(s, t, leaves)
    case 'node':
      return typeof t === 'object' && t !== null && t.constructor === s.value && isNode(t) && matchAll(s, t[flatten]()[0], leaves)
  }
}

const sameStatic = (a: unknown, b: unknown): boolean => Object.is(a, b) || staticKey(a) === staticKey(b)

function matchAll(s: Structure, parts: readonly unknown[], leaves: Tensor[]): boolean {
  const { children } = s
  if (parts.length !== children.length) return false
  for (let i = 0; i < children.length; i++) if (!matchTree(children[i] as Structure, parts[i], leaves)) return false
  return true
}

function matchFields(s: Structure, t: object, leaves: Tensor[]): boolean {
  const { children, keys } = s
  if (Object.getPrototypeOf(t) !== Object.prototype && (isTensor(t) || Array.isArray(t) || !isPlain(t))) return false
  if (isNode(t)) return false
  let fields = 0
  for (const _ in t) fields++
  if (fields !== keys.length) return false
  for (let i = 0; i < keys.length; i++) {
    const k = keys[i] as string,
      value = (t as Fields)[k]
    if (value === undefined && !Object.hasOwn(t, k)) return false
    if (!matchTree(children[i] as Structure, value, leaves)) return false
  }
  return true
}

/** Puts a tree together. The leaves need not be tensors (shapes, axes, ...). */
export function unflattenTree(structure: Structure, leaves: readonly unknown[]): unknown {
  return build(structure, { leaves, next: 0 })
}

function build(s: Structure, from: { readonly leaves: readonly unknown[]; next: number }): unknown {
  switch (s.kind) {
    case 'leaf':
      return from.leaves[from.next++]
    case 'constant':
    case 'static':
      return s.value
    case 'array':
      return s.children.map(c => build(c, from))
    case 'object':
      return buildObject(s, from)
    case 'node':
      return (s.rebuild as (children: readonly unknown[]) => unknown)(s.children.map(c => build(c, from)))
  }
}

function buildObject({ keys, children }: Structure, from: { readonly leaves: readonly unknown[]; next: number }): object {
  const out: Record<string, unknown> = {}
  for (let i = 0; i < keys.length; i++) {
    const k = keys[i] as string,
      value = build(children[i] as Structure, from)
    if (k === '__proto__') Object.defineProperty(out, k, { value, enumerable: true, configurable: true, writable: true })
    else out[k] = value
  }
  return out
}

// ---- for users ----------------------------------------------------------------------------------------------

function map<T>(f: (leaf: Tensor) => Tensor, t: T): T
function map<T>(f: (leaf: Tensor, other: Tensor) => Tensor, t: T, other: NoInfer<T>): T
function map<T>(f: (...leaves: readonly Tensor[]) => Tensor, t: T, ...others: readonly NoInfer<T>[]): T
function map(f: (...leaves: Tensor[]) => Tensor, t: unknown, ...others: readonly unknown[]): unknown {
  if (typeof f !== 'function')
    fail('ValueError', `tree.map: the first argument is the function, got ${f === null ? 'null' : typeof f}. Write tree.map(f, tree).`)
  const { leaves, structure } = flattenTree(t)
  const rest = others.map((o, i) => {
    const flat = flattenTree(o)
    checkSameStructure(`tree.map: tree ${i + 2} has another structure than the first`, structure, flat.structure, 'tree')
    return flat.leaves
  })
  return unflattenTree(
    structure,
    leaves.map((leaf, i) => f(leaf, ...rest.map(r => r[i] as Tensor))),
  )
}

interface TreeFunctions {
  /** Applies `f` to each tensor, or to corresponding tensors of trees of one structure. JAX: `tree.map`. */
  readonly map: typeof map
  /** The tensors, in the order of sorted field names. */
  leaves(t: unknown): readonly Tensor[]
  flatten(t: unknown): Flat
  unflatten(structure: Structure, leaves: readonly unknown[]): unknown
  structure(t: unknown): Structure
  sameStructure(a: unknown, b: unknown): boolean
  reduce<R>(f: (accumulated: R, leaf: Tensor) => R, t: unknown, initial: R): R
  /** One path a leaf: `blocks[2].w`. */
  paths(t: unknown): readonly string[]
}

/** Functions on trees of tensors. */
export const tree: TreeFunctions = {
  map,
  leaves: t => flattenTree(t).leaves,
  flatten: t => flattenTree(t),
  unflatten: unflattenTree,
  structure: t => flattenTree(t).structure,
  sameStructure: (a, b) => sameStructure(flattenTree(a).structure, flattenTree(b).structure),
  reduce: (f, t, initial) => flattenTree(t).leaves.reduce(f, initial),
  paths: t => leafPaths(flattenTree(t).structure),
}
