/** check for users. */
import { astype } from '../primitives/cast.ts'
import { checkP } from '../primitives/check.ts'
import { all } from '../primitives/reduce.ts'
import { bind } from '../program/bind.ts'
import { lineForEquation } from '../program/modes.ts'
import { type NamedValues, templateValues } from '../template.ts'
import { type TensorLike, toTensor } from '../tensor.ts'
import { makeStrong } from './control.ts'

/**
 * States that `predicate` holds (all of it, if it has axes). Where it does not, a CheckError with the message is thrown when the value is known: at once in eager code,
 * at the run of a compiled program. Under `checkify` the error is a value instead, and the check is compiled with the rest. `{}` and `{name}` in the
 * message take values, as in `debug.print`. JAX: `checkify.check`.
 *
 * @example check(x.greater(0), 'x must be positive, got {x}', { x })
 */
export function check(predicate: TensorLike, message: string, ...values: readonly (TensorLike | NamedValues)[]): void {
  const holds = all(astype(toTensor(predicate, 'check'), 'bool'))
  const tensors = templateValues('check', message, values).map(makeStrong)
  bind(checkP, [holds, ...tensors], { kind: 'user', message, line: lineForEquation() })
}
