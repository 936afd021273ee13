/** Text assets that wrangler bundles as strings (`[[rules]] type = "Text"` in workers/dashboard/wrangler.toml). */
declare module '*.css' {
  const text: string
  export default text
}

declare module '*.client.js' {
  const text: string
  export default text
}
