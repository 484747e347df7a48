/** The state of the loops around the micro-kernel while their code is written: index locals and the addresses that follow from them. */
import type { Affine, Load } from '@cotangent/core/kernel'
import { I32, type Local, WasmFunction } from '../wasm/assembler.ts'
import { strideAt, uses } from './contraction-axes.ts'
import type { Geometry } from './contraction-geometry.ts'
import type { Operand } from './contraction-operand.ts'
import type { Tiles } from './contraction-tile.ts'
import { address, type EmitContext, phaseParams } from './kernel.ts'

export class Nest {
  readonly f: WasmFunction
  readonly context: EmitContext
  readonly g: Geometry
  readonly tiles: Tiles = new Map()
  /** The index of each axis at the present place, and where the present block of it begins. */
  readonly index: readonly Local[]
  readonly base: readonly Local[]
  /** Address of the packed block of a; bytes that it takes of the scratch memory are `4 * scratchA`. */
  readonly packedA: Local
  readonly scratchA: number
  /** Pointers into b and into the partial sums, the flags of the present block, its number of indices of the cut row axis. */
  readonly pb: Local
  readonly part: Local
  readonly flags: Local
  readonly blockCount: Local
  /** The present part of the columns, in panels. */
  readonly firstPanel: Local
  readonly panelCount: Local

  constructor(context: EmitContext, g: Geometry, name: string, scratchA: number) {
    const f = new WasmFunction(name, phaseParams)
    const local = (): Local => f.local(I32)
    const moves = (axis: number): boolean => axis === g.form.n || axis === g.plan.rows.blocked
    this.f = f
    this.context = context
    this.g = g
    this.index = g.form.extents.map(local)
    this.base = this.index.map((l, axis) => (moves(axis) ? local() : l))
    this.packedA = local()
    this.scratchA = scratchA
    this.pb = local()
    this.part = local()
    this.flags = local()
    this.blockCount = local()
    this.firstPanel = local()
    this.panelCount = local()
  }

  /** Axes of a load whose block begins elsewhere than at 0. */
  private movingAxes(load: Load): number[] {
    const { form, plan } = this.g
    const axes = [...form.batch, ...plan.rows.singles, ...plan.k.singles]
    for (const axis of [plan.rows.blocked, plan.k.blocked, form.n]) if (axis !== undefined) axes.push(axis)
    return axes.filter((axis) => uses(load, axis))
  }

  /** Pushes the address of the first element of the present block of a load. */
  pushAddress(load: Load): WasmFunction {
    address(this.f, load.buffer)
    return this.addAffine(load.map, load, 4)
  }

  /** Pushes the index of each guard at the first element of the present block. */
  pushGuards(operand: Operand): WasmFunction {
    const { coordinates } = operand
    for (const guard of operand.guards) {
      const along = (axis: number): number =>
        coordinates.reduce((s, c, q) => s + (guard.strides[q] as number) * (c.coefficients[axis] as number), 0)
      this.f.i32(0)
      this.addAffine({ offset: guard.offset, dynamic: guard.dynamic, strides: this.index.map((_, axis) => along(axis)) }, operand.load, 1)
    }
    return this.f
  }

  /** Adds an affine index to the number on the stack. */
  private addAffine(map: Affine, load: Load, unit: number): WasmFunction {
    const { f } = this
    if (map.offset !== 0) f.i32(unit * map.offset).add()
    for (const d of map.dynamic ?? [])
      address(f, d.buffer).i32Load().i32(unit * d.stride).mul().add()
    for (const axis of this.movingAxes(load)) {
      const s = strideAt(map, axis)
      if (s !== 0)
        f.get(this.base[axis] as Local).i32(unit * s).mul().add()
    }
    return f
  }

  /** `into = rest % count; rest /= count`: takes one digit of a mixed-radix number. */
  takeDigit(rest: Local, count: number, into: Local): void {
    const { f } = this
    if (count === 1) f.i32(0).set(into)
    else f.get(rest).i32(count).remU().set(into).get(rest).i32(count).divU().set(rest)
  }

  /** `into = min(size, total - from)`. */
  clampCount(size: number, total: number, from: Local, into: Local): void {
    const { f } = this
    const left = f.local(I32)
    f.i32(total).get(from).sub().set(left).i32(size).set(into).minS(into, left).set(into)
  }

  /** Runs `body` `count` times, at least once, with a pointer that moves by `step` bytes and an index by `by`. */
  walk(o: { from: Local; step: number; index: Local; by: number; count: () => void }, body: (at: Local) => void): void {
    const { f } = this
    const [at, left] = [f.local(I32), f.local(I32)]
    f.get(o.from).set(at)
    o.count()
    f.set(left)
    f.loop(() => {
      body(at)
      f.bump(at, o.step).bump(o.index, o.by)
      f.get(left).i32(1).sub().tee(left).brIf(0)
    })
  }
}
