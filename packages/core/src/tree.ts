/**
 * Trees of tensors (JAX: pytrees): plain objects, arrays, tuples, `null`, `undefined`, strings, `Static` values, fp-ts Option and Either, keys and
 * classes that implement `TreeNode`. A tree is its tensors ("leaves", object keys sorted) and its structure, which is all the rest.
 *
 * `flattenTree` is on the hot path of `jit`: it keeps no paths. When something is no tensor, the tree is walked once more to name it.
 */
import { fail } from './errors.ts'
import { type Tensor, isTensor, toTensor } from './tensor.ts'

// ---- types ----------------------------------------------------------------------------------------------

/** The method by which a class is a tree node: `[flatten]() { return [[this.re, this.im], ([re, im]) => new Complex(re, im)] }`. */
export const flatten: unique symbol = Symbol.for('cotangent.flatten')

/** A class that is a tree node says how to take itself apart and put itself together. What is no tensor in it belongs into `Static` children. */
export interface TreeNode<Self = unknown> {
  [flatten](): readonly [children: readonly unknown[], rebuild: (children: readonly unknown[]) => Self]
}

/** A subtree that is compared, not traced: a flag, a size, a function. Part of the structure; strings are so by themselves. */
export interface Static<T> {
  readonly _tag: 'Static'
  readonly value: T
}

/** Marks a value as part of a tree's structure: `staticValue(8)`. */
export const staticValue = <T>(value: T): Static<T> => ({ _tag: 'Static', value })

/** What a type shows where a tree should hold a tensor and does not. */
export interface NotATensor<T, Hint extends string> {
  readonly found: T
  readonly hint: Hint
}
type Hint<T> = T extends PromiseLike<unknown> ? 'await it'
  : T extends Collection ? 'use a plain object or array'
  : T extends number | boolean ? 'to train it: scalar(x); to keep it: Static'
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

// ---- structure ------------------------------------------------------------------------------------------

type Kind = 'leaf' | 'constant' | 'static' | 'array' | 'object' | 'node'
const noKeys: readonly string[] = []
const noChildren: readonly Structure[] = []

/** All of a tree but its tensors. Two structures are equal when their keys are. */
export class Structure {
  readonly kind: Kind
  readonly children: readonly Structure[]
  /** Sorted names of an object's fields. */
  readonly keys: readonly string[]
  /** The constant, the `Static`, or the TreeNode's constructor. */
  readonly value: unknown
  readonly rebuild: ((children: readonly unknown[]) => unknown) | null
  /** Number of tensors below. */
  readonly size: number
  private text: string | null = null

  constructor(kind: Kind, children: readonly Structure[], keys: readonly string[] = noKeys, value?: unknown, rebuild: Structure['rebuild'] = null) {
    this.kind = kind
    this.children = children
    this.keys = keys
    this.value = value
    this.rebuild = rebuild
    let size = kind === 'leaf' ? 1 : 0
    for (let i = 0; i < children.length; i++) size += (children[i] as Structure).size
    this.size = size
  }

  /** Equal for equal structures; readable enough for messages: `{b: *, w: *}`. */
  get key(): string {
    return (this.text ??= this.describe())
  }
  private describe(): string {
    switch (this.kind) {
      case 'leaf': return '*'
      case 'constant': return typeof this.value === 'string' ? JSON.stringify(this.value) : String(this.value)
      case 'static': return `Static(${staticKey((this.value as Static<unknown>).value)})`
      case 'array': return `[${this.children.map(c => c.key).join(', ')}]`
      case 'object': return `{${this.children.map((c, i) => `${fieldName(this.keys[i] as string)}: ${c.key}`).join(', ')}}`
      case 'node': return `${(this.value as { name: string }).name}#${identity(this.value as object)}(${this.children.map(c => c.key).join(', ')})`
    }
  }
}

export const sameStructure = (a: Structure, b: Structure): boolean => a === b || (a.size === b.size && a.key === b.key)

const identities = new WeakMap<object, number>()
let nextIdentity = 0
function identity(x: object): number {
  let id = identities.get(x)
  if (id === undefined) identities.set(x, (id = nextIdentity++))
  return id
}

const isPlain = (x: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(x)
  // The root prototype of any realm has no prototype itself.
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

/** A text that is equal for equal static values: numbers, strings and plain objects by content, functions and class instances by identity. */
export function staticKey(x: unknown): string {
  if (typeof x === 'string') return JSON.stringify(x)
  if (typeof x === 'function') return `function ${x.name}#${identity(x)}`
  if (typeof x === 'number') return Object.is(x, -0) ? '-0' : String(x)
  if (typeof x === 'symbol') return fail('TreeError', `a symbol (${String(x)}) cannot be a static value. Use a string.`)
  if (typeof x !== 'object' || x === null) return `${typeof x}:${String(x)}`
  if (Array.isArray(x)) return `[${x.map(staticKey).join(',')}]`
  if (isTensor(x) || !isPlain(x)) return `${x.constructor.name}#${identity(x)}`
  return `{${Object.keys(x).sort().map(k => `${JSON.stringify(k)}:${staticKey((x as Record<string, unknown>)[k])}`).join(',')}}`
}

// ---- taking apart and putting together -------------------------------------------------------------------

const leafStructure = new Structure('leaf', noChildren)
const nullStructure = new Structure('constant', noChildren, noKeys, null)
const undefinedStructure = new Structure('constant', noChildren)
const isNode = (x: object): x is TreeNode => typeof (x as { [flatten]?: unknown })[flatten] === 'function'
const isStatic = (x: object): x is Static<unknown> => (x as { _tag?: unknown })._tag === 'Static'
type Fields = Readonly<Record<string, unknown>>

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

function take(t: unknown, leaves: Tensor[]): Structure | typeof notATree {
  if (isTensor(t)) {
    leaves.push(t)
    return leafStructure
  }
  if (t === null) return nullStructure
  if (t === undefined) return undefinedStructure
  if (typeof t === 'string') return new Structure('constant', noChildren, noKeys, t)
  if (typeof t !== 'object') return notATree
  if (Array.isArray(t)) {
    const children = takeAll(t, leaves)
    return children === notATree ? notATree : new Structure('array', children)
  }
  if (isNode(t)) {
    const [parts, rebuild] = t[flatten]()
    const children = takeAll(parts, leaves)
    return children === notATree ? notATree : new Structure('node', children, noKeys, t.constructor, rebuild)
  }
  if (isStatic(t)) return new Structure('static', noChildren, noKeys, t)
  if (!isPlain(t)) return notATree
  const keys = sortedKeys(t)
  const children = new Array<Structure>(keys.length)
  for (let i = 0; i < keys.length; i++) {
    const s = take((t as Fields)[keys[i] as string], leaves)
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

function takeAll(parts: readonly unknown[], leaves: Tensor[]): readonly Structure[] | typeof notATree {
  const out = new Array<Structure>(parts.length)
  for (let i = 0; i < parts.length; i++) {
    const s = take(parts[i], leaves)
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
    case 'constant': return t === s.value
    case 'static': return typeof t === 'object' && t !== null && isStatic(t) && sameStatic(t.value, (s.value as Static<unknown>).value)
    case 'array': return Array.isArray(t) && matchAll(s, t, leaves)
    case 'object': return typeof t === 'object' && t !== null && matchFields(s, t, leaves)
    case 'node': return typeof t === 'object' && t !== null && t.constructor === s.value && isNode(t) && matchAll(s, t[flatten]()[0], leaves)
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
    const k = keys[i] as string, value = (t as Fields)[k]
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
    case 'leaf': return from.leaves[from.next++]
    case 'constant':
    case 'static': return s.value
    case 'array': return s.children.map(c => build(c, from))
    case 'object': return buildObject(s, from)
    case 'node': return (s.rebuild as (children: readonly unknown[]) => unknown)(s.children.map(c => build(c, from)))
  }
}

function buildObject({ keys, children }: Structure, from: { readonly leaves: readonly unknown[]; next: number }): object {
  const out: Record<string, unknown> = {}
  for (let i = 0; i < keys.length; i++) {
    const k = keys[i] as string, value = build(children[i] as Structure, from)
    if (k === '__proto__') Object.defineProperty(out, k, { value, enumerable: true, configurable: true, writable: true })
    else out[k] = value
  }
  return out
}

// ---- paths and messages ------------------------------------------------------------------------------------

const fieldName = (k: string): string => (/^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(k) ? k : JSON.stringify(k))
const field = (path: string, k: string): string => (fieldName(k) === k ? (path === '' ? k : `${path}.${k}`) : `${path}[${JSON.stringify(k)}]`)

/** The path of each leaf: `params.blocks[2].w`. Children of a TreeNode are numbered, a single one (a key's data) has its parent's path. */
export function leafPaths(structure: Structure, root = ''): readonly string[] {
  const out: string[] = []
  const walk = (s: Structure, path: string): void => {
    if (s.kind === 'leaf') out.push(path)
    else if (s.kind === 'node' && s.children.length === 1) walk(s.children[0] as Structure, path)
    else s.children.forEach((c, i) => walk(c, s.kind === 'object' ? field(path, s.keys[i] as string) : `${path}[${i}]`))
  }
  walk(structure, root)
  return out
}

/** Names the first thing in `t` that is no tensor, and the remedy. */
function explainTree(t: unknown, path: string): never {
  const visit = (x: unknown, at: string): void => {
    if (x === null || x === undefined || typeof x === 'string' || isTensor(x)) return
    if (typeof x !== 'object') refuse(at, typeof x === 'function' ? `a function${x.name === '' ? '' : ` (${x.name})`}` : `a ${typeof x} (${String(x)})`, remedy(x))
    if (Array.isArray(x)) x.forEach((v, i) => visit(v, `${at}[${i}]`))
    else if (isNode(x)) x[flatten]()[0].forEach((v, i) => visit(v, `${at}[${i}]`))
    else if (isStatic(x)) return
    else if (isPlain(x)) for (const k of Object.keys(x)) visit((x as Fields)[k], field(at, k))
    else refuse(at, `a ${x.constructor.name}`, remedy(x))
  }
  visit(t, path)
  return fail('InternalError', `${path} is no tree, yet all its leaves are tensors`)
}

function refuse(path: string, found: string, hint: string): never {
  fail('TreeError', `${path} is ${found}, not a tensor. ${hint}`)
}

function remedy(x: unknown): string {
  if (typeof x === 'number' || typeof x === 'boolean')
    return `To compute with it wrap it: scalar(${String(x)}); to keep it as it is: staticValue(${String(x)}), or list the argument as static.`
  if (typeof x === 'function') return 'Close over it, wrap it in staticValue(...), or list the argument as static.'
  if (typeof x !== 'object' || x === null) return 'Close over it, or wrap it in staticValue(...).'
  if (typeof (x as { then?: unknown }).then === 'function') return 'Await it first.'
  if (ArrayBuffer.isView(x)) return 'Make a tensor of it: array(...).'
  if (x instanceof Map || x instanceof Set || x instanceof Date) return 'Use a plain object or array.'
  return 'Implement TreeNode (a method [flatten]), use a plain object, or wrap it in staticValue(...).'
}

/** The path and the two descriptions where two structures first differ. */
export function structureDifference(a: Structure, b: Structure, path: string): { readonly path: string; readonly a: string; readonly b: string } | null {
  if (a.kind === b.kind && a.children.length === b.children.length && a.keys.join() === b.keys.join() && (a.children.length > 0 || a.key === b.key)) {
    for (let i = 0; i < a.children.length; i++) {
      const at = a.kind === 'object' ? field(path, a.keys[i] as string) : `${path}[${i}]`
      const d = structureDifference(a.children[i] as Structure, b.children[i] as Structure, at)
      if (d !== null) return d
    }
    return a.value === b.value || a.key === b.key ? null : { path, a: summary(a), b: summary(b) }
  }
  return { path, a: summary(a), b: summary(b) }
}

function summary(s: Structure): string {
  switch (s.kind) {
    case 'leaf': return 'a tensor'
    case 'array': return `an array of ${s.children.length}`
    case 'object': return `an object with ${s.keys.length === 0 ? 'no fields' : s.keys.map(fieldName).join(', ')}`
    case 'node': return `a ${(s.value as { name: string }).name}`
    default: return s.key
  }
}

/** Throws a TreeError that names the place unless the structures are equal. */
export function checkSameStructure(where: string, expected: Structure, found: Structure, path: string): void {
  if (sameStructure(expected, found)) return
  const d = structureDifference(expected, found, path) ?? { path, a: expected.key, b: found.key }
  fail('TreeError', `${where}: trees differ at ${d.path}: expected ${d.a}, got ${d.b}.`)
}

// ---- for users ----------------------------------------------------------------------------------------------

function map<T>(f: (leaf: Tensor) => Tensor, t: T): T
function map<T>(f: (leaf: Tensor, other: Tensor) => Tensor, t: T, other: NoInfer<T>): T
function map<T>(f: (...leaves: readonly Tensor[]) => Tensor, t: T, ...others: readonly NoInfer<T>[]): T
function map(f: (...leaves: Tensor[]) => Tensor, t: unknown, ...others: readonly unknown[]): unknown {
  const { leaves, structure } = flattenTree(t)
  const rest = others.map((o, i) => {
    const flat = flattenTree(o)
    checkSameStructure(`tree.map: tree ${i + 2} has another structure than the first`, structure, flat.structure, 'tree')
    return flat.leaves
  })
  return unflattenTree(structure, leaves.map((leaf, i) => f(leaf, ...rest.map(r => r[i] as Tensor))))
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
