/** Reads and checks the server's arguments and environment before anything starts. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { InputError, messageOf } from '../../contract/errors';
import { HUB_URL } from '../../model/source/modelName';
import { isLoopback } from './http/address';

export const usage = `Usage: npm run serve -- [options]

Serves the fal-ai/inpaint API from this device: POST /fal-ai/inpaint, its queue, and uploads.

  --folder NAME=PATH    a model in a local folder, under the name that requests use; may be repeated
  --model NAME          a model that requests may use; may be repeated; default: any, with "starter" and "fill"
  --queue 16            requests that may wait while one runs; more are answered with 429
  --per-client N        requests that one client may have waiting or running; default: three quarters of all
  --max-run 60          minutes that a run may take, not counting downloads
  --grace 8             seconds that the current run gets to finish when the server is stopped
  --results DIR         store results and uploads in a folder; default: in memory
  --keep 60             minutes for which results, uploads and finished requests are kept
  --max-picture 64      largest image, in MB
  --max-body 64         largest request, in MB, including data URIs
  --allow-private       let requests use URLs on private networks and on this device
  --allow-origin URL    a page that may call the server from a browser; may be repeated; local pages always may
  --allow-host NAME     a name of the server, besides localhost and this device's own name; may be repeated
  --public-url URL      the server's URL as clients see it, behind a proxy
  --open                serve everyone, without a key; if HOST is not this device, this or INLAY_KEY is required
  --threads N           CPU threads; default: all cores
  --help                show this text

PORT (8199) and HOST (127.0.0.1) set where the server listens. With INLAY_KEY set, requests need
"Authorization: Key …". HF_ENDPOINT, HF_TOKEN and INLAY_CACHE work as on the command line.
`;

export interface ServerOptions {
  port: number;
  host: string;
  key?: string;
  folders: Record<string, string>;
  models?: string[];
  queueLimit: number;
  clientLimit?: number;
  maxRunMs: number;
  graceMs: number;
  resultsFolder?: string;
  keepMs: number;
  maxPictureBytes: number;
  maxBodyBytes: number;
  allowPrivate: boolean;
  allowedOrigins: string[];
  allowedHosts: string[];
  publicUrl?: string;
  threads?: number;
  hubUrl: string;
  hubToken?: string;
}

/** @throws InputError naming the wrong argument or variable */
export function parseServerOptions(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): ServerOptions | 'help' {
  const values = readFlags(argv);
  if (values.help) return 'help';
  const whole = (
    name: string,
    text: string | undefined,
    fallback: number,
    least: number,
    most: number,
  ): number => {
    if (text === undefined || text === '') return fallback;
    const value = Number(text);
    if (Number.isInteger(value) && value >= least && value <= most) return value;
    throw new InputError(name, `${name}: "${text}" must be a whole number from ${least} to ${most}`);
  };
  const address = (name: string, text: string): URL => {
    if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return new URL(text);
    throw new InputError(name, `${name}: "${text}" is not an http(s) URL`);
  };
  const name = (text: string): string => {
    const written = `http://${text}`;
    if (URL.canParse(written) && new URL(written).host === text.toLowerCase() && !/:\d*$/.test(text))
      return text;
    throw new InputError(
      '--allow-host',
      `--allow-host: "${text}" is not a host name; write it like inlay.example, without http:// and port`,
    );
  };
  const host = env.HOST || '127.0.0.1';
  const key = env.INLAY_KEY || undefined;
  if (key === undefined && values.open !== true && !isLoopback(host)) {
    throw new InputError(
      'HOST',
      `HOST: anyone who can reach ${host} could run images and download models with this device's HF_TOKEN. Set INLAY_KEY ` +
        'to a secret that clients send, or use --open to serve everyone',
    );
  }
  const folders = Object.fromEntries((values.folder ?? []).map(folderOf));
  const models = values.model;
  return {
    port: whole('PORT', env.PORT, 8199, 0, 65_535),
    host,
    key,
    folders,
    models,
    queueLimit: whole('--queue', values.queue, 16, 0, 10_000),
    clientLimit:
      values['per-client'] === undefined
        ? undefined
        : whole('--per-client', values['per-client'], 1, 1, 10_001),
    maxRunMs: whole('--max-run', values['max-run'], 60, 1, 10_080) * 60_000,
    graceMs: whole('--grace', values.grace, 8, 0, 3600) * 1000,
    resultsFolder: values.results,
    keepMs: whole('--keep', values.keep, 60, 1, 10_080) * 60_000,
    maxPictureBytes: whole('--max-picture', values['max-picture'], 64, 1, 1000) * 1e6,
    maxBodyBytes: whole('--max-body', values['max-body'], 64, 1, 1000) * 1e6,
    allowPrivate: values['allow-private'] ?? false,
    allowedOrigins: (values['allow-origin'] ?? []).map((text) => address('--allow-origin', text).origin),
    allowedHosts: (values['allow-host'] ?? []).map(name),
    publicUrl:
      values['public-url'] === undefined
        ? undefined
        : address('--public-url', values['public-url']).href.replace(/\/$/, ''),
    threads: values.threads === undefined ? undefined : whole('--threads', values.threads, 1, 1, 1024),
    hubUrl: env.HF_ENDPOINT || HUB_URL,
    hubToken: env.HF_TOKEN || undefined,
  };
}

function folderOf(text: string): [name: string, path: string] {
  const cut = text.lastIndexOf('=');
  const path = resolve(text.slice(cut + 1));
  if (cut < 1 || !existsSync(path)) {
    throw new InputError('--folder', `--folder: "${text}" must be NAME=PATH with an existing folder`);
  }
  return [text.slice(0, cut), path];
}

const text = { type: 'string' } as const;
const many = { type: 'string', multiple: true } as const;
const flag = { type: 'boolean' } as const;

function readFlags(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        folder: many,
        model: many,
        queue: text,
        'per-client': text,
        'max-run': text,
        grace: text,
        results: text,
        keep: text,
        'max-picture': text,
        'max-body': text,
        'allow-private': flag,
        'allow-origin': many,
        'allow-host': many,
        open: flag,
        'public-url': text,
        threads: text,
        help: flag,
      },
    }).values;
  } catch (error) {
    throw new InputError('arguments', messageOf(error));
  }
}
