/** C's fmod for float32: exact, with the sign of the dividend. */
import { V128 } from '../wasm/assembler.ts'
import type { Expression, Ops } from './expression.ts'
import { hostFunction } from './host.ts'
import { throughFloat64 } from './wide.ts'

/**
 * For a quotient below 2^27, trunc(a / b) in float64 is exact (a and b have 24 bits, so a / b is 2^-24 from the next integer at least) and
 * so are its product with b and the difference. Larger quotients, zero, infinite and NaN operands go to the host.
 */
export function remainder(o: Ops, a: Expression, b: Expression): Expression {
  const magnitude = (x: Expression): Expression => o.v('f32x4.abs', x)
  const out = o.f.local(V128)
  const easy = o.v(
    'v128.and',
    o.v('f32x4.lt', magnitude(o.v('f32x4.div', a, b)), o.f32(2 ** 27)),
    o.v('f32x4.lt', magnitude(b), o.f32(Infinity)),
  )
  easy()
  o.f.simd(0xa3).if(
    // i32x4.all_true
    () => {
      const r = throughFloat64(o, [a, b], ([x, y]) => {
        const q = o.v('f64x2.trunc', o.v('f64x2.div', x as Expression, y as Expression))
        return o.v('f64x2.sub', x as Expression, o.v('f64x2.mul', q, y as Expression))
      })
      o.set(out, o.select(o.i32(0x7fffffff), r, a))
    },
    () =>
      o.set(
        out,
        throughFloat64(o, [a, b], halves => o.eachF64(hostFunction(o.module, 'rem', 2), halves)),
      ),
  )
  return o.get(out)
}
