/** cond, switch_, scan, whileLoop and foriLoop for users: functions on trees become Programs. */
import { checkList } from '../options.ts'
import { type Aval, type AxisNames, showAval, strong } from '../aval.ts'
import { type ErrorKind, fail } from '../errors.ts'
import { astype } from '../primitives/cast.ts'
import { pvaryP, varyLike } from '../primitives/collective.ts'
import { condP } from '../primitives/cond.ts'
import { joinConsts, outputTypes } from '../primitives/control.ts'
import { axisIndexP } from '../primitives/exchange.ts'
import { isCollective } from '../primitives/primitive.ts'
import { bind, stagingTrace } from '../program/bind.ts'
import { sameType } from '../program/check.ts'
import { internProgram } from '../program/intern.ts'
import { type Program, equationAxes, subprograms } from '../program/program.ts'
import { simplify } from '../program/simplify.ts'
import { trace } from '../program/trace.ts'
import { sameShape } from '../shape.ts'
import { Tensor, type TensorLike, isTensor, toTensor } from '../tensor.ts'
import { type Structure, checkSameStructure, flattenTree, leafPaths, unflattenTree } from '../tree.ts'
import { type AnyFunction, checkFunction, flatFunction, flattenArguments } from './functions.ts'
import type { Args } from './types.ts'

/** A function as a Program whose leading inputs are `captured`. */
export interface Body {
  readonly program: Program
  readonly captured: readonly Tensor[]
  readonly out: Structure
}

/** Traces `f`, a function of trees. */
export function traceBody(f: AnyFunction, structures: readonly Structure[], avals: readonly Aval[], what: string): Body {
  const g = flatFunction(f, structures, `the result of ${what}`)
  const { program, captured } = trace(g.call, avals, what)
  const simple = simplify(program)
  return { program: stagingTrace() === null ? internProgram(simple) : simple, captured, out: g.out() }
}

/** Whether a predicate's number can be read now. While a function is staged, only numbers that are written in it. */
function readNow(x: TensorLike): number | null {
  if (!isTensor(x)) return Number(x)
  let v = x.value
  while ('trace' in v && v.trace.alive && v.primal !== undefined) v = v.primal.value
  if ('scalar' in v) return v.scalar
  return 'trace' in v || stagingTrace() !== null ? null : x.item()
}

/**
 * `onTrue(...operands)` where the predicate holds, else `onFalse(...operands)`. Both must return trees of the same structure and types. A predicate
 * whose value is known runs its function directly; a traced one makes both part of the Program, and under `vmap` with a mapped predicate both are computed.
 * JAX: `lax.cond`.
 */
export function cond<A extends Args, R>(
  predicate: TensorLike,
  onTrue: (...args: NoInfer<A>) => R,
  onFalse: (...args: NoInfer<A>) => NoInfer<R>,
  ...operands: A
): R {
  checkFunction('cond: onTrue', onTrue)
  checkFunction('cond: onFalse', onFalse)
  const p = toTensor(predicate, 'cond')
  if (p.ndim !== 0)
    fail('ShapeError', `cond: the predicate must be a scalar, got ${showAval(p.aval)}. For a choice at each element use where.`)
  const known = readNow(predicate)
  if (known !== null) return (known !== 0 ? onTrue : onFalse)(...operands)
  const index = astype(astype(p, 'bool'), 'int32')
  return branch('cond', index, [onFalse, onTrue], ['onFalse', 'onTrue'], operands) as R
}

/** `branches[index](...operands)`; the index is clamped to the range. JAX: `lax.switch`. */
export function switch_<A extends Args, R>(index: TensorLike, branches: readonly ((...args: NoInfer<A>) => R)[], ...operands: A): R {
  const i = toTensor(index, 'switch_')
  checkList('switch_', branches, 'functions').forEach((b, k) => checkFunction(`switch_: branches[${k}]`, b))
  if (branches.length === 0) fail('ValueError', 'switch_: there are no branches.')
  if (i.ndim !== 0) fail('ShapeError', `switch_: the index must be a scalar, got ${showAval(i.aval)}.`)
  const known = readNow(index)
  if (known !== null && Number.isNaN(known)) fail('ValueError', 'switch_: the index is NaN.')
  if (known !== null) return (branches[Math.min(Math.max(Math.trunc(known), 0), branches.length - 1)] as (...args: A) => R)(...operands)
  return branch(
    'switch_',
    astype(i, 'int32'),
    branches,
    branches.map((_, k) => `branches[${k}]`),
    operands,
  ) as R
}

function branch(
  where: string,
  index: Tensor,
  functions: readonly AnyFunction[],
  names: readonly string[],
  operands: readonly unknown[],
): unknown {
  const flat = flattenArguments(functions[0] as AnyFunction, operands)
  const leaves = flat.flatMap(t => t.leaves),
    avals = leaves.map(t => t.aval)
  const bodies = functions.map((f, i) =>
    traceBody(
      f,
      flat.map(t => t.structure),
      avals,
      `${names[i]} of ${where}`,
    ),
  )
  const first = bodies[0] as Body
  bodies.forEach((b, i) => {
    checkSameStructure(`${where}: ${names[0]} and ${names[i]} return different trees`, first.out, b.out, 'result')
    checkSameTypes(
      `${where}: ${names[0]} and ${names[i]} return different types`,
      first.out,
      outputTypes(first.program),
      outputTypes(b.program),
      'result',
    )
  })
  checkMeets(
    where,
    index.aval.varying,
    bodies.map(b => b.program),
  )
  const { programs, consts } = joinConsts(bodies.map(({ program, captured }) => ({ program, consts: captured })))
  const branches = stagingTrace() === null ? programs.map(internProgram) : programs
  return unflattenTree(first.out, bind(condP, [index, ...consts, ...leaves], { branches }))
}

/** Throws if examples that take different ways would have to meet on one of them. */
export function checkMeets(where: string, varying: AxisNames, programs: readonly Program[]): void {
  const found = programs.flatMap(meetings).find(m => m.names.some(n => varying.includes(n)))
  if (found !== undefined)
    fail(
      'ValueError',
      `${where}: ${found.name} over the axis ${found.names.map(n => `'${n}'`).join(', ')} is called where not all examples come, since what decides differs between them. Call it outside of ${where}, or decide for all at once with pmax or pmin. If it is the gradient of a shared value, make the value each example's own with pvary first.`,
    )
}

interface Meeting {
  readonly name: string
  readonly names: AxisNames
}
/** The collectives in a Program that exchange values. */
const meetings = (program: Program): readonly Meeting[] =>
  program.equations.flatMap(({ primitive, params }) =>
    primitive === pvaryP || primitive === axisIndexP
      ? []
      : isCollective(primitive)
        ? [{ name: primitive.name, names: equationAxes(primitive, params) }]
        : subprograms(params).flatMap(meetings),
  )

const differenceKind = (a: Aval, b: Aval): ErrorKind => (sameShape(a.shape, b.shape) ? 'DTypeError' : 'ShapeError')

export function checkSameTypes(where: string, structure: Structure, expected: readonly Aval[], found: readonly Aval[], root: string): void {
  const bad = expected.findIndex((a, i) => !sameType(a, found[i] as Aval))
  if (bad >= 0)
    fail(
      differenceKind(expected[bad] as Aval, found[bad] as Aval),
      `${where}: ${leafPaths(structure, root)[bad]} is ${showAval(expected[bad] as Aval)} in one and ${showAval(found[bad] as Aval)} in the other. Convert with astype or reshape.`,
    )
}

/** A carry as strongly typed tensors: numbers take a definite dtype. */
export interface Carry {
  readonly leaves: readonly Tensor[]
  readonly structure: Structure
}
export function carryOf(init: unknown): Carry {
  const { leaves, structure } = flattenTree(init, 'init', true)
  return { leaves: leaves.map(makeStrong), structure }
}
export const makeStrong = (t: Tensor): Tensor => (t.aval.weak ? new Tensor(strong(t.aval), t.value) : t)

/**
 * Traces a loop body until the carry's types are those it returns: a carry that began as a JavaScript number takes the dtype that the body gives it;
 * any other change is an error that names the leaf.
 */
export function settleCarry(
  where: string,
  init: unknown,
  attempt: (carry: Carry) => { readonly body: Body; readonly out: Structure; readonly next: readonly Aval[] },
): { readonly carry: Carry; readonly body: Body } {
  const weak = flattenTree(init, 'init', true).leaves.map(t => t.aval.weak)
  let carry = carryOf(init)
  for (let again = true; ; ) {
    const { body, out, next } = attempt(carry)
    checkSameStructure(`${where}: the carry changes its structure`, carry.structure, out, 'carry')
    const changed = carry.leaves.map((t, i) => !sameType(t.aval, next[i] as Aval))
    if (!changed.some(Boolean)) {
      // A step may make a carry vary along a named axis: then it does from the start.
      const varied = carry.leaves.map((t, i) => varyLike(t, next[i] as Aval))
      if (varied.every((t, i) => t === carry.leaves[i])) return { carry, body }
      carry = { ...carry, leaves: varied }
      continue
    }
    const bad = changed.findIndex((c, i) => c && !(again && weak[i] && (next[i] as Aval).shape.length === (carry.leaves[i] as Tensor).ndim))
    if (bad >= 0)
      fail(
        differenceKind((carry.leaves[bad] as Tensor).aval, next[bad] as Aval),
        `${where}: the carry must keep its types, but ${leafPaths(carry.structure, 'carry')[bad]} goes in as ${showAval((carry.leaves[bad] as Tensor).aval)} and comes out as ${showAval(next[bad] as Aval)}. Convert with astype or reshape.`,
      )
    carry = { ...carry, leaves: carry.leaves.map((t, i) => (changed[i] ? astype(t, (next[i] as Aval).dtype) : t)) }
    again = false
  }
}
