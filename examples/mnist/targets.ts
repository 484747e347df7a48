/** What the results should be. */
import type { Target } from '../lib/results/targets.ts'

export const targets: readonly Target[] = [
  {
    options: '--model mlp',
    result: 'test accuracy',
    atLeast: 0.97,
    source: "the article's program, 5 epochs of it in NumPy: 0.9706, 0.9721, 0.9714",
  },
  {
    options: '--model mlp-dropout',
    result: 'test accuracy',
    atLeast: 0.982,
    source: 'Keras, `mnist_mlp.py`: "98.40% test accuracy after 20 epochs"',
  },
  {
    options: '--model cnn',
    result: 'test accuracy',
    atLeast: 0.992,
    source: 'Keras, `mnist_cnn.py`: "99.25% test accuracy after 12 epochs"',
  },
]
