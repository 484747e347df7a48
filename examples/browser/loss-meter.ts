/** The mean loss of some steps. A device works while the next steps are prepared: reading waits for it, so losses are added up there and read together. */
import type { Tensor } from '@cotangent/core'

/** Milliseconds of work that a device may have before it. What a visitor asks for in between waits as long. */
const AHEAD = 50

export class LossMeter {
  /** Of the steps that have not been read. */
  private sum: Tensor | undefined
  private waiting = 0
  private started = 0
  /** Steps that take about as long as AHEAD. */
  private ahead = 1
  private total = 0
  private count = 0

  /** Takes the scalar; it is disposed. */
  add(loss: Tensor): void {
    const { sum } = this
    if (sum === undefined) {
      this.sum = loss
      this.started = performance.now()
    } else {
      this.sum = sum.add(loss)
      sum.dispose()
      loss.dispose()
    }
    this.waiting++
  }

  /** Is it time to let the device catch up? */
  get isDue(): boolean {
    return this.waiting >= this.ahead
  }

  /** Reads what was added, without blocking. */
  async read(): Promise<void> {
    const { sum, waiting } = this
    if (sum === undefined) return
    this.sum = undefined
    const [value] = await sum.data()
    sum.dispose()
    this.total += value as number
    this.count += waiting
    this.waiting = 0
    this.ahead = Math.max(1, Math.floor((AHEAD * waiting) / (performance.now() - this.started)))
  }

  /** The mean of what was read, from now on of what follows. */
  take(): number {
    const mean = this.total / this.count
    this.total = this.count = 0
    return mean
  }
}
