/** The kernels that `explain` prints, as a list that unfolds. */
import { make } from './dom.ts'

export interface PrintedKernel {
  readonly number: number
  /** loop, contraction, ... */
  readonly kind: string
  /** The axes, and what else its first line says. */
  readonly space: string
  readonly body: string
}
export interface PrintedKernels {
  /** Sizes of inputs, results and arena. */
  readonly memory: string
  readonly kernels: readonly PrintedKernel[]
}

/** Takes the text apart: the memory plan, then `0: loop [i 64]` and its lines, indented. */
export function parseKernels(text: string): PrintedKernels {
  const [plan, ...parts] = text.split(/^(?=\d+: )/m)
  const kernels = parts.map(part => {
    const [head, ...lines] = part.trimEnd().split('\n')
    const [, number, kind, space] = /^(\d+): (\w+) ?(.*)$/.exec(head as string) ?? []
    const indent = `${number}:   `.length
    return {
      number: Number(number),
      kind: kind ?? '',
      space: space ?? '',
      body: lines.map(line => line.slice(indent).trimEnd()).join('\n'),
    }
  })
  return { memory: plan?.split('\n')[0] ?? '', kernels }
}

/** `12 kernels: 7 loops, 5 contractions` */
export function summary({ kernels }: PrintedKernels): string {
  const kinds = Map.groupBy(kernels, k => k.kind)
  const some = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`
  return `${some(kernels.length, 'kernel')}: ${[...kinds].map(([kind, all]) => some(all.length, kind)).join(', ')}`
}

/** A body is put in when it is opened: some are long, and few are read. */
export function kernelList({ kernels }: PrintedKernels): readonly HTMLElement[] {
  return kernels.map(({ number, kind, space, body }) => {
    const details = make(
      'details',
      {},
      make('summary', {}, make('span', { className: 'number' }, String(number)), make('b', {}, kind), ' ', make('code', {}, space)),
    )
    details.addEventListener('toggle', () => details.append(make('pre', { tabIndex: 0 }, body)), { once: true })
    return make('li', {}, details)
  })
}
