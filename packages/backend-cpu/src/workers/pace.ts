/**
 * Whether one executable is faster on several threads, judged by its own recent runs. On a machine whose other cores are busy a shared run waits for
 * threads that are not scheduled, and can take many times as long as one thread alone; results do not depend on the choice.
 *
 * It keeps to one way for windows of some milliseconds and goes by their means: beside a busy process most shared runs are fast, and those that
 * wait for its time slice to end are thirty times as long. Now and then it tries the other way for a few runs. If these are faster it changes over,
 * on probation: a window later the means decide, since a few runs may have been lucky.
 */
import { pacing } from '../tuning.ts'

type Way = 'together' | 'alone'
const other = (way: Way): Way => (way === 'together' ? 'alone' : 'together')

/** Consecutive runs of one way. */
class Window {
  private runs = 0
  private total = 0
  private longest = 0

  add(milliseconds: number): void {
    this.runs++
    this.total += milliseconds
    this.longest = Math.max(this.longest, milliseconds)
  }
  get isFull(): boolean {
    return this.runs >= pacing.windowRuns && this.total - this.longest >= pacing.window
  }
  /** Without the longest run: one interruption says nothing, several do. */
  get mean(): number {
    return (this.total - this.longest) / (this.runs - 1)
  }
}

export class Pace {
  /** When the executable last ended a run: kept by the pool, which forgets the pace after a pause. */
  lastEnd = Infinity
  private way: Way = 'together'
  /** Milliseconds of a run: the mean of the last window, or the best of the last trial. */
  private readonly typical: Record<Way, number> = { together: NaN, alone: NaN }
  private window = new Window()
  private onProbation = false
  private trial = 0
  private best = Infinity
  /** Windows between two trials, and before the next. */
  private interval = pacing.shortestInterval
  private untilTrial = pacing.firstTrial
  /** The first window tells little: its threads have just started. */
  private isFirst = true

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
    if (way === this.way) {
      this.window.add(milliseconds)
      if (this.window.isFull) this.closeWindow()
    } else if (this.trial > 0) this.tried(milliseconds)
    else this.typical[way] = milliseconds // no worker was there to share
  }

  private closeWindow(): void {
    const { way, typical } = this
    typical[way] = this.window.mean
    this.window = new Window()
    const rival = typical[other(way)]
    if (this.onProbation) {
      this.onProbation = false
      if (typical[way] >= rival) return this.keepTo(other(way))
      this.interval = this.untilTrial = pacing.shortestInterval
    }
    this.untilTrial--
    if (this.untilTrial <= 0 || (!this.isFirst && rival < pacing.clearly * typical[way])) this.trial = pacing.trialRuns
    this.isFirst = false
  }

  private tried(milliseconds: number): void {
    if (this.trial < pacing.trialRuns) this.best = Math.min(this.best, milliseconds)
    if (--this.trial > 0) return
    const found = other(this.way)
    this.typical[found] = this.best
    if (this.best >= pacing.clearly * this.typical[this.way]) this.keepTo(this.way)
    else {
      this.way = found
      this.onProbation = true
      this.window = new Window()
    }
    this.best = Infinity
  }

  /** A trial was in vain: the next one is later. */
  private keepTo(way: Way): void {
    this.way = way
    this.interval = this.untilTrial = Math.min(2 * this.interval, pacing.longestInterval)
  }
}
