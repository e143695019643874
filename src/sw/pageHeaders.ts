/**
 * The headers that the page's own files are answered with: by `npm start`, and by the service worker on hosts that can set
 * none. They close the page to what is foreign: scripts and workers are its own files, nothing is made code at run time but
 * WebAssembly, and what it asks for goes to https, to this machine, or where the build says.
 */

/**
 * Cross-origin isolation: with these headers the page has SharedArrayBuffer, hence WASM threads. `require-corp` and not
 * `credentialless`, which Safari lacks: what the page fetches from elsewhere is fetched with CORS, which passes under both.
 */
export const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
} as const;

/** What any file of the page may carry, also those of the development server. */
const harmless = {
  ...isolation,
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  // Of what a page may ask a person for, this one needs the clipboard and the whole screen.
  'Permissions-Policy': [
    'accelerometer',
    'bluetooth',
    'camera',
    'display-capture',
    'geolocation',
    'gyroscope',
    'hid',
    'magnetometer',
    'microphone',
    'midi',
    'payment',
    'publickey-credentials-get',
    'serial',
    'usb',
    'xr-spatial-tracking',
  ]
    .map((feature) => `${feature}=()`)
    .join(', '),
} as const;

/** Models and pictures come from any https address; a hub, a server or a proxy of one's own may listen on this machine. */
const CONNECT = ["'self'", 'blob:', 'data:', 'https:', 'http://localhost:*', 'http://127.0.0.1:*'];

/**
 * The Content-Security-Policy, in the form that a header and a `<meta>` both take.
 *
 * Styles may stand in the page: the dialogs' library writes one while a dialog holds the page still. `wasm-unsafe-eval`
 * allows WebAssembly alone; JavaScript is never made from text (src/contract/closedPage.ts).
 * @param connect further origins that the page may reach, e.g. a mirror of the Hub in the local network
 */
export function contentSecurityPolicy(connect: readonly string[] = []): string {
  const directives: Record<string, readonly string[]> = {
    'default-src': ["'none'"],
    'script-src': ["'self'", "'wasm-unsafe-eval'"],
    'worker-src': ["'self'"],
    'style-src': ["'self'", "'unsafe-inline'"],
    'img-src': ["'self'", 'blob:', 'data:'],
    'font-src': ["'self'"],
    'manifest-src': ["'self'"],
    'connect-src': [...CONNECT, ...connect],
    'base-uri': ["'none'"],
    'form-action': ["'none'"],
    'require-trusted-types-for': ["'script'"],
    // The only policy there is; it lets the page's own workers through.
    'trusted-types': ['default'],
  };
  return Object.entries(directives)
    .map(([name, values]) => [name, ...values].join(' '))
    .join('; ');
}

export type HeaderFields = Readonly<Record<string, string>>;

/** Of the built page. @param connect as {@link contentSecurityPolicy} */
export function pageHeaders(connect: readonly string[] = []): HeaderFields {
  return { ...harmless, 'Content-Security-Policy': contentSecurityPolicy(connect) };
}

/** Of the development server, whose pages are put together from inline scripts. */
export const developmentHeaders: HeaderFields = harmless;

/**
 * Which addresses besides https and this machine a build may reach: the mirror of the Hub that it is built for, and what
 * `VITE_CONNECT` lists.
 * @returns origins
 * @throws Error naming the variable that holds no http(s) address
 */
export function connectFromEnv(env: Readonly<Record<string, string | undefined>>): string[] {
  const named = (variable: string) =>
    (env[variable] ?? '')
      .split(/\s+/)
      .filter((address) => address !== '')
      .map((address) => {
        if (!/^https?:/i.test(address) || !URL.canParse(address)) {
          throw new Error(`${variable}: "${address}" is no http(s) address`);
        }
        return new URL(address).origin;
      });
  return [...new Set([...named('VITE_HUB_URL'), ...named('VITE_CONNECT')])];
}
