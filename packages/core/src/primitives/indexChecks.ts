/** Checks of index tensors in debug mode: what `fill` and `drop` would pass over in silence throws. */
import { bind, bind1 } from '../program/bind.ts'
import { type IndexCheck, lineForEquation } from '../program/modes.ts'
import { argmax } from './argreduce.ts'
import { bitwiseNot, bitwiseOr } from './bitwise.ts'
import { checkP } from './check.ts'
import { greaterEqual, less } from './comparison.ts'
import { gatherP } from './gather.ts'
import { any } from './reduce.ts'
import { ravel } from './reshape.ts'

export const insertIndexChecks: IndexCheck = (where, x, indices, axes, negative) => {
  indices.forEach((index, k) => {
    const n = x.shape[axes[k] as number] as number
    if (index.size === 0) return
    const bad = ravel(bitwiseOr(less(index, negative ? -n : 0), greaterEqual(index, n)))
    const first = bind1(gatherP, [ravel(index), argmax(bad)], { axes: [0], paired: [], mode: 'clip', negative: false, fillValue: 0 })
    const message = `${where}: index {} is out of range for axis ${axes[k]} of size ${n}`
    bind(checkP, [bitwiseNot(any(bad)), first], { kind: 'index', message, line: lineForEquation() })
  })
}
