/** How many neighbouring points a thread computes at a time: so many that each access moves 16 bytes, if that can be. */
import type { Affine, BufferId, Load } from '@cotangent/core/kernel'
import type { EmitContext } from '../command.ts'
import { bytesOnDevice } from '../language/types.ts'

export type Lanes = 1 | 4 | 8 | 16
/** Of elements of four bytes. */
export const LANES = 4

/** Elements that one access moves, of those for `lanes` points. */
export function vectorOf(bytes: number, isBool: boolean, lanes: Lanes): 4 | 8 | 16 {
  if (bytes === 2 && lanes >= 8) return 8
  return bytes === 1 && !isBool && lanes === 16 ? 16 : LANES
}

interface Accessed {
  readonly buffer: BufferId
  readonly map: Affine
  readonly indirect?: Load['indirect']
}

/** A thread's registers for what it loads and stores. */
const REGISTERS = 64

/**
 * 8 or 16 where all that is accessed by vectors has elements of two bytes, or of one, and is aligned to as many; bools go with anything. Else 4.
 * `isVector`: are neighbouring points neighbours in memory, and the first of so many aligned?
 */
export function lanesFor(
  accesses: readonly Accessed[],
  { spec }: Pick<EmitContext, 'spec'>,
  isVector: (map: Affine, lanes: Lanes) => boolean,
): Lanes {
  const fits = ({ map, indirect = [] }: Accessed, lanes: Lanes): boolean =>
    isVector(map, lanes) && indirect.every(i => i.stride % lanes === 0)
  const vectors = accesses.filter(a => fits(a, LANES)),
    sizes = vectors.map(a => spec(a.buffer).dtype).flatMap(d => (d === 'bool' ? [] : [bytesOnDevice(d)]))
  if (sizes.length === 0) return LANES
  const most = 16 / Math.max(...sizes),
    wide = ([16, 8] as const).filter(n => n <= most && n * vectors.length <= REGISTERS)
  return wide.find(n => vectors.every(a => fits(a, n))) ?? LANES
}
