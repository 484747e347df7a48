/** The program as a user runs it: a child process, its output, its exit code. */
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseOptions } from './options.ts'
import { mnist } from './spawn.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cotangent-mnist-'))
})
afterAll(() => rm(folder, { recursive: true }))

const noBrowser = { CHROMIUM_PATH: '/no/such/chromium' }

describe('mnist', () => {
  it('trains, saves, draws, and ends with the accuracy', () => {
    const save = join(folder, 'mlp.safetensors')
    const { status, out, err } = mnist(['--examples', '2000', '--epochs', '1', '--threads', '2', '--save', save])
    expect([err, status]).toEqual(['', 0])
    const lines = out.trimEnd().split('\n')
    expect(lines[0]).toBe('MNIST: 2000 training and 10000 test digits, mlp on the cpu backend')
    expect(lines[1]).toMatch(/^epoch 1: test accuracy 0\.\d{4} \(\d+\.\d s\)$/)
    expect(lines[2]).toBe(`parameters saved to ${save} and loaded again`)
    expect(lines.at(-1)).toMatch(/^test accuracy 0\.\d{4}$/)
    expect(Number(lines.at(-1)?.split(' ')[2])).toBeGreaterThan(0.75)
    expect(existsSync(save)).toBe(true)
    expect(out).not.toContain('\x1b')
  })
  it('runs the CNN fast, on the first backend that works', () => {
    const save = join(folder, 'cnn.safetensors')
    const { status, out } = mnist(['--model', 'cnn', '--fast', '--examples', '128', '--backend', 'webgl,cpu', '--save', save], noBrowser)
    expect(status).toBe(0)
    expect(out).toMatch(
      /^webgl is not used: it runs in a browser\. There is no Chromium at .+\nMNIST: 128 training and 500 test digits, cnn on the cpu backend/,
    )
    expect(out).toMatch(/\ntest accuracy 0\.\d{4}\n$/)
  })
  it('names the remedy where webgl has no browser', () => {
    const { status, err } = mnist(['--backend', 'webgl'], noBrowser)
    expect([status, err]).toEqual([
      2,
      `BackendError: webgl: it runs in a browser. There is no Chromium at ${noBrowser.CHROMIUM_PATH}. Set CHROMIUM_PATH to one.\n`,
    ])
  })
  it('explains its options', () => {
    const { status, out } = mnist(['--help'])
    expect(status).toBe(0)
    for (const option of ['model', 'epochs', 'batch', 'examples', 'seed', 'backend', 'threads', 'fast', 'out', 'data', 'save', 'losses'])
      expect(out).toContain(`--${option} `)
  })
  it.each([
    [['--modle', 'cnn'], /^ValueError: Unknown option '--modle'\. See --help\.$/],
    [['--backend', 'gpu'], /^ValueError: --backend: cpu, cuda, webgl, reference .*; got "gpu"\. See --help\.$/],
    [['--data', '/no/such/folder'], /^ValueError: MNIST: cannot read \/no\/such\/folder\/.*Pass --data FOLDER/],
    [['--save', '/no/such/folder/file'], /^ValueError: \/no\/such\/folder\/file: cannot be written/],
  ])('refuses %j in one line, with exit code 2', (args, message) => {
    const { status, out, err } = mnist(args)
    expect([status, out]).toEqual([2, ''])
    expect(err.trimEnd().split('\n')).toHaveLength(1)
    expect(err.trimEnd()).toMatch(message)
  })
  it.each([
    [['--model', 'rnn'], /^--model: mlp, mlp-dropout or cnn, got "rnn"\. See --help\./],
    [['--epochs', '0'], /^--epochs: an integer of at least 1, got "0"\. See --help\./],
    [['--batch', '3.5'], /^--batch: an integer of at least 1, got "3\.5"/],
    [['--seed'], /^Option '--seed <value>' argument missing/],
    [['digits'], /^Unexpected argument 'digits'/],
  ])('does not take %j', (args, message) => expect(() => parseOptions(args)).toThrow(message))
  it('has defaults for each network', () => {
    const of = (model: string) => parseOptions(['--model', model])
    expect(of('mlp')).toMatchObject({ epochs: 5, batchSize: 32, seed: 0, fast: false })
    expect(of('mlp-dropout')).toMatchObject({ epochs: 20, batchSize: 128 })
    expect(of('cnn')).toMatchObject({ epochs: 8, batchSize: 128 })
  })
})
