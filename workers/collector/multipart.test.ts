// The same table inside workerd as in Node.
import '#shared/multipart.test.ts'
