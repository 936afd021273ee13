/**
 * The key that an annotation gets in the processed crash when a deployment names none: `RenderBackend` → `render_backend`, `GPUVendor` →
 * `gpu_vendor`, `lsb-release` → `lsb_release`, `_version` → `version`. Null for a name of which no key can be made.
 */
export function processedKeyOf(name: string): string | null {
  const key = name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1_$2')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^[_0-9]+|_+$/g, '')
  return key === '' ? null : key
}
