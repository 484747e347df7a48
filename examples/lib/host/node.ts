/** The host in Node. */
import { access, constants, readFile, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Presets, SingleBar } from 'cli-progress'
import { writeFileAtomic } from '@cotangent/nn/node'
import type { Files, Host } from './host.ts'

export const nodeFiles: Files = {
  readFile: path => readFile(path),
  writeFile: writeFileAtomic,
  async checkWritable(path) {
    if (path === '') throw new Error('the path is empty')
    await access(dirname(path), constants.W_OK)
    if ((await stat(path).catch(() => null))?.isDirectory() === true) throw new Error('EISDIR: it is a folder')
  },
}

const bar = new SingleBar(
  { format: '{title} {bar} {value}/{total}  {detail}', barsize: 30, hideCursor: true, clearOnComplete: true, noTTYOutput: false },
  Presets.shades_classic,
)

export const nodeHost: Host = {
  ...nodeFiles,
  isTerminal: process.stdout.isTTY === true,
  print: line => console.log(line),
  printError: line => console.error(line),
  progress({ step, steps, ...shown }) {
    if (bar.isActive) bar.update(step, shown)
    else bar.start(steps, step, shown)
    if (step === steps) bar.stop()
  },
}
