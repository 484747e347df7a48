/**
 * Vector code as expressions. An Expression appends the instructions that push one value; `keep` evaluates it once into a local.
 * Reads like the formula it computes: `o.v('f32x4.add', a, b)`.
 */
import { type Import, type Local, V128, WasmFunction, type WasmModule } from '../wasm/assembler.ts'
import { simd, type SimdName } from '../wasm/simd.ts'

/** Appends code that pushes one value. May be used several times; each use repeats its code. */
export type Expression = () => void

/** What vector code is written with: a function under construction and what the engine offers. */
export class Ops {
  readonly f: WasmFunction
  readonly module: WasmModule
  /** relaxed_madd is one fused instruction. */
  readonly fma: boolean

  constructor(f: WasmFunction, module: WasmModule, fma: boolean) {
    this.f = f
    this.module = module
    this.fma = fma
  }

  /** The instruction of that name on these operands. */
  v(name: SimdName, ...args: readonly Expression[]): Expression {
    return () => {
      for (const a of args) a()
      this.f.simd(simd[name])
    }
  }
  /** Evaluates now, into a new local. */
  keep(e: Expression): Expression {
    return this.get(this.local(e))
  }
  /** As `keep`, giving the local. */
  local(e: Expression): Local {
    e()
    const l = this.f.local(V128)
    this.f.set(l).cut()
    return l
  }
  get(l: Local): Expression {
    return () => {
      this.f.get(l)
    }
  }
  set(l: Local, e: Expression): void {
    e()
    this.f.set(l).cut()
  }

  f32(x: number): Expression {
    return () => {
      this.f.vf32(x)
    }
  }
  f64(x: number): Expression {
    return () => {
      this.f.vf64(x)
    }
  }
  i32(x: number): Expression {
    return () => {
      this.f.vi32(x)
    }
  }
  /** Two 64-bit lanes from their low and high halves. */
  i64(low: number, high: number): Expression {
    return () => {
      this.f.v128([...new Uint8Array(new Int32Array([low, high, low, high]).buffer)])
    }
  }
  /** Four given int32 lanes. */
  lanes32(lanes: readonly number[]): Expression {
    return () => {
      this.f.v128([...new Uint8Array(new Int32Array(lanes).buffer)])
    }
  }

  /** `mask ? a : b`, bit by bit. */
  select(mask: Expression, a: Expression, b: Expression): Expression {
    return this.v('v128.bitselect', a, b, mask)
  }
  /** The same where all bits of a mask's lane are equal: one instruction instead of three. */
  selectLanes(mask: Expression, a: Expression, b: Expression): Expression {
    return this.v(this.fma ? 'i32x4.relaxed_laneselect' : 'v128.bitselect', a, b, mask)
  }
  /** Shifts lanes by a constant. */
  shift(
    name: 'i32x4.shl' | 'i32x4.shr_s' | 'i32x4.shr_u' | 'i64x2.shl' | 'i64x2.shr_s' | 'i64x2.shr_u',
    a: Expression,
    bits: number,
  ): Expression {
    return () => {
      a()
      this.f.i32(bits).simd(simd[name])
    }
  }
  /** Picks 16 bytes of the 32 bytes of a and b. */
  shuffle(a: Expression, b: Expression, bytes: readonly number[]): Expression {
    return () => {
      a()
      b()
      this.f.op(0xfd, 0x0d, ...bytes)
    }
  }
  /** Picks four 32-bit lanes of the eight of a and b. */
  shuffle32(a: Expression, b: Expression, lanes: readonly number[]): Expression {
    return this.shuffle(
      a,
      b,
      lanes.flatMap(l => [4 * l, 4 * l + 1, 4 * l + 2, 4 * l + 3]),
    )
  }
  /** `a * b + c`: one rounding where the engine fuses, two elsewhere. Only for the inside of mathematics, never for the user's own operations. */
  madd(type: 'f32x4' | 'f64x2', a: Expression, b: Expression, c: Expression): Expression {
    return this.fma ? this.v(`${type}.relaxed_madd`, a, b, c) : this.v(`${type}.add`, this.v(`${type}.mul`, a, b), c)
  }
  /** `c - a * b`. */
  nmadd(type: 'f32x4' | 'f64x2', a: Expression, b: Expression, c: Expression): Expression {
    return this.fma ? this.v(`${type}.relaxed_nmadd`, a, b, c) : this.v(`${type}.sub`, c, this.v(`${type}.mul`, a, b))
  }
  /** Horner's rule; the constant term comes first. */
  polynomial(type: 'f32x4' | 'f64x2', x: Expression, coefficients: readonly number[]): Expression {
    const constant = (c: number): Expression => (type === 'f32x4' ? this.f32(c) : this.f64(c))
    const [last, ...rest] = coefficients.toReversed()
    return rest.reduce<Expression>((p, c) => this.keep(this.madd(type, p, x, constant(c))), constant(last ?? 0))
  }
  /** The same as E(x^2) + x O(x^2): two chains of half the length, for functions so long that few of them are in flight at once. */
  splitPolynomial(type: 'f32x4' | 'f64x2', x: Expression, coefficients: readonly number[]): Expression {
    const square = this.keep(this.v(`${type}.mul`, x, x))
    const [even, odd] = [0, 1].map(parity =>
      this.polynomial(
        type,
        square,
        coefficients.filter((_, i) => i % 2 === parity),
      ),
    ) as [Expression, Expression]
    return this.madd(type, x, odd, even)
  }

  /** `fast` where no lane is `rare`, else a call of the shared function `general`, which the module then has once. */
  unless(
    rare: Expression,
    fast: () => Expression,
    general: { readonly name: string; readonly of: (o: Ops, x: Expression) => Expression },
    x: Expression,
  ): Expression {
    const out = this.f.local(V128)
    rare()
    this.f.simd(simd['v128.any_true']).if(
      () => {
        x()
        this.f.call(this.shared(general.name, general.of)).set(out)
      },
      () => this.set(out, fast()),
    )
    return this.get(out)
  }
  private shared(name: string, of: (o: Ops, x: Expression) => Expression): WasmFunction {
    return this.module.once(name, () => {
      const f = new WasmFunction(name, [V128], [V128])
      const o = new Ops(f, this.module, this.fma)
      of(o, o.get(0))()
      return f
    })
  }

  /** Calls a scalar function lane by lane: 2 lanes of float64. */
  eachF64(host: Import, args: readonly Expression[]): Expression {
    const kept = args.map(a => this.keep(a))
    const out = this.f.local(V128)
    this.set(out, this.f64(0))
    for (const lane of [0, 1]) {
      this.f.get(out)
      for (const a of kept) {
        a()
        this.f.op(0xfd, 0x21, lane)
      }
      this.f.call(host).op(0xfd, 0x22, lane).set(out)
    }
    return this.get(out)
  }
}
