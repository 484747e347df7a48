import { differences, kinks, opTable } from '@cotangent/core/testing'
import { describe, expect, inject, it } from 'vitest'
import { cellsOf, operations, operationsPage } from './operations.ts'
import '../scripts/provided.ts'
import { textOf } from './pages.ts'

describe('the page of all operations', () => {
  it('is current: a twelfth of its names in each run, and all that is cheap to tell', async () => {
    const page = textOf(operationsPage),
      names = Object.keys(opTable)
    const says = 'it is old: node scripts/launch.mjs docs/refresh.ts operations'
    expect((await operations(page, name => (names.indexOf(name) + inject('seed')) % 12 !== 0)) === page, says).toBe(true)
  })
  it('has every name of the op table, and every cell is filled but for differences', () => {
    const rows = cellsOf(textOf(operationsPage))
    expect([...rows.keys()].sort()).toEqual(Object.keys(opTable).sort())
    for (const [name, cells] of rows) {
      expect(cells.length, name).toBe(10)
      expect(cells.slice(0, 9), name).not.toContain('')
    }
  })
  it('tells of names that exist', () => {
    for (const name of [...Object.keys(differences), ...Object.keys(kinks)]) expect(opTable, name).toHaveProperty([name])
  })
})
