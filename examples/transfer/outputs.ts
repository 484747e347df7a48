/** What the example writes: the classes of the first task, and the network that it teaches. */
import { stack } from '@cotangent/core'
import { encodeTree, sliceOf, tensorsOf } from '@cotangent/nn/data'
import { pngGrid } from '../lib/charts/png.ts'
import type { Examples } from '../lib/classify.ts'
import { SIDE } from '../lib/digits.ts'
import type { Host } from '../lib/host/host.ts'
import { writeOutput } from '../lib/program.ts'
import { CLASSES } from './models.ts'
import { VIEWS, viewsOf } from './views.ts'

/** A digit a row in its eight views. */
export async function drawViews(host: Host, out: string, first: Examples): Promise<void> {
  const shown = tensorsOf(sliceOf(first, 0, CLASSES)).x
  const values = stack([...viewsOf(shown)], { axis: 1 }).dataSync()
  await writeOutput(host, out, 'views.png', pngGrid(values as Float32Array, { width: SIDE, height: SIDE, columns: VIEWS }))
}

/** For others who have few labels: `trunk` and `head`, which names 40 classes. */
export async function writeNetwork(host: Host, out: string, params: unknown): Promise<void> {
  await writeOutput(host, out, 'network.safetensors', await encodeTree(params))
}
