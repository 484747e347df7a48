/** A worker as the main thread sees it: whether it has started, and whether it is lost. */
import type { Remote } from 'comlink'
import type { Memory } from '../runtime/memory.ts'
import type { WorkerApi } from './protocol.ts'
import type { startThread, Thread } from './thread.ts'

/** Why a worker does not answer. */
export class LostError extends Error {}

export class Member {
  /** Messages to a lost worker are never answered. */
  readonly api: Remote<WorkerApi>
  /** Resolves when it answers messages; rejects when it is lost before. */
  readonly started: Promise<void>
  private readonly thread: Thread
  private state: 'starting' | 'started' | 'lost' = 'starting'
  /** Those who wait for an answer, to be told of the loss. */
  private readonly waiting = new Set<(reason: Error) => void>()

  constructor(start: typeof startThread, slot: number, memory: Memory, onLoss: (reason: string) => void) {
    this.thread = start(reason => {
      this.lose(reason)
      onLoss(reason)
    })
    this.api = this.thread.api
    this.started = this.orLost(this.api.start(slot, memory.wasm)).then(() => void (this.state = 'started'))
  }

  get hasStarted(): boolean {
    return this.state === 'started'
  }

  /** The same answer, or a rejection when the worker is lost. */
  orLost(answer: Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.state === 'lost') return reject(new LostError('it was lost before'))
      this.waiting.add(reject)
      answer.then(resolve, reject).finally(() => this.waiting.delete(reject))
    })
  }

  /** Whether the process goes on while this worker lives. At first it does not. */
  keepAlive(on: boolean): void {
    this.thread.keepAlive(on)
  }

  async terminate(): Promise<void> {
    await this.thread.terminate()
    this.lose('it was terminated')
  }

  private lose(reason: string): void {
    this.state = 'lost'
    for (const reject of this.waiting) reject(new LostError(reason))
    this.waiting.clear()
  }
}
