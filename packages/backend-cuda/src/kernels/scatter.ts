/**
 * Scatter without atomics of floats, so that results do not depend on the order of threads: points with targets of their own take a thread each;
 * sums and extrema of integers are the same in any order; of several that set one element a race of update numbers finds the last;
 * everything else keeps its order (scatter-ordered.ts).
 */
import { fail, isInteger, type Scatter, sizeOf } from '@cotangent/core/kernel'
import type { Command, EmitContext } from '../command.ts'
import { storedType } from '../language/types.ts'
import { scatterBySearch, scatterBySort } from './scatter-ordered.ts'
import { ScatterText } from './scatter-point.ts'
import { isInjective, type ScatterRoles, scatterRoles } from './scatter-roles.ts'

/** So few updates are looked through by each thread. */
const FEW = 64
/** Of updates and of slots, where their numbers are 32-bit words. */
const MOST = 2 ** 32 - 2

export function emitScatter(context: EmitContext, kernel: Scatter): readonly Command[] {
  if (sizeOf(kernel.extents) === 0) return []
  const roles = scatterRoles(context, kernel),
    { combine } = kernel,
    { dtype } = context.spec(kernel.buffer)
  if (isInjective(roles)) return direct(context, roles)
  if (combine !== 'set' && combine !== 'mul' && (isInteger(dtype) || dtype === 'bool')) return unordered(context, roles, combine)
  if (roles.count <= FEW) return scatterBySearch(context, roles)
  const most = Math.max(roles.count, roles.slots)
  if (most > MOST) fail('BackendError', `cuda: scatters have fewer than 2^32 updates and targets, got ${most}. Use smaller parts.`)
  return combine === 'set' ? lastWins(context, roles) : scatterBySort(context, roles)
}

/** Number `p` of a point, the window's points fastest. */
const point = { update: 'u', place: 'w' } as const
const pointOf = ({ writer: { type }, roles: { width } }: ScatterText): string => `const ${type} u = p / ${width}, w = p % ${width};`

function direct(context: EmitContext, roles: ScatterRoles): readonly Command[] {
  const text = ScatterText.begin(context, roles),
    { buffer } = text
  const store = text.visit(point, (address, value) => {
    const element = `${buffer}[${address}]`
    return [`${element} = (${storedType(text.dtype)})${text.combined(element, value)};`]
  })
  return [text.launch('direct', roles.count * roles.width, [pointOf(text), ...store])]
}

/** Integer atomics; of bools those that decide the result all store the same. */
function unordered(context: EmitContext, roles: ScatterRoles, combine: 'add' | 'min' | 'max'): readonly Command[] {
  const text = ScatterText.begin(context, roles),
    { buffer, dtype } = text
  const update = text.visit(point, (address, value) =>
    dtype === 'bool'
      ? [combine === 'max' ? `if (${value}) ${buffer}[${address}] = 1;` : `if (!${value}) ${buffer}[${address}] = 0;`]
      : [`atomic_${combine}_${dtype === 'int32' ? 'i32' : 'u32'}(${buffer} + (${address}), ${value});`],
  )
  return [text.launch(combine, roles.count * roles.width, [pointOf(text), ...update])]
}

/** Each slot keeps the greatest number of its updates, from 1. */
function lastWins(context: EmitContext, roles: ScatterRoles): readonly Command[] {
  const stamps = context.temporary({ dtype: 'uint32', size: roles.slots })
  const race = ScatterText.begin(context, roles, [stamps]),
    write = ScatterText.begin(context, roles)
  const stamp = [...race.slot({ update: 'p' }), `if (slot >= 0) atomic_max_u32(${race.writer.memory(stamps)} + slot, (unsigned)p + 1u);`]
  const store = [
    pointOf(write),
    ...write.slot({ update: 'u' }),
    `if (slot >= 0 && ${write.writer.memory(stamps)}[slot] == (unsigned)u + 1u)`,
    ...write.visit(point, (address, value) => [`${write.buffer}[${address}] = (${storedType(write.dtype)})${value};`]),
  ]
  return [{ kind: 'clear', memory: stamps }, race.launch('race', roles.count, stamp), write.launch('set', roles.count * roles.width, store)]
}
