/**
 * The errors that users see. Each message says what happened, where, and what to do about it.
 * The names survive the way out of a worker. Cancellation is an AbortError, whose message is never shown.
 */

/**
 * One field of a request, or one argument, is wrong. `field` is its name in the request. `mayNeedToken`: something was not
 * found, and may be private.
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

/** A checkpoint's files are missing, damaged, or of a kind that Inlay can't run ({@link UnsupportedError}). */
export class CheckpointError extends Error {
  override name = 'CheckpointError';
  /** The field that named the files. */
  readonly field: 'model_name' | 'loras' | 'embeddings';
  constructor(message: string, options: ErrorOptions & { field?: CheckpointError['field'] } = {}) {
    super(message, options);
    this.field = options.field ?? 'model_name';
  }
}

/** A checkpoint is intact but of a kind that Inlay can't run. Another engine may run it. */
export class UnsupportedError extends CheckpointError {
  override name = 'UnsupportedError';
}

/** This device can't do what was asked: no WebGPU, not enough memory, the GPU was lost. */
export class DeviceError extends Error {
  override name = 'DeviceError';
}

/** Memory ran out during a run. */
export class OutOfMemoryError extends DeviceError {
  override name = 'OutOfMemoryError';
}

/** The GPU or the worker went away during a run. Trying again may succeed. */
export class DeviceLostError extends DeviceError {
  override name = 'DeviceLostError';
}

/** What a model needs and what is available, in bytes. */
export interface TooLargeFigures {
  /** The network that needs the most, e.g. `unet`. */
  component: string;
  neededBytes: number;
  availableBytes: number;
  /** `memory`: the total; `buffer`: the largest single buffer that the GPU allows. */
  limit: 'memory' | 'buffer';
}

/** The model does not fit into this device's memory at this image size. Another engine may run it. */
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

/** A server can't be reached, or answered with an error. */
export class NetworkError extends Error {
  override name = 'NetworkError';
}

/** Something that should be impossible: a bug, to be reported. */
export class InternalError extends Error {
  override name = 'InternalError';
}

type ErrorName =
  | 'InputError'
  | 'CheckpointError'
  | 'UnsupportedError'
  | 'TooLargeError'
  | 'OutOfMemoryError'
  | 'DeviceLostError'
  | 'DeviceError'
  | 'NetworkError'
  | 'InternalError';

/** What leaves a worker instead of an Error, because structured clone drops its class. */
export interface EncodedError {
  name: ErrorName | 'AbortError';
  message: string;
  field?: string;
  mayNeedToken?: boolean;
  figures?: TooLargeFigures;
  /** Where an InternalError was thrown, for the log: the receiver's own stack does not show it. */
  stack?: string;
}

/** What a cancelled call rejects with. */
export function abortError(): DOMException {
  return new DOMException('The run was cancelled.', 'AbortError');
}

/** Rejects as soon as the signal aborts; the work continues unwatched. */
export function abortable<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason);
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}

/** The message of an error, or whatever was thrown as text: `catch` does not always give an Error. */
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

/** About fifty lines. */
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

/** Reads an encoded error, whatever was sent: unreadable parts are left out, and an unknown name becomes InternalError. */
export function readError(data: unknown): EncodedError {
  const fields: Readonly<Record<string, unknown>> =
    typeof data === 'object' && data !== null ? { ...data } : {};
  const { name, message, field, mayNeedToken, figures, stack } = fields;
  const isKnown = typeof name === 'string' && Object.hasOwn(errorNames, name);
  return {
    name: isKnown ? (name as EncodedError['name']) : 'InternalError',
    message: typeof message === 'string' ? message : 'the engine reported an unreadable error',
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

/** The inverse of {@link encodeError}: an error of the class that was encoded. @param data is checked by {@link readError} */
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
