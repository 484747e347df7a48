/** One tile as a function of its own: the sum, the partial sums of earlier blocks, then the epilogue or the partial sums for the next. */
import { I32, type Local, type ValueType, WasmFunction } from '../wasm/assembler.ts'
import type { Form } from './contraction-axes.ts'
import { emitEpilogue } from './contraction-epilogue.ts'
import { ADD, emitTile, LAST, type Step } from './contraction-micro.ts'
import type { EmitContext } from './kernel.ts'

/** The indices of a tile's rows relative to its first. */
export interface RowTile {
  readonly axes: readonly number[]
  readonly rows: readonly (readonly number[])[]
}

export interface TileSpec extends RowTile {
  /** Bytes from the first row to each row of a. */
  readonly offsets: readonly number[]
  readonly vectors: number
  readonly lastLanes: number
  /** b is packed in panels: whole vectors may be read. */
  readonly panels: boolean
  readonly steps: readonly Step[]
  /** This is one of several blocks of the reduced axes. */
  readonly partial: boolean
}

/** The first parameter that is an index. */
const FIRST_INDEX = 5

const made = new WeakMap<Form, Map<string, WasmFunction>>()

/** `(frame, a, b, partial sums, flags, ...indices of the parallel axes)`; equal tiles of one contraction share a function. */
export function tileFunction(context: EmitContext, form: Form, spec: TileSpec): WasmFunction {
  const known = made.get(form) ?? new Map<string, WasmFunction>()
  made.set(form, known)
  const key = JSON.stringify(spec)
  const old = known.get(key)
  if (old !== undefined) return old
  const f = context.module.add(new WasmFunction('tile', new Array<ValueType>(FIRST_INDEX + form.parallel).fill(I32)))
  known.set(key, f)
  emitBody(f, context, form, spec)
  return f
}

function emitBody(f: WasmFunction, context: EmitContext, form: Form, spec: TileSpec): void {
  const [pa, pb, part, flags] = [1, 2, 3, 4]
  const sums = emitTile(f, {
    rows: spec.offsets, vectors: spec.vectors, lastLanes: spec.panels ? 4 : spec.lastLanes, steps: spec.steps, fma: context.fma,
  }, pa, pb)
  const lanes = Array.from({ length: spec.vectors }, (_, j) => (j === spec.vectors - 1 ? spec.lastLanes : 4))
  const indices = Array.from({ length: form.parallel }, (_, i) => FIRST_INDEX + i)
  const epilogue = (): void => emitEpilogue(f, context, form, { axes: spec.axes, rows: spec.rows, lanes }, sums, indices)
  if (!spec.partial) return epilogue()
  const all: readonly Local[] = sums.flat()
  f.get(flags).i32(ADD).and().if(() => all.forEach((sum, i) => f.get(sum).get(part).vLoad(16 * i).vfadd().set(sum)))
  f.get(flags).i32(LAST).and().if(epilogue, () => all.forEach((sum, i) => f.get(part).get(sum).vStore(16 * i)))
}
