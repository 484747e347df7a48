/**
 * Addresses in a loop nest. A Cursor is one affine map (a byte address in a buffer, or a plain integer such as a guard's index): an i32
 * local plus a constant. The axes of the iteration space are spread over the levels of the nest: axes of level 0 are set by `start` from index locals;
 * each deeper level is a loop over one axis, in which the cursors that depend on it get a local of their own, bumped by its step.
 */
import { type Affine, type BufferId, invariant } from '@cotangent/core/kernel'
import { I32, type Local, type WasmFunction } from '../wasm/assembler.ts'
import { address } from './kernel.ts'

/** Affine maps that differ in their constant terms alone share one local, which holds the value of the least. */
interface Family {
  readonly map: Affine
  readonly buffer: BufferId | undefined
  /** What one step of the map adds: bytes of an element for addresses, 1 for integers. */
  readonly unit: number
  least: number
  /** Holds the least value at the present point of the nest. */
  current: Local
}

export class Cursor {
  private readonly family: Family
  private readonly offset: number

  constructor(family: Family, offset: number) {
    this.family = family
    this.offset = offset
  }

  get current(): Local {
    return this.family.current
  }
  /** What is to be added to `current`: known from `prologue` on. */
  get shift(): number {
    return (this.offset - this.family.least) * this.family.unit
  }
  /** Pushes the value, `more` added. */
  push(f: WasmFunction, more = 0): WasmFunction {
    const sum = this.shift + more
    f.get(this.current)
    return sum === 0 ? f : f.i32(sum).add()
  }
}

/** The index of an axis: a local, or a constant 0. */
export type Index = Local | undefined

/** Where a loop begins or ends: a local or a constant. */
export type Bound = { readonly local: Local } | number

export const pushBound = (f: WasmFunction, b: Bound): WasmFunction => (typeof b === 'number' ? f.i32(b) : f.get(b.local))

/** All cursors of one list of nodes. */
export class Cursors {
  private readonly f: WasmFunction
  /** The level of each axis. */
  private readonly levels: readonly number[]
  private readonly families = new Map<string, Family>()
  /** Value at index 0 of all axes. */
  private readonly bases = new Map<Family, Local>()

  constructor(f: WasmFunction, levels: readonly number[]) {
    this.f = f
    this.levels = levels
  }

  /**
   * The cursor of a map. Ask before `prologue`. `outside`: the address may lie outside memory, as that of a guarded load; those that do not
   * are bases of accesses by themselves.
   */
  of(map: Affine, unit: number, buffer?: BufferId, outside = false): Cursor {
    const key = JSON.stringify([buffer ?? -1, unit, map.strides, map.dynamic ?? [], outside])
    const family = this.families.get(key) ?? { map, buffer, unit, least: map.offset, current: -1 }
    this.families.set(key, family)
    family.least = Math.min(family.least, map.offset)
    return new Cursor(family, map.offset)
  }

  /** At the function's entry: what does not depend on any index. */
  prologue(): void {
    const { f } = this
    for (const c of this.families.values()) {
      if (c.buffer === undefined) f.i32(c.least * c.unit)
      else {
        address(f, c.buffer)
        if (c.least !== 0) f.i32(c.least * c.unit).add()
      }
      for (const d of c.map.dynamic ?? [])
        address(f, d.buffer)
          .i32Load()
          .i32(d.stride * c.unit)
          .mul()
          .add()
      const base = f.local(I32)
      f.set(base)
      this.bases.set(c, base)
      c.current = base
    }
  }

  /** Sets the axes of level 0 to the given indices, all deeper ones to 0. */
  start(indices: readonly Index[]): void {
    const { f } = this
    for (const c of this.families.values()) {
      const base = this.bases.get(c)
      invariant(base !== undefined, 'cursors: start before prologue')
      const moving = c.map.strides.flatMap((s, axis) => {
        const index = indices[axis]
        return s !== 0 && this.levels[axis] === 0 && index !== undefined ? [{ index, step: s * c.unit }] : []
      })
      if (moving.length === 0) {
        c.current = base
        continue
      }
      f.get(base)
      for (const m of moving) f.get(m.index).i32(m.step).mul().add()
      if (c.current === base) c.current = f.local(I32)
      f.set(c.current)
    }
  }

  /**
   * Code for a loop over `axis` whose index begins at `from`: `body` gets a function that moves the cursors `step` indices on. After it the
   * cursors are back at index 0.
   */
  descend(axis: number, from: Bound, body: (advance: (step: number) => void) => void): void {
    const { f } = this
    const moving = [...this.families.values()].filter(c => c.map.strides[axis] !== 0 && c.map.strides[axis] !== undefined)
    const outer = moving.map(c => c.current)
    const step = (c: Family): number => (c.map.strides[axis] as number) * c.unit
    for (const c of moving) {
      f.get(c.current)
      if (typeof from !== 'number') f.get(from.local).i32(step(c)).mul().add()
      else if (from !== 0) f.i32(from * step(c)).add()
      c.current = f.local(I32)
      f.set(c.current)
    }
    body(n => {
      for (const c of moving) f.bump(c.current, n * step(c))
    })
    moving.forEach((c, i) => {
      c.current = outer[i] as Local
    })
  }
}

export interface LoopOptions {
  readonly f: WasmFunction
  /** Every set of cursors that is used inside. */
  readonly cursors: readonly Cursors[]
  readonly axis: number
  readonly from: Bound
  readonly to: Bound
}

/** Runs `body` inside the cursors of several lists at once. */
export function descendAll(o: Omit<LoopOptions, 'to'>, body: (advance: (step: number) => void) => void): void {
  const nest = (k: number, advances: readonly ((step: number) => void)[]): void => {
    const c = o.cursors[k]
    if (c === undefined) body(n => advances.forEach(a => a(n)))
    else c.descend(o.axis, o.from, advance => nest(k + 1, [...advances, advance]))
  }
  nest(0, [])
}

/** A break after every `every` steps of a loop: the place to fold a block of a sum. */
export interface Blocks {
  readonly every: number
  readonly after: () => void
}

/** `while (counter + step <= to) { body; counter += step }`; counter and cursors keep their place afterwards. */
export function steps(
  f: WasmFunction,
  counter: Local,
  to: Bound,
  step: number,
  advance: (step: number) => void,
  body: () => void,
  blocks?: Blocks,
): void {
  const past = (): WasmFunction => {
    f.get(counter).i32(step).add()
    return pushBound(f, to).op(0x4a) // i32.gt_s
  }
  const one = (): void => {
    body()
    f.bump(counter, step)
    advance(step)
  }
  f.block(() => {
    f.loop(() => {
      past().brIf(1)
      if (blocks === undefined) one()
      else {
        const left = f.local(I32)
        f.i32(blocks.every).set(left)
        f.block(() => {
          f.loop(() => {
            past().brIf(1)
            one()
            f.get(left).i32(1).sub().tee(left).brIf(0)
          })
        })
        blocks.after()
      }
      f.br(0)
    })
  })
}

/** Plain loop over `axis`, one index at a time. */
export function scalarLoop(o: LoopOptions, body: () => void, blocks?: Blocks): void {
  descendAll(o, advance => {
    const counter = o.f.local(I32)
    pushBound(o.f, o.from).set(counter)
    steps(o.f, counter, o.to, 1, advance, body, blocks)
  })
}

export interface VectorLoopOptions extends LoopOptions {
  /** Vectors a step. */
  readonly unroll: number
  /** The whole extent of the axis: its remainder modulo 4 is known now. */
  readonly extent: number
  /** The last vector may be whole although it is not full. */
  readonly whole: boolean
  readonly blocks?: Blocks
}

/**
 * Loop over `axis` in vectors of 4. `body` gets the lanes of each copy: `[4, 4]` for a step of two vectors, `[3]` for a tail.
 * `from` is a multiple of 4, and so is `to` unless it is the extent.
 */
export function vectorLoop(o: VectorLoopOptions, body: (lanes: readonly number[]) => void): void {
  const { f, unroll } = o
  const extent = o.whole ? Math.ceil(o.extent / 4) * 4 : o.extent
  const known = typeof o.from === 'number' && typeof o.to === 'number'
  const to = known ? extent : o.to
  const vectors = Math.floor(extent / 4)
  const tail = extent % 4
  descendAll(o, advance => {
    const counter = f.local(I32)
    pushBound(f, o.from).set(counter)
    const run = (copies: number): void => {
      steps(f, counter, to, 4 * copies, advance, () => body(new Array<number>(copies).fill(4)), copies === unroll ? o.blocks : undefined)
    }
    if (vectors >= unroll) run(unroll)
    if (vectors % unroll !== 0) run(1)
    if (tail === 0) return
    if (known) return body([tail])
    f.get(counter)
    pushBound(f, to)
      .op(0x48)
      .if(() => body([tail])) // i32.lt_s
  })
}
