import { describe, expect, test } from 'vitest'
import { Pace } from '../src/workers/pace.ts'

/** Runs `count` times with these durations; returns how many runs were shared and the mean time. */
function simulate(
  pace: Pace,
  count: number,
  alone: number,
  together: (run: number) => number,
): { readonly shared: number; readonly mean: number } {
  let shared = 0,
    total = 0
  for (let i = 0; i < count; i++) {
    const isShared = pace.shared
    const t = isShared ? together(i) : alone
    if (isShared) {
      shared++
      pace.ranTogether(t)
    } else pace.ranAlone(t)
    total += t
  }
  return { shared, mean: total / count }
}

describe('the pace of an executable', () => {
  test('shares when that is faster, and rarely looks at one thread', () => {
    const pace = new Pace()
    pace.ranAlone(2)
    expect(simulate(pace, 1000, 2, () => 1).mean).toBeLessThan(1.03)
  })
  test('keeps to one thread while another program holds the core', () => {
    const pace = new Pace()
    pace.ranAlone(1)
    simulate(pace, 50, 1, () => 3)
    expect(simulate(pace, 2000, 1, () => 3).mean).toBeLessThan(1.05)
  })
  test('comes back to sharing, although the first shared run has to wake the workers', () => {
    const pace = new Pace()
    pace.ranAlone(1)
    simulate(pace, 300, 1, () => 3)
    let asleep = true
    const together = (): number => {
      const t = asleep ? 1.5 : 0.5
      asleep = false
      return t
    }
    simulate(pace, 1100, 1, together)
    expect(simulate(pace, 100, 1, () => 0.5).shared).toBeGreaterThan(90)
  })
  test('goes by the mean where most shared runs are fast and some wait for a time slice of another program', () => {
    const pace = new Pace()
    const sliced = (run: number): number => (run % 30 === 29 ? 4 : 0.1)
    simulate(pace, 2000, 0.17, sliced)
    expect(simulate(pace, 20_000, 0.17, sliced).mean).toBeLessThan(1.03 * 0.17)
  })
  test('long runs: the cost of trials falls while they are in vain', () => {
    const pace = new Pace()
    pace.ranAlone(25)
    simulate(pace, 100, 25, () => 60)
    expect(simulate(pace, 1000, 25, () => 60).mean).toBeLessThan(1.05 * 25)
  })
  test('one outlier does not end sharing', () => {
    const pace = new Pace()
    pace.ranAlone(2)
    expect(simulate(pace, 200, 2, i => (i === 50 ? 100 : 1)).shared).toBeGreaterThan(185)
  })
  test('runs that no worker joined say nothing about sharing', () => {
    const pace = new Pace()
    for (let i = 0; i < 500; i++) pace.ranAlone(1)
    expect(pace.shared).toBe(true)
  })
})
