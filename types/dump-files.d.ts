/** A minidump of test/fixtures in tests that run in workerd, which has no files: Vite makes it a `data:` address. */
declare module '*.dmp?url&inline' {
  const dataUrl: string
  export default dataUrl
}
