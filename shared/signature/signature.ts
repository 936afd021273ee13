/**
 * The package `mayday/signature`: what other programs may rely on (docs/signatures.md). Everything below imports only files of this folder, so that it runs
 * in Node, Workers and browsers without a dependency. The product itself imports the files, not this page.
 */
export { type CrashData, crashDataOf, readCrashData } from './crash-data.ts'
export { DEFAULT_LIST_TEXTS, defaultSignatureLists } from './default-lists.ts'
export {
  diffSignatures,
  type MergedSignatures,
  type RenamedSignature,
  type ResignedCrash,
  type SignatureDiff,
  SignaturePairs,
  type SignatureShare,
  type SplitSignature,
} from './diff.ts'
export { type GeneratedSignature, generateSignature, SIGNATURE_ALGORITHM_VERSION } from './generate.ts'
export {
  LIST_FILES,
  type ListName,
  type ListsReading,
  readSignatureLists,
  type SignatureLists,
  type SignatureListTexts,
} from './lists.ts'
export type { DebugLog } from './rule.ts'
