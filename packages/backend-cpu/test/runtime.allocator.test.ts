import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ALIGNMENT, Allocator, blockSize } from '../src/runtime/allocator.ts'
import { FreeRanges } from '../src/runtime/ranges.ts'

const limit = 64 * 2 ** 20

/** A memory that only counts. */
function arena(maximum = limit): { readonly allocator: Allocator; readonly size: () => number } {
  let end = 2 ** 20
  const allocator = new Allocator(1024, end, bytes => {
    const added = Math.ceil(bytes / 65536) * 65536
    if (end + added > maximum) return 0
    end += added
    return added
  })
  return { allocator, size: () => end }
}

const bytes = fc.oneof(fc.nat(300), fc.nat(20_000), fc.nat(3_000_000))
/** Allocate so many bytes, or free the block at this position of the live ones. */
const steps = fc.array(fc.oneof(fc.record({ bytes }), fc.record({ free: fc.nat() })), { maxLength: 300 })

describe('the allocator', () => {
  test('gives aligned blocks inside memory that never overlap', () => {
    fc.assert(
      fc.property(steps, list => {
        const { allocator, size } = arena()
        const live: [address: number, bytes: number][] = []
        for (const step of list) {
          if ('bytes' in step) {
            const need = blockSize(step.bytes),
              address = allocator.allocate(need)
            if (address === 0) continue
            expect(address % ALIGNMENT).toBe(0)
            expect(address).toBeGreaterThanOrEqual(1024)
            expect(address + need).toBeLessThanOrEqual(size())
            for (const [a, b] of live) expect(address + need <= a || a + b <= address).toBe(true)
            live.push([address, need])
          } else if (live.length > 0) {
            const [[address, need]] = live.splice(step.free % live.length, 1) as [[number, number]]
            allocator.free(address, need)
          }
          expect(allocator.used).toBe(live.reduce((s, [, b]) => s + b, 0))
        }
      }),
    )
  })

  test('merges what was freed: after any history one large block fits again', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 9000, max: 3_000_000 }), { minLength: 1, maxLength: 20 }), fc.nat(), (sizes, seed) => {
        const { allocator, size } = arena()
        const live = sizes.map(b => [allocator.allocate(blockSize(b)), blockSize(b)] as const)
        const order = live.map((l, i) => [(i * 7919 + seed) % 101, l] as const).sort((a, b) => a[0] - b[0])
        for (const [, [address, b]] of order) allocator.free(address, b)
        const all = Math.floor((size() - 1024) / 64) * 64 - 64
        expect(allocator.allocate(all)).not.toBe(0)
      }),
    )
  })

  test('gives back the block freed last, and says 0 when nothing is left', () => {
    const { allocator } = arena(2 ** 21)
    const [a, b] = [allocator.allocate(1024), allocator.allocate(1024)]
    allocator.free(a, 1024)
    allocator.free(b, 1024)
    expect([allocator.allocate(1024), allocator.allocate(1024)]).toEqual([b, a])
    expect(allocator.allocate(2 ** 22)).toBe(0)
  })

  test('wastes at most a fifth, or the alignment', () => {
    fc.assert(
      fc.property(fc.nat(10_000_000), n => {
        const size = blockSize(n)
        expect(size % ALIGNMENT).toBe(0)
        expect(size).toBeGreaterThanOrEqual(n)
        expect(size).toBeLessThanOrEqual(Math.max(n + ALIGNMENT, 1.25 * n))
        expect(blockSize(size)).toBe(size)
      }),
    )
  })
})

test('free ranges keep their bytes, do not touch one another, and give the best fit', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 60 }), { minLength: 1 }), fc.integer({ min: 1, max: 20 }), (cells, want) => {
      const ranges = new FreeRanges()
      for (const c of cells) ranges.insert(c * 64, 64)
      expect(ranges.bytes).toBe(cells.length * 64)
      const free = new Set(cells)
      const runs = cells
        .filter(c => !free.has(c - 1))
        .map(c => {
          let n = 1
          while (free.has(c + n)) n++
          return [c, n] as const
        })
      expect(ranges.count).toBe(runs.length)
      const best = runs.filter(([, n]) => n >= want).sort((a, b) => a[1] - b[1] || a[0] - b[0])[0]
      expect(ranges.take(want * 64)).toBe(best === undefined ? 0 : best[0] * 64)
    }),
  )
})
