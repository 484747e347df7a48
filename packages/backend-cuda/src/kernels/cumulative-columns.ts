/** Scans of lines that are neighbours in memory: each thread walks a chunk of its own line, so that neighbouring threads read neighbours. */
import { type Cumulative, isFloat } from '@cotangent/core/kernel'
import type { Command, EmitContext } from '../command.ts'
import { indexType } from '../language/address.ts'
import { instruction } from '../language/instructions.ts'
import { literal, valueType } from '../language/types.ts'
import { neutral, type Scan } from './cumulative-scan.ts'
import { indicesOf } from './points.ts'
import { combiner } from './reductions.ts'
import { Writer } from './writer.ts'

const THREADS = 128

export function scanAcross(context: EmitContext, { kernel, chunk, chunks, before }: Scan): readonly Command[] {
  const { outer, length, inner, input, output, dtype, reverse } = kernel
  const writer = new Writer(context, indexType([], [], [context.spec(input)]), new Set([output])),
    { type } = writer
  const lines = outer * chunks * inner
  const { statements, indices } = indicesOf('line', [outer, chunks, inner], type, 'i')
  const [o = '0', k = '0', i = '0'] = indices
  const source = writer.memory(input),
    target = writer.memory(output),
    step = reverse ? -inner : inner
  const before0 =
    before === undefined ? '' : `if (${k} > 0) s = ${writer.memory(before)}[(${o} * ${chunks - 1} + ${k} - 1) * ${inner} + ${i}];`
  const text = [
    `const ${type} line = (${type})blockIdx.x * ${THREADS} + (${type})threadIdx.x;`,
    `if (line < ${lines}) {`,
    ...statements,
    `const ${type} t0 = ${k} * ${chunk};`,
    `const int n = ${chunks === 1 ? length : `(int)(${length} - t0 < ${chunk} ? ${length} - t0 : ${chunk})`};`,
    `${type} e = (${o} * ${length} + ${reverse ? `${length - 1} - t0` : 't0'}) * ${inner} + ${i};`,
    `${valueType(dtype)} s = ${neutral(kernel)};`,
    ...(isCompensated(kernel) ? [`${valueType(dtype)} c = ${literal(dtype, 0)};`] : []),
    before0,
    '#pragma unroll 4',
    `for (int t = 0; t < n; t++, e += ${step}) {`,
    `const ${valueType(dtype)} v = ${source}[e];`,
    ...advance(kernel),
    `${target}[e] = s;`,
    '}',
    '}',
  ]
  return [writer.launch(`cumulative_${kernel.op}_across`, text, [Math.ceil(lines / THREADS), 1, 1], [THREADS, 1, 1])]
}

const isCompensated = ({ op, dtype }: Cumulative): boolean => op === 'sum' && isFloat(dtype)

/** Sums of floats carry what rounding lost (Kahan, "Further remarks on reducing truncation errors", 1965); infinities lose nothing. */
function advance(kernel: Cumulative): readonly string[] {
  const { op, dtype } = kernel
  if (!isCompensated(kernel)) return [`s = ${instruction(combiner[op], dtype, dtype, ['s', 'v'])};`]
  const type = valueType(dtype)
  return [`const ${type} y = v - c, t1 = s + y;`, `c = t1 - t1 == ${literal(dtype, 0)} ? t1 - s - y : ${literal(dtype, 0)};`, 's = t1;']
}
