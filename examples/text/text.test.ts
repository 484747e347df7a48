/** Marks and gaps are what a text has, classes are balanced, and no address is on both sides. */
import { random } from '@cotangent/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { foldsOf } from './program.ts'
import { marksOf, punctuationTask, windowsOf } from './punctuation.ts'

/** Words as numbers: `w7` is 7. */
const encode = (text: string): Int32Array => Int32Array.from(text.match(/\d+/g) ?? [], Number)

describe('punctuation', () => {
  it('is what stands between words, not within them', () => {
    expect([...marksOf('We, the people: pay 1,000 "dollars." (Now!) And\nthen; it’s done.')]).toEqual([1, 0, 1, 0, 0, 0, 2, 2, 0, 1, 0])
    expect([marksOf('').length, marksOf('one').length]).toEqual([0, 0])
  })
  it('has a window around each gap, filled up at the ends', () => {
    const window = windowsOf(Int32Array.of(5, 6, 7), 2)
    expect([0, 1].map(gap => [...window(gap)])).toEqual([
      [0, 5, 6, 7],
      [5, 6, 7, 0],
    ])
  })
  it('has as many examples of each class, whose windows have their gaps in the middle', () =>
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.constantFrom(' ', ', ', '. '), { minLength: 1, maxLength: 30 }), { minLength: 1, maxLength: 4 }),
        lists => {
          let word = 0
          const gaps = new Map<number, number>()
          const addresses = lists.map(marks => {
            const text = marks.map(mark => {
              gaps.set(++word, [' ', ', ', '. '].indexOf(mark))
              return `w${word}${mark}`
            })
            return { year: 1800, text: `${text.join('')}w${++word}` }
          })
          const { tokens, labels } = punctuationTask(true).examples(addresses, encode),
            all = [...gaps.values()]
          const each = Math.min(...[0, 1, 2].map(k => all.filter(v => v === k).length))
          expect([0, 1, 2].map(k => labels.filter(v => v === k).length)).toEqual([each, each, each])
          expect(tokens.map(t => gaps.get(t[1] as number))).toEqual([...labels])
          expect(new Set(tokens.map(t => t[1])).size).toBe(tokens.length)
        },
      ),
      { numRuns: 30 },
    ))
})

it('folds have every address once to test with, and never on both sides', () => {
  const addresses = Array.from({ length: 11 }, (_, year) => ({ year, text: '' }))
  const folds = foldsOf(addresses, 3, random.key(1))
  expect(folds.flatMap(f => f.test.map(a => a.year)).sort((a, b) => a - b)).toEqual(addresses.map(a => a.year))
  for (const { train, test } of folds) {
    expect(train.length + test.length).toBe(addresses.length)
    expect(train.filter(a => test.includes(a))).toEqual([])
  }
})
