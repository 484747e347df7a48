import { describeStorage } from '../../core/test/support/describeStorage.ts'
import { backendFor } from './kit.ts'

// Every new kernel is a shader to compile.
describeStorage('webgl', () => backendFor({ debug: true }), { subnormals: false, brief: true })
