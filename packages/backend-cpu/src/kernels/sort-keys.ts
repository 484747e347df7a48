/** Integers whose unsigned order is the order of a dtype's values: -0 equals +0, every NaN comes last. */
import type { DType } from '@cotangent/core/kernel'
import { I32, I64, type Local, type WasmFunction } from '../wasm/assembler.ts'

/** What differs between 32- and 64-bit keys. A record is the key followed by an int32 index; 16 bytes for 64-bit keys. */
export interface KeyType {
  readonly type: typeof I32 | typeof I64
  readonly recordShift: 3 | 4
  readonly digits: number
  /** Byte offset of the index in a record. */
  readonly index: number
  load(f: WasmFunction, offset: number): void
  store(f: WasmFunction, offset: number): void
  greater(f: WasmFunction): void
  /** Pushes byte `digit` of the key in a local. */
  digit(f: WasmFunction, key: Local, digit: number): void
}

const keys32: KeyType = {
  type: I32,
  recordShift: 3,
  digits: 4,
  index: 4,
  load: (f, offset) => {
    f.i32Load(offset)
  },
  store: (f, offset) => {
    f.i32Store(offset)
  },
  greater: f => {
    f.op(0x4b)
  }, // i32.gt_u
  digit(f, key, digit) {
    f.get(key)
    if (digit > 0) f.i32(8 * digit).op(0x76) // i32.shr_u
    if (digit < 3) f.i32(255).op(0x71) // i32.and
  },
}

const keys64: KeyType = {
  type: I64,
  recordShift: 4,
  digits: 8,
  index: 8,
  load: (f, offset) => {
    f.load(0x29, offset, 3)
  },
  store: (f, offset) => {
    f.load(0x37, offset, 3)
  },
  greater: f => {
    f.op(0x56)
  }, // i64.gt_u
  digit(f, key, digit) {
    f.get(key)
    if (digit > 0) f.op(0x42, 8 * digit).op(0x88) // i64.const, i64.shr_u
    f.op(0xa7) // i32.wrap_i64
    if (digit < 7) f.i32(255).op(0x71)
  },
}

export const keyTypeOf = (dtype: DType): KeyType => (dtype === 'float64' ? keys64 : keys32)

/** Pushes the key of the element whose address is on the stack. */
export function pushKey(f: WasmFunction, dtype: DType, bits: Local, number: Local): void {
  switch (dtype) {
    case 'uint32':
    case 'bool':
      f.i32Load()
      return
    case 'int32':
      f.i32Load().i32(-0x80000000).op(0x73)
      return // i32.xor
    case 'float32':
      float32Key(f, bits)
      return
    case 'float64':
      float64Key(f, bits, number)
  }
}

/** Positive numbers: set the sign bit; negative ones: flip all bits. */
function float32Key(f: WasmFunction, bits: Local): void {
  f.i32Load().set(bits)
  f.get(bits).get(bits).i32(31).op(0x75).i32(-0x80000000).op(0x72, 0x73) // i32.shr_s, or, xor
  f.i32(-0x80000000).get(bits).i32(1).op(0x74).op(0x1b) // i32.shl, select: zero of either sign
  f.i32(-1).get(bits).i32(0x7fffffff).op(0x71).i32(0x7f800000).op(0x4d, 0x1b) // i32.and, i32.le_u, select: NaN
}

function float64Key(f: WasmFunction, bits: Local, number: Local): void {
  const MIN = [0x42, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7f] // i64.const -2^63
  f.f64Load().tee(number).op(0xbd).set(bits) // i64.reinterpret_f64
  f.get(bits)
    .get(bits)
    .op(0x42, 63, 0x87)
    .op(...MIN)
    .op(0x84, 0x85) // i64.const 63, shr_s, or, xor
  f.op(...MIN)
    .get(number)
    .f64(0)
    .op(0x62, 0x1b) // f64.ne, select
  f.op(0x42, 0x7f).get(number).get(number).op(0x61, 0x1b) // i64.const -1, f64.eq, select
}
