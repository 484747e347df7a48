/** What happens to a finished tile: the epilogue's nodes on the sums in registers, then the stores. */
import type { Affine } from '@cotangent/core/kernel'
import { Ops } from '../math/expression.ts'
import type { Local, WasmFunction } from '../wasm/assembler.ts'
import { descendAll } from './address.ts'
import { Body, type BodySpec } from './body.ts'
import { type Form, mapNode, strideAt } from './contraction-axes.ts'
import type { EmitContext } from './kernel.ts'

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

/** `indices`: the parallel axes' indices of the tile's first element. */
export function emitEpilogue(f: WasmFunction, context: EmitContext, form: Form, tile: EpilogueTile, sums: readonly (readonly Local[])[], indices: readonly Local[]): void {
  const { axes, rows, lanes } = tile
  const body = new Body(new Ops(f, context.module, context.fma), context, bodySpec(form, axes))
  body.prologue()
  body.start([...indices, ...axes.map(() => undefined)])
  if (axes.length > 0) body.enter(0, lanes)
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
