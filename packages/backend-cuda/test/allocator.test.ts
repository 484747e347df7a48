/** The allocator as a state machine: blocks never overlap, are aligned and large enough, and what was given back can be had again. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Allocator, type Block, blockBytes, granule, type Segment, segmentBytes } from '../src/runtime/allocator.ts'

/** Takes from the allocator, with segments from a driver that never runs out; none borders on another. */
class Driver {
  readonly allocator: Allocator = new Allocator()
  readonly segments: Map<number, number> = new Map()
  private next = 2 ** 40

  take(bytes: number): Block {
    const block = this.allocator.take(bytes)
    if (block !== undefined) return block
    const size = segmentBytes(bytes)
    this.segments.set(this.next, size)
    this.allocator.add(this.next, size, bytes)
    this.next += size + granule
    return this.allocator.take(bytes) as Block
  }

  release(bytes: number): number {
    const before = this.bytes,
      released = this.allocator.releaseUnused(bytes, segment => this.free(segment))
    expect(released).toBe(before - this.bytes)
    return released
  }

  private free({ address, bytes }: Segment): void {
    expect(this.segments.get(address)).toBe(bytes)
    this.segments.delete(address)
  }

  get bytes(): number {
    return [...this.segments.values()].reduce((a, b) => a + b, 0)
  }
}

const sizes = fc.oneof(
  fc.integer({ min: 1, max: 4096 }),
  fc.integer({ min: 1, max: 2 ** 20 }),
  fc.integer({ min: 2 ** 20, max: 2 ** 25 }),
  fc.constantFrom(512, 513, 2 ** 20, 2 ** 20 + 1, 10 * 2 ** 20 - 1, 10 * 2 ** 20, 2 ** 31),
)
type Action = { readonly take: number } | { readonly give: number } | { readonly release: number }
const actions: fc.Arbitrary<Action> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ take: sizes }) },
  { weight: 4, arbitrary: fc.record({ give: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ release: fc.oneof(sizes, fc.constant(Infinity)) }) },
)

test('blocks are aligned, large enough, inside a segment and apart; giving all back leaves whole segments', () => {
  fc.assert(
    fc.property(fc.array(actions, { maxLength: 120 }), list => {
      const driver = new Driver(),
        live: Block[] = []
      for (const action of list) {
        if ('take' in action) {
          const block = driver.take(action.take)
          live.push(block)
          expect(block.address % granule).toBe(0)
          expect(block.bytes).toBeGreaterThanOrEqual(action.take)
        } else if ('give' in action) {
          if (live.length > 0) driver.allocator.give(live.splice(action.give % live.length, 1)[0] as Block)
        } else driver.release(action.release)
        checkApart(live, driver)
      }
      for (const block of live) driver.allocator.give(block)
      expect(driver.allocator.used).toBe(0)
      driver.release(Infinity)
      expect(driver.segments.size).toBe(0)
      expect(driver.allocator.reserved).toBe(0)
    }),
  )
})

function checkApart(live: readonly Block[], driver: Driver): void {
  const sorted = live.toSorted((a, b) => a.address - b.address)
  sorted.forEach((block, i) => {
    const next = sorted[i + 1]
    if (next !== undefined) expect(block.address + block.bytes).toBeLessThanOrEqual(next.address)
    const { segment } = block
    expect(driver.segments.get(segment.address)).toBe(segment.bytes)
    expect(block.address).toBeGreaterThanOrEqual(segment.address)
    expect(block.address + block.bytes).toBeLessThanOrEqual(segment.address + segment.bytes)
  })
  expect(driver.allocator.used).toBe(live.reduce((sum, b) => sum + b.bytes, 0))
  expect(driver.allocator.reserved).toBe(driver.bytes)
}

test('little is wasted: half a granule on the average, at most 1 MiB beside a large block', () => {
  fc.assert(
    fc.property(sizes, bytes => {
      const block = new Driver().take(bytes)
      expect(block.bytes - blockBytes(bytes)).toBeLessThanOrEqual(bytes <= 2 ** 20 ? 0 : 2 ** 20)
    }),
  )
})

test('a segment that the driver does not take back can be had again', () => {
  const { allocator } = new Driver(),
    bytes = segmentBytes(2 ** 24)
  allocator.add(2 ** 40, bytes, 2 ** 24)
  const refuse = (): never => {
    throw new Error('on purpose')
  }
  expect(() => allocator.releaseUnused(Infinity, refuse)).toThrow('on purpose')
  expect(allocator.reserved).toBe(bytes)
  expect(allocator.take(2 ** 24)?.address).toBe(2 ** 40)
})

test('the same requests in the same order soon get the same addresses every time', () => {
  fc.assert(
    fc.property(fc.array(sizes, { minLength: 1, maxLength: 20 }), list => {
      const driver = new Driver()
      const round = (): readonly number[] => {
        const blocks = list.map(bytes => driver.take(bytes))
        for (const block of blocks) driver.allocator.give(block)
        return blocks.map(b => b.address)
      }
      // A round may find the segments of the one before cut up otherwise, and need more.
      let before = -1
      for (let rounds = 0; driver.segments.size !== before; rounds++) {
        before = driver.segments.size
        round()
        expect(rounds).toBeLessThan(10)
      }
      expect(round()).toEqual(round())
    }),
  )
})
