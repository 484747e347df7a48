/**
 * Sorts rows of items: tiles by a bitonic network in shared memory (Batcher, "Sorting networks and their applications", 1968), then merges runs
 * of tiles, twice as long each time. A block merges a tile of the result: where it begins and ends in the two runs is found by bisection, the
 * parts go to shared memory, and each thread merges a few neighbours. Every pass reads and writes each item once, in order.
 */
import { fail } from '@cotangent/core/kernel'
import type { Command, EmitContext, Launch, MemoryId } from '../command.ts'
import type { IndexType } from '../language/address.ts'
import { type ItemKind, itemMemory } from './sort-items.ts'
import { Writer } from './writer.ts'

export interface ItemSort {
  readonly kind: ItemKind
  readonly rows: number
  readonly length: number
  readonly type: IndexType
  /** What `finish` stores to. */
  readonly written: readonly MemoryId[]
  /** The key of a place of a row. */
  key(writer: Writer, row: string, place: string): { readonly statements: readonly string[]; readonly key: string }
  /** What to do with item number `place` of a sorted row: it was at place `from`, and is named `item`. */
  finish(writer: Writer, row: string, place: string, from: string): readonly string[]
}

const THREADS = 256
/** Pairs of neighbours up to this distance lie with the lanes of one warp. */
const WARP = 32
/** Elements of a row: places, and twice the length of a run, are ints. */
const MOST = 2 ** 30

export function sortItems(context: EmitContext, sort: ItemSort): readonly Command[] {
  const { kind, rows, length } = sort,
    { tile } = kind
  if (length > MOST)
    fail(
      'BackendError',
      `cuda: sorts rows of at most 2^30 elements, got ${length} (a scatter that combines floats sorts its updates). Use smaller parts.`,
    )
  if (length <= tile) return [sortTiles(context, sort, undefined)]
  const memory = (): MemoryId => context.temporary(itemMemory(kind, rows * length))
  let from = memory(),
    to = memory()
  const commands: Command[] = [sortTiles(context, sort, from)]
  for (let run = tile; run < length; run *= 2) {
    commands.push(merge(context, sort, run, from, 2 * run < length ? to : undefined))
    ;[from, to] = [to, from]
  }
  return commands
}

const writerFor = (context: EmitContext, { type, written }: ItemSort, to: MemoryId | undefined): Writer =>
  new Writer(context, type, new Set(to === undefined ? written : [to]))

/** Stores an item, or finishes with it where there is no memory to store to. */
function deliver(writer: Writer, sort: ItemSort, to: MemoryId | undefined): readonly string[] {
  const { kind, length } = sort
  if (to === undefined) return sort.finish(writer, 'row', 'place', `${kind.name}_place(item)`)
  return [`((${kind.name}*)${writer.memory(to)})[row * ${length} + place] = item;`]
}

function sortTiles(context: EmitContext, sort: ItemSort, to: MemoryId | undefined): Launch {
  const { kind, rows, length, type } = sort,
    { name } = kind,
    writer = writerFor(context, sort, to)
  const tile = length > kind.tile ? kind.tile : Math.max(2, 2 ** Math.ceil(Math.log2(length))),
    perRow = Math.ceil(length / tile),
    tiles = rows * perRow
  // Short rows share a block.
  const perBlock = Math.min(kind.tile / tile, 2 ** Math.ceil(Math.log2(tiles))),
    count = perBlock * tile,
    threads = Math.max(WARP, Math.min(THREADS, count / 2))
  const { statements, key } = sort.key(writer, 'row', 'place')
  const each = (before: string, body: readonly string[]): readonly string[] => [
    `for (int e = (int)threadIdx.x; e < ${count}; e += ${threads}) {`,
    `const ${type} t = (${type})blockIdx.x * ${perBlock} + e / ${tile}, row = ${perRow === 1 ? 't' : `t / ${perRow}`};`,
    `const int place = ${perRow === 1 ? '' : `(int)(t % ${perRow}) * ${tile} + `}e % ${tile};`,
    before,
    `if (row < ${rows} && place < ${length}) {`,
    ...body,
    '}',
  ]
  const text = [
    `SHARED(${name}, s, ${count});`,
    ...each(`${name} item = ${name}_last();`, [...statements, `item = ${name}_of(${key}, place);`]),
    's[e] = item;',
    '}',
    'BARRIER();',
    ...network(name, tile, count, threads),
    ...each(`const ${name} item = s[e];`, deliver(writer, sort, to)),
    '}',
  ]
  return launch(writer, kind, 'sort_tiles', text, Math.ceil(tiles / perBlock), threads)
}

/** Sorts groups of `tile` of the `count` items of `s`; all threads may then read them. */
const network = (name: string, tile: number, count: number, threads: number): readonly string[] => [
  `for (int size = 2; size <= ${tile}; size *= 2)`,
  'for (int stride = size / 2; stride > 0; stride /= 2) {',
  `for (int c = (int)threadIdx.x; c < ${count / 2}; c += ${threads}) {`,
  'const int i = 2 * c - (c & (stride - 1)), j = i + stride;',
  `const ${name} x = s[i], y = s[j];`,
  `if (${name}_less(y, x) == ((i & size & ${tile - 1}) == 0)) { s[i] = y; s[j] = x; }`,
  '}',
  // Up to a distance of a warp, warps read only what they wrote.
  `if (stride > ${WARP} || (stride > 1 ? stride / 2 : size) > ${WARP} || (stride == 1 && size == ${tile})) BARRIER();`,
  'else WARP_BARRIER();',
  '}',
]

/** Merges pairs of runs of `run` items. */
function merge(context: EmitContext, sort: ItemSort, run: number, from: MemoryId, to: MemoryId | undefined): Launch {
  const { kind, rows, length, type } = sort,
    { name, tile } = kind,
    writer = writerFor(context, sort, to),
    tiles = Math.ceil(length / tile),
    each = tile / THREADS
  const width = writer.size('width', run),
    items = writer.memory(from)
  const text = [
    `const ${type} row = (${type})blockIdx.x / ${tiles};`,
    `const int o = (int)(blockIdx.x % ${tiles}u) * ${tile}, w = (int)${width}, start = o - o % (2 * w), d = o - start;`,
    `const ${name}* const a = (const ${name}*)${items} + row * ${length} + start;`,
    `const int left = ${length} - start, na = left < w ? left : w, nb = left - na < w ? left - na : w;`,
    `const int n = na + nb - d < ${tile} ? na + nb - d : ${tile};`,
    `SHARED(int, ends, 2);`,
    `SHARED(${name}, s, ${tile});`,
    `SHARED(${name}, merged, ${tile});`,
    `if (threadIdx.x < 2) ends[threadIdx.x] = ${name}_path(a, na, a + na, nb, threadIdx.x == 0 ? d : d + n);`,
    'BARRIER();',
    'const int a0 = ends[0], ma = ends[1] - a0, mb = n - ma;',
    `for (int e = (int)threadIdx.x; e < n; e += ${THREADS}) s[e] = e < ma ? a[a0 + e] : a[na + d - a0 + (e - ma)];`,
    'BARRIER();',
    ...mergeShared(name, each),
    `for (int e = (int)threadIdx.x; e < n; e += ${THREADS}) {`,
    `const int place = o + e;`,
    `const ${name} item = merged[e];`,
    ...deliver(writer, sort, to),
    '}',
  ]
  return launch(writer, kind, 'sort_merge', text, rows * tiles, THREADS)
}

/** Merges the first `ma` and the other `mb` of the `n` items of `s` into `merged`, `each` a thread. */
const mergeShared = (name: string, each: number): readonly string[] => [
  `const int e0 = (int)threadIdx.x * ${each}, e1 = e0 + ${each} < n ? e0 + ${each} : n;`,
  'if (e0 < n) {',
  `int i = ${name}_path(s, ma, s + ma, mb, e0), j = ma + e0 - i;`,
  'for (int e = e0; e < e1; e++) {',
  `const int first = j >= n || (i < ma && ${name}_less(s[i], s[j]));`,
  'merged[e] = s[first ? i : j];',
  'if (first) i++;',
  'else j++;',
  '}',
  '}',
  'BARRIER();',
]

function launch(writer: Writer, { functions }: ItemKind, name: string, text: readonly string[], blocks: number, threads: number): Launch {
  return { ...writer.launch(name, text, [blocks, 1, 1], [threads, 1, 1]), functions }
}
