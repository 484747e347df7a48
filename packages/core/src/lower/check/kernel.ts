/** Checks of one kernel, by kind. Nested kernels are not visited. */
import { computeDType, type DType, isStorage } from '../../dtype.ts'
import { sizeOf } from '../../shape.ts'
import { accessOf, canReplace } from '../access.ts'
import { inDomain } from '../instructions.ts'
import type {
  BufferId,
  BufferSpec,
  Contraction,
  Cumulative,
  Kernel,
  KernelGraph,
  Loop,
  Node,
  Reduction,
  Scatter,
  Sort,
  Store,
} from '../kernel.ts'
import { checkIndirect, checkLoad, checkMap, checkNodes, checkRange, type Complain, isDynamic, type Scope } from './nodes.ts'
import { collide, rangeOf, type StoreMap } from './range.ts'

export function checkKernel(kernel: Kernel, buffers: KernelGraph['buffers'], complain: Complain): void {
  checkAccess(kernel, buffers, complain)
  switch (kernel.kind) {
    case 'loop':
      return checkLoop(kernel, buffers, complain)
    case 'contraction':
      return checkContraction(kernel, buffers, complain)
    case 'scatter':
      return checkScatter(kernel, buffers, complain)
    case 'sort':
      return checkSort(kernel, buffers, complain)
    case 'cumulative':
      return checkCumulative(kernel, buffers, complain)
    case 'while':
      return checkScalar(kernel.predicate, 'bool', 'predicate', buffers, complain)
    case 'scan':
      checkSize(kernel.length, 'length', complain)
      return checkScalar(kernel.counter, 'int32', 'counter', buffers, complain)
    case 'branch':
      if (kernel.branches.length === 0) complain('has no branches')
      return checkScalar(kernel.index, 'int32', 'index', buffers, complain)
  }
}

/** Buffers exist, are writable where written, and are not read and written at once except in place. */
function checkAccess(kernel: Kernel, buffers: KernelGraph['buffers'], complain: Complain): void {
  const { reads, writes } = accessOf(kernel, buffers)
  for (const id of [...reads, ...writes]) if (buffers[id] === undefined) complain(`there is no buffer b${id}`)
  for (const id of writes) {
    const kind = buffers[id]?.place.kind
    if (kind === 'input' || kind === 'constant') complain(`writes b${id}, which is ${kind === 'input' ? 'an input' : 'a constant'}`)
    if (kernel.kind !== 'scatter' && reads.has(id) && !canReplace(kernel, id, id, buffers))
      complain(`writes b${id} and reads it at other places`)
  }
}

function checkSpace(extents: readonly number[], parallel: number, complain: Complain): void {
  for (const e of extents) checkSize(e, 'extent', complain)
  if (!Number.isInteger(parallel) || parallel < 0 || parallel > extents.length) complain(`${parallel} parallel axes of ${extents.length}`)
}

function checkSize(n: number, what: string, complain: Complain): void {
  if (!Number.isSafeInteger(n) || n < 0) complain(`${what} ${n} is no size`)
}

function checkLoop(kernel: Loop, buffers: readonly BufferSpec[], complain: Complain): void {
  const { extents, parallel, body, bodyStores, reductions, epilogue, stores } = kernel
  checkSpace(extents, parallel, complain)
  if (parallel === extents.length && body.length + bodyStores.length + reductions.length > 0) complain('has a body but no reduced axes')
  const inBody: Scope = { buffers, extents, complain: p => complain(`body: ${p}`) }
  checkNodes(body, inBody)
  reductions.forEach((r, i) => checkReduction(r, body, extents.slice(parallel), p => complain(`reduction ${i} (${r.op}): ${p}`)))
  const inEpilogue: Scope = {
    buffers,
    extents: extents.slice(0, parallel),
    reduced: reductions.map(r => r.dtype),
    complain: p => complain(`epilogue: ${p}`),
  }
  checkNodes(epilogue, inEpilogue)
  checkStores(
    [
      [bodyStores, body, inBody],
      [stores, epilogue, inEpilogue],
    ],
    complain,
  )
}

function checkReduction(
  { op, dtype, value, index }: Reduction,
  body: readonly Node[],
  reduced: readonly number[],
  complain: Complain,
): void {
  const found = body[value]?.dtype ?? complain(`there is no node ${value}`)
  const arg = op === 'argmax' || op === 'argmin'
  if (dtype !== (arg ? 'int32' : found)) complain(`gives ${dtype}, but node ${value} is ${found}`)
  const domain = op === 'sum' || op === 'prod' ? 'number' : op === 'and' || op === 'or' || op === 'xor' ? 'bitwise' : 'any'
  if (!inDomain(domain, dtype)) complain(`does not take ${dtype}`)
  if (arg && body[index ?? -1]?.dtype !== 'int32') complain('needs an int32 node as index')
  if (!arg && index !== undefined) complain('has no use for an index')
  if (arg && reduced.includes(0)) complain('of nothing is undefined')
}

function checkContraction(kernel: Contraction, buffers: readonly BufferSpec[], complain: Complain): void {
  const { extents, parallel, dtype, a, b, epilogue, stores } = kernel
  checkSpace(extents, parallel, complain)
  if (dtype === 'bool') complain('does not take bool')
  for (const [name, load] of [
    ['a', a],
    ['b', b],
  ] as const) {
    const named: Complain = p => complain(`operand ${name}: ${p}`)
    if (load.dtype !== dtype) named(`is ${load.dtype}, not ${dtype}`)
    if ((load.indirect ?? []).length > 0) named('has indirect terms')
    checkLoad(load, [], { buffers, extents, complain: named })
  }
  const scope: Scope = {
    buffers,
    extents: extents.slice(0, parallel),
    reduced: [dtype],
    complain: p => complain(`epilogue: ${p}`),
  }
  checkNodes(epilogue, scope)
  checkStores([[stores, epilogue, scope]], complain)
}

function checkStores(lists: readonly (readonly [readonly Store[], readonly Node[], Scope])[], complain: Complain): void {
  const targets = new Map<BufferId, StoreMap[]>()
  for (const [stores, nodes, scope] of lists) {
    for (const { buffer, map, value } of stores) {
      const dtype = nodes[value]?.dtype ?? complain(`store to b${buffer}: there is no node ${value}`)
      checkTarget(buffer, dtype, map, { ...scope, complain: p => scope.complain(`store to b${buffer}: ${p}`) })
      targets.set(buffer, [...(targets.get(buffer) ?? []), { map, extents: scope.extents }])
    }
  }
  for (const [buffer, maps] of targets) if (collide(maps)) complain(`stores twice to one element of b${buffer}`)
}

function checkTarget(buffer: BufferId, dtype: DType, map: Store['map'], scope: Scope): void {
  const { buffers, extents, complain } = scope
  const spec = buffers[buffer] as BufferSpec
  if (computeDType(spec.dtype) !== dtype) complain(`the value is ${dtype}, the buffer ${spec.dtype}`)
  checkMap(map, scope)
  const range = isDynamic(map) || extents.includes(0) ? undefined : rangeOf(map, extents, [])
  if (range !== undefined) checkRange(range, buffer, spec, complain)
}

function checkScatter(kernel: Scatter, buffers: readonly BufferSpec[], complain: Complain): void {
  const { extents, body, buffer, combine, map, indirect, value, where } = kernel
  checkSpace(extents, extents.length, complain)
  const scope: Scope = { buffers, extents, complain }
  checkNodes(body, scope)
  const dtype = body[value]?.dtype ?? complain(`there is no node ${value}`)
  if (isStorage(buffers[buffer]?.dtype ?? dtype)) complain(`does not update ${buffers[buffer]?.dtype}: widen it first`)
  checkIndirect(indirect, body, complain)
  if (indirect.length === 0) checkTarget(buffer, dtype, map, scope)
  else if (buffers[buffer]?.dtype !== dtype) complain(`the value is ${dtype}, the buffer ${buffers[buffer]?.dtype}`)
  checkMap(map, scope)
  if ((combine === 'add' || combine === 'mul') && dtype === 'bool') complain(`${combine} does not take bool`)
  if (where !== undefined && body[where]?.dtype !== 'bool') complain(`where is node ${where}, which is no bool`)
  if (body.some(n => n.op === 'load' && n.buffer === buffer)) complain(`reads b${buffer}, into which it scatters`)
}

function checkSort({ rows, length, inputs, outputs }: Sort, buffers: readonly BufferSpec[], complain: Complain): void {
  checkSize(rows, 'row count', complain)
  checkSize(length, 'length', complain)
  if (inputs.length === 0 || inputs.length !== outputs.length) complain(`${inputs.length} inputs and ${outputs.length} outputs`)
  if (new Set(outputs).size < outputs.length) complain('writes an output twice')
  inputs.forEach((id, i) => {
    const from = buffers[id] as BufferSpec,
      to = buffers[outputs[i] as BufferId] as BufferSpec
    if (isStorage(from.dtype)) complain(`does not take ${from.dtype}: widen it first`)
    if (from.dtype !== to.dtype) complain(`output ${i} is ${to.dtype}, input ${i} ${from.dtype}`)
    for (const { size } of [from, to]) if (size !== rows * length) complain(`${rows} rows of ${length} in a buffer of ${size}`)
  })
}

function checkCumulative(
  { op, dtype, outer, length, inner, input, output }: Cumulative,
  buffers: readonly BufferSpec[],
  complain: Complain,
): void {
  for (const n of [outer, length, inner]) checkSize(n, 'extent', complain)
  if (isStorage(dtype)) complain(`does not take ${dtype}: widen it first`)
  if ((op === 'sum' || op === 'prod') && dtype === 'bool') complain(`${op} does not take bool`)
  for (const id of [input, output]) {
    const spec = buffers[id] as BufferSpec,
      needed = sizeOf([outer, length, inner])
    if (spec.dtype !== dtype) complain(`b${id} is ${spec.dtype}, not ${dtype}`)
    if (spec.size !== needed) complain(`[${outer}, ${length}, ${inner}] in b${id}, which has ${spec.size}`)
  }
}

function checkScalar(id: BufferId, dtype: DType, what: string, buffers: readonly BufferSpec[], complain: Complain): void {
  const spec = buffers[id] as BufferSpec
  if (spec.dtype !== dtype || spec.size < 1) complain(`the ${what} b${id} is ${spec.dtype} of ${spec.size}, not one ${dtype}`)
}
