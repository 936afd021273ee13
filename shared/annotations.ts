import type { CrashAnnotation } from './annotations/annotation.ts'
import { CAUSE } from './annotations/cause.ts'
import { MACHINE } from './annotations/machine.ts'
import { PERSON } from './annotations/person.ts'
import { PROCESS } from './annotations/process.ts'
import { PRODUCT } from './annotations/product.ts'

/** Every known crash annotation. The data dictionary (docs/reference/data-dictionary.md) is made from it. */
export const CRASH_ANNOTATIONS: readonly CrashAnnotation[] = [...PRODUCT, ...PROCESS, ...CAUSE, ...MACHINE, ...PERSON]
