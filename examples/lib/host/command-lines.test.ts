/** The command lines of examples: what they mean, and what they refuse. */
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it, vi } from 'vitest'

vi.mock('../data-files.ts', () => ({
  findDataFile: (file: { readonly name: string }, given?: string) => Promise.resolve(given ?? file.name),
}))

const out = mkdtempSync(join(tmpdir(), 'cotangent-commands-'))
afterAll(() => rmSync(out, { recursive: true }))

const folder = new URL('../../', import.meta.url)
const optionsOf = (example: string): URL => new URL(`${example}/options.ts`, folder)
interface OptionsModule {
  readonly usage: string
  readonly parseOptions: (args: readonly string[]) => object | null | Promise<object | null>
}
const load = async (example: string): Promise<OptionsModule> => (await import(optionsOf(example).href)) as OptionsModule
const parse = async (example: string, ...args: readonly string[]): Promise<object | null> =>
  (await load(example)).parseOptions(['--out', out, ...args])

describe.for(readdirSync(folder).filter(example => existsSync(optionsOf(example))))('%s', example => {
  it('has a help, and refuses in one line what it does not know', async () => {
    expect(await parse(example, '--help')).toBeNull()
    expect((await load(example)).usage).toMatch(new RegExp(`^${example}.*\n[^]*--backend NAME`))
    await expect(parse(example, '--no-such-option')).rejects.toThrow("Unknown option '--no-such-option'. See --help.")
  })
})

const common = { seed: 0, backend: ['cpu'], fast: false, out }
describe('defaults', () => {
  it.for([
    ['char-lm', [], { model: 'transformer', steps: 2000, prompt: '\n', length: 500, temperature: 0.8, data: 'tinyshakespeare.txt' }],
    [
      'char-lm',
      ['--fast'],
      { model: 'transformer', steps: 20, prompt: '\n', length: 20, temperature: 0.8, data: 'tinyshakespeare.txt', fast: true },
    ],
    [
      'char-lm',
      ['--model', 'rnn', '--steps', '7', '--prompt', 'ROMEO:', '--length', '0', '--temperature', '1.5', '--data', 'd'],
      { model: 'rnn', steps: 7, prompt: 'ROMEO:', length: 0, temperature: 1.5, data: 'd' },
    ],
    ['spam', [], { data: expect.stringMatching(/datasets-spam-assassin.data$/) }],
    ['spam', ['--data', 'd', '--threads', '1', '--seed', '3'], { data: 'd', threads: 1, seed: 3 }],
    ['text', [], { task: 'punctuation', folds: 5, data: expect.stringMatching(/datasets-sotu$/) }],
    ['text', ['--fast', '--task', 'era', '--data', 'd'], { task: 'era', folds: 2, data: 'd', fast: true }],
  ] as const)('%s %j', async ([example, args, wanted]) => {
    expect(await parse(example, ...args)).toEqual({ ...common, ...wanted })
  })
})

describe('values that an option does not take', () => {
  it.for([
    ['char-lm', '--model', 'gpt', '--model: transformer or rnn, got "gpt". See --help.'],
    ['char-lm', '--steps', '0', '--steps: an integer of at least 1, got "0". See --help.'],
    ['char-lm', '--length', 'x', '--length: an integer of at least 0, got "x". See --help.'],
    ['char-lm', '--temperature', '0', '--temperature: a number above 0, got "0". See --help.'],
    ['spam', '--seed', '1.5', '--seed: an integer of at least 0, got "1.5". See --help.'],
    ['text', '--task', 'party', '--task: punctuation or era, got "party". See --help.'],
    ['text', '--folds', '1', '--folds: an integer of at least 2, got "1". See --help.'],
  ] as const)('%s %s %s', async ([example, option, value, message]) => {
    await expect(parse(example, option, value)).rejects.toThrow(message)
  })
})
