/** Which tiles a product takes, and how many blocks share a tile's sum. */
import { type DType, isHalf, type Roles } from '@cotangent/core/kernel'
import type { EmitContext, Precision, Target } from '../command.ts'
import { type Core, fmaCore } from './contraction-core.ts'
import { tensorCore } from './contraction-tensor.ts'

export interface Candidate {
  readonly core: Core
  /** Multiply-adds by `WIDTH` that a multiprocessor is thought to do in a cycle: not measured. */
  readonly speed: number
}

type Pair<T> = readonly [T, T]

const fma = (
  dtype: DType,
  [rows, columns]: Pair<number>,
  [high, wide]: Pair<4 | 8>,
  resident: Core['resident'],
  speed: number,
): Candidate => ({
  core: fmaCore({ rows, columns, depth: 16, high, wide, groups: 1, resident }, dtype),
  speed,
})

/** Float64 sums take twice the registers, so that they get small tiles. */
const fmaCandidates = (dtype: DType): readonly Candidate[] => {
  const small = dtype === 'float64' ? ([1, 1] as const) : ([3, 2] as const)
  return [
    ...(dtype === 'float64'
      ? []
      : [
          fma(dtype, [128, 128], [8, 8], [2, 1], 0.8),
          fma(dtype, [128, 64], [8, 4], [2, 2], 0.65),
          fma(dtype, [64, 128], [4, 8], [2, 2], 0.65),
          fma(dtype, [128, 32], [8, 4], [4, 3], 0.55),
          fma(dtype, [32, 128], [4, 8], [4, 3], 0.55),
        ]),
    fma(dtype, [64, 64], [4, 4], small, 0.5),
    { core: fmaCore({ rows: 32, columns: 32, depth: 32, high: 4, wide: 4, groups: 4, resident: small }, dtype), speed: 0.35 },
  ]
}

const tensorCandidates = (precision: 'tf32' | 'bf16'): readonly Candidate[] => {
  const speed = precision === 'bf16' ? 1.6 : 1
  return [
    { core: tensorCore({ warps: [2, 4], products: [4, 4], resident: [1, 1] }, precision), speed: 2.5 * speed },
    { core: tensorCore({ warps: [2, 2], products: [2, 4], resident: [3, 3] }, precision), speed: 1.5 * speed },
    { core: tensorCore({ warps: [2, 2], products: [1, 2], resident: [6, 4] }, precision), speed: 0.7 * speed },
  ]
}

/** The first capability with these formats. */
const TENSOR = 80

/** The rounding of operands under which products are as precise as asked; numbers of 16 bits are exact in formats of tensor cores. */
function precisionOf([a, b]: Pair<DType>, { precision }: Target): Precision {
  if (precision === 'bf16' || (a === 'bfloat16' && b === 'bfloat16')) return 'bf16'
  return isHalf(a) && isHalf(b) ? 'tf32' : precision
}

/** All tiles for products of a dtype. `operands`: as they are stored. */
export function candidatesFor(dtype: DType, target: Target, operands: Pair<DType> = [dtype, dtype]): readonly Candidate[] {
  const precision = precisionOf(operands, target)
  return dtype === 'float32' && precision !== 'float32' && target.capability >= TENSOR ? tensorCandidates(precision) : fmaCandidates(dtype)
}

export interface Tiling {
  readonly core: Core
  /** Blocks that share a sum. */
  readonly parts: number
}

/** Float32 multiply-adds of a multiprocessor in a cycle, at most. */
const WIDTH = 128
/** Cycles until a second launch runs. */
const LAUNCH = 8000
/** Bytes that memory moves in a cycle. */
const BANDWIDTH = 1500
/** Steps of the sum that a part has at least. */
const STEPS = 8

/** Warps with which a multiprocessor reaches its speed; fewer wait for what they load. */
const WARPS = 8

/** The least estimated time. */
export function tilingOf(roles: Roles, { spec, target }: Pick<EmitContext, 'spec' | 'target'>): Tiling {
  const { dtype, a, b } = roles.contraction
  const all = candidatesFor(dtype, target, [spec(a.buffer).dtype, spec(b.buffer).dtype]).flatMap(candidate =>
    partsOf(roles, candidate.core, target).map(parts => ({
      core: candidate.core,
      parts,
      time: cyclesOf(roles, candidate, parts, target),
    })),
  )
  return all.reduce((best, t) => (t.time < best.time ? t : best))
}

/** Blocks that share no sum. */
const tilesOf = ({ batch, rows, columns }: Roles, core: Core): number =>
  batch.size * Math.ceil(rows.size / core.rows) * Math.ceil(columns.size / core.columns)

/** 1, 2, 4, ... parts of a sum, and as many as give each multiprocessor one, two or three blocks; none of them short. */
export function partsOf(roles: Roles, core: Core, { multiprocessors }: Target): readonly number[] {
  const tiles = tilesOf(roles, core),
    full = [1, 2, 3].map(blocks => Math.floor((blocks * multiprocessors) / tiles))
  const all = new Set([...Array.from({ length: 12 }, (_, i) => 2 ** i), ...full])
  return [...all].filter(parts => parts === 1 || (parts > 1 && roles.sum.size >= parts * core.depth * STEPS))
}

/** Places of the sum that a part has, in whole steps: all parts but the last, which has the rest. */
export const chunkOf = ({ sum }: Roles, { depth }: Core, parts: number): number => Math.ceil(Math.ceil(sum.size / parts) / depth) * depth

function cyclesOf(roles: Roles, { core, speed }: Candidate, wanted: number, target: Target): number {
  const { batch, rows, columns, sum } = roles,
    chunk = chunkOf(roles, core, wanted),
    parts = Math.ceil(sum.size / chunk)
  const blocks = Math.ceil((tilesOf(roles, core) * parts) / target.multiprocessors),
    warps = Math.min(blocks, core.resident[1]) * (core.threads / 32)
  // Half as many warps are thought to do 0.7 of the work: not measured.
  const block = (core.rows * core.columns * Math.min(chunk, sum.size)) / (WIDTH * speed * Math.min(1, Math.sqrt(warps / WARPS))),
    bytes = 8 * parts * batch.size * rows.size * columns.size
  return blocks * block + (parts === 1 ? 0 : LAUNCH + bytes / BANDWIDTH)
}
