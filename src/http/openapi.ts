// The API document (OpenAPI 3.1), made from the routes themselves.

import { z } from 'zod'
import type { AnyRoute, Mount } from './route.ts'

/** The document of one or several mounts. */
export function openapi(
  title: string,
  version: string,
  mounts: readonly Pick<Mount<never>, 'prefix' | 'routes' | 'suffixes'>[],
): object {
  const paths: Record<string, Record<string, object>> = {}
  for (const face of mounts) {
    for (const route of face.routes) {
      const path = `${face.prefix}${route.path}${face.suffixes?.[0] ?? ''}`.replaceAll(/:([A-Za-z_]+)/g, '{$1}')
      paths[path] ??= {}
      paths[path][route.method.toLowerCase()] = operation(route, path)
    }
  }
  return { openapi: '3.1.0', info: { title, version }, paths }
}

function operation(route: AnyRoute<never>, path: string): object {
  const parameters = [...path.matchAll(/\{([A-Za-z_]+)\}/g)].map((match) => ({
    name: match[1],
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }))
  const body =
    route.body === undefined
      ? {}
      : {
          requestBody: {
            content: {
              'application/json': { schema: z.toJSONSchema(route.body, { unrepresentable: 'any', io: 'input' }) },
            },
          },
        }
  return {
    summary: route.summary,
    parameters,
    ...body,
    responses: { default: { description: 'See the language’s page.' } },
  }
}
