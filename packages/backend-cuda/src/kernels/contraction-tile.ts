/**
 * Contractions by tiles of the result (an implicit matrix product: convolutions are never unrolled in memory). A block brings a step of both
 * operands to shared memory while it multiplies the step before, and does the work after the sums itself. Where tiles are few, blocks share
 * a tile's sum, and a second launch adds their parts in order.
 */
import { type Affine, type Contraction, type Loop, type Node, sizeOf, type Store, type Roles } from '@cotangent/core/kernel'
import type { Command, EmitContext, Launch, MemoryId } from '../command.ts'
import { type IndexType, indexType } from '../language/address.ts'
import { valueType } from '../language/types.ts'
import type { Core } from './contraction-core.ts'
import { OperandText } from './contraction-operand.ts'
import { denseStrides, finishing } from './contraction-finish.ts'
import { chunkOf } from './contraction-tiling.ts'
import { emitLoop } from './loop.ts'
import { Nodes } from './nodes.ts'
import { indicesOf, onePoint } from './points.ts'
import { mapsOf } from './space.ts'
import { Writer, writtenBy } from './writer.ts'

/** What is stored: a list of nodes over the parallel axes and then the number of the part. */
interface Results {
  readonly nodes: readonly Node[]
  readonly stores: readonly Store[]
  readonly written: ReadonlySet<MemoryId>
}

export function emitTiled(context: EmitContext, roles: Roles, core: Core, wanted: number): readonly Command[] {
  const { contraction, sum } = roles,
    chunk = chunkOf(roles, core, wanted),
    parts = Math.ceil(sum.size / chunk)
  if (parts === 1) {
    const { epilogue, stores } = contraction
    return [
      tile(context, roles, core, { chunk, parts }, { nodes: epilogue, stores, written: writtenBy(asElementwise(contraction), context) }),
    ]
  }
  const size = sizeOf(contraction.extents.slice(0, contraction.parallel)),
    sums = context.temporary({ dtype: contraction.dtype, size: parts * size })
  const map: Affine = { offset: 0, strides: [...denseStrides(roles), size] }
  const results: Results = {
    nodes: [{ op: 'reduced', dtype: contraction.dtype, index: 0 }],
    stores: [{ buffer: sums, map, value: 0 }],
    written: new Set([sums]),
  }
  return [tile(context, roles, core, { chunk, parts }, results), ...emitLoop(context, finishing(roles, sums, parts))]
}

/** The work after the sums as a Loop of its own. */
const asElementwise = ({ extents, parallel, epilogue, stores }: Contraction): Loop => ({
  kind: 'loop',
  extents: extents.slice(0, parallel),
  parallel,
  body: [],
  bodyStores: [],
  reductions: [],
  epilogue,
  stores,
})

interface Cut {
  /** Places of the sum that a block takes. */
  readonly chunk: number
  readonly parts: number
}

function tile(context: EmitContext, roles: Roles, core: Core, cut: Cut, results: Results): Launch {
  const { contraction, batch, rows, columns, sum } = roles,
    { depth, threads, pair } = core
  const writer = new Writer(context, typeOf(context, contraction, results), results.written),
    { type } = writer
  const tiles = [batch.size, cut.parts, Math.ceil(rows.size / core.rows), Math.ceil(columns.size / core.columns)],
    block = indicesOf('block', tiles, type, 't'),
    [member = '0', part = '0', down = '0', across = '0'] = block.indices,
    own = indicesOf('member', batch.extents, type, 'g')
  const fixed = contraction.extents.map((_, k) => (batch.axes.includes(k) ? (own.indices[batch.axes.indexOf(k)] as string) : '0'))
  const a = new OperandText(writer, roles, 'a', { size: core.rows, depth, threads, pair }, fixed),
    b = new OperandText(writer, roles, 'b', { size: core.columns, depth, threads, pair }, fixed)
  const text = [
    `const ${type} block = (${type})blockIdx.x;`,
    ...block.statements,
    `const ${type} member = ${member}, m0 = ${down} * ${core.rows}, n0 = ${across} * ${core.columns};`,
    `const ${type} begin = ${part} * ${cut.chunk}, end = begin + ${cut.chunk} < ${sum.size} ? begin + ${cut.chunk} : ${sum.size};`,
    ...own.statements,
    ...core.declare,
    ...a.declare('m0'),
    ...b.declare('n0'),
    ...pipeline(core, a, b, type),
    ...finish(roles, writer, core, results, [...fixed.slice(0, contraction.parallel), part]),
  ]
  const launch = writer.launch(`product_${rows.size}x${columns.size}x${sum.size}`, text, [sizeOf(tiles), 1, 1], [threads, 1, 1]),
    isPlain = [a, b].every(({ side, unit }) => unit.vector && contraction[side].guards === undefined)
  return { ...launch, resident: core.resident[isPlain ? 0 : 1], functions: core.functions }
}

/** Numbers count blocks, results or terms, never both. */
function typeOf(context: EmitContext, { a, b, extents, parallel }: Contraction, { nodes, stores }: Results): IndexType {
  const loads = [a, b, ...nodes.filter(n => n.op === 'load')],
    maps = [...loads.flatMap(mapsOf), ...nodes.flatMap(mapsOf), ...stores.map(s => s.map)]
  const buffers = [...loads, ...stores].map(n => context.spec(n.buffer))
  return indexType(maps, extents, buffers, Math.max(sizeOf(extents.slice(0, parallel)), sizeOf(extents.slice(parallel))))
}

/** A step is fetched while the one before is multiplied; halves of shared memory take turns. */
const pipeline = (core: Core, a: OperandText, b: OperandText, type: IndexType): readonly string[] => [
  ...a.fetch('begin'),
  ...b.fetch('begin'),
  ...core.put(a, '0'),
  ...core.put(b, '0'),
  'BARRIER();',
  'int half = 0;',
  `for (${type} k0 = begin; k0 < end; k0 += ${core.depth}) {`,
  `const int more = k0 + ${core.depth} < end;`,
  'if (more) {',
  ...a.fetch(`k0 + ${core.depth}`),
  ...b.fetch(`k0 + ${core.depth}`),
  '}',
  ...core.multiply('half'),
  'half ^= 1;',
  'if (more) {',
  ...core.put(a, 'half'),
  ...core.put(b, 'half'),
  '}',
  'BARRIER();',
  '}',
]

/** `indices`: of the batch axes, and the part's; those of rows and columns are found here. */
function finish(roles: Roles, writer: Writer, core: Core, { nodes, stores }: Results, indices: readonly string[]): readonly string[] {
  const { rows, columns, contraction } = roles,
    { type } = writer,
    count = core.phaseRows * core.columns,
    sumType = valueType(contraction.dtype)
  const m = indicesOf('m', rows.extents, type, 'y'),
    n = indicesOf('n', columns.extents, type, 'z')
  const at = indices.map((text, k) =>
    rows.axes.includes(k)
      ? (m.indices[rows.axes.indexOf(k)] as string)
      : columns.axes.includes(k)
        ? (n.indices[columns.axes.indexOf(k)] as string)
        : text,
  )
  const list = new Nodes(nodes, writer, onePoint(at), 'v', [{ text: 'sum', varies: false }])
  for (const store of stores) list.store(store)
  const others = Array.from({ length: core.groups - 1 }, (_, g) => ` + stage[e + ${(g + 1) * count}]`)
  return [
    '#pragma unroll 1',
    `for (int phase = 0; phase < ${core.phases}; phase++) {`,
    ...core.deliver,
    'BARRIER();',
    `for (int e = (int)threadIdx.x; e < ${count}; e += ${core.threads}) {`,
    `const int r = e / ${core.columns};`,
    `const ${type} m = m0 + ${core.row('phase', 'r')}, n = n0 + e % ${core.columns};`,
    `if (m < ${rows.size} && n < ${columns.size}) {`,
    `const ${sumType} sum = stage[e]${others.join('')};`,
    ...m.statements,
    ...n.statements,
    ...list.statements,
    '}',
    '}',
    'BARRIER();',
    '}',
  ]
}
