// A user's program: scripts/check-packages.ts compiles it against the packed packages and runs it in old and new Node and in a browser.
// Its answer begins with "ok"; naming whole modules keeps all their exports in the bundle.
import * as cpu from '@cotangent/backend-cpu'
import * as core from '@cotangent/core'
import * as nn from '@cotangent/nn'

const names = [core, cpu, nn].map((module) => Object.keys(module).length)

export const result: Promise<string> = Promise.resolve(`ok ${names.join(' + ')} exports`)
