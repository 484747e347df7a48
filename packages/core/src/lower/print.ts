/** Kernels as text, for `explain` and golden tests. The same graph always gives the same text. */
import { shortDType } from '../dtype.ts'
import {
  type BufferId,
  bytesOf,
  type Contraction,
  type Cumulative,
  type Kernel,
  type KernelGraph,
  type Loop,
  type Scatter,
  type Sort,
  type Store,
} from './kernel.ts'
import { axisName, printAddress, printAffine, printLoad } from './print/address.ts'
import { type Expressions, printConstant, printNodes } from './print/expression.ts'

/**
 * The memory plan, then the kernels in order:
 *
 *     2 inputs (8 B), 1 result (4 B), arena 64 B
 *       b0  f32 x 1  input 0, donated to result 0
 *     ...
 *     0: loop [i 64 | j 784]
 *          r0 = sum(b0[784i + j])
 *          b1[i] = r0 / 784
 *
 * Axes are named i, j, k, ...; the ones after `|` are reduced. A result of reduction n is rn. A guarded load reads
 * `(condition ? element : 0)`.
 */
export function printKernels(graph: KernelGraph): string {
  return [...printMemory(graph), ...printList(graph.kernels)].join('\n')
}

function printMemory({ buffers, inputs, outputs, arena, donations }: KernelGraph): string[] {
  const bytes = (ids: readonly BufferId[]): number => ids.reduce((sum, id) => sum + byteLength(buffers[id] as Buffer), 0)
  const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`
  const head = [
    `${count(inputs.length, 'input')} (${printBytes(bytes(inputs))})`,
    `${count(outputs.length, 'result')} (${printBytes(bytes(outputs))})`,
    `arena ${printBytes(arena)}`,
  ].join(', ')
  const named = buffers.map(({ dtype, size }, id) => [`b${id}`, `${shortDType[dtype]} x ${size}`] as const)
  const widest = (k: 0 | 1): number => named.reduce((width, n) => Math.max(width, n[k].length), 0)
  const nameWidth = widest(0),
    typeWidth = widest(1)
  const lines = buffers.map((buffer, id) => {
    const [name, type] = named[id] as readonly [string, string]
    return `  ${name.padEnd(nameWidth)}  ${type.padEnd(typeWidth)}  ${printPlace(buffer, donations)}${returnedAs(buffer, id, outputs)}`
  })
  return [head, ...lines]
}

/** The text of each kernel of the graph, without its number: `loop [i 64]`, then its lines. */
export const kernelTexts = ({ kernels }: KernelGraph): readonly (readonly string[])[] => kernels.map(printKernel)

type Buffer = KernelGraph['buffers'][number]

function printPlace({ dtype, size, place }: Buffer, donations: readonly number[]): string {
  switch (place.kind) {
    case 'input': {
      const result = donations[place.index] ?? -1
      return `input ${place.index}${result >= 0 ? `, donated to result ${result}` : ''}`
    }
    case 'output':
      return `result ${place.index}`
    case 'temporary':
      return size === 0 ? 'unused' : `arena at ${place.offset}`
    case 'constant': {
      const values = constantValues(place.data)
        .slice(0, 4)
        .map(v => printConstant(v, dtype))
      return `constant ${values.join(', ')}${size > values.length ? ', ...' : ''}`
    }
  }
}

/** Says of which results an input or constant is the buffer. */
function returnedAs({ place }: Buffer, id: BufferId, outputs: readonly BufferId[]): string {
  if (place.kind === 'output' || !outputs.includes(id)) return ''
  return `, is result ${outputs.flatMap((o, i) => (o === id ? [i] : [])).join(' and ')}`
}

const constantValues = (data: ArrayBufferView): number[] =>
  ArrayBuffer.isView(data) && 'length' in data ? Array.from(data as unknown as ArrayLike<number>) : []

const byteLength = ({ dtype, size }: Buffer): number => size * bytesOf(dtype)

/** `512 B`, `1.5 KiB`, `20 MiB`: four digits at most. */
export function printBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB']
  const unit = Math.min(units.length - 1, bytes < 1024 ? 0 : Math.floor(Math.log2(bytes) / 10))
  return `${Number((bytes / 1024 ** unit).toPrecision(4))} ${units[unit]}`
}

const indent = (lines: readonly string[], by: number): string[] => lines.map(line => ' '.repeat(by) + line)

function printList(kernels: readonly Kernel[]): string[] {
  return kernels.flatMap((kernel, i) => {
    const [head, ...rest] = printKernel(kernel) as [string, ...string[]]
    return [`${i}: ${head}`, ...indent(rest, String(i).length + 4)]
  })
}

function printKernel(kernel: Kernel): readonly string[] {
  switch (kernel.kind) {
    case 'loop':
      return printLoop(kernel)
    case 'contraction':
      return printContraction(kernel)
    case 'scatter':
      return printScatter(kernel)
    case 'sort':
      return [printSort(kernel)]
    case 'cumulative':
      return [printCumulative(kernel)]
    case 'while':
      return [
        `while b${kernel.predicate}[0]`,
        'condition',
        ...indent(printList(kernel.condition), 2),
        'body',
        ...indent(printList(kernel.body), 2),
      ]
    case 'scan':
      return [
        `scan b${kernel.counter}[0] = ${counts(kernel.length, kernel.reverse)}${kernel.independent ? ', independent' : ''}`,
        ...printList(kernel.body),
      ]
    case 'branch':
      return [`branch b${kernel.index}[0]`, ...kernel.branches.flatMap((list, i) => [`case ${i}`, ...indent(printList(list), 2)])]
  }
}

const counts = (length: number, reverse: boolean): string => {
  if (length === 0) return 'never'
  return length === 1 ? '0' : reverse ? `${length - 1}, ..., 0` : `0, ..., ${length - 1}`
}

/** `[i 64, j 256 | k 784]` */
function printSpace(extents: readonly number[], parallel: number): string {
  const axes = extents.map((e, k) => `${axisName(k)} ${e}`)
  const outer = axes.slice(0, parallel).join(', '),
    inner = axes.slice(parallel).join(', ')
  return inner === '' ? `[${outer}]` : `[${outer}${outer === '' ? '' : ' '}| ${inner}]`
}

const printStores = (stores: readonly Store[], values: Expressions): string[] =>
  stores.map(({ buffer, map, value }) => `b${buffer}[${printAffine(map)}] = ${values.of(value)}`)

function printLoop({ extents, parallel, body, bodyStores, reductions, epilogue, stores }: Loop): readonly string[] {
  const inner = printNodes(
    body,
    [...reductions.flatMap(r => [r.value, ...(r.index === undefined ? [] : [r.index])]), ...bodyStores.map(s => s.value)],
    extents,
    'x',
  )
  const outer = printNodes(
    epilogue,
    stores.map(s => s.value),
    extents.slice(0, parallel),
    'y',
  )
  const results = reductions.map(
    ({ op, value, index }, i) => `r${i} = ${op}(${inner.of(value)}${index === undefined ? '' : ` at ${inner.of(index)}`})`,
  )
  return [
    `loop ${printSpace(extents, parallel)}`,
    ...inner.lines,
    ...printStores(bodyStores, inner),
    ...results,
    ...outer.lines,
    ...printStores(stores, outer),
  ]
}

function printContraction({ extents, parallel, dtype, a, b, epilogue, stores }: Contraction): readonly string[] {
  const [left, right] = [a, b].map(load => printLoad(load, extents, String)) as [string, string]
  const outer = printNodes(
    epilogue,
    stores.map(s => s.value),
    extents.slice(0, parallel),
    'y',
  )
  return [
    `contraction ${printSpace(extents, parallel)} ${shortDType[dtype]}`,
    `r0 = sum(${left} * ${right})`,
    ...outer.lines,
    ...printStores(stores, outer),
  ]
}

const updates: Readonly<Record<Scatter['combine'], string>> = {
  set: '=',
  add: '+=',
  mul: '*=',
  min: 'min=',
  max: 'max=',
}

function printScatter({ extents, body, buffer, combine, map, indirect, value, where }: Scatter): readonly string[] {
  const roots = [value, ...indirect.map(t => t.index), ...(where === undefined ? [] : [where])]
  const nodes = printNodes(body, roots, extents, 'x')
  const target = `b${buffer}[${printAddress(map, indirect, id => nodes.of(id, 'operand'))}]`
  const condition = where === undefined ? '' : ` where ${nodes.of(where)}`
  return [`scatter ${printSpace(extents, extents.length)}`, ...nodes.lines, `${target} ${updates[combine]} ${nodes.of(value)}${condition}`]
}

const names = (ids: readonly BufferId[]): string => ids.map(id => `b${id}`).join(', ')

const printSort = ({ rows, length, inputs, outputs }: Sort): string =>
  `sort ${names(outputs)} = ${names(inputs)} in ${rows} rows of ${length}`

const printCumulative = ({ op, outer, length, inner, reverse, input, output }: Cumulative): string =>
  `cumulative b${output} = ${op} of b${input} along the middle of [${outer}, ${length}, ${inner}]${reverse ? ' from the end' : ''}`
