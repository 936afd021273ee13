import { z } from 'zod'
import { API_CACHE_SECONDS } from '#shared/limits.ts'
import { badParameterAnswer } from './api-answer.ts'
import { answering, type Model } from './model.ts'

/** `GET /api/NoOp/?product=`: does nothing, as the peer does it: a client can probe verbs, parameters, headers and limits. */
export const noOp: Model = {
  name: 'NoOp',
  about: 'Does nothing. A client can probe headers and limits with it; `product=bad` is a bad parameter.',
  verbs: ['GET'],
  needs: null,
  cacheSeconds: API_CACHE_SECONDS,
  results: { 'application/json': z.object({ hits: z.array(z.unknown()).max(0), total: z.literal(0) }) },
  ...answering(
    { product: z.string().meta({ description: 'Anything but `bad`.', examples: ['good'] }) },
    ({ product }) =>
      product === 'bad'
        ? badParameterAnswer('product', "Bad value for parameter(s) 'Bad product'")
        : Response.json({ hits: [], total: 0 }),
  ),
}
