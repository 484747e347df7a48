/** A Program: typed equations over primitives, in order. Plain immutable data (JAX: jaxpr). It is closed: what the traced function captured comes in as leading inputs. */
import type { Aval } from '../aval.ts'
import { type Primitive, isCall } from '../primitives/primitive.ts'

/** A variable; compared by identity. `id` is unique in the process and only orders and names it. */
export interface Var {
  readonly kind: 'var'
  readonly id: number
  readonly aval: Aval
}

/** A scalar constant written into the Program. */
export interface Literal {
  readonly kind: 'literal'
  readonly value: number
  readonly aval: Aval
}

export type Atom = Var | Literal

export interface Equation {
  readonly primitive: Primitive
  readonly inputs: readonly Atom[]
  readonly params: object
  readonly outputs: readonly Var[]
  /** The user's line that made it, in debug modes (modes.ts). */
  readonly line?: string
}

export interface Program {
  readonly inputs: readonly Var[]
  readonly equations: readonly Equation[]
  readonly outputs: readonly Atom[]
}

let nextId = 0
export const newVar = (aval: Aval): Var => ({ kind: 'var', id: nextId++, aval })
export const literal = (value: number, aval: Aval): Literal => ({ kind: 'literal', value, aval })

/** The Programs in an equation's params (bodies of scan, branches of cond, ...). */
export function subprograms(params: object): readonly Program[] {
  return Object.values(params).flatMap((v: unknown) => (isProgram(v) ? [v] : Array.isArray(v) ? v.filter(isProgram) : []))
}

const freeOf = new WeakMap<Program, readonly string[]>()
/** The named axes that a Program knows: collectives in it work over them, or its types vary along them. It runs where `vmap` binds them. */
export function freeAxes(program: Program): readonly string[] {
  let names = freeOf.get(program)
  if (names === undefined) {
    const worked = program.equations.flatMap(e => equationAxes(e.primitive, e.params))
    freeOf.set(program, (names = [...new Set([...worked, ...program.inputs.flatMap(v => v.aval.varying)])]))
  }
  return names
}
/** The named axes that an equation of this primitive works over, itself or in its sub-programs. */
export const equationAxes = (primitive: Primitive, params: object): readonly string[] =>
  primitive.axisNames?.(params) ?? (isCall(primitive) ? subprograms(params).flatMap(freeAxes) : [])

export const isProgram = (v: unknown): v is Program =>
  typeof v === 'object' && v !== null && 'equations' in v && 'inputs' in v && 'outputs' in v
