// What a program with both backends gets from `init`, and how long it takes to find that there is no GPU: scripts/check-packages.ts runs it in Node.
import { init } from '@cotangent/core'

const start = performance.now()
// The reference is in core: this is the time of the other alone.
const { skipped } = await init({ backend: ['cuda', 'reference'] })
const milliseconds = performance.now() - start
const { name, backend } = await init({ backend: ['cuda', 'cpu'], threads: 1 })
await backend.dispose()
console.log(JSON.stringify({ name, reason: skipped[0]?.reason ?? null, milliseconds }))
