/**
 * Every limit of the product, each with its reason. A number that guards memory, time or money stands here and nowhere else.
 * Tests of a limit stand at limit − 1, limit and limit + 1.
 */

const KIB = 1024
const MIB = 1024 * KIB

// Crash reports (DESIGN.md section 4; Antenna's proxy takes 25 MiB on the wire)

/** Wire bytes of one crash report: the peer's proxy limit, so that a client sees the same edge. */
export const MAX_REPORT_WIRE_BYTES = 25 * MIB
/** Bytes after gunzip. A 194 KB body can inflate to 200 MB; half an isolate is what one report may take. Dumps together cannot be more. */
export const MAX_REPORT_INFLATED_BYTES = 50 * MIB
/** Parts of one multipart body: 10^5 parts cost 1 s of CPU; real reports have about 100. */
export const MAX_PARTS = 2_000
/** Headers of one part: the peer's limit. */
export const MAX_PART_HEADER_BYTES = 8 * KIB
/** RFC 2046: a boundary has 1 to 70 characters. */
export const MAX_BOUNDARY_CHARS = 70
/** One annotation value; a longer one is cut with a note, the report is kept. */
export const MAX_ANNOTATION_BYTES = 1 * MIB
/** Annotations of one report; further ones are dropped with a note. Firefox sends about 210. */
export const MAX_ANNOTATIONS = 1_000
/** Nesting of a JSON `extra` part: Antenna answers 500 at 5,000 arrays; real reports nest 6 deep. */
export const MAX_JSON_DEPTH = 64
/** Report bytes that an isolate holds at once (128 MB are shared by all its requests); above it a report gets 503. */
export const MAX_REPORT_BYTES_IN_FLIGHT = 60 * MIB
/** A report's body must arrive in this time (the peer's proxy waits 70 s and its balancer answers first). */
export const REPORT_BODY_DEADLINE_MS = 60_000
/** The save of one report is retried within this time, then the client is told to keep its copy. */
export const SAVE_BUDGET_MS = 10_000
/** What a refused client should wait: one reconcile round. */
export const RETRY_AFTER_SECONDS = 60

// Other systems

/** One R2 operation on a small object. */
export const R2_DEADLINE_MS = 10_000
/** One D1 statement or batch; D1 itself gives up after 30 s. */
export const D1_DEADLINE_MS = 10_000
/** A queue send hung for 57 s in production (workerd issue 6053); reconcile heals a lost one. */
export const QUEUE_SEND_DEADLINE_MS = 5_000
/** One RPC to another Worker that does not stackwalk. */
export const RPC_DEADLINE_MS = 10_000
/** A heartbeat asks every part in this time. */
export const HEARTBEAT_DEADLINE_MS = 2_000
/** The gateway waits this long for one stage's heartbeat: longer than the stage waits for its parts. */
export const STAGE_HEARTBEAT_DEADLINE_MS = 3_000

// Processing

/** Crashes of one queue batch that are processed at the same time: six is Workers' limit of open connections. */
export const PROCESS_CONCURRENCY = 6
/** The stackwalker kills a walk after 60 s; the processor waits a little longer so that it hears the named status. */
export const STACKWALK_DEADLINE_MS = 75_000
/** The JSON of one stackwalk. A 25 MB dump can amplify to 1 GB (specs/stackwalker.md section 5). */
export const MAX_STACKWALK_JSON_BYTES = 32 * MIB
/** The stackwalk options go as one header, and servers take some 100 KB of headers; beyond this the certificates are left out, not the walk. */
export const MAX_MODULE_SIGNATURE_INFO_CHARS = 32_768
/** Failures that are a crash's own are tried this often, then the crash becomes a dead letter. */
export const MAX_PROCESS_TRIES = 5
/** Trouble of the platform (no container, R2, search) is retried this long after the crash was first queued. */
export const PLATFORM_RETRY_WINDOW_MS = 6 * 3_600_000
/** First delay of a retry; it doubles up to {@link MAX_RETRY_DELAY_SECONDS}. */
export const RETRY_DELAY_SECONDS = 30
/** First delay when all slots of the stackwalker are taken: most walks take well under a second. */
export const STACKWALKER_BUSY_DELAY_SECONDS = 2
/** Longest delay of a retry: at 6 h that is at most 40 tries, under the queues' 100. */
export const MAX_RETRY_DELAY_SECONDS = 600
/** Frames kept of a longer thread: the first and the last half (Socorro rule 15). */
export const MAX_FRAMES_A_THREAD = 500

// Reconcile

/** A raw crash younger than this may still be on its way through the queue. */
export const RECONCILE_MIN_AGE_MS = 5 * 60_000
/** One crash is sent again at most this often. */
export const RECONCILE_RESEND_MS = 3_600_000
/** Ids in one `missing()` call and one sendBatch: the queue's own limit. */
export const RECONCILE_BATCH = 100

// Symbols

/** A zip up to this size is unpacked before the answer (DESIGN.md section 6). */
export const MAX_SYNC_ZIP_BYTES = 20 * MIB
/** A zip with more entries is unpacked by the indexer. */
export const MAX_SYNC_ZIP_ENTRIES = 200
/** Entries of one zip: 10^6 empty entries are a bomb of names. */
export const MAX_ZIP_ENTRIES = 5_000
/** Real bytes of one symbol file before compression, in a zip or in parts; declared sizes are written by the attacker and not trusted. Browsers' sym files reach 2 GB. */
export const MAX_SYMBOL_FILE_BYTES = 8 * 1024 * MIB
/** Real inflated bytes of one zip: four minutes of an indexer. */
export const MAX_ZIP_BYTES = 8 * 1024 * MIB
/** Bytes of one `/upload/` body: Tecken's proxy limit. */
export const MAX_UPLOAD_BYTES = 2 * 1024 * MIB
/** One part of an R2 multipart upload: R2 wants equal parts of at least 5 MiB. */
export const R2_PART_BYTES = 10 * MIB
/** One symbol key segment; R2 keys end at 1,024 bytes. */
export const MAX_SYMBOL_NAME_CHARS = 255
/** Declared bytes of a zip that is unpacked before the answer: about 4 s of inflating and hashing. */
export const MAX_SYNC_INFLATED_BYTES = 512 * MIB
/** A zip's central directory is held whole while it is read; 5,000 entries of real names need under 1 MiB. */
export const MAX_ZIP_DIRECTORY_BYTES = 8 * MIB
/** A zip is read from R2 in blocks of this size, two of which are held: a local header and its data come in one read. */
export const ZIP_BLOCK_BYTES = 4 * MIB
/** Compressed bytes given to the inflater at once: it holds what they inflate to, at most 1,032 times as much. */
export const INFLATE_SLICE_BYTES = 8 * KIB
/** The MODULE and INFO lines at the head of a sym file; real ones have under 1 KiB. */
export const MAX_SYM_HEADER_BYTES = 64 * KIB
/** Rows of stored files are written this often, so that a retry of a long unpack knows what is done. */
export const UPLOAD_ROWS_BATCH = 50
/** An upload that was stopped early (no token, no zip) is read to its end up to here, so that the client sees the answer. */
export const MAX_DRAIN_BYTES = 100 * MIB
/** The same in time. */
export const DRAIN_DEADLINE_MS = 30_000
/** An upload's client that sends nothing for this long is told so; a whole upload may take as long as it needs. */
export const UPLOAD_IDLE_MS = 60_000
/** Bytes of a form field beside the zip (`try`). */
export const MAX_UPLOAD_FIELD_BYTES = 4 * KIB
/** Failures of the platform while unpacking are tried this often, then the upload becomes a dead letter. */
export const MAX_UNPACK_TRIES = 5
/** What a client may keep a symbol file without asking again: a file can be uploaded anew under its key. */
export const SYMBOL_CACHE_SECONDS = 600
/** A range of a sym file that is asked for inflated is cut out while the whole is inflated: up to this size, about 0.2 s of CPU. */
export const MAX_INFLATED_RANGE_BYTES = 64 * MIB
/** How long an isolate remembers which module has a code id: a newer build with the same one is rare, and an upload here forgets all. */
export const CODE_LOOKUP_CACHE_MS = 60_000
/** The same for a code id that nothing has. The indexer's uploads are not heard of here, so a miss is asked anew soon. */
export const CODE_LOOKUP_MISS_CACHE_MS = 5_000
/** Code ids remembered, each under 1 KiB. */
export const MAX_CODE_LOOKUPS_CACHED = 1_000
/** Stored files of one id that are looked at for a debugger: a module has three or four. */
export const MAX_FILES_OF_ID = 20
/** Sections of an ELF file; a browser's library has about 40. */
export const MAX_ELF_SECTIONS = 1_024
/** Names of these sections. */
export const MAX_ELF_NAMES_BYTES = 64 * KIB

// Books of symbols

/** Rows that one D1 statement takes as JSON: a bound value has at most 2 MB, and a row of two names under 1.5 KB. */
export const D1_JSON_ROWS = 1_000
/** Different modules whose misses an isolate sums before it writes them; further ones wait for the next request. */
export const MAX_MISSES_HELD = 500
/** An isolate writes its sum of misses at most this often (DESIGN.md section 6). */
export const MISSES_FLUSH_MS = 60_000
/** Modules that only requests name, first missed on one day: anyone can ask for a million ids. Crashes are not bounded by it. */
export const MAX_NEW_MISSES_A_DAY = 10_000
/** A module that no crash lacks and nobody asked for since is forgotten after this. */
export const MISSES_KEPT_DAYS = 30
/** Days of crashes that are counted anew each time: crashes are processed up to 6 h late, and reprocessed soon after symbols came. */
export const MISSING_SYMBOLS_DAYS = 2
/** Modules of one day without symbols: what one facet gives. */
export const MAX_MISSING_MODULES_A_DAY = 10_000
/** Rows of one page of uploads (specs/symbols.md 4). */
export const UPLOADS_A_PAGE = 20
/** Rows of one page of stored files (specs/symbols.md 4). */
export const UPLOAD_FILES_A_PAGE = 40
/** Rows of one page of missing symbols; a script takes the CSV. */
export const MISSING_SYMBOLS_A_PAGE = 100
/** A page is found by counting the rows before it. Ten million rows are further than anyone pages. */
export const MAX_LIST_PAGE = 100_000
/** One filter of a list: names have up to 255 characters. */
export const MAX_LIST_FILTER_CHARS = 300
/** Parts of one key filter: each is looked for in every row. */
export const MAX_KEY_TERMS = 10
/** Files of one upload that are shown: a zip has at most MAX_ZIP_ENTRIES. */
export const MAX_SHOWN_UPLOAD_FILES = 5_000
/** Other uploads of the same files that are shown with one: a build machine may send the same zip every night. */
export const MAX_RELATED_UPLOADS = 100
/** Rows that a CSV reads at once; it is sent while it is read. */
export const CSV_ROWS_A_READ = 1_000

// Symbols, v2: files in parts (DESIGN.md section 6)

/** Bytes of one part, and of a file that goes in one put: a part is held whole while its hash is checked. */
export const UPLOAD_PART_BYTES = 10 * MIB
/** R2's own limit on the parts of one object. */
export const MAX_UPLOAD_PARTS = 10_000
/** Files of one v2 request: the peer's limit. */
export const MAX_MANIFEST_FILES = 1_024
/** The JSON of a v2 request: 1,024 keys of 1,000 bytes with their sizes and hashes, twice over. */
export const MAX_MANIFEST_BYTES = 2 * MIB
/** Bytes of parts that an isolate holds at once (128 MB are shared by all its requests); above it a part gets 503. */
export const MAX_PART_BYTES_IN_FLIGHT = 60 * MIB
/** What a client waits whose part found no room: about one part's time. */
export const PART_RETRY_AFTER_SECONDS = 1
/** An upload's parts are kept this long; R2 itself forgets an unfinished object after a week. */
export const UPLOAD_SESSION_MS = 6 * 86_400_000
/** Questions to R2 that one request has open at once: Workers' limit of connections. */
export const R2_CONCURRENCY = 6

// Symbols, upload by URL (specs/symbols.md 1.3)

/** Addresses that a server may send us on to. */
export const MAX_REDIRECTS = 5
/** Repeats of a question that got 429, 500 or no answer: the peer's number. */
export const URL_RETRIES = 5
/** First pause before such a repeat, in ms; it doubles: 6 s together. */
export const URL_RETRY_PAUSE_MS = 200
/** The other server's first word; the peer waits 5 s to connect, and a cold artifact store needs more to find the file. */
export const URL_ANSWER_DEADLINE_MS = 30_000
/** A form of fields only: an address and `try`. */
export const MAX_UPLOAD_FIELDS_BYTES = 16 * KIB

// Search and API

/** Results of one SuperSearch page (specs/webapp.md 2.3). */
export const MAX_RESULTS_NUMBER = 1_000
/** Offset and number together (specs/webapp.md 2.3). */
export const MAX_RESULTS_WINDOW = 10_000
/** Terms of one facet (specs/webapp.md 2.3). */
export const MAX_FACETS_SIZE = 10_000
/** Days that one query may span (specs/webapp.md 2.3). */
export const MAX_QUERY_DAYS = 365
/** A query answers in this time, with what it has: crashstats-tools gives up after 5 s. */
export const QUERY_DEADLINE_MS = 4_500
/** RPC by value is kept under the platform's limit of 32 MiB with room for its encoding. */
export const MAX_RPC_BYTES = 8 * MIB
/** A search field's value in the index; the whole value stays in the processed crash. Socorro cuts keywords here. */
export const MAX_INDEXED_CHARS = 10_000
/** The same of a field that is a list: 500 modules without symbols have about 40,000 characters. */
export const MAX_INDEXED_LIST_CHARS = 50_000
/** Every shard sends the sort keys of offset + number hits: four keys of 256 characters keep 10,000 of them under MAX_RPC_BYTES. */
export const MAX_SORT_KEYS = 4
/** Texts are ordered by this many characters: the sort keys of 10,000 hits travel from every shard. */
export const MAX_SORT_CHARS = 256
/** Term counts that one query may gather from all its shards: a quarter of an isolate. */
export const MAX_FACET_BYTES = 4 * MAX_RPC_BYTES

// Sign-in

/** A session ends after a working day. */
export const SESSION_SECONDS = 8 * 3_600
/** Longest life of an API token, and its default (Socorro: 90 days; Tecken: a year). */
export const TOKEN_DAYS = 365

// Crash reports, continued: what bounds the memory of parsing and saving one report

/** A JSON `extra` part: it is parsed whole, at up to ten times its size. Real ones have under 500 KB. */
export const MAX_JSON_EXTRA_BYTES = 8 * MIB
/** Values in a JSON `extra` part: `[[],[],…` makes an object of every three bytes. Real ones have about 3,000. */
export const MAX_JSON_VALUES = 100_000
/** All annotations of one report: escaping can make each byte six in the stored raw crash. Real reports have under 500 KB. */
export const MAX_ANNOTATIONS_BYTES = 4 * MIB
/** Dumps of one report: each is an R2 put, and a request may make 1,000. Firefox sends up to five. */
export const MAX_DUMPS = 50
/** Longest dump name, cut as the peer cuts it (specs/collector.md 1.2). */
export const MAX_DUMP_NAME_CHARS = 30
/** One collector note: it may quote a part's name, which is up to 8 KiB long. */
export const MAX_NOTE_CHARS = 300

// Pages: what one page shows at most. The whole crash is always behind its raw JSON links, so a cut is said, never silent.

/** A processed crash above this is shown without its stacks: an isolate of 128 MB parses and renders several at once. */
export const MAX_PAGE_JSON_BYTES = 16 * MIB
/** Raw crash JSON of a page: 1,000 annotations are far below it; one of 1 MiB fits. */
export const MAX_PAGE_ANNOTATIONS_BYTES = 4 * MIB
/** One value (a function name, an annotation). Templates reach 4,000 characters; 100,000 are an attack or an accident. */
export const MAX_SHOWN_CHARS = 4_000
/** Frames and inline frames of one thread: 500 frames are kept of a thread, real inlines double that. */
export const MAX_SHOWN_FRAMES_A_THREAD = 1_500
/** Frames of all threads beside the crashing one; 500 threads of 500 frames would be 75 MB of HTML. */
export const MAX_SHOWN_OTHER_FRAMES = 6_000
/** Modules of one list. Firefox loads about 300. */
export const MAX_SHOWN_MODULES = 2_000
/** Annotations of one list: the collector keeps no more. */
export const MAX_SHOWN_ANNOTATIONS = 1_000
/** Products with a card of their own on the first page; each card is one query. */
export const MAX_HOME_PRODUCTS = 8
/** Latest crashes of one card. */
export const HOME_CRASHES_A_PRODUCT = 6
/** Results of one search page (specs/webapp.md 1: the peer's page shows 50). */
export const SEARCH_RESULTS_A_PAGE = 50
/** Terms of a facet beside the search results. */
export const SEARCH_FACET_TERMS = 25
/** A waiting report page asks again after this. A crash takes about two seconds. */
export const PENDING_REFRESH_SECONDS = 5
/** A waiting report sends its crash to the priority queue at most this often (specs/webapp.md 1: once per 60 s). */
export const PRIORITY_RESEND_MS = 60_000
/** Crash ids remembered for {@link PRIORITY_RESEND_MS}; when full, the oldest is forgotten and may be sent again early. */
export const MAX_PRIORITY_REMEMBERED = 10_000
/** Search ends by itself at QUERY_DEADLINE_MS with what it has; this is for one that does not. Clients give up after 5 s. */
export const SEARCH_RPC_DEADLINE_MS = QUERY_DEADLINE_MS + 300
/** The body of a form of ours: an address and a path. */
export const MAX_FORM_BYTES = 4 * KIB

// Reprocessing and signature lineage

/** Crash ids of one reprocessing request: crashstats-tools sends 50 at a time; a thousand are ten queue batches, within one RPC deadline. */
export const MAX_REPROCESS_IDS = 1_000
/** The form of one reprocessing request: a thousand ids with their ruleset, percent-encoded, are under 80 KB. */
export const MAX_REPROCESS_FORM_BYTES = 128 * KIB
/** Messages of one sendBatch: the queue's own limit. */
export const REPROCESS_BATCH = 100
/** How long a report page waits for the reprocessing that its viewer asked for; trouble of the platform may take longer, up to 6 h. */
export const REPROCESS_WATCH_MS = 10 * 60_000
/** Earlier signatures kept of one crash. With the present one, each of 255 characters, their list still fits MAX_INDEXED_CHARS. */
export const MAX_SIGNATURE_HISTORY = 15
/** The signature job reads crashes of this time anew at every run: a crash is indexed at most PLATFORM_RETRY_WINDOW_MS after it came. */
export const SIGNATURE_WINDOW_MS = PLATFORM_RETRY_WINDOW_MS + 3_600_000
/** Signatures whose first date one run looks up, and changes that it records: two queries each. The rest is the next run's. */
export const MAX_SIGNATURES_A_RUN = 300

// Processing, continued: configuration documents, and what bounds the memory of six crashes at once

/** A configuration document is read again after this (DESIGN.md section 4: within 60 s). */
export const CONFIG_REFRESH_MS = 60_000
/** One read of a configuration document; it is never worth waiting longer than for the crash itself. */
export const CONFIG_DEADLINE_MS = 5_000
/** The products document: 10,000 beta builds are 400 KB. */
export const MAX_PRODUCTS_BYTES = 2 * MIB
/**
 * JSON of one crash (stackwalks, memory report, earlier processed crash) that is read beside others. A larger crash waits for its turn: one at
 * a time. Firefox' stackwalks have 0.2 to 0.8 MB; six crashes below this hold 12 MiB of text and about twice that as objects.
 */
export const MAX_SMALL_CRASH_JSON_BYTES = 2 * MIB
/** A large crash waits this long for its turn, then it goes back to the queue as for a busy stackwalker. */
export const LARGE_CRASH_TURN_DEADLINE_MS = 30_000
/** A turn that is older is over, whether or not its holder said so: longer than the walks of one crash take. */
export const LARGE_CRASH_TURN_LEASE_MS = 5 * 60_000
/** Deliveries of a crash that wait for symbols which the symbol server could not give: 30, 60, 120 and 240 s make 7.5 minutes. */
export const MAX_SYMBOLS_TRIES = 5
/** A memory report after gunzip: the peer's limit (specs/processor.md 1.3, 25). */
export const MAX_MEMORY_REPORT_BYTES = 20 * MIB
/** Breadcrumbs of one report; clients keep the last 100 or so. */
export const MAX_BREADCRUMBS = 1_000
/** Text of soft errors that is kept (specs/processor.md 1.3, 47). */
export const MAX_SOFT_ERRORS_CHARS = 4_096

// Signature lists and signing

/** A changed list in CONFIG counts within a minute: read again when what is held is this old, and the read itself may take R2_DEADLINE_MS. */
export const SIGNATURE_LISTS_MAX_AGE_MS = 30_000
/** One list file: Socorro's largest has 20 KB. A larger one is a mistake, and its pattern would take seconds to compile. */
export const MAX_SIGNATURE_LIST_BYTES = 1 * MIB
/** A JSON batch of crash data: it is parsed whole, at up to ten times its size. NDJSON has no such limit. */
export const MAX_SIGNATURE_BATCH_BYTES = 4 * MIB
/** Jobs of one JSON batch: signing one takes 0.05 ms to some milliseconds. */
export const MAX_SIGNATURE_JOBS = 1_000
/** One line of NDJSON: a whole processed crash fits (five fixture dumps: under 1 MB each). */
export const MAX_SIGNATURE_LINE_BYTES = 4 * MIB
/** Lines of one NDJSON body: at some milliseconds each they stay under the platform's 30 s of CPU time. */
export const MAX_SIGNATURE_LINES = 5_000
/** One whole NDJSON body. */
export const MAX_SIGNATURE_STREAM_BYTES = 64 * MIB
/** A body that does not go on for this long is given up. */
export const SIGNATURE_BODY_IDLE_MS = 30_000

// The public API (specs/webapp.md 2.1 and 2.2)

/** Requests a minute that one address may send without credentials, and with them: the peer's numbers. wrangler.toml holds the same. */
export const API_REQUESTS_A_MINUTE = { anonymous: 100, authenticated: 1_000 } as const
/** Search pages a minute: the peer's numbers. One page is the most expensive read. wrangler.toml holds the same. */
export const SEARCH_PAGES_A_MINUTE = { anonymous: 10, authenticated: 100 } as const
/** The platform counts by the minute and does not say when the next request is good; after a whole minute it is. */
export const RATE_LIMIT_RETRY_SECONDS = 60
/** Asking the rate limiter is worth no more than this; late or failing means go on. */
export const RATE_LIMIT_DEADLINE_MS = 500
/** How long a browser keeps a public answer of the API (the peer's number). */
export const API_CACHE_SECONDS = 300
/** The body of an API call by form or JSON: 1,000 signatures of 255 characters, percent-encoded, are 765 KB. */
export const MAX_API_BODY_BYTES = 1 * MIB
/** Signatures or bug ids of one question about them. */
export const MAX_NAMES_A_QUESTION = 1_000
/** Signatures that one request links with a bug: a bug with more is no one bug. */
export const MAX_SIGNATURES_A_BUG = 200
/** Characters of one API parameter that is a name: signatures have at most 255. */
export const MAX_NAME_CHARS = 1_000
/** Crashes of one page of MissingProcessedCrash: the peer's number. */
export const MISSING_CRASHES_A_PAGE = 1_000
/** Builds of one product and channel that one run of the versions job sees: crashes of some hours come from a few hundred. */
export const MAX_BUILDS_A_FACET = 500
/** What a token's owner says of it: the peer's number of characters. */
export const MAX_TOKEN_NOTE_CHARS = 2_000
/** Days that a token lives when its owner names none (specs/webapp.md 5). */
export const DEFAULT_TOKEN_DAYS = 90
/** Tokens of one list. A person has a handful; an administrator sees the newest. */
export const MAX_TOKENS_LISTED = 1_000

// A deployment's own annotations, and what a search document holds

/** The annotations document: MAX_DEPLOYMENT_ANNOTATIONS entries of 2 KB. */
export const MAX_ANNOTATIONS_DOCUMENT_BYTES = 1 * MIB
/** Annotations that a deployment adds: each may be a column of every search shard. Firefox, the richest client, has about 210. */
export const MAX_DEPLOYMENT_ANNOTATIONS = 500
/** Text of an analysed field in the index, in bytes of UTF-8: the peer's limit (specs/webapp.md 3.1). */
export const MAX_INDEXED_TEXT_BYTES = 32_766
/** One search document as JSON: a row of a Durable Object holds 2 MB. Real ones have 4 to 20 KB. */
export const MAX_DOCUMENT_BYTES = 1_500_000

// The query language of search

/** Characters of one `@` pattern: the peer's engine takes as many. */
export const MAX_PATTERN_CHARS = 1_000
/** Steps that one character of a value may cost a pattern, at worst: a plain text of 1,000 characters needs as many. */
export const MAX_PATTERN_INSTRUCTIONS = 2_000
/** Numbers of one `<n-m>` in a pattern: each is written out. */
export const MAX_PATTERN_INTERVAL = 500
/** Values with an operator other than `=` in one query: each is compared with every distinct value of its field. */
export const MAX_FILTER_CONDITIONS = 200
/** Values of one field that are looked up in a set: as many crash ids as one query can page through. */
export const MAX_FILTER_VALUES = MAX_RESULTS_WINDOW
/** Nodes of the tree of aggregations: every field there is, once, and as many below them. */
export const MAX_AGGREGATIONS = 400
/** Steps of one histogram of dates: a month by the minute. The peer's engine gives up at 65,536 buckets. */
export const MAX_DATE_BUCKETS = 50_000
/** Warnings of one answer: a form may name 100,000 parameters that are none. */
export const MAX_SEARCH_WARNINGS = 100

// The search engine: column chunks of a shard

/** Documents of one sealed chunk. Ids of its values fit into two bytes, and 74 chunks hold a week of 300,000 crashes. */
export const MAX_CHUNK_DOCUMENTS = 4_096
/** JSON of the documents of one chunk: it is sealed before it is full, so that sealing never holds more than a tenth of an isolate. */
export const MAX_CHUNK_BYTES = 12 * MIB
/** Decoded columns that all shards of an isolate keep together: a third of its memory. */
export const COLUMN_CACHE_BYTES = 48 * MIB
/** Values of one field that are kept, and dropped, together. A week of 300,000 crashes has about 3 MB of signatures. */
export const MAX_SEGMENT_BYTES = 8 * MIB
/** A value of a column is stored in rows of this size: a row of a Durable Object holds 2 MB. */
export const MAX_BLOB_BYTES = 1_800_000
/** Buckets and terms that one query may count in one shard: about 40 MB. Beyond it only those that were met first are counted. */
export const MAX_QUERY_BUCKETS = 1_000_000
/** What the patterns of one query may cost one shard, in steps of about 5 ns: two seconds, or 500,000 signatures by a plain pattern. */
export const MAX_PATTERN_STEPS = 400_000_000
/** Documents of an older format that one step of a rebuild moves: about 100 ms. */
export const REBUILD_STEP_DOCUMENTS = 1_000
/** Between two steps of a rebuild, so that queries come in between. */
export const REBUILD_PAUSE_MS = 100
// Symbol indexes and partial symbol files (DESIGN.md section 6)

/** A sym file that is replaced while its index is built is read anew this often; then the next message builds it. */
export const INDEX_BUILD_ROUNDS = 3
/** One build an isolate: a build of the queue waits this long for the one before it (a gigabyte takes 25 s), then it goes back to the queue. */
export const INDEX_TURN_DEADLINE_MS = 60_000
/** An upload waits this long for the same, then its indexes are built by the indexer. */
export const UPLOAD_INDEX_TURN_DEADLINE_MS = 10_000
/** Text of a sym file whose index an upload builds beside others: a build of so much takes a few MB. */
export const SMALL_SYM_TEXT_BYTES = 1 * MIB
/** A build that waits for its turn looks again after this. */
export const INDEX_TURN_POLL_MS = 50
/** A turn that is older is over, whether or not its holder said so: ten gigabytes of text take as long. */
export const INDEX_TURN_LEASE_MS = 5 * 60_000
/** The first pause of a build that found no turn, or whose sym file changed all the while. */
export const INDEX_BUSY_DELAY_SECONDS = 10
/** A chunk of a stored sym file: R2 streams, and a stream that stands still is given up. */
export const SYM_CHUNK_DEADLINE_MS = 30_000
/** Answers, decoded blocks and upper indexes that an isolate of symbols keeps, beside MAX_PART_BYTES_IN_FLIGHT and what requests hold. */
export const MAX_INDEX_CACHE_BYTES = 24 * MIB
/** Stored indexes whose etag and size an isolate remembers, each under 1 KiB: a warm lookup then reads blocks alone. */
export const MAX_INDEXES_REMEMBERED = 2_000
/** A lookup whose index is replaced under it starts again this often; then its file counts as being indexed. */
export const MAX_TORN_READS = 3
/** What a client waits whose sym file has no index yet: most are built in a second, a gigabyte in half a minute. */
export const INDEXING_RETRY_AFTER_SECONDS = 5
/** An isolate asks for the index of one file at most this often, however many clients wait for it. */
export const INDEX_REQUEST_MS = 60_000
/** Files remembered for {@link INDEX_REQUEST_MS}; when full, the oldest is forgotten and may be asked for again early. */
export const MAX_INDEX_REQUESTS_REMEMBERED = 10_000
/** The end of an index that is read first: of a small library the whole index, */
export const INDEX_END_MIN_BYTES = 64 * KIB
/** and of a large one so much that its upper index is in it, a share of what its sym file has in the store. */
export const INDEX_END_SHARE = 400
/** More is never needed: beyond, the upper index has levels. */
export const INDEX_END_MAX_BYTES = 640 * KIB
/** Addresses that the first step of a lookup asks an index for. A name may have 160 KB: what a step answers is counted before the next is asked. */
export const LOOKUP_FIRST_STEP_ADDRESSES = 50
/** Later steps ask for as many as should answer so much, */
export const LOOKUP_STEP_BYTES = 1 * MIB
/** and for this many at most. */
export const LOOKUP_STEP_ADDRESSES = 1_000
/** Partial text of one address (DESIGN.md section 6): a function of 256 KB has some ten thousand lines. */
export const MAX_PARTIAL_BYTES_AN_ADDRESS = 256 * KIB
/** Partial text of one answer, all of its modules together. */
export const MAX_PARTIAL_BYTES = MAX_RPC_BYTES
/** Addresses of one GET: their ranges go back in a header, and servers and clients take 8 KB of it. POST takes more. */
export const MAX_PARTIAL_GET_ADDRESSES = 100
/** Modules of one POST: a browser's process has about 300. */
export const MAX_PARTIAL_MODULES = 1_000
/** Addresses of one POST: 500 frames in each of 20 threads. */
export const MAX_PARTIAL_ADDRESSES = 10_000
/** The JSON of one POST: 10,000 addresses of 18 digits and 1,000 names are under 600 KB. */
export const MAX_PARTIAL_BODY_BYTES = 1 * MIB
/** Partial answers that an isolate makes at once may have this many bytes together; above it a request gets 503. */
export const MAX_PARTIAL_BYTES_IN_FLIGHT = 32 * MIB
/** What one partial answer took of that comes free after this, whether or not it was read. */
export const PARTIAL_LEASE_MS = 60_000
/** What a client waits whose partial answer found no room. */
export const PARTIAL_RETRY_AFTER_SECONDS = 1
/** Keys of one page of a bucket: R2's own limit. */
export const BACKFILL_PAGE_KEYS = 1_000
/** Pages that one run of the backfill looks at; a page of indexed files costs one list. */
export const BACKFILL_PAGES_A_RUN = 10
/** Sym files that one run of the backfill sends to the indexer; with as many waiting it sends none. */
export const BACKFILL_FILES_A_RUN = 1_000
/** A bucket that was looked through is looked through again after this: files may be copied in at any time. */
export const BACKFILL_PAUSE_MS = 24 * 3_600_000

// Symbolication (DESIGN.md section 6)

/** Jobs of one request: the peer's limit, in the peer's words. */
export const MAX_SYMBOLICATION_JOBS = 10
/** Modules in the memory maps of one request: a browser's profile of all its processes names some hundred. */
export const MAX_SYMBOLICATION_MODULES = 2_000
/** Stacks of one request: the peer's docs advise batches of 1,000 crash pings. */
export const MAX_SYMBOLICATION_STACKS = 20_000
/** Frames of one request: the Firefox Profiler asks for all addresses of a library at once, tens of thousands for libxul. */
export const MAX_SYMBOLICATION_FRAMES = 100_000
/** One body, as it travels and after gunzip: 100,000 frames `[12,123456789],` are 1.5 MB; 8 MiB leave room for 64-bit offsets and long names. */
export const MAX_SYMBOLICATION_BODY_BYTES = 8 * MIB
/** JSON values in one body: 100,000 frames are 300,000, and `[[],[],…` makes an object of every three bytes. */
export const MAX_SYMBOLICATION_VALUES = 500_000
/** Nesting of one body: a request nests 6 deep; what lies in unknown keys is parsed and dropped. */
export const MAX_SYMBOLICATION_DEPTH = 64
/** Characters of one answer. A name of 4,000 characters and 20 inlines at one address, asked for 100,000 times, would be gigabytes. */
export const MAX_SYMBOLICATION_ANSWER_CHARS = 64 * MIB
/** Characters of the symbols that one request holds; 100,000 addresses at 150 characters need half of it. What is above stays without a name. */
export const MAX_SYMBOLICATION_SYMBOL_CHARS = 24 * MIB
/** Bytes that all requests of an isolate hold at once (it has 128 MB); above it a request gets 503. The largest request alone needs 48 MiB. */
export const MAX_SYMBOLICATION_BYTES_IN_FLIGHT = 64 * MIB
/** What a request holds comes free after this, whether or not it ended: its body, its lookups and the reading of its answer take less. */
export const SYMBOLICATION_LEASE_MS = 3 * 60_000
/** What a request counts for each JSON value: an array of two numbers takes about this much three times. */
export const SYMBOLICATION_VALUE_BYTES = 32
/** What a client waits whose request found no room. */
export const SYMBOLICATION_RETRY_AFTER_SECONDS = 1
/** A body that does not go on for this long is given up. */
export const SYMBOLICATION_BODY_IDLE_MS = 30_000
/** Symbols that are not there by then are missing from the answer: clients give up after 30 s to a minute. */
export const SYMBOLICATION_DEADLINE_MS = 25_000
/** Addresses of one call to the symbols Worker: a cold one reads some hundred blocks, so that calls end in time and in turn. */
export const SYMBOL_LOOKUP_ADDRESSES = 1_000
/** Modules of one call: of a request's modules most are missing, and answered at once. */
export const SYMBOL_LOOKUP_MODULES = 8
/** Calls that one request has open at once: Workers' limit of connections. */
export const SYMBOL_LOOKUP_CONCURRENCY = 6
/** One crash ping: all threads of a browser, 100 frames each, are under 600 KB. */
export const MAX_PING_BYTES = 2 * MIB
/** Lines of one NDJSON body. */
export const MAX_PINGS = 5_000
/** One whole NDJSON body. */
export const MAX_PINGS_BYTES = 64 * MIB
/** Pings whose symbols are looked up together: addresses repeat from ping to ping. */
export const PINGS_A_BATCH = 50
/** The same in bytes of text. */
export const PINGS_BATCH_BYTES = 4 * MIB
/** Frames of a ping's crashing thread that are symbolicated and answered; a signature looks at 40, inlines counted. */
export const MAX_PING_FRAMES = 100
/** Modules of one ping. Firefox loads about 300. */
export const MAX_PING_MODULES = 2_000

// Throttle rulesets (DESIGN.md section 4)

/** The ruleset document: 200 rules with their lists are 100 KB; the built-in `mozilla` has 4 KB. */
export const MAX_RULESET_BYTES = 256 * 1024
/** Rules of one ruleset: each is tried for every report. Mozilla has 16. */
export const MAX_THROTTLE_RULES = 200
/** Nesting of one rule's `when`: deeper is not read by people. Mozilla's rules nest three deep. */
export const MAX_WHEN_DEPTH = 8
/** Conditions of one ruleset, all rules together: under 1 ms a report. */
export const MAX_RULE_CONDITIONS = 2_000
/** Values of one `in`, products, and packages of one product. */
export const MAX_RULE_VALUES = 1_000
/** Characters of one value, product, package or annotation name in a ruleset. */
export const MAX_RULE_VALUE_CHARS = 500
/** Characters of a rule's name: it goes into answers, counters and logs. */
export const MAX_RULE_NAME_CHARS = 100
/** Patterns of one ruleset. They take linear time, but each is dearer than a comparison. */
export const MAX_RULE_PATTERNS = 50
/** Size of one compiled pattern: the worst value then costs it about 0.1 s, a real one some microseconds. */
export const MAX_RULE_PATTERN_INSTRUCTIONS = 500
/** A pattern looks at this many characters of a value, from its start. */
export const MAX_MATCHED_CHARS = 1_024
/** The smallest draw that means something; 0 switches a draw off. Smaller would give one report the weight of millions. */
export const MIN_RULE_PERCENT = 0.001
/** What a report waits for the ruleset and the products of CONFIG; late or failing means that what was before holds. */
export const CONFIG_PATIENCE_MS = 1_000
/** After CONFIG was late, reports do not wait for it again for this long. */
export const CONFIG_IMPATIENT_MS = 10_000
/** Stored crashes that one dry run reads: about 20 ms each, over the API. */
export const MAX_DRY_RUN_CRASHES = 10_000

// Overview, top crashers, signature pages

/** Reports of a signature, and of all others of its group, below which shares say nothing: at 20 the 95 % interval is 40 points wide. */
export const MIN_CORRELATION_REPORTS = 20
/** Reports of a signature that must have a value before it is compared. */
export const MIN_CORRELATED_REPORTS = 5
/** A value that is this much more frequent for sure is worth a look: with many reports every small difference is sure. */
export const MIN_CORRELATION_DIFFERENCE = 0.05
/** Values of one field that are compared. */
export const CORRELATED_TERMS = 100
/** Values of one field that are counted in the group: enough for each compared one to be among them, nearly always. */
export const CORRELATION_GROUP_TERMS = 1_000
/** Correlations that one page shows. */
export const MAX_SHOWN_CORRELATIONS = 50
/** Signatures of a product that the overview follows by the day: the most frequent of two weeks. */
export const MAX_OVERVIEW_SIGNATURES = 150
/** Products of the overview that are followed by channel and signature. */
export const MAX_OVERVIEW_PRODUCTS = 8
/** Lines of one chart: more are not told apart. */
export const MAX_CHART_SERIES = 6
/** Days of one chart: search answers a year, the build axis looks back half of one. */
export const MAX_CHART_DAYS = 366
/** User comments of one page: the peer's number. */
export const COMMENTS_A_PAGE = 50
/** Frames of the crashing thread in a bug's text (issue 10). */
export const MAX_BUG_FRAMES = 10
/** A frame's function in a bug's text: the peer's number. */
export const MAX_BUG_FRAME_CHARS = 80
/** A bug's title: Bugzilla takes 255. */
export const MAX_BUG_TITLE_CHARS = 255
/** The address that opens a tracker's form: common servers refuse more than 8 KB. */
export const MAX_BUG_URL_CHARS = 8_000
/** The text of a query bar: as long as an address may be. */
export const MAX_QUERY_TEXT_CHARS = 16_000

// The report page (specs/webapp.md 6): a normal crash is a page of less than 100 KB

/** Rows of frames that come unasked, the crashing thread's (which always comes) counted: at about 600 bytes a row of long names and addresses. */
export const REPORT_ROWS_UNASKED = 110
/** Threads that one address opens by name; more are asked for as all. */
export const MAX_OPENED_THREADS = 50
/** Modules of one crash whose source revision is looked up: those of its stacks, some dozens. */
export const MAX_REVISION_MODULES = 500
/** Modules without symbols on one page; the CSV has all. */
export const SHOWN_MISSING_SYMBOLS = 200
/** Signatures of a bug that is typed into the search box: together they stay an address. */
export const MAX_SHOWN_BUG_SIGNATURES = 20
/** Text sought in threads. */
export const MAX_SOUGHT_CHARS = 200
/** A result set in a report's address: SuperSearch's longest usual query is a few hundred characters. */
export const MAX_RESULT_SET_CHARS = 4_000
/** Hits on either side in which a report is looked for in its result set: new crashes push it down while somebody reads. */
export const RESULT_SET_REACH = 10
/** Steps of the crash's past that a page shows. Firefox keeps 100; the peer's page shows the last 10. */
export const MAX_SHOWN_BREADCRUMBS = 50
/** Frames of a stack that is copied as Markdown: what a bug needs, and short enough for any tracker. */
export const MARKDOWN_FRAMES = 40

// Resends (DESIGN.md section 4)

/** A smaller minidump says too little: two different crashes could have the same one. */
export const MIN_RESEND_MINIDUMP_BYTES = 1 * KIB
/** A report that comes again this soon is the same report. Clients send one again at their next start; claims are kept two days. */
export const RESEND_WINDOW_MS = 24 * 3_600_000
/** A claim that is not settled by then is gone on without: the dumps beside it took as long. */
export const CLAIM_DEADLINE_MS = 2_000

// Environment in dumps (DESIGN.md section 4)

/** Of an environment this much is looked for in memory; Linux takes 2 MiB, real ones have some KiB. The stream itself goes whole. */
export const MAX_STRIP_STREAM_BYTES = 512 * KIB
/** One variable: Linux takes no longer one. */
export const MAX_STRIP_ENTRY_BYTES = 128 * KIB
/** Name of a variable that is looked for. */
export const MAX_STRIP_NAME_CHARS = 64
/** Places that may be a variable: about 100,000 bytes of a random 25 MiB are a `=`. A dump of nothing else costs under a second. */
export const MAX_STRIP_CANDIDATES = 200_000
/** Comparisons of memory with an environment; a random 50 MiB need about 600,000. A dump that is made to need more costs about 0.1 s up to here. */
export const MAX_STRIP_COMPARISONS = 2_000_000
/** Memory is looked through in pieces of this size, so that a dump is not held twice. */
export const STRIP_WINDOW_BYTES = 256 * KIB

// Speed and books of the collector (DESIGN.md section 4)

/** Bytes of a report's body that are read at once, where workerd gives 4 KiB to one who does not ask: a third of the CPU. */
export const BODY_CHUNK_BYTES = 32 * KIB
/** What an isolate counted is written after this, */
export const COUNTS_FLUSH_MS = 10_000
/** or when it is this much. */
export const COUNTS_FLUSH_EVENTS = 100
/** One write of counts. It begins up to COUNTS_FLUSH_MS after an answer, and the platform ends all work 30 s after one. */
export const COUNTERS_DEADLINE_MS = 5_000
/** Different counts that an isolate holds while they cannot be written: 30 an hour is much, so that is a day. A name has under 120 bytes. */
export const MAX_COUNTS_HELD = 1_000
/** Different counts of one hour. 200 rules with four results each are 800; more come only from documents that change all the time. */
export const MAX_COUNTS_AN_HOUR = 2_000
/** Hours of counts are kept this long. */
export const COUNTS_KEPT_DAYS = 28
/** Pages of 1,000 raw crashes that are counted at once: some seconds. */
export const MAX_ACCEPTED_PAGES = 50
/** An isolate that has written nothing for this long is gone, and what it wrote last need not be remembered. */
export const COUNTING_ISOLATE_KEPT_MS = 24 * 3_600_000

// Crash reports: attachments and oversize reports (DESIGN.md section 4)

/** Attachments of one report together; one that goes over is left out with a note, so that a huge log does not cost the minidump its place. */
export const MAX_ATTACHMENTS_BYTES = 20 * MIB
/** The file name of an attachment as it is listed; file systems end here. */
export const MAX_FILE_NAME_CHARS = 255
/** With OVERSIZE=annotations a report is read on to here for the annotations behind its dump: the platform's own limit of a request. */
export const MAX_OVERSIZE_WIRE_BYTES = 100 * MIB
/** The same after gunzip: 150 MiB that nobody keeps cost about 0.2 s of CPU. */
export const MAX_OVERSIZE_INFLATED_BYTES = 200 * MIB

// The page of a crash for whoever sent it (DESIGN.md section 4)

/** Characters of one comment: a page of text. Longer ones are sent back with the request to shorten them. */
export const MAX_COMMENT_CHARS = 5_000
/** The form of one comment, percent-encoded: 5,000 characters of three bytes in UTF-8 are 45 KB. */
export const MAX_COMMENT_FORM_BYTES = 64 * KIB
/** Comments that one report takes from its page: each has the crash processed anew. */
export const MAX_PAGE_COMMENTS = 5
/** A raw crash that changed between reading and writing is read again so often. */
export const COMMENT_WRITE_ROUNDS = 5
/** Comments a minute and address. wrangler.toml holds the same. */
export const COMMENTS_A_MINUTE = 5
/** A report that is younger than this is waited for every PENDING_REFRESH_SECONDS; a crash takes about two seconds, */
export const PERSON_PATIENT_MS = 2 * 60_000
/** and an older one, which waits for a part of Mayday, this often; */
export const PERSON_SLOW_REFRESH_SECONDS = 60
/** and after this no more: a page that was left open asks nobody for days. */
export const PERSON_REFRESH_END_MS = 6 * 3_600_000

// Minidumps as the collector reads them (DESIGN.md section 4)

/** Streams of one dump. Real ones have 10 to 30. */
export const MAX_MINIDUMP_STREAMS = 1_000
/** Threads of one dump that are read: 48 bytes each. */
export const MAX_MINIDUMP_THREADS = 10_000
/** Modules of one dump that are read; a browser's process has about 300. */
export const MAX_MINIDUMP_MODULES = 4_000
/** Memory ranges of one dump that are read: a full dump of Windows has some thousand. */
export const MAX_MINIDUMP_MEMORY_RANGES = 50_000
/** Bytes of one module's path: no system has longer ones than 4,096. */
export const MAX_CODE_FILE_BYTES = 8 * KIB
/** Annotations that Crashpad put into the dump, and bytes of one name or value. */
export const MAX_CRASHPAD_ANNOTATIONS = 1_000
export const MAX_CRASHPAD_TEXT_BYTES = 64 * KIB

// Duplicates (DESIGN.md section 4)

/** Words of the crashing thread's stack in a fingerprint. */
export const FINGERPRINT_STACK_WORDS = 8
/** The stack is searched for them so far: a stack in a minidump is mostly cut at 32 KiB, and a word costs under a microsecond. */
export const MAX_FINGERPRINT_STACK_BYTES = 64 * KIB
/** What a report waits to hear whether it is a duplicate; late or failing means that it is kept. */
export const DUPLICATES_DEADLINE_MS = 300
/** Days of counts that a `Duplicates` object keeps. */
export const DUPLICATES_DAYS_KEPT = 28
/** An object that counted nothing for this long deletes itself. */
export const DUPLICATES_IDLE_MS = 30 * 24 * 3_600_000

// Sign-in through Cloudflare Access, and the access log (DESIGN.md section 8)

/** The keys that sign Access's assertions, fetched while a person waits on `/signin`. */
export const ACCESS_KEYS_DEADLINE_MS = 5_000
/** They are kept this long; Access announces a new key weeks before it signs with it. An unknown key is looked up at once. */
export const ACCESS_KEYS_KEPT_MS = 3_600_000
/** An unknown key is not looked up again for so long: made-up assertions must not become requests to Access. */
export const ACCESS_KEYS_PAUSE_MS = 30_000
/** An isolate's clock stands still while it computes, so that a new assertion may look younger than its first moment. */
export const ACCESS_CLOCK_TOLERANCE_SECONDS = 5
/** An assertion has about 1.2 KB; with many groups of the identity provider in it 4. Servers end headers at 16 KB. */
export const MAX_ACCESS_ASSERTION_CHARS = 16 * KIB
/** RFC 5321: an address has at most 254 characters. */
export const MAX_EMAIL_CHARS = 254
/** One row of the access log, which the protected values wait for. */
export const ACCESS_LOG_DEADLINE_MS = 3_000
/** How long rows of the access log are kept: a year answers "who saw this crash" twice as long as a crash is kept, and keeps no file on people for ever. */
export const ACCESS_LOG_DAYS = 365
/** Rows on one page of `/access-log`. */
export const ACCESS_LOG_PAGE_ROWS = 100
