/** How the GLSL functions are written: see prelude.ts. */
import { type Lanes, floatLiteral } from './types.ts'

/** Templates by name; a function of the lanes where one text does not do for both. */
export type Functions = Readonly<Record<string, string | ((lanes: Lanes) => string)>>

export const INFINITY = 'uintBitsToFloat(0x7f800000u)'
export const NOT_A_NUMBER = 'uintBitsToFloat(0x7fc00000u)'

/** Horner's rule for the variable `x`; the constant term comes first. */
export function polynomial(x: string, coefficients: readonly number[]): string {
  const [last, ...rest] = coefficients.toReversed()
  return rest.reduce((p, c) => `(${p} * ${x} + ${floatLiteral(c)})`, floatLiteral(last ?? 0))
}

/** One function for each lane, from its one-lane text: `name` of `arity` floats to a float. */
export const perLane =
  (name: string, arity: 1 | 2, one: string): ((lanes: Lanes) => string) =>
  lanes => {
    if (lanes === 1) return one
    const operands = ['a', 'b'].slice(0, arity)
    const calls = ['x', 'y', 'z', 'w'].map(lane => `${name}_1(${operands.map(o => `${o}.${lane}`).join(', ')})`)
    return `vec4 ${name}_4(${operands.map(o => `vec4 ${o}`).join(', ')}) { return vec4(${calls.join(', ')}); }`
  }

/**
 * Functions of floats whose four-lane forms call the one-lane forms: long ones, whose variables in four lanes are more than the registers of
 * a processor. The exponential is a third faster on SwiftShader than in four lanes at once.
 */
export function oneByOne(functions: Readonly<Record<string, string>>): Functions {
  const arity = (text: string): 1 | 2 => (/\(\$F \w+, \$F \w+\)/.test(text) ? 2 : 1)
  return Object.fromEntries(Object.entries(functions).map(([name, text]) => [name, perLane(name, arity(text), text)]))
}
