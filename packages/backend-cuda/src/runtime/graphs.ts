/**
 * CUDA graphs of one command buffer. A graph has the addresses in it, so there is one for each tuple of slots; it is recorded when a tuple is
 * seen a second time. With donation and an allocator that repeats itself, programs come round to the same one or two tuples.
 */
import { Operation } from './addon.ts'
import type { Names, Session } from './session.ts'
import type { Template } from './template.ts'

interface Entry {
  readonly values: Float64Array
  /** 0: not recorded. */
  graph: number
}

/** Tuples that are remembered. */
const most = 4
/** A graph of fewer commands gains nothing; one of more takes long to record and much memory. */
const fewest = 4
const largest = 4096

export class Graphs {
  private readonly session: Session
  /** Used last first. */
  private readonly entries: Entry[] = []
  /** A command buffer that launches a graph. */
  private readonly launch: Uint32Array<ArrayBuffer> = Uint32Array.of(Operation.graph, 2, 0, 0)
  private failed = false
  /** How many were recorded. */
  recorded = 0

  constructor(session: Session) {
    this.session = session
  }

  /** Orders the commands, which `template` holds for these slots. */
  execute(template: Template, values: Float64Array, names: Names): void {
    const { session } = this
    if (this.failed || template.count < fewest || template.count > largest) return session.execute(template.buffer, template.words, names)
    const entry = this.find(values)
    if (entry === undefined) this.remember(values)
    else if (entry.graph === 0) entry.graph = this.record(template)
    const graph = entry?.graph ?? 0
    if (graph === 0) return session.execute(template.buffer, template.words, names)
    this.launch[2] = graph >>> 0
    this.launch[3] = graph / 2 ** 32
    session.execute(this.launch.buffer, 2, names)
  }

  release(): void {
    for (const entry of this.entries.splice(0)) this.forget(entry)
  }

  private find(values: Float64Array): Entry | undefined {
    const { entries } = this
    for (let i = 0; i < entries.length; i++) {
      const entry = entries[i] as Entry
      if (!equal(entry.values, values)) continue
      if (i > 0) {
        entries.splice(i, 1)
        entries.unshift(entry)
      }
      return entry
    }
    return undefined
  }

  private remember(values: Float64Array): void {
    this.entries.unshift({ values: values.slice(), graph: 0 })
    if (this.entries.length > most) this.forget(this.entries.pop() as Entry)
  }

  /** Where recording fails for lack of memory or support, command buffers do as well. */
  private record({ buffer, words }: Template): number {
    const { session } = this
    try {
      this.recorded++
      return session.retrying(() => session.device.capture(buffer, words))
    } catch (error) {
      if (!session.isOpen) throw error
      this.failed = true
      return 0
    }
  }

  private forget({ graph }: Entry): void {
    const { session } = this
    if (graph !== 0 && session.isOpen) session.call(() => session.device.releaseGraph(graph))
  }
}

function equal(a: Float64Array, b: Float64Array): boolean {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}
