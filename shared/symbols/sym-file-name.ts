/** The sym file of a debug file: `.pdb` is replaced, anything else keeps its name (`xul.sym`, `libxul.so.sym`). What Breakpad's clients ask for. */
export function symFileName(debugFile: string): string {
  return `${debugFile.replace(/\.pdb$/i, '')}.sym`
}
