import { gzipSync } from 'node:zlib'
import { join } from './multipart-body.ts'

/** A report byte for byte as a shipped reporter makes it, and what must come of it. */
export interface ClientBody {
  readonly client: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array<ArrayBuffer>
  /** Sent in chunks, without a length. */
  readonly chunked: boolean
  /** What the reporter makes of the body of the answer. */
  readonly reads: 'CrashID line' | 'bare id'
  readonly annotations: Readonly<Record<string, unknown>>
  readonly notes: readonly string[]
  readonly dumps: Readonly<Record<string, Uint8Array>>
  readonly attachments: Readonly<Record<string, string>>
}

const CRLF = '\r\n'
/** Looks like a minidump, and holds what a careless reader trips over: line ends, dashes, bytes that are no text. */
const MINIDUMP = join(['MDMP\x93\xa7', new Uint8Array([0, 0, 13, 10, 45, 45, 255, 254, 13]), '\r\n--'])
const GUID = '7343249b-739e-49e1-a4a9-dafa87a161fb'

function textParts(boundary: string, annotations: Readonly<Record<string, string>>): string {
  return Object.entries(annotations)
    .map(([name, value]) => `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`)
    .join('')
}

function fileHead(boundary: string, name: string, filename: string, contentType = 'application/octet-stream'): string {
  return `--${boundary}\r\nContent-Disposition: form-data; name="${name}"; filename="${filename}"\r\nContent-Type: ${contentType}\r\n\r\n`
}

/** Firefox desktop: the system's curl, all annotations as one JSON part, then the minidump and a memory report. */
function firefoxDesktop(): ClientBody {
  const boundary = '------------------------d74496d66958873e'
  const json =
    '{"ProductName":"Firefox","Version":"130.0","BuildID":"20261101000000","Throttleable":"1","StartupTime":1763890000}'
  return {
    client: 'Firefox desktop',
    path: '/submit',
    headers: {
      'Content-Type': `multipart/form-data; boundary=${boundary}`,
      'User-Agent': 'crashreporter/1.0.0',
      Accept: '*/*',
    },
    body: join([
      fileHead(boundary, 'extra', 'extra.json', 'application/json'),
      json,
      CRLF,
      fileHead(boundary, 'upload_file_minidump', `${GUID}.dmp`),
      MINIDUMP,
      CRLF,
      fileHead(boundary, 'memory_report', 'memory.json.gz'),
      new Uint8Array(gzipSync('{}')),
      `${CRLF}--${boundary}--\r\n`,
    ]),
    chunked: false,
    reads: 'CrashID line',
    annotations: JSON.parse(json),
    notes: [],
    dumps: { upload_file_minidump: MINIDUMP, memory_report: new Uint8Array(gzipSync('{}')) },
    attachments: { memory_report: 'memory.json.gz' },
  }
}

/** Firefox for Android: gzip, names without quotes, no part types but the dump's, and one line end too many before the closing delimiter. */
function firefoxAndroid(): ClientBody {
  const boundary = '8a1f2b3c-4d5e-4f60-8a7b-9c0d1e2f3a4b'
  const field = (name: string, value: string) =>
    `--${boundary}\r\nContent-Disposition: form-data; name=${name}\r\n\r\n${value}\r\n`
  return {
    client: 'Firefox for Android',
    path: '/submit?id=%7Baa3c5121-dab2-40e2-81ca-7ea25febc110%7D&version=130.0&android_component_version=130',
    headers: {
      'Content-Type': `multipart/form-data; boundary=${boundary}`,
      'Content-Encoding': 'gzip',
      'User-Agent': 'okhttp/4.12',
    },
    body: new Uint8Array(
      gzipSync(
        join([
          field('ProductName', 'Fenix'),
          field('Version', '130.0'),
          field('Android_PackageName', 'org.mozilla.firefox'),
          `--${boundary}\r\nContent-Disposition: form-data; name="upload_file_minidump"; filename="${GUID}.dmp"\r\nContent-Type: application/octet-stream\r\n\r\n`,
          MINIDUMP,
          CRLF,
          `--${boundary}\r\nContent-Disposition: form-data; name=JavaStackTrace\r\n\r\njava.lang.Error: a\r\n\tat B.c(D.java:1)`,
          `${CRLF}${CRLF}--${boundary}--\r\n`,
        ]),
      ),
    ),
    chunked: false,
    reads: 'CrashID line',
    annotations: {
      ProductName: 'Fenix',
      Version: '130.0',
      Android_PackageName: 'org.mozilla.firefox',
      JavaStackTrace: 'java.lang.Error: a\r\n\tat B.c(D.java:1)\r\n',
    },
    notes: [],
    dumps: { upload_file_minidump: MINIDUMP },
    attachments: {},
  }
}

/** Crashpad: annotations in the order of their names, then files; gzip in chunks, because it does not know the length. */
function crashpad(): ClientBody {
  const boundary = '---MultipartBoundary-0aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT0u---'
  const sent = {
    guid: GUID,
    list_annotations: 'one\ntwo',
    platform: 'win32',
    prod: 'WaterWolf',
    ptype: 'browser',
    ver: '1.2.3',
  }
  return {
    client: 'Crashpad',
    path: `/submit?product=WaterWolf&version=1.2.3&guid=${GUID}`,
    headers: {
      'Content-Type': `multipart/form-data; boundary=${boundary}`,
      'Content-Encoding': 'gzip',
      'User-Agent': 'Crashpad/0.8.0 WinHTTP/10.0.22621.1 Windows_NT/10.0.22621 (x86_64)',
    },
    body: new Uint8Array(
      gzipSync(
        join([
          textParts(boundary, sent),
          fileHead(boundary, 'game.log', 'game.log'),
          'started\n',
          CRLF,
          fileHead(boundary, 'upload_file_minidump', `${GUID}.dmp`),
          MINIDUMP,
          `${CRLF}--${boundary}--\r\n`,
        ]),
      ),
    ),
    chunked: true,
    reads: 'bare id',
    annotations: { ...sent, ProductName: 'WaterWolf', Version: '1.2.3', ProcessType: 'main' },
    notes: [],
    dumps: { upload_file_minidump: MINIDUMP, gamelog: join(['started\n']) },
    attachments: { gamelog: 'game.log' },
  }
}

/** What Breakpad's sender on Linux makes of annotations and a minidump: libcurl's form. */
function curlForm(boundary: string, sent: Readonly<Record<string, string>>) {
  return {
    path: '/submit',
    headers: {
      'Content-Type': `multipart/form-data; boundary=${boundary}`,
      'User-Agent': 'Breakpad/1.0 (Linux)',
      Accept: '*/*',
    },
    body: join([
      textParts(boundary, sent),
      fileHead(boundary, 'upload_file_minidump', '1f2e3d4c.dmp'),
      MINIDUMP,
      `${CRLF}--${boundary}--\r\n`,
    ]),
    chunked: false,
  }
}

/** Breakpad on Linux. */
function breakpadLinux(): ClientBody {
  const boundary = '------------------------c4ae5238f12b6c82'
  const sent = {
    comments_: 'it broke',
    ctime: '1763890000',
    email: 'a@example.com',
    guid: GUID,
    prod: 'WaterWolf',
    ptime: '4711',
    ver: '1.2.3',
  }
  const { email: _removed, ...kept } = sent
  return {
    client: 'Breakpad on Linux',
    ...curlForm(boundary, sent),
    reads: 'bare id',
    annotations: { ...kept, ProductName: 'WaterWolf', Version: '1.2.3', Comments: 'it broke' },
    notes: ['Removed email from raw crash.'],
    dumps: { upload_file_minidump: MINIDUMP },
    attachments: {},
  }
}

/** Breakpad on Windows: file names are whole paths, their backslashes not escaped. */
function breakpadWindows(): ClientBody {
  const boundary = '---------------------------0000002900004823'
  const sent = { prod: 'WaterWolf', ver: '1.2.3' }
  return {
    client: 'Breakpad on Windows',
    path: '/submit',
    headers: {
      'Content-Type': `multipart/form-data; boundary=${boundary}`,
      'User-Agent': 'Breakpad/1.0 (Windows)',
      'Cache-Control': 'no-cache',
    },
    body: join([
      textParts(boundary, sent),
      fileHead(boundary, 'log', 'C:\\Users\\anna\\AppData\\Local\\WaterWolf\\new.log'),
      'started\r\n',
      CRLF,
      fileHead(boundary, 'upload_file_minidump', 'C:\\Users\\anna\\AppData\\Local\\Temp\\1f2e3d4c.dmp'),
      MINIDUMP,
      `${CRLF}--${boundary}--\r\n`,
    ]),
    chunked: false,
    reads: 'bare id',
    annotations: { ...sent, ProductName: 'WaterWolf', Version: '1.2.3' },
    notes: [],
    dumps: { upload_file_minidump: MINIDUMP, log: join(['started\r\n']) },
    attachments: { log: 'new.log' },
  }
}

/** Electron: Crashpad, with the app beside the framework. */
function electron(): ClientBody {
  const boundary = '---MultipartBoundary-u0T9s8R7q6P5o4N3m2L1k0J9i8H7g6F5---'
  const sent = {
    _companyName: 'Example',
    _productName: 'wolf-desktop',
    _version: '4.5.6',
    guid: GUID,
    platform: 'linux',
    process_type: 'renderer',
    prod: 'Electron',
    ptype: 'renderer',
    ver: '39.0.1',
  }
  return {
    client: 'Electron',
    path: '/submit',
    headers: {
      'Content-Type': `multipart/form-data; boundary=${boundary}`,
      'User-Agent': 'Crashpad/0.8.0 BoringSSL/1.1.1 Linux/6.8.0 (x86_64)',
    },
    body: join([
      textParts(boundary, sent),
      fileHead(boundary, 'upload_file_minidump', `${GUID}.dmp`),
      MINIDUMP,
      `${CRLF}--${boundary}--\r\n`,
    ]),
    chunked: true,
    reads: 'bare id',
    annotations: {
      ...sent,
      ProductName: 'wolf-desktop',
      Version: '4.5.6',
      ProcessType: 'renderer',
      ElectronVersion: '39.0.1',
    },
    notes: [],
    dumps: { upload_file_minidump: MINIDUMP },
    attachments: {},
  }
}

/** LibreOffice: Breakpad's sender and User-Agent, Mozilla's annotations, and it looks for `CrashID=` in the answer. */
function libreOffice(): ClientBody {
  const boundary = '------------------------5f1d0c9b8a7e6f5d'
  const sent = { ProductName: 'LibreOffice', Version: '25.8.1' }
  return {
    client: 'LibreOffice',
    ...curlForm(boundary, sent),
    reads: 'CrashID line',
    annotations: sent,
    notes: [],
    dumps: { upload_file_minidump: MINIDUMP },
    attachments: {},
  }
}

/** One body a client (specs/collector.md 1.6). */
export const clientBodies: readonly ClientBody[] = [
  firefoxDesktop(),
  firefoxAndroid(),
  crashpad(),
  breakpadLinux(),
  breakpadWindows(),
  electron(),
  libreOffice(),
]
