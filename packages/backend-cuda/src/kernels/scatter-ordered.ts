/**
 * Scatters whose result depends on the order of updates: a thread takes all updates of one target, in their order. Sums of floats are the same
 * in every run and those of the definition.
 */
import type { Command, EmitContext } from '../command.ts'
import { storedType, valueType } from '../language/types.ts'
import { ScatterText } from './scatter-point.ts'
import type { ScatterRoles } from './scatter-roles.ts'
import { itemMemory, narrow } from './sort-items.ts'
import { sortItems } from './sort-rows.ts'

const NOWHERE = '0xffffffffu'

/** Few updates: the thread of the first update of a slot looks for the others. */
export function scatterBySearch(context: EmitContext, roles: ScatterRoles): readonly Command[] {
  const { count, width } = roles,
    text = ScatterText.begin(context, roles),
    { type } = text.writer
  const element = text.element('mine', 'w')
  const body = [
    `const ${type} u = p / ${width}, w = p % ${width};`,
    ...text.slot({ update: 'u' }),
    `const ${type} mine = slot;`,
    'int first = slot >= 0;',
    `for (${type} j = 0; j < u && first; j++) {`,
    ...text.slot({ update: 'j' }),
    'if (slot == mine) first = 0;',
    '}',
    'if (first) {',
    ...element.statements,
    `${valueType(text.dtype)} sum = ${text.buffer}[${element.address}];`,
    `for (${type} j = u; j < ${count}; j++) {`,
    ...text.slot({ update: 'j' }),
    'if (slot == mine)',
    ...text.value({ update: 'j', place: 'w' }, value => [`sum = ${text.combined('sum', value)};`]),
    '}',
    `${text.buffer}[${element.address}] = (${storedType(text.dtype)})sum;`,
    '}',
  ]
  return [text.launch('search', count * width, body)]
}

/** Many: the updates are sorted by their slots, stably, and the thread of each slot's first goes through its run. */
export function scatterBySort(context: EmitContext, roles: ScatterRoles): readonly Command[] {
  const { count, width } = roles,
    sorted = context.temporary(itemMemory(narrow, count)),
    text = ScatterText.begin(context, roles),
    { type } = text.writer
  const sort = sortItems(context, {
    kind: narrow,
    rows: 1,
    length: count,
    type,
    written: [sorted],
    key: (writer, _row, place) => ({
      statements: new ScatterText(roles, writer).slot({ update: place }),
      key: `(slot < 0 ? ${NOWHERE} : (unsigned)slot)`,
    }),
    finish: (writer, _row, place) => [`((narrow*)${writer.memory(sorted)})[${place}] = item;`],
  })
  const items = 'items',
    element = text.element('slot', 'w')
  const body = [
    `const narrow* const ${items} = (const narrow*)${text.writer.memory(sorted)};`,
    `const int q = (int)(p / ${width}), w = (int)(p % ${width});`,
    `const unsigned key = narrow_key(${items}[q]);`,
    `if (key != ${NOWHERE} && (q == 0 || narrow_key(${items}[q - 1]) != key)) {`,
    `const ${type} slot = (${type})key;`,
    `const int end = run_end(${items}, q, ${count}, key);`,
    ...element.statements,
    `${valueType(text.dtype)} sum = ${text.buffer}[${element.address}];`,
    '#pragma unroll 4',
    'for (int j = q; j < end; j++) {',
    `const int u = narrow_place(${items}[j]);`,
    ...text.value({ update: 'u', place: 'w' }, value => [`sum = ${text.combined('sum', value)};`]),
    '}',
    `${text.buffer}[${element.address}] = (${storedType(text.dtype)})sum;`,
    '}',
  ]
  return [...sort, { ...text.launch('runs', count * width, body), functions: [...narrow.functions, runEnd] }]
}

/** Where a run of items with one key ends: by steps that double, then by bisection. */
const runEnd = `DEVICE int run_end(const narrow* items, int q, int n, unsigned key) {
  int step = 1, low, high;
  while (q + step < n && narrow_key(items[q + step]) == key) step *= 2;
  low = q + step / 2 + 1;
  high = q + step < n ? q + step : n;
  while (low < high) {
    const int middle = (low + high) >> 1;
    if (narrow_key(items[middle]) == key) low = middle + 1;
    else high = middle;
  }
  return low;
}
`
