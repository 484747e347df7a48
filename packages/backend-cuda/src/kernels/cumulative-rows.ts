/**
 * Scans of lines that are contiguous: four elements a thread, a scan of the threads' totals by shuffles within a warp, and of the warps'
 * through shared memory. Neighbouring lanes, a warp or a block take a chunk, by its length, and go through it in rounds.
 */
import { type Cumulative, type DType } from '@cotangent/core/kernel'
import type { Command, EmitContext } from '../command.ts'
import { indexType } from '../language/address.ts'
import { instruction } from '../language/instructions.ts'
import { suffixOf, valueSuffix, valueType } from '../language/types.ts'
import { neutral, type Scan } from './cumulative-scan.ts'
import { LANES } from './lanes.ts'
import { indicesOf } from './points.ts'
import { combiner } from './reductions.ts'
import { Writer } from './writer.ts'

const THREADS = 256
const WARP = 32
/** Longer chunks get a block. */
const LONG = 512

export function scanAlong(context: EmitContext, { kernel, chunk, chunks, before }: Scan): readonly Command[] {
  const { outer, length, input, output, dtype } = kernel
  const writer = new Writer(context, indexType([], [], [context.spec(input)]), new Set([output])),
    { type } = writer,
    value = valueType(dtype)
  const width = chunk > LONG ? THREADS : Math.min(WARP, 2 ** Math.ceil(Math.log2(Math.ceil(chunk / LANES)))),
    perBlock = THREADS / width,
    round = width * LANES
  const lines = outer * chunks
  const { statements, indices } = indicesOf('line', [outer, chunks], type, 'i')
  const [o = '0', k = '0'] = indices
  const carry =
    before === undefined
      ? neutral(kernel)
      : `inside && ${k} > 0 ? ${writer.memory(before)}[${o} * ${chunks - 1} + ${k} - 1] : ${neutral(kernel)}`
  const text = [
    `const ${type} line = (${type})blockIdx.x * ${perBlock} + (${type})(threadIdx.x / ${width}u);`,
    `const int g = (int)(threadIdx.x % ${width}u), inside = line < ${lines};`,
    ...statements,
    `const ${type} base = ${o} * ${length};`,
    `const int t0 = (int)${k === '0' ? '0' : `(${k} * ${chunk})`}, end = inside ? (t0 + ${chunk} < ${length} ? t0 + ${chunk} : ${length}) : 0;`,
    `${value} carry = ${carry};`,
    ...(width > WARP ? [`SHARED(${value}, totals, ${THREADS / WARP});`] : []),
    `for (int b = 0; b < ${chunk}; b += ${round}) {`,
    `const int t = t0 + b + g * ${LANES};`,
    `${value} v[${LANES}];`,
    ...load(kernel, writer.memory(input)),
    `for (int l = 1; l < ${LANES}; l++) v[l] = ${combine(kernel, 'v[l - 1]', 'v[l]')};`,
    ...acrossThreads(kernel, width),
    ...store(kernel, writer.memory(output)),
    '}',
  ]
  return [writer.launch(`cumulative_${kernel.op}_along`, text, [Math.ceil(lines / perBlock), 1, 1], [THREADS, 1, 1])]
}

const combine = ({ op, dtype }: Cumulative, a: string, b: string): string => instruction(combiner[op], dtype, dtype, [a, b])

/** Adds to `v` all that comes before this thread, and to `carry` all of this round. */
function acrossThreads(kernel: Cumulative, width: number): readonly string[] {
  const { dtype } = kernel,
    type = valueType(dtype),
    suffix = valueSuffix(dtype),
    lanes = Math.min(width, WARP)
  const warp = [
    `${type} s = v[${LANES - 1}];`,
    '#pragma unroll',
    `for (int d = 1; d < ${lanes}; d <<= 1) {`,
    `const ${type} o = shuffle_up_${suffix}(s, d);`,
    `if (g % ${lanes} >= d) s = ${combine(kernel, 'o', 's')};`,
    '}',
    `${type} prior = shuffle_up_${suffix}(s, 1);`,
    `if (g % ${lanes} == 0) prior = ${neutral(kernel)};`,
  ]
  const addPrior = ['#pragma unroll', `for (int l = 0; l < ${LANES}; l++) v[l] = ${combine(kernel, 'prior', 'v[l]')};`]
  if (width <= WARP)
    return [
      ...warp,
      `prior = ${combine(kernel, 'carry', 'prior')};`,
      ...addPrior,
      `carry = ${combine(kernel, 'carry', `shuffle_${suffix}(s, (int)(threadIdx.x % 32u) | ${lanes - 1})`)};`,
    ]
  return [
    ...warp,
    `if (g % ${WARP} == ${WARP - 1}) totals[g / ${WARP}] = s;`,
    'BARRIER();',
    `${type} earlier = carry;`,
    `for (int w = 0; w < ${width / WARP}; w++) {`,
    `if (w == g / ${WARP}) earlier = carry;`,
    `carry = ${combine(kernel, 'carry', 'totals[w]')};`,
    '}',
    'BARRIER();',
    `prior = ${combine(kernel, 'earlier', 'prior')};`,
    ...addPrior,
  ]
}

/** Where step `t` of a line is; four steps from a multiple of four on are four neighbours, aligned where lines are. */
const place = ({ reverse, length }: Cumulative, step: string): string => (reverse ? `${length - 1} - (${step})` : step)
const isAligned = ({ length }: Cumulative): boolean => length % LANES === 0
/** The lane of a vector that holds step `t + l`. */
const laneOf = ({ reverse }: Cumulative): string => (reverse ? `${LANES - 1} - l` : 'l')
const vectorPlace = (kernel: Cumulative): string => `base + ${place(kernel, kernel.reverse ? `t + ${LANES - 1}` : 't')}`

function load(kernel: Cumulative, pointer: string): readonly string[] {
  const { dtype } = kernel
  const scalar = [
    '#pragma unroll',
    `for (int l = 0; l < ${LANES}; l++) v[l] = t + l < end ? ${pointer}[base + ${place(kernel, 't + l')}] : ${neutral(kernel)};`,
  ]
  if (!isAligned(kernel)) return scalar
  return vectorOr(dtype, `load4_${suffixOf(dtype)}(x, ${pointer} + ${vectorPlace(kernel)});`, '', [`v[l] = x[${laneOf(kernel)}];`], scalar)
}

function store(kernel: Cumulative, pointer: string): readonly string[] {
  const { dtype } = kernel
  const scalar = [
    '#pragma unroll',
    `for (int l = 0; l < ${LANES}; l++) if (t + l < end) ${pointer}[base + ${place(kernel, 't + l')}] = v[l];`,
  ]
  if (!isAligned(kernel)) return scalar
  return vectorOr(dtype, '', `store4_${suffixOf(dtype)}(${pointer} + ${vectorPlace(kernel)}, x);`, [`x[${laneOf(kernel)}] = v[l];`], scalar)
}

const vectorOr = (dtype: DType, first: string, last: string, each: readonly string[], scalar: readonly string[]): readonly string[] => [
  `if (t + ${LANES} <= end) {`,
  `${valueType(dtype)} x[${LANES}];`,
  first,
  '#pragma unroll',
  `for (int l = 0; l < ${LANES}; l++) ${each.join(' ')}`,
  last,
  '} else {',
  ...scalar,
  '}',
]
