/** Networks that read the words of a passage: in their order, or as a bag. */
import { type Tensor, add, arange, multiply } from '@cotangent/core'
import { type Embedding, type Layer, crop, dense, dropout, embedding, initializers, lstm, merge, named, stateless } from '@cotangent/nn'

/**
 * Logistic regression, ids `[n, length]` to logits `[n, classes]`: the sum of a weight for each word and class, as a bag of words has it that counts.
 * With `places`, a weight for each word at each of so many places.
 */
export function linear(vocabulary: number, classes: number, { places = 1 }: { readonly places?: number } = {}): Layer<Embedding> {
  const weights = embedding(vocabulary * places, classes, { tableInit: initializers.zeros })
  const apart = (ids: Tensor): Tensor => (places === 1 ? ids : add(ids, multiply(arange(places), vocabulary)))
  return stateless<Embedding>(
    (key, input) => ({ params: weights.init(key, input).params, output: [classes] }),
    (p, ids: Tensor) => weights.apply(p, apart(ids)).sum({ axis: 1 }),
    'linear',
  )
}

export interface MeetingSizes {
  readonly vocabulary: number
  /** Of the vectors of words, and of what each LSTM knows. */
  readonly width: number
  /** Words on each side. */
  readonly half: number
}

/** Ids `[n, 2 half]` to logits: one LSTM reads from the first word on, another one from the last word back, and they meet in the middle. */
export const meeting = ({ vocabulary, width, half }: MeetingSizes, classes: number) =>
  named({
    words: embedding(vocabulary, width),
    wordDropout: dropout(0.5),
    sides: merge('concat', [
      named({ words: crop([[0, half]]), read: lstm(width, { returnSequences: false }) }),
      named({ words: crop([[half, 0]]), read: lstm(width, { returnSequences: false, reverse: true }) }),
    ]),
    dropout: dropout(0.5),
    head: dense(classes),
  })

/**
 * Ids `[n, length]` to logits by the sum of the vectors of the words, whose order is lost. Joulin et al. 2016, https://arxiv.org/abs/1607.01759. The sum is
 * divided by the root of the length, so that it is as large as one vector: a mean would be small, and learn slowly.
 */
export const sumOfWords = (vocabulary: number, width: number, classes: number) =>
  named({
    words: embedding(vocabulary, width),
    wordDropout: dropout(0.5),
    sum: (x: Tensor) => x.sum({ axis: 1 }).div(Math.sqrt(x.shape[1] as number)),
    dropout: dropout(0.5),
    head: dense(classes),
  })
