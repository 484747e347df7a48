/**
 * Loads and stores of up to four elements at a distance of `stride` elements, touching exactly those elements. Dtypes here are those of memory: values
 * come, and are given, in the dtype that kernels compute with.
 */
import { bytesOf, type ComputeDType, computeDType, type DType, isStorage } from '@cotangent/core/kernel'
import type { Ops } from '../math/expression.ts'
import { type Local, V128, type WasmFunction } from '../wasm/assembler.ts'
import type { Cursor } from './address.ts'
import { leb } from '../wasm/bytes.ts'
import { memoryForm, registerForm } from '../math/stored.ts'
import { simd } from '../wasm/simd.ts'
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
  STORE_LANE = { 1: 0x58, 2: 0x59, 4: 0x5a, 8: 0x5b } as const,
  LOAD_ZERO = { 4: 0x5c, 8: 0x5d } as const
const REPLACE_LANE = 0x1c
type Width = keyof typeof LOAD_LANE
const bytes = (dtype: DType): Width => bytesOf(dtype) as Width
const access = (f: WasmFunction, opcode: number, dtype: DType, offset: number): WasmFunction =>
  f.op(0xfd, opcode, alignOf(dtype), ...leb(offset))

/** Elements of 1 or 2 bytes come as numbers of 32 bits: floats as their bits. */
const SCALAR_LOAD = { float16: 0x2e, bfloat16: 0x2e, int8: 0x2c, uint8: 0x2d } as const
const loadScalar = (o: Ops, dtype: keyof typeof SCALAR_LOAD, offset: number): WasmFunction =>
  o.f.op(SCALAR_LOAD[dtype], alignOf(dtype), ...leb(offset))

/** From memory to a register: bool becomes a mask, floats of 16 bits floats of 32. */
export function loaded(o: Ops, dtype: DType, value: Value): Value {
  const form = registerForm(o, dtype, expressions(o, value))
  if (form !== undefined) setValue(o, value, form)
  return value
}

/** One element in all lanes. */
export function loadSplat(o: Ops, dtype: DType, address: PushAddress): Value {
  const { f } = o
  const offset = address(0)
  if (isStorage(dtype)) loadScalar(o, dtype, offset).op(0xfd, 0x11)
  else if (dtype === 'float64') f.vLoad64Splat(offset)
  else f.vLoad32Splat(offset)
  const l = f.local(V128)
  f.set(l)
  return loaded(o, dtype, dtype === 'float64' ? [l, l] : [l])
}

/** Replaces one lane by an element of memory, as it is there. */
export function loadLane(o: Ops, dtype: DType, value: Value, lane: number, address: () => number): void {
  const at = placeOf(dtype, lane),
    l = value[at.half] as Local
  if (isStorage(dtype)) {
    o.f.get(l)
    loadScalar(o, dtype, address()).op(0xfd, REPLACE_LANE, lane).set(l)
    return
  }
  const offset = address()
  access(o.f.get(l), LOAD_LANE[bytes(dtype)], dtype, offset).op(at.lane).set(l)
}

/** Writes one lane; the value is in memory form already. */
function storeLane(o: Ops, dtype: DType, value: Value, lane: number, address: () => number): void {
  const at = placeOf(dtype, lane)
  const offset = address()
  // The lowest bytes of a lane.
  const perLane = isStorage(dtype) ? 4 / bytes(dtype) : 1
  access(o.f.get(value[at.half] as Local), STORE_LANE[bytes(dtype)], dtype, offset).op(at.lane * perLane)
}

/** Lanes 0 .. lanes - 1 from addresses `stride` elements apart; the other lanes are zero or anything. */
export function loadStrided(o: Ops, dtype: DType, stride: number, lanes: number, address: PushAddress): Value {
  if (lanes === 4 && stride === 1) return loaded(o, dtype, isStorage(dtype) ? loadSmall(o, dtype, address) : loadFull(o, dtype, address))
  if (lanes === 4 && bytes(dtype) === 4 && stride === -1) return loaded(o, dtype, loadReversed(o, dtype, address))
  if (lanes === 4 && bytes(dtype) === 4 && stride === 2) return loaded(o, dtype, loadEven(o, dtype, address))
  const value = newValue(o, computeDType(dtype))
  if (isStorage(dtype)) {
    o.f.vi32(0).set(value[0] as Local)
    for (let lane = 0; lane < lanes; lane++) loadLane(o, dtype, value, lane, () => address(lane * stride * bytes(dtype)))
    return loaded(o, dtype, value)
  }
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
  return loaded(o, dtype, value)
}

/** Four neighbours of 2 bytes, or of 1 byte, each widened to a lane. */
function loadSmall(o: Ops, dtype: DType, address: PushAddress): Value {
  const value = newValue(o, computeDType(dtype)),
    [l] = value as [Local]
  const offset = address(0)
  if (bytesOf(dtype) === 2) o.f.op(0xfd, LOAD_16X4_S, 3, ...leb(offset))
  else {
    const sign = dtype === 'int8' ? 's' : 'u'
    o.f.vLoad32Zero(offset).simd(simd[`i16x8.extend_low_i8x16_${sign}`]).simd(simd[`i32x4.extend_low_i16x8_${sign}`])
  }
  o.f.set(l)
  return value
}
const LOAD_16X4_S = 0x03

function loadFull(o: Ops, dtype: ComputeDType, address: PushAddress): Value {
  const value = newValue(o, dtype)
  value.forEach((l, half) => {
    const offset = address(16 * half)
    o.f.vLoad(offset).set(l)
  })
  return value
}

function loadReversed(o: Ops, dtype: DType, address: PushAddress): Value {
  const [l] = newValue(o, computeDType(dtype)) as [Local]
  const offset = address(-12)
  o.f.vLoad(offset).set(l)
  o.shuffle32(o.get(l), o.get(l), [3, 2, 1, 0])()
  o.f.set(l)
  return [l]
}

/** Elements 0, 2, 4, 6 from two overlapping loads that end with element 6. */
function loadEven(o: Ops, dtype: DType, address: PushAddress): Value {
  const value = newValue(o, computeDType(dtype))
  const load = (at: number) => (): void => {
    const offset = address(at)
    o.f.vLoad(offset)
  }
  o.shuffle32(load(0), load(12), [0, 2, 5, 7])()
  o.f.set(value[0] as Local)
  return value
}

/** Writes lanes 0 .. lanes - 1 at addresses `stride` elements apart. */
export function storeStrided(o: Ops, dtype: DType, stride: number, lanes: number, value: Value, address: PushAddress): void {
  const form = memoryForm(o, dtype, o.get(value[0] as Local)),
    stored = form === undefined ? value : [o.local(form)]
  if (isStorage(dtype) && lanes === 4 && stride === 1) return storeSmall(o, dtype, stored, address)
  const perHalf = isStorage(dtype) ? 4 : 16 / bytes(dtype)
  for (let half = 0; half < halvesOf(computeDType(dtype)); half++) {
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

/** Four lanes, packed: what is too large for the lower bits saturates, so `memoryForm` has cut them. */
function storeSmall(o: Ops, dtype: DType, value: Value, address: PushAddress): void {
  const size = bytesOf(dtype),
    halves = o.v('i16x8.narrow_i32x4_u', o.get(value[0] as Local), o.get(value[0] as Local))
  const offset = address(0)
  if (size === 2) halves()
  else o.v('i8x16.narrow_i16x8_u', halves, halves)()
  access(o.f, STORE_LANE[size === 1 ? 4 : 8], dtype, offset).op(0)
}
