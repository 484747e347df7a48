/** Makes a Program smaller without changing its results: dead equations go, equal equations are computed once, scalars of literals are folded. */
import { convert } from '../dtype.ts'
import { type Primitive, isCollective } from '../primitives/primitive.ts'
import { hasEffect } from './effects.ts'
import { literalKey, paramsKey } from './key.ts'
import { type Atom, type Equation, type Literal, type Program, type Var, literal, subprograms } from './program.ts'

export function simplify(program: Program): Program {
  return dropDead(shareEqual(program))
}

/** Common subexpressions: the same primitive on the same inputs with the same params. */
function shareEqual(program: Program): Program {
  const same = new Map<Var, Atom>()
  const seen = new Map<Primitive, Map<string, Equation>>()
  const replace = (a: Atom): Atom => (a.kind === 'var' ? (same.get(a) ?? a) : a)
  const equations: Equation[] = []
  for (const e of program.equations) {
    const inputs = e.inputs.map(replace)
    const folded = fold({ ...e, inputs })
    if (folded !== null) {
      e.outputs.forEach((v, i) => same.set(v, folded[i] as Atom))
      continue
    }
    let table = seen.get(e.primitive)
    if (table === undefined) seen.set(e.primitive, (table = new Map()))
    const key = equationKey(inputs, e.params)
    const twin = key === null ? undefined : table.get(key)
    if (twin !== undefined) {
      e.outputs.forEach((v, i) => same.set(v, twin.outputs[i] as Var))
      continue
    }
    const kept = { ...e, inputs }
    if (key !== null) table.set(key, kept)
    equations.push(kept)
  }
  return { inputs: program.inputs, equations, outputs: program.outputs.map(replace) }
}

/** Scalars computed from literals alone are literals. */
function fold({ primitive, inputs, params, outputs }: Equation): readonly Atom[] | null {
  if (
    inputs.length === 0 ||
    isCollective(primitive) ||
    outputs.length === 0 ||
    primitive.onHost !== undefined ||
    !inputs.every(a => a.kind === 'literal') ||
    !outputs.every(v => v.aval.shape.length === 0) ||
    subprograms(params).length > 0
  )
    return null
  const arrays = inputs.map(a => ({ aval: a.aval, data: Float64Array.of((a as Literal).value) }))
  const results = primitive.evaluate(
    arrays,
    params,
    outputs.map(v => v.aval),
  )
  return results.map((r, i) => literal(convert(r.data[0] as number, (outputs[i] as Var).aval.dtype), (outputs[i] as Var).aval))
}

/** Null for equations with sub-programs, where comparing costs more than it finds, and with functions, which have no text. */
function equationKey(inputs: readonly Atom[], params: object): string | null {
  if (subprograms(params).length > 0 || Object.values(params).some(v => typeof v === 'function')) return null
  const atoms = inputs.map(a => (a.kind === 'var' ? `v${a.id}` : literalKey(a))).join()
  return `${atoms};${paramsKey(params)}`
}

/** Without the equations whose outputs nobody reads, but for those with effects. */
export function dropDead(program: Program): Program {
  const used = new Set<Var>()
  const use = (a: Atom): void => {
    if (a.kind === 'var') used.add(a)
  }
  program.outputs.forEach(use)
  const kept: Equation[] = []
  for (let i = program.equations.length - 1; i >= 0; i--) {
    const e = program.equations[i] as Equation
    if (!e.outputs.some(v => used.has(v)) && !hasEffect(e)) continue
    e.inputs.forEach(use)
    kept.push(e)
  }
  return { inputs: program.inputs, equations: kept.reverse(), outputs: program.outputs }
}
