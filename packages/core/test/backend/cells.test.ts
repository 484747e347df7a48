/** The store of tensors on a device in memory: whatever is moved out and back, every handle reads what was put in. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { type Cell, type CellBuffer, CellStore } from '../../src/backend/cells.ts'
import type { TypedArray } from '../../src/dtype.ts'

interface Memory {
  readonly bytes: number
  content: TypedArray | undefined
}

/** Memory that is given back is overwritten, and must not be given back twice. */
function createStore(): { readonly store: CellStore<Memory>; readonly taken: Set<Memory>; readonly writes: { fail: boolean } } {
  const taken = new Set<Memory>(),
    writes = { fail: false }
  const store = new CellStore<Memory>({
    name: 'test',
    bytesOf: () => 4,
    take: (_, size) => {
      const memory = { bytes: 4 * size, content: undefined }
      taken.add(memory)
      return memory
    },
    give: memory => {
      expect(taken.delete(memory)).toBe(true)
      memory.content = undefined
    },
    read: parts => parts.map(({ memory, size }) => (memory.content as TypedArray).slice(0, size)),
    write: (memory, data) => {
      if (writes.fail) throw new Error('on purpose')
      memory.content = data.slice()
    },
  })
  return { store, taken, writes }
}

type Action =
  | { readonly do: 'upload'; readonly size: number; readonly value: number }
  | { readonly do: 'share' | 'free' | 'locate' | 'pin' | 'unpin'; readonly which: number }
  | { readonly do: 'makeRoom'; readonly bytes: number }

const arbAction: fc.Arbitrary<Action> = fc.oneof(
  fc.record({ do: fc.constant('upload' as const), size: fc.nat(4), value: fc.nat(99) }),
  fc.record({
    do: fc.constantFrom('share' as const, 'free' as const, 'locate' as const, 'pin' as const, 'unpin' as const),
    which: fc.nat(),
  }),
  fc.record({ do: fc.constant('makeRoom' as const), bytes: fc.nat(64) }),
)

it('holds what was uploaded, counts it, and gives all memory back', () => {
  fc.assert(
    fc.property(fc.array(arbAction, { maxLength: 60 }), actions => {
      const { store, taken } = createStore(),
        handles: { readonly buffer: CellBuffer<Memory>; readonly value: number }[] = [],
        pinned: Cell<Memory>[] = []
      for (const action of actions) {
        if (action.do === 'upload') {
          const cell = store.upload(new Float32Array(action.size).fill(action.value), 'float32')
          handles.push({ buffer: store.handle(cell), value: action.value })
        } else if (action.do === 'makeRoom') store.makeRoom(action.bytes)
        else if (action.do === 'unpin') {
          const cell = pinned.pop()
          if (cell !== undefined) cell.pins--
        } else if (handles.length > 0) act(action.do, action.which % handles.length)
        check()
      }
      for (const { buffer } of handles) store.free(buffer)
      expect(taken.size).toBe(0)
      expect(store.statistics()).toMatchObject({ live: 0, buffers: 0 })

      function act(kind: 'share' | 'free' | 'locate' | 'pin', which: number): void {
        const { buffer, value } = handles[which] as (typeof handles)[number],
          cell = store.cellOf(buffer)
        if (kind === 'share') {
          store.locate(cell)
          handles.push({ buffer: store.handle(cell), value })
        } else if (kind === 'locate') expect(store.locate(cell) === undefined).toBe(buffer.size === 0)
        else if (kind === 'pin') {
          cell.pins++
          store.locate(cell)
          pinned.push(cell)
        } else {
          store.free(buffer)
          store.free(buffer)
          expect(() => store.cellOf(buffer)).toThrow(/was freed/)
          handles.splice(which, 1)
        }
      }

      function check(): void {
        for (const { buffer, value } of handles)
          expect([...store.read(store.cellOf(buffer))]).toEqual(Array<number>(buffer.size).fill(value))
        for (const cell of pinned) if (cell.references > 0 && cell.size > 0) expect(cell.memory).toBeDefined()
        expect(store.statistics().live).toBe([...taken].reduce((sum, m) => sum + m.bytes, 0))
      }
    }),
  )
})

it('takes no memory for what cannot be written: a tensor stays on the host', () => {
  const { store, taken, writes } = createStore(),
    x = store.handle(store.upload(Float32Array.of(7), 'float32'))
  store.makeRoom(1)
  writes.fail = true
  expect(() => store.upload(Float32Array.of(1), 'float32')).toThrow('on purpose')
  expect(() => store.locate(store.cellOf(x))).toThrow('on purpose')
  expect(taken.size).toBe(0)
  writes.fail = false
  expect(store.locate(store.cellOf(x))).toBeDefined()
  expect([...store.read(store.cellOf(x))]).toEqual([7])
})

it('refuses handles of another store', () => {
  const [a, b] = [createStore().store, createStore().store]
  const x = a.handle(a.upload(Float32Array.of(1), 'float32'))
  expect(() => b.cellOf(x)).toThrow(expect.objectContaining({ name: 'BackendError' }))
})
