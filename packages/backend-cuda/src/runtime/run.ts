/**
 * Running steps. Runs with control flow are generators that ask for elements of device memory, so that the synchronous and the asynchronous
 * form differ only in how they wait.
 */
import type { Branch, KernelGraph, Scan, While } from '@cotangent/core/kernel'
import type { Layout } from './layout.ts'
import type { Session } from './session.ts'
import type { Item, Step } from './schedule.ts'
import type { Template } from './template.ts'

/** Steps with their command buffers. */
export type Prepared =
  | { readonly kind: 'execute'; readonly template: Template; readonly items: readonly Item[] }
  | { readonly kind: 'while'; readonly kernel: While; readonly condition: readonly Prepared[]; readonly body: readonly Prepared[] }
  | { readonly kind: 'scan'; readonly kernel: Scan; readonly body: readonly Prepared[] }
  | { readonly kind: 'branch'; readonly kernel: Branch; readonly branches: readonly (readonly Prepared[])[] }

export function prepare(steps: readonly Step[], write: (items: readonly Item[]) => Template): readonly Prepared[] {
  const inside = (list: readonly Step[]): readonly Prepared[] => prepare(list, write)
  return steps.map(step => {
    switch (step.kind) {
      case 'execute':
        return { ...step, template: write(step.items) }
      case 'while':
        return { ...step, condition: inside(step.condition), body: inside(step.body) }
      case 'scan':
        return { ...step, body: inside(step.body) }
      case 'branch':
        return { ...step, branches: step.branches.map(inside) }
    }
  })
}

/** What a run waits for: an element that decides; or nothing, where it may rest. */
export type Question = { readonly address: number; readonly into: Int32Array<ArrayBuffer> | Uint8Array<ArrayBuffer> } | undefined
export type Steps = Generator<Question, void, number>

type Execute = Prepared & { readonly kind: 'execute' }

/** What happens after each command buffer; debug mode looks at the results there. */
export type Observer = (step: Execute, values: Float64Array) => void

export interface RunOptions {
  readonly session: Session
  readonly graph: KernelGraph
  readonly layout: Layout
  /** By slot. */
  readonly values: Float64Array
  /** Orders the command buffer of a template that is bound. */
  readonly order: (template: Template) => void
  readonly observe: Observer | undefined
}

export class Run {
  private readonly session: Session
  private readonly graph: KernelGraph
  private readonly layout: Layout
  private readonly values: Float64Array
  private readonly order: (template: Template) => void
  private readonly observe: Observer | undefined

  constructor({ session, graph, layout, values, order, observe }: RunOptions) {
    this.session = session
    this.graph = graph
    this.layout = layout
    this.values = values
    this.order = order
    this.observe = observe
  }

  *steps(steps: readonly Prepared[]): Steps {
    for (const step of steps) yield* this.step(step)
  }

  private *step(step: Prepared): Steps {
    switch (step.kind) {
      case 'execute':
        step.template.bind(this.values)
        this.order(step.template)
        this.observe?.(step, this.values)
        yield undefined
        return
      case 'while':
        for (;;) {
          yield* this.steps(step.condition)
          if ((yield this.element(step.kernel.predicate)) === 0) return
          yield* this.steps(step.body)
        }
      case 'scan':
        for (let i = 0, { length, reverse, counter } = step.kernel; i < length; i++) {
          this.count(counter, reverse ? length - 1 - i : i)
          yield* this.steps(step.body)
        }
        return
      case 'branch':
        yield* this.steps(step.branches[yield this.element(step.kernel.index)] ?? [])
    }
  }

  private element(buffer: number): Question {
    const address = this.addressOf(buffer),
      isBool = this.graph.buffers[buffer]?.dtype === 'bool'
    return { address, into: isBool ? new Uint8Array(1) : new Int32Array(1) }
  }

  private count(counter: number, value: number): void {
    const { layout, values, session } = this
    if (layout.isCounter(counter)) values[layout.counterOf(counter)] = value
    if (layout.isStored(counter)) session.write(this.addressOf(counter), Int32Array.of(value))
  }

  private addressOf(buffer: number): number {
    const { slot, offset } = this.layout.placeOf(buffer)
    return offset + (slot < 0 ? 0 : (this.values[slot] as number))
  }
}

/** To the end, waiting for each answer. */
export function drive(session: Session, steps: Steps): void {
  for (let next = steps.next(); next.done !== true; ) {
    const question = next.value
    next = steps.next(question === undefined ? 0 : (session.readSync(question.address, question.into)[0] as number))
  }
}

/** Command buffers that may wait in the stream: the driver blocks a thread that orders many more than a thousand launches. */
const ahead = 4

/** To the end without blocking the thread: never waits, and never orders so much that the driver would. */
export async function driveAsync(session: Session, steps: Steps): Promise<void> {
  let ordered = 0
  for (let next = steps.next(); next.done !== true; ) {
    const question = next.value
    let answer = 0
    if (question !== undefined) {
      const bytes = await session.read(question.address, question.into.byteLength)
      answer = (question.into instanceof Uint8Array ? new Uint8Array(bytes) : new Int32Array(bytes))[0] as number
      ordered = 0
    } else if (++ordered >= ahead) {
      await session.settled()
      ordered = 0
    }
    session.check()
    next = steps.next(answer)
  }
}
