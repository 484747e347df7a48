/** What all equations that stand for one Program share: `jit`, `checkpoint`, the calls of custom rules. */
import { bind } from '../program/bind.ts'
import { evaluateProgram } from '../program/evaluate.ts'
import type { Program } from '../program/program.ts'
import type { Tensor } from '../tensor.ts'
import { type Closed, batchProgram, count, jvpProgram, spread, transposeProgram } from '../transforms/programs.ts'
import { type CallPrimitive, isUnknown, type MaybeTensor, type Primitive, type Unknown } from './primitive.ts'
import { moveToFront } from './transpose.ts'

export interface CallParams {
  readonly program: Program
  /** The function's name, for printing. */
  readonly name: string
}

export const nonzero = (tangents: readonly MaybeTensor[]): readonly boolean[] => tangents.map(t => t !== null)
export const present = (tangents: readonly MaybeTensor[]): readonly Tensor[] => tangents.filter(t => t !== null)
/** Batched inputs with their batch axis in front. */
export const inFront = (inputs: readonly Tensor[], axes: readonly (number | null)[]): readonly Tensor[] =>
  inputs.map((x, i) => (axes[i] == null ? x : moveToFront(x, axes[i])))
export const frontAxes = (batched: readonly boolean[]): readonly (number | null)[] => batched.map(b => (b ? 0 : null))

/** Binds a Program as one equation of `primitive`. */
export function bindCall<P extends CallParams>(
  primitive: Primitive<P>,
  { program, consts }: Closed,
  inputs: readonly Tensor[],
  params: P,
  name: string,
): readonly Tensor[] {
  return bind(primitive, [...consts, ...inputs], { ...params, program, name })
}

/** All rules but linearizeCall: transform the Program and bind the result with the same primitive. */
export function callRules<P extends CallParams>(self: () => Primitive<P>): Omit<CallPrimitive<P>, 'name' | 'linearizeCall'> {
  return {
    inputs: ['input'],
    abstractEval: (_, { program }) => program.outputs.map(o => o.aval),
    jvpCall(primals, tangents, params) {
      const j = jvpProgram(params.program, nonzero(tangents))
      const results = bindCall(self(), j, [...primals, ...present(tangents)], params, `jvp(${params.name})`)
      const n = params.program.outputs.length
      return [results.slice(0, n), spread(results.slice(n), j.nonzero)]
    },
    transpose: (cts, inputs, params) => transposeCall(self(), cts, inputs, params),
    batch(inputs, axes, size, params, name) {
      const b = batchProgram(
        params.program,
        axes.map(a => a !== null),
        { size, name },
      )
      return { outputs: bindCall(self(), b, inFront(inputs, axes), params, `vmap(${params.name})`), axes: frontAxes(b.batched) }
    },
    lower: (l, inputs, { program }) => l.program(program, inputs),
    evaluate: (inputs, { program }) => evaluateProgram(program, inputs),
    inline: ({ program }) => program,
  }
}

function transposeCall<P extends CallParams>(
  self: Primitive<P>,
  cts: readonly MaybeTensor[],
  inputs: readonly (Tensor | Unknown)[],
  params: P,
): readonly MaybeTensor[] {
  const t = transposeProgram(params.program, inputs.map(isUnknown), nonzero(cts))
  const known = inputs.filter((x): x is Tensor => !isUnknown(x))
  const results = count(t.nonzero) === 0 ? [] : bindCall(self, t, [...known, ...present(cts)], params, `transpose(${params.name})`)
  return spread(results, t.nonzero)
}
