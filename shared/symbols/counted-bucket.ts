import type { Log } from '../log.ts'
import type { Bucket } from '../ports.ts'

/** The R2 operations of one request or message, as R2 bills them: class A writes and lists, class B reads; deletes are free. */
export interface R2Operations {
  readonly classA: number
  readonly classB: number
}

/** A bucket that counts what is asked of it. */
export interface CountedBucket {
  readonly bucket: Bucket
  readonly operations: R2Operations
  /** The log, with the operations so far in each line. */
  counting(log: Log): Log
}

/** Each operation of a bucket or of a multipart upload that costs. */
const CLASS: Readonly<Record<string, keyof R2Operations>> = {
  put: 'classA',
  list: 'classA',
  createMultipartUpload: 'classA',
  uploadPart: 'classA',
  complete: 'classA',
  get: 'classB',
  head: 'classB',
}
const BEGINS_UPLOAD = ['createMultipartUpload', 'resumeMultipartUpload']

/** Counts a bucket's operations: what a symbol file costs is logged with what became of it. */
export function countedBucket(bucket: Bucket): CountedBucket {
  const operations = { classA: 0, classB: 0 }
  return {
    bucket: counted(bucket, operations),
    operations,
    counting: (log) => (stage, outcome, fields) =>
      log(stage, outcome, { ...fields, r2_class_a: operations.classA, r2_class_b: operations.classB }),
  }
}

function counted<T extends object>(target: T, operations: { classA: number; classB: number }): T {
  return new Proxy(target, {
    get(object, name) {
      const value: unknown = Reflect.get(object, name)
      if (typeof value !== 'function') return value
      return (...args: unknown[]) => {
        const paid = CLASS[String(name)]
        if (paid !== undefined) operations[paid]++
        const answer: unknown = Reflect.apply(value, object, args)
        if (!BEGINS_UPLOAD.includes(String(name))) return answer
        // A new upload comes later, a resumed one at once.
        if (answer instanceof Promise) return answer.then((upload: object) => counted(upload, operations))
        return answer instanceof Object ? counted(answer, operations) : answer
      }
    },
  })
}
