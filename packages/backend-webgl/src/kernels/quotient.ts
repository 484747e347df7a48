/**
 * Quotients of integers that are not negative. Drivers that run on the processor divide integers one lane after the other; floats are
 * divided in all lanes at once, and where the dividend is small the result is exact.
 */
import { floatLiteral } from '../glsl/types.ts'

/**
 * (x + 1/2) / d is 1/(2d) or more away from the integers around it. Rounding of 1/d and of the product moves it by less than
 * (x + 1/2) 2^-23 / d, which is half of that for this x, and less below.
 */
const EXACT = 2 ** 21

/** Is `byReciprocal` exact for dividends below `bound`? */
export const isExact = (bound: number): boolean => bound <= EXACT

/** `reciprocal`: 1/d, a float expression. */
export const byReciprocal = (x: string, reciprocal: string): string => `int((float(${x}) + 0.5) * ${reciprocal})`

/** `x / by` for 0 <= x < `bound`. Above it the result is not below bound / by. */
export function quotient(x: string, by: number, bound: number): string {
  if (by === 1) return x
  if (Number.isInteger(Math.log2(by))) return `(${x} >> ${Math.log2(by)})`
  return isExact(bound) ? byReciprocal(x, floatLiteral(1 / by)) : `${x} / ${by}`
}
