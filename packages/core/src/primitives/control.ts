/** Helpers of equations with control flow: cond, scan, while. */
import { type Aval, showAval } from '../aval.ts'
import { fail } from '../errors.ts'
import type { BufferId } from '../lower/kernel.ts'
import type { Index, Lowering, Value } from '../lower/lowering.ts'
import { sameType } from '../program/check.ts'
import { type Program, newVar } from '../program/program.ts'
import type { Tensor } from '../tensor.ts'
import type { Closed } from '../transforms/programs.ts'

export const outputTypes = (program: Program): readonly Aval[] => program.outputs.map(o => o.aval)

/** Throws unless two lists of types are equal (weak types aside). */
export function checkTypes(where: string, expected: readonly Aval[], found: readonly Aval[]): void {
  const show = (avals: readonly Aval[]): string => avals.map(showAval).join(', ')
  if (expected.length !== found.length || expected.some((a, i) => !sameType(a, found[i] as Aval)))
    fail('InternalError', `${where}: expected ${show(expected)}, got ${show(found)}.`)
}

/** Programs that take the same leading inputs: the constants of all of them, each once. */
export function joinConsts(closed: readonly Closed[]): { readonly programs: readonly Program[]; readonly consts: readonly Tensor[] } {
  const consts = [...new Set(closed.flatMap(c => c.consts))]
  if (consts.length === 0) return { programs: closed.map(c => c.program), consts }
  const programs = closed.map(({ program, consts: own }) => {
    const shared = consts.map(t => program.inputs[own.indexOf(t)] ?? newVar(t.aval))
    return { ...program, inputs: [...shared, ...program.inputs.slice(own.length)] }
  })
  return { programs, consts }
}

/** A Program with its inputs and outputs in another order: entry k is the old position. */
export const reorder = (program: Program, inputs: readonly number[], outputs: readonly number[]): Program => ({
  inputs: inputs.map(i => program.inputs[i] as Program['inputs'][number]),
  equations: program.equations,
  outputs: outputs.map(i => program.outputs[i] as Program['outputs'][number]),
})

/** Values that kernels inside a loop or branch may read: stored before it. Literals are written anew in each body. */
export const storedForBody = (l: Lowering, values: readonly Value[]): (() => readonly Value[]) => {
  const ready = values.map(v => (v.literal === undefined ? l.stored(v) : v))
  return () => ready.map(v => (v.literal === undefined ? v : literalValue(l, v.aval, v.literal)))
}
const literalValue = (l: Lowering, a: Aval, value: number): Value => l.elements(a, [], b => b.constant(value, a.dtype), { cost: 0 })

const same = (index: readonly Index[]): readonly Index[] => index

/** Writes values to buffers of their own shapes. */
export function storeAll(l: Lowering, values: readonly Value[], buffers: readonly BufferId[]): void {
  values.forEach((v, i) => l.store(v, buffers[i] as BufferId, v.aval.shape, same))
}

/**
 * The next values of loop carries into their buffers. All are computed before the first is written, since each may depend on every carry; one
 * that is still in another carry's buffer is moved out of the way first.
 */
export function updateCarries(l: Lowering, next: readonly Value[], buffers: readonly BufferId[]): void {
  const ready = next.map((v, i) => {
    const stored = l.stored(v)
    const at = l.buffer(stored)
    if (at === buffers[i] || !buffers.includes(at)) return stored
    const copy = l.allocate(v.aval)
    l.store(stored, copy, v.aval.shape, same)
    return l.wrap(v.aval, copy)
  })
  ready.forEach((v, i) => {
    if (l.buffer(v) !== buffers[i]) l.store(v, buffers[i] as BufferId, v.aval.shape, same)
  })
}
