import { describe, expect, test } from 'vitest'
import { Pace } from '../src/workers/pace.ts'

/** Runs `count` times with these durations and returns how many runs were shared. */
function simulate(pace: Pace, count: number, alone: number, together: (run: number) => number): number {
  let shared = 0
  for (let i = 0; i < count; i++) {
    if (pace.shared) {
      shared++
      pace.ranTogether(together(i))
    } else pace.ranAlone(alone)
  }
  return shared
}

describe('the pace of an executable', () => {
  test('shares when that is faster, and rarely looks at one thread', () => {
    const pace = new Pace()
    pace.ranAlone(2)
    expect(simulate(pace, 1000, 2, () => 1)).toBeGreaterThan(975)
  })
  test('stays alone when sharing is slow: at most one run in thirty is lost on a try', () => {
    const pace = new Pace()
    pace.ranAlone(1)
    expect(simulate(pace, 1000, 1, () => 10)).toBeLessThan(33)
  })
  test('is hardly slower than one thread while another program holds the core, and comes back afterwards', () => {
    const pace = new Pace()
    pace.ranAlone(1)
    let time = 0
    for (let i = 0; i < 500; i++) {
      const t = pace.shared ? 3 : 1
      if (pace.shared) pace.ranTogether(t)
      else pace.ranAlone(t)
      time += t
    }
    expect(time / 500).toBeLessThan(1.1)
    simulate(pace, 100, 1, () => 0.5)
    expect(simulate(pace, 100, 1, () => 0.5)).toBeGreaterThan(95)
  })
  test('one outlier does not end sharing for long', () => {
    const pace = new Pace()
    pace.ranAlone(2)
    expect(simulate(pace, 200, 2, i => (i === 50 ? 100 : 1))).toBeGreaterThan(170)
  })
})
