/** The list of examples is that of the folders. */
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { expect, it } from 'vitest'
import { catalogueOf, listed, unknownExample } from './catalogue.ts'

const folder = new URL('../', import.meta.url)
const entries = catalogueOf(readFileSync(new URL('README.md', folder), 'utf8'))

it('the table of the README has every example, and says what it shows', () => {
  const folders = readdirSync(folder).filter(name => existsSync(new URL(`${name}/README.md`, folder)) && !/^(lib|results)$/.test(name))
  expect(entries.map(e => e.name).sort()).toEqual(folders.sort())
  for (const { about } of entries) expect(about).toMatch(/^[^|`]{9,}$/)
})
it('is listed a line each, and named for a name that is none', () => {
  const two = catalogueOf('| [a](a/README.md) | what `a` shows | none |\n|---|---|\n| [long-b](b) | b | c |\n')
  expect(listed(two).split('\n').slice(2)).toEqual(['  a       what a shows', '  long-b  b'])
  expect(unknownExample('c', two)).toBe('There is no example "c"; there are a, long-b.')
})
