/**
 * Whether one executable is faster on several threads, judged by its own recent runs. On a machine whose other cores are busy a shared run waits for
 * threads that are not scheduled, and can take many times as long as one thread alone; results do not depend on the choice.
 */

/** Weight of a new time in the estimate. */
const weight = 0.3
/** An outlier counts as this many times the estimate at most. */
const outlier = 4
/** Each run of one kind makes the other look better by this factor, so that it is tried again. Trying threads is cheap, one thread costs more. */
const forgetTogether = 0.98
const forgetAlone = 0.995

export class Pace {
  /** Estimated milliseconds; NaN before the first run. */
  private alone = NaN
  private together = NaN

  /** Should the next run be shared? */
  get shared(): boolean {
    return !(this.together > this.alone)
  }
  ranAlone(milliseconds: number): void {
    this.alone = estimate(this.alone, milliseconds)
    this.together *= forgetTogether
  }
  ranTogether(milliseconds: number): void {
    this.together = estimate(this.together, milliseconds)
    this.alone *= forgetAlone
  }
}

const estimate = (before: number, now: number): number =>
  Number.isNaN(before) ? now : before + weight * (Math.min(now, outlier * before) - before)
