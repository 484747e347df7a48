/** A primitive with a rule missing does not compile, and "there is none" needs a reason. Compiled, never run. */
import { type NoParams, type SimplePrimitive, type Tensor, bind1, elementwise, none } from '../../src/extend.ts'

declare const whole: SimplePrimitive<NoParams>, sized: SimplePrimitive<{ readonly size: number }>, x: Tensor
const { lower: _lower, ...withoutLower } = whole
const { jvp: _jvp, ...withoutJvp } = whole
const { evaluate: _evaluate, ...withoutEvaluate } = whole

export const right: readonly SimplePrimitive<NoParams>[] = [whole, { ...withoutJvp, jvp: none('piecewise constant') }]
export const applied: Tensor = bind1(sized, [x], { size: 3 })

// @ts-expect-error Property 'lower' is missing
export const first: SimplePrimitive<NoParams> = withoutLower
// @ts-expect-error Property 'jvp' is missing
export const second: SimplePrimitive<NoParams> = withoutJvp
// @ts-expect-error Property 'evaluate' is missing
export const third: SimplePrimitive<NoParams> = withoutEvaluate
export const mistakes: readonly unknown[] = [
  // @ts-expect-error a reason that is no text
  none(),
  // @ts-expect-error parameters of another primitive
  bind1(sized, [x], { axis: 3 }),
  // @ts-expect-error neither the name of an instruction nor a composite
  elementwise({ name: 'softsign', inputs: ['x'], domain: 'float', cost: 4, derivatives: none('forgotten') }),
]
