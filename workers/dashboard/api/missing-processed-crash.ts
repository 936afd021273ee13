import { z } from 'zod'
import { MAX_LIST_PAGE, MISSING_CRASHES_A_PAGE } from '#shared/limits.ts'
import { errorAnswer } from './api-answer.ts'
import { answering, type Model } from './model.ts'

/** `GET /api/MissingProcessedCrash/?page=`: crashes that were found saved but not processed, newest first (specs/webapp.md 2.2). */
export const missingProcessedCrash: Model = {
  name: 'MissingProcessedCrash',
  about: 'Crashes that were once found saved but not processed, and whether they are processed now. Newest first.',
  verbs: ['GET'],
  needs: null,
  cacheSeconds: 0,
  results: {
    'application/json': z.object({
      count: z.number().int(),
      next: z.url().nullable(),
      previous: z.url().nullable(),
      results: z.array(z.object({ crash_id: z.string(), is_processed: z.boolean(), created: z.iso.datetime() })),
    }),
  },
  ...answering(
    {
      page: z
        .string()
        .default('1')
        .meta({ description: 'Pages of 1,000, counted from 1.', examples: ['1'] }),
    },
    async ({ page: text }, context, deps) => {
      const page = Number(text)
      if (!/^\d{1,6}$/.test(text) || page < 1 || page > MAX_LIST_PAGE) return errorAnswer(400, 'invalid page number')
      const { count, crashes } = await deps.missingProcessed.page(
        (page - 1) * MISSING_CRASHES_A_PAGE,
        MISSING_CRASHES_A_PAGE,
      )
      const pageUrl = (number: number) => {
        const url = new URL(context.req.url)
        url.search = number === 1 ? '' : `?page=${number}`
        return url.href
      }
      return Response.json({
        count,
        next: page * MISSING_CRASHES_A_PAGE < count ? pageUrl(page + 1) : null,
        previous: page > 1 ? pageUrl(page - 1) : null,
        results: crashes.map(({ crashId, createdAtMs, isProcessed }) => ({
          crash_id: crashId,
          is_processed: isProcessed,
          created: new Date(createdAtMs).toISOString(),
        })),
      })
    },
  ),
}
