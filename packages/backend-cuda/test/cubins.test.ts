/** The cache of compiled programs on disk: what was put in, or nothing. */
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { prune } from '../src/runtime/cacheFolder.ts'
import { Cubins } from '../src/runtime/cubins.ts'
import { backendFor } from './kit.ts'

const folder = mkdtempSync(join(tmpdir(), 'cotangent-cubins-'))
afterAll(() => rmSync(folder, { recursive: true }))

test('bytes come back under the same text and salt alone', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1 }), fc.string(), fc.string(), (cubin, text, salt) => {
      const cubins = new Cubins(folder, salt)
      cubins.set(text, cubin)
      expect([...(cubins.get(text) ?? [])]).toEqual([...cubin])
      expect(cubins.get(`${text} `)).toBe(undefined)
      expect(new Cubins(folder, `${salt} `).get(text)).toBe(undefined)
      cubins.delete(text)
      expect(cubins.get(text)).toBe(undefined)
    }),
    { numRuns: 30 },
  )
})

test('a file that was cut short, or of which a bit is another, is none', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1 }), fc.nat(), fc.nat(7), fc.boolean(), (cubin, at, bit, cuts) => {
      const cubins = new Cubins(folder, 'salt')
      cubins.set('text', cubin)
      const path = join(folder, readdirSync(folder)[0] as string),
        file = readFileSync(path),
        place = at % file.length
      file[place] = (file[place] as number) ^ (1 << bit)
      writeFileSync(path, cuts ? file.subarray(0, place) : file)
      expect(cubins.get('text')).toBe(undefined)
      cubins.delete('text')
    }),
    { numRuns: 50 },
  )
})

test('what others could have written is not read, and nothing is written where they can', async () => {
  const own = join(folder, 'own'),
    cubins = new Cubins(own, 'salt'),
    cubin = Uint8Array.of(1, 2, 3)
  cubins.set('text', cubin)
  expect(statSync(own).mode & 0o777).toBe(0o700)
  const path = join(own, readdirSync(own)[0] as string)
  for (const mode of [0o602, 0o620]) {
    chmodSync(path, mode)
    expect(cubins.get('text')).toBe(undefined)
  }
  chmodSync(path, 0o600)
  expect([...(cubins.get('text') ?? [])]).toEqual([1, 2, 3])
  for (const mode of [0o702, 0o770]) {
    chmodSync(own, mode)
    expect(new Cubins(own, 'salt').get('text')).toBe(undefined)
    cubins.set('other', cubin)
    expect(readdirSync(own)).toHaveLength(1)
    await expect(backendFor({ cache: own })).rejects.toMatchObject({ name: 'ConfigError', message: expect.stringContaining(own) as string })
  }
})

test('the folder stays within a size and an age; strangers stay', () => {
  const own = join(folder, 'pruned'),
    hour = 3600
  mkdirSync(own)
  const write = (name: string, bytes: number, hoursAgo: number): void => {
    const path = join(own, name),
      at = Date.now() / 1000 - hoursAgo * hour
    writeFileSync(path, new Uint8Array(bytes))
    utimesSync(path, at, at)
  }
  const name = (digit: number): string => `${String(digit).repeat(64)}.cubin`
  fc.assert(
    fc.property(
      fc.array(fc.record({ bytes: fc.nat(50), hours: fc.nat(20) }), { maxLength: 9 }),
      fc.nat(200),
      fc.nat(20),
      (files, bytes, hours) => {
        rmSync(own, { recursive: true })
        mkdirSync(own)
        files.forEach((f, i) => write(name(i), f.bytes, f.hours + i / 100))
        write(`${name(0)}.stray`, 1, 2)
        write(`${name(0)}.fresh`, 1, 0)
        write('stranger', 1, 100)
        prune(own, { bytes, age: (hours + 0.5) * hour * 1000 })
        let left = bytes
        const kept = files
          .map((f, i) => ({ ...f, i, at: f.hours + i / 100 }))
          .toSorted((a, b) => a.at - b.at)
          .filter(f => (left -= f.bytes) >= 0 && f.at < hours + 0.5)
        expect(readdirSync(own).sort()).toEqual([...kept.map(f => name(f.i)), `${name(0)}.fresh`, 'stranger'].sort())
      },
    ),
    { numRuns: 20 },
  )
})
