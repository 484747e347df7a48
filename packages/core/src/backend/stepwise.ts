/**
 * Runs Programs that hold equations for the host (callbacks, checks). What lies between those equations is compiled as always; control flow with such
 * an equation inside is run step by step, by the primitive's own `stepwise` rule. So host calls work on every backend, in the Program's order.
 */
import { invariant } from '../errors.ts'
import { type Primitive, type RunProgram, isCall } from '../primitives/primitive.ts'
import { needsHost, programNeedsHost } from '../program/effects.ts'
import { atLine } from '../program/modes.ts'
import { type Atom, type Equation, type Program, type Var, subprograms } from '../program/program.ts'
import { valuesOf } from '../program/values.ts'
import { Storage, Tensor } from '../tensor.ts'

/** One equation for the host, or a Program of those between. */
type Part =
  | { readonly equation: Equation; readonly dead: readonly Var[] }
  | { readonly program: Program; readonly outputs: readonly Var[]; readonly dead: readonly Var[] }

/** Runs one equation that is for the host, or has such equations inside. */
export function runHostEquation(primitive: Primitive, inputs: readonly Tensor[], params: object, run: RunProgram): readonly Tensor[] {
  if (primitive.onHost !== undefined) return primitive.onHost(inputs, params)
  invariant(isCall(primitive), `${primitive.name} has no sub-programs`)
  if (primitive.stepwise !== undefined) return primitive.stepwise(inputs, params, run)
  const program = primitive.inline?.(params)
  invariant(program !== undefined, `${primitive.name} cannot run step by step`)
  return run(program, inputs)
}

/** `run` compiles and runs; it comes back here for Programs inside that hold equations for the host. */
export function runInParts(program: Program, inputs: readonly Tensor[], run: RunProgram): readonly Tensor[] {
  const { read, define } = valuesOf(program, inputs)
  for (const part of partsOf(program)) {
    const [outputs, results] =
      'equation' in part
        ? [part.equation.outputs, runOne(part.equation, read, run)]
        : [part.outputs, run(part.program, part.program.inputs.map(read))]
    define(outputs, results)
    // Intermediates are no one else's: their memory goes at once.
    for (const v of part.dead) read(v).dispose()
  }
  return program.outputs.map((a, i) => (isOwned(program, i) ? read(a) : sharing(read(a))))
}

const runOne = ({ primitive, inputs, params, line }: Equation, read: (a: Atom) => Tensor, run: RunProgram): readonly Tensor[] =>
  atLine(line, () => runHostEquation(primitive, inputs.map(read), params, run))

/** Is output i a value that the run made, and that no output before it returns already? */
const isOwned = ({ inputs, outputs }: Program, i: number): boolean => {
  const a = outputs[i] as Atom
  return a.kind === 'literal' || (!inputs.includes(a) && outputs.indexOf(a) === i)
}

/** Another handle of the same value, to be disposed on its own. */
export const sharing = (t: Tensor): Tensor => (t.value instanceof Storage ? new Tensor(t.aval, t.value.share()) : t)

const known = new WeakMap<Program, readonly Part[]>()

function partsOf(program: Program): readonly Part[] {
  let parts = known.get(program)
  if (parts === undefined) known.set(program, (parts = split(program)))
  return parts
}

/** What is compiled of a Program that needs the host, bodies of its control flow too. */
export const programsBetween = (program: Program): readonly Program[] =>
  programNeedsHost(program)
    ? partsOf(program).flatMap(p => ('program' in p ? [p.program] : subprograms(p.equation.params).flatMap(programsBetween)))
    : [program]

function split(program: Program): readonly Part[] {
  const groups: Equation[][] = []
  let open: Equation[] | null = null
  for (const e of program.equations) {
    if (needsHost(e.primitive, e.params)) {
      groups.push([e])
      open = null
    } else if (open === null) groups.push((open = [e]))
    else open.push(e)
  }
  // From the last to the first: what later parts and the results read.
  const later = new Set<Var>(program.outputs.filter(a => a.kind === 'var'))
  const parts: Part[] = []
  for (const equations of groups.reverse()) {
    const made = equations.flatMap(e => e.outputs)
    const inputs = [...new Set(equations.flatMap(e => e.inputs.filter(a => a.kind === 'var')))].filter(v => !made.includes(v))
    const outputs = made.filter(v => later.has(v))
    const [first] = equations as [Equation]
    const host = needsHost(first.primitive, first.params)
    const last = inputs.filter(v => !later.has(v) && !program.inputs.includes(v))
    const dead = host ? [...last, ...made.filter(v => !later.has(v))] : last
    parts.push(host ? { equation: first, dead } : { program: { inputs, equations, outputs }, outputs, dead })
    for (const v of inputs) later.add(v)
  }
  return parts.reverse()
}
