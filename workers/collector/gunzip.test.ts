// The same table inside workerd: Node and workerd must agree, see shared/gunzip.ts.
import '#shared/gunzip.test.ts'
