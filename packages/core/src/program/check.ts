/** The invariant of every transform: each variable is defined once and before its use, and every equation's types follow from its inputs. */
import { type Aval, showAval } from '../aval.ts'
import { invariant } from '../errors.ts'
import { sameShape } from '../shape.ts'
import { type Atom, type Equation, type Program, type Var, subprograms } from './program.ts'

/** Throws an InternalError that names the equation unless the Program is well formed. Weak types may differ: they matter to promotion only. */
export function checkProgram(program: Program): void {
  const defined = new Set<Var>()
  const define = (v: Var, where: string): void => {
    invariant(!defined.has(v), `${where}: a variable is defined twice`)
    defined.add(v)
  }
  const use = (a: Atom, where: string): void => {
    if (a.kind === 'var') invariant(defined.has(a), `${where}: a variable is used before it is defined`)
    else invariant(a.aval.shape.length === 0, `${where}: a literal is no scalar`)
  }
  program.inputs.forEach((v, i) => define(v, `input ${i}`))
  program.equations.forEach((e, i) => {
    const where = `equation ${i} (${e.primitive.name})`
    e.inputs.forEach(a => use(a, where))
    checkTypes(e, where)
    e.outputs.forEach(v => define(v, where))
  })
  program.outputs.forEach((a, i) => use(a, `output ${i}`))
}

function checkTypes(e: Equation, where: string): void {
  subprograms(e.params).forEach(checkProgram)
  const types = e.primitive.abstractEval(
    e.inputs.map(a => a.aval),
    e.params,
  )
  invariant(types.length === e.outputs.length, `${where}: has ${e.outputs.length} outputs, its rule gives ${types.length}`)
  e.outputs.forEach((v, i) => {
    const t = types[i] as Aval
    invariant(sameType(v.aval, t), `${where}: output ${i} is ${showAval(v.aval)}, its rule gives ${showAval(t)}`)
  })
}

export const sameType = (a: Aval, b: Aval): boolean => a.dtype === b.dtype && sameShape(a.shape, b.shape)
