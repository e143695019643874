/** The API in OpenAPI 3.1, from the very schema that checks its requests. */
import { z } from 'zod';
import { inpaintResultSchema, wireRequestSchema } from '../../contract/schema';

type JsonSchema = Record<string, unknown> & { properties?: Record<string, Record<string, unknown>> };

/** What a schema cannot say by its types. */
const descriptions: Record<string, string> = {
  model_name: 'Hugging Face id or address of the base model; "starter" is the one that Inlay brings along.',
  prompt: 'What should appear in the repainted part.',
  negative_prompt: 'What should not appear.',
  image_url: 'The picture: an http(s) address or a data URI.',
  mask_url: 'The mask, of the same size. Black areas are preserved, white areas are inpainted.',
  num_inference_steps: 'Steps of the sampler: more take longer and can show more detail.',
  guidance_scale: 'How closely the picture follows the prompt.',
  seed: 'The same seed and the same request give the same picture; drawn at random when left out.',
};

/** The request's fields that are whole numbers. */
export const integerFields: ReadonlySet<string> = new Set(
  Object.entries(requestSchema().properties ?? {})
    .filter(([, { type }]) => type === 'integer')
    .map(([name]) => name),
);

/** @param serverUrl the address that clients use, without a slash at its end */
export function openApiDocument(serverUrl: string, needsKey: boolean): Record<string, unknown> {
  const json = (schema: unknown) => ({ content: { 'application/json': { schema } } });
  const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });
  const refusals = {
    401: { description: 'The key is missing or wrong', ...json(ref('Problem')) },
    422: { description: 'A field of the request is wrong', ...json(ref('ValidationProblem')) },
    403: {
      description: 'The page or the name that the server was called by is not allowed',
      ...json(ref('Problem')),
    },
    408: { description: 'The body stopped arriving', ...json(ref('Problem')) },
    413: { description: 'The request is too large', ...json(ref('Problem')) },
    500: { description: 'The run failed', ...json(ref('ValidationProblem')) },
    503: { description: 'The server is stopping; what waits or runs is lost', ...json(ref('Problem')) },
    504: { description: 'It did not begin in time, or took longer than runs may', ...json(ref('Problem')) },
    507: { description: "The server's disk is full", ...json(ref('Problem')) },
    429: {
      description: "The queue, or the client's share of it, is full",
      headers: { 'Retry-After': { schema: { type: 'integer' }, description: 'Seconds' } },
      ...json(ref('Problem')),
    },
  };
  const { 403: forbidden, 408: stalled, 413: large, 429: busy, 507: full } = refusals;
  const uploadRefusals = { 403: forbidden, 408: stalled, 413: large, 429: busy, 507: full };
  const id = { name: 'request_id', in: 'path', required: true, schema: { type: 'string' } };
  const logs = { name: 'logs', in: 'query', schema: { type: 'string', enum: ['0', '1'] } };
  const requestBody = { required: true, ...json(ref('InpaintInput')) };
  const picture = { description: 'The picture', ...json(ref('InpaintOutput')) };
  const status = json(ref('QueueStatus'));
  const unknown = {
    404: { description: 'There is no such request, or the server was started anew', ...json(ref('Problem')) },
  };
  return {
    openapi: '3.1.0',
    info: {
      title: 'Inlay',
      version: '1',
      description: 'Inpainting with Stable Diffusion, by the contract of the hosted fal-ai/inpaint.',
    },
    servers: [{ url: serverUrl }],
    ...(needsKey && { security: [{ key: [] }] }),
    paths: {
      '/fal-ai/inpaint': {
        post: {
          operationId: 'inpaint',
          summary: 'Repaints a picture and answers when it is done.',
          requestBody,
          responses: { 200: picture, ...refusals },
        },
      },
      '/queue/fal-ai/inpaint': {
        post: {
          operationId: 'submit',
          summary: 'Puts a request into the queue and answers at once.',
          requestBody,
          responses: { 200: { description: 'Queued', ...status }, ...refusals },
        },
      },
      '/fal-ai/inpaint/requests/{request_id}/status': {
        get: {
          operationId: 'status',
          parameters: [id, logs],
          responses: {
            200: { description: 'It is completed', ...status },
            202: { description: 'It waits or runs', ...status },
            ...unknown,
          },
        },
      },
      '/fal-ai/inpaint/requests/{request_id}/status/stream': {
        get: {
          operationId: 'streamStatus',
          parameters: [id, logs],
          responses: {
            200: {
              description: 'Server-sent events, each with a status',
              content: { 'text/event-stream': { schema: { type: 'string' } } },
            },
            ...unknown,
          },
        },
      },
      '/fal-ai/inpaint/requests/{request_id}': {
        get: {
          operationId: 'result',
          parameters: [id],
          responses: { 200: picture, ...refusals, ...unknown },
        },
      },
      '/fal-ai/inpaint/requests/{request_id}/cancel': {
        put: {
          operationId: 'cancel',
          parameters: [id],
          responses: {
            202: { description: 'It will be cancelled', ...json(ref('Cancellation')) },
            400: { description: 'It is completed already', ...json(ref('Cancellation')) },
            404: { description: 'There is no such request', ...json(ref('Cancellation')) },
          },
        },
      },
      '/storage/upload/initiate': {
        post: {
          operationId: 'initiateUpload',
          summary: 'Gives an address to PUT a picture to, and the address it will have.',
          requestBody: { required: true, ...json(ref('Upload')) },
          responses: {
            200: { description: 'Both addresses', ...json(ref('UploadAddresses')) },
            ...uploadRefusals,
          },
        },
      },
      '/storage/auth/token': {
        post: {
          operationId: 'uploadToken',
          summary: 'Gives a token to POST pictures with.',
          responses: { 200: { description: 'The token', ...json(ref('UploadToken')) } },
        },
      },
      '/files/upload': {
        post: {
          operationId: 'upload',
          summary: 'Takes a picture; Authorization is "Bearer " and a token of /storage/auth/token.',
          requestBody: { required: true, content: { 'image/*': { schema: {} } } },
          responses: {
            200: { description: 'The address that it has', ...json(ref('UploadedFile')) },
            ...uploadRefusals,
            401: { description: 'The token is missing or over', ...json(ref('Problem')) },
          },
        },
      },
    },
    components: {
      ...(needsKey && {
        securitySchemes: {
          key: { type: 'apiKey', in: 'header', name: 'Authorization', description: '"Key " and the key' },
        },
      }),
      schemas: {
        InpaintInput: requestSchema(),
        InpaintOutput: toJsonSchema(inpaintResultSchema, 'output'),
        QueueStatus: queueStatus,
        Cancellation: object({
          status: { enum: ['CANCELLATION_REQUESTED', 'ALREADY_COMPLETED', 'NOT_FOUND'] },
        }),
        Upload: object({ content_type: text, file_name: text }),
        UploadAddresses: object({ upload_url: text, file_url: text }),
        UploadToken: object({ token: text, token_type: text, base_url: text, expires_at: text }),
        UploadedFile: object({ access_url: text }),
        Problem: object({ detail: text }),
        ValidationProblem: object({ detail: { type: 'array', items: detailItem } }),
      },
    },
  };
}

const text = { type: 'string' };

function object(properties: Record<string, unknown>, required = Object.keys(properties)) {
  return { type: 'object', properties, required };
}

const detailItem = object({
  loc: { type: 'array', items: { type: ['string', 'integer'] } },
  msg: text,
  type: text,
});

const queueStatus = object(
  {
    status: { enum: ['IN_QUEUE', 'IN_PROGRESS', 'COMPLETED'] },
    request_id: text,
    response_url: text,
    status_url: text,
    cancel_url: text,
    queue_position: { type: 'integer', minimum: 0 },
    logs: { type: 'array', items: object({ message: text, level: text, source: text, timestamp: text }) },
    metrics: object({ inference_time: { type: ['number', 'null'] } }),
  },
  ['status', 'request_id', 'response_url', 'status_url', 'cancel_url'],
);

function requestSchema(): JsonSchema {
  const schema = toJsonSchema(wireRequestSchema, 'input');
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const description = descriptions[name];
    if (description !== undefined) property.description = description;
  }
  return schema;
}

function toJsonSchema(schema: z.ZodType, io: 'input' | 'output'): JsonSchema {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io });
  return rest as JsonSchema;
}
