/** Error answers of the API: a status and `detail`, worded as the hosted API does. */
import type { z } from 'zod';
import { CheckpointError, DeviceError, InputError, isAbort, NetworkError } from '../../../contract/errors.ts';

/** One error in the body; `loc` is the path to it: `["body", "prompt"]`. */
export interface Detail {
  loc: (string | number)[];
  msg: string;
  /** For programs, e.g. `missing`, `less_than_equal`, `image_load_error`. */
  type: string;
  ctx?: Record<string, unknown>;
}

/** An error that becomes an answer. */
export class Problem extends Error {
  override name = 'Problem';
  constructor(
    readonly status: number,
    readonly detail: string | Detail[],
    /** `type`: the kind of failure if `detail` is a sentence, e.g. `request_timeout`. */
    readonly more: { type?: string; headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(typeof detail === 'string' ? detail : detail.map(({ msg }) => msg).join('; '));
  }
}

/** A field of the request is wrong. */
export function fieldProblem(
  field: string,
  msg: string,
  type: string,
  ctx?: Record<string, unknown>,
): Problem {
  return new Problem(422, [{ loc: ['body', field], msg, type, ...(ctx && { ctx }) }]);
}

const CANCELLED = 499;

/** Turns any error into an answer; an unforeseen one becomes a 500 without details. */
export function problemOf(error: unknown): Problem {
  return foreseenProblem(error) ?? serverProblem('Internal server error', 'internal_server_error');
}

/** @returns undefined for an unforeseen error, whose stack belongs in the log */
export function foreseenProblem(error: unknown): Problem | undefined {
  if (error instanceof Problem) return error;
  if (isAbort(error)) return new Problem(CANCELLED, 'Request was cancelled', { type: 'request_cancelled' });
  if (error instanceof InputError) return inputProblem(error);
  if (error instanceof CheckpointError) return fieldProblem(error.field, error.message, 'checkpoint_error');
  if (error instanceof DeviceError) return serverProblem(error.message, 'internal_server_error');
  if (error instanceof NetworkError) return serverProblem(error.message, 'downstream_service_unavailable');
  return undefined;
}

function serverProblem(msg: string, type: string): Problem {
  return new Problem(500, [{ loc: ['body'], msg, type }]);
}

/** The server has the token and the caller chose the model, so a missing token is reported for `model_name`. */
function inputProblem({ field, message }: InputError): Problem {
  if (field !== 'hub_token') return fieldProblem(field, message, 'value_error');
  // The rest of the message is for users of the page, who can enter a token.
  const [reason] = message.split(';');
  const advice =
    'use another model, or ask the operator of this server for a token with access to it (HF_TOKEN)';
  return fieldProblem('model_name', `${reason}; ${advice}`, 'value_error');
}

/**
 * The schema's errors in the hosted API's words.
 * @param body the checked value, to tell a missing field from a wrong one
 * @param integers fields that must be whole numbers
 */
export function validationProblem(error: z.ZodError, body: unknown, integers: ReadonlySet<string>): Problem {
  const details = error.issues.map((issue): Detail => {
    const field = issue.path[0];
    if (typeof field !== 'string') {
      return {
        loc: ['body'],
        msg: 'Input should be a valid dictionary or object to extract fields from',
        type: 'model_attributes_type',
      };
    }
    return { loc: ['body', field], ...describe(issue, valueAt(body, field), integers.has(field)) };
  });
  // One number can break two rules with the same message: whole, and not too large.
  const distinct = new Map(details.map((detail) => [JSON.stringify(detail), detail]));
  return new Problem(422, [...distinct.values()]);
}

function valueAt(body: unknown, field: string): unknown {
  return typeof body === 'object' && body !== null ? Reflect.get(body, field) : undefined;
}

function describe(issue: z.core.$ZodIssue, value: unknown, isInteger: boolean): Omit<Detail, 'loc'> {
  if (value === undefined) return { msg: 'Field required', type: 'missing' };
  switch (issue.code) {
    case 'too_big':
      if (issue.origin === 'string') {
        return {
          msg: `String should have at most ${issue.maximum} characters`,
          type: 'string_too_long',
          ctx: { max_length: Number(issue.maximum) },
        };
      }
      return {
        msg: `Input should be less than or equal to ${issue.maximum}`,
        type: 'less_than_equal',
        ctx: { le: Number(issue.maximum) },
      };
    case 'too_small':
      if (issue.origin === 'string') {
        return {
          msg: 'String should have at least 1 character',
          type: 'string_too_short',
          ctx: { min_length: 1 },
        };
      }
      return {
        msg: `Input should be greater than or equal to ${issue.minimum}`,
        type: 'greater_than_equal',
        ctx: { ge: Number(issue.minimum) },
      };
    case 'invalid_format':
      return { msg: 'Input should be an http(s) URL or a data URI', type: 'url_parsing' };
    case 'invalid_type':
      if (issue.expected === 'string') return { msg: 'Input should be a valid string', type: 'string_type' };
      if (!isInteger) return { msg: 'Input should be a valid number', type: 'float_type' };
      if (typeof value === 'number') {
        return {
          msg: 'Input should be a valid integer, got a number with a fractional part',
          type: 'int_from_float',
        };
      }
      return { msg: 'Input should be a valid integer', type: 'int_type' };
    default:
      return { msg: issue.message, type: 'value_error' };
  }
}
