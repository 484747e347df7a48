/**
 * One object for equal Programs. Control flow outside of jit traces its functions at every call; if the result equals a Program seen before,
 * that one is used, and with it what is cached for it: transforms and compiled code.
 */
import { identity } from '../identity.ts'
import { literalKey, paramsKey } from './key.ts'
import { traceModes } from './modes.ts'
import type { Atom, Program, Var } from './program.ts'

/** Programs remembered; the least recently used go first. */
const KEPT = 256
const known = new Map<string, Program>()

export function internProgram(program: Program): Program {
  if (traceModes() !== '') return program // its twin may be from other lines
  const key = programKey(program)
  const twin = known.get(key) ?? program
  known.delete(key)
  known.set(key, twin)
  if (known.size > KEPT) known.delete(known.keys().next().value as string)
  return twin
}

/** A text that is equal for equal Programs: variables by position, primitives and functions by identity. */
function programKey(program: Program): string {
  const names = new Map<Var, number>()
  const define = (v: Var): string => {
    names.set(v, names.size)
    return `${v.aval.id}`
  }
  const use = (a: Atom): string => (a.kind === 'var' ? `v${names.get(a)}` : literalKey(a))
  const inputs = program.inputs.map(define).join()
  const equations = program.equations.map(e => {
    const from = e.inputs.map(use).join()
    return `${identity(e.primitive)}(${from})${paramsKey(e.params, programKey)}${e.outputs.map(define).join()}`
  })
  return `${inputs};${equations.join(';')};${program.outputs.map(use).join()}`
}
