/** The tensors of a Program's variables while it is run equation by equation. */
import { Tensor } from '../tensor.ts'
import type { Atom, Program, Var } from './program.ts'

export interface Values {
  /** Of a variable that is defined, or of a literal. */
  readonly read: (a: Atom) => Tensor
  readonly define: (variables: readonly Var[], tensors: readonly Tensor[]) => void
}

/** Those of the Program's inputs to begin with. */
export function valuesOf({ inputs }: Program, tensors: readonly Tensor[]): Values {
  const known = new Map<Var, Tensor>()
  const values: Values = {
    read: a => (a.kind === 'literal' ? new Tensor(a.aval, { scalar: a.value }) : (known.get(a) as Tensor)),
    define: (variables, results) => variables.forEach((v, i) => known.set(v, results[i] as Tensor)),
  }
  values.define(inputs, tensors)
  return values
}
