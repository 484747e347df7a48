/** Which checks a Program makes, known before it runs: every loop and branch carries the values of all of its sites' messages. */
import type { Aval } from '../../aval.ts'
import { isFloat } from '../../dtype.ts'
import { fail } from '../../errors.ts'
import { type CheckParams, checkP } from '../../primitives/check.ts'
import { type Primitive, isCall } from '../../primitives/primitive.ts'
import { type Equation, type Program, subprograms } from '../../program/program.ts'
import type { Site } from './error.ts'

/**
 * - `user`: calls of `check`;
 * - `nan`: an operation whose result holds a NaN;
 * - `div`: a division by zero;
 * - `index`: an index tensor that is out of range, where the call does not say what happens then;
 * - `float`: `nan` and `div`; `all`: everything.
 */
export type CheckKind = 'user' | 'nan' | 'div' | 'index'
export type CheckSet = CheckKind | 'float' | 'all'
export type Kinds = ReadonlySet<CheckKind>

const sets: Readonly<Record<CheckSet, readonly CheckKind[]>> = {
  user: ['user'],
  nan: ['nan'],
  div: ['div'],
  index: ['index'],
  float: ['nan', 'div'],
  all: ['user', 'nan', 'div', 'index'],
}

export function kindsOf(errors: readonly CheckSet[]): Kinds {
  if (!(errors instanceof Array)) fail('ValueError', `checkify: errors must be a list of ${Object.keys(sets).join(', ')}.`)
  const unknown = (errors as readonly string[]).find(e => !(e in sets))
  if (unknown !== undefined) fail('ValueError', `checkify: errors has ${String(unknown)}; use ${Object.keys(sets).join(', ')}.`)
  return new Set(errors.flatMap(e => sets[e]))
}

/** A site and the types of its values. */
export interface TypedSite {
  readonly site: Site
  readonly types: readonly Aval[]
}

/** Operations that only move values: a NaN in them came from elsewhere. */
const moving = new Set(
  'broadcast cast concatenate dynamicSlice dynamicUpdateSlice gather name neg optimizationBarrier pad pvary reshape reverse scatter select slice sort stopGradient transpose'.split(
    ' ',
  ),
)

/** The checks of the equation itself, apart from those inside it. */
export function ownSites({ primitive, params, outputs, inputs, line }: Equation, kinds: Kinds): readonly TypedSite[] {
  if ((primitive as Primitive) === checkP) {
    const { kind, message, line: at } = params as CheckParams
    const types = inputs.slice(1).map(a => a.aval)
    return kinds.has(kind) ? [{ site: { message, line: at ?? line ?? null, values: types.length }, types }] : []
  }
  const plain = (message: string): TypedSite => ({ site: { message, line: line ?? null, values: 0 }, types: [] })
  const sites: TypedSite[] = []
  if (kinds.has('div') && dividesBy({ primitive, inputs }) !== null) sites.push(plain('division by zero'))
  if (kinds.has('nan') && !isEntered(primitive) && !moving.has(primitive.name) && outputs.some(v => isFloat(v.aval.dtype)))
    sites.push(plain(`${primitive.name} made a NaN`))
  return sites
}

/** The position of the operand that must not be zero. */
export const dividesBy = ({ primitive }: Pick<Equation, 'primitive' | 'inputs'>): number | null =>
  primitive.name === 'div' || primitive.name === 'rem' ? 1 : null

/** Equations whose sub-programs are checked from inside. Those with rules of the user stay whole, unless the user checks something in them. */
export const isEntered = (primitive: Primitive): boolean => ['jit', 'checkpoint', 'scan', 'while', 'cond'].includes(primitive.name)

/** All checks of a Program, in order. */
export const sitesOf = (program: Program, kinds: Kinds): readonly TypedSite[] => program.equations.flatMap(e => equationSites(e, kinds))

export function equationSites(e: Equation, kinds: Kinds): readonly TypedSite[] {
  const inside = entersEquation(e, kinds) ? subprograms(e.params).flatMap(p => sitesOf(p, kinds)) : []
  return [...inside, ...(entersEquation(e, kinds) ? [] : ownSites(e, kinds))]
}

/** Whether the checks inside an equation are made, in place of those of its results. */
export const entersEquation = ({ primitive, params }: Equation, kinds: Kinds): boolean =>
  isCall(primitive) && (isEntered(primitive) || (kinds.has('user') && subprograms(params).some(holdsCheck)))

const holdsCheck = (program: Program): boolean =>
  program.equations.some(e => (e.primitive as Primitive) === checkP || subprograms(e.params).some(holdsCheck))
