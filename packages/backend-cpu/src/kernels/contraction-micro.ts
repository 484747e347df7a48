/**
 * The micro-kernel: a tile of rows x vectors of the result in local variables (registers), one pass over the reduced axes. Per step it
 * loads the vectors of b, and for each row broadcasts one element of a. Tiles are as large as registers
 * allow: 6 rows x 2 vectors, or 5 x 2 without a fused multiply-add.
 */
import { type Column, contraction } from '../tuning.ts'
import { V128, type Local, type WasmFunction } from '../wasm/assembler.ts'

/** One reduced axis of the block: bytes to move in a and b for each step. */
export interface Step {
  readonly count: number
  readonly a: number
  readonly b: number
}

export interface Tile {
  /** Byte offset of each row from the pointer into a; not negative. */
  readonly rows: readonly number[]
  readonly vectors: number
  /** Lanes of the last vector to read: where an operand lies in place, those that exist. */
  readonly lastA: number
  readonly lastB: number
  /** Lanes are an axis of a too: its elements are read as vectors, not broadcast. */
  readonly lanesInBoth: boolean
  /** Outer to inner; empty when nothing is summed. */
  readonly steps: readonly Step[]
  readonly fma: boolean
}

/** Joins neighbouring steps that continue each other, and drops those of one iteration. */
export function joinSteps(steps: readonly Step[]): Step[] {
  const out: Step[] = []
  for (const step of steps.filter((s) => s.count !== 1)) {
    const last = out[out.length - 1]
    if (last !== undefined && last.a === step.a * step.count && last.b === step.b * step.count)
      out[out.length - 1] = { ...step, count: last.count * step.count }
    else out.push(step)
  }
  return out.length > 0 ? out : [{ count: 1, a: 0, b: 0 }]
}

/** Loads `lanes` elements (the others are 0) at the address on the stack, which `push` puts there. */
export function loadLanes(f: WasmFunction, push: () => void, offset: number, lanes: number): WasmFunction {
  if (lanes === 4) {
    push()
    return f.vLoad(offset)
  }
  push()
  if (lanes === 1) return f.vLoad32Zero(offset)
  f.vLoad64Zero(offset)
  if (lanes === 2) return f
  const low = f.local(V128)
  f.set(low)
  push()
  return f.get(low).vLoad32Lane(2, offset + 8)
}

/** Emits the sum; returns the accumulators [row][vector]. `pa` and `pb` are consumed. */
export function emitTile(f: WasmFunction, tile: Tile, pa: Local, pb: Local): Local[][] {
  const { rows, vectors, steps, fma } = tile
  const sums = rows.map(() => Array.from({ length: vectors }, () => f.local(V128)))
  const bs = Array.from({ length: vectors }, () => f.local(V128))
  const a = f.local(V128)
  const step = (bOffset: number): void => {
    bs.forEach((b, j) => loadLanes(f, () => f.get(pb), bOffset + 16 * j, j === vectors - 1 ? tile.lastB : 4).set(b))
    rows.forEach((offset, i) => {
      if (!tile.lanesInBoth) f.get(pa).vLoad32Splat(offset).set(a)
      bs.forEach((b, j) => {
        if (tile.lanesInBoth) loadLanes(f, () => f.get(pa), offset + 16 * j, j === vectors - 1 ? tile.lastA : 4).set(a)
        const sum = (sums[i] as Local[])[j] as Local
        if (fma) f.get(a).get(b).get(sum).relaxedMadd().set(sum)
        else f.get(sum).get(a).get(b).vfmul().vfadd().set(sum)
      })
    })
  }
  if (steps.every((s) => s.count > 0)) emitSteps(f, joinSteps(steps), pa, pb, step)
  return sums
}

/** The loop nest over the reduced axes, the innermost unrolled. */
export function emitSteps(f: WasmFunction, steps: readonly Step[], pa: Local, pb: Local, step: (bOffset: number) => void): void {
  const [first, ...inner] = steps as readonly [Step, ...Step[]]
  const [next] = inner
  if (next === undefined) return emitRun(f, first, pa, pb, step)
  f.repeat(first.count, () => {
    emitSteps(f, inner, pa, pb, step)
    f.bump(pa, first.a - next.count * next.a).bump(pb, first.b - next.count * next.b)
  })
}

/** Short runs are unrolled whole, long ones in part. */
function emitRun(f: WasmFunction, { count, a, b }: Step, pa: Local, pb: Local, step: (bOffset: number) => void): void {
  const unroll = count <= contraction.unrollWhole ? count : contraction.unroll
  const immediate = b >= 0 && b * unroll < 1 << 20
  const group = (n: number): void => {
    for (let i = 0; i < n; i++) {
      step(immediate ? i * b : 0)
      f.bump(pa, a)
      if (!immediate) f.bump(pb, b)
    }
    if (immediate) f.bump(pb, n * b)
  }
  f.repeat(Math.floor(count / unroll), () => group(unroll))
  group(count % unroll)
}

/** Number of rows that keeps all sums of `vectors` columns in registers. */
export function maximumRows(vectors: number, column: Column): number {
  const width = Math.ceil(vectors / column.vectors)
  return Math.max(1, Math.min(8, Math.floor((column.registers - 1 - width) / width)))
}

/** Flags of a tile function: add the partial sums to this block's; this block is the last one. */
export const ADD = 1
export const LAST = 2
