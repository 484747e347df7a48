/**
 * How an iteration space becomes tasks. Parallel axes are flattened into rows; a vector axis runs inside a row. A task is a run of rows, or a
 * piece of a long row.
 */
import { loops } from '../tuning.ts'
import { I32, type Local, type WasmFunction } from '../wasm/assembler.ts'
import type { Bound } from './address.ts'
import { BEGIN, END } from './kernel.ts'

export interface TaskSpace {
  /** Extents of the axes that make up the rows. */
  readonly rows: readonly number[]
  /** Extent of the vector axis: 1 when there is none. */
  readonly length: number
  /** Pieces are multiples of this many indices. */
  readonly step: number
  /** The last vector of a row may be whole. */
  readonly whole: boolean
  /** Estimated nanoseconds of one index of the vector axis. */
  readonly cost: number
}

/** `rows` rows, each in `pieces` pieces of `pieceLength`; or `rowsPerTask` rows a task. */
export interface Cut {
  readonly rows: number
  readonly rowsPerTask: number
  readonly pieces: number
  readonly pieceLength: number
  readonly tasks: number
}

export function cutTasks({ rows: axes, length, step, cost }: TaskSpace): Cut {
  const rows = axes.reduce((a, n) => a * n, 1)
  if (length * cost > 2 * loops.task && length > step) {
    const pieceLength = Math.max(1, Math.round(loops.task / cost / step)) * step
    const pieces = Math.ceil(length / pieceLength)
    return { rows, rowsPerTask: 1, pieces, pieceLength, tasks: rows * pieces }
  }
  const rowsPerTask = Math.max(1, Math.round(loops.task / (length * cost)))
  return { rows, rowsPerTask, pieces: 1, pieceLength: length, tasks: Math.ceil(rows / rowsPerTask) }
}

/** Code of a task loop: `row` gets the index locals of the row axes and the range of the vector axis. */
export function emitTasks(
  f: WasmFunction,
  space: TaskSpace,
  cut: Cut,
  row: (indices: readonly Local[], from: Bound, to: Bound) => void,
): void {
  const indices = space.rows.map(() => f.local(I32))
  if (cut.pieces > 1) emitPieces(f, space, cut, indices, (from, to) => row(indices, from, to))
  else emitRows(f, space, cut, indices, () => row(indices, 0, space.length))
}

/** Task t is piece t % pieces of row t / pieces. */
function emitPieces(f: WasmFunction, space: TaskSpace, cut: Cut, indices: readonly Local[], row: (from: Bound, to: Bound) => void): void {
  const { pieces, pieceLength } = cut
  const index = f.local(I32),
    from = f.local(I32),
    to = f.local(I32),
    task = f.local(I32)
  const end = space.whole ? Math.ceil(space.length / 4) * 4 : space.length
  f.forRange(task, BEGIN, END, () => {
    f.get(task).i32(pieces).op(0x6e).set(index) // i32.div_u
    f.get(task).get(index).i32(pieces).mul().sub().i32(pieceLength).mul().set(from)
    f.get(from).i32(pieceLength).add().set(to)
    f.get(to)
      .i32(end)
      .op(0x4a)
      .if(() => f.i32(end).set(to)) // i32.gt_s
    decode(f, space.rows, indices, index)
    row({ local: from }, { local: to })
  })
}

/** Task t is rows t * rowsPerTask and on. */
function emitRows(f: WasmFunction, space: TaskSpace, cut: Cut, indices: readonly Local[], row: () => void): void {
  const index = f.local(I32),
    last = f.local(I32)
  f.get(BEGIN).i32(cut.rowsPerTask).mul().set(index)
  f.get(END).i32(cut.rowsPerTask).mul().set(last)
  f.get(last)
    .i32(cut.rows)
    .op(0x4a)
    .if(() => f.i32(cut.rows).set(last))
  decode(f, space.rows, indices, index)
  f.block(() => {
    f.loop(() => {
      f.get(index).get(last).op(0x4e).brIf(1) // i32.ge_s
      row()
      countUp(f, space.rows, indices, indices.length - 1)
      f.bump(index, 1).br(0)
    })
  })
}

/** Index locals of a flattened row. */
function decode(f: WasmFunction, extents: readonly number[], indices: readonly Local[], row: Local): void {
  const rest = f.local(I32)
  f.get(row).set(rest)
  for (let axis = indices.length - 1; axis >= 0; axis--) {
    const index = indices[axis] as Local,
      extent = extents[axis] as number
    if (axis === 0) f.get(rest).set(index)
    else {
      f.get(rest).i32(extent).op(0x70).set(index) // i32.rem_u
      f.get(rest).i32(extent).op(0x6e).set(rest) // i32.div_u
    }
  }
}

/** Counts the index locals up, the last fastest. */
function countUp(f: WasmFunction, extents: readonly number[], indices: readonly Local[], axis: number): void {
  const index = indices[axis]
  if (index === undefined) return
  f.bump(index, 1)
  if (axis === 0) return
  f.get(index)
    .i32(extents[axis] as number)
    .op(0x46)
    .if(() => {
      // i32.eq
      f.i32(0).set(index)
      countUp(f, extents, indices, axis - 1)
    })
}
