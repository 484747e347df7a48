/** What happens to a finished tile: the epilogue's nodes on the sums in registers, then the stores. */
import { type Affine, mapNode } from '@cotangent/core/kernel'
import { Ops } from '../math/expression.ts'
import { type Local, V128, type WasmFunction } from '../wasm/assembler.ts'
import { descendAll } from './address.ts'
import { Body, type BodySpec } from './body.ts'
import { type Form, strideAt } from './contraction-axes.ts'
import type { EmitContext } from './kernel.ts'
import { contraction } from '../tuning.ts'

export interface EpilogueTile {
  /** The axes that rows differ in, and the index of each row relative to the first. */
  readonly axes: readonly number[]
  readonly rows: readonly (readonly number[])[]
  /** Elements of each vector of a row. */
  readonly lanes: readonly number[]
}

/** The epilogue with the rows' offsets as axes of their own, which come after the others and are set at level 1. */
function bodySpec(form: Form, axes: readonly number[]): BodySpec {
  const change = (map: Affine): Affine => ({ ...map, strides: [...map.strides, ...axes.map((axis) => strideAt(map, axis))] })
  return {
    nodes: form.epilogue.map((node) => mapNode(node, change)),
    stores: form.stores.map((s) => ({ ...s, map: change(s.map) })),
    levels: [...Array.from({ length: form.parallel }, () => 0), ...axes.map(() => 1)],
    vector: form.n ?? -1,
  }
}

/** Instructions that become long sequences of vector code. */
const LONG: ReadonlySet<string> = new Set([
  'exp', 'expm1', 'log', 'log1p', 'sin', 'cos', 'tan', 'asin', 'acos', 'atan', 'atan2',
  'sinh', 'cosh', 'tanh', 'asinh', 'acosh', 'atanh', 'erf', 'pow', 'rem',
])
const weight = (form: Form): number => form.epilogue.reduce((n, node) => n + (LONG.has(node.op) ? 40 : node.op === 'reduced' ? 0 : 2), 0)

/**
 * `indices`: the parallel axes' indices of the tile's first element. `spare`: memory for the sums, consumed; a long epilogue is emitted
 * once for all rows of a tile along one axis, which then wait there.
 */
export function emitEpilogue(
  f: WasmFunction,
  context: EmitContext,
  form: Form,
  tile: EpilogueTile,
  sums: readonly (readonly Local[])[],
  indices: readonly Local[],
  spare: Local,
): void {
  const { axes, rows, lanes } = tile
  const body = new Body(new Ops(f, context.module, context.fma), context, bodySpec(form, axes))
  body.prologue()
  body.start([...indices, ...axes.map(() => undefined)])
  if (axes.length > 0) body.enter(0, lanes)
  const regular = axes.length === 1 && rows.every((row, i) => row[0] === i)
  if (regular && rows.length > 1 && weight(form) * rows.length * lanes.length > contraction.writtenOut)
    return loopRows(f, body, form, tile, sums, spare)
  rows.forEach((row, i) => {
    const finish = (depth: number): void => {
      if (depth < axes.length) {
        return descendAll({ f, cursors: [body.cursors], axis: form.parallel + depth, from: row[depth] as number }, () => finish(depth + 1))
      }
      body.enter(axes.length > 0 ? 1 : 0, lanes, (_, copy) => [(sums[i] as readonly Local[])[copy] as Local])
      body.store(lanes)
    }
    finish(0)
  })
}

function loopRows(
  f: WasmFunction,
  body: Body,
  form: Form,
  { rows, lanes }: EpilogueTile,
  sums: readonly (readonly Local[])[],
  spare: Local,
): void {
  sums.flat().forEach((sum, i) => f.get(spare).get(sum).vStore(16 * i))
  const row = lanes.map(() => f.local(V128))
  descendAll({ f, cursors: [body.cursors], axis: form.parallel, from: 0 }, (advance) => {
    f.repeat(rows.length, () => {
      row.forEach((sum, j) => f.get(spare).vLoad(16 * j).set(sum))
      body.enter(1, lanes, (_, copy) => [row[copy] as Local])
      body.store(lanes)
      f.bump(spare, 16 * lanes.length)
      advance(1)
    })
  })
}
