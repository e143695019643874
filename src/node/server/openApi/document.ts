/** The API in OpenAPI 3.1, from the routes that serve it and the schema that checks its requests. */
import { parametersOf } from '../paths';
import type { Route } from '../router';
import { componentSchemas } from './schemas';

/** @param serverUrl the URL that clients use, without a slash at the end */
export function openApiDocument(
  routes: readonly Route[],
  serverUrl: string,
  needsKey: boolean,
): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    const path = `${route.isQueued ? '/queue' : ''}${route.path}`;
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(route, needsKey) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Inlay',
      version: '1',
      description: 'Inpainting with Stable Diffusion, by the contract of the hosted fal-ai/inpaint.',
    },
    servers: [{ url: serverUrl }],
    ...(needsKey && { security: [{ key: [] }] }),
    paths,
    components: {
      ...(needsKey && {
        securitySchemes: {
          key: { type: 'apiKey', in: 'header', name: 'Authorization', description: '"Key " and the key' },
        },
      }),
      schemas: componentSchemas(),
    },
  };
}

function operationOf({ name, path, open, doc }: Route, needsKey: boolean): Record<string, unknown> {
  const ofPath = parametersOf(path).map((parameter) => ({
    name: parameter,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
  const parameters = [...ofPath, ...(doc.parameters ?? [])];
  return {
    operationId: name,
    ...doc,
    ...(parameters.length > 0 && { parameters }),
    ...(needsKey && open && { security: [] }),
  };
}
