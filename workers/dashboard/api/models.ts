import { bugLinks } from './bug-links.ts'
import { bugs, signaturesByBugs } from './bugs.ts'
import { crashSignature } from './crash-signature.ts'
import { crashVerify } from './crash-verify.ts'
import { fingerprintCounts } from './fingerprint-counts.ts'
import { missingProcessedCrash } from './missing-processed-crash.ts'
import type { Model } from './model.ts'
import { noOp } from './no-op.ts'
import { processedCrash } from './processed-crash.ts'
import { rawCrash } from './raw-crash.ts'
import { reprocessing } from './reprocessing.ts'
import { SEARCH_MODELS } from './search-models.ts'
import { signatureFirstDate } from './signature-first-date.ts'
import { versionString } from './version-string.ts'

/**
 * The services under `/api/<name>/`, by the peer's names; case matters. Routes, the API page and `/api/openapi.json` come from this list. The peer's
 * UnredactedCrash, ProductVersions, Field and ReportList are gone there, and are 404 here too.
 */
export const MODELS: readonly Model[] = [
  ...SEARCH_MODELS,
  rawCrash,
  processedCrash,
  crashVerify,
  missingProcessedCrash,
  reprocessing,
  crashSignature,
  signatureFirstDate,
  bugs,
  signaturesByBugs,
  bugLinks,
  versionString,
  fingerprintCounts,
  noOp,
]
