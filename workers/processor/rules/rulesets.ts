import type { RulesetName } from '#shared/messages.ts'
import { breadcrumbs, javaStackTrace, mozCrashReason, reportType, shutDownHangCrashingThread } from './cause-rules.ts'
import { copyFromRawCrash } from './copy-from-raw-crash.ts'
import { macBootArgs, macCrashInfo, softErrors } from './mac-rules.ts'
import { androidCpuInfo, androidOsInfo, cpuInfo, osInfo, osPrettyVersion, platformInfo } from './machine-rules.ts'
import { memoryReportExtraction, outOfMemoryBinary, phc } from './memory-rules.ts'
import { missingSymbols, modulesInStack, moduleUrlRewrite, topMostFiles } from './module-rules.ts'
import {
  accessibility,
  addons,
  distributionId,
  majorVersion,
  plugin,
  processType,
  utilityActorsName,
} from './product-rules.ts'
import {
  collectorMetadata,
  convertModuleSignatureInfo,
  crashReportKeys,
  deNone,
  deNull,
  identifier,
  minidumpSha256Hash,
  sampling,
  submittedFrom,
} from './raw-crash-rules.ts'
import type { Rule } from './rule.ts'
import { scrubFreeText } from './scrub-rule.ts'
import { SIGNATURE_GENERATOR_RULE } from './signature-rules.ts'
import {
  crashInconsistencies,
  crashingThreadInfo,
  hasGuardPageAccess,
  minidumpStackwalk,
  possibleBitFlips,
  threadCount,
  truncateStacks,
} from './stackwalk-rules.ts'
import { datesAndTimes } from './time-rules.ts'
import { betaVersion, esrVersionRewrite, fenixVersionRewrite, themePrettyName } from './version-rules.ts'

/** Raise it with every change of a rule that can change a processed crash. */
export const PROCESSOR_VERSION = '3'

/**
 * The rules of each ruleset, in the peer's order (specs/processor.md 1.3; its numbers stand beside them and in docs/processor-rules.md). A later
 * rule reads what an earlier one wrote.
 */
export const RULESETS: Readonly<Record<RulesetName, readonly Rule[]>> = {
  default: [
    deNull, // 1
    deNone, // 2
    crashReportKeys, // 3
    collectorMetadata, // 4
    sampling, // ours
    convertModuleSignatureInfo, // 5
    copyFromRawCrash, // 6
    fenixVersionRewrite, // 7
    esrVersionRewrite, // 8
    submittedFrom, // 9
    identifier, // 10
    minidumpSha256Hash, // 11
    minidumpStackwalk, // 12
    moduleUrlRewrite, // 13
    crashingThreadInfo, // 14
    truncateStacks, // 15
    possibleBitFlips, // 16
    crashInconsistencies, // 17
    hasGuardPageAccess, // 18
    majorVersion, // 19
    plugin, // 20
    processType, // 21
    accessibility, // 22
    addons, // 23
    datesAndTimes, // 24
    outOfMemoryBinary, // 25
    phc, // 26
    breadcrumbs, // 27
    javaStackTrace, // 28
    macBootArgs, // 29
    macCrashInfo, // 30
    mozCrashReason, // 31
    utilityActorsName, // 32
    reportType, // 33
    cpuInfo, // 34
    androidCpuInfo, // 35
    distributionId, // 36
    osInfo, // 37
    androidOsInfo, // 38
    platformInfo, // 39
    betaVersion, // 40
    osPrettyVersion, // 41
    topMostFiles, // 42
    modulesInStack, // 43
    missingSymbols, // 44
    themePrettyName, // 45
    memoryReportExtraction, // 46
    softErrors, // 47
    threadCount, // 48
    scrubFreeText, // ours
    SIGNATURE_GENERATOR_RULE, // 49
    shutDownHangCrashingThread, // 50
  ],
  regenerate_signature: [SIGNATURE_GENERATOR_RULE],
}
