import { gzipSync } from 'node:zlib'
import { FORM, K, KV, malformed, note, row, type SubmitCase, V } from './case-rows.ts'
import { BOUNDARY, dump, extra, join, multipart, part, text } from './multipart-body.ts'
import { wireCases } from './wire-cases.ts'

/** Bearer token that the target is started with. */
export const SUBMITTER_TOKEN = 'conformance-submitter-token'
const BEARER = { Authorization: `Bearer ${SUBMITTER_TOKEN}` }

const D = dump('upload_file_minidump', 'abcd1234')
const C1 = multipart([K, V, D])
const MIB = 1024 * 1024

/** A whole body of exactly `bytes` wire bytes. */
function bodyOf(bytes: number): Uint8Array<ArrayBuffer> {
  const empty = multipart([K, V, dump('upload_file_minidump', '')]).length
  return multipart([K, V, dump('upload_file_minidump', new Uint8Array(bytes - empty))])
}

const LONG_BOUNDARY = 'x'.repeat(70)
const SECOND = 'upload_file_minidump_flash1'
const MANY = Array.from({ length: 210 }, (_, at) => [`Annotation${at}`, `value ${at}`] as const)
const CHOSEN = '00112233-4455-4677-8899-aabbc'

/** Rows whose whole story is one request and its answer. */
export const submitCases: readonly SubmitCase[] = [
  ...wireCases,
  row('C1', 'two annotations and a minidump', C1),
  row('C2', 'the raw crash holds what was sent', C1, {
    headers: { 'User-Agent': 'conformance/1.0' },
    stored: { annotations: KV, notes: [], payload: 'multipart', payload_compressed: '0' },
  }),
  row('C3', 'the dump is stored byte for byte', C1, { stored: { dumps: { upload_file_minidump: 'abcd1234' } } }),
  row('C5', 'a gzipped body', new Uint8Array(gzipSync(C1)), {
    headers: { 'Content-Encoding': 'gzip' },
    stored: { annotations: KV, payload_compressed: '1', dumps: { upload_file_minidump: 'abcd1234' } },
  }),
  row('C5', 'a gzipped body, the encoding in capitals (P10)', new Uint8Array(gzipSync(C1)), {
    headers: { 'Content-Encoding': 'GZIP' },
  }),
  row('C5', 'bytes behind the gzip member', join([new Uint8Array(gzipSync(C1)), 'junk']), {
    headers: { 'Content-Encoding': 'gzip' },
  }),
  row('C6', 'multipart/mixed', C1, { contentType: `multipart/mixed; boundary=${BOUNDARY}` }),
  row('C7', 'a quoted boundary', C1, { contentType: `multipart/form-data; boundary="${BOUNDARY}"` }),
  row('C7', 'a charset behind the boundary', C1, { contentType: `${FORM}; charset=utf-8` }),
  row('C7', 'a charset before the boundary (P10)', C1, {
    contentType: `Multipart/Form-Data; charset=utf-8; Boundary=${BOUNDARY}`,
  }),
  row('C7', 'a boundary of 70 characters', multipart([K, V, D], LONG_BOUNDARY), {
    contentType: `multipart/form-data; boundary=${LONG_BOUNDARY}`,
  }),
  malformed(
    'C7',
    'a boundary of 71 characters (P12)',
    multipart([K, V, D], `${LONG_BOUNDARY}x`),
    'invalid_payload_structure',
    {
      contentType: `multipart/form-data; boundary=${LONG_BOUNDARY}x`,
    },
  ),
  malformed('C7', 'an empty boundary (P12)', C1, 'no_boundary', { contentType: 'multipart/form-data; boundary=' }),
  row('C8', 'a query string', C1, { path: '/submit?id=1&version=2' }),
  row('C9', 'a JSON extra', [extra('{"ProductName":"Firefox","Version":"1.0"}'), D], {
    stored: { annotations: { ProductName: 'Firefox', Version: '1.0' }, payload: 'json', notes: [] },
  }),
  row(
    'C10',
    'a JSON extra with a charset',
    [extra('{"ProductName":"Firefox"}', 'application/json; charset=utf-8'), D],
    {
      stored: { annotations: { ProductName: 'Firefox' }, payload: 'json' },
    },
  ),
  row('C10', 'a JSON extra by another name', [extra('{"ProductName":"Firefox"}', 'application/json', 'foo'), D], {
    stored: { annotations: { ProductName: 'Firefox' }, payload: 'json' },
  }),
  row('C11', 'a JSON extra replaces the text parts before it', [K, extra('{"Version":"1"}')], {
    stored: {
      annotations: { Version: '1' },
      ...note('includes annotations in both json-encoded extra and formdata parts'),
    },
  }),
  row('C11', 'a text part behind a JSON extra adds to it', [extra('{"Version":"1"}'), K], {
    stored: { annotations: { ProductName: 'Firefox', Version: '1' } },
  }),
  row('C12', 'JSON values keep their types', [extra('{"a":1,"b":null,"c":{"a":[1]},"d":true,"e":1.5}')], {
    stored: { annotations: { a: 1, b: null, c: { a: [1] }, d: true, e: 1.5 } },
  }),
  row('C13', '210 annotations', [...MANY.map(([name, value]) => text(name, value)), D], {
    stored: { annotations: Object.fromEntries(MANY) },
  }),
  row('C14', 'two dumps', [K, D, dump(SECOND, 'efgh')], {
    stored: { dumps: { upload_file_minidump: 'abcd1234', [SECOND]: 'efgh' } },
  }),
  row('C15', 'a memory report', [K, dump('memory_report', 'zz', 'application/gzip')], {
    stored: { dumps: { memory_report: 'zz' }, ...note('unknown content type: memory_report application/gzip') },
  }),
  row('C16', 'a text part with a filename is a dump', [K, dump('foo', 'text', 'text/plain')], {
    stored: {
      annotations: { ProductName: 'Firefox' },
      dumps: { foo: 'text' },
      ...note('unknown content type: foo text/plain'),
    },
  }),
  row(
    'C17',
    'a binary part without a filename',
    [K, text('upload_file_minidump', new Uint8Array([0xff, 0xfe, 0]), 'application/octet-stream')],
    {
      stored: { dumps: { upload_file_minidump: new Uint8Array([0xff, 0xfe, 0]) }, notes: [] },
    },
  ),
  row('C18', 'a text part that is not UTF-8', [K, text('Foo', new Uint8Array([0xff, 0xfe]))], {
    stored: {
      annotations: { ProductName: 'Firefox' },
      ...note('extract payload text part exception: invalid text or charset: utf-8'),
    },
  }),
  row('C19', 'a text part in Latin-1', [K, text('Foo', new Uint8Array([0xe9]), 'text/plain; charset=latin-1')], {
    stored: { annotations: { ProductName: 'Firefox', Foo: 'é' }, notes: [] },
  }),
  row(
    'C20',
    'fields that no collector keeps',
    [K, text('Email', 'a@b.c'), text('TelemetryClientId', 'x'), text('TelemetryServerURL', 'y')],
    {
      stored: {
        annotations: { ProductName: 'Firefox' },
        notes: ['Email', 'TelemetryClientId', 'TelemetryServerURL'].map((name) => `Removed ${name} from raw crash.`),
      },
    },
  ),
  ...['raw_crash', 'dump_names', 'processed_crash', 'failed_crash'].map((name) =>
    malformed('C21', `a dump named ${name}`, [K, dump(name, 'x')], 'invalid_dump_name'),
  ),
  malformed('C22', 'no Content-Type', C1, 'no_content_type', { contentType: null }),
  ...['application/json', 'application/x-www-form-urlencoded', `multipart/related; boundary=${BOUNDARY}`].map(
    (contentType) => malformed('C23', contentType, C1, 'wrong_content_type', { contentType }),
  ),
  malformed('C24', 'no boundary', C1, 'no_boundary', { contentType: 'multipart/form-data' }),
  malformed('C25', 'an empty body', new Uint8Array(0), 'no_content_length'),
  malformed('C26', 'a plain body called gzip', C1, 'bad_gzip', { headers: { 'Content-Encoding': 'gzip' } }),
  malformed('C26', 'a gzip body cut short', new Uint8Array(gzipSync(C1)).slice(0, -5), 'bad_gzip', {
    headers: { 'Content-Encoding': 'gzip' },
  }),
  malformed('C27', 'a gzip body not called so', new Uint8Array(gzipSync(C1)), 'invalid_payload_structure'),
  malformed('C28', 'another boundary than announced', multipart([K, V, D], 'other'), 'invalid_payload_structure'),
  malformed('C28', 'no multipart at all', join(['foobarbaz']), 'invalid_payload_structure'),
  malformed(
    'C28',
    'LF alone as line end',
    join([new TextDecoder().decode(C1).replaceAll('\r\n', '\n')]),
    'invalid_payload_structure',
  ),
  malformed('C29', 'JSON cut short', [extra('{')], 'invalid_json'),
  malformed('C29', 'JSON with a raw newline in a string', [extra('{"a":"\n"}')], 'invalid_json'),
  malformed(
    'C29',
    'JSON that is not UTF-8',
    [extra(new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]))],
    'invalid_json',
  ),
  ...['[1]', 'null', '"x"'].map((json) => malformed('C30', `JSON ${json}`, [extra(json)], 'invalid_json_value')),
  malformed('C31', 'only a dump', [D], 'no_annotations'),
  malformed('C31', 'only the closing delimiter', [], 'no_annotations'),
  malformed('C31', 'an empty JSON object', [extra('{}')], 'no_annotations'),
  row('C32', 'a uuid without a bearer', [K, text('uuid', `${CHOSEN}0261123`)], {
    status: 401,
    answer: 'Discarded=unauthorized_uuid',
  }),
  row('C32', 'a uuid with a wrong bearer', [K, text('uuid', `${CHOSEN}0261123`)], {
    headers: { Authorization: 'Bearer wrong' },
    status: 401,
    answer: 'Discarded=unauthorized_uuid',
  }),
  ...['0', '1'].map((digit) =>
    row('C33', `a bearer and a uuid with throttle digit ${digit}`, [K, D, text('uuid', `${CHOSEN}${digit}261123`)], {
      headers: BEARER,
      answer: `CrashID=bp-${CHOSEN}${digit}261123\n`,
      stored: { annotations: { ProductName: 'Firefox' }, dumps: { upload_file_minidump: 'abcd1234' } },
    }),
  ),
  ...['456', `${CHOSEN}2261123`, `${CHOSEN}0261123\n`].map((uuid) =>
    malformed(
      'C34',
      `a bearer and the uuid ${JSON.stringify(uuid)}${uuid.endsWith('\n') ? ' (P4)' : ''}`,
      [K, text('uuid', uuid)],
      'invalid_uuid',
      {
        headers: BEARER,
      },
    ),
  ),
  ...['1', 'null', '["a"]'].map((uuid) =>
    malformed('C34', `a bearer and the JSON uuid ${uuid} (P3)`, [extra(`{"a":"b","uuid":${uuid}}`)], 'invalid_uuid', {
      headers: BEARER,
    }),
  ),
  row('C42', '25 MiB less a byte', bodyOf(25 * MIB - 1)),
  row('C42', '25 MiB', bodyOf(25 * MIB)),
  row('C42', '25 MiB and a byte', bodyOf(25 * MIB + 1), { status: 413, answer: 'Discarded=body_too_large' }),
  malformed(
    'P1',
    'JSON of 5,000 nested arrays',
    [extra(`{"a":${'['.repeat(5000)}${']'.repeat(5000)}}`)],
    'invalid_json',
  ),
  row('P5', 'a part named dump beside the minidump', [K, D, dump('dump', 'other'), dump('---', 'third')], {
    stored: {
      dumps: { upload_file_minidump: 'abcd1234', dump_2: 'other', dump_3: 'third' },
      notes: ['dump part "dump" kept as dump_2', 'dump part "---" kept as dump_3'],
    },
  }),
  row('P6', 'a gzip bomb', new Uint8Array(gzipSync(bombBody())), {
    headers: { 'Content-Encoding': 'gzip' },
    status: 413,
    answer: 'Discarded=inflated_too_large',
  }),
  row('P8', 'NaN in JSON', [extra('{"a":NaN,"b":"NaN","c":[-Infinity,Infinity]}')], {
    stored: {
      annotations: { a: null, b: 'NaN', c: [null, null] },
      ...note('NaN or Infinity in json-encoded extra stored as null'),
    },
  }),
  row(
    'odd',
    'annotations called __proto__ and constructor',
    [extra('{"__proto__":"p","constructor":{"__proto__":1}}'), text('toString', 't')],
    {
      stored: { annotations: JSON.parse('{"__proto__":"p","constructor":{"__proto__":1},"toString":"t"}') },
    },
  ),
  row('odd', 'a dump called __proto__', [K, dump('__proto__', 'x')], {
    stored: { dumps: JSON.parse('{"__proto__":"x"}') },
  }),
  row('odd', 'lone surrogates and NULs', [extra('{"a":"\\ud800","b":"\\u0000"}'), text('c', '\0')], {
    stored: { annotations: { a: '\ud800', b: '\0', c: '\0' } },
  }),
  row('odd', 'an empty minidump', [K, dump('upload_file_minidump', '')], {
    stored: { dumps: { upload_file_minidump: '' } },
  }),
  row('odd', 'the unquoted names of Android', [part('form-data; name=ProductName', 'Fenix\r\n'), D], {
    stored: { annotations: { ProductName: 'Fenix\r\n' } },
  }),
  row('odd', 'parts without a name', [K, part('form-data', 'x'), part('form-data; name=""', 'y')], {
    stored: { annotations: { ProductName: 'Firefox' }, notes: [] },
  }),
  row(
    'odd',
    'annotations that pass for the collector’s own fields',
    [K, text('metadata', 'm'), text('version', '9'), text('submitted_timestamp', 's')],
    {
      stored: { annotations: { ProductName: 'Firefox' } },
    },
  ),
  row('odd', 'an annotation name of a megabyte', [extra(JSON.stringify({ ['n'.repeat(MIB)]: 'v' }))]),
  malformed('odd', '100,000 parts', multipart(Array.from({ length: 100_000 }, () => K)), 'invalid_payload_structure'),
  malformed(
    'odd',
    'part headers of a megabyte',
    [part(`form-data; name="${'n'.repeat(MIB)}"`, 'v')],
    'invalid_payload_structure',
  ),
]

/** 60 MiB of zeros as a dump: 60 KB on the wire. */
function bombBody(): Uint8Array<ArrayBuffer> {
  return multipart([K, dump('upload_file_minidump', new Uint8Array(60 * MIB))])
}
