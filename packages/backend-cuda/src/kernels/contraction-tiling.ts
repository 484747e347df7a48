/** Which tiles a product takes, and how many blocks share a tile's sum. */
import type { DType } from '@cotangent/core/kernel'
import type { Target } from '../command.ts'
import { type Core, fmaCore, type FmaTile } from './contraction-core.ts'
import type { Roles } from './contraction-roles.ts'

interface Candidate {
  readonly tile: FmaTile
  /** Of the multiprocessor's units, the share that is busy, estimated by loads from shared memory for each multiply-add. */
  readonly busy: number
}

const candidate = (rows: number, columns: number, high: 4 | 8, wide: 4 | 8, busy: number): Candidate => ({
  tile: { rows, columns, depth: 16, high, wide, groups: 1 },
  busy,
})
const candidates: readonly Candidate[] = [
  candidate(128, 128, 8, 8, 0.8),
  candidate(128, 64, 8, 4, 0.65),
  candidate(64, 128, 4, 8, 0.65),
  candidate(128, 32, 8, 4, 0.55),
  candidate(32, 128, 4, 8, 0.55),
  candidate(64, 64, 4, 4, 0.5),
  { tile: { rows: 32, columns: 32, depth: 32, high: 4, wide: 4, groups: 4 }, busy: 0.35 },
]

export interface Tiling {
  readonly core: Core
  /** Blocks that share a sum. */
  readonly parts: number
}

/** Multiply-adds of a multiprocessor in a cycle. */
const WIDTH = 128
/** Cycles until a second launch runs. */
const LAUNCH = 8000
/** Bytes that memory moves in a cycle. */
const BANDWIDTH = 1500
/** Steps of the sum that a part has at least. */
const STEPS = 8

/** The least estimated time. Float64 sums take twice the registers, so that they get small tiles. */
export function tilingOf(roles: Roles, dtype: DType, target: Target): Tiling {
  const { batch, rows, columns, sum } = roles
  let best: { readonly candidate: Candidate; readonly parts: number } | undefined,
    least = Infinity
  for (const c of candidates) {
    const { tile } = c
    if (dtype === 'float64' && tile.high * tile.wide > 16) continue
    const blocks = batch.size * Math.ceil(rows.size / tile.rows) * Math.ceil(columns.size / tile.columns)
    for (let parts = 1; parts === 1 || sum.size >= parts * tile.depth * STEPS; parts *= 2) {
      const waves = Math.ceil((blocks * parts) / target.multiprocessors),
        each = (tile.rows * tile.columns * sum.size) / parts / (WIDTH * c.busy),
        added = parts === 1 ? 0 : LAUNCH + (8 * parts * batch.size * rows.size * columns.size) / BANDWIDTH
      const time = waves * each + added
      if (time < least) {
        least = time
        best = { candidate: c, parts }
      }
      if (parts > 4096) break
    }
  }
  const { candidate: chosen, parts } = best as NonNullable<typeof best>
  return { core: fmaCore(chosen.tile, dtype), parts }
}
