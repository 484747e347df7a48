/** Conditions `0 <= index < extent` on affine indices: scalar where they do not change along the vector axis, else by lane. */
import type { Guard } from '@cotangent/core/kernel'
import type { Expression } from '../math/expression.ts'
import { I32, type Local } from '../wasm/assembler.ts'
import type { Cursor } from './address.ts'
import { type BodyState, joinPlaces, placeOfMap, type Step } from './body-state.ts'

/** A guard whose index changes along the vector axis. */
interface VaryingGuard {
  readonly cursor: Cursor
  readonly stride: number
  readonly extent: number
}

export interface GuardPlan {
  /** Computes `uniform`. */
  readonly before: readonly Step[]
  /** 1 where the guards hold that are the same for all lanes; absent when there are none. */
  readonly uniform: Local | undefined
  readonly varying: readonly VaryingGuard[]
}

export class Guards {
  private readonly body: BodyState
  private readonly plans = new Map<string, GuardPlan>()
  constructor(body: BodyState) {
    this.body = body
  }

  /** Guards that stand at several nodes are evaluated once, before the first. */
  plan(guards: readonly Guard[]): GuardPlan {
    const key = JSON.stringify(guards)
    const known = this.plans.get(key)
    if (known !== undefined) return { ...known, before: [] }
    const made = this.make(guards)
    this.plans.set(key, made)
    return made
  }

  private make(guards: readonly Guard[]): GuardPlan {
    const { o, spec, cursors } = this.body
    const tracked = guards.map(g => ({
      cursor: cursors.of(g.index, 1),
      stride: spec.vector < 0 ? 0 : (g.index.strides[spec.vector] as number),
      extent: g.extent,
      index: g.index,
    }))
    const same = tracked.filter(g => g.stride === 0)
    if (same.length === 0) return { before: [], uniform: undefined, varying: tracked }
    const uniform = o.f.local(I32)
    const emit = (): void => {
      same.forEach((g, i) => {
        this.inside(g, 0)
        if (i > 0) o.f.op(0x71) // i32.and
      })
      o.f.set(uniform)
    }
    const { level } = joinPlaces(same.map(g => placeOfMap(spec, g.index)))
    return { before: [{ level, varying: false, emit }], uniform, varying: tracked.filter(g => g.stride !== 0) }
  }

  /** Pushes 1 if the element at distance `step` along the vector axis passes. An unsigned comparison does both bounds. */
  private inside(g: VaryingGuard, step: number): void {
    const { f } = this.body.o
    g.cursor.push(f, step * g.stride)
    f.i32(g.extent).op(0x49) // i32.lt_u
  }

  /** Pushes 1 if all guards hold at every one of the elements `first` .. `last`: an affine index is monotone, so its ends decide. */
  pushAll(plan: GuardPlan, first: number, last: number): void {
    const { f } = this.body.o
    let terms = 0
    const and = (): void => {
      if (terms++ > 0) f.op(0x71)
    }
    if (plan.uniform !== undefined) {
      f.get(plan.uniform)
      and()
    }
    for (const g of plan.varying) {
      this.inside(g, first)
      and()
      if (last === first) continue
      this.inside(g, last)
      and()
    }
    if (terms === 0) f.i32(1)
  }

  /** The mask of the four elements of a copy. */
  mask(plan: GuardPlan, copy: number): Expression {
    const { o } = this.body
    const terms: Expression[] = plan.varying.map(g => {
      const first = 4 * copy * g.stride
      const index = o.v(
        'i32x4.add',
        () => {
          g.cursor.push(o.f).simd(0x11)
        },
        o.lanes32([0, 1, 2, 3].map(l => first + l * g.stride)),
      )
      return o.v('i32x4.lt_u', index, o.i32(g.extent))
    })
    const { uniform } = plan
    if (uniform !== undefined)
      terms.push(
        o.v('i32x4.neg', () => {
          o.f.get(uniform).simd(0x11)
        }),
      )
    return terms.length === 0 ? o.i32(-1) : terms.reduce((a, b) => o.v('v128.and', a, b))
  }
}
