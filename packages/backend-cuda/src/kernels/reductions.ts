/** Accumulators of reductions, and how threads combine theirs, in an order that is the same in every run. */
import { type DType, identityOf, type InstructionName, isFloat, type Node, type Reduction, type ReduceOp } from '@cotangent/core/kernel'
import { instruction } from '../language/instructions.ts'
import { literal, valueSuffix, valueType } from '../language/types.ts'
import type { Lanes } from './lanes.ts'
import type { Nodes, Value } from './nodes.ts'

/** The instruction that a reduction repeats. */
export const combiner: Readonly<Record<Exclude<ReduceOp, 'argmax' | 'argmin'>, InstructionName>> = {
  sum: 'add',
  prod: 'mul',
  max: 'max',
  min: 'min',
  and: 'and',
  or: 'or',
  xor: 'xor',
}

/** One variable of an accumulator. */
export interface Part {
  readonly dtype: DType
  readonly name: string
  /** Of no points at all. */
  readonly initial: string
}

export interface Accumulator {
  /** The result is the last one. */
  readonly parts: readonly Part[]
  /** The operands at a point, one a part. */
  operands(nodes: Nodes): readonly string[]
  /** The statement that combines `from` into the variables `into`. */
  combine(into: readonly string[], from: readonly string[]): string
}

export const accumulators = (reductions: readonly Reduction[], body: readonly Node[]): readonly Accumulator[] =>
  reductions.map((r, i) => (r.op === 'argmax' || r.op === 'argmin' ? winner(r, r.op, body, `a${i}`) : total(r, r.op, `a${i}`)))

const total = ({ dtype, value }: Reduction, op: keyof typeof combiner, name: string): Accumulator => ({
  parts: [{ dtype, name, initial: literal(dtype, identityOf(op, dtype)) }],
  operands: nodes => [nodes.value(value).text],
  combine: ([into = ''], [from = '']) => `${into} = ${instruction(combiner[op], dtype, dtype, [into, from])};`,
})

const NO_INDEX = 2147483647

/** The greatest value with the least index; NaN is greater than all. Indices ascend along the walk, so the least is the first winner's. */
function winner(r: Reduction, op: 'argmax' | 'argmin', body: readonly Node[], name: string): Accumulator {
  const { dtype } = body[r.value] as Node,
    beats = op === 'argmax' ? '>' : '<'
  const wins = (v: string, i: string, best: string, index: string): string => {
    const equal = `${v} == ${best} && ${i} < ${index}`
    if (!isFloat(dtype)) return `${v} ${beats} ${best} || (${equal})`
    return `${v} ${beats} ${best} || (${v} != ${v} ? ${best} == ${best} || ${i} < ${index} : ${equal})`
  }
  return {
    parts: [
      { dtype, name: `${name}v`, initial: literal(dtype, identityOf(op === 'argmax' ? 'max' : 'min', dtype)) },
      { dtype: 'int32', name, initial: String(NO_INDEX) },
    ],
    operands: nodes => [nodes.value(r.value).text, nodes.value(r.index ?? -1).text],
    combine: ([best = '', index = ''], [v = '', i = '']) => `if (${wins(v, i, best, index)}) { ${best} = ${v}; ${index} = ${i}; }`,
  }
}

/** Declares all parts; with several `lanes` an array each. */
export const declare = (all: readonly Accumulator[], lanes: Lanes): readonly string[] =>
  partsOf(all).map(({ dtype, name, initial }) =>
    lanes === 1
      ? `${valueType(dtype)} ${name} = ${initial};`
      : `${valueType(dtype)} ${name}[${lanes}] = {${new Array<string>(lanes).fill(initial).join(', ')}};`,
  )

export const partsOf = (all: readonly Accumulator[]): readonly Part[] => all.flatMap(a => a.parts)

/** Feeds the values of a point, or of all lanes, to the accumulators. `perLane`: each lane has its own. */
export function feed(all: readonly Accumulator[], nodes: Nodes, perLane: boolean): void {
  for (const a of all) {
    const names = a.parts.map(p => (perLane ? `${p.name}[l]` : p.name))
    nodes.each(a.combine(names, a.operands(nodes)))
  }
}

/** The results, as `reduced` nodes see them. */
export const resultsOf = (all: readonly Accumulator[], lanes: Lanes): readonly Value[] =>
  all.map(({ parts }) => {
    const { name } = parts.at(-1) as Part
    return lanes === 1 ? { text: name, varies: false } : { text: `${name}[l]`, varies: true }
  })

/** Combines the variables with those that the texts name, which are read first. */
function combineWith(a: Accumulator, from: (part: Part) => string): readonly string[] {
  const read = a.parts.map(p => `const ${valueType(p.dtype)} ${p.name}o = ${from(p)};`)
  return [
    ...read,
    a.combine(
      a.parts.map(p => p.name),
      a.parts.map(p => `${p.name}o`),
    ),
  ]
}

/** Within groups of `width` neighbouring lanes of a warp, a power of two; all lanes get the result. The whole warp takes part. */
export function acrossLanes(all: readonly Accumulator[], width: number): readonly string[] {
  if (width === 1 || all.length === 0) return []
  const steps = all.flatMap(a => combineWith(a, p => `shuffle_xor_${valueSuffix(p.dtype)}(${p.name}, d)`))
  return ['#pragma unroll', `for (int d = ${width / 2}; d > 0; d >>= 1) {`, ...steps, '}']
}

/** Over all warps of a block; threads of the first warp get the result. */
export function acrossWarps(all: readonly Accumulator[], warps: number): readonly string[] {
  if (all.length === 0) return []
  const parts = partsOf(all)
  return [
    ...acrossLanes(all, 32),
    ...parts.map(p => `SHARED(${valueType(p.dtype)}, ${p.name}s, ${warps});`),
    'if (threadIdx.x % 32 == 0) {',
    ...parts.map(p => `${p.name}s[threadIdx.x / 32] = ${p.name};`),
    '}',
    'BARRIER();',
    'if (threadIdx.x < 32) {',
    ...parts.map(p => `${p.name} = threadIdx.x < ${warps} ? ${p.name}s[threadIdx.x % ${warps}] : ${p.initial};`),
    ...acrossLanes(all, Math.min(32, warps)),
    '}',
  ]
}

/** Over the `groups` rows of a block of `width` columns of threads, `lanes` results a thread; threads of row 0 get the result. */
export function acrossRows(all: readonly Accumulator[], groups: number, width: number, lanes: Lanes): readonly string[] {
  if (groups === 1 || all.length === 0) return []
  const parts = partsOf(all),
    lane = lanes === 1 ? '' : '[l]'
  const at = (group: string): string => `[${lanes === 1 ? group : `(${group} * ${lanes} + l)`} * ${width} + threadIdx.x]`
  const eachLane = (statements: readonly string[]): readonly string[] =>
    lanes === 1 ? statements : ['#pragma unroll', `for (int l = 0; l < ${lanes}; l++) {`, ...statements, '}']
  const combined = all.map(a =>
    a.combine(
      a.parts.map(p => `${p.name}${lane}`),
      a.parts.map(p => `${p.name}s${at('h')}`),
    ),
  )
  return [
    ...parts.map(p => `SHARED(${valueType(p.dtype)}, ${p.name}s, ${groups * width * lanes});`),
    ...eachLane(parts.map(p => `${p.name}s${at('threadIdx.y')} = ${p.name}${lane};`)),
    'BARRIER();',
    'if (threadIdx.y == 0) {',
    `for (int h = 1; h < ${groups}; h++) {`,
    ...eachLane(combined),
    '}',
    '}',
  ]
}
