/** `--backend webgl`: the same program in a headless browser, with the output, the files and the exit code of the process. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { mnist } from './spawn.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cotangent-mnist-'))
})
afterAll(() => rm(folder, { recursive: true }))

it('prints, saves and ends as in Node, with the same losses', async () => {
  const run = async (backend: string) => {
    const save = join(folder, `${backend}.safetensors`),
      losses = join(folder, `${backend}.txt`)
    const { status, out, err } = mnist(['--backend', backend, '--examples', '320', '--epochs', '1', '--save', save, '--losses', losses])
    expect([err, status]).toEqual(['', 0])
    return {
      // What is measured is compared by itself, and a drawing's probabilities in whole per cent may round differently.
      text: out.replaceAll(backend, 'BACKEND').replace(/\d+\.\d+|.*%.*/g, ''),
      accuracy: Number(out.trimEnd().split(' ').at(-1)),
      losses: (await readFile(losses, 'utf8')).trimEnd().split('\n').map(Number),
      parameters: await readFile(save),
    }
  }
  const [here, there] = [await run('cpu'), await run('webgl')]
  expect(there.text).toBe(here.text)
  expect(there.accuracy).toBeCloseTo(here.accuracy, 2)
  expect(here.losses).toHaveLength(10)
  here.losses.forEach((loss, i) => expect(there.losses[i]).toBeCloseTo(loss, 4))
  expect(there.parameters.length).toBe(here.parameters.length)
})
it('is what the variable COTANGENT_BACKEND asks for too', () => {
  const { status, out } = mnist(['--examples', '32', '--epochs', '1', '--save', join(folder, 'variable')], { COTANGENT_BACKEND: 'webgl' })
  expect([status, out.split('\n')[0]]).toEqual([0, 'MNIST: 32 training and 10000 test digits, mlp on the webgl backend'])
})
it.each([
  [['--data', '/no/such/folder'], /^ValueError: MNIST: cannot read \/no\/such\/folder\/.*Pass --data FOLDER/],
  [['--save', '/no/such/folder/file'], /^ValueError: \/no\/such\/folder\/file: cannot be written \(ENOENT/],
])('refuses %j in one line, with exit code 2', (args, message) => {
  const { status, out, err } = mnist(['--backend', 'webgl', ...args])
  expect([status, out]).toEqual([2, ''])
  expect(err.trimEnd().split('\n')).toHaveLength(1)
  expect(err).toMatch(message)
})
