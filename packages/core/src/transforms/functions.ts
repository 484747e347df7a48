/** What transforms need to know of user functions: names for messages, and arguments as trees. */
import { fail } from '../errors.ts'
import { type Tensor, isTensor } from '../tensor.ts'
import { type Flat, type Structure, flattenTree, unflattenTree } from '../tree.ts'

// Functions of users have any parameters; what goes in and out is checked as trees.
export type AnyFunction = (...args: never[]) => unknown

/** Throws a ValueError unless `f` can be called: what a caller without types passed in place of a function. */
export function checkFunction(where: string, f: unknown): void {
  if (typeof f !== 'function')
    fail(
      'ValueError',
      `${where}: expected a function, got ${f === null ? 'null' : isTensor(f) ? 'a tensor: pass the function itself, and call what the transform returns' : typeof f}.`,
    )
}

export function nameOf(f: { readonly name: string }): string {
  checkFunction('transform', f)
  return f.name === '' ? 'a function' : f.name
}

const parameterList = /^(?:async\s+)?(?:function\s*[\w$]*\s*)?\(?([^)=]*)/
/** The name of parameter `i` as the source has it, for messages; `argument 2` where the source does not tell. */
export function parameterName(f: AnyFunction, i: number): string {
  const names = (parameterList.exec(Function.prototype.toString.call(f))?.[1] ?? '').split(',').map(s => s.trim())
  const name = names[i] ?? ''
  return /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name) && names.slice(0, i + 1).every(n => !/[[{]/.test(n)) ? name : `argument ${i}`
}

/** Position `i` among `n` arguments, as `argnums` names it. */
export const checkArgnum = (where: string, i: number, n: number): number =>
  Number.isInteger(i) && i >= 0 && i < n
    ? i
    : fail(
        'ValueError',
        `${where}: argnums names argument ${i}, but the function was called with ${n} argument${n === 1 ? '' : 's'}. Count from 0.`,
      )

/** Each argument as a tree; a number or boolean as a whole argument is a scalar. */
export function flattenArguments(f: AnyFunction, args: readonly unknown[]): readonly Flat[] {
  if (!Array.isArray(args))
    fail('TreeError', `arguments of ${nameOf(f)}: an array with one entry an argument is expected, got ${typeof args}. Write [x].`)
  return args.map((a, i) => flattenTree(a, parameterName(f, i), true))
}

/** A function on trees as one on tensors, with what it last returned. */
export interface FlatFunction {
  readonly call: (...leaves: readonly unknown[]) => readonly Tensor[]
  /** The structure of the result, after a call. */
  readonly out: () => Structure
}

/** `f` on the leaves of its arguments. The result may be a number where one tensor is meant. */
export function flatFunction(f: AnyFunction, structures: readonly Structure[], result: string): FlatFunction {
  let out: Structure | null = null
  return {
    call: (...leaves) => {
      const flat = flattenTree(f(...(unflattenAll(structures, leaves) as never[])), result, true)
      out = flat.structure
      return flat.leaves
    },
    out: () => out as Structure,
  }
}

/** One tree a structure, from the leaves of all. */
export function unflattenAll(structures: readonly Structure[], leaves: readonly unknown[]): unknown[] {
  let from = 0
  return structures.map(s => unflattenTree(s, leaves.slice(from, (from += s.size))))
}
