/**
 * Packing: copies a block of an operand to scratch memory, in the order in which the micro-kernel will read it, zeros where a guard fails.
 * One routine for all cases: a nest of loops (levels), guards tested as soon as their index is known, contiguous levels folded into runs.
 */
import { I32, type Local, type ValueType, WasmFunction, type WasmModule } from '../wasm/assembler.ts'
import { copyFixed, copyFloats, transposeBlock, zeroFloats } from './contraction-copy.ts'

export interface Level {
  /** `undefined`: the function's parameter COUNT. At most one level, and only an outer one. */
  readonly count: number | undefined
  /** Bytes to move for one step. */
  readonly source: number
  readonly target: number
  /** What one step adds to each guard's index. */
  readonly guards: readonly number[]
}

export interface Packing {
  /** Outer to inner. */
  readonly levels: readonly Level[]
  /** Extent of each guard. */
  readonly extents: readonly number[]
}

/** Parameters: source, target, count, then the value of each guard's index at the block's first element. */
const SOURCE = 0
const TARGET = 1
const COUNT = 2
const FIRST_GUARD = 3

interface Place {
  readonly source: Local
  readonly target: Local
  readonly guards: readonly Local[]
}

export function packFunction(module: WasmModule, packing: Packing): WasmFunction {
  return module.once(`pack ${JSON.stringify(packing)}`, () => {
    const f = new WasmFunction('pack', new Array<ValueType>(FIRST_GUARD + packing.extents.length).fill(I32))
    const place = { source: SOURCE, target: TARGET, guards: packing.extents.map((_, g) => FIRST_GUARD + g) }
    new Packer(f, module, packing).level(
      0,
      place,
      packing.extents.map((_, g) => g),
    )
    return f
  })
}

class Packer {
  private readonly f: WasmFunction
  private readonly module: WasmModule
  private readonly levels: readonly Level[]
  private readonly extents: readonly number[]
  /** Levels from here on are contiguous in source and target; only this one may move a guard, by 1. */
  private readonly run: number
  private readonly transposes: boolean

  constructor(f: WasmFunction, module: WasmModule, packing: Packing) {
    this.f = f
    this.module = module
    this.levels = packing.levels
    this.extents = packing.extents
    this.run = runStart(packing.levels)
    this.transposes = isTransposition(packing.levels)
  }

  /** Emits levels d and deeper. `open` are the guards not tested yet. */
  level(d: number, place: Place, open: readonly number[]): void {
    const moves = (g: number): boolean => this.levels.slice(d).some((l) => (l.guards[g] as number) !== 0)
    const known = open.filter((g) => !moves(g))
    const rest = open.filter(moves)
    if (known.length === 0) return this.body(d, place, rest)
    known.forEach((g, i) => {
      this.f.get(place.guards[g] as Local).i32(this.extents[g] as number).ltU()
      if (i > 0) this.f.and()
    })
    this.f.if(
      () => this.body(d, place, rest),
      () => this.zeros(d, place.target),
    )
  }

  private body(d: number, place: Place, open: readonly number[]): void {
    const { f } = this
    if (d === this.levels.length) f.get(place.target).get(place.source).f32Load().f32Store()
    else if (d === this.run) this.copyRun(d, place, open)
    else if (d === this.levels.length - 2 && this.transposes && open.length === 0) this.transpose(d, place)
    else this.loop(d, place, (inner) => this.level(d + 1, inner, open))
  }

  private pushCount(d: number): WasmFunction {
    const { count } = this.levels[d] as Level
    return count === undefined ? this.f.get(COUNT) : this.f.i32(count)
  }

  private loop(d: number, place: Place, body: (inner: Place) => void): void {
    const { f } = this
    const level = this.levels[d] as Level
    if (level.count === 1) return body(place)
    const copy = (l: Local): Local => {
      const to = f.local(I32)
      f.get(l).set(to)
      return to
    }
    const inner = {
      source: copy(place.source),
      target: copy(place.target),
      guards: place.guards.map((g, i) => (level.guards[i] === 0 ? g : copy(g))),
    }
    const left = f.local(I32)
    this.pushCount(d).tee(left).if(() =>
        f.loop(() => {
          body(inner)
          f.bump(inner.source, level.source).bump(inner.target, level.target)
          inner.guards.forEach((g, i) => f.bump(g, level.guards[i] as number))
          f.get(left).i32(1).sub().tee(left).brIf(0)
        }),
      )
  }

  /** Bytes of one step of the run level. */
  private unit(d: number): number {
    return (this.levels[d] as Level).target
  }

  /** A run whose ends may lie outside of guards: zeros, copy, zeros. */
  private copyRun(d: number, place: Place, open: readonly number[]): void {
    const { f } = this
    const unit = this.unit(d)
    const { count } = this.levels[d] as Level
    if (open.length === 0) {
      if (count !== undefined && count * unit <= 64) return copyFixed(f, place.source, place.target, (count * unit) / 4)
      f.get(place.target).get(place.source)
      this.pushCount(d).i32(unit).mul().call(copyFloats(this.module))
      return
    }
    const [low, high, end, t] = [f.local(I32), f.local(I32), f.local(I32), f.local(I32)] as const
    f.i32(0).set(low)
    this.pushCount(d).tee(end).set(high)
    for (const g of open) {
      const at = place.guards[g] as Local
      f.i32(0).get(at).sub().set(t).maxS(low, t).set(low)
      f.i32(this.extents[g] as number).get(at).sub().set(t).minS(high, t).set(high)
    }
    f.minS(low, end).set(low).maxS(high, low).set(high)
    const at = (base: Local, index: Local): WasmFunction => f.get(index).i32(unit).mul().get(base).add()
    const zero = zeroFloats(this.module)
    f.get(place.target).get(low).i32(unit).mul().call(zero)
    at(place.target, low)
    at(place.source, low)
    f.get(high).get(low).sub().i32(unit).mul().call(copyFloats(this.module))
    at(place.target, high)
    f.get(end).get(high).sub().i32(unit).mul().call(zero)
  }

  /** [n][w] from [w][n]: 4 x 4 blocks in registers, the rest element by element. */
  private transpose(d: number, place: Place): void {
    const { f } = this
    const [rows, lanes] = this.levels.slice(d) as [Level, Level]
    const whole = Math.floor((lanes.count as number) / 4) * 4
    const n = rows.count as number
    const s = f.local(I32)
    const t = f.local(I32)
    f.get(place.source).set(s).get(place.target).set(t)
    f.repeat(Math.floor(n / 4), () => {
      for (let lane = 0; lane < whole; lane += 4) transposeBlock(f, s, t, { lane, source: lanes.source, target: rows.target })
      for (let lane = whole; lane < (lanes.count as number); lane++) this.scalars(s, t, lane, 4, rows, lanes)
      f.bump(s, 16).bump(t, 4 * rows.target)
    })
    for (let lane = 0; lane < (lanes.count as number); lane++) this.scalars(s, t, lane, n % 4, rows, lanes)
  }

  private scalars(s: Local, t: Local, lane: number, n: number, rows: Level, lanes: Level): void {
    for (let i = 0; i < n; i++)
      this.f.get(t).get(s).f32Load(lane * lanes.source + 4 * i).f32Store(4 * lane + i * rows.target)
  }

  /** Fills the targets of levels d and deeper with zeros. */
  private zeros(d: number, target: Local): void {
    const { f } = this
    if (isDense(this.levels, d)) {
      const first = this.levels[d]
      f.get(target)
      if (first === undefined) f.i32(4)
      else this.pushCount(d).i32(first.target).mul()
      f.call(zeroFloats(this.module))
    } else this.loop(d, { source: target, target, guards: [] }, (inner) => this.zeros(d + 1, inner.target))
  }
}

/** Is the target of levels d and deeper one contiguous piece? */
function isDense(levels: readonly Level[], d: number): boolean {
  return levels.slice(d).every((level, i) => {
    const inner = levels[d + i + 1]
    return inner === undefined ? level.target === 4 : inner.count !== undefined && level.target === inner.target * inner.count
  })
}

function runStart(levels: readonly Level[]): number {
  let start = levels.length
  for (let d = levels.length - 1; d >= 0; d--) {
    const level = levels[d] as Level
    const inner = levels[d + 1]
    const unit = inner === undefined ? 4 : inner.count === undefined ? -1 : inner.target * inner.count
    const innerStill = inner === undefined || inner.guards.every((g) => g === 0)
    if (level.source !== unit || level.target !== unit || !innerStill || level.guards.some((g) => g !== 0 && g !== 1)) break
    start = d
  }
  return start
}

function isTransposition(levels: readonly Level[]): boolean {
  const [rows, lanes] = levels.slice(-2)
  if (rows === undefined || lanes === undefined || levels.length < 2) return false
  const still = [...rows.guards, ...lanes.guards].every((g) => g === 0)
  return (
    still &&
    rows.source === 4 &&
    lanes.target === 4 &&
    rows.count !== undefined &&
    lanes.count !== undefined &&
    lanes.count <= 16 &&
    lanes.source >= 4 &&
    rows.target >= 4
  )
}
