/**
 * Takes out of a linear loop what does not depend on its carry, and does it for all steps at once. In the backward pass of a recurrent network, the
 * gradient of the weights is then one large matrix product after the loop instead of a small one, added up, in every step.
 */
import { bind } from '../program/bind.ts'
import { hasEffect } from '../program/effects.ts'
import type { Equation, Program, Var } from '../program/program.ts'
import { simplify } from '../program/simplify.ts'
import { evalProgram } from '../program/trace.ts'
import type { Tensor } from '../tensor.ts'
import { type Closed, avalsOf, batchProgram, pick, traceClosed } from '../transforms/programs.ts'
import type { CallParams } from './call.ts'
import { jitP } from './jit.ts'
import { isCall } from './primitive.ts'
import { type ScanParams, roles } from './scan.ts'

export interface HoistedScan {
  /** consts, stacked xs -> values that the loop takes. */
  readonly before: Closed
  /** Which of those differ between steps: they are scanned over, the others are constants of the loop. */
  readonly stacked: readonly boolean[]
  /** Which constants and xs the loop itself still reads. */
  readonly consts: readonly boolean[]
  readonly xs: readonly boolean[]
  readonly loop: ScanParams
}

/** Null when there is nothing to take out. `params.program` is linear: no equation of it is known work. */
export function hoistFromLoop(params: ScanParams): HoistedScan | null {
  const program = expandJit(params.program)
  const { consts, carry, xs } = roles(program.inputs, params)
  const hoisted = new Set(hoistable(program, consts, xs))
  if (hoisted.size === 0) return null
  const rest = program.equations.filter(e => !hoisted.has(e))
  const read = new Set(rest.flatMap(e => e.inputs).concat(program.outputs))
  const values = [...hoisted].flatMap(e => e.outputs).filter(v => read.has(v))
  const outside = simplify({ inputs: [...consts, ...xs], equations: [...hoisted], outputs: values })
  const before = batchProgram(outside, [...consts.map(() => false), ...xs.map(() => true)], { size: params.length, name: null })
  const stacked = before.batched
  const keep = { consts: consts.map(v => read.has(v)), xs: xs.map(v => read.has(v)) }
  const loopConsts = [...pick(consts, keep.consts), ...values.filter((_, i) => !stacked[i])]
  const inputs = [...loopConsts, ...carry, ...pick(xs, keep.xs), ...pick(values, stacked)]
  return {
    before,
    stacked,
    ...keep,
    loop: { ...params, program: { inputs, equations: rest, outputs: program.outputs }, numConsts: loopConsts.length },
  }
}

/** With the equations of jitted functions in place of their calls. */
function expandJit(program: Program): Program {
  if (!program.equations.some(e => e.primitive === jitP)) return program
  const run = (p: Program, inputs: readonly Tensor[]): readonly Tensor[] =>
    evalProgram(p, inputs, (primitive, xs, params) =>
      primitive === jitP ? run((params as CallParams).program, xs) : bind(primitive, xs, params),
    )
  return traceClosed((...inputs) => run(program, inputs), avalsOf(program), 'scan').program
}

/**
 * Equations that read constants and slices only, except those that make things larger: all steps' results are kept at once, and cotangents of
 * results of constants alone are added up in the loop.
 */
function hoistable(program: Program, consts: readonly Var[], xs: readonly Var[]): readonly Equation[] {
  const available = new Set<Var>([...consts, ...xs])
  return program.equations.filter(e => {
    const inputs = e.inputs.filter(a => a.kind === 'var')
    const largest = Math.max(0, ...inputs.map(v => v.aval.size))
    if (
      isCall(e.primitive) ||
      hasEffect(e) ||
      inputs.length === 0 ||
      !inputs.every(v => available.has(v)) ||
      e.outputs.some(v => v.aval.size > largest)
    )
      return false
    for (const v of e.outputs) available.add(v)
    return true
  })
}
