/**
 * The trace that tangents of a linearised function belong to. It records what depends on a tangent; known work must never end up in it.
 */
import { isCall, type Primitive } from '../primitives/primitive.ts'
import { bind } from '../program/bind.ts'
import type { Program, Var } from '../program/program.ts'
import { ProgramTrace, evalProgram } from '../program/trace.ts'
import { type Tensor, isTensor } from '../tensor.ts'

export class LinearTrace extends ProgramTrace {
  override process(primitive: Primitive, inputs: readonly Tensor[], params: object): readonly Tensor[] {
    const called = inlined(primitive, params)
    // A rule of customJvp that calls jvp of a jitted function asks for values and tangents in one equation: taken apart here.
    if (
      called !== null &&
      !dependent(
        called,
        inputs.map(t => 'trace' in t.value && t.value.trace === this),
      ).every(Boolean)
    )
      return evalProgram(called, inputs, bind)
    return super.process(primitive, inputs, params)
  }
  /** Users do not see tangents. */
  protected override made(): undefined {}
}

/** The Program that an equation stands for, if it is only that. */
const inlined = (primitive: Primitive, params: object): Program | null => (isCall(primitive) ? (primitive.inline?.(params) ?? null) : null)

/** Which outputs depend on the inputs in `mask`. */
function dependent(program: Program, mask: readonly boolean[]): readonly boolean[] {
  const depends = new Set<Var>(program.inputs.filter((_, i) => mask[i]))
  for (const e of program.equations) {
    const inputs = e.inputs.map(a => a.kind === 'var' && depends.has(a))
    if (!inputs.some(Boolean)) continue
    const called = inlined(e.primitive, e.params)
    const out = called === null ? e.outputs.map(() => true) : dependent(called, inputs)
    e.outputs.forEach((v, i) => {
      if (out[i]) depends.add(v)
    })
  }
  return program.outputs.map(a => a.kind === 'var' && depends.has(a))
}

/** Is a tangent of a function being linearised inside this tensor, at any depth of tracers? */
export function holdsLinear(t: Tensor): boolean {
  if (!('trace' in t.value)) return false
  return t.value.trace instanceof LinearTrace || Object.values(t.value).some(v => isTensor(v) && holdsLinear(v))
}

/** Do both depend on tangents of the same linearisation? */
export const sharesLinearTrace = (a: Tensor, b: Tensor): boolean =>
  'trace' in a.value && 'trace' in b.value && a.value.trace === b.value.trace && a.value.trace instanceof LinearTrace
