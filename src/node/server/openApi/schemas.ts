/** The document's schemas: those of the contract, and the server's own answers. */
import { z } from 'zod';
import { inpaintResultSchema, wireRequestSchema } from '../../../contract/schema';

type JsonSchema = Record<string, unknown> & { properties?: Record<string, Record<string, unknown>> };

/** What the types of a schema cannot say. */
const descriptions: Record<string, string> = {
  model_name:
    'Hugging Face id or URL of the base model; "starter" is the one included with Inlay, "fill" the content-aware fill, ' +
    'which removes what is masked and needs no prompt.',
  prompt:
    'What should appear in the masked area. May be empty; without effect on models that remove, with which it may be ' +
    'left out.',
  negative_prompt: 'What should not appear.',
  image_url: 'The image: an http(s) URL or a data URI.',
  mask_url: 'The mask, of the same size. Black areas are preserved, white areas are inpainted.',
  num_inference_steps: 'Denoising steps: more take longer and can show more detail.',
  guidance_scale: 'How closely the image follows the prompt.',
  seed: 'The same seed and the same request give the same image; drawn at random if left out.',
};

/** The request's fields that are whole numbers. */
export const integerFields: ReadonlySet<string> = new Set(
  Object.entries(requestSchema().properties ?? {})
    .filter(([, { type }]) => type === 'integer')
    .map(([name]) => name),
);

export type SchemaName = keyof ReturnType<typeof componentSchemas>;

/** By the names that references use. */
export function componentSchemas() {
  return {
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
    Received: object({}),
    Home: object({ endpoint: text, openapi: text }),
    Health: object({
      status: { enum: ['ok'] },
      running: { type: 'boolean' },
      queued: { type: 'integer', minimum: 0 },
    }),
    Problem: object({ detail: text, error_type: text }, ['detail']),
    ValidationProblem: object({ detail: { type: 'array', items: detailItem } }),
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
