/**
 * The second half of reverse mode: walks a linear Program backwards and carries cotangents from its outputs to its inputs. Each primitive
 * says how (its `transpose` rule); a cotangent that several equations contribute to is their sum. Under named axes it is also the sum along those
 * where it varies and the value does not: each example or device contributes.
 */
import { isFloat } from '../dtype.ts'
import { fail, invariant } from '../errors.ts'
import { addP } from '../primitives/arithmetic.ts'
import { sumLike } from '../primitives/collective.ts'
import { type MaybeTensor, type Unknown, isNone, isUnknown } from '../primitives/primitive.ts'
import { bind, bind1 } from '../program/bind.ts'
import { atLine, backwardLine } from '../program/modes.ts'
import type { Atom, Equation, Program, Var } from '../program/program.ts'
import { Tensor } from '../tensor.ts'

/**
 * Cotangents of the `Unknown` inputs of a Program that is linear in them jointly (null: zero, and for the known inputs). Equations that depend on
 * known inputs only are computed first: a checkpointed Program recomputes its residuals here.
 */
export function backward(
  program: Program,
  inputs: readonly (Tensor | Unknown)[],
  cotangents: readonly MaybeTensor[],
): readonly MaybeTensor[] {
  const known = new Map<Var, Tensor>()
  const linear = new Set<Var>()
  program.inputs.forEach((v, i) => {
    const x = inputs[i] as Tensor | Unknown
    if (isUnknown(x)) linear.add(v)
    else known.set(v, x)
  })
  const steps = computeKnown(program, known, linear)
  const sums = new Map<Var, Tensor>()
  const accumulate = (a: Atom, ct: MaybeTensor): void => {
    if (ct === null || a.kind !== 'var' || !linear.has(a)) return
    const sum = sums.get(a)
    const whole = sumLike(ct, a.aval)
    sums.set(a, sum === undefined ? whole : bind1(addP, [sum, whole]))
  }
  program.outputs.forEach((a, i) => accumulate(a, cotangents[i] ?? null))
  for (let i = steps.length - 1; i >= 0; i--) {
    const e = steps[i] as Equation
    const cts = e.outputs.map(v => take(sums, v))
    if (cts.every(ct => ct === null)) continue
    const operands = e.inputs.map(a => (a.kind === 'var' && linear.has(a) ? { unknown: true as const, aval: a.aval } : read(known, a)))
    atLine(backwardLine(e.line), () => transposeEquation(e, cts, operands).forEach((ct, k) => accumulate(e.inputs[k] as Atom, ct)))
  }
  return program.inputs.map(v => (linear.has(v) ? (sums.get(v) ?? null) : null))
}

/** Binds the equations that depend on no unknown input; returns the others. */
function computeKnown(program: Program, known: Map<Var, Tensor>, linear: Set<Var>): readonly Equation[] {
  return program.equations.filter(e => {
    const depends = e.inputs.some(a => a.kind === 'var' && linear.has(a))
    if (depends) e.outputs.forEach(v => linear.add(v))
    else
      atLine(e.line, () =>
        bind(
          e.primitive,
          e.inputs.map(a => read(known, a)),
          e.params,
        ),
      ).forEach((t, i) => known.set(e.outputs[i] as Var, t))
    return depends
  })
}

function transposeEquation(e: Equation, cts: readonly MaybeTensor[], operands: readonly (Tensor | Unknown)[]): readonly MaybeTensor[] {
  if (!e.outputs.some(v => isFloat(v.aval.dtype))) return operands.map(() => null)
  const rule = e.primitive.transpose
  if (isNone(rule)) return fail('GradientError', `${e.primitive.name} has no reverse-mode derivative: ${rule.none}.`)
  // A condition, or an index, that is computed from what the Program should be linear in.
  if (operands.some(x => isUnknown(x) && !isFloat(x.aval.dtype)))
    fail('GradientError', `${e.primitive.name} is not linear: what it selects depends on the arguments.`)
  return rule(cts, operands, e.params)
}

function read(known: ReadonlyMap<Var, Tensor>, a: Atom): Tensor {
  if (a.kind === 'literal') return new Tensor(a.aval, { scalar: a.value })
  const t = known.get(a)
  invariant(t !== undefined, 'a linear Program reads a variable that is not defined')
  return t
}

function take(sums: Map<Var, Tensor>, v: Var): MaybeTensor {
  const ct = sums.get(v) ?? null
  sums.delete(v)
  return ct
}
