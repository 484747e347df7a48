/** The least program with a derivative, whose bundle the build measures: a matrix product, `grad` and one backend. */
export const minimal = (backend: string): string => `import { backend } from '@cotangent/backend-${backend}'
import { grad, init, matmul, ones, sum } from '@cotangent/core'
await init({ backend: [backend] })
document.title = String(grad((x) => sum(matmul(x, x)))(ones([2, 2])))
`
