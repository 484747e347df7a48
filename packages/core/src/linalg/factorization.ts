/**
 * Primitives on stacks of matrices. Each is given twice: as a function of tensors made of loops, products and elementwise operations, which
 * every backend compiles, and as plain JavaScript on one matrix, the oracle of the tests.
 */
import type { SimplePrimitive } from '../primitives/primitive.ts'
import { type Aval, aval, showAval } from '../aval.ts'
import { fail, invariant } from '../errors.ts'
import type { Value } from '../lower/lowering.ts'
import { broadcastTo } from '../primitives/broadcast.ts'
import { toFloat } from '../primitives/cast.ts'
import type { HostArray } from '../primitives/primitive.ts'
import { reshape } from '../primitives/reshape.ts'
import { moveToFront } from '../primitives/transpose.ts'
import { bind } from '../program/bind.ts'
import { simplify } from '../program/simplify.ts'
import { trace } from '../program/trace.ts'
import { type Shape, showShape, sizeOf } from '../shape.ts'
import type { Tensor, TensorLike } from '../tensor.ts'
import type { Matrix } from './matrix.ts'

export interface Factorization<P> extends Pick<SimplePrimitive<P>, 'name' | 'inputs' | 'jvp' | 'transpose'> {
  /** Types of the results for one matrix of each input. */
  readonly results: (matrices: readonly Aval[], params: P) => readonly Aval[]
  /** On stacks `[batch, m, n]`, none of them empty in all results. */
  readonly algorithm: (inputs: readonly Tensor[], params: P) => readonly Tensor[]
  /** On one matrix of each input, in float64. */
  readonly evaluate: (inputs: readonly Matrix[], params: P) => readonly (readonly number[] | Float64Array)[]
}

const lead = (a: Aval): Shape => a.shape.slice(0, -2)
const matrixOf = (a: Aval): Aval => aval(a.shape.slice(-2), a.dtype)
const stacked = (front: Shape, a: Aval): Aval => aval([...front, ...a.shape], a.dtype)

/** A primitive of matrices `[..., m, n]`: all inputs have the same leading axes, and so have the results. */
/* @__NO_SIDE_EFFECTS__ */
export function factorization<P extends object>(rules: Factorization<P>): SimplePrimitive<P> {
  const { name, inputs, jvp, transpose } = rules
  const self: SimplePrimitive<P> = {
    name,
    inputs,
    abstractEval: (avals, params) => rules.results(avals.map(matrixOf), params).map(a => stacked(lead(avals[0] as Aval), a)),
    jvp,
    transpose,
    batch(tensors, axes, size, params) {
      const front = tensors.map((x, i) => {
        const axis = axes[i] ?? null
        return axis === null ? broadcastTo(x, [size, ...x.shape]) : moveToFront(x, axis)
      })
      const outputs = bind(self, front, params)
      return { outputs, axes: outputs.map(() => 0) }
    },
    lower: (l, values, params, outputs) => l.program(programOf(rules, values, params, outputs), values),
    evaluate: (arrays, params, outputs) => evaluateStack(rules, arrays, params, outputs),
  }
  return self
}

/** The algorithm as a Program for these types. */
function programOf<P>(rules: Factorization<P>, values: readonly Value[], params: P, outputs: readonly Aval[]) {
  const front = lead((values[0] as Value).aval),
    batch = sizeOf(front)
  const f = (...xs: readonly Tensor[]): readonly Tensor[] => {
    if (outputs.every(a => a.size === 0)) return outputs.map(a => broadcastTo(toFloat(rules.name, 0).astype(a.dtype), a.shape))
    const stacks = xs.map(x => reshape(x, [batch, ...x.shape.slice(-2)]))
    return rules.algorithm(stacks, params).map((y, i) => reshape(y, (outputs[i] as Aval).shape))
  }
  const { program, captured } = trace(
    f,
    values.map(v => aval(v.aval.shape, v.aval.dtype)),
    rules.name,
  )
  invariant(captured.length === 0, `the algorithm of ${rules.name} holds a tensor`)
  return simplify(program)
}

function evaluateStack<P>(
  rules: Factorization<P>,
  arrays: readonly HostArray[],
  params: P,
  outputs: readonly Aval[],
): readonly HostArray[] {
  const batch = sizeOf(lead((arrays[0] as HostArray).aval))
  const results = outputs.map(a => ({ aval: a, data: new Float64Array(a.size) }))
  for (let k = 0; k < batch; k++) {
    const one = arrays.map(({ aval: a, data }): Matrix => {
      const [rows, columns] = a.shape.slice(-2) as [number, number]
      return { rows, columns, data: data.slice(k * rows * columns, (k + 1) * rows * columns) }
    })
    rules.evaluate(one, params).forEach((data, i) => {
      const { data: all } = results[i] as HostArray
      all.set(data, k * (all.length / batch))
    })
  }
  return results
}

/** A float tensor of at least two axes. */
export function toMatrices(where: string, x: TensorLike): Tensor {
  const t = toFloat(where, x)
  checkMatrix(where, t.aval)
  if (t.ndim < 2) fail('ShapeError', `${where}: needs a matrix or a stack of matrices [..., m, n], got shape ${showShape(t.shape)}.`)
  return t
}
/** A float tensor of square matrices `[..., n, n]`. */
export function toSquare(where: string, x: TensorLike): Tensor {
  const t = toMatrices(where, x)
  if (t.shape.at(-1) !== t.shape.at(-2))
    fail('ShapeError', `${where}: needs square matrices, got shape ${showShape(t.shape)}. For others see lstsq and pinv.`)
  return t
}
/** For primitives called directly: a float dtype and two axes. */
export function checkMatrix(where: string, a: Aval): void {
  if (a.dtype !== 'float32' && a.dtype !== 'float64')
    fail('DTypeError', `${where}: needs float32 or float64, got ${showAval(a)}. Convert with astype.`)
}
