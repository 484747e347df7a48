/** Random kernels of every kind over a draft. Each appends to `draft.kernels` and reads only buffers that hold values by then. */
import { type ComputeDType, isFloat } from '../../src/dtype.ts'
import type { InstructionName } from '../../src/lower/instructions.ts'
import type { BufferId, Contraction, Kernel, KernelKind, Load, Loop, NodeId, Scatter, Store } from '../../src/lower/kernel.ts'
import { sizeOf } from '../../src/shape.ts'
import { bijection, type Draft, drawLoad } from './draft.ts'
import { NodeList } from './drawNodes.ts'

export interface KernelChoices {
  readonly kinds: readonly KernelKind[]
  readonly instructions: readonly InstructionName[]
}

type DrawKernel = (draft: Draft, options: KernelChoices, depth: number) => void

const drawers: Record<KernelKind, DrawKernel> = {
  loop: drawLoop,
  contraction: drawContraction,
  scatter: drawScatter,
  sort: drawSort,
  cumulative: drawCumulative,
  while: drawWhile,
  scan: drawScan,
  branch: drawBranch,
}

const control: readonly KernelKind[] = ['while', 'scan', 'branch']

/** Control flow nests at most `depth` times. */
export function drawKernels(draft: Draft, count: number, options: KernelChoices, depth: number): void {
  const kinds = options.kinds.filter(k => depth > 0 || !control.includes(k))
  for (let i = 0; i < count; i++) drawers[draft.choices.pick(kinds)](draft, options, depth)
}

/** Appends a kernel; what it stores is readable from now on. */
function emit(draft: Draft, kernel: Kernel, written: readonly BufferId[]): void {
  draft.kernels.push(kernel)
  for (const id of written) draft.readable.add(id)
}

/** A buffer to write in full: a new one, or now and then one that held something else before. */
function drawTarget(draft: Draft, dtype: ComputeDType, size: number, forbidden: (id: BufferId) => boolean): BufferId {
  const { choices } = draft
  const old = draft.candidates(
    (b, id) => b.dtype === dtype && b.size === size && b.place.kind !== 'input' && !draft.locked.has(id) && !forbidden(id),
  )
  // Nested kernels may not run at all: what only they write is undefined afterwards. So they write to buffers from before as well.
  if (old.length > 0 && choices.chance(draft.nesting > 0 ? 50 : 25)) return choices.pick(old)
  return draft.nesting === 0 && choices.chance(35) ? draft.output(dtype, size) : draft.temporary(dtype, size)
}

/** Nodes to store: one, or two for the halves of a buffer. They are drawn before all targets, since what they load is no target. */
interface StoredValue {
  readonly value: NodeId
  readonly second: NodeId | undefined
}

const drawStoredValues = ({ choices }: Draft, list: NodeList, most: number): StoredValue[] =>
  Array.from({ length: choices.between(1, most) }, () => {
    const value = choices.chance(60) ? list.nodes.length - 1 : choices.below(list.nodes.length)
    return { value, second: choices.chance(15) ? list.value(list.dtypeOf(value)) : undefined }
  })

/** Stores of nodes of `list`, each a one-to-one map of its extents onto a buffer, or two halves of one buffer. */
function drawStores(draft: Draft, list: NodeList, values: readonly StoredValue[], forbidden: (id: BufferId) => boolean): Store[] {
  const { choices } = draft,
    points = sizeOf(list.extents),
    stores: Store[] = []
  for (const { value, second } of values) {
    const dtype = list.dtypeOf(value)
    const buffer = drawTarget(
      draft,
      dtype,
      second === undefined ? points : 2 * points,
      id => forbidden(id) || stores.some(s => s.buffer === id),
    )
    const map = bijection(list.extents, choices)
    stores.push({ buffer, map, value })
    if (second !== undefined) stores.push({ buffer, map: { ...map, offset: map.offset + points }, value: second })
  }
  return stores
}

function drawLoop(draft: Draft, options: KernelChoices): void {
  const { choices } = draft
  const extents = draft.extents(),
    parallel = choices.chance(50) ? extents.length : choices.below(Math.max(1, extents.length))
  const hasReduced = parallel < extents.length
  const body = new NodeList(draft, extents)
  if (hasReduced) for (let n = choices.between(1, 5); n > 0; n--) body.instruction(options.instructions)
  const reductions = hasReduced ? Array.from({ length: choices.between(1, 2) }, () => body.reduction(parallel)) : []
  const epilogue = new NodeList(
    draft,
    extents.slice(0, parallel),
    reductions.map((r, index) => ({ op: 'reduced', dtype: r.dtype, index })),
  )
  for (let n = choices.between(hasReduced ? 0 : 1, 6); n > 0; n--) epilogue.instruction(options.instructions)
  const loaded = (id: BufferId): boolean => body.loads(id) || epilogue.loads(id)
  const values = drawStoredValues(draft, epilogue, 2)
  const bodyValues = hasReduced && choices.chance(20) ? drawStoredValues(draft, body, 1) : []
  const stores = drawStores(draft, epilogue, values, loaded)
  const bodyStores = drawStores(draft, body, bodyValues, id => loaded(id) || stores.some(s => s.buffer === id))
  const loop: Loop = {
    kind: 'loop',
    extents,
    parallel,
    body: body.nodes,
    bodyStores,
    reductions,
    epilogue: epilogue.nodes,
    stores,
  }
  emit(
    draft,
    loop,
    [...stores, ...bodyStores].map(s => s.buffer),
  )
}

/** Float operands are input buffers, whose small values make the sum exact. */
function drawContraction(draft: Draft, options: KernelChoices): void {
  const { choices } = draft
  const numbers = draft.dtypes.filter(d => d !== 'bool')
  if (numbers.length === 0) return
  const dtype = draft.dtype(numbers),
    extents = draft.extents(),
    parallel = choices.below(extents.length + 1)
  const operand = (): Load => drawLoad(draft, dtype, extents, { accept: b => !isFloat(dtype) || b.place.kind === 'input' })
  const a = operand(),
    b = operand()
  const epilogue = new NodeList(draft, extents.slice(0, parallel), [{ op: 'reduced', dtype, index: 0 }])
  for (let n = choices.below(4); n > 0; n--) epilogue.instruction(options.instructions)
  const values = drawStoredValues(draft, epilogue, 2)
  const stores = drawStores(draft, epilogue, values, id => epilogue.loads(id) || a.buffer === id || b.buffer === id)
  const kernel: Contraction = { kind: 'contraction', extents, parallel, dtype, a, b, epilogue: epilogue.nodes, stores }
  emit(
    draft,
    kernel,
    stores.map(s => s.buffer),
  )
}

function drawScatter(draft: Draft, options: KernelChoices): void {
  const { choices } = draft
  const targets = draft.candidates((b, id) => b.place.kind !== 'input' && b.size > 0 && !draft.locked.has(id))
  if (targets.length === 0 || !draft.dtypes.includes('int32')) return drawLoop(draft, options)
  const buffer = choices.pick(targets),
    dtype = draft.dtypeOf(buffer),
    { size } = draft.bufferOf(buffer)
  const before = draft.readable
  draft.readable = new Set([...before].filter(id => id !== buffer))
  const extents = draft.extents(),
    body = new NodeList(draft, extents)
  for (let n = choices.below(3); n > 0; n--) body.instruction(options.instructions)
  const index = body.index(size),
    value = body.value(dtype)
  const where = choices.chance(40) && draft.dtypes.includes('bool') ? { where: body.value('bool') } : {}
  for (const id of draft.readable) before.add(id)
  draft.readable = before
  const combine = choices.pick<Scatter['combine']>(dtype === 'bool' ? ['set', 'min', 'max'] : ['set', 'add', 'mul', 'min', 'max'])
  const map = { offset: 0, strides: extents.map(() => 0) }
  emit(
    draft,
    {
      kind: 'scatter',
      extents,
      body: body.nodes,
      buffer,
      combine,
      map,
      indirect: [{ index, stride: 1 }],
      value,
      ...where,
    },
    [],
  )
}

function drawSort(draft: Draft, options: KernelChoices): void {
  const { choices } = draft
  const keys = draft.candidates(() => true)
  if (keys.length === 0) return drawLoop(draft, options)
  const key = choices.pick(keys),
    { size } = draft.bufferOf(key)
  const followers = draft.candidates((b, id) => b.size === size && id !== key)
  const inputs = [key, ...(followers.length > 0 && choices.chance(50) ? [choices.pick(followers)] : [])]
  const rows = choices.pick([1, 2, 3, 4].filter(r => size % r === 0))
  const outputs: BufferId[] = []
  for (const id of inputs) outputs.push(drawTarget(draft, draft.dtypeOf(id), size, t => inputs.includes(t) || outputs.includes(t)))
  emit(draft, { kind: 'sort', rows, length: size / rows, inputs, outputs }, outputs)
}

function drawCumulative(draft: Draft, options: KernelChoices): void {
  const { choices } = draft
  const sources = draft.candidates(b => b.dtype !== 'bool')
  if (sources.length === 0) return drawLoop(draft, options)
  const input = choices.pick(sources),
    dtype = draft.dtypeOf(input),
    { size, place } = draft.bufferOf(input)
  const ops = isFloat(dtype)
    ? place.kind === 'input'
      ? (['sum', 'max', 'min'] as const)
      : (['max', 'min'] as const)
    : (['sum', 'prod', 'max', 'min'] as const)
  const outer = choices.pick([1, 2, 3].filter(n => size % n === 0)),
    inner = choices.pick([1, 2].filter(n => (size / outer) % n === 0))
  const output = drawTarget(draft, dtype, size, id => id === input)
  emit(
    draft,
    {
      kind: 'cumulative',
      op: choices.pick(ops),
      dtype,
      outer,
      length: size / outer / inner,
      inner,
      reverse: choices.chance(50),
      input,
      output,
    },
    [output],
  )
}

/** A loop over one point that stores `value(list)` in element 0 of `buffer`. */
function emitScalar(draft: Draft, buffer: BufferId, value: (list: NodeList) => number): void {
  const list = new NodeList(draft, [])
  const store = { buffer, map: { offset: 0, strides: [] }, value: value(list) }
  emit(
    draft,
    {
      kind: 'loop',
      extents: [],
      parallel: 0,
      body: [],
      bodyStores: [],
      reductions: [],
      epilogue: list.nodes,
      stores: [store],
    },
    [buffer],
  )
}

const loadScalar = (list: NodeList, buffer: BufferId, dtype: ComputeDType): number =>
  list.push({ op: 'load', buffer, dtype, map: { offset: 0, strides: [] } })

function drawScan(draft: Draft, options: KernelChoices, depth: number): void {
  const { choices } = draft
  const length = choices.between(1, 4),
    counter = draft.temporary('int32', 1)
  draft.locked.add(counter)
  const { kernels: body } = draft.nested(() => {
    draft.readable.add(counter)
    drawKernels(draft, choices.between(1, 4), options, depth - 1)
  }, [{ buffer: counter, extent: length }])
  emit(draft, { kind: 'scan', length, reverse: choices.chance(40), counter, body }, [])
}

function drawWhile(draft: Draft, options: KernelChoices, depth: number): void {
  const { choices } = draft
  const limit = choices.below(4),
    counter = draft.temporary('int32', 1),
    predicate = draft.temporary('bool', 1)
  emitScalar(draft, counter, list => list.constant('int32', 0))
  draft.locked.add(counter).add(predicate)
  const { kernels: condition } = draft.nested(() => {
    if (choices.chance(30)) drawKernels(draft, 1, options, 0)
    emitScalar(draft, predicate, list =>
      list.push({ op: 'lt', dtype: 'bool', args: [loadScalar(list, counter, 'int32'), list.constant('int32', limit)] }),
    )
  })
  const { kernels: body } = draft.nested(() => {
    drawKernels(draft, choices.between(1, 3), options, depth - 1)
    emitScalar(draft, counter, list =>
      list.push({ op: 'add', dtype: 'int32', args: [loadScalar(list, counter, 'int32'), list.constant('int32', 1)] }),
    )
  }, [{ buffer: counter, extent: Math.max(1, limit) }])
  emit(draft, { kind: 'while', condition, predicate, body }, [])
}

function drawBranch(draft: Draft, options: KernelChoices, depth: number): void {
  const { choices } = draft
  const count = choices.between(1, 3),
    index = draft.temporary('int32', 1)
  emitScalar(draft, index, list => list.index(count))
  draft.locked.add(index)
  const branches = Array.from({ length: count }, () => draft.nested(() => drawKernels(draft, choices.below(3), options, depth - 1)))
  const [first, ...others] = branches.map(b => b.readable) as [Set<BufferId>, ...Set<BufferId>[]]
  const everywhere = [...first].filter(id => others.every(o => o.has(id)))
  emit(draft, { kind: 'branch', index, branches: branches.map(b => b.kernels) }, everywhere)
}
