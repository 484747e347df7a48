/**
 * The fragments of a product. Each computes a block of the sums: `rows` rows by `columns` texels of four columns, one target each. Fragments
 * are numbered part, batch, row block, column block, the last fastest.
 */
import type { Roles } from '@cotangent/core/kernel'
import { type Layout, layoutOf, type Limits } from '../pass.ts'

export interface Grid {
  readonly rows: 1 | 2 | 4
  readonly columns: 1 | 2
  readonly rowBlocks: number
  readonly columnBlocks: number
  readonly batch: number
  /** Four places of the sum each. */
  readonly rounds: number
  /** Long sums are cut into parts, which are added when the sums are read. */
  readonly parts: number
  readonly roundsPerPart: number
  /** Rounds that the shader writes out one after the other: the rounds of every part are a multiple. */
  readonly unroll: 1 | 2 | 4
  readonly layout: Layout
}

/** With fewer fragments a device is not busy. */
const MANY = 1024
/** Places of the sum that are worth a part. */
const LEAST = 64
/** Places of one part at most: what fragments near one another read then stays in a cache (1024 x 1024 x 1024: 250 ms, in one part 420). */
const LONGEST = 512

/** Rounds of all fragments, some milliseconds, that are worth the longer compilation of several rounds in one. */
const WORTH = 2 ** 17

/** Texels of all targets together: 128 MiB. */
const MOST = 2 ** 23

/** Undefined where there are too many sums for the largest texture or for `MOST`. */
export function gridOf({ batch, rows: { size: m }, columns: { size: n }, sum }: Roles, { targets, textureSize }: Limits): Grid | undefined {
  const texels = Math.ceil(n / 4)
  const rows = m === 1 ? 1 : m === 2 ? 2 : 4,
    columns = texels > 1 && targets >= 2 * rows ? 2 : 1
  const rowBlocks = Math.ceil(m / rows),
    columnBlocks = Math.ceil(texels / columns)
  const fragments = batch.size * rowBlocks * columnBlocks
  const rounds = Math.ceil(sum.size / 4)
  const wanted = Math.max(Math.ceil(sum.size / LONGEST), Math.min(Math.ceil(MANY / fragments), Math.floor(sum.size / LEAST)))
  const unroll = fragments * rounds < WORTH ? 1 : rounds % 4 === 0 ? 4 : rounds % 2 === 0 ? 2 : 1
  const roundsPerPart = unroll * Math.ceil(rounds / wanted / unroll),
    parts = Math.ceil(rounds / roundsPerPart)
  const layout = fragments * parts * rows * columns > MOST ? undefined : layoutOf(4 * fragments * parts, textureSize)
  return layout && { rows, columns, rowBlocks, columnBlocks, batch: batch.size, rounds, parts, roundsPerPart, unroll, layout }
}
