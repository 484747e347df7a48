/** Metrics: known answers (scikit-learn's documentation), brute force, and the laws of a Monoid that folds over batches. */
import fc from 'fast-check'
import { concatAll } from 'fp-ts/lib/Monoid.js'
import { describe, expect, it } from 'vitest'
import { type Tensor, array, init, jit, scan, tree } from '@cotangent/core'
import { type Metric, metrics } from '@cotangent/nn'
import { values } from './support/fixtures.ts'

await init({ backend: 'reference' })

const ints = (xs: readonly number[]): Tensor => array([...xs], { dtype: 'int32' })
const numbers = (t: unknown): readonly number[] => tree.leaves(t).flatMap(x => [...x.dataSync()])
const close = (got: unknown, wanted: readonly number[]): void => {
  const all = numbers(got)
  expect(all.length).toBe(wanted.length)
  wanted.forEach((w, i) => (Number.isNaN(w) ? expect(all[i]).toBeNaN() : expect(all[i]).toBeCloseTo(w, 4)))
}
/** Of one batch. */
const whole = <S, I extends readonly unknown[], O>(m: Metric<S, I, O>, ...batch: I): O => m.compute(m.update(m.init(), ...batch))

describe('known answers', () => {
  const truth = ints([0, 1, 2, 0, 1, 2]),
    taken = ints([0, 2, 1, 0, 0, 1]),
    classes = 3
  it('of decisions (scikit-learn: f1_score, precision_score, recall_score, confusion_matrix)', () => {
    close(whole(metrics.f1({ classes }), taken, truth), [0.26667])
    close(whole(metrics.f1({ classes, average: 'micro' }), taken, truth), [0.33333])
    close(whole(metrics.f1({ classes, average: 'none' }), taken, truth), [0.8, 0, 0])
    close(whole(metrics.precision({ classes }), taken, truth), [0.22222])
    close(whole(metrics.recall({ classes }), taken, truth), [0.33333])
    close(whole(metrics.confusion(3), ints([0, 0, 2, 2, 0, 2]), ints([2, 0, 2, 2, 0, 1])), [2, 0, 0, 0, 0, 1, 1, 0, 2])
    close(whole(metrics.precision(), ints([0, 1, 1, 1]).astype('bool'), ints([0, 1, 0, 1])), [2 / 3])
    close(whole(metrics.iou(), ints([0, 1, 0, 1]), ints([0, 0, 1, 1])), [1 / 3])
  })
  it('of scores (scikit-learn: roc_auc_score, average_precision_score)', () => {
    const y = ints([0, 0, 1, 1]),
      scores = array([0.1, 0.4, 0.35, 0.8])
    close(metrics.rocAuc(scores, y), [0.75])
    close(metrics.averagePrecision(scores, y), [0.83333])
    close(whole(metrics.auc(), scores, y), [0.75])
    close(whole(metrics.prAuc(), scores, y), [0.83333])
  })
  it('of numbers (scikit-learn: r2_score, mean_absolute_error)', () => {
    const t = array([3, -0.5, 2, 7]),
      p = array([2.5, 0, 2, 8])
    close(whole(metrics.r2(), p, t), [0.94861])
    close(whole(metrics.meanAbsoluteError(), p, t), [0.5])
    close(whole(metrics.meanSquaredError(), p, t), [0.375])
  })
  it('of logits', () => {
    const logits = array([
        [2, 1, 0],
        [0, 3, 1],
        [1, 1, 0],
      ]),
      labels = ints([0, 2, 1])
    close(whole(metrics.accuracy(), logits, labels), [1 / 3])
    close(whole(metrics.topK(2), logits, labels), [1])
    close(whole(metrics.topK(1), logits, labels), [1 / 3])
    close(whole(metrics.accuracy(), logits, labels, array([1, 0, 0])), [1])
    close(whole(metrics.perplexity(), array([[0, 0, 0, 0]]), ints([2])), [4])
  })
  it('of transcriptions', () => {
    expect(metrics.editDistance([...'kitten'], [...'sitting'])).toBe(3)
    close(whole(metrics.wordErrorRate(), ['one two three', 'four'], ['one too three', 'four five']), [0.5])
    close(
      whole(
        metrics.wordErrorRate(text => [...text]),
        ['kitten'],
        ['sitting'],
      ),
      [0.5],
    )
  })
  it('of confidences', () => {
    const c = whole(metrics.calibration({ bins: 2 }), array([0.9, 0.7, 0.2, 0.4]), ints([1, 0, 0, 1]))
    close([c.confidence, c.accuracy, c.count, c.error], [0.3, 0.8, 0.5, 0.5, 2, 2, 0.25])
  })
})

it('areas are those of all pairs, with ties', () => {
  const example = fc.record({ score: fc.integer({ min: 0, max: 8 }), label: fc.boolean() })
  fc.assert(
    fc.property(fc.array(example, { minLength: 2, maxLength: 9 }), examples => {
      const scores = array(examples.map(e => e.score / 8)),
        labels = ints(examples.map(e => Number(e.label)))
      const [pos, neg] = [examples.filter(e => e.label), examples.filter(e => !e.label)]
      const wins = pos.flatMap(p => neg.map(n => (p.score > n.score ? 1 : p.score === n.score ? 0.5 : 0) as number))
      const area = wins.reduce((a, b) => a + b, 0) / wins.length
      const precisions = pos.map(p => pos.filter(q => q.score >= p.score).length / examples.filter(q => q.score >= p.score).length)
      const ap = pos.length === 0 ? 0 : precisions.reduce((a, b) => a + b, 0) / pos.length
      close([metrics.rocAuc(scores, labels), metrics.averagePrecision(scores, labels)], [area, ap])
      close([whole(metrics.auc({ bins: 9 }), scores, labels), whole(metrics.prAuc({ bins: 9 }), scores, labels)], [area, ap])
    }),
    { numRuns: 12 },
  )
})

describe('folding over batches is the whole batch, in any grouping', () => {
  const logits = values([12, 3], 1).mul(2),
    labels = ints([0, 1, 2, 0, 1, 2, 2, 1, 0, 0, 2, 1]),
    scores = values([12], 2).add(1).div(2),
    bits = ints([0, 1, 1, 0, 0, 0, 1, 1, 0, 1, 0, 1]),
    taken = ints([0, 1, 1, 0, 2, 2, 0, 1, 0, 0, 2, 1])
  const rows = (t: Tensor, from: number, to: number): Tensor => t.slice(from, to)
  type Any = Metric<unknown, readonly Tensor[], unknown>
  const cases = {
    mean: [metrics.mean(), scores],
    accuracy: [metrics.accuracy(), logits, labels],
    topK: [metrics.topK(2), logits, labels],
    perplexity: [metrics.perplexity(), logits, labels, scores],
    meanAbsoluteError: [metrics.meanAbsoluteError(), scores, values([12], 5)],
    meanSquaredError: [metrics.meanSquaredError(), scores, values([12], 5)],
    r2: [metrics.r2(), scores, values([12], 5)],
    precision: [metrics.precision({ classes: 3 }), labels, taken],
    recall: [metrics.recall({ average: 'none', classes: 3 }), labels, taken],
    iou: [metrics.iou(), scores.greater(0.5), bits],
    confusion: [metrics.confusion(3), labels, taken],
    f1: [metrics.f1(), scores.greater(0.5), bits],
    auc: [metrics.auc({ bins: 20 }), scores, bits],
    prAuc: [metrics.prAuc({ bins: 20 }), scores, bits],
    calibration: [metrics.calibration(), scores, bits],
    all: [metrics.all({ accuracy: metrics.accuracy(), perplexity: metrics.perplexity() }), logits, labels],
  } as unknown as Readonly<Record<string, readonly [Any, ...Tensor[]]>>
  it.each(Object.entries(cases))('%s', (_, [m, ...batch]) => {
    const wanted = numbers(whole(m, ...batch))
    const { concat, empty } = metrics.monoidOf(m)
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 7, max: 11 }), (first, second) => {
        const parts = [
          [0, first],
          [first, second],
          [second, 12],
        ].map(([from = 0, to = 0]) => batch.map(t => rows(t, from, to)))
        close(metrics.evaluate(m, parts), wanted)
        const [a, b, c] = parts.map(part => m.update(m.init(), ...part))
        close(m.compute(concat(a, concat(b, c))), wanted)
        close(m.compute(concatAll({ concat, empty })([c, a, b])), wanted)
        close(concat(a, empty), numbers(a))
        close(concat(empty, a), numbers(a))
      }),
      { numRuns: 2 },
    )
    close(jit((...xs: readonly Tensor[]) => whole(m, ...xs))(...batch), wanted)
  })
  it('wordErrorRate', () => {
    const texts = fc.array(fc.constantFrom('a b', 'b', 'a c c', ''), { minLength: 3, maxLength: 6 })
    fc.assert(
      fc.property(texts, texts, fc.nat(3), (references, given, cut) => {
        const m = metrics.wordErrorRate(),
          hypotheses = references.map((_, i) => given[i] ?? '')
        const [a, b] = [[0, cut] as const, [cut, 9] as const].map(([from, to]) =>
          m.update(m.init(), references.slice(from, to), hypotheses.slice(from, to)),
        ) as [ReturnType<typeof m.init>, ReturnType<typeof m.init>]
        const wanted = numbers(whole(m, references, hypotheses))
        close(m.compute(m.merge(a, b)), wanted)
        close(m.compute(m.merge(b, m.merge(m.init(), a))), wanted)
      }),
      { numRuns: 5 },
    )
  })
  it('every metric is here', () => {
    const { averagePrecision: _p, rocAuc: _r, editDistance: _d, evaluate: _e, metric: _m, monoidOf: _o, ...all } = metrics
    // That of detections is in detection.test.ts.
    expect([...Object.keys(cases), 'wordErrorRate', 'meanAveragePrecision'].sort()).toEqual(Object.keys(all).sort())
  })
  it('under scan', () => {
    const m = metrics.accuracy()
    const [state] = scan(
      (s: ReturnType<typeof m.init>, [z, y]: readonly [Tensor, Tensor]) => [m.update(s, z, y), null] as const,
      m.init(),
      [logits.reshape([4, 3, 3]), labels.reshape([4, 3])] as const,
    )
    close(m.compute(state), numbers(whole(m, logits, labels)))
  })
})
