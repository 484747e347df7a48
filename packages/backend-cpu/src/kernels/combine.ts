/** The operators of reductions on values. */
import { type ComputeDType, identityOf, neutralOf, type ReduceOp } from '@cotangent/core/kernel'
import { instruction } from '../instructions.ts'
import type { Expression, Ops } from '../math/expression.ts'
import { constant } from '../math/value.ts'

type Values = readonly Expression[]
export type CombineOp = Exclude<ReduceOp, 'argmax' | 'argmin'>

const instructionOf = { sum: 'add', prod: 'mul', max: 'max', min: 'min', and: 'and', or: 'or', xor: 'xor' } as const

export const identity = (o: Ops, op: ReduceOp, dtype: ComputeDType): Values => constant(o, dtype, identityOf(op, dtype))
export const neutral = (o: Ops, op: ReduceOp, dtype: ComputeDType): Values => constant(o, dtype, neutralOf(op, dtype))

export const combine = (o: Ops, op: CombineOp, dtype: ComputeDType, a: Values, b: Values): Values =>
  instruction(o, instructionOf[op], dtype, dtype, [a, b])

/** Is `x` better than `best`, as a 32-bit mask: greater (or less), or the first NaN. */
export function better(o: Ops, op: 'argmax' | 'argmin', dtype: ComputeDType, x: Values, best: Values): Expression {
  const wins = instruction(o, op === 'argmax' ? 'gt' : 'lt', 'bool', dtype, [x, best])[0] as Expression
  if (dtype !== 'float32' && dtype !== 'float64') return wins
  const isNaN = instruction(o, 'ne', 'bool', dtype, [x, x])[0] as Expression
  const wasNumber = instruction(o, 'eq', 'bool', dtype, [best, best])[0] as Expression
  return o.v('v128.or', wins, o.v('v128.and', isNaN, wasNumber))
}

/** Is neither better: equal, or both NaN. */
export const tied = (o: Ops, op: 'argmax' | 'argmin', dtype: ComputeDType, x: Values, y: Values): Expression =>
  o.v('v128.not', o.v('v128.or', better(o, op, dtype, x, y), better(o, op, dtype, y, x)))

/** Lanes of a value moved: for float64 the lanes are those of the pair. */
export function rotate(o: Ops, v: Values, by: 1 | 2): Values {
  if (v.length === 1) {
    const x = v[0] as Expression
    return [o.shuffle32(x, x, by === 2 ? [2, 3, 0, 1] : [1, 0, 3, 2])]
  }
  const [low, upper] = v as readonly [Expression, Expression]
  if (by === 2) return [upper, low]
  return [low, upper].map(h => o.shuffle32(h, h, [2, 3, 0, 1]))
}

export function isArg(op: ReduceOp): op is 'argmax' | 'argmin' {
  return op === 'argmax' || op === 'argmin'
}
