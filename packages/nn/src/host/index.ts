/** `@cotangent/nn/node`: what training needs of Node: files that appear whole or not at all, and an end on demand. */
export { fileCheckpoint, writeFileAtomic } from './files.ts'
export { interruption } from './interruption.ts'
