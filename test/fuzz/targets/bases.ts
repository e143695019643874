/** Valid files to be damaged: goldens, and small ones made here. */
import { readFileSync } from 'node:fs';
import { CheckpointError, DeviceError, InputError, NetworkError } from '../../../src/contract/errors';
import { GraphError } from '../../../src/graph/onnx/tensors';

export function golden(path: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(readFileSync(`goldens/${path}`));
}

export function goldenText(path: string): string {
  return readFileSync(`goldens/${path}`, 'utf8');
}

export function goldenJson(path: string): unknown {
  return JSON.parse(goldenText(path));
}

/** Errors that people meet, of every part but the server. */
export function isNamed(error: unknown): boolean {
  return [InputError, CheckpointError, NetworkError, DeviceError, GraphError].some(
    (known) => error instanceof known,
  );
}

/** @param header JSON @param dataBytes how many bytes of zeros follow */
export function safetensorsFile(header: string, dataBytes: number): Uint8Array<ArrayBuffer> {
  const text = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + text.byteLength + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.byteLength), true);
  bytes.set(text, 8);
  return bytes;
}

interface HeaderEntry {
  dtype: string;
  shape: number[];
  data_offsets: [number, number];
}

/** The first tensors of a golden file, packed anew. */
export function firstTensors(
  path: string,
  count: number,
): { header: Record<string, unknown>; dataBytes: number } {
  const bytes = golden(path);
  const headerBytes = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  const whole = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + headerBytes))) as Record<
    string,
    HeaderEntry
  >;
  const header: Record<string, unknown> = { __metadata__: whole.__metadata__ ?? { format: 'pt' } };
  let at = 0;
  for (const [key, { dtype, shape, data_offsets }] of Object.entries(whole)
    .filter(([name]) => name !== '__metadata__')
    .slice(0, count)) {
    const length = data_offsets[1] - data_offsets[0];
    header[key] = { dtype, shape, data_offsets: [at, at + length] };
    at += length;
  }
  return { header, dataBytes: at };
}
