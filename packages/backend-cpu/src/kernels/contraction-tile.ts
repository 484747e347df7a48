/** One tile as a function of its own: the sum, the partial sums of earlier blocks, then the epilogue or the partial sums for the next. */
import { I32, type Local, V128, type ValueType, WasmFunction } from '../wasm/assembler.ts'
import type { Form } from './contraction-axes.ts'
import { emitEpilogue } from './contraction-epilogue.ts'
import { emitDot } from './contraction-dot.ts'
import { ADD, emitTile, LAST, type Step } from './contraction-micro.ts'
import type { RowTile } from './contraction-tiling.ts'
import type { EmitContext } from './kernel.ts'

export interface TileSpec extends RowTile {
  /** Bytes from the first row to each row of a. */
  readonly offsets: readonly number[]
  readonly vectors: number
  readonly lastLanes: number
  /** The operand is read in place: no more than the lanes that exist. */
  readonly exactA: boolean
  readonly exactB: boolean
  /** Vectors run along the reduced axis; bytes from column to column of b. */
  readonly dot: { readonly columnStep: number } | undefined
  readonly steps: readonly Step[]
  /** This is one of several blocks of the reduced axes. */
  readonly partial: boolean
  /** Instead of multiplying, add up `count` partial sums that lie `bytes` apart. */
  readonly combine: { readonly count: number; readonly bytes: number } | undefined
}

const PA = 1
const PB = 2
const PART = 3
const FLAGS = 4
/** The first parameter that is an index. */
const FIRST_INDEX = 5

/** The tile functions of one contraction, by their specification. */
export type Tiles = Map<string, WasmFunction>

/**
 * `(frame, a, b, memory of the tile's partial sums, flags, ...indices of the parallel axes)`. Equal tiles of one contraction share a
 * function: `known` holds those.
 */
export function tileFunction(context: EmitContext, form: Form, known: Tiles, spec: TileSpec): WasmFunction {
  const key = JSON.stringify(spec)
  const old = known.get(key)
  if (old !== undefined) return old
  const f = context.module.add(new WasmFunction('tile', new Array<ValueType>(FIRST_INDEX + form.parallel).fill(I32)))
  known.set(key, f)
  emitBody(f, context, form, spec)
  return f
}

function emitBody(f: WasmFunction, context: EmitContext, form: Form, spec: TileSpec): void {
  const lanes = Array.from({ length: spec.vectors }, (_, j) => (j === spec.vectors - 1 ? spec.lastLanes : 4))
  const indices = Array.from({ length: form.parallel }, (_, i) => FIRST_INDEX + i)
  const epilogue = (sums: readonly Local[][]): void =>
    emitEpilogue(f, context, form, { axes: spec.axes, rows: spec.rows, lanes }, sums, indices, PART)
  if (spec.combine !== undefined) return epilogue(emitCombine(f, spec, spec.combine))
  const sums = emitSums(f, context, form, spec)
  if (!spec.partial) return epilogue(sums)
  const all: readonly Local[] = sums.flat()
  f.get(FLAGS).i32(ADD).and().if(() => all.forEach((sum, i) => f.get(sum).get(PART).vLoad(16 * i).vfadd().set(sum)))
  const keep = (): void => all.forEach((sum, i) => f.get(PART).get(sum).vStore(16 * i))
  f.get(FLAGS).i32(LAST).and().if(() => epilogue(sums), keep)
}

/** The sums of products: [row][vector]. */
function emitSums(f: WasmFunction, { fma }: EmitContext, { lanesInBoth }: Form, spec: TileSpec): Local[][] {
  const { dot, vectors, steps, lastLanes } = spec
  if (dot !== undefined) return [emitDot(f, { ...dot, fma, columns: 4 * (vectors - 1) + lastLanes, count: steps[0]?.count ?? 0 }, PA, PB)]
  const last = (exact: boolean): number => (exact ? lastLanes : 4)
  return emitTile(f, { rows: spec.offsets, vectors, steps, fma, lanesInBoth, lastA: last(spec.exactA), lastB: last(spec.exactB) }, PA, PB)
}

/** The sums of all partial sums, in order. */
function emitCombine(f: WasmFunction, spec: TileSpec, { count, bytes }: NonNullable<TileSpec['combine']>): Local[][] {
  const sums = spec.rows.map(() => Array.from({ length: spec.vectors }, () => f.local(V128)))
  const all = sums.flat()
  all.forEach((sum, i) => f.get(PART).vLoad(16 * i).set(sum))
  f.repeat(count - 1, () => {
    f.bump(PART, bytes)
    all.forEach((sum, i) => f.get(sum).get(PART).vLoad(16 * i).vfadd().set(sum))
  })
  return sums
}
