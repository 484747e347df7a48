/** The inner part of a tiled product on tensor cores (prelude/tensor.ts): operands are rounded as they come to shared memory. */
import { tensor } from '../language/prelude/tensor.ts'
import type { Precision } from '../command.ts'
import type { Core } from './contraction-core.ts'
import type { OperandText } from './contraction-operand.ts'

export interface TensorTile {
  /** Warps of a block, down and across the tile. */
  readonly warps: readonly [down: number, across: number]
  /** Products of 16 rows and 8 columns that a warp holds, down and across. */
  readonly products: readonly [down: number, across: number]
  readonly resident: Core['resident']
}

/** Words of the sum that a step takes: two products deep. */
const WORDS = 16
/** Rows of 8 modulo 32 words: the lanes of a warp then read from 32 banks. */
const PAD = 8

export function tensorCore({ warps, products, resident }: TensorTile, precision: Exclude<Precision, 'float32'>): Core {
  const [down, across] = warps,
    [high, wide] = products,
    rows = down * high * 16,
    columns = across * wide * 8,
    pair = precision === 'bf16' ? 2 : 1
  const pitch = { a: rows + PAD, b: columns + PAD }
  return {
    rows,
    columns,
    pair,
    depth: WORDS * pair,
    groups: 1,
    threads: down * across * 32,
    phases: 2 * high,
    phaseRows: 8 * down,
    functions: [tensor],
    resident,
    declare: [
      `SHARED(unsigned, tilea, ${2 * WORDS * pitch.a});`,
      `SHARED(unsigned, tileb, ${2 * WORDS * pitch.b});`,
      `SHARED(float, stage, ${8 * down * columns});`,
      `const int lg = (int)threadIdx.x % 32 / 4, lt = (int)threadIdx.x % 4;`,
      `const int wm = (int)threadIdx.x / ${32 * across}, wn = (int)threadIdx.x / 32 % ${across};`,
      `float acc[${high}][${wide}][4];`,
      ...eachProduct(high, wide),
      'for (int c = 0; c < 4; c++) acc[i][j][c] = 0.0f;',
    ],
    put: (operand, half) => putWords(operand, half, pitch[operand.side], precision),
    multiply: half => [
      '#pragma unroll',
      'for (int s = 0; s < 2; s++) {',
      `const unsigned* const pa = tilea + (${half} * ${WORDS} + s * 8 + lt) * ${pitch.a} + wm * ${16 * high} + lg;`,
      `const unsigned* const pb = tileb + (${half} * ${WORDS} + s * 8 + lt) * ${pitch.b} + wn * ${8 * wide} + lg;`,
      `unsigned va[${high}][4], vb[${wide}][2];`,
      '#pragma unroll',
      `for (int i = 0; i < ${high}; i++) {`,
      'va[i][0] = pa[i * 16]; va[i][1] = pa[i * 16 + 8];',
      `va[i][2] = pa[i * 16 + ${4 * pitch.a}]; va[i][3] = pa[i * 16 + ${4 * pitch.a + 8}];`,
      '}',
      '#pragma unroll',
      `for (int j = 0; j < ${wide}; j++) { vb[j][0] = pb[j * 8]; vb[j][1] = pb[j * 8 + ${4 * pitch.b}]; }`,
      ...eachProduct(high, wide),
      `mma_${precision}(acc[i][j], va[i], vb[j]);`,
      '}',
    ],
    deliver: [
      '#pragma unroll',
      `for (int i = 0; i < ${2 * high}; i++) if (i == phase) {`,
      '#pragma unroll',
      `for (int j = 0; j < ${wide}; j++) {`,
      `float* const to = stage + (wm * 8 + lg) * ${columns} + (wn * ${wide} + j) * 8 + 2 * lt;`,
      'to[0] = acc[i / 2][j][i % 2 * 2]; to[1] = acc[i / 2][j][i % 2 * 2 + 1];',
      '}',
      '}',
    ],
    row: (phase, r) => `${r} / 8 * ${16 * high} + ${phase} * 8 + ${r} % 8`,
  }
}

const eachProduct = (high: number, wide: number): readonly string[] => [
  '#pragma unroll',
  `for (int i = 0; i < ${high}; i++)`,
  '#pragma unroll',
  `for (int j = 0; j < ${wide}; j++)`,
]

/** Word k of row o at `[k][o]`. */
function putWords(operand: OperandText, half: string, pitch: number, precision: 'tf32' | 'bf16'): readonly string[] {
  const { side, unit, geometry } = operand,
    { pair } = geometry
  const at = (lane: string, more: number): string =>
      `r${side}[(i * ${unit.deep} + d${more === 0 ? '' : ` + ${more}`}) * ${unit.wide}${lane}]`,
    word = (lane: string): string => (precision === 'tf32' ? `tf32_of(${at(lane, 0)})` : `bf16_of(${at(lane, 0)}, ${at(lane, 1)})`)
  const to = `tile${side} + (${half} * ${WORDS} + (${operand.place('i')} + d) / ${pair}) * ${pitch} + ${operand.row('i')}`
  return [
    '#pragma unroll',
    `for (int i = 0; i < ${unit.count}; i++)`,
    '#pragma unroll',
    `for (int d = 0; d < ${unit.deep}; d += ${pair}) {`,
    ...(unit.wide === 1
      ? [`*(${to}) = ${word('')};`]
      : ['unsigned w[4];', '#pragma unroll', `for (int l = 0; l < 4; l++) w[l] = ${word(' + l')};`, `store4_u32(${to}, w);`]),
    '}',
  ]
}
