/** All float32 functions by instruction name. Each takes locals or constants (operands are used several times). */
import { cosh, exp, expm1, sinh, tanh } from './exponential.ts'
import type { Expression, Ops } from './expression.ts'
import { acosh, asinh, atanh, log, log1p } from './logarithm.ts'
import { erf, pow } from './special.ts'
import { acos, asin, atan, atan2, cos, sin, tan } from './trigonometric.ts'

export type MathName =
  | 'exp'
  | 'expm1'
  | 'log'
  | 'log1p'
  | 'sin'
  | 'cos'
  | 'tan'
  | 'asin'
  | 'acos'
  | 'atan'
  | 'atan2'
  | 'sinh'
  | 'cosh'
  | 'tanh'
  | 'asinh'
  | 'acosh'
  | 'atanh'
  | 'erf'
  | 'pow'

export const math: Readonly<Record<MathName, (o: Ops, a: Expression, b: Expression) => Expression>> = {
  exp,
  expm1,
  log,
  log1p,
  sin,
  cos,
  tan,
  asin,
  acos,
  atan,
  atan2,
  sinh,
  cosh,
  tanh,
  asinh,
  acosh,
  atanh,
  erf,
  pow,
}
