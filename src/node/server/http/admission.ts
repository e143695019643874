/**
 * Who may use the server, judged by the name it is called by, the page that calls it, and the key. A browser sends
 * requests to the user's own device on behalf of any page; these checks tell them from the user's own requests.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { isLoopback } from './address';
import { Problem } from './problem';

export interface AdmissionOptions {
  /** The address or name that the server listens on. */
  host: string;
  /** Required as `Authorization: Key …`; anyone may use the server if it is absent. */
  key?: string;
  /** Pages that may call the server, besides those of this device. */
  allowedOrigins: readonly string[];
  /** Names of the server, besides this device's own. */
  allowedHosts: readonly string[];
  /** The URL that clients use, if a proxy rewrites it. */
  publicUrl?: string;
}

export interface Admission {
  /**
   * Checks host and origin, and lets an admitted page read the answer.
   * @returns the server's URL as the client knows it, without a slash at the end
   * @throws Problem 400 if the host cannot be read, 403 if it or the page is foreign
   */
  admit(request: IncomingMessage, response: ServerResponse): string;
  /** Refuses requests that pages of other sites send. @throws Problem 403 */
  refuseForeign(request: IncomingMessage, response: ServerResponse): void;
  /** @throws Problem 401 */
  authorize(request: IncomingMessage): void;
  /** Answers a browser that asks whether a page may send its request. */
  preflight(request: IncomingMessage, response: ServerResponse): void;
}

const EXPOSED = 'x-fal-request-id, x-fal-error-type, x-fal-request-timeout-type, retry-after';
/** Pages with such an origin come from this device. */
const LOCAL_ORIGIN = /^https?:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/;
/** Addresses that mean all addresses of this device. */
const EVERYWHERE = ['0.0.0.0', '::'];
/** Seconds for which browsers remember that a page may call. */
const PREFLIGHT_SECONDS = '600';

export function createAdmission(options: AdmissionOptions): Admission {
  const { key, allowedOrigins, publicUrl } = options;
  const keyDigest = key === undefined ? undefined : digest(`Key ${key}`);
  const isOwnHost = hostCheck(options);

  function baseOf(request: IncomingMessage): string {
    // With two hosts a proxy might check one and this server use the other.
    const count = request.rawHeaders.filter((name, i) => i % 2 === 0 && /^host$/i.test(name)).length;
    if (count > 1) throw new Problem(400, 'The request has two Host headers', { type: 'bad_request' });
    const host = request.headers.host ?? '';
    // HTTP/1.0, which no browser speaks, has no Host.
    if (host === '') return publicUrl ?? `http://localhost:${request.socket.localPort}`;
    const name = URL.canParse(`http://${host}`) ? new URL(`http://${host}`) : undefined;
    if (name === undefined || name.username !== '' || `${name.pathname}${name.search}${name.hash}` !== '/') {
      throw new Problem(400, 'The Host header cannot be read', { type: 'bad_request' });
    }
    if (!isOwnHost(name.hostname)) {
      const message = `${name.hostname.slice(0, 200)} is not a name of this server; its operator can add names with --allow-host NAME or --public-url URL`;
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
        const message = `Pages of ${origin.slice(0, 200)} may not use this server; its operator can allow them with --allow-origin ${origin.slice(0, 200)}`;
        throw new Problem(403, message, { type: 'forbidden_origin' });
      }
      // No credentials: the page sends the key in a header, and the server uses no cookies.
      response.setHeader('Access-Control-Allow-Origin', origin);
      response.setHeader('Access-Control-Expose-Headers', EXPOSED);
      response.setHeader('Vary', 'Origin');
      return base;
    },
    refuseForeign({ headers }, response) {
      if (headers.origin !== undefined || headers['sec-fetch-site'] !== 'cross-site') return;
      // Without this header a page with an embedder policy sees only a network error and cannot explain what is wrong.
      // Other pages can read the status anyway.
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
      // Chrome asks this too when a public page calls into a private network.
      if (headers['access-control-request-private-network'] === 'true') {
        response.setHeader('Access-Control-Allow-Private-Network', 'true');
      }
      response.setHeader('Access-Control-Max-Age', PREFLIGHT_SECONDS);
      response.writeHead(204).end();
    },
  };
}

/**
 * A name that a stranger's DNS points here (rebinding) is refused: the browser would treat that page and this server as
 * one origin. An IP address is accepted if the server listens on it.
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
    // Clients ask for the queue by such a name; see router.ts.
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
