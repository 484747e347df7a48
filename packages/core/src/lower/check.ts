/** The invariants that kernel.ts states, checked. Runs in tests after every lowering. */
import { hostArray } from '../dtype.ts'
import { fail } from '../errors.ts'
import { accessOf, canReplace } from './access.ts'
import { checkKernel } from './check/kernel.ts'
import { type BufferId, bytesOf, type Kernel, type KernelGraph } from './kernel.ts'
import { type Interval, type Liveness, livenessOf } from './liveness.ts'

/** Throws an InternalError that names the first kernel or buffer at fault. */
export function checkKernels(graph: KernelGraph): void {
  checkPlacements(graph)
  checkList(graph.kernels, '', [], graph)
  const liveness = livenessOf(graph)
  checkWritten(graph, liveness)
  checkArena(graph, liveness)
  checkDonations(graph, liveness)
}

const complain = (where: string, problem: string): never =>
  fail('InternalError', `${where}: ${problem}. This is a fault in Cotangent: please report it.`)

type Buffer = KernelGraph['buffers'][number]

/** Places, lists of inputs and outputs, and sizes agree. */
function checkPlacements({ buffers, inputs, outputs, arena }: KernelGraph): void {
  buffers.forEach(({ dtype, size, place }, id) => {
    const where = `buffer b${id}`
    if (!Number.isSafeInteger(size) || size < 0) complain(where, `${size} is no size`)
    if (place.kind === 'input' && inputs[place.index] !== id) complain(where, `is not input ${place.index}`)
    if (place.kind === 'output' && outputs[place.index] !== id) complain(where, `is not result ${place.index}`)
    if (place.kind === 'constant' && place.data.byteLength < hostArray(dtype, size).byteLength)
      complain(where, `has ${place.data.byteLength} bytes for ${size} ${dtype}`)
    if (place.kind === 'temporary' && (place.offset % 64 !== 0 || place.offset < 0 || place.offset + size * bytesOf(dtype) > arena))
      complain(where, `offset ${place.offset} does not suit an arena of ${arena} bytes`)
  })
  inputs.forEach((id, i) => {
    if (buffers[id]?.place.kind !== 'input') complain(`input ${i}`, `b${id} is no input`)
  })
  outputs.forEach((id, i) => {
    const kind = buffers[id]?.place.kind
    if (kind === undefined || kind === 'temporary') complain(`result ${i}`, `b${id} cannot be a result`)
    if (kind === 'output' && outputs.indexOf(id) !== i) complain(`result ${i}`, `b${id} is result ${outputs.indexOf(id)} already`)
  })
}

/** `control`: the counters and indices of the constructs around the list. */
function checkList(kernels: readonly Kernel[], path: string, control: readonly BufferId[], graph: KernelGraph): void {
  kernels.forEach((kernel, i) => {
    const where = `${path}kernel ${i} (${kernel.kind})`
    for (const id of accessOf(kernel, graph.buffers).writes)
      if (control.includes(id)) complain(where, `writes b${id}, which controls a construct around it`)
    checkKernel(kernel, graph.buffers, problem => complain(where, problem))
    const nested = (list: readonly Kernel[], name: string, own: readonly BufferId[]): void =>
      checkList(list, `${where} ${name} > `, [...control, ...own], graph)
    if (kernel.kind === 'while') {
      nested(kernel.condition, 'condition', [])
      nested(kernel.body, 'body', [])
    }
    if (kernel.kind === 'scan') nested(kernel.body, 'body', [kernel.counter])
    if (kernel.kind === 'branch') kernel.branches.forEach((b, k) => nested(b, `branch ${k}`, [kernel.index]))
  })
}

function checkWritten({ buffers, outputs, kernels }: KernelGraph, { unwritten }: Liveness): void {
  for (const id of unwritten) if ((buffers[id] as Buffer).size > 0) complain(`buffer b${id}`, 'is read before it is written')
  const written = new Set<BufferId>()
  forEachKernel(kernels, kernel => accessOf(kernel, buffers).writes.forEach(id => written.add(id)))
  outputs.forEach((id, i) => {
    const { place, size } = buffers[id] as Buffer
    if (place.kind === 'output' && size > 0 && !written.has(id)) complain(`result ${i}`, `no kernel writes b${id}`)
  })
}

/** Visits nested kernels too. */
function forEachKernel(kernels: readonly Kernel[], visit: (kernel: Kernel) => void): void {
  for (const kernel of kernels) {
    visit(kernel)
    if (kernel.kind === 'while') forEachKernel(kernel.condition, visit)
    if (kernel.kind === 'while' || kernel.kind === 'scan') forEachKernel(kernel.body, visit)
    if (kernel.kind === 'branch') for (const branch of kernel.branches) forEachKernel(branch, visit)
  }
}

/** Temporaries that share bytes are not live together, unless one succeeds the other in place. */
function checkArena({ buffers }: KernelGraph, { intervals, kernels }: Liveness): void {
  const used = buffers.flatMap(({ place, dtype, size }, id) => {
    const interval = intervals[id]
    return place.kind === 'temporary' && interval !== undefined && size > 0
      ? [{ id, interval, begin: place.offset, end: place.offset + size * bytesOf(dtype) }]
      : []
  })
  used.sort((a, b) => a.begin - b.begin)
  used.forEach((a, i) => {
    for (let k = i + 1; k < used.length && (used[k] as typeof a).begin < a.end; k++) {
      const b = used[k] as typeof a
      const succeeds = a.begin === b.begin && (follows(a, b) || follows(b, a))
      if (overlap(a.interval, b.interval) && !succeeds) complain(`buffers b${a.id} and b${b.id}`, 'share memory while both are live')
    }
  })
  function follows(a: (typeof used)[number], b: (typeof used)[number]): boolean {
    const kernel = kernels[b.interval.first]
    return a.interval.last === b.interval.first && kernel !== undefined && canReplace(kernel, a.id, b.id, buffers)
  }
}

const overlap = (a: Interval, b: Interval): boolean => a.first <= b.last && b.first <= a.last

/** A donated input is not used after its result has been written over it. */
function checkDonations({ buffers, inputs, outputs, donations }: KernelGraph, { intervals, kernels }: Liveness): void {
  if (donations.length !== inputs.length) complain('donations', `${donations.length} for ${inputs.length} inputs`)
  donations.forEach((output, i) => {
    if (output < 0) return
    const where = `donation of input ${i} to result ${output}`
    const source = inputs[i] as BufferId,
      target = outputs[output] ?? complain(where, 'there is no such result')
    const from = buffers[source] as Buffer,
      to = buffers[target] as Buffer
    if (to.place.kind !== 'output') complain(where, `b${target} is not a result of its own`)
    if (donations.indexOf(output) !== i) complain(where, `input ${donations.indexOf(output)} is donated to it already`)
    if (from.dtype !== to.dtype || from.size !== to.size) complain(where, `${from.size} ${from.dtype} become ${to.size} ${to.dtype}`)
    const last = intervals[source]?.last ?? 0,
      first = intervals[target]?.first ?? Infinity,
      kernel = kernels[first]
    const safe = last < first || (last === first && kernel !== undefined && canReplace(kernel, source, target, buffers))
    if (!safe) complain(where, `b${source} is used after b${target} is written`)
  })
}
