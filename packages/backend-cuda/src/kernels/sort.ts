/** Sort: keys with their places are sorted, and the last launch gathers all buffers by the places. Rows that fit a block take one launch. */
import { computeDType, type BufferId, type Sort } from '@cotangent/core/kernel'
import type { Command, EmitContext } from '../command.ts'
import { indexType } from '../language/address.ts'
import { itemKindOf, keyOf } from './sort-items.ts'
import { type ItemSort, sortItems } from './sort-rows.ts'

export function emitSort(context: EmitContext, kernel: Sort): readonly Command[] {
  const { rows, length, inputs, outputs } = kernel
  if (rows * length === 0) return []
  const first = inputs[0] as BufferId,
    spec = context.spec(first),
    dtype = computeDType(spec.dtype)
  const sort: ItemSort = {
    kind: itemKindOf(dtype),
    rows,
    length,
    type: indexType([], [], [spec]),
    written: outputs,
    key: (writer, row, place) => ({
      statements: [],
      key: keyOf(dtype, `${writer.memory(first)}[${row} * ${length} + ${place}]`),
    }),
    finish: (writer, row, place, from) => [
      `const ${writer.type} to = ${row} * ${length} + ${place}, origin = ${row} * ${length} + ${from};`,
      ...inputs.map((input, k) => `${writer.memory(outputs[k] as BufferId)}[to] = ${writer.memory(input)}[origin];`),
    ],
  }
  return sortItems(context, sort)
}
