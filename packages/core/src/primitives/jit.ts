/** A function as one equation: `jit` of it. Its rules transform its Program, so that the result is again compiled as a whole. */
import { bind } from '../program/bind.ts'
import { evaluateProgram } from '../program/evaluate.ts'
import type { Program } from '../program/program.ts'
import type { Tensor } from '../tensor.ts'
import { batchProgram, count, jvpProgram, linearizeProgram, residualsOf, spread, transposeProgram, type Closed } from '../transforms/programs.ts'
import { type CallPrimitive, isUnknown, type MaybeTensor } from './primitive.ts'
import { moveToFront } from './transpose.ts'

export interface JitParams {
  readonly program: Program
  /** The function's name, for printing. */
  readonly name: string
}

/** Binds a Program as one equation. */
export const call = ({ program, consts }: Closed, inputs: readonly Tensor[], name: string): readonly Tensor[] =>
  bind(jitP, [...consts, ...inputs], { program, name })

export const jitP: CallPrimitive<JitParams> = {
  name: 'jit',
  inputs: ['input'],
  abstractEval: (_, { program }) => program.outputs.map(o => o.aval),
  jvpCall(primals, tangents, { program, name }) {
    const j = jvpProgram(program, nonzero(tangents))
    const results = call(j, [...primals, ...present(tangents)], `jvp(${name})`)
    const n = program.outputs.length
    return [results.slice(0, n), spread(results.slice(n), j.nonzero)]
  },
  linearizeCall(primals, tangents, { program, name }) {
    const lin = linearizeProgram(program, nonzero(tangents))
    const outputs = call(lin.primal, primals, name)
    const results = count(lin.nonzero) === 0 ? [] : bind(jitP, [...residualsOf(lin, primals, outputs), ...present(tangents)], { program: lin.tangent, name: `linear(${name})` })
    return [outputs.slice(0, program.outputs.length), spread(results, lin.nonzero)]
  },
  transpose: (cts, inputs, { program, name }) => transposeCall(cts, inputs, program, name),
  batch(inputs, axes, size, { program, name }) {
    const b = batchProgram(program, axes.map(a => a !== null), size)
    const outputs = call(b, inFront(inputs, axes), `vmap(${name})`)
    return { outputs, axes: b.batched.map(x => (x ? 0 : null)) }
  },
  lower: (l, inputs, { program }) => l.program(program, inputs),
  evaluate: (inputs, { program }) => evaluateProgram(program, inputs),
}

export const nonzero = (tangents: readonly MaybeTensor[]): readonly boolean[] => tangents.map(t => t !== null)
export const present = (tangents: readonly MaybeTensor[]): readonly Tensor[] => tangents.filter(t => t !== null)
/** Batched inputs with their batch axis in front. */
export const inFront = (inputs: readonly Tensor[], axes: readonly (number | null)[]): readonly Tensor[] =>
  inputs.map((x, i) => (axes[i] == null ? x : moveToFront(x, axes[i])))

/** The transpose rule of an equation that stands for a Program. */
export function transposeCall(cts: readonly MaybeTensor[], inputs: Parameters<Extract<CallPrimitive['transpose'], (...args: never[]) => unknown>>[1], program: Program, name: string): readonly MaybeTensor[] {
  const linear = inputs.map(isUnknown)
  const t = transposeProgram(program, linear, nonzero(cts))
  const known = inputs.filter((x): x is Tensor => !isUnknown(x))
  const results = count(t.nonzero) === 0 ? [] : call(t, [...known, ...present(cts)], `transpose(${name})`)
  return spread(results, t.nonzero)
}

