/**
 * Runs a Program with its checks: a state goes from equation to equation, the number of the first check that failed and the values of all messages. The
 * equations are bound as they are, so this works on tracers of any transform; loops and branches carry the state.
 */
import { type Aval, aval } from '../../aval.ts'
import { isFloat } from '../../dtype.ts'
import { invariant } from '../../errors.ts'
import { bitwiseAnd, bitwiseNot } from '../../primitives/bitwise.ts'
import type { CallParams } from '../../primitives/call.ts'
import { scalarOf } from '../../primitives/cast.ts'
import { checkP } from '../../primitives/check.ts'
import { equal, notEqual } from '../../primitives/comparison.ts'
import { type CondParams, condP } from '../../primitives/cond.ts'
import { joinConsts } from '../../primitives/control.ts'
import { type CallPrimitive, type Primitive, isCall } from '../../primitives/primitive.ts'
import { any } from '../../primitives/reduce.ts'
import { type ScanParams, roles, scanP } from '../../primitives/scan.ts'
import { where } from '../../primitives/select.ts'
import { type WhileParams, whileP } from '../../primitives/while.ts'
import { zerosOf } from '../../primitives/zeros.ts'
import { bind } from '../../program/bind.ts'
import { atLine } from '../../program/modes.ts'
import type { Equation, Program } from '../../program/program.ts'
import { valuesOf } from '../../program/values.ts'
import type { Tensor } from '../../tensor.ts'
import { type Closed, avalsOf, traceClosed } from '../programs.ts'
import { type Kinds, dividesBy, entersEquation, equationSites, ownSites, sitesOf } from './sites.ts'

/** `code`: 0, or 1 + the number of the site; `values`: those of the sites that the part at hand has. */
export interface CheckState {
  readonly code: Tensor
  readonly values: readonly Tensor[]
}
interface Run {
  readonly outputs: readonly Tensor[]
  readonly state: CheckState
}

const codeType = aval([], 'int32')
export const noError = (types: readonly Aval[]): CheckState => ({ code: scalarOf(0, 'int32'), values: types.map(zerosOf) })
const valueTypes = (program: Program, kinds: Kinds): readonly Aval[] => sitesOf(program, kinds).flatMap(s => s.types)
const flat = ({ outputs, state }: Run): readonly Tensor[] => [...outputs, state.code, ...state.values]

/** `first`: the number of the Program's first site. */
export function runChecked(program: Program, inputs: readonly Tensor[], state: CheckState, first: number, kinds: Kinds): Run {
  const { read, define } = valuesOf(program, inputs)
  let { code } = state,
    site = first,
    from = 0
  const values: Tensor[] = []
  for (const e of program.equations) {
    const sites = equationSites(e, kinds)
    const size = sites.reduce((n, s) => n + s.types.length, 0)
    const own = { code, values: state.values.slice(from, from + size) }
    const operands = e.inputs.map(read)
    const r = atLine(e.line, () =>
      sites.length === 0 && (e.primitive as Primitive) !== checkP
        ? { outputs: bind(e.primitive, operands, e.params), state: own }
        : entersEquation(e, kinds)
          ? enter(e.primitive as CallPrimitive, operands, e.params, own, site, kinds)
          : runLeaf(e, operands, own, site, kinds),
    )
    define(e.outputs, r.outputs)
    code = r.state.code
    values.push(...r.state.values)
    site += sites.length
    from += size
  }
  return { outputs: program.outputs.map(read), state: { code, values } }
}

/** An equation without checks inside: those of its operands and results. */
function runLeaf(e: Equation, operands: readonly Tensor[], state: CheckState, first: number, kinds: Kinds): Run {
  const sites = ownSites(e, kinds)
  if ((e.primitive as Primitive) === checkP) {
    if (sites.length === 0) return { outputs: [], state }
    return { outputs: [], state: record(state, bitwiseNot(operands[0] as Tensor), first, operands.slice(1)) }
  }
  const outputs = bind(e.primitive, operands, e.params)
  const divisor = kinds.has('div') ? dividesBy(e) : null
  const failures: Tensor[] = []
  if (divisor !== null) failures.push(any(equal(operands[divisor] as Tensor, 0)))
  if (sites.length > failures.length)
    failures.push(
      outputs
        .filter(t => isFloat(t.dtype))
        .map(isNan)
        .reduce((a, b) => bitwiseNot(bitwiseAnd(bitwiseNot(a), bitwiseNot(b)))),
    )
  return { outputs, state: failures.reduce((s, failed, i) => record(s, failed, first + i, []), state) }
}
const isNan = (t: Tensor): Tensor => any(notEqual(t, t))

/** The first failure stays. */
function record({ code, values }: CheckState, failed: Tensor, site: number, own: readonly Tensor[]): CheckState {
  const fresh = bitwiseAnd(failed, equal(code, scalarOf(0, 'int32')))
  return {
    code: where(fresh, scalarOf(site + 1, 'int32'), code),
    values: own.length === 0 ? values : values.map((v, i) => where(fresh, own[i] as Tensor, v)),
  }
}

/** A Program on its inputs and the state that gives its outputs and the state. `sites` counts from `first`. */
function checkedProgram(program: Program, kinds: Kinds, first: number): Closed {
  const n = program.inputs.length
  return traceClosed(
    (...xs) => flat(runChecked(program, xs.slice(0, n), { code: xs[n] as Tensor, values: xs.slice(n + 1) }, first, kinds)),
    [...avalsOf(program), codeType, ...valueTypes(program, kinds)],
    'checkify',
  )
}

function enter(primitive: CallPrimitive, operands: readonly Tensor[], params: object, state: CheckState, first: number, kinds: Kinds): Run {
  if ((primitive as Primitive) === scanP) return enterScan(operands, params as ScanParams, state, first, kinds)
  if ((primitive as Primitive) === whileP) return enterWhile(operands, params as WhileParams, state, first, kinds)
  if ((primitive as Primitive) === condP) return enterCond(operands, params as CondParams, state, first, kinds)
  const program = primitive.inline?.(params) ?? (params as CallParams).program
  invariant(program !== undefined && isCall(primitive), `checkify: ${primitive.name} has no Program`)
  if (primitive.name !== 'jit' && primitive.name !== 'checkpoint') return runChecked(program, operands, state, first, kinds)
  const checked = checkedProgram(program, kinds, first)
  const results = bind(primitive, [...checked.consts, ...operands, state.code, ...state.values], { ...params, program: checked.program })
  return unflat(results, program.outputs.length)
}

const unflat = (results: readonly Tensor[], n: number): Run => ({
  outputs: results.slice(0, n),
  state: { code: results[n] as Tensor, values: results.slice(n + 1) },
})

/** The state is part of the carry. */
function enterScan(operands: readonly Tensor[], params: ScanParams, state: CheckState, first: number, kinds: Kinds): Run {
  const { program, numCarry } = params
  const { consts, carry, xs } = roles(operands, params),
    avals = roles(avalsOf(program), params)
  const stateTypes = [codeType, ...valueTypes(program, kinds)],
    size = stateTypes.length
  const body = traceClosed(
    (...all) => {
      const k = consts.length + numCarry
      const inputs = [...all.slice(0, k), ...all.slice(k + size)]
      const r = runChecked(program, inputs, { code: all[k] as Tensor, values: all.slice(k + 1, k + size) }, first, kinds)
      return [...r.outputs.slice(0, numCarry), r.state.code, ...r.state.values, ...r.outputs.slice(numCarry)]
    },
    [...avals.consts, ...avals.carry, ...stateTypes, ...avals.xs],
    'checkify',
  )
  const results = bind(scanP, [...body.consts, ...consts, ...carry, state.code, ...state.values, ...xs], {
    ...params,
    program: body.program,
    numConsts: body.consts.length + consts.length,
    numCarry: numCarry + size,
  })
  return {
    outputs: [...results.slice(0, numCarry), ...results.slice(numCarry + size)],
    state: { code: results[numCarry] as Tensor, values: results.slice(numCarry + 1, numCarry + size) },
  }
}

/** The condition's checks are made before the loop and after each step, where the state can take them. Their sites come first. */
function enterWhile(operands: readonly Tensor[], params: WhileParams, state: CheckState, first: number, kinds: Kinds): Run {
  const { condition, conditionConsts: nc, body, bodyConsts: nb } = params
  const conditionSites = sitesOf(condition, kinds),
    cv = conditionSites.flatMap(s => s.types).length
  const forCondition = operands.slice(0, nc),
    forBody = operands.slice(nc, nc + nb),
    carry = operands.slice(nc + nb)
  const n = carry.length
  const test = (consts: readonly Tensor[], current: readonly Tensor[], { code, values }: CheckState): CheckState => {
    const r = runChecked(condition, [...consts, ...current], { code, values: values.slice(0, cv) }, first, kinds)
    return { code: r.state.code, values: [...r.state.values, ...values.slice(cv)] }
  }
  const carryTypes = avalsOf(body).slice(nb),
    stateTypes = [codeType, ...valueTypes(condition, kinds), ...valueTypes(body, kinds)]
  const next = traceClosed(
    (...all) => {
      const current = all.slice(nc + nb, nc + nb + n),
        values = all.slice(nc + nb + n + 1)
      const own = { code: all[nc + nb + n] as Tensor, values: values.slice(cv) }
      const r = runChecked(body, [...all.slice(nc, nc + nb), ...current], own, first + conditionSites.length, kinds)
      const after = test(all.slice(0, nc), r.outputs, { code: r.state.code, values: [...values.slice(0, cv), ...r.state.values] })
      return flat({ outputs: r.outputs, state: after })
    },
    [...avalsOf(condition).slice(0, nc), ...avalsOf(body), ...stateTypes],
    'checkify',
  )
  const going = traceClosed(
    (...all) => runChecked(condition, all.slice(0, nc + n), noError(valueTypes(condition, kinds)), 0, kinds).outputs,
    [...avalsOf(condition).slice(0, nc), ...carryTypes, ...stateTypes],
    'checkify',
  )
  const before = test(forCondition, carry, state)
  const inputs = [...going.consts, ...forCondition, ...next.consts, ...forCondition, ...forBody, ...carry, before.code, ...before.values]
  const results = bind(whileP, inputs, {
    condition: going.program,
    conditionConsts: going.consts.length + nc,
    body: next.program,
    bodyConsts: next.consts.length + nc + nb,
  })
  return unflat(results, n)
}

/** Every branch returns the values of all branches' sites. */
function enterCond([index, ...operands]: readonly Tensor[], { branches }: CondParams, state: CheckState, first: number, kinds: Kinds): Run {
  const types = branches.map(b => valueTypes(b, kinds))
  const checked = branches.map((b, i) => {
    const before = branches.slice(0, i),
      own = types.slice(0, i).flat().length,
      count = (types[i] as readonly Aval[]).length
    const start = before.reduce((n, p) => n + sitesOf(p, kinds).length, first)
    return traceClosed(
      (...all) => {
        const n = operands.length,
          values = all.slice(n + 1)
        const r = runChecked(b, all.slice(0, n), { code: all[n] as Tensor, values: values.slice(own, own + count) }, start, kinds)
        return [...r.outputs, r.state.code, ...values.slice(0, own), ...r.state.values, ...values.slice(own + count)]
      },
      [...avalsOf(b), codeType, ...types.flat()],
      'checkify',
    )
  })
  const { programs, consts } = joinConsts(checked)
  const results = bind(condP, [index as Tensor, ...consts, ...operands, state.code, ...state.values], { branches: programs })
  return unflat(results, (branches[0] as Program).outputs.length)
}
