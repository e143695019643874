/** A route's description in OpenAPI, and the parts that several routes share. */
import type { SchemaName } from './schemas';

interface Content {
  content?: Record<string, { schema: unknown }>;
}
export type Answer = { description: string; headers?: Record<string, unknown> } & Content;

/** An operation of OpenAPI 3.1; id, path parameters and security follow from the route. */
export interface Operation {
  summary: string;
  parameters?: readonly Record<string, unknown>[];
  requestBody?: { required: boolean } & Content;
  responses: Readonly<Record<number, Answer>>;
}

const json = (name: SchemaName): Content => ({
  content: { 'application/json': { schema: { $ref: `#/components/schemas/${name}` } } },
});

export function answer(description: string, schema: SchemaName): Answer {
  return { description, ...json(schema) };
}

/** An answer that is not JSON. */
export function textAnswer(description: string, type: string): Answer {
  return { description, content: { [type]: { schema: { type: 'string' } } } };
}

export function body(schema: SchemaName): Operation['requestBody'] {
  return { required: true, ...json(schema) };
}

export const imageBody: Operation['requestBody'] = {
  required: true,
  content: { 'image/*': { schema: {} } },
};

const tooLarge = { 413: answer('The request is too large', 'Problem') };

/** Of uploads. */
export const uploadRefusals = {
  403: answer('The page, or the name that the server was called by, is not allowed', 'Problem'),
  408: answer('The body stopped arriving', 'Problem'),
  ...tooLarge,
  429: {
    ...answer("The queue, or the client's share of it, is full", 'Problem'),
    headers: { 'Retry-After': { schema: { type: 'integer' }, description: 'Seconds' } },
  },
  507: answer("The server's disk is full", 'Problem'),
};

/** Of runs. */
export const runRefusals = {
  ...uploadRefusals,
  401: answer('The key is missing or wrong', 'Problem'),
  422: answer('A field of the request is wrong', 'ValidationProblem'),
  500: answer('The run failed', 'ValidationProblem'),
  503: answer('The server is stopping; waiting and running requests are lost', 'Problem'),
  504: answer('The run did not begin in time, or took longer than runs may', 'Problem'),
};

/** Of multipart uploads, which are always refused. */
export const multipartRefusal = tooLarge;

export const unknownRequest = {
  404: answer('There is no such request, or the server was restarted', 'Problem'),
};

/** Whether a status comes with the log. */
export const logsParameter = {
  name: 'logs',
  in: 'query',
  schema: { type: 'string', enum: ['0', '1'] },
};
