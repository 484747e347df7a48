/** The lock under which the addon and the fake driver are built. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { exclusively } from '../scripts/exclusively.ts'

const folder = mkdtempSync(join(tmpdir(), 'cotangent-lock-')),
  lock = join(folder, 'lock')
afterAll(() => rmSync(folder, { recursive: true }))

test('one builds at a time, the next also after one that failed', async () => {
  let building = 0,
    built = 0
  const build = async (): Promise<void> => {
    expect(++building).toBe(1)
    await new Promise(resolve => setTimeout(resolve, 5))
    building--
    if (++built === 2) throw new Error('on purpose')
  }
  const ended = await Promise.allSettled([1, 2, 3].map(() => exclusively(lock, build)))
  expect(ended.map(e => e.status).sort()).toEqual(['fulfilled', 'fulfilled', 'rejected'])
  expect(readdirSync(folder)).toEqual([])
})

test('the lock of a process that is gone is taken', async () => {
  // Larger than any process number of Linux.
  writeFileSync(lock, String(2 ** 22 + 1))
  let built = false
  await exclusively(lock, async () => void (built = true))
  expect(built).toBe(true)
})

test('a lock that cannot be written is an error, not a wait', async () => {
  await expect(exclusively(join(folder, 'nowhere', 'lock'), async () => {})).rejects.toMatchObject({ code: 'ENOENT' })
})
