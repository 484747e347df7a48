/** Accumulators of reductions. Float sums and products are kept in float64 and rounded once, at the end. */
import { convert, type DType, isFloat } from '../../dtype.ts'
import { identityOf, instructions, type InstructionName, type ReduceOp } from '../../lower/instructions.ts'
import type { Reduction } from '../../lower/kernel.ts'
import { type Register, register } from './nodes.ts'

/** The instruction that a reduction repeats. */
const combiner: Record<Exclude<ReduceOp, 'argmax' | 'argmin'>, InstructionName> = {
  sum: 'add',
  prod: 'mul',
  max: 'max',
  min: 'min',
  and: 'and',
  or: 'or',
  xor: 'xor',
}

/** `combine(a, b)`, rounded to the dtype, except that float sums and products keep float64 (the caller rounds the last one). */
export function combinerOf(op: keyof typeof combiner, dtype: DType): (a: number, b: number) => number {
  if (isFloat(dtype) && op === 'sum') return (a, b) => a + b
  if (isFloat(dtype) && op === 'prod') return (a, b) => a * b
  const { evaluate } = instructions[combiner[op]],
    x = [0.5, 0.5]
  return (a, b) => {
    x[0] = a
    x[1] = b
    return convert(evaluate(x, dtype, dtype), dtype)
  }
}

export interface Accumulator {
  /** A lane a point of the parallel axes; complete after `finish`. */
  readonly result: Register
  begin(n: number): void
  /** Combines lanes `from..to` of the operands into `result[lane]`. */
  feed(lane: number, from: number, to: number): void
  finish(n: number): void
}

export function createAccumulator(reduction: Reduction, registers: readonly Register[], width: number, where: string): Accumulator {
  const { op, dtype } = reduction
  const values = register(registers, reduction.value, where)
  if (op === 'argmax' || op === 'argmin') return argAccumulator(op, values, register(registers, reduction.index ?? -1, where), width)
  const result = new Float64Array(width),
    identity = identityOf(op, dtype),
    combine = combinerOf(op, dtype)
  return {
    result,
    begin: n => void result.fill(identity, 0, n),
    feed(lane, from, to) {
      let sum = result[lane] as number
      for (let i = from; i < to; i++) sum = combine(sum, values[i] as number)
      result[lane] = sum
    },
    finish(n) {
      for (let i = 0; i < n; i++) result[i] = convert(result[i] as number, dtype)
    },
  }
}

function argAccumulator(op: 'argmax' | 'argmin', values: Register, indices: Register, width: number): Accumulator {
  const result = new Float64Array(width),
    best = new Float64Array(width),
    empty = new Uint8Array(width)
  const sign = op === 'argmax' ? 1 : -1
  return {
    result,
    begin(n) {
      result.fill(0, 0, n)
      empty.fill(1, 0, n)
    },
    feed(lane, from, to) {
      for (let i = from; i < to; i++) {
        const v = values[i] as number,
          b = best[lane] as number
        const wins = empty[lane] === 1 || (b === b && (v !== v || sign * v > sign * b))
        if (!wins) continue
        best[lane] = v
        result[lane] = indices[i] as number
        empty[lane] = 0
      }
    },
    finish: () => {},
  }
}
