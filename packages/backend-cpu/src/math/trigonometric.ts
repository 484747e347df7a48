/** Sine, cosine, tangent and the inverse functions. Minimax coefficients by Remez exchange in 50 digits. */
import { copySign } from './exponential.ts'
import type { Expression, Ops } from './expression.ts'
import { hostFunction } from './host.ts'
import { joinF32, promote, throughFloat64 } from './wide.ts'
import { widen } from './value.ts'

const MAGIC64 = 6755399441055744 // 1.5 * 2^52
/** pi/2 in 25 + 53 bits: n times the first is exact for |n| < 2^28 (as in FreeBSD's k_rem_pio2f). */
const PIO2_HIGH = 1.5707963109016418,
  PIO2_LOW = 1.5893254773528197e-8
/** Beyond, the host reduces the argument. */
const LARGE = 2 ** 28

interface Reduced {
  /** x - n pi/2 in two float64 halves. */
  readonly r: readonly [Expression, Expression]
  /** n modulo 2^32 as int32 lanes. */
  readonly n: Expression
}

function reduce(o: Ops, x: Expression): Reduced {
  const halves = promote(o, x).map(h => {
    const wide = o.keep(h)
    const m = o.keep(o.madd('f64x2', wide, o.f64(2 / Math.PI), o.f64(MAGIC64)))
    const n = o.keep(o.v('f64x2.sub', m, o.f64(MAGIC64)))
    return { m, r: o.keep(o.nmadd('f64x2', n, o.f64(PIO2_LOW), o.nmadd('f64x2', n, o.f64(PIO2_HIGH), wide))) }
  })
  const [low, upper] = halves as [(typeof halves)[0], (typeof halves)[0]]
  return { r: [low.r, upper.r], n: o.keep(o.shuffle32(low.m, upper.m, [0, 2, 4, 6])) }
}

const beyond = (o: Ops, x: Expression, limit: number): Expression => o.v('v128.not', o.v('f32x4.lt', o.v('f32x4.abs', x), o.f32(limit)))
/** The host lane by lane where an argument is large (or infinite or NaN). */
const unlessLarge = (o: Ops, x: Expression, name: 'sin' | 'cos' | 'tan', fast: () => Expression): Expression =>
  o.unless(
    beyond(o, x, LARGE),
    fast,
    {
      name: `${name} of large arguments`,
      of: (inner, y) => throughFloat64(inner, [y], h => inner.eachF64(hostFunction(inner.module, name, 1), h)),
    },
    x,
  )

/** (sin r / r - 1) / r^2 in r^2, to 1.3e-7, and (cos r - 1 + r^2 / 2) / r^4, to 5e-8, for |r| <= pi/4. */
const SIN32 = [-0.1666666463, 0.008332743819, -0.0001958710753],
  COS32 = [0.04166666464, -0.00138882998, 2.454735505e-5]

/** sin(r + n pi/2): the sine or the cosine polynomial by the parity of n, negated by its second bit. */
function quadrant(o: Ops, r: Expression, n: Expression): Expression {
  const z = o.keep(o.v('f32x4.mul', r, r))
  // The sum loses the sign of -0, which r has.
  const sum = o.madd('f32x4', o.v('f32x4.mul', r, z), o.polynomial('f32x4', z, SIN32), r)
  const s = o.v('v128.or', sum, o.v('v128.and', r, o.i32(-0x80000000)))
  const c = o.madd('f32x4', o.v('f32x4.mul', z, z), o.polynomial('f32x4', z, COS32), o.nmadd('f32x4', z, o.f32(0.5), o.f32(1)))
  const even = o.v('i32x4.eq', o.v('v128.and', n, o.i32(1)), o.i32(0))
  const sign = o.shift('i32x4.shl', o.v('v128.and', n, o.i32(2)), 30)
  return o.v('v128.xor', o.select(even, s, c), sign)
}

/**
 * pi/2 in three float32 parts of 24 bits. Fused, x - n high is exact for |n| < 2^17, and each later step is rounded once. The parts are cut, not
 * rounded, so that all are positive: then -0 stays -0.
 */
const PIO2 = [1.570796251296997, 7.549789415861596e-8, 5.390302529957765e-15]
const FUSED_LIMIT = 2e5
const MAGIC32 = 12582912 // 1.5 * 2^23

/** sin(x + shift pi/2). With fused operations the reduction is in float32 up to FUSED_LIMIT, else in float64. */
function sine(o: Ops, x: Expression, name: 'sin' | 'cos', shift: 0 | 1): Expression {
  const shifted = (p: Ops, n: Expression): Expression => (shift === 0 ? n : p.keep(p.v('i32x4.add', n, p.i32(1))))
  const general = (p: Ops, y: Expression): Expression =>
    unlessLarge(p, y, name, () => {
      const {
        r: [low, upper],
        n,
      } = reduce(p, y)
      return quadrant(p, p.keep(joinF32(p, low, upper)), shifted(p, n))
    })
  if (!o.fma) return general(o, x)
  return o.unless(
    beyond(o, x, FUSED_LIMIT),
    () => {
      const m = o.keep(o.madd('f32x4', x, o.f32(2 / Math.PI), o.f32(MAGIC32)))
      const n = o.keep(o.v('f32x4.sub', m, o.f32(MAGIC32)))
      return quadrant(o, o.keep(PIO2.reduce<Expression>((r, part) => o.nmadd('f32x4', n, o.f32(part), r), x)), shifted(o, m))
    },
    { name, of: general },
    x,
  )
}

export const sin = (o: Ops, x: Expression): Expression => sine(o, x, 'sin', 0)
export const cos = (o: Ops, x: Expression): Expression => sine(o, x, 'cos', 1)

/** sin r / r to 4.6e-12 and cos r to 7e-14, in r^2, for |r| <= pi/4. */
const SIN64 = [0.99999999999542756, -0.16666666630300129, 0.0083333286761489545, -0.0001983917416342111, 2.7171142852991548e-6]
const COS64 = [
  0.99999999999993395, -0.49999999999267527, 0.041666666533148802, -0.0013888879906970545, 2.4798838672201201e-5, -2.7167586440771384e-7,
]

export const tan = (o: Ops, x: Expression): Expression =>
  unlessLarge(o, x, 'tan', () => {
    const { r, n } = reduce(o, x)
    const odd = widen(o, o.keep(o.v('i32x4.eq', o.v('v128.and', n, o.i32(1)), o.i32(1)))).map(m => o.keep(m))
    const [low, upper] = r.map((h, i) => {
      const z = o.keep(o.v('f64x2.mul', h, h))
      const s = o.keep(o.v('f64x2.mul', h, o.polynomial('f64x2', z, SIN64))),
        c = o.keep(o.polynomial('f64x2', z, COS64))
      const mask = odd[i] as Expression
      return o.keep(o.v('f64x2.div', o.select(mask, o.v('f64x2.neg', c), s), o.select(mask, s, c)))
    }) as [Expression, Expression]
    return joinF32(o, low, upper)
  })

/** atan t / t in t^2 for |t| <= tan(pi/8), to 7.3e-13. */
const ATAN = [
  0.99999999999927671, -0.33333333278728355, 0.1999999322061859, -0.14285392358934037, 0.11103553074571185, -0.089933713066799919,
  0.069776533249249149, -0.037712453541485546,
]

/**
 * The angle of (x, y). The smaller over the larger magnitude is at most 1; above tan(pi/8), atan t = pi/4 + atan((t - 1) / (t + 1)), so that
 * one division does for all. A NaN in x is in `small`, one in y in `large`. Infinities become 1e300 and a zero denominator 1e-300, which float32 arguments cannot reach.
 */
function angle(o: Ops, y: Expression, x: Expression): Expression {
  const [ax, ay] = [x, y].map(a => o.keep(o.v('f64x2.pmin', o.v('f64x2.abs', a), o.f64(1e300)))) as [Expression, Expression]
  const small = o.keep(o.v('f64x2.pmin', ax, ay)),
    large = o.keep(o.v('f64x2.pmax', o.v('f64x2.pmax', ay, ax), o.f64(1e-300)))
  const wide = o.keep(o.v('f64x2.gt', small, o.v('f64x2.mul', large, o.f64(Math.SQRT2 - 1))))
  const t = o.keep(
    o.v('f64x2.div', o.select(wide, o.v('f64x2.sub', small, large), small), o.select(wide, o.v('f64x2.add', small, large), large)),
  )
  const series = o.v('f64x2.mul', t, o.splitPolynomial('f64x2', o.keep(o.v('f64x2.mul', t, t)), ATAN))
  const first = o.keep(o.v('f64x2.add', series, o.v('v128.and', wide, o.f64(Math.PI / 4))))
  const quadrant = o.keep(o.select(o.v('f64x2.gt', ay, ax), o.v('f64x2.sub', o.f64(Math.PI / 2), first), first))
  const SIGN = o.i64(0, -0x80000000)
  const negative = o.v('f64x2.lt', o.v('v128.or', o.v('v128.and', x, SIGN), o.f64(1)), o.f64(0))
  return o.select(SIGN, y, o.select(negative, o.v('f64x2.sub', o.f64(Math.PI), quadrant), quadrant))
}

type Pair = readonly [Expression, Expression]
export const atan2 = (o: Ops, y: Expression, x: Expression): Expression =>
  throughFloat64(o, [y, x], h => angle(o, ...(h as unknown as Pair)))
export const atan = (o: Ops, x: Expression): Expression => throughFloat64(o, [x], ([h]) => angle(o, h as Expression, o.f64(1)))

/** sqrt((1 - x)(1 + x)): NaN outside [-1, 1]. */
const leg = (o: Ops, x: Expression): Expression =>
  o.keep(o.v('f64x2.sqrt', o.v('f64x2.mul', o.v('f64x2.sub', o.f64(1), x), o.v('f64x2.add', o.f64(1), x))))
export const asin = (o: Ops, x: Expression): Expression =>
  copySign(
    o,
    throughFloat64(o, [x], ([h]) => angle(o, h as Expression, leg(o, h as Expression))),
    x,
  )
export const acos = (o: Ops, x: Expression): Expression =>
  throughFloat64(o, [x], ([h]) => angle(o, leg(o, h as Expression), h as Expression))
