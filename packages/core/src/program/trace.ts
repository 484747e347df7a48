/** Stages a function out: runs it on tracers and records every operation as an equation. */
import { type Aval, invariantAxes, varyingAlso, varyingOfAny } from '../aval.ts'
import { type Primitive, isCall, isCollective } from '../primitives/primitive.ts'
import { untracked } from '../region.ts'
import { span } from '../spans.ts'
import { Tensor } from '../tensor.ts'
import { madeHere, type Trace, type TracerValue, withTrace } from './bind.ts'
import { atLine, lineForEquation } from './modes.ts'
import { type Atom, type Equation, type Program, type Var, literal, newVar } from './program.ts'
import { valuesOf } from './values.ts'

interface Staged extends TracerValue {
  readonly variable: Var
}

/** Records equations. Tensors from outside become inputs of their own ("captured"), scalar numbers become literals. */
export class ProgramTrace implements Trace {
  readonly level: number
  readonly what: string
  alive = true
  readonly equations: Equation[] = []
  private readonly captured = new Map<Tensor, Var>()

  constructor(level: number, what: string) {
    this.level = level
    this.what = what
  }
  input(aval: Aval): Tensor {
    return this.tracer(newVar(aval))
  }
  atom(t: Tensor): Atom {
    const v = t.value
    if ('trace' in v && v.trace === this) return (v as Staged).variable
    if ('scalar' in v) return literal(v.scalar, t.aval)
    let variable = this.captured.get(t)
    if (variable === undefined) {
      variable = newVar(t.aval)
      this.captured.set(t, variable)
    }
    return variable
  }
  process(primitive: Primitive, inputs: readonly Tensor[], params: object): readonly Tensor[] {
    const outputs = outputTypes(
      primitive,
      inputs.map(t => t.aval),
      params,
    ).map(newVar)
    const line = lineForEquation()
    this.equations.push({ primitive, inputs: inputs.map(t => this.atom(t)), params, outputs, ...(line !== null && { line }) })
    const made = this.made()
    return outputs.map(v => this.tracer(v, made))
  }
  /** The Program so far, for these explicit inputs; captured tensors come first. */
  finish(inputs: readonly Tensor[], outputs: readonly Tensor[]): Staging {
    const results = outputs.map(t => this.atom(t))
    const explicit = inputs.map(t => (t.value as Staged).variable)
    return {
      program: { inputs: [...this.captured.values(), ...explicit], equations: this.equations, outputs: results },
      captured: [...this.captured.keys()],
    }
  }
  /** Where the values of an equation are made, for messages. */
  protected made(): TracerValue['made'] {
    return madeHere()
  }
  private tracer(variable: Var, made?: TracerValue['made']): Tensor {
    const value: Staged = { trace: this, variable, made }
    return new Tensor(variable.aval, value)
  }
}

/** What a primitive computes varies where an input does; sub-programs and collectives say themselves where. */
export function outputTypes(primitive: Primitive, inputs: readonly Aval[], params: object): readonly Aval[] {
  const types = primitive.abstractEval(inputs, params)
  if (isCall(primitive) || isCollective(primitive)) return types
  const names = varyingOfAny(inputs)
  return names === invariantAxes ? types : types.map(a => varyingAlso(a, names))
}

export interface Staging {
  /** Its first inputs are `captured`, then one input an aval. */
  readonly program: Program
  /** Tensors of outer scopes (concrete, or tracers of outer traces) that the function used. */
  readonly captured: readonly Tensor[]
}

/** Traces `f`, a function on lists of tensors, to a Program. */
export function trace(f: (...inputs: readonly Tensor[]) => readonly Tensor[], avals: readonly Aval[], what: string): Staging {
  return span('trace', what, () =>
    untracked(() =>
      withTrace(
        level => new ProgramTrace(level, what),
        true,
        t => {
          const inputs = avals.map(a => t.input(a))
          return t.finish(inputs, f(...inputs))
        },
      ),
    ),
  )
}

/** Runs a Program on tensors (concrete or traced) by binding each equation again. */
export function evalProgram(
  program: Program,
  inputs: readonly Tensor[],
  bindEquation: (primitive: Primitive, inputs: readonly Tensor[], params: object) => readonly Tensor[],
): readonly Tensor[] {
  const { read, define } = valuesOf(program, inputs)
  for (const e of program.equations)
    define(
      e.outputs,
      atLine(e.line, () => bindEquation(e.primitive, e.inputs.map(read), e.params)),
    )
  return program.outputs.map(read)
}
