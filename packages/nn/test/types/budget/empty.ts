/** What model.ts imports and nothing else: the cost of the declarations. */
export * as core from '@cotangent/core'
export * as nn from '@cotangent/nn'
