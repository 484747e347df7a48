// A user's program: scripts/check-packages.ts compiles it against the packed packages and runs it in old and new Node and in a browser.
import * as core from '@cotangent/core'
import * as cpu from '@cotangent/backend-cpu'
import * as nn from '@cotangent/nn'

export const result: Promise<string> = Promise.resolve(`ok ${[core, cpu, nn].length} packages load`)
