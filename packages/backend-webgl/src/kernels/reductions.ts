/** Accumulators of reductions, in one lane or four. */
import {
  type ComputeDType,
  identityOf,
  type InstructionName,
  isFloat,
  type Node,
  type Reduction,
  type ReduceOp,
} from '@cotangent/core/kernel'
import { instruction, type Operand } from '../glsl/instructions.ts'
import { constant, glslType, type Lanes } from '../glsl/types.ts'
import type { Nodes, Value } from './nodes.ts'

const combiner: Readonly<Record<Exclude<ReduceOp, 'argmax' | 'argmin'>, InstructionName>> = {
  sum: 'add',
  prod: 'mul',
  max: 'max',
  min: 'min',
  and: 'and',
  or: 'or',
  xor: 'xor',
}

export interface Accumulator {
  /** Before the loops. */
  readonly declare: readonly string[]
  /** At each point, after the statements of `nodes`. */
  feed(nodes: Nodes): readonly string[]
  /** After every so many points and after the last one. */
  readonly flush: readonly string[]
  /** The result in one lane a point of the parallel axes; after the loops. */
  readonly result: Value
}

export interface Manner {
  readonly lanes: Lanes
  /** The four lanes are points of a reduced axis, so the result is theirs together. */
  readonly across: boolean
  /** There are many points: float sums add up parts, so that their errors do not grow with the number of points. */
  readonly long: boolean
}

export function accumulate(r: Reduction, body: readonly Node[], name: string, manner: Manner): Accumulator {
  return r.op === 'argmax' || r.op === 'argmin' ? winner(r, r.op, body, name, manner.lanes) : total(r, r.op, name, manner)
}

function total(r: Reduction, op: keyof typeof combiner, name: string, { lanes, across, long }: Manner): Accumulator {
  const inParts = long && op === 'sum' && isFloat(r.dtype),
    running = inParts ? `${name}part` : name
  const combine = (a: string, b: string, n: Lanes): string =>
    instruction(combiner[op], r.dtype, r.dtype, [{ text: a }, { text: b }] satisfies Operand[], n)
  const parts = ['x', 'y', 'z', 'w'].map(lane => `${name}.${lane}`)
  const halves = [combine(parts[0] as string, parts[1] as string, 1), combine(parts[2] as string, parts[3] as string, 1)] as const
  return {
    declare: [...new Set([name, running])].map(n => declaration(r.dtype, n, lanes, identityOf(op, r.dtype))),
    feed: nodes => {
      const value = nodes.wide(r.value, lanes)
      return [`${running} = ${combine(running, value, lanes)};`]
    },
    flush: inParts ? [`${name} += ${running};`, `${running} = ${constant(r.dtype, 0, lanes)};`] : [],
    result: across && lanes === 4 ? { text: combine(halves[0], halves[1], 1), lanes: 1 } : { text: name, lanes },
  }
}

/** The first winner: NaN wins over all, and the first point has nothing to beat. */
function winner(r: Reduction, op: 'argmax' | 'argmin', body: readonly Node[], name: string, lanes: Lanes): Accumulator {
  const { dtype } = body[r.value] as Node,
    best = `${name}best`,
    wins = `${name}wins`,
    first = `${name}first`
  const better = (v: string): string => {
    const beats = instruction(op === 'argmax' ? 'gt' : 'lt', 'bool', dtype, [{ text: v }, { text: best }], lanes)
    if (!isFloat(dtype)) return beats
    return `both_${lanes}(opposite_${lanes}(isNan_${lanes}(${best})), either_${lanes}(isNan_${lanes}(${v}), ${beats}))`
  }
  return {
    declare: [declaration(dtype, best, lanes, 0), declaration('int32', name, lanes, 0), `bool ${first} = true;`],
    flush: [],
    feed: nodes => {
      const value = nodes.wide(r.value, lanes),
        index = nodes.wide(r.index as number, lanes)
      return [
        `${glslType('bool', lanes)} ${wins} = either_${lanes}(${glslType('bool', lanes)}(${first}), ${better(value)});`,
        `${best} = choose_${lanes}(${wins}, ${value}, ${best});`,
        `${name} = choose_${lanes}(${wins}, ${index}, ${name});`,
        `${first} = false;`,
      ]
    },
    result: { text: name, lanes },
  }
}

/** Compilers drop the addition of a zero that they know, and 0 + -0 is not -0. */
function declaration(dtype: ComputeDType, name: string, lanes: Lanes, value: number): string {
  const known = constant(dtype, value, lanes)
  return `${glslType(dtype, lanes)} ${name} = ${isFloat(dtype) && value === 0 ? `opaque_${lanes}(${known})` : known};`
}
