import { crashDataOf } from '#shared/signature/crash-data.ts'
import { generateSignature } from '#shared/signature/generate.ts'
import { always, type Rule } from './rule.ts'

/** Signs the crash; with it goes what made the signature, because lists change more often than crashes are processed. */
export const SIGNATURE_GENERATOR_RULE: Rule = {
  name: 'SignatureGenerator',
  predicate: always,
  action({ processed, lists, notes }) {
    const debug: string[] = []
    const generated = generateSignature(crashDataOf(processed), lists, (line) => debug.push(line))
    processed.signature = generated.signature
    if (generated.proto_signature === null) delete processed.proto_signature
    else processed.proto_signature = generated.proto_signature
    processed.signature_version = generated.signature_version
    processed.signature_lists_hash = generated.signature_lists_hash
    // Protected: it quotes the stack and the annotations as they came.
    processed.signature_debug = debug.join('\n')
    notes.push(...generated.notes)
  },
}
