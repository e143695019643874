/**
 * The errors a person can meet. Each message says what went wrong, where, and what to do.
 * The names survive the worker; cancellation is an AbortError and carries no message for people.
 */

/**
 * One field of a request or one argument is wrong. `field` is the request's own name for it. `mayNeedToken`: what was not
 * found may be private.
 */
export class InputError extends Error {
  override name = 'InputError';
  constructor(
    readonly field: string,
    message: string,
    readonly mayNeedToken = false,
  ) {
    super(message);
  }
}

/** A checkpoint's files are missing, damaged or of a kind that Inlay cannot run ({@link UnsupportedError}). */
export class CheckpointError extends Error {
  override name = 'CheckpointError';
  /** The field that named the files. */
  readonly field: 'model_name' | 'loras' | 'embeddings';
  constructor(message: string, options: ErrorOptions & { field?: CheckpointError['field'] } = {}) {
    super(message, options);
    this.field = options.field ?? 'model_name';
  }
}

/** A checkpoint is of a kind that Inlay cannot run, whole as it may be. Another engine may run it. */
export class UnsupportedError extends CheckpointError {
  override name = 'UnsupportedError';
}

/** The machine cannot do what was asked: no WebGPU, out of memory, the device was lost. */
export class DeviceError extends Error {
  override name = 'DeviceError';
}

/** Memory ran out in the middle of a run. */
export class OutOfMemoryError extends DeviceError {
  override name = 'OutOfMemoryError';
}

/** What computes went away in the middle of a run: the graphics device, the worker. Another try may succeed. */
export class DeviceLostError extends DeviceError {
  override name = 'DeviceLostError';
}

/** What a model needs and what there is, in bytes. */
export interface TooLargeFigures {
  /** The network that needs most, e.g. `unet`. */
  component: string;
  neededBytes: number;
  availableBytes: number;
  /** `memory`: all of it together; `buffer`: the largest single buffer of the graphics device. */
  limit: 'memory' | 'buffer';
}

/** The model, at this picture size, cannot fit into this machine. Another engine may run it. */
export class TooLargeError extends DeviceError {
  override name = 'TooLargeError';
  readonly code = 'too_large';
  constructor(
    message: string,
    readonly figures: TooLargeFigures,
  ) {
    super(message);
  }
}

/** A server could not be reached, or answered with an error. */
export class NetworkError extends Error {
  override name = 'NetworkError';
}

/** Something that Inlay believed impossible: a bug, to be reported. */
export class InternalError extends Error {
  override name = 'InternalError';
}

export type ErrorName =
  | 'InputError'
  | 'CheckpointError'
  | 'UnsupportedError'
  | 'TooLargeError'
  | 'OutOfMemoryError'
  | 'DeviceLostError'
  | 'DeviceError'
  | 'NetworkError'
  | 'InternalError';

/** What crosses the worker's border in place of an Error, which structured clone strips of its class. */
export interface EncodedError {
  name: ErrorName | 'AbortError';
  message: string;
  field?: string;
  mayNeedToken?: boolean;
  figures?: TooLargeFigures;
  /** Where an InternalError was thrown, for the log: the receiver's own stack says nothing of it. */
  stack?: string;
}

/** What a cancelled call rejects with. */
export function abortError(): DOMException {
  return new DOMException('The run was cancelled.', 'AbortError');
}

/** What an error says, or the thrown thing itself as text: `catch` gives no Error for certain. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Whether an error is a cancellation: an AbortError, wherever it comes from. */
export function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}

/** @param error anything thrown */
export function encodeError(error: unknown): EncodedError {
  if (isAbort(error)) return { name: 'AbortError', message: '' };
  if (error instanceof InputError) {
    const { message, field, mayNeedToken } = error;
    return { name: 'InputError', message, field, mayNeedToken };
  }
  if (error instanceof TooLargeError) {
    return { name: 'TooLargeError', message: error.message, figures: error.figures };
  }
  if (error instanceof CheckpointError) {
    return { name: error.name as ErrorName, message: error.message, field: error.field };
  }
  if (error instanceof DeviceError || error instanceof NetworkError) {
    return { name: error.name as ErrorName, message: error.message };
  }
  const stack = error instanceof Error ? error.stack?.slice(0, MAX_STACK_CHARACTERS) : undefined;
  return { name: 'InternalError', message: messageOf(error), ...(stack !== undefined && { stack }) };
}

/** Some fifty lines. */
const MAX_STACK_CHARACTERS = 5000;

const errorNames: Readonly<Record<EncodedError['name'], true>> = {
  AbortError: true,
  InputError: true,
  CheckpointError: true,
  UnsupportedError: true,
  TooLargeError: true,
  OutOfMemoryError: true,
  DeviceLostError: true,
  DeviceError: true,
  NetworkError: true,
  InternalError: true,
};

/** An error as it came over a border, whatever came: what cannot be read is left out, and an unknown name is a bug's. */
export function readError(data: unknown): EncodedError {
  const fields: Readonly<Record<string, unknown>> =
    typeof data === 'object' && data !== null ? { ...data } : {};
  const { name, message, field, mayNeedToken, figures, stack } = fields;
  const isKnown = typeof name === 'string' && Object.hasOwn(errorNames, name);
  return {
    name: isKnown ? (name as EncodedError['name']) : 'InternalError',
    message: typeof message === 'string' ? message : 'an error that cannot be read came from the engine',
    ...(typeof field === 'string' && { field }),
    ...(typeof mayNeedToken === 'boolean' && { mayNeedToken }),
    ...(isFigures(figures) && { figures }),
    ...(typeof stack === 'string' && { stack: stack.slice(0, MAX_STACK_CHARACTERS) }),
  };
}

function isFigures(figures: unknown): figures is TooLargeFigures {
  if (typeof figures !== 'object' || figures === null) return false;
  const { component, neededBytes, availableBytes, limit } = figures as Readonly<Record<string, unknown>>;
  return (
    typeof component === 'string' &&
    [neededBytes, availableBytes].every((bytes) => typeof bytes === 'number' && bytes >= 0) &&
    (limit === 'memory' || limit === 'buffer')
  );
}

/** The inverse of {@link encodeError}: an error of the class that was encoded. @param data looked at by {@link readError} */
export function decodeError(data: unknown): Error {
  const encoded = readError(data);
  switch (encoded.name) {
    case 'AbortError':
      return abortError();
    case 'InputError':
      return new InputError(encoded.field ?? '', encoded.message, encoded.mayNeedToken);
    case 'CheckpointError':
      return encoded.field === 'loras' || encoded.field === 'embeddings'
        ? new CheckpointError(encoded.message, { field: encoded.field })
        : new CheckpointError(encoded.message);
    case 'UnsupportedError':
      return new UnsupportedError(encoded.message);
    case 'TooLargeError':
      return encoded.figures === undefined
        ? new DeviceError(encoded.message)
        : new TooLargeError(encoded.message, encoded.figures);
    case 'OutOfMemoryError':
      return new OutOfMemoryError(encoded.message);
    case 'DeviceLostError':
      return new DeviceLostError(encoded.message);
    case 'DeviceError':
      return new DeviceError(encoded.message);
    case 'NetworkError':
      return new NetworkError(encoded.message);
    case 'InternalError': {
      const error = new InternalError(encoded.message);
      if (encoded.stack !== undefined) error.stack = encoded.stack;
      return error;
    }
    default:
      throw new TypeError(`unknown error name ${encoded.name satisfies never}`);
  }
}
