/** Text as numbers and back. */
import { fail } from '@cotangent/core/extend'
import { checkNumber } from '../../checks.ts'
import type { HostArray } from '../dataset.ts'

export interface Tokenizer {
  /** Ids are 0 to `size - 1`. */
  readonly size: number
  encode(text: string): Int32Array<ArrayBuffer>
  decode(ids: ArrayLike<number>): string
}

export interface Padded {
  /** `[n, length]`, int32. */
  readonly tokens: HostArray
  /** `[n]`: how many of each row count, for `sequenceMask`. */
  readonly lengths: Int32Array
}

/** Lists of different lengths as one array: the end is filled with `value`, what is too long is cut. Default length: that of the longest. */
export function padSequences(
  lists: readonly ArrayLike<number>[],
  { length, value = 0 }: { readonly length?: number; readonly value?: number } = {},
): Padded {
  if (length !== undefined) checkNumber('padSequences', 'length', length, 'an integer of at least 0', n => Number.isInteger(n) && n >= 0)
  const width = length ?? lists.reduce((most, list) => Math.max(most, list.length), 0)
  const data = new Int32Array(lists.length * width).fill(value),
    lengths = Int32Array.from(lists, list => Math.min(list.length, width))
  lists.forEach((list, i) => {
    for (let k = 0; k < (lengths[i] as number); k++) data[i * width + k] = list[k] as number
  })
  return { tokens: { data, shape: [lists.length, width] }, lengths }
}

/** The entry of a list by an id. */
export function entryOf<T>(where: string, list: readonly T[], id: number): T {
  const entry = list[id]
  if (entry === undefined) fail('ValueError', `${where}: there is no id ${id}; ids are 0 to ${list.length - 1}.`)
  return entry
}
