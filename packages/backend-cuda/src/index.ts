/** `@cotangent/backend-cuda`: tensors on NVIDIA GPUs, for Node. */
export type { Precision } from './command.ts'
