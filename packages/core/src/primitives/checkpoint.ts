/**
 * A function whose intermediates are not kept for the backward pass but computed again there (Griewank and Walther 2000; Chen et al. 2016,
 * arXiv:1604.06174; JAX: checkpoint, remat). Memory for one more forward computation.
 */
import { identity } from '../identity.ts'
import { bind } from '../program/bind.ts'
import type { Atom, Equation, Program, Var } from '../program/program.ts'
import { dropDead, simplify } from '../program/simplify.ts'
import { evalProgram } from '../program/trace.ts'
import {
  type Closed,
  type LinearProgram,
  avalsOf,
  cachedFor,
  bits,
  linearizeProgram,
  pick,
  runInline,
  spread,
  traceClosed,
} from '../transforms/programs.ts'
import { type CallParams, bindCall, callRules, nonzero, present } from './call.ts'
import { jitP } from './jit.ts'
import type { CallPrimitive, Primitive } from './primitive.ts'

type Policy = (primitive: string, params: object) => boolean

export interface CheckpointParams extends CallParams {
  /** May the results of this primitive be kept? Cheap memory for expensive work: matrix products, for example. */
  readonly policy: Policy
}

export const checkpointP: CallPrimitive<CheckpointParams> = {
  ...callRules(() => checkpointP),
  name: 'checkpoint',
  linearizeCall(primals, tangents, params) {
    const { program, name } = params
    const wrt = nonzero(tangents)
    const {
      forward,
      saved,
      tangent,
      nonzero: results,
    } = cachedFor(program, `checkpoint ${bits(wrt)} ${identity(params.policy)}`, () => recomputing(program, wrt, params.policy))
    const outputs = bindCall(checkpointP, forward, primals, params, name)
    const n = program.outputs.length
    const inputs = [...primals, ...outputs.slice(n, n + saved), ...present(tangents)]
    const linear = tangent.program.outputs.length === 0 ? [] : bindCall(checkpointP, tangent, inputs, params, `linear(${name})`)
    return [outputs.slice(0, n), spread(linear, results)]
  },
}

interface Recomputing {
  /** inputs -> outputs, saved values. */
  readonly forward: Closed
  /** inputs, saved values, tangents -> tangents of the outputs. Computes the residuals it needs. */
  readonly tangent: Closed
  readonly saved: number
  readonly nonzero: readonly boolean[]
}

function recomputing(program: Program, wrt: readonly boolean[], policy: Policy): Recomputing {
  const lin = withoutCalls(linearizeProgram(program, wrt))
  const { recompute, saved } = splitBySaving(lin, policy)
  const { consts } = lin.primal
  const outputs = lin.primal.program.outputs.slice(0, program.outputs.length)
  const forward = simplify({ ...lin.primal.program, outputs: [...outputs, ...saved] })
  const avals = [...avalsOf(program), ...saved.map(v => v.aval), ...pick(avalsOf(program), wrt)]
  const n = program.inputs.length + saved.length
  const tangent = traceClosed(
    (...xs) => {
      const residuals = runInline(recompute, [...consts, ...xs.slice(0, n)])
      return runInline(lin.tangent, [...residuals, ...xs.slice(n)])
    },
    avals,
    'checkpoint',
  )
  return { forward: { program: forward, consts }, tangent, saved: saved.length, nonzero: lin.nonzero }
}

/** The same with jitted functions in line, so that the policy sees what is in them. */
function withoutCalls(lin: LinearProgram): LinearProgram {
  const { program, consts } = lin.primal
  if (!program.equations.some(e => e.primitive === jitP)) return lin
  const bindInline: typeof bind = (primitive, inputs, params) =>
    (primitive as Primitive) === jitP
      ? evalProgram((params as unknown as CallParams).program, inputs, bindInline)
      : bind(primitive, inputs, params)
  const flat = traceClosed((...xs) => evalProgram(program, xs, bindInline), avalsOf(program), 'checkpoint')
  return { ...lin, primal: { program: flat.program, consts: [...flat.consts, ...consts] } }
}

/** The values that the policy keeps, and the Program (consts, inputs, saved values -> residuals) that computes the rest from them. */
function splitBySaving(
  { primal, residuals }: LinearProgram,
  policy: Policy,
): { readonly recompute: Program; readonly saved: readonly Var[] } {
  const { program, consts } = primal
  const kept: Equation[] = [],
    made: Equation[] = []
  for (const e of program.equations) (policy(e.primitive.name, e.params) ? kept : made).push(e)
  const wanted = residuals.map(
    (s): Atom => ('input' in s ? (program.inputs[consts.length + s.input] as Var) : (program.outputs[s.output] as Atom)),
  )
  const candidates = kept.flatMap(e => e.outputs)
  const { equations, outputs } = dropDead({ inputs: [...program.inputs, ...candidates], equations: made, outputs: wanted })
  const used = new Set<Atom>([...equations.flatMap(e => e.inputs), ...outputs])
  const saved = candidates.filter(v => used.has(v))
  return { recompute: { inputs: [...program.inputs, ...saved], equations, outputs }, saved }
}
