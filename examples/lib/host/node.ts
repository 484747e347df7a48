/** The host in Node. */
import { access, constants, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Presets, SingleBar } from 'cli-progress'
import { writeFileAtomic } from '@cotangent/nn/node'
import type { Files, Host } from './host.ts'

export const nodeFiles: Files = {
  readFile: path => readFile(path),
  writeFile: writeFileAtomic,
  checkWritable: path => access(dirname(path), constants.W_OK),
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
