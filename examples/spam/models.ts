/** Two classifiers of mails: a linear one on bags of words, and one that decides which words to look at. */
import { type Tensor, multiply, notEqual, random, sum, tanh, where } from '@cotangent/core'
import { type Dense, type Embedding, type Layer, dense, dropout, embedding, softmax, stateless } from '@cotangent/nn'
import { PADDING } from '@cotangent/nn/data'

/** Ham, spam. */
const CLASSES = 2

/** Logistic regression: `[n, vocabulary]` to logits `[n, 2]`. */
export const linear = (): Layer<Dense> => dense(CLASSES)

export interface Attentive {
  readonly words: Embedding
  /** `[width, width]`: the hidden layer of the scores. */
  readonly hidden: Dense
  /** `[width, 1]`: how much a word matters. */
  readonly score: Dense
  readonly head: Dense
}

/**
 * Ids `[n, t]` to logits `[n, 2]`: vectors of words, their mean weighted by a softmax of scores that each word gets from a small network, a linear layer.
 * Yang et al. 2016, https://aclanthology.org/N16-1174, without its recurrent layers.
 */
export function attentive(vocabulary: number, width: number): Layer<Attentive> {
  const words = embedding(vocabulary, width),
    hidden = dense(width),
    score = dense(1),
    head = dense(CLASSES),
    drop = dropout(0.3)
  return stateless<Attentive>(
    (key, input) => {
      const [w, h, s, o] = random.split(key, 4)
      const params = {
        words: words.init(w, input).params,
        hidden: hidden.init(h, [width]).params,
        score: score.init(s, [width]).params,
        head: head.init(o, [width]).params,
      }
      return { params, output: [CLASSES] }
    },
    (p, ids: Tensor, mode) => {
      const x = drop.apply(null, words.apply(p.words, ids), mode)
      const scores = score.apply(p.score, tanh(hidden.apply(p.hidden, x)))
      const seen = notEqual(ids, PADDING).reshape([...ids.shape, 1])
      const weights = softmax(where(seen, scores, -1e9), { axis: 1 })
      return head.apply(p.head, sum(multiply(weights, x), { axis: 1 }))
    },
    'attentive',
  )
}
