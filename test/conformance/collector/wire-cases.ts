import { gzipSync } from 'node:zlib'
import { FORM, K, KV, malformed, note, row, type SubmitCase, V } from './case-rows.ts'
import { clientBodies } from './client-bodies.ts'
import { BOUNDARY, dump, extra, join, multipart, part, text } from './multipart-body.ts'

const D = dump('upload_file_minidump', 'abcd1234')
const GZIP = { 'Content-Encoding': 'gzip' }
const C1 = multipart([K, V, D])
const C1_TEXT = new TextDecoder().decode(C1)
const bytes = (body: string) => join([body])
const gzipped = (body: Uint8Array) => new Uint8Array(gzipSync(body))
const headed = (...headers: readonly string[]) => ({
  headers: ['Content-Disposition: form-data; name="Foo"', ...headers],
  body: 'x',
})
const accepted = { annotations: KV, dumps: { upload_file_minidump: 'abcd1234' }, notes: [] } as const

/** What specs/collector.md 1.1 to 1.7 says beyond the table: each row is named by its section. */
export const wireCases: readonly SubmitCase[] = [
  ...['deflate', 'identity', 'br'].map((encoding) =>
    row('1.1', `Content-Encoding ${encoding} is read as it is`, C1, {
      headers: { 'Content-Encoding': encoding },
      stored: accepted,
    }),
  ),
  malformed('1.1', 'x-gzip is not gzip', gzipped(C1), 'invalid_payload_structure', {
    headers: { 'Content-Encoding': 'x-gzip' },
  }),
  malformed(
    '1.1',
    'a second gzip member is not read',
    join([gzipped(C1.slice(0, 40)), gzipped(C1.slice(40))]),
    'invalid_payload_structure',
    { headers: GZIP },
  ),
  row('1.1', 'a boundary of one character', multipart([K, V, D], 'b'), {
    contentType: 'multipart/form-data; boundary=b',
    stored: accepted,
  }),
  row('1.2', 'a preamble and an epilogue', join(['hello\r\n', C1, 'bye\r\n--']), { stored: accepted }),
  row('1.2', 'no line end behind the closing delimiter', C1.slice(0, -2), { stored: accepted }),
  malformed('1.2', 'no closing delimiter', C1.slice(0, -4), 'invalid_payload_structure'),
  malformed(
    '1.2',
    'spaces behind a delimiter',
    bytes(C1_TEXT.replace(`--${BOUNDARY}\r\n`, `--${BOUNDARY} \r\n`)),
    'invalid_payload_structure',
  ),
  malformed(
    '1.2',
    'a part without headers',
    bytes(`--${BOUNDARY}\r\n\r\nx\r\n--${BOUNDARY}--\r\n`),
    'invalid_payload_structure',
  ),
  malformed('1.2', 'a base64 part', [K, headed('Content-Transfer-Encoding: base64')], 'invalid_payload_structure'),
  row('1.2', 'a binary transfer encoding', [K, headed('Content-Transfer-Encoding: binary')], {
    stored: { annotations: { ProductName: 'Firefox', Foo: 'x' } },
  }),
  row('1.2', 'a name with quotes in it', [K, part('form-data; name="a\\"b"', 'x')], {
    stored: { annotations: { ProductName: 'Firefox', 'a"b': 'x' } },
  }),
  row(
    '1.2',
    'an extended file name, and a disposition that is an attachment',
    [
      part('attachment; name="ProductName"', 'Firefox'),
      part('form-data; name="log"; filename*=UTF-8\'\'a%20b.txt', 'x', 'application/octet-stream'),
    ],
    { stored: { annotations: { ProductName: 'Firefox' }, dumps: { log: 'x' }, attachments: { log: 'a b.txt' } } },
  ),
  row('1.2', 'a part without a disposition', [K, { headers: ['Content-Type: text/plain'], body: 'x' }], {
    stored: { annotations: { ProductName: 'Firefox' }, notes: [] },
  }),
  row('1.2', 'TEXT/PLAIN in capitals is a dump', [K, text('Foo', 'x', 'TEXT/PLAIN')], {
    stored: { dumps: { Foo: 'x' }, ...note('unknown content type: Foo TEXT/PLAIN') },
  }),
  row('1.2', 'text/html is a dump', [K, text('Foo', 'x', 'text/html')], {
    stored: { dumps: { Foo: 'x' }, ...note('unknown content type: Foo text/html') },
  }),
  row('1.2', 'an octet-stream with a parameter', [K, text('Foo', 'x', 'application/octet-stream; charset=utf-8')], {
    stored: { dumps: { Foo: 'x' }, ...note('unknown content type: Foo application/octet-stream; charset=utf-8') },
  }),
  row('1.2', 'an empty file name is none', [part('form-data; name="ProductName"; filename=""', 'Firefox')], {
    stored: { annotations: { ProductName: 'Firefox' } },
  }),
  row('1.2', 'a part extra that is not JSON', [K, text('extra', '{"a":1}')], {
    stored: { annotations: { ProductName: 'Firefox', extra: '{"a":1}' } },
  }),
  row('1.2', 'an unknown charset', [K, text('Foo', 'x', 'text/plain; charset=klingon')], {
    stored: {
      annotations: { ProductName: 'Firefox' },
      ...note('extract payload text part exception: invalid text or charset: klingon'),
    },
  }),
  row(
    '1.2',
    'of a repeated name the last wins',
    [text('ProductName', 'x'), dump('a', '1'), D, dump('a', '2'), K, dump('upload_file_minidump', 'abcd')],
    {
      stored: { annotations: { ProductName: 'Firefox' }, dumps: { a: '2', upload_file_minidump: 'abcd' } },
    },
  ),
  row('1.2', 'of a repeated key in JSON the last wins', [extra('{"a":1,"b":2,"a":3}')], {
    stored: { annotations: { a: 3, b: 2 } },
  }),
  row('1.2', 'JSON behind a byte order mark', [extra(join([new Uint8Array([0xef, 0xbb, 0xbf]), '{"a":"b"}']))], {
    stored: { annotations: { a: 'b' } },
  }),
  row('1.2', 'names of annotations stay as they are', [text('a b/ü', 'x')], {
    stored: { annotations: { 'a b/ü': 'x' } },
  }),
  row('1.2', 'the hyphens of the minidump’s name', [K, dump('upload-file-minidump', 'x')], {
    stored: { dumps: { uploadfileminidump: 'x' } },
  }),
  row('1.2', 'a dump name of over 30 characters', [K, dump('x'.repeat(40), 'x')], {
    stored: { dumps: { ['x'.repeat(30)]: 'x' } },
  }),
  row('1.2', 'no dump', [K, text('JavaStackTrace', 'a')], { stored: { dumps: {} } }),
  row(
    '1.3',
    'TelemetrySessionId is removed, telemetrysessionid is not',
    [K, text('TelemetrySessionId', 'x'), text('telemetrysessionid', 'y')],
    {
      stored: {
        annotations: { ProductName: 'Firefox', telemetrysessionid: 'y' },
        ...note('Removed TelemetrySessionId from raw crash.'),
      },
    },
  ),
  row('1.4', 'the scheme of a bearer in small letters', [K, text('uuid', '00112233-4455-4677-8899-aabbc0261123')], {
    headers: { Authorization: 'bearer conformance-submitter-token' },
    status: 401,
    answer: 'Discarded=unauthorized_uuid',
  }),
  row('1.7', 'a chosen crash id of a 13th month', [K, text('uuid', '00112233-4455-4677-8899-aabbc0261399')], {
    headers: { Authorization: 'Bearer conformance-submitter-token' },
    answer: 'CrashID=bp-00112233-4455-4677-8899-aabbc0261399\n',
  }),
  ...['00112233-4455-4677-8899-AABBC0261123', 'bp-00112233-4455-4677-8899-aabbc0261123'].map((uuid) =>
    malformed('1.7', `a chosen crash id ${uuid}`, [K, text('uuid', uuid)], 'invalid_uuid', {
      headers: { Authorization: 'Bearer conformance-submitter-token' },
    }),
  ),
  // What counts first where two things are wrong (1.5).
  malformed('1.5', 'no Content-Type before no body', new Uint8Array(0), 'no_content_type', { contentType: null }),
  malformed('1.5', 'a wrong Content-Type before no body', new Uint8Array(0), 'wrong_content_type', {
    contentType: 'text/plain',
  }),
  malformed('1.5', 'no boundary before no body', new Uint8Array(0), 'no_boundary', {
    contentType: 'multipart/form-data',
  }),
  malformed('1.5', 'no body before bad gzip', new Uint8Array(0), 'no_content_length', { headers: GZIP }),
  malformed('1.5', 'bad gzip before bad JSON', gzipped(multipart([extra('{')])).slice(0, -1), 'bad_gzip', {
    headers: GZIP,
  }),
  malformed('1.5', 'bad JSON before a bad dump name behind it', [extra('{'), dump('raw_crash', 'x')], 'invalid_json'),
  malformed(
    '1.5',
    'a bad dump name before bad JSON behind it',
    [dump('raw_crash', 'x'), extra('[]')],
    'invalid_dump_name',
  ),
  malformed(
    '1.5',
    'JSON of the wrong kind before a missing end',
    multipart([extra('[]')]).slice(0, -4),
    'invalid_json_value',
  ),
  malformed('1.5', 'a missing end before no annotations', multipart([D]).slice(0, -6), 'invalid_payload_structure'),
  malformed('1.5', 'no annotations before a wrong bearer', [D], 'no_annotations', {
    headers: { Authorization: 'Bearer wrong' },
  }),
  // Reporters as they are (1.6; DESIGN.md section 4).
  ...clientBodies.map((client) =>
    row('1.6', client.client, client.body, {
      path: client.path,
      contentType: null,
      headers: client.headers,
      chunked: client.chunked,
      answer: client.reads === 'bare id' ? 'accepted, bare id' : 'accepted',
      stored: {
        annotations: client.annotations,
        notes: client.notes,
        dumps: client.dumps,
        attachments: client.attachments,
      },
    }),
  ),
  row(
    'P5',
    'attachments whose names clean to the same, or to the minidump’s',
    [K, D, dump('a.b', '1'), dump('ab', '2'), dump('upload.file_minidump', 'x'), dump('upload_file_minidump.', '3')],
    {
      stored: {
        dumps: {
          upload_file_minidump: 'abcd1234',
          ab: '2',
          ab_2: '1',
          uploadfile_minidump: 'x',
          upload_file_minidump_2: '3',
        },
        notes: ['dump part "a.b" kept as ab_2', 'dump part "upload_file_minidump." kept as upload_file_minidump_2'],
      },
    },
  ),
  malformed('1.1', 'two boundaries, of which the first counts', C1, 'invalid_payload_structure', {
    contentType: `multipart/form-data; boundary=other; boundary=${BOUNDARY}`,
  }),
  row('1.1', 'a content type with odd spaces', C1, { contentType: FORM.replace('; ', ' ;  '), stored: accepted }),
]
