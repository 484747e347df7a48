/** The structure of a tree: all of it but its tensors, as a value that can be compared and printed. */
import { fail } from '../errors.ts'
import { identity } from '../identity.ts'

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

type Kind = 'leaf' | 'constant' | 'static' | 'array' | 'object' | 'node'
/** Levels of nesting that a tree may have. One that is deeper most likely contains itself. */
export const DEEPEST = 500
export const noKeys: readonly string[] = []
export const noChildren: readonly Structure[] = []

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

  constructor(
    kind: Kind,
    children: readonly Structure[],
    keys: readonly string[] = noKeys,
    value?: unknown,
    rebuild: Structure['rebuild'] = null,
  ) {
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
      case 'leaf':
        return '*'
      case 'constant':
        return typeof this.value === 'string' ? JSON.stringify(this.value) : String(this.value)
      case 'static':
        return `Static(${staticKey((this.value as Static<unknown>).value)})`
      case 'array':
        return `[${this.children.map(c => c.key).join(', ')}]`
      case 'object':
        return `{${this.children.map((c, i) => `${fieldName(this.keys[i] as string)}: ${c.key}`).join(', ')}}`
      case 'node':
        return `${(this.value as { name: string }).name}#${identity(this.value as object)}(${this.children.map(c => c.key).join(', ')})`
    }
  }
}

export const sameStructure = (a: Structure, b: Structure): boolean => a === b || (a.size === b.size && a.key === b.key)

/** A field's name as source code would have it: quoted unless it is an identifier. */
export const fieldName = (k: string): string => (/^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(k) ? k : JSON.stringify(k))

export const isPlain = (x: object): boolean => {
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
  if (!isPlain(x)) return `${x.constructor.name}#${identity(x)}`
  return `{${Object.keys(x)
    .sort()
    .map(k => `${JSON.stringify(k)}:${staticKey((x as Record<string, unknown>)[k])}`)
    .join(',')}}`
}

export const isNode = (x: object): x is TreeNode => typeof (x as { [flatten]?: unknown })[flatten] === 'function'
export const isStatic = (x: object): x is Static<unknown> => (x as { _tag?: unknown })._tag === 'Static'
export type Fields = Readonly<Record<string, unknown>>
