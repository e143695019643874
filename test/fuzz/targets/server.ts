/** The HTTP server: malformed requests, uploads and forms among them, and bytes that are not HTTP. */
import { Agent, request as send } from 'node:http';
import { connect } from 'node:net';
import fc from 'fast-check';
import { required, startTestServer, type TestServer } from '../../support/server';
import { mutatedJson, mutatedText, textOf } from '../mutate';
import { target } from '../target';

const PATHS = [
  '/',
  '/health',
  '/metrics',
  '/openapi.json',
  '/fal-ai/inpaint',
  '/fal-ai/inpaint/requests/x/status',
  '/fal-ai/inpaint/requests/x',
  '/fal-ai/inpaint/requests/x/cancel',
  '/storage/upload/initiate',
  '/storage/upload/initiate-multipart',
  '/storage/auth/token',
  '/files/upload',
  '/uploads/x',
  '/files/x/y',
];
const pathWords = [...PATHS, '/', '..', '%2e', '%', '%zz', '?', 'a=b', '&', '__proto__', 'constructor', '//'];
const METHODS = ['GET', 'POST', 'POST', 'POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS', 'PATCH'];
const HEADERS: readonly [string, readonly string[]][] = [
  [
    'Content-Type',
    [
      'application/json',
      'text/plain',
      'multipart/form-data; boundary=x',
      'multipart/form-data',
      'application/octet-stream',
      '',
      'x'.repeat(500),
    ],
  ],
  ['Authorization', ['Key x', 'Bearer x', 'Key ', 'x'.repeat(500)]],
  ['Origin', ['http://localhost', 'null', 'https://evil.example', ':']],
  ['Host', ['localhost', 'evil.example', '[::1]', '', 'localhost:99999']],
  ['Content-Encoding', ['gzip', 'br', 'identity']],
  ['X-Fal-Target-Url', ['https://fal.run/', ':']],
  ['X-Fal-Queue-Priority', ['low', '9']],
  ['Range', ['bytes=0-1', 'bytes=9-1', 'x']],
  ['X-Fal-File-Name', ['../x', 'a"b', '%']],
  ['Expect', ['100-continue']],
];
const headers = fc
  .array(
    fc
      .constantFrom(...HEADERS)
      .chain(([name, values]) => fc.tuple(fc.constant(name), fc.constantFrom(...values))),
    { maxLength: 4 },
  )
  .map((list) => Object.fromEntries(list));

const { image_url: _image, mask_url: _mask, ...words } = required;
const small = { ...words, image_url: 'data:image/png;base64,AAAA', mask_url: 'data:image/png;base64,AAAA' };
const multipart = [
  '--x',
  'Content-Disposition: form-data; name="file"; filename="a.png"',
  'Content-Type: image/png',
  '',
  'bytes',
  '--x--',
  '',
].join('\r\n');
const body = fc.oneof(
  fc.constant(JSON.stringify(required)),
  mutatedJson(required),
  mutatedJson(small),
  mutatedJson({ content_type: 'image/png', file_name: 'a.png' }),
  mutatedText(multipart, ['--x', '--', '\r\n', '"', 'name=', ';', '\u0000', 'filename=']),
  textOf(['{', '}', '[', ']', '"', ':', '1e999', '\\u0000', ',', 'null', '\ufeff'], 60),
);

let server: TestServer;
let agent: Agent;

async function open(): Promise<void> {
  server = await startTestServer();
  agent = new Agent({ keepAlive: true, maxSockets: 4 });
}

async function close(): Promise<void> {
  agent.destroy();
  await server.close();
}

/** @returns whether it was answered with what was asked for @throws Error for an answer of 500 or an unexplained one */
function ask(method: string, path: string, fields: Record<string, string>, text: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(server.url);
    const bytes = Buffer.from(text);
    const request = send(
      {
        agent,
        hostname,
        port,
        method,
        path,
        headers: { 'Content-Type': 'application/json', ...fields, 'Content-Length': bytes.byteLength },
        timeout: 20_000,
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          const status = response.statusCode ?? 0;
          const answer = Buffer.concat(chunks).toString();
          if (status >= 500) reject(new Error(`${status}: ${answer}`));
          else if (status >= 400 && method !== 'HEAD' && answer === '')
            reject(new Error(`${status} without a word`));
          else resolve(status < 400);
        });
      },
    );
    request.on('timeout', () => request.destroy(new Error('no answer within 20 s')));
    request.on('error', (error: NodeJS.ErrnoException) => {
      // The server may close while a body that it does not want still comes.
      if (error.code === 'ECONNRESET' || error.code === 'EPIPE') resolve(false);
      else reject(error);
    });
    request.end(bytes);
  });
}

const wholeRequest = [
  'POST /fal-ai/inpaint HTTP/1.1',
  'Host: localhost',
  'Content-Type: application/json',
  'Content-Length: 2',
  'Connection: close',
  '',
  '{}',
].join('\r\n');

/** @returns whether anything was answered at all */
function sendRaw(text: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(server.url);
    const socket = connect(Number(port), hostname);
    let answer = '';
    socket.setTimeout(20_000, () => socket.destroy(new Error('neither an answer nor an end within 20 s')));
    socket.on('data', (chunk) => {
      answer += chunk;
    });
    socket.on('error', (error: NodeJS.ErrnoException) =>
      error.code === 'ECONNRESET' || error.code === 'EPIPE' ? resolve(false) : reject(error),
    );
    socket.on('close', () => {
      if (/^HTTP\/1\.1 5(?!05)/.test(answer)) reject(new Error(answer.slice(0, 200)));
      else resolve(/^HTTP\/1\.1 2/.test(answer));
    });
    socket.end(text);
  });
}

const never = () => false;

export const serverTargets = [
  target({
    name: 'HTTP requests',
    input: fc.tuple(
      fc.constantFrom(...METHODS),
      fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...PATHS) }, textOf(pathWords, 4).map(asPath)),
      headers,
      body,
    ),
    open,
    close,
    take: ([method, path, fields, text]) => ask(method, path, fields, text),
    isRefusal: never,
  }),
  target({
    name: 'HTTP, raw bytes',
    input: fc.oneof(
      fc.constant('GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'),
      mutatedText(wholeRequest, [
        '\r\n',
        '\n',
        ':',
        ' ',
        '0',
        'Content-Length: 9',
        'Transfer-Encoding: chunked',
        '\r\n0\r\n\r\n',
        'fffffffff',
        '\u0000',
      ]),
    ),
    open,
    close,
    take: sendRaw,
    isRefusal: never,
  }),
];

/** What Node's client lets through as a path. */
function asPath(text: string): string {
  return `/${text.replace(/[^\u0021-\u007e]/g, '')}`;
}
