/**
 * Whether one executable is faster on several threads, judged by its own recent runs. On a machine whose other cores are busy a shared run waits for
 * threads that are not scheduled, and can take many times as long as one thread alone; results do not depend on the choice.
 *
 * It keeps to the faster way and tries the other now and then, three runs at a time: the first of them wakes the workers and does not count.
 */
import { pacing } from '../tuning.ts'

type Way = 'together' | 'alone'
const other = (way: Way): Way => (way === 'together' ? 'alone' : 'together')

export class Pace {
  private way: Way = 'together'
  /** Typical milliseconds: falls fast and rises slowly, since noise only adds. */
  private readonly typical: Record<Way, number> = { together: NaN, alone: NaN }
  private trial = 0
  private best = Infinity
  private interval = pacing.shortestInterval
  private untilTrial = pacing.shortestInterval

  /** Should the next run be shared? */
  get shared(): boolean {
    return (this.trial > 0 ? other(this.way) : this.way) === 'together'
  }
  ranAlone(milliseconds: number): void {
    this.ran('alone', milliseconds)
  }
  ranTogether(milliseconds: number): void {
    this.ran('together', milliseconds)
  }

  private ran(way: Way, milliseconds: number): void {
    if (this.trial > 0 && way === other(this.way)) return this.tried(milliseconds)
    const before = this.typical[way]
    this.typical[way] = Number.isNaN(before)
      ? milliseconds
      : before + (milliseconds < before ? 0.5 : 0.1) * (Math.min(milliseconds, 4 * before) - before)
    if (way !== this.way) return // no worker was there to share
    this.untilTrial--
    if (way === 'together' && this.typical.together > pacing.suspicious * this.typical.alone)
      this.untilTrial = Math.min(this.untilTrial, this.interval - 8)
    if (this.untilTrial <= 0) this.trial = pacing.trialRuns
  }

  private tried(milliseconds: number): void {
    if (this.trial < pacing.trialRuns) this.best = Math.min(this.best, milliseconds)
    if (--this.trial > 0) return
    const found = other(this.way)
    this.typical[found] = this.best
    if (this.best < pacing.clearly * this.typical[this.way]) {
      this.way = found
      this.interval = pacing.shortestInterval
    } else this.interval = Math.min(2 * this.interval, pacing.longestInterval)
    this.untilTrial = this.interval
    this.best = Infinity
  }
}
