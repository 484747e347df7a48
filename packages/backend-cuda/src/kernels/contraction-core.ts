/**
 * The inner part of a tiled product: how the threads of a block multiply the tiles that lie in shared memory, and how their sums leave the
 * registers. Sums leave in phases, some rows of the tile at a time, so that the text after them is there once and its stores are coalesced.
 */
import type { DType } from '@cotangent/core/kernel'
import { suffixOf, valueType } from '../language/types.ts'
import type { OperandText } from './contraction-operand.ts'

export interface Core {
  readonly rows: number
  readonly columns: number
  /** Places of the sum that a step takes. */
  readonly depth: number
  readonly threads: number
  /** Neighbouring places of the sum that one thread must bring. */
  readonly pair: 1 | 2
  readonly phases: number
  /** Rows that a phase delivers. */
  readonly phaseRows: number
  /** Sums of one element, of different threads, that are to be added. */
  readonly groups: number
  readonly functions: readonly string[]
  /** Blocks for which the registers of a multiprocessor are shared: where all loads are vectors without guards, and otherwise. */
  readonly resident: readonly [plain: number, otherwise: number]
  /** Shared memory for operands, the thread's place, its sums. */
  readonly declare: readonly string[]
  /** Brings a fetched step to half `half` of the operand's memory. */
  put(operand: OperandText, half: string): readonly string[]
  /** Multiplies what lies in a half. */
  multiply(half: string): readonly string[]
  /** Copies the sums of phase `phase` to `stage`. */
  readonly deliver: readonly string[]
  /** The row of the tile that is row `r` of phase `phase`. */
  row(phase: string, r: string): string
}

export interface FmaTile {
  readonly rows: number
  readonly columns: number
  readonly depth: number
  /** Rows and columns of a thread: 4, or twice 4, half a tile apart. */
  readonly high: 4 | 8
  readonly wide: 4 | 8
  /** Groups of threads that share the places of a step. */
  readonly groups: number
  readonly resident: Core['resident']
}

/** Pads rows of shared memory, so that storing down a column meets fewer banks twice. */
const PAD = 4

/** One element of a row or column after another, four at a time, by fused multiply-adds. */
export function fmaCore(tile: FmaTile, dtype: DType): Core {
  const { rows, columns, depth, high, wide, groups, resident } = tile,
    down = rows / high,
    across = columns / wide,
    share = depth / groups
  const type = valueType(dtype),
    suffix = suffixOf(dtype),
    pitch = { a: rows + PAD, b: columns + PAD }
  const fours = (n: 4 | 8, size: number, at: string): readonly string[] =>
    Array.from({ length: n / 4 }, (_, h) => `${at} * 4${h === 0 ? '' : ` + ${size / 2}`}`)
  return {
    rows,
    columns,
    depth,
    groups,
    threads: down * across * groups,
    pair: 1,
    functions: [],
    resident,
    phases: high,
    phaseRows: down,
    declare: [
      `SHARED(${type}, tilea, ${2 * depth * pitch.a});`,
      `SHARED(${type}, tileb, ${2 * depth * pitch.b});`,
      `SHARED(${type}, stage, ${groups * down * columns});`,
      `const int tx = (int)threadIdx.x % ${across}, ty = (int)threadIdx.x / ${across} % ${down}, tz = (int)threadIdx.x / ${across * down};`,
      `${type} acc[${high}][${wide}];`,
      '#pragma unroll',
      `for (int i = 0; i < ${high}; i++)`,
      '#pragma unroll',
      `for (int j = 0; j < ${wide}; j++) acc[i][j] = 0;`,
    ],
    put: (operand, half) => putElements(operand, half, pitch[operand.side], suffix),
    multiply: half => [
      '#pragma unroll',
      `for (int k = 0; k < ${share}; k++) {`,
      `const ${type}* const pa = tilea + (${half} * ${depth} + tz * ${share} + k) * ${pitch.a};`,
      `const ${type}* const pb = tileb + (${half} * ${depth} + tz * ${share} + k) * ${pitch.b};`,
      `${type} va[${high}], vb[${wide}];`,
      ...fours(high, rows, 'ty').map((at, h) => `load4_${suffix}(va + ${4 * h}, pa + ${at});`),
      ...fours(wide, columns, 'tx').map((at, h) => `load4_${suffix}(vb + ${4 * h}, pb + ${at});`),
      '#pragma unroll',
      `for (int i = 0; i < ${high}; i++)`,
      '#pragma unroll',
      `for (int j = 0; j < ${wide}; j++) acc[i][j] += va[i] * vb[j];`,
      '}',
    ],
    deliver: [
      '#pragma unroll',
      `for (int i = 0; i < ${high}; i++) if (i == phase) {`,
      ...fours(wide, columns, 'tx').map(
        (at, h) => `store4_${suffix}(stage + (tz * ${down} + ty) * ${columns} + ${at}, acc[i] + ${4 * h});`,
      ),
      '}',
    ],
    row: (phase, r) => (high === 4 ? `${r} * 4 + ${phase}` : `${phase} / 4 * ${rows / 2} + ${r} * 4 + ${phase} % 4`),
  }
}

/** Elements as they are: place `k` of row `o` at `[k][o]`. */
function putElements(operand: OperandText, half: string, pitch: number, suffix: string): readonly string[] {
  const { side, unit, geometry } = operand
  const to = `tile${side} + (${half} * ${geometry.depth} + ${operand.place('i')} + d) * ${pitch} + ${operand.row('i')}`,
    from = `r${side} + (i * ${unit.deep} + d) * ${unit.wide}`
  return [
    '#pragma unroll',
    `for (int i = 0; i < ${unit.count}; i++)`,
    '#pragma unroll',
    `for (int d = 0; d < ${unit.deep}; d++) ${unit.wide === 4 ? `store4_${suffix}(${to}, ${from});` : `*(${to}) = *(${from});`}`,
  ]
}
