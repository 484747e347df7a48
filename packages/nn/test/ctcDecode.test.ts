/** CTC decoding against what the loss, which is PyTorch's, says of every label sequence. */
import { describe, expect, it } from 'vitest'
import fc from 'fast-check'
import { array, broadcastTo, init, log } from '@cotangent/core'
import { ctcBeamDecode, ctcGreedyDecode, ctcLoss } from '../src/index.ts'

await init({ backend: 'reference' })

const STEPS = 4,
  CLASSES = 3
/** All sequences of the labels 1 and 2 with at most four: some have no path, since repeats need blanks. */
const sequences = Array.from({ length: STEPS + 1 }, (_, length) =>
  Array.from({ length: 2 ** length }, (_s, bits) => Array.from({ length }, (_b, i) => 1 + ((bits >> i) & 1))),
).flat()
const labels = array(
    sequences.map(s => [...s, 0, 0, 0, 0].slice(0, STEPS)),
    { dtype: 'int32' },
  ),
  labelLengths = array(
    sequences.map(s => s.length),
    { dtype: 'int32' },
  )

/** The logarithm of the probability of each, by the loss. */
function likelihoods(rows: readonly (readonly number[])[]): ReadonlyMap<string, number> {
  const all = broadcastTo(array([rows]), [sequences.length, STEPS, CLASSES])
  const losses = ctcLoss(all, labels, { labelLengths, reduction: 'none' }).dataSync()
  return new Map(sequences.map((s, i) => [s.join(), -Number(losses[i])]))
}
const logits = fc.array(fc.array(fc.double({ min: -3, max: 3, noNaN: true }), { minLength: CLASSES, maxLength: CLASSES }), {
  minLength: STEPS,
  maxLength: STEPS,
})

describe('beam decoding', () => {
  it('with room for all sequences gives each its probability, which add up to one', () =>
    fc.assert(
      fc.property(logits, rows => {
        const [found = []] = ctcBeamDecode(array([rows]), { beams: 100 }),
          expected = likelihoods(rows)
        found.forEach(({ labels: l, logProbability }) => expect(logProbability).toBeCloseTo(expected.get(l.join()) as number, 4))
        expect(found.length).toBe([...expected.values()].filter(v => v !== -Infinity).length)
        expect(found.reduce((sum, f) => sum + Math.exp(f.logProbability), 0)).toBeCloseTo(1, 6)
        expect(found.map(f => f.logProbability)).toEqual(found.map(f => f.logProbability).sort((a, b) => b - a))
      }),
      { numRuns: 10 },
    ))
  it('finds what is more probable than the best path', () => {
    // Graves 2006, figure 4: the best path is all blanks, but more paths say the label.
    const z = log(
      array([
        [
          [0.6, 0.4],
          [0.6, 0.4],
        ],
      ]),
    )
    expect(ctcGreedyDecode(z)).toEqual([[]])
    const [best] = ctcBeamDecode(z)[0] ?? []
    expect([best?.labels, Math.exp(best?.logProbability ?? 0).toFixed(4)]).toEqual([[1], '0.6400'])
  })
})

describe('both', () => {
  it('read a path of sharp logits back, with the blank anywhere', () =>
    fc.assert(
      fc.property(fc.array(fc.nat(3), { minLength: 1, maxLength: 8 }), fc.nat(3), (path, blank) => {
        const z = array([path.map(c => Array.from({ length: 4 }, (_, k) => (k === c ? 20 : 0)))])
        const collapsed = path.filter((c, i) => c !== blank && c !== path[i - 1])
        expect(ctcGreedyDecode(z, { blank })).toEqual([collapsed])
        expect(ctcBeamDecode(z, { blank, beams: 3 })[0]?.[0]?.labels).toEqual(collapsed)
      }),
      { numRuns: 20 },
    ))
  it('stop at the length of each example', () => {
    const z = array([
      [
        [0, 9],
        [9, 0],
        [0, 9],
      ],
      [
        [0, 9],
        [9, 0],
        [0, 9],
      ],
    ])
    const logitLengths = array([3, 1], { dtype: 'int32' })
    expect(ctcGreedyDecode(z, { logitLengths })).toEqual([[1, 1], [1]])
    expect(ctcBeamDecode(z, { logitLengths }).map(all => all[0]?.labels)).toEqual([[1, 1], [1]])
  })
  it('refuse what they cannot read', () => {
    expect(() => ctcGreedyDecode(array([[1, 2]]))).toThrow(/CTC: needs logits \[n, t, classes\], got \[1, 2\]/)
    expect(() => ctcBeamDecode(array([[[1, 2]]]), { blank: 2 })).toThrow(/blank must be one of 2 classes, got 2/)
    expect(() => ctcBeamDecode(array([[[1, 2]]]), { beams: 0 })).toThrow(/beams must be a positive integer, got 0/)
  })
})
