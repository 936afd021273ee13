import { measureMemory } from './memory-measures.ts'
import { annotationText, integerOf, isRecord, type JsonRecord, jsonDump, list, type Rule } from './rule.ts'

/** Rules about memory (specs/processor.md 1.3, 25, 26 and 46). */

export const outOfMemoryBinary: Rule = {
  name: 'OutOfMemoryBinary',
  predicate: ({ memoryReport }) => memoryReport.kind !== 'absent',
  action({ memoryReport, processed, notes }) {
    if (memoryReport.kind === 'read') processed.memory_report = memoryReport.report
    if (memoryReport.kind !== 'malformed') return
    processed.memory_report_error = memoryReport.problem
    notes.push(memoryReport.problem)
  },
}

/** The client watched the allocation that the faulting address belongs to (probabilistic heap checker). */
export const phc: Rule = {
  name: 'PHC',
  predicate: ({ annotations }) => annotations.PHCKind !== undefined,
  action(crash) {
    const copies = { phc_kind: 'PHCKind', phc_alloc_stack: 'PHCAllocStack', phc_free_stack: 'PHCFreeStack' }
    for (const [key, annotation] of Object.entries(copies)) {
      if (crash.annotations[annotation] !== undefined) crash.processed[key] = annotationText(crash, annotation)
    }
    const address = annotationText(crash, 'PHCBaseAddress')
    if (address !== '')
      phcNumber(crash.notes, 'PHCBaseAddress', address, (text) => {
        crash.processed.phc_base_address = `0x${BigInt(text).toString(16)}`
      })
    const size = annotationText(crash, 'PHCUsableSize')
    if (size !== '')
      phcNumber(crash.notes, 'PHCUsableSize', size, (text) => {
        crash.processed.phc_usable_size = Number(text)
      })
  },
}

function phcNumber(notes: string[], annotation: string, text: string, write: (digits: string) => void): void {
  const digits = text.trim()
  if (/^\d{1,20}$/.test(digits)) write(digits)
  else notes.push(`${annotation} has a non-int value`)
}

export const memoryReportExtraction: Rule = {
  name: 'MemoryReportExtraction',
  predicate: (crash) =>
    integerOf(String(jsonDump(crash).pid ?? '')) !== null && isMeasurable(crash.processed.memory_report),
  action(crash) {
    const reports = isRecord(crash.processed.memory_report) ? list(crash.processed.memory_report.reports) : []
    const measures = measureMemory(reports, Number(jsonDump(crash).pid))
    if (measures === null) crash.notes.push('MemoryReportExtraction: the memory report says nothing of the process')
    else crash.processed.memory_measures = measures
  },
}

function isMeasurable(report: unknown): report is JsonRecord {
  return isRecord(report) && ['version', 'reports', 'hasMozMallocUsableSize'].every((key) => key in report)
}
