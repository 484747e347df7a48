/** Layers and functions that change shapes, and the shapes and sizes that layers refuse. */
import { describe, expect, it } from 'vitest'
import { arange, array, init, max, mean, ones, random, sliceAxis, zeros } from '@cotangent/core'
import * as nn from '@cotangent/nn'
import { normal, same } from './support/laws.ts'

await init({ backend: 'reference' })

const key = random.key(5)

describe('shapes', () => {
  const x = normal([2, 3, 4, 2])
  it('functions that change them', () => {
    same(nn.crop([1, [0, 2]])(nn.zeroPad([1, [0, 2]])(x)), x)
    same(nn.permute(2, 1, 3)(nn.permute(2, 1, 3)(x)), x)
    same(nn.upsample(2)(x), nn.resize([6, 8])(x))
    expect(nn.upsample([2, 1], { method: 'linear' })(x).shape).toEqual([2, 6, 4, 2])
    expect(nn.repeatVector(3)(normal([2, 5])).shape).toEqual([2, 3, 5])
    expect(nn.reshapeTo([6, -1])(x).shape).toEqual([2, 6, 4])
    same(
      nn.takeFirst(nn.classToken().apply({ token: arange(2).astype('float32') }, normal([2, 3, 2]))),
      array([
        [0, 1],
        [0, 1],
      ]),
    )
    same(
      nn.oneHot(array([2, 0, 5], { dtype: 'int32' }), 3),
      array([
        [0, 0, 1],
        [1, 0, 0],
        [0, 0, 0],
      ]),
    )
    expect(nn.oneHot(array([2, 0], { dtype: 'int32' }), 3, { axis: 0 }).shape).toEqual([3, 2])
  })
  it('pools over all places, without padding', () => {
    same(nn.globalAvgPool().apply(null, x), mean(x, { axis: [1, 2] }))
    same(nn.globalMaxPool().apply(null, x), max(x, { axis: [1, 2] }))
    const y = normal([1, 3, 2]),
      start = sliceAxis(y, 0, 2, { axis: 1 }),
      mask = array([[true, true, false]])
    same(nn.globalAvgPool().apply(null, y, { mask }), mean(start, { axis: 1 }))
    same(nn.globalMaxPool().apply(null, y, { mask }), max(start, { axis: 1 }))
  })
  const refused: readonly (readonly [what: string, call: () => unknown, message: RegExp])[] = [
    ['a sequence without time', () => nn.lstm(3).init(key, [4]), /lstm\(3\): needs examples of shape \[t, width\], got \[4\]/],
    [
      'one sequence',
      () => nn.gru(3).apply(nn.gru(3).init(key, [2, 4]).params, zeros([2, 4])),
      /gru\(3\): needs sequences \[n, t, width\], got \[2, 4\]/,
    ],
    [
      'heads that do not divide',
      () => nn.multiHeadAttention(3).init(key, [2, 4]),
      /multiHeadAttention\(3\): 3 heads do not divide a width of 4/,
    ],
    ['groups that do not divide heads', () => nn.multiHeadAttention(4, { groups: 3 }).init(key, [2, 4]), /3 groups do not divide 4 heads/],
    ['groups of channels', () => nn.groupNorm(3).init(key, [2, 2, 4]), /groupNorm\(3\): the groups do not divide 4 channels/],
    [
      'groups of a convolution',
      () => nn.conv2d(4, 3, { groups: 3 }).init(key, [5, 5, 4]),
      /conv2d\(4\): 3 groups do not divide 4 channels/,
    ],
    [
      'a window that does not fit',
      () => nn.maxPool2d(5).init(key, [4, 4, 1]),
      /maxPool2d: a window of 5 does not fit into axis 0 of \[4, 4\]/,
    ],
    ['too many positions', () => nn.learnedPositions(3).init(key, [4, 2]), /learnedPositions\(3\): has no vectors for 4 positions/],
    [
      'ids that are floats',
      () => nn.embedding(3, 2).apply({ table: zeros([3, 2]) }, zeros([1])),
      /embedding\(3, 2\): needs integer ids, got float32/,
    ],
    ['a stride of none', () => nn.conv1d(2, 3, { strides: 0 }), /needs a positive integer/],
    ['units of no number', () => nn.dense(2.5), /dense\(2\.5\): units must be a positive integer, got 2\.5/],
    ['no filters', () => nn.conv2dTranspose(0, 3), /conv2dTranspose\(0\): filters must be a positive integer/],
    ['no groups', () => nn.conv2d(4, 3, { groups: 0 }), /conv2d\(4\): groups must be a positive integer/],
    [
      'a mask of other sequences',
      () => nn.gru(3).apply(nn.gru(3).init(key, [2, 4]).params, zeros([3, 2, 4]), { mask: ones([2, 2], { dtype: 'bool' }) }),
      /gru\(3\): the mask of sequences \[3, 2, 4\] has the shape \[3, 2\], got \[2, 2\]\. Make it by sequenceMask\(lengths, 2\)/,
    ],
    ['no depth', () => nn.transformerEncoder(-1, { heads: 2 }), /transformerEncoder: depth must be a positive integer/],
    ['no heads', () => nn.multiHeadAttention(0).init(key, [2, 4]), /multiHeadAttention\(0\): heads must be/],
    ['no cells', () => nn.lstm(0).init(key, [2, 4]), /lstm\(0\): units must be/],
    [
      'padding of another number of axes',
      () => nn.conv2d(2, 3, { padding: [[1, 1]] }).init(key, [4, 4, 1]),
      /conv2d\(2\): padding is 'SAME', 'VALID', or a pair \[before, after\] for each of 2 axes, got \[\[1,1\]\]/,
    ],
    [
      'one channel that would broadcast',
      () => nn.layerNorm().apply(nn.layerNorm().init(key, [4]).params, zeros([2, 1])),
      /layerNorm: its parameters are for a last axis of 4, got \[2, 1\]/,
    ],
    [
      'features of another number',
      () => nn.dense(3).apply(nn.dense(3).init(key, [4]).params, zeros([2, 5])),
      /dense\(3\): its parameters are for a last axis of 4, got \[2, 5\]/,
    ],
    [
      'one sequence for attention',
      () => nn.multiHeadAttention(2).apply(nn.multiHeadAttention(2).init(key, [2, 4]).params, zeros([2, 4])),
      /multiHeadAttention\(2\): needs sequences \[n, t, width\], got \[2, 4\]/,
    ],
    [
      'more sequences than the cache has',
      () => {
        const layer = nn.multiHeadAttention(1, { cache: { batch: 1, length: 2 } }),
          { params, state } = layer.init(key, [2, 4])
        return layer.step(params, state, zeros([2, 1, 4]))
      },
      /the cache holds 1 sequences of 2/,
    ],
    ['odd rotations', () => nn.rotary(zeros([1, 1, 1, 3]), arange(1)), /rotary: the width must be even, got 3/],
    ['nothing left', () => nn.crop(2)(x), /crop: nothing would stay/],
  ]
  for (const [what, call, message] of refused) it(`refuses ${what}`, () => expect(call).toThrow(message))
})
