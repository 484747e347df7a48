/**
 * An assertion as an equation (JAX: checkify.check): a bool scalar that must hold, and values for the message. `checkify` makes errors of it that are values;
 * elsewhere it runs on the host and throws.
 */
import { type Aval, showAval } from '../aval.ts'
import { fail } from '../errors.ts'
import { bind, bind1 } from '../program/bind.ts'
import { lineHere } from '../program/modes.ts'
import { fillTemplate } from '../template.ts'
import type { Tensor } from '../tensor.ts'
import { argmin } from './argreduce.ts'
import { gatherP } from './gather.ts'
import { moveToFront } from './transpose.ts'
import { none, type SimplePrimitive } from './primitive.ts'
import { all } from './reduce.ts'

/** `user`: of `check`; `index`: made for an index tensor in debug mode. */
export interface CheckParams {
  readonly kind: 'user' | 'index'
  /** With a place `{}` for each value. */
  readonly message: string
  /** The user's line, if lines are recorded. */
  readonly line: string | null
}

export const checkP: SimplePrimitive<CheckParams> = {
  name: 'check',
  inputs: ['predicate', 'values'],
  abstractEval([predicate]) {
    if (predicate === undefined || predicate.dtype !== 'bool' || predicate.shape.length > 0)
      fail('ShapeError', `check: the predicate must be a bool scalar, got ${showAval(predicate as Aval)}. Reduce it with all.`)
    return []
  },
  jvp: () => [],
  transpose: none('check has no result'),
  batch([predicate, ...values], [axis = null, ...axes], _, params) {
    const p = predicate as Tensor
    // Of a batch, the first example that fails gives the message its values.
    const worst = axis === null ? null : argmin(p)
    const own = values.map((v, i) => {
      const at = axes[i] ?? null
      return at === null ? v : elementAt(moveToFront(v, at), worst)
    })
    bind(checkP, [axis === null ? p : all(p), ...own], params)
    return { outputs: [], axes: [] }
  },
  lower: () => fail('InternalError', 'check runs on the host'),
  evaluate: () => [],
  effect: true,
  onHost([predicate, ...values], { message, line }) {
    if ((predicate as Tensor).item() === 0) fail('CheckError', checkMessage(message, values, line === lineHere() ? null : line))
    return []
  },
}

const elementAt = (x: Tensor, i: Tensor | null): Tensor =>
  bind1(gatherP, [x, i ?? argmin(x)], { axes: [0], paired: [], mode: 'clip', negative: false, fillValue: 0 })

export const checkMessage = (message: string, values: readonly Tensor[], line: string | null): string =>
  `${fillTemplate(message, values)}${line === null ? '' : `\n  checked at ${line}`}`
