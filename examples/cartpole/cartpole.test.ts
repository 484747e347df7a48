/** The physics obey their equations of motion, and episodes end when they should. */
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { type Tensor, array, full, init, jit, random, zeros } from '@cotangent/core'
import { type Cart, MAX_STEPS, rolloutEpisodes, step } from './environment.ts'
import { type ReplayBuffer, drawn, emptyBuffer, stored } from './replayBuffer.ts'

beforeAll(() => init({ backend: 'cpu', threads: 1 }))

const cartAt = ([position, velocity, angle, angularVelocity]: readonly [number, number, number, number], time: number = 0): Cart => ({
  position: array(position),
  velocity: array(velocity),
  angle: array(angle),
  angularVelocity: array(angularVelocity),
  time: array(time, { dtype: 'int32' }),
})
const coordinate = fc.double({ min: -1, max: 1, noNaN: true }).map(v => Math.fround(v))
const state = fc.tuple(coordinate, coordinate, coordinate, coordinate)
const numbers = (cart: Cart): readonly number[] => [cart.position, cart.velocity, cart.angle, cart.angularVelocity].map(t => t.item())

describe('a cart', () => {
  const stepped = jit((cart: Cart, action: Tensor) => step(cart, action))
  it('obeys the equations of motion of a cart with a pole', () => {
    fc.assert(
      fc.property(state, fc.integer({ min: 0, max: 1 }), (from, action) => {
        const [position, velocity, angle, angularVelocity] = numbers(stepped(cartAt(from), array(action)).cart) as [
          number,
          number,
          number,
          number,
        ]
        const pushing = (velocity - from[1]) / 0.02,
          turning = (angularVelocity - from[3]) / 0.02
        // Lagrange's equations of a cart of 1 kg and a rod of 0.1 kg and 1 m.
        const force = 1.1 * pushing + 0.05 * (turning * Math.cos(from[2]) - from[3] ** 2 * Math.sin(from[2]))
        expect(force).toBeCloseTo(action === 1 ? 10 : -10, 2)
        expect((4 / 3) * 0.5 * turning + pushing * Math.cos(from[2]) - 9.8 * Math.sin(from[2])).toBeCloseTo(0, 2)
        expect(position).toBeCloseTo(from[0] + 0.02 * from[1], 5)
        expect(angle).toBeCloseTo(from[2] + 0.02 * from[3], 5)
      }),
      { numRuns: 50 },
    )
  })
  it.each([
    ['upright', [0, 0, 0, 0], 0, [false, false]],
    ['out on the right', [2.39, 1, 0, 0], 0, [true, true]],
    ['out on the left', [-2.39, -1, 0, 0], 0, [true, true]],
    ['tilted', [0, 0, -0.2, -1], 0, [true, true]],
    ['at its last step', [0, 0, 0, 0], MAX_STEPS - 1, [false, true]],
  ] as const)('%s', (_, at, time, wanted) => {
    const { terminated, done } = stepped(cartAt(at, time), array(0))
    expect([terminated, done].map(t => t.item() !== 0)).toEqual(wanted)
  })
})

it('an episode of pushes to one side ends after 8 to 11 steps, and what follows does not count', () => {
  const leftAlways = (observations: Tensor): Tensor => zeros([observations.shape[0] as number], { dtype: 'int32' })
  const mask = jit((key: random.Key) => rolloutEpisodes(leftAlways, key, 8, 30).mask)(random.key(0))
  for (const steps of mask.sum({ axis: 0 }).dataSync()) {
    expect(steps).toBeGreaterThanOrEqual(8)
    expect(steps).toBeLessThanOrEqual(11)
  }
})

it('a full replay buffer forgets the oldest steps, and only what is there is drawn', () => {
  const part = (first: number): ReplayBuffer => ({
    observations: full([2, 4], first),
    actions: array([first, first + 1], { dtype: 'int32' }),
    nextObservations: full([2, 4], first),
    terminated: array([false, true]),
  })
  const count = (n: number): Tensor => array(n, { dtype: 'int32' })
  const actionsOf = (b: ReplayBuffer): readonly number[] => Array.from(b.actions.dataSync(), Number)
  const after = (parts: number): ReplayBuffer =>
    Array.from({ length: parts }, (_, i) => i).reduce((b, i) => stored(b, part(1 + 2 * i), count(2 * i)), emptyBuffer(4))
  expect([1, 2, 3].map(parts => actionsOf(after(parts)))).toEqual([
    [1, 2, 0, 0],
    [1, 2, 3, 4],
    [5, 6, 3, 4],
  ])
  expect(new Set(actionsOf(drawn(after(1), count(2), random.key(0), 50)))).toEqual(new Set([1, 2]))
  expect(new Set(actionsOf(drawn(after(3), count(6), random.key(0), 50)))).toEqual(new Set([3, 4, 5, 6]))
})
