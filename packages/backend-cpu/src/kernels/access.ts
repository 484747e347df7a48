/** Loads and stores of up to four elements at a distance of `stride` elements, touching exactly those elements. */
import { bytesOf, type ComputeDType } from '@cotangent/core/kernel'
import type { Ops } from '../math/expression.ts'
import { type Local, V128, type WasmFunction } from '../wasm/assembler.ts'
import type { Cursor } from './address.ts'
import { leb } from '../wasm/bytes.ts'
import { alignOf, expressions, halvesOf, newValue, placeOf, setValue, type Value } from '../math/value.ts'

/** Pushes the byte address of lane 0 plus `offset` and says which part of the offset the instruction must still add. */
export type PushAddress = (offset: number) => number

/** The usual address: a cursor and a constant. Negative constants are added, others become the instruction's immediate. */
export const fromPointer =
  (f: WasmFunction, cursor: Cursor, base: number): PushAddress =>
  offset => {
    const total = cursor.shift + base + offset
    f.get(cursor.current)
    if (total >= 0) return total
    f.i32(total).add()
    return 0
  }

const LOAD_LANE = { 4: 0x56, 8: 0x57 } as const,
  STORE_LANE = { 4: 0x5a, 8: 0x5b } as const,
  LOAD_ZERO = { 4: 0x5c, 8: 0x5d } as const
type Width = keyof typeof LOAD_LANE
const bytes = (dtype: ComputeDType): Width => bytesOf(dtype) as Width
const access = (f: WasmFunction, opcode: number, dtype: ComputeDType, offset: number): WasmFunction =>
  f.op(0xfd, opcode, alignOf(dtype), ...leb(offset))

/** bool in memory is 0 or 1, in registers a mask. */
export function maskLoaded(o: Ops, dtype: ComputeDType, value: Value): Value {
  if (dtype === 'bool')
    setValue(
      o,
      value,
      expressions(o, value).map(e => o.v('i32x4.neg', e)),
    )
  return value
}

/** One element in all lanes. */
export function loadSplat(o: Ops, dtype: ComputeDType, address: PushAddress): Value {
  const { f } = o
  const offset = address(0)
  if (dtype === 'float64') f.vLoad64Splat(offset)
  else f.vLoad32Splat(offset)
  const l = f.local(V128)
  f.set(l)
  return maskLoaded(o, dtype, dtype === 'float64' ? [l, l] : [l])
}

/** Replaces one lane by an element of memory. */
export function loadLane(o: Ops, dtype: ComputeDType, value: Value, lane: number, address: () => number): void {
  const at = placeOf(dtype, lane),
    l = value[at.half] as Local
  const offset = address()
  access(o.f.get(l), LOAD_LANE[bytes(dtype)], dtype, offset).op(at.lane).set(l)
}

/** Writes one lane; the value is in memory form already. */
function storeLane(o: Ops, dtype: ComputeDType, value: Value, lane: number, address: () => number): void {
  const at = placeOf(dtype, lane)
  const offset = address()
  access(o.f.get(value[at.half] as Local), STORE_LANE[bytes(dtype)], dtype, offset).op(at.lane)
}

/** Lanes 0 .. lanes - 1 from addresses `stride` elements apart; the other lanes are zero or anything. */
export function loadStrided(o: Ops, dtype: ComputeDType, stride: number, lanes: number, address: PushAddress): Value {
  if (lanes === 4 && stride === 1) return maskLoaded(o, dtype, loadFull(o, dtype, address))
  if (lanes === 4 && bytes(dtype) === 4 && stride === -1) return maskLoaded(o, dtype, loadReversed(o, dtype, address))
  if (lanes === 4 && bytes(dtype) === 4 && stride === 2) return maskLoaded(o, dtype, loadEven(o, dtype, address))
  const value = newValue(o, dtype)
  const perHalf = 16 / bytes(dtype)
  value.forEach((l, half) => {
    if (half * perHalf >= lanes) {
      o.f.vi32(0).set(l)
      return
    }
    const offset = address(half * perHalf * stride * bytes(dtype))
    access(o.f, LOAD_ZERO[bytes(dtype)], dtype, offset).set(l)
  })
  for (let lane = 1; lane < lanes; lane++) {
    if (lane % perHalf !== 0) loadLane(o, dtype, value, lane, () => address(lane * stride * bytes(dtype)))
  }
  return maskLoaded(o, dtype, value)
}

function loadFull(o: Ops, dtype: ComputeDType, address: PushAddress): Value {
  const value = newValue(o, dtype)
  value.forEach((l, half) => {
    const offset = address(16 * half)
    o.f.vLoad(offset).set(l)
  })
  return value
}

function loadReversed(o: Ops, dtype: ComputeDType, address: PushAddress): Value {
  const [l] = newValue(o, dtype) as [Local]
  const offset = address(-12)
  o.f.vLoad(offset).set(l)
  o.shuffle32(o.get(l), o.get(l), [3, 2, 1, 0])()
  o.f.set(l)
  return [l]
}

/** Elements 0, 2, 4, 6 from two overlapping loads that end with element 6. */
function loadEven(o: Ops, dtype: ComputeDType, address: PushAddress): Value {
  const value = newValue(o, dtype)
  const load = (at: number) => (): void => {
    const offset = address(at)
    o.f.vLoad(offset)
  }
  o.shuffle32(load(0), load(12), [0, 2, 5, 7])()
  o.f.set(value[0] as Local)
  return value
}

/** Writes lanes 0 .. lanes - 1 at addresses `stride` elements apart. */
export function storeStrided(o: Ops, dtype: ComputeDType, stride: number, lanes: number, value: Value, address: PushAddress): void {
  const stored = dtype === 'bool' ? [o.local(o.v('v128.and', o.get(value[0] as Local), o.i32(1)))] : value
  const perHalf = 16 / bytes(dtype)
  for (let half = 0; half < halvesOf(dtype); half++) {
    const n = Math.min(perHalf, lanes - half * perHalf)
    if (n === perHalf && stride === 1) {
      const offset = address(16 * half)
      o.f.get(stored[half] as Local).vStore(offset)
    } else {
      for (let lane = half * perHalf; lane < half * perHalf + n; lane++) {
        storeLane(o, dtype, stored, lane, () => address(lane * stride * bytes(dtype)))
      }
    }
  }
}
