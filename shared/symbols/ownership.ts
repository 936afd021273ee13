import type { SymbolKey } from './key.ts'

/** Whose files an upload brings. `product` is null for a token of no product: it speaks for the whole deployment. */
export interface SymbolUploader {
  readonly uploadId: number
  readonly email: string
  readonly product: string | null
  /** An administrator may replace any product's files. */
  readonly isAdmin: boolean
  readonly trySymbols: boolean
}

/** Who owns a debug file and id: the product of the first upload. */
export interface SymbolOwner {
  readonly product: string | null
}

/** Whether an upload may store content under a key that has other content, or none yet. */
export type OwnershipDecision =
  | { readonly kind: 'granted' }
  | { readonly kind: 'refused'; readonly reason: 'owned_by_other_product' }

/**
 * The first upload of a debug file and id owns it (specs/reliability.md 6, row 16): another product's token cannot put its own content
 * there. A token of no product and an administrator may, and leave an audit entry where they replace something. Content that is stored
 * already is skipped before anyone asks.
 */
export function decideOwnership(owner: SymbolOwner, uploader: SymbolUploader): OwnershipDecision {
  const mayStore = uploader.isAdmin || uploader.product === null || uploader.product === owner.product
  return mayStore ? { kind: 'granted' } : { kind: 'refused', reason: 'owned_by_other_product' }
}

/** What an uploader reads of a file that was refused. */
export const OWNERSHIP_REFUSAL_TEXT = 'another product owns this debug file and id'

/** One object that is replaced by other content. MD5s are hex; null for a migrated object that has none. */
export interface SymbolOverwrite {
  readonly key: SymbolKey
  readonly md5Before: string | null
  readonly md5After: string
}

/** Whether a product has room for more symbols. */
export type QuotaDecision = { readonly kind: 'within' } | { readonly kind: 'exceeded'; readonly text: string }

/**
 * Who may write which symbol files. The order of an upload: `quota` when its size is known, `claim` for all of its keys at once before
 * the first put, `recordOverwrite` before each put that replaces other content. Every method throws when D1 fails.
 */
export interface SymbolOwners {
  quota(product: string | null, incomingBytes: number): Promise<QuotaDecision>
  /** Takes what nobody owns, and answers for each key what the uploader may do. */
  claim(uploader: SymbolUploader, keys: readonly SymbolKey[]): Promise<ReadonlyMap<SymbolKey, OwnershipDecision>>
  /** Leaves the audit entry. When it cannot be written the file is not replaced: the throw stops the upload. */
  recordOverwrite(uploader: SymbolUploader, overwrite: SymbolOverwrite, atMs: number): Promise<void>
}

/** Bytes of symbols that a product may store; 0 bounds nobody. */
export function decideQuota(
  product: string,
  usedBytes: number,
  incomingBytes: number,
  quotaBytes: number,
): QuotaDecision {
  if (quotaBytes === 0 || usedBytes + incomingBytes <= quotaBytes) return { kind: 'within' }
  const text = `${product} has ${usedBytes} bytes of symbols, and ${incomingBytes} more exceed its quota of ${quotaBytes} bytes; ask an administrator`
  return { kind: 'exceeded', text }
}
