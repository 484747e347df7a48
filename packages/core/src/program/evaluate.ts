/** The oracle: runs a Program with every primitive's `evaluate` rule, plain JavaScript in float64. Slow and independent of all backends. */
import type { HostArray } from '../primitives/primitive.ts'
import type { Atom, Program, Var } from './program.ts'

export function evaluateProgram(program: Program, inputs: readonly HostArray[]): readonly HostArray[] {
  const env = new Map<Var, HostArray>()
  program.inputs.forEach((v, i) => env.set(v, inputs[i] as HostArray))
  const read = (a: Atom): HostArray =>
    a.kind === 'literal' ? { aval: a.aval, data: new Float64Array(a.aval.size).fill(a.value) } : (env.get(a) as HostArray)
  for (const e of program.equations) {
    const out = e.primitive.evaluate(
      e.inputs.map(read),
      e.params,
      e.outputs.map(v => v.aval),
    )
    e.outputs.forEach((v, i) => env.set(v, out[i] as HostArray))
  }
  return program.outputs.map(read)
}
