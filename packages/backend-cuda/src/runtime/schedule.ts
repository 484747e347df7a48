/**
 * A graph as steps: command buffers, and control flow that the host drives around them. A Scan is a loop inside a command buffer where that
 * suffices. How much one command buffer may order depends on the run: all of it, as much as leaves the thread responsive, or one command.
 */
import type { Branch, Kernel, Scan, While } from '@cotangent/core/kernel'
import type { Command, LeafKernel } from '../command.ts'

export type Item =
  | { readonly kind: 'command'; readonly command: Command; readonly kernel: LeafKernel /** Of the kernel's. */; readonly last: boolean }
  | { readonly kind: 'loop'; readonly scan: Scan; readonly body: readonly Item[] }

export type Step =
  | { readonly kind: 'execute'; readonly items: readonly Item[] }
  | { readonly kind: 'while'; readonly kernel: While; readonly condition: readonly Step[]; readonly body: readonly Step[] }
  | { readonly kind: 'scan'; readonly kernel: Scan; readonly body: readonly Step[] }
  | { readonly kind: 'branch'; readonly kernel: Branch; readonly branches: readonly (readonly Step[])[] }

type Commands = ReadonlyMap<LeafKernel, readonly Command[]>

/** Loops in a command buffer: see addon.ts. */
const deepest = 8

/** Commands that one command buffer may execute. The addon takes 2^31, in which each round of each loop around them counts as well. */
export const mostExecuted: number = 2 ** 26

/** How often something of the items is executed. */
export const countOf = (items: readonly Item[]): number =>
  items.reduce((n, item) => n + (item.kind === 'command' ? 1 : item.scan.length * countOf(item.body)), 0)

/** `most`: commands that one step may execute, if it is not a single one. */
export function schedule(kernels: readonly Kernel[], commands: Commands, most: number): readonly Step[] {
  const steps: Step[] = []
  let items: Item[] = [],
    count = 0
  const flush = (): void => {
    if (items.length > 0) steps.push({ kind: 'execute', items })
    items = []
    count = 0
  }
  const append = (item: Item): void => {
    const more = countOf([item])
    if (count + more > most) flush()
    items.push(item)
    count += more
  }
  for (const kernel of kernels) {
    const own = itemsOf(kernel, commands)
    if (own !== undefined && depthOf(own) <= deepest && own.every(item => item.kind === 'command' || countOf([item]) <= most))
      own.forEach(append)
    else {
      flush()
      steps.push(controlled(kernel as While | Scan | Branch, commands, most))
    }
  }
  flush()
  return steps
}

function controlled(kernel: While | Scan | Branch, commands: Commands, most: number): Step {
  const inside = (kernels: readonly Kernel[]): readonly Step[] => schedule(kernels, commands, most)
  switch (kernel.kind) {
    case 'while':
      return { kind: 'while', kernel, condition: inside(kernel.condition), body: inside(kernel.body) }
    case 'scan':
      return { kind: 'scan', kernel, body: inside(kernel.body) }
    case 'branch':
      return { kind: 'branch', kernel, branches: kernel.branches.map(inside) }
  }
}

/** Undefined where the host must decide something. */
function itemsOf(kernel: Kernel, commands: Commands): readonly Item[] | undefined {
  switch (kernel.kind) {
    case 'while':
    case 'branch':
      return undefined
    case 'scan': {
      const body = kernel.body.map(k => itemsOf(k, commands))
      if (body.includes(undefined)) return undefined
      const items = body.flat() as Item[]
      return kernel.length === 0 || items.length === 0 ? [] : [{ kind: 'loop', scan: kernel, body: items }]
    }
    default: {
      const list = commands.get(kernel) ?? []
      return list.map((command, i) => ({ kind: 'command', command, kernel, last: i === list.length - 1 }))
    }
  }
}

const depthOf = (items: readonly Item[]): number =>
  items.reduce((depth, item) => Math.max(depth, item.kind === 'loop' ? 1 + depthOf(item.body) : 0), 0)
