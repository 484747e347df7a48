/** Loads of a body: whole vectors where the addresses allow it, lane by lane for gathers and at the edges of guards. */
import { bytesOf, type DType, type Load } from '@cotangent/core/kernel'
import type { Cursor } from './address.ts'
import { I32, type Local } from '../wasm/assembler.ts'
import { fromPointer, loadLane, loadSplat, loadStrided, loaded, type PushAddress } from './access.ts'
import { type BodyState, joinPlaces, type Place, type Step } from './body-state.ts'
import type { GuardPlan, Guards } from './body-guards.ts'
import { newValue, type Value } from '../math/value.ts'

/** A body with the guards of its nodes. */
interface GuardedBody extends BodyState {
  readonly guards: Guards
}

export interface LoadPlan {
  readonly before: readonly Step[]
  readonly emit: (lanes: number, copy: number) => Value
}

interface Indirect {
  readonly index: number
  readonly stride: number
}

/** Everything about one load that is known before code is written. */
interface Source {
  readonly load: Load
  /** What is in memory. */
  readonly dtype: DType
  readonly guards: GuardPlan | undefined
  /** Byte offset of the indirect terms that are the same for all lanes. */
  readonly shift: Local | undefined
  /** Indirect terms that differ by lane. */
  readonly byLane: readonly Indirect[]
  readonly cursor: Cursor
  /** Elements between neighbours along the vector axis, indirect terms apart. */
  readonly stride: number
}

/** `places` are those of the indirect index nodes. */
export function planLoad(body: GuardedBody, load: Load, place: Place, places: readonly Place[]): LoadPlan {
  const { o, spec, cursors } = body,
    dtype = body.storedAs(load.buffer)
  const outside = [load.guards, load.indirect].some(list => list !== undefined && list.length > 0)
  const cursor = cursors.of(load.map, bytesOf(dtype), load.buffer, outside)
  const guards = load.guards?.length ? body.guards.plan(load.guards) : undefined
  const terms = (load.indirect ?? []).map((t, i) => ({ ...t, place: places[i] as Place }))
  const same = terms.filter(t => !t.place.varying)
  const shift = same.length === 0 ? undefined : o.f.local(I32)
  const before: Step[] = [...(guards?.before ?? [])]
  if (shift !== undefined) {
    const emit = (): void => pushShift(body, dtype, same, 0, 0, shift)
    before.push({ level: joinPlaces(same.map(t => t.place)).level, varying: false, emit })
  }
  const stride = spec.vector < 0 ? 0 : (load.map.strides[spec.vector] as number)
  const source: Source = { load, dtype, guards, shift, byLane: terms.filter(t => t.place.varying), cursor, stride }
  return { before, emit: place.varying ? (lanes, copy) => varyingLoad(body, source, lanes, copy) : () => uniformLoad(body, source) }
}

/** `target = sum of index * stride` in bytes, for the indices in one lane. */
function pushShift(body: GuardedBody, dtype: DType, terms: readonly Indirect[], copy: number, lane: number, target?: Local): void {
  const { f } = body.o
  terms.forEach((t, i) => {
    f.get(body.value(t.index, copy)[0] as Local)
      .op(0xfd, 0x1b, lane)
      .i32(t.stride * bytesOf(dtype))
      .mul()
    if (i > 0) f.add()
  })
  if (target !== undefined) f.set(target)
}

/**
 * Addresses from the cursor plus `elements`. With guards or indirect terms the cursor alone may lie outside memory, so all is added
 * before the access, which then has no immediate.
 */
function addressFrom(body: GuardedBody, s: Source, elements: number): PushAddress {
  const { f } = body.o
  const base = elements * bytesOf(s.dtype)
  if (s.guards === undefined && s.shift === undefined && s.byLane.length === 0) return fromPointer(f, s.cursor, base)
  return offset => {
    s.cursor.push(f, base + offset)
    if (s.shift !== undefined) f.get(s.shift).add()
    return 0
  }
}

function zero(body: GuardedBody, load: Load): Value {
  const v = newValue(body.o, load.dtype)
  for (const l of v) body.o.f.vi32(0).set(l)
  return v
}

/** Moves a value into locals that are common to several branches. */
const assign = (body: GuardedBody, target: Value, v: Value): void =>
  v.forEach((l, i) => {
    body.o.f.get(l).set(target[i] as Local)
  })

function uniformLoad(body: GuardedBody, s: Source): Value {
  const { o } = body
  const address = addressFrom(body, s, 0)
  if (s.guards === undefined) return loadSplat(o, s.dtype, address)
  const out = zero(body, s.load)
  body.guards.pushAll(s.guards, 0, 0)
  o.f.if(() => assign(body, out, loadSplat(o, s.dtype, address)))
  return out
}

function varyingLoad(body: GuardedBody, s: Source, lanes: number, copy: number): Value {
  const { o } = body,
    { dtype, guards } = s
  const first = 4 * copy
  if (s.byLane.length > 0) return laneByLane(body, s, lanes, copy)
  const fast = (): Value =>
    s.stride === 0
      ? loadSplat(o, dtype, addressFrom(body, s, 0))
      : loadStrided(o, dtype, s.stride, lanes, addressFrom(body, s, first * s.stride))
  if (guards === undefined) return fast()
  const out = newValue(o, s.load.dtype)
  body.guards.pushAll(guards, first, first + lanes - 1)
  o.f.if(
    () => assign(body, out, fast()),
    () => assign(body, out, laneByLane(body, s, lanes, copy)),
  )
  return out
}

/** Each lane on its own: nothing is read where a guard fails. */
function laneByLane(body: GuardedBody, s: Source, lanes: number, copy: number): Value {
  const { o } = body,
    { load, guards } = s
  const out = zero(body, load)
  for (let lane = 0; lane < lanes; lane++) {
    const address = addressFrom(body, s, (4 * copy + lane) * s.stride)
    const read = (): void =>
      loadLane(o, s.dtype, out, lane, () => {
        if (s.byLane.length === 0) return address(0)
        const immediate = address(0)
        pushShift(body, s.dtype, s.byLane, copy, lane)
        o.f.add()
        return immediate
      })
    if (guards === undefined) read()
    else {
      body.guards.pushAll(guards, 4 * copy + lane, 4 * copy + lane)
      o.f.if(read)
    }
  }
  return loaded(o, s.dtype, out)
}
