/**
 * A small WebAssembly assembler: functions are written instruction by instruction onto a stack machine, a module collects them.
 * Binary format: https://webassembly.github.io/spec/core/binary/ ; SIMD opcodes as in the SIMD and relaxed-SIMD proposals (both merged).
 */

import { Bytes, leb } from './bytes.ts'

export const I32 = 0x7f
export const I64 = 0x7e
export const F32 = 0x7d
export const F64 = 0x7c
export const V128 = 0x7b
export type ValueType = typeof I32 | typeof I64 | typeof F32 | typeof F64 | typeof V128

const f32Bytes = (x: number): number[] => [...new Uint8Array(new Float32Array([x]).buffer)]
const f64Bytes = (x: number): number[] => [...new Uint8Array(new Float64Array([x]).buffer)]
const i32Bytes = (x: number): number[] => [...new Uint8Array(new Int32Array([x]).buffer)]

/** The index of a local variable or parameter. */
export type Local = number

/** Anything that can be called: its index is final once the module is built. */
export interface Callable {
  readonly params: readonly ValueType[]
  readonly results: readonly ValueType[]
}

/** Instructions, and where in them the index of a called function goes. */
class Code extends Bytes {
  readonly calls: { readonly at: number; readonly callee: Callable }[] = []

  /** What lies between two places of another code. */
  appendCode(other: Code, from = 0, to: number = other.length): void {
    for (const { at, callee } of other.calls) if (at > from && at <= to) this.calls.push({ at: this.length + at - from, callee })
    this.append(other, from, to)
  }
}

/**
 * One function under construction. Methods append instructions and return `this`.
 * Constants asked for with `vf32`/`vi32`/... live in locals that are set once at entry: V8 does not hoist `v128.const` out of loops,
 * and hoisting was measured to halve the time of elementwise kernels.
 */
export class WasmFunction implements Callable {
  readonly params: readonly ValueType[]
  readonly results: readonly ValueType[]
  readonly name: string
  private readonly locals: ValueType[] = []
  private readonly constants = new Map<string, { readonly local: Local; readonly bytes: readonly number[] }>()
  private code = new Code()
  /** While `interleave` runs: the starts of the pieces of the stream being written, and how many blocks are open in it. */
  private cuts: number[] | undefined
  private depth = 0

  constructor(name: string, params: readonly ValueType[], results: readonly ValueType[] = []) {
    this.name = name
    this.params = params
    this.results = results
  }

  // ---- locals
  local(type: ValueType): Local {
    this.locals.push(type)
    return this.params.length + this.locals.length - 1
  }
  get(l: Local): this { return this.with(0x20, l) }
  set(l: Local): this { return this.with(0x21, l) }
  tee(l: Local): this { return this.with(0x22, l) }

  // ---- raw
  /** Appends opcode bytes. */
  op(...bytes: readonly number[]): this {
    for (const b of bytes) this.code.push(b)
    return this
  }
  /** Appends an instruction of one byte. */
  private one(opcode: number): this {
    this.code.push(opcode)
    return this
  }
  /** Appends an instruction of one byte with a number. */
  private with(opcode: number, n: number): this {
    this.code.push(opcode)
    this.code.leb(n)
    return this
  }
  /** Appends an access of SIMD: its alignment (log 2) and offset, a lane. */
  private access(opcode: number, align: number, offset: number, lane?: number): this {
    this.one(0xfd).one(opcode).with(align, offset)
    return lane === undefined ? this : this.one(lane)
  }
  /** Appends a SIMD instruction without immediates. */
  simd(opcode: number): this { return this.with(0xfd, opcode) }
  call(f: Callable): this {
    this.code.push(0x10)
    this.code.calls.push({ at: this.code.length, callee: f })
    return this
  }

  // ---- constants
  i32(n: number): this {
    this.code.push(0x41)
    this.code.sleb(n)
    return this
  }
  f32(x: number): this { return this.op(0x43, ...f32Bytes(x)) }
  f64(x: number): this { return this.op(0x44, ...f64Bytes(x)) }
  /** A hoisted v128 constant. */
  v128(bytes: readonly number[]): this {
    const key = bytes.join()
    let c = this.constants.get(key)
    if (c === undefined) {
      c = { local: this.local(V128), bytes }
      this.constants.set(key, c)
    }
    return this.get(c.local)
  }
  /** Four float32 lanes of one value (hoisted). */
  vf32(x: number): this { const b = f32Bytes(x); return this.v128([...b, ...b, ...b, ...b]) }
  /** Four int32 lanes of one value (hoisted). */
  vi32(x: number): this { const b = i32Bytes(x); return this.v128([...b, ...b, ...b, ...b]) }
  /** Two float64 lanes of one value (hoisted). */
  vf64(x: number): this { const b = f64Bytes(x); return this.v128([...b, ...b]) }

  // ---- memory; offsets are byte immediates
  load(op: number, offset = 0, align = 2): this { return this.one(op).with(align, offset) }
  i32Load(offset = 0): this { return this.load(0x28, offset) }
  f32Load(offset = 0): this { return this.load(0x2a, offset) }
  f64Load(offset = 0): this { return this.load(0x2b, offset, 3) }
  i32Store(offset = 0): this { return this.load(0x36, offset) }
  f32Store(offset = 0): this { return this.load(0x38, offset) }
  f64Store(offset = 0): this { return this.load(0x39, offset, 3) }
  vLoad(offset = 0): this { return this.access(0, 4, offset) }
  vStore(offset = 0): this { return this.access(0x0b, 4, offset) }
  vLoad32Splat(offset = 0): this { return this.access(9, 2, offset) }
  vLoad64Splat(offset = 0): this { return this.access(10, 3, offset) }
  /** One element into lane 0, zeros in the others. */
  vLoad32Zero(offset = 0): this { return this.access(0x5c, 2, offset) }
  /** Two elements into lanes 0 and 1, zeros in the others. */
  vLoad64Zero(offset = 0): this { return this.access(0x5d, 3, offset) }
  /** (address, vector) -> the vector with one 32-bit lane replaced. */
  vLoad32Lane(lane: number, offset = 0): this { return this.access(0x56, 2, offset, lane) }
  /** (address, vector) -> () */
  vStore32Lane(lane: number, offset = 0): this { return this.access(0x5a, 2, offset, lane) }
  /** (address, vector) -> (): lanes 0 and 1 for lane = 0, 2 and 3 for lane = 1. */
  vStore64Lane(lane: number, offset = 0): this { return this.access(0x5b, 3, offset, lane) }
  /** Four 32-bit lanes of two vectors: 0-3 of the first, 4-7 of the second. */
  vShuffle32(lanes: readonly number[]): this { return this.op(0xfd, 0x0d, ...lanes.flatMap(l => [4 * l, 4 * l + 1, 4 * l + 2, 4 * l + 3])) }

  // ---- i32 arithmetic
  add(): this { return this.one(0x6a) }
  sub(): this { return this.one(0x6b) }
  mul(): this { return this.one(0x6c) }
  divU(): this { return this.one(0x6e) }
  remU(): this { return this.one(0x70) }
  and(): this { return this.one(0x71) }
  eqz(): this { return this.one(0x45) }
  eq(): this { return this.one(0x46) }
  ne(): this { return this.one(0x47) }
  ltS(): this { return this.one(0x48) }
  ltU(): this { return this.one(0x49) }
  gtS(): this { return this.one(0x4a) }
  /** (a, b) -> the lesser, signed; both are locals or come from them. */
  minS(a: Local, b: Local): this { return this.get(a).get(b).get(a).get(b).ltS().select() }
  maxS(a: Local, b: Local): this { return this.get(a).get(b).get(a).get(b).gtS().select() }
  /** (x, y, condition) -> condition ? x : y. */
  select(): this { return this.one(0x1b) }
  /** Adds a constant to a local. */
  bump(l: Local, n: number): this { return n === 0 ? this : this.get(l).i32(n).add().set(l) }

  // ---- f32x4
  vfadd(): this { return this.simd(0xe4) }
  vfsub(): this { return this.simd(0xe5) }
  vfmul(): this { return this.simd(0xe6) }
  vfdiv(): this { return this.simd(0xe7) }
  /** a * b + c in one rounding where the engine fuses; only when relaxed SIMD is present. */
  relaxedMadd(): this { return this.simd(0x105) }
  /** -(a * b) + c. */
  relaxedNmadd(): this { return this.simd(0x106) }

  // ---- control
  block(body: () => void): this { return this.nested(0x02, body) }
  loop(body: () => void): this { return this.nested(0x03, body) }
  /** Consumes an i32 condition. */
  if(then: () => void, otherwise?: () => void): this {
    return this.nested(0x04, () => {
      then()
      if (otherwise) { this.op(0x05); otherwise() }
    })
  }
  private nested(opcode: number, body: () => void): this {
    this.op(opcode, 0x40)
    this.depth++
    body()
    this.depth--
    return this.one(0x0b)
  }
  br(depth: number): this { return this.with(0x0c, depth) }
  brIf(depth: number): this { return this.with(0x0d, depth) }
  return(): this { return this.one(0x0f) }

  /** A place where `interleave` may change to the next stream: nothing is on the stack. */
  cut(): void {
    if (this.cuts !== undefined && this.depth === 0) this.cuts.push(this.code.length)
  }
  /**
   * Streams of independent instructions of the same shape, piece by piece in turn: the engine keeps this order, and a processor finds more
   * work to do at a time than its schedulers hold of one long chain.
   */
  interleave(streams: readonly (() => void)[]): void {
    const { code: before, depth } = this
    const written = streams.map(stream => {
      this.code = new Code()
      this.cuts = [0]
      this.depth = 0
      stream()
      return { code: this.code, cuts: this.cuts }
    })
    this.code = before
    this.cuts = undefined
    this.depth = depth
    const most = Math.max(...written.map(w => w.cuts.length))
    for (let i = 0; i < most; i++) for (const { code, cuts } of written) if (i < cuts.length) before.appendCode(code, cuts[i], cuts[i + 1])
  }

  /** Runs `body` `count` times (a compile-time constant); nothing when it is 0, straight-line code when it is 1. */
  repeat(count: number, body: () => void): this {
    if (count <= 0) return this
    if (count === 1) { body(); return this }
    const left = this.local(I32)
    this.i32(count).set(left)
    return this.loop(() => {
      body()
      this.get(left).i32(1).sub().tee(left).brIf(0)
    })
  }

  /** Runs `body` with `counter` = from, ..., to - 1 (locals); `step` may be larger than 1 when it divides the range. */
  forRange(counter: Local, from: Local, to: Local, body: () => void, step = 1): this {
    this.get(from).set(counter)
    return this.block(() => {
      this.loop(() => {
        this.get(counter).get(to).op(0x4e).brIf(1) // i32.ge_s
        body()
        this.bump(counter, step).br(0)
      })
    })
  }

  /** About the bytes of its body. */
  get size(): number { return this.code.length + 20 * this.constants.size + 64 }

  /** The function's body for the code section. */
  encode(indexOf: (f: Callable) => number): Bytes {
    const groups: [number, ValueType][] = []
    for (const t of this.locals) {
      const last = groups[groups.length - 1]
      if (last !== undefined && last[1] === t) last[0]++
      else groups.push([1, t])
    }
    const body = new Bytes(this.size)
    body.leb(groups.length)
    for (const [n, t] of groups) body.append([...leb(n), t])
    for (const c of this.constants.values()) body.append([0xfd, 0x0c, ...c.bytes, 0x21, ...leb(c.local)])
    let from = 0
    for (const { at, callee } of this.code.calls) {
      body.append(this.code, from, at)
      body.leb(indexOf(callee))
      from = at
    }
    body.append(this.code, from)
    body.push(0x0b)
    return body
  }
}

/** A function of the host, e.g. Math.exp for float64. */
export interface Import extends Callable {
  readonly module: string
  readonly field: string
}

/** A module that imports one memory as `env.memory`. */
export class WasmModule {
  private readonly imports: Import[] = []
  private readonly functions: WasmFunction[] = []
  private readonly exported: WasmFunction[] = []
  private readonly shared = new Map<string, WasmFunction>()

  import(module: string, field: string, params: readonly ValueType[], results: readonly ValueType[]): Import {
    const known = this.imports.find(i => i.module === module && i.field === field)
    if (known) return known
    const i = { module, field, params, results }
    this.imports.push(i)
    return i
  }
  add(f: WasmFunction, options: { readonly exported?: boolean } = {}): WasmFunction {
    this.functions.push(f)
    if (options.exported) this.exported.push(f)
    return f
  }
  /** A function that several kernels of the module share: made once for each key. */
  once(key: string, make: () => WasmFunction): WasmFunction {
    let f = this.shared.get(key)
    if (f === undefined) {
      f = this.add(make())
      this.shared.set(key, f)
    }
    return f
  }
  /** The names of host functions the module needs, for the import object. */
  get hostImports(): readonly Import[] { return this.imports }

  /** `shared` memories need `maximumPages`. */
  encode(memory: { readonly shared: boolean; readonly maximumPages: number }): Uint8Array<ArrayBuffer> {
    const index = new Map<Callable, number>()
    ;[...this.imports, ...this.functions].forEach((f, i) => index.set(f, i))
    const indexOf = (f: Callable): number => {
      const i = index.get(f)
      if (i === undefined) throw new Error('call of a function that is not in the module')
      return i
    }
    const name = (s: string): number[] => { const b = [...new TextEncoder().encode(s)]; return [...leb(b.length), ...b] }
    const type = (f: Callable): number[] => [0x60, ...leb(f.params.length), ...f.params, ...leb(f.results.length), ...f.results]
    const all: readonly Callable[] = [...this.imports, ...this.functions]
    const out = new Bytes(this.functions.reduce((n, f) => n + f.size, 1024))
    out.append([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0])
    const section = (id: number, parts: readonly (Bytes | readonly number[])[]): void => {
      out.push(id)
      out.leb(parts.reduce((s, p) => s + p.length, 0))
      for (const p of parts) out.append(p)
    }
    section(1, [leb(all.length), ...all.map(type)])
    section(2, [
      leb(1 + this.imports.length),
      [...name('env'), ...name('memory'), 2, memory.shared ? 3 : 1, ...leb(1), ...leb(memory.maximumPages)],
      ...this.imports.map((f, i) => [...name(f.module), ...name(f.field), 0, ...leb(i)]),
    ])
    section(3, [leb(this.functions.length), ...this.functions.map((_, i) => leb(this.imports.length + i))])
    section(7, [leb(this.exported.length), ...this.exported.map(f => [...name(f.name), 0, ...leb(indexOf(f))])])
    const bodies = this.functions.map(f => f.encode(indexOf))
    section(10, [leb(bodies.length), ...bodies.flatMap(body => [leb(body.length), body])])
    return out.written().slice()
  }
}
