/**
 * Who may use the server: by the name it is called, by the page that calls it, by a key. A browser sends requests to a
 * person's own machine for any page that they visit; these checks tell such requests from the person's own.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { isLoopback } from './address';
import { Problem } from './problem';

export interface AdmissionOptions {
  /** Where the server listens: an address or a name. */
  host: string;
  /** Asked for in `Authorization: Key …`; anyone may paint where it is absent. */
  key?: string;
  /** Pages that may call the server, besides those of this machine. */
  allowedOrigins: readonly string[];
  /** Names that the server has, besides this machine's own. */
  allowedHosts: readonly string[];
  /** The address that clients use, where it is not the one they ask for. */
  publicUrl?: string;
}

export interface Admission {
  /**
   * Checks host and origin, and lets an admitted page read the answer.
   * @returns the server's address as the client knows it, without a slash at its end
   * @throws Problem 400 for a host that is none, 403 for a stranger's
   */
  admit(request: IncomingMessage, response: ServerResponse): string;
  /** For what does not come by an address that nobody can guess. @throws Problem 403 */
  refuseForeign(request: IncomingMessage, response: ServerResponse): void;
  /** @throws Problem 401 */
  authorize(request: IncomingMessage): void;
  /** Answers a browser's question whether a page may send what it wants to. */
  preflight(request: IncomingMessage, response: ServerResponse): void;
}

const EXPOSED = 'x-fal-request-id, x-fal-error-type, x-fal-request-timeout-type, retry-after';
/** In the browser's own addresses; a page from there is this machine's. */
const LOCAL_ORIGIN = /^https?:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/;
/** Addresses that mean "all of this machine's". */
const EVERYWHERE = ['0.0.0.0', '::'];
/** Seconds for which browsers remember that a page may call. */
const PREFLIGHT_SECONDS = '600';

export function createAdmission(options: AdmissionOptions): Admission {
  const { key, allowedOrigins, publicUrl } = options;
  const keyDigest = key === undefined ? undefined : digest(`Key ${key}`);
  const isOwnHost = hostCheck(options);

  function baseOf(request: IncomingMessage): string {
    // Of two hosts a proxy may check the one and this server take the other.
    const count = request.rawHeaders.filter((name, i) => i % 2 === 0 && /^host$/i.test(name)).length;
    if (count > 1) throw new Problem(400, 'The request has two Host headers', { type: 'bad_request' });
    const host = request.headers.host ?? '';
    // HTTP/1.0, which no browser speaks, has none.
    if (host === '') return publicUrl ?? `http://localhost:${request.socket.localPort}`;
    const name = URL.canParse(`http://${host}`) ? new URL(`http://${host}`) : undefined;
    if (name === undefined || name.username !== '' || `${name.pathname}${name.search}${name.hash}` !== '/') {
      throw new Problem(400, 'The Host header cannot be read', { type: 'bad_request' });
    }
    if (!isOwnHost(name.hostname)) {
      const message = `This server does not know itself as ${name.hostname.slice(0, 200)}: whoever runs it may start it with --allow-host NAME or --public-url ADDRESS`;
      throw new Problem(403, message, { type: 'forbidden_host' });
    }
    return publicUrl ?? name.origin;
  }

  return {
    admit(request, response) {
      const base = baseOf(request);
      const { origin } = request.headers;
      if (origin === undefined) return base;
      if (!LOCAL_ORIGIN.test(origin) && !allowedOrigins.includes(origin)) {
        const message = `Pages of ${origin.slice(0, 200)} may not use this server: whoever runs it may start it with --allow-origin ${origin.slice(0, 200)}`;
        throw new Problem(403, message, { type: 'forbidden_origin' });
      }
      // No credentials: the key is a header of the page's own, and cookies mean nothing here.
      response.setHeader('Access-Control-Allow-Origin', origin);
      response.setHeader('Access-Control-Expose-Headers', EXPOSED);
      response.setHeader('Vary', 'Origin');
      return base;
    },
    refuseForeign({ headers }, response) {
      if (headers.origin !== undefined || headers['sec-fetch-site'] !== 'cross-site') return;
      // A page that embeds nothing foreign is told by this alone that a server is there, and can say what is amiss. Any
      // other page sees that without it.
      response.setHeader('Cross-Origin-Resource-Policy', 'cross-origin');
      throw new Problem(403, 'Pages of other sites may not use this server', { type: 'forbidden_origin' });
    },
    authorize({ headers }) {
      if (keyDigest === undefined) return;
      if (timingSafeEqual(keyDigest, digest(headers.authorization ?? ''))) return;
      throw new Problem(401, 'The key is missing or wrong: send "Authorization: Key …"', {
        type: 'unauthorized',
      });
    },
    preflight({ headers }, response) {
      response.setHeader('Access-Control-Allow-Methods', 'GET, POST, PUT');
      response.setHeader('Access-Control-Allow-Headers', headers['access-control-request-headers'] ?? '');
      // A page of the internet that calls into a private network: Chrome asks for that, too.
      if (headers['access-control-request-private-network'] === 'true') {
        response.setHeader('Access-Control-Allow-Private-Network', 'true');
      }
      response.setHeader('Access-Control-Max-Age', PREFLIGHT_SECONDS);
      response.writeHead(204).end();
    },
  };
}

/**
 * A name that leads here by a stranger's DNS (rebinding) is not ours: to a browser their page and this server would be of
 * one origin. An address is no name; it counts where the server listens at it.
 */
function hostCheck({ host, allowedHosts, publicUrl }: AdmissionOptions): (name: string) => boolean {
  const machine = hostname().toLowerCase();
  const [short = machine] = machine.split('.');
  const names = new Set([
    'localhost',
    machine,
    short,
    `${short}.local`,
    bare(host.toLowerCase()),
    ...allowedHosts.map((name) => bare(name.toLowerCase())),
    ...(publicUrl === undefined ? [] : [bare(new URL(publicUrl).hostname)]),
  ]);
  return (named) => {
    // The queue is asked for by such a name; see routes.ts.
    const name = bare(named.replace(/\.$/, '').replace(/^queue\./, ''));
    if (names.has(name) || name.endsWith('.localhost') || isLoopback(name)) return true;
    return isIP(name) !== 0 && EVERYWHERE.includes(bare(host));
  };
}

/** An IPv6 address without its brackets. */
function bare(host: string): string {
  return host.replace(/^\[|\]$/g, '');
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
