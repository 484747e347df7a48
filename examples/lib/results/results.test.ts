/** Recorded runs: reading output, lines, verdicts, and the page, which is always that of the recorded runs. */
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { currentPage, pagePath } from '../../../scripts/results.ts'
import { type RecordedRun, checkedResults, formatRecords, latest, parseRecords, resultsOf, seedsOf } from './records.ts'
import { resultsPage } from './table.ts'
import { median, verdictOf } from './targets.ts'

const run = (seed: number, accuracy: number, more: Partial<RecordedRun> = {}): RecordedRun => ({
  example: 'mnist',
  options: '',
  seed,
  backend: 'cpu',
  results: { accuracy },
  seconds: 60,
  machine: 'a machine',
  commit: 'abc1234',
  date: '2026-01-02',
  ...more,
})

it('results are the lines at the end of an output', () => {
  const output = 'loss 3\nepoch 1: accuracy 0.5\n\nauc breast-cancer 0.9948\nword error rate 1e-3\naccuracy 10 -0.5\n'
  expect(resultsOf(output)).toEqual({ 'auc breast-cancer': 0.9948, 'word error rate': 0.001, 'accuracy 10': -0.5 })
  expect(resultsOf('nothing here\n')).toEqual({})
})

it('results that are no numbers are not recorded, nor is a run without any', () => {
  const output = 'done\naccuracy 0.5\nloss NaN\nbound -Infinity\n'
  expect(() => checkedResults('mnist --fast', resultsOf(output))).toThrow('mnist --fast: loss is NaN: nothing is recorded.')
  expect(() => checkedResults('mnist', {})).toThrow('mnist: its output ends without results.')
  expect(checkedResults('mnist', { accuracy: 1 })).toEqual({ accuracy: 1 })
})

it('seeds are integers', () => {
  expect(seedsOf('0,1, 20')).toEqual([0, 1, 20])
  for (const text of ['x', '', '1,', '1.5', '-1', '1e3', '99999999999999999999'])
    expect(() => seedsOf(text)).toThrow(`--seeds: integers of at least 0, separated by commas, got "${text}".`)
})

describe('records', () => {
  it('are what was written', () => {
    const records = [run(0, 0.5), run(1, 0.25, { options: '--model cnn' })]
    expect(parseRecords('f', formatRecords(records))).toEqual(records)
  })
  it('are refused by file and line', () => {
    for (const line of ['{', '{}', 'null', '3'])
      expect(() => parseRecords('f.jsonl', `${formatRecords([run(0, 1)])}${line}\n`)).toThrow('f.jsonl: line 2')
  })
  it('count once a command, backend and seed: the latest, by seed', () => {
    const other = run(0, 3, { backend: 'webgl' })
    expect(latest([run(1, 0.1), run(0, 0.2), run(1, 0.3), other]).map(r => r.results['accuracy'])).toEqual([0.2, 3, 0.3])
  })
})

describe('targets', () => {
  it('are judged by the median, or by every run', () => {
    const target = { result: 'accuracy', atLeast: 0.97 }
    expect(verdictOf(target, [0.98, 0.97])).toBe('open')
    expect(verdictOf(target, [0.98, 0.96, 0.97])).toBe('met')
    expect(verdictOf(target, [0.98, 0.96, 0.96])).toBe('missed')
    expect(verdictOf({ ...target, of: 'every' }, [0.98, 0.96, 0.98])).toBe('missed')
    expect(verdictOf({ result: 'loss', atMost: 2, seeds: 1 }, [1.9])).toBe('met')
    expect(verdictOf(target, [NaN, NaN, NaN])).toBe('missed')
  })
  it('median: half are not above it, half not below', () =>
    fc.assert(
      fc.property(fc.array(fc.integer(), { minLength: 1, maxLength: 9 }), values => {
        const m = median(values)
        expect(values.filter(v => v <= m).length * 2).toBeGreaterThanOrEqual(values.length)
        expect(values.filter(v => v >= m).length * 2).toBeGreaterThanOrEqual(values.length)
      }),
      { numRuns: 50 },
    ))
})

describe('RESULTS.md', () => {
  it('has targets with their verdicts, then results without a target, then other backends', () => {
    const records = [0, 1, 2].map(seed =>
      run(seed, [0.98, 0.96, 0.97][seed] as number, { results: { accuracy: [0.98, 0.96, 0.97][seed] as number, loss: 2 } }),
    )
    const page = resultsPage([
      { name: 'empty', targets: [], records: [] },
      {
        name: 'mnist',
        targets: [
          { result: 'accuracy', atLeast: 0.975, source: 'somewhere' },
          { options: '--model cnn', result: 'accuracy', atLeast: 0.99, of: 'every' },
        ],
        records: [...records, run(0, 0.5, { backend: 'webgl', seconds: 90 })],
      },
    ])
    expect(page).not.toContain('empty')
    expect(page.split('\n').filter(l => l.startsWith('| '))).toEqual([
      '| options | result | target | median | seeds | | minutes |',
      '|  | accuracy | >= 0.975 | 0.97 | 0: 0.98, 1: 0.96, 2: 0.97 | **missed** | 1.0 |',
      '| `--model cnn` | accuracy | >= 0.99 in every run |  |  | not recorded |  |',
      '|  | loss |  | 2 | 0: 2, 1: 2, 2: 2 |  | 1.0 |',
      '| `--backend webgl` | accuracy |  | 0.5 | 0: 0.5 |  | 1.5 |',
    ])
    expect(page).toContain('- accuracy: somewhere')
  })
  it('is that of the recorded runs', async () => expect(readFileSync(pagePath, 'utf8')).toBe(await currentPage()))
})
