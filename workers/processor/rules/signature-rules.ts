import { crashDataOf } from '#shared/signature/crash-data.ts'
import { generateSignature, SIGNATURE_ALGORITHM_VERSION } from '#shared/signature/generate.ts'
import { always, type Rule } from './rule.ts'

/** Signs the crash; with it goes what made the signature, because lists change more often than crashes are processed. */
export const SIGNATURE_GENERATOR_RULE: Rule = {
  name: 'SignatureGenerator',
  predicate: always,
  action({ processed, lists, notes }) {
    const generated = generateSignature(crashDataOf(processed), lists)
    processed.signature = generated.signature
    if (generated.proto_signature === null) delete processed.proto_signature
    else processed.proto_signature = generated.proto_signature
    processed.signature_version = SIGNATURE_ALGORITHM_VERSION
    processed.signature_lists_hash = lists.hash
    notes.push(...generated.notes)
  },
}
