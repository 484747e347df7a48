/** The cache of compiled programs on disk: what was put in, or nothing. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { Cubins } from '../src/runtime/cubins.ts'

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
