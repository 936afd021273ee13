// The search Worker with a door for the bench. Documents are made here, so that no JSON of theirs is parsed in the measured time. JavaScript, because
// the types of workerd and of Node do not go together.
import { Search } from '../../workers/search/index.ts'
import { SearchShard as Shard } from '../../workers/search/search-shard.ts'
import { browserCrash } from './search-documents.ts'

/** Rows written, by shard: an object may go and come again in between. */
const rowsWritten = new Map()

/** A shard that counts the rows which it writes. */
export class SearchShard extends Shard {
  constructor(context, env) {
    const id = context.id.toString()
    const { sql } = context.storage
    const exec = sql.exec.bind(sql)
    sql.exec = (...args) => {
      const cursor = exec(...args)
      rowsWritten.set(id, (rowsWritten.get(id) ?? 0) + cursor.rowsWritten)
      return cursor
    }
    super(context, env)
  }

  figures() {
    return { bytes: this.ctx.storage.sql.databaseSize, rows: rowsWritten.get(this.ctx.id.toString()) ?? 0 }
  }
}

/** What the last `make` made. */
let made = []

export default {
  async fetch(request, env, context) {
    const search = new Search(context, env)
    const asked = await request.json()
    switch (asked.kind) {
      case 'make':
        made = Array.from({ length: asked.count }, (_, n) => browserCrash(asked.from + n, asked.week))
        return Response.json(made.length)
      case 'index':
        await search.index(made.slice(asked.start, asked.end))
        return Response.json(asked.end)
      case 'query':
        return Response.json(await search.query(asked.query))
      case 'figures':
        return Response.json(await env.SHARDS.getByName(asked.shard).figures())
    }
  },
}
